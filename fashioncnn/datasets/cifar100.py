"""CIFAR-100: 50,000 + 10,000 colour images, 32 x 32, of a hundred kinds of things in twenty groups.

Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fashioncnn.datasets.cifar import MIRRORS, BatchFile, Cifar, Images, Labels, Version
from fashioncnn.utils import checks

SOURCE = Cifar(
    name="cifar-100",
    mirrors=MIRRORS,
    folders=(Path("/usr/share/datasets/cifar-100"),),
    alone=True,
    versions=(
        Version(
            archive="cifar-100-python.tar.gz",
            sha256="85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
            folder="cifar-100-python",
            files=(
                BatchFile("train", 50_000, "16019d7e3df5f24257cddd939b257f8d"),
                BatchFile("test", 10_000, "f0ef6b0ae62326f3e7ffdfab6717acfc"),
            ),
            pickled=True,
        ),
        Version(
            archive="cifar-100-binary.tar.gz",
            sha256="58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
            folder="cifar-100-binary",
            files=(BatchFile("train.bin", 50_000), BatchFile("test.bin", 10_000)),
            pickled=False,
            label_bytes=2,
        ),
    ),
)
LABELS = {
    "fine": Labels("fine_labels", place=1, classes=100),
    "coarse": Labels("coarse_labels", place=0, classes=20),
}


def load_data(label_mode: str = "fine") -> tuple[Images, Images]:
    """Loads CIFAR-100, as Keras's function of the same name does.

    It is looked for, verified and downloaded as `cifar10.load_data` does CIFAR-10: archives cifar-100-python.tar.gz and
    cifar-100-binary.tar.gz, folder `cifar-100`.

    Args:
        label_mode: "fine" for a hundred classes, "coarse" for twenty.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``; images are uint8, labels int64.

    Shapes:
        x_train (50000, 32, 32, 3), y_train (50000, 1), x_test (10000, 32, 32, 3), y_test (10000, 1)

    Raises:
        ValueError: If `label_mode` is something else.
        DataError: If a file is damaged.
        OSError: If the data set is nowhere to be had; the message says what to do.
    """
    return SOURCE.load(LABELS[checks.one_of("cifar100.load_data()", "label_mode", label_mode, list(LABELS))], np.int64)


def find() -> Path | None:
    """The folder from which `load_data` would read; None if it would have to download."""
    return SOURCE.find()
