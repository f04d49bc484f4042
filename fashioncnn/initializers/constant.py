"""Initializers without chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.initializers.initializer import Initializer, empty
from fashioncnn.utils import checks
from fashioncnn.utils.registry import INITIALIZERS
from fashioncnn.utils.settings import Setting


@INITIALIZERS.register()
class Constant(Initializer):
    """All weights are `value`.

    Args:
        value: A number, or an array that broadcasts to the weights' shape.

    Raises:
        ArgumentError: If `value` is not made of numbers.
        ValueError: If one is not finite; when called, if an array does not fit the shape.

    Example:
        >>> Constant(3.0)((2,))
        array([3., 3.], dtype=float32)
    """

    value = Setting(lambda name, value: _numbers(name, value))

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> NDArray[np.float32]:
        values = empty(shape, dtype)
        try:
            values[...] = self.value
        except ValueError:
            raise ValueError(f"Constant: an array of shape {np.shape(self.value)} does not fit weights of shape "
                             f"{values.shape}") from None
        return values

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value.tolist() if isinstance(self.value, np.ndarray) else self.value}


@INITIALIZERS.register("zero")
class Zeros(Initializer):
    """All weights are 0."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> NDArray[np.float32]:
        return Constant(0.0)(shape, dtype)


@INITIALIZERS.register("one")
class Ones(Initializer):
    """All weights are 1."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> NDArray[np.float32]:
        return Constant(1.0)(shape, dtype)


@INITIALIZERS.register("IdentityInitializer")
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

    gain = Setting(checks.number)

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> NDArray[np.float32]:
        if len(shape) != 2:
            raise ValueError(f"Identity fills matrices only, got shape {tuple(shape)}")
        values = empty(shape, dtype)
        values[...] = self.gain * np.eye(shape[0], shape[1])
        return values

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}


def _numbers(name: str, value: Any) -> float | NDArray[np.float32]:
    if np.ndim(value) == 0:
        return checks.number(name, value)
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise checks.ArgumentError(f"`{name}` must be a number or an array of numbers, got {value!r}")
    if not np.isfinite(array).all():
        raise ValueError(f"`{name}` must be finite, got {value!r}")
    return array.astype(np.float32)
