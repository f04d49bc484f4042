"""Initializers without chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.initializers.initializer import Initializer, empty
from fashioncnn.utils import checks


class Constant(Initializer):
    """All weights are `value`.

    Args:
        value: A number.

    Raises:
        TypeError: If `value` is not a number.

    Example:
        >>> Constant(3.0)((2,))
        array([3., 3.], dtype=float32)
    """

    def __init__(self, value: float = 0.0) -> None:
        self.value = checks.number("value", value)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> NDArray[np.float32]:
        values = empty(shape, dtype)
        values[...] = self.value
        return values

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value}


class Zeros(Initializer):
    """All weights are 0."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> NDArray[np.float32]:
        return Constant(0.0)(shape, dtype)


class Ones(Initializer):
    """All weights are 1."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> NDArray[np.float32]:
        return Constant(1.0)(shape, dtype)


class Identity(Initializer):
    """A matrix with `gain` on the diagonal and 0 elsewhere.

    Args:
        gain: A number.

    Raises:
        ValueError: When called with a shape of other than two axes.

    Example:
        >>> Identity()((2, 3))
        array([[1., 0., 0.],
               [0., 1., 0.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = checks.number("gain", gain)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> NDArray[np.float32]:
        if len(shape) != 2:
            raise ValueError(f"Identity fills matrices only, got shape {tuple(shape)}")
        values = empty(shape, dtype)
        values[...] = self.gain * np.eye(shape[0], shape[1])
        return values

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}
