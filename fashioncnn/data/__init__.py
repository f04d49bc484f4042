"""Data sets that are made when they are asked for, with the names of `tf.data`.

Example:
    >>> import numpy as np
    >>> import fashioncnn as tf
    >>> images, labels = np.zeros((100, 28, 28, 1)), np.arange(100) % 10
    >>> data = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(100).batch(32).prefetch(tf.data.AUTOTUNE)
    >>> model = tf.keras.Sequential([tf.keras.layers.Flatten(), tf.keras.layers.Dense(10)])
    >>> model.compile("adam", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    >>> len(model.fit(data, epochs=2, verbose=0).history["loss"])
    2
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from fashioncnn import _lazily
from fashioncnn.utils import absent

with _lazily.imports(__name__):
    from fashioncnn.data.dataset import AUTOTUNE, Dataset
    from fashioncnn.data.elements import TensorSpec
    from fashioncnn.data.steps import INFINITE as INFINITE_CARDINALITY
    from fashioncnn.data.steps import UNKNOWN as UNKNOWN_CARDINALITY

__all__ = ["AUTOTUNE", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "Dataset", "Options", "TensorSpec",
           "assert_cardinality", "cardinality", "experimental"]

experimental = sys.modules[__name__]


class Options:
    """Options of a data set: they can be set, and are without effect."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self.__dict__[name] = Options()
        return self.__dict__[name]


def cardinality(dataset: Dataset) -> Any:
    """How many elements there are: an older name of `Dataset.cardinality`."""
    return dataset.cardinality()


def assert_cardinality(expected_cardinality: Any) -> Callable[[Dataset], Dataset]:
    """For `Dataset.apply`: tells how many elements there are, where only whoever makes them knows.

    Args:
        expected_cardinality: How many.

    Returns:
        A function of a data set. In a pass over what it returns, ValueError is raised if there are fewer or more.

    Example:
        >>> from fashioncnn.data import Dataset
        >>> made = Dataset.from_generator(lambda: iter([3, 4])).apply(assert_cardinality(2))
        >>> len(made)
        2
    """
    return lambda dataset: dataset._counted(int(expected_cardinality))


__getattr__ = absent.tensorflow_getattr(__name__, "data")
__dir__ = absent.module_dir(__name__)
