"""Fashion-MNIST for the commands, which make do with the small sample where the library would raise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashioncnn.datasets import fashion_mnist
from fashioncnn.datasets.source import Part
from fashioncnn.utils import output


class Data(NamedTuple):
    """Images (N, 28, 28) and labels (N,) to train on and to test with."""

    name: str
    train: Part
    test: Part


def load(sample: bool) -> Data:
    """The whole data set; or the sample, if asked for or if nothing else can be had, which is said on stderr."""
    if not sample:
        try:
            return Data("fashion_mnist", *fashion_mnist.load_data())
        except OSError as error:
            output.complain(f"fashioncnn: {error}")
    train, test = fashion_mnist.load_sample()
    output.complain(f"WARNING: NOT THE REAL DATA SET: using the built-in sample of {len(train[0])} training and "
                    f"{len(test[0])} test images. Expect a lower accuracy.")
    return Data("sample", train, test)


def scaled(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Images as the networks take them.

    Shapes:
        (N, 28, 28) from 0 to 255 -> (N, 28, 28, 1) from 0 to 1
    """
    result: NDArray[np.float32] = np.divide(images[..., np.newaxis], 255, dtype=np.float32)
    return result
