"""CIFAR-10: 50,000 + 10,000 colour images, 32 x 32, of ten kinds of animals and vehicles.

Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fashioncnn.datasets.cifar import MIRRORS, BatchFile, Cifar, Images, Labels, Version

class_names = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

SOURCE = Cifar(
    name="cifar-10",
    mirrors=MIRRORS,
    folders=(Path("/usr/share/datasets/cifar-10"),),
    alone=True,
    versions=(
        Version(
            archive="cifar-10-python.tar.gz",
            sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
            folder="cifar-10-batches-py",
            files=(
                BatchFile("data_batch_1", 10_000, "c99cafc152244af753f735de768cd75f"),
                BatchFile("data_batch_2", 10_000, "d4bba439e000b95fd0a9bffe97cbabec"),
                BatchFile("data_batch_3", 10_000, "54ebc095f3ab1f0389bbae665268c751"),
                BatchFile("data_batch_4", 10_000, "634d18415352ddfa80567beed471001a"),
                BatchFile("data_batch_5", 10_000, "482c414d41f54cd18b22e5b47cb7c3cb"),
                BatchFile("test_batch", 10_000, "40351d587109b95175f43aff81a1287e"),
            ),
            pickled=True,
        ),
        Version(
            archive="cifar-10-binary.tar.gz",
            sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            folder="cifar-10-batches-bin",
            files=(
                *(BatchFile(f"data_batch_{number}.bin", 10_000) for number in range(1, 6)),
                BatchFile("test_batch.bin", 10_000),
            ),
            pickled=False,
            label_bytes=1,
        ),
    ),
)
LABELS = Labels("labels", place=0, classes=len(class_names))


def load_data() -> tuple[Images, Images]:
    """Loads CIFAR-10, as Keras's function of the same name does.

    Looks for the archives cifar-10-python.tar.gz and cifar-10-binary.tar.gz, and for the folders that they unpack to:
    in the folder that the environment variable FASHIONCNN_DATA names and in `cifar-10` there, in Keras's cache and in
    this package's cache. Then it downloads the first of them into the latter (extra "data"). An archive is verified by
    its SHA-256, an unpacked pickle by its MD5, an unpacked binary file by its size and labels. No pickle is executed.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``, uint8.

    Shapes:
        x_train (50000, 32, 32, 3), y_train (50000, 1), x_test (10000, 32, 32, 3), y_test (10000, 1)

    Raises:
        DataError: If a file is damaged.
        OSError: If the data set is nowhere to be had; the message says what to do.
    """
    return SOURCE.load(LABELS, np.uint8)


def find() -> Path | None:
    """The folder from which `load_data` would read; None if it would have to download."""
    return SOURCE.find()
