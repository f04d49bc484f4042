"""Kuzushiji-MNIST: 60,000 + 10,000 grey images, 28 x 28, of ten cursive Japanese characters.

CC BY-SA 4.0. Source: T. Clanuwat, M. Bober-Irizar, A. Kitamoto, A. Lamb, K. Yamamoto, D. Ha, "Deep Learning for
Classical Japanese Literature", 2018. Keras does not have it.
"""

from __future__ import annotations

from pathlib import Path

from fashioncnn.datasets.source import File, Part, Source

class_names = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")

SOURCE = Source(
    name="kmnist",
    files=(
        File("train-images-idx3-ubyte", "bdb82020997e1d708af4cf47b453dcf7", None, (60000, 28, 28)),
        File("train-labels-idx1-ubyte", "e144d726b3acfaa3e44228e80efcd344", None, (60000,)),
        File("t10k-images-idx3-ubyte", "5c965bf0a639b31b8f53240b1b52f4d7", None, (10000, 28, 28)),
        File("t10k-labels-idx1-ubyte", "7320c461ea6c1c855c0b718fb2a4b134", None, (10000,)),
    ),
    mirrors=(
        "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
    ),
    folders=(Path("/usr/share/datasets/kmnist"),),
)


def load_data() -> tuple[Part, Part]:
    """Loads Kuzushiji-MNIST, as `mnist.load_data` does MNIST.

    Looks for the four IDX files in the folder `kmnist` of FASHIONCNN_DATA, in Keras's cache and in this package's
    cache; then downloads them into the latter (extra "data"). A .gz is verified by the known MD5, an unpacked file by
    its shape.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``, uint8.

    Shapes:
        x_train (60000, 28, 28), y_train (60000,), x_test (10000, 28, 28), y_test (10000,)

    Raises:
        DataError: If a file is damaged.
        OSError: If the data set is nowhere to be had; the message says what to do.
    """
    return SOURCE.load()
