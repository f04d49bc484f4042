"""MNIST: 60,000 + 10,000 grey images, 28 x 28, of handwritten digits.

Source: Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits, 1998.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

from fashioncnn._core import DataError
from fashioncnn.datasets.source import File, Part, Source
from fashioncnn.saving.npz import open_npz
from fashioncnn.utils.downloads import keras_home

LARGEST = 60_000 * 28 * 28  # elements of an array

SOURCE = Source(
    name="mnist",
    files=(
        File("train-images-idx3-ubyte", "f68b3c2dcbeaaa9fbdd348bbdeb94873",
             "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
        File("train-labels-idx1-ubyte", "d53e105ee54ea40749a09fcbcd1e9432",
             "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        File("t10k-images-idx3-ubyte", "9fb629c4189551a2d022fa330f9573f3",
             "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
        File("t10k-labels-idx1-ubyte", "ec29112dd5afa0611ce80d1b7f02629c",
             "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    ),
    mirrors=(
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ),
    folders=(Path("/usr/share/datasets/mnist"),),
)


def load_data() -> tuple[Part, Part]:
    """Loads MNIST, as Keras's function of the same name does.

    Looks for the four IDX files in the folder `mnist` of FASHIONCNN_DATA, in Keras's cache (there also for its
    mnist.npz) and in this package's cache; then downloads them into the latter (extra "data"). The unpacked bytes are
    verified in every case.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``, uint8.

    Shapes:
        x_train (60000, 28, 28), y_train (60000,), x_test (10000, 28, 28), y_test (10000,)

    Raises:
        DataError: If a file is damaged.
        OSError: If the data set is nowhere to be had; the message says what to do.
    """
    archive = keras_home() / "datasets" / "mnist.npz"
    if SOURCE.find() is None and os.path.isfile(archive):
        return _read_archive(archive)
    return SOURCE.load()


def _read_archive(path: Path) -> tuple[Part, Part]:
    """Keras's own file: four arrays in an .npz."""

    def accept(shape: tuple[int, ...], dtype: str) -> None:
        if dtype != "uint8" or math.prod(shape) > LARGEST:
            raise DataError(f"{path}: is not Keras's mnist.npz: it holds {dtype} {shape}")

    with open_npz(os.fspath(path)) as file:
        arrays = [file.read(name, accept) for name in ("x_train", "y_train", "x_test", "y_test")]
    images, labels, test_images, test_labels = (
        SOURCE.verified(array, file, path) for array, file in zip(arrays, SOURCE.files, strict=True)
    )
    return (images, labels), (test_images, test_labels)
