"""Fashion-MNIST: 60,000 + 10,000 grey images, 28 x 28, of ten kinds of clothes.

MIT licence, copyright 2017 Zalando SE. Source: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset
for benchmarking machine learning algorithms", 2017.
"""

from __future__ import annotations

from pathlib import Path

from fashioncnn.datasets.idx import load_idx
from fashioncnn.datasets.source import File, Part, Source

class_names = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)

SOURCE = Source(
    name="fashion-mnist",
    files=(
        File("train-images-idx3-ubyte", "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
             "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
        File("train-labels-idx1-ubyte", "25c81989df183df01b3e8a0aad5dffbe",
             "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
        File("t10k-images-idx3-ubyte", "bef4ecab320f06d8554ea6380940ec79",
             "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
        File("t10k-labels-idx1-ubyte", "bb300cfdad3c16e7a12a480ee83cd310",
             "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
    ),
    mirrors=(
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    folders=(Path("/usr/share/datasets/fashion-mnist"),),
    alone=True,
    package="dataset-fashion-mnist",
)


def load_data() -> tuple[Part, Part]:
    """Loads Fashion-MNIST, as Keras's function of the same name does.

    Looks in the folder that the environment variable FASHIONCNN_DATA names, in Keras's cache, in this package's cache
    and where Debian's package `dataset-fashion-mnist` puts it; then downloads it into this package's cache (extra
    "data"). The unpacked bytes are verified in every case.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``, uint8.

    Shapes:
        x_train (60000, 28, 28), y_train (60000,), x_test (10000, 28, 28), y_test (10000,)

    Raises:
        DataError: If a file is damaged.
        OSError: If the data set is nowhere to be had; the message says what to do.
    """
    return SOURCE.load()


def find() -> Path | None:
    """The folder from which `load_data` would read; None if it would have to download."""
    return SOURCE.find()


def load_sample() -> tuple[Part, Part]:
    """Loads the small genuine sample that comes with the package: 2,000 training and 500 test images, balanced.

    Shapes:
        x_train (2000, 28, 28), y_train (2000,), x_test (500, 28, 28), y_test (500,)

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_sample()
        >>> x_train.shape, x_test.shape
        ((2000, 28, 28), (500, 28, 28))
    """
    folder = Path(__file__).parent / "sample"
    images, labels, test_images, test_labels = (load_idx(folder / f"{file.name}.gz") for file in SOURCE.files)
    return (images, labels), (test_images, test_labels)
