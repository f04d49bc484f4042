"""Random arrays, with Keras's names and defaults, and TensorFlow's name for the global seed.

Without a seed the numbers follow from `utils.set_random_seed`; with one each call gives the same. They are not the
numbers that Keras gives.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fashioncnn.backend.conversion import array, wrapped
from fashioncnn.utils import absent, checks
from fashioncnn.utils.seeds import key_of, set_random_seed
from fashioncnn.utils.tensor import Tensor

__all__ = ["normal", "randint", "set_seed", "shuffle", "truncated_normal", "uniform"]


def set_seed(seed: int) -> None:
    """Does what `utils.set_random_seed` does, which also sets Python's and NumPy's seeds."""
    set_random_seed(seed)


def drawn(seed: int | None) -> np.random.Generator:
    """NumPy's generator for one call."""
    return np.random.Generator(np.random.PCG64([*key_of(seed)]))


def _shape(shape: Any) -> tuple[int, ...]:
    return tuple(int(extent) for extent in np.atleast_1d(np.asarray(shape, np.int64)))


def normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | None = None,
           name: str | None = None) -> Tensor:
    """Numbers of a normal distribution.

    Example:
        >>> normal((2, 3), seed=1).shape
        (2, 3)
    """
    return wrapped(drawn(seed).normal(mean, stddev, _shape(shape)).astype(dtype or np.float32))


def truncated_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | None = None,
                     name: str | None = None) -> Tensor:
    """Numbers of a normal distribution; what is farther than two deviations from the mean is drawn again."""
    chance = drawn(seed)
    numbers = chance.standard_normal(_shape(shape))
    while (far := abs(numbers) > 2).any():
        numbers[far] = chance.standard_normal(int(far.sum()))
    return wrapped((numbers * stddev + mean).astype(dtype or np.float32))


def uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: int | None = None,
            name: str | None = None) -> Tensor:
    """Numbers from `minval` on, below `maxval`; whole ones of an integer type."""
    kind = np.dtype(dtype or np.float32)
    if kind.kind in "iu":
        return randint(shape, minval, maxval, kind, seed)
    low, high = float(minval), float(1.0 if maxval is None else maxval)
    return wrapped((low + (high - low) * drawn(seed).random(_shape(shape), np.float32)).astype(kind))


def randint(shape: Any, minval: Any, maxval: Any, dtype: Any = "int32", seed: int | None = None) -> Tensor:
    """Whole numbers from `minval` on, below `maxval`.

    Raises:
        ValueError: If there is none between them.
    """
    low, high = int(minval), int(maxval)
    if high <= low:
        raise ValueError(f"`maxval` must be above minval={low}, got {high}")
    return wrapped(drawn(seed).integers(low, high, _shape(shape)).astype(dtype))


def shuffle(x: Any, axis: int = 0, seed: int | None = None, name: str | None = None) -> Tensor:
    """The slices along an axis in random order."""
    numbers = array(x)
    checks.axes("axis", axis, numbers.ndim)
    return wrapped(drawn(seed).permutation(numbers, axis))


__getattr__ = absent.module_getattr(__name__)
