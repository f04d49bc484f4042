"""Constraints on the norms of weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fashioncnn.config import epsilon
from fashioncnn.constraints.constraint import Constraint
from fashioncnn.utils import checks
from fashioncnn.utils.registry import CONSTRAINTS
from fashioncnn.utils.settings import Setting

MOST_AXES = 32  # of an array
Axis = int | Sequence[int] | None


def _axis(name: str, value: Any) -> Axis:
    """None, an integer or several, as they came."""
    for axis in value if isinstance(value, (list, tuple)) else [] if value is None else [value]:
        checks.integer(name, axis, at_least=-MOST_AXES)
    return value  # type: ignore[no-any-return]


def _with_more_axes(flags: Sequence[bool], shape: tuple[int, ...], longer: tuple[int, ...]) -> tuple[bool, ...]:
    """The flags of a shape's axes for a shape that has some more, of extent 1, whose flags do not matter."""
    left = list(zip(shape, flags, strict=True))
    return tuple(left.pop(0)[1] if left and left[0][0] == extent else False for extent in longer)


class _Norms(Constraint):
    """Multiplies weights so that their norms, over `axis`, come between the bounds that `_bounds` returns."""

    axis = Setting(_axis)

    def _bounds(self) -> tuple[float, float, float]:
        """The least and the largest norm, and the rate of `MinMaxNorm`."""
        raise NotImplementedError

    def _summed(self, shape: tuple[int, ...]) -> tuple[bool, ...]:
        """Which axes of weights of this shape a norm is a sum over."""
        rank = len(shape)
        axes = range(rank) if self.axis is None else [self.axis] if isinstance(self.axis, int) else self.axis
        found = {axis + rank if axis < 0 else axis for axis in axes}
        if not found <= set(range(rank)):
            raise ValueError(f"{type(self).__name__}: axis={self.axis!r} does not fit weights of shape {shape}")
        return tuple(axis in found for axis in range(rank))

    def _constrained(self, w: Any) -> Any:
        least, most, rate = self._bounds()
        axes = tuple(np.flatnonzero(self._summed(w.shape)))
        norms = np.sqrt(np.square(w, dtype=np.float64).sum(axis=axes, keepdims=True))
        wanted = rate * np.minimum(np.maximum(norms, least), most) + (1 - rate) * norms
        return w * (wanted / (epsilon() + norms))

    def _core_config(self, shape: tuple[int, ...], core_shape: tuple[int, ...]) -> dict[str, Any] | None:
        least, most, rate = self._bounds()
        summed = _with_more_axes(self._summed(shape), shape, core_shape)
        return {"type": "norm", "min_value": least, "max_value": most, "rate": rate, "summed": summed}


@CONSTRAINTS.register()
class MaxNorm(_Norms):
    """Norms are at most `max_value`: weights whose norm is larger are scaled down.

    Args:
        max_value: The largest norm.
        axis: The axes that a norm is a sum over: 0 for each column of a Dense kernel, [0, 1, 2] for each filter of a
            Conv2D kernel; None: all.

    Raises:
        ArgumentError: If `max_value` is not a number, or `axis` not made of integers.
        ValueError: When a layer is built, or it is called, with weights that have no such axis.

    Example:
        >>> MaxNorm(2)([[3.0], [4.0]]).round(3)
        array([[1.2],
               [1.6]], dtype=float32)
    """

    max_value = Setting(lambda name, value: _as_it_came(name, value))

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def _bounds(self) -> tuple[float, float, float]:
        return 0.0, self.max_value, 1.0

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": self.axis}


@CONSTRAINTS.register()
class UnitNorm(_Norms):
    """Norms become 1.

    Args:
        axis: See `MaxNorm`.

    Raises:
        ArgumentError: If `axis` is not made of integers.
        ValueError: When a layer is built, or it is called, with weights that have no such axis.

    Example:
        >>> UnitNorm()([[3.0], [4.0]]).round(3)
        array([[0.6],
               [0.8]], dtype=float32)
    """

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    def _bounds(self) -> tuple[float, float, float]:
        return 1.0, 1.0, 1.0

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}


@CONSTRAINTS.register()
class MinMaxNorm(_Norms):
    """Norms are brought between `min_value` and `max_value`, or at each update a part of the way.

    With ``near = clip(norm, min_value, max_value)``, a norm becomes ``rate * near + (1 - rate) * norm``.

    Args:
        min_value: The least norm.
        max_value: The largest norm.
        rate: Which part of the way: from 0 to 1.
        axis: See `MaxNorm`.

    Raises:
        ArgumentError: If an argument is not a number, or `axis` not made of integers.
        ValueError: If `rate` is out of range; when a layer is built, or it is called, with weights that have no such
            axis.

    Example:
        >>> MinMaxNorm(min_value=1.0, max_value=2.0, rate=0.5)([[3.0], [4.0]]).round(3)
        array([[2.1],
               [2.8]], dtype=float32)
    """

    min_value = Setting(lambda name, value: _as_it_came(name, value))
    max_value = Setting(lambda name, value: _as_it_came(name, value))
    rate = Setting(lambda name, value: _as_it_came(name, value, at_least=0, at_most=1))

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def _bounds(self) -> tuple[float, float, float]:
        return self.min_value, self.max_value, self.rate

    def get_config(self) -> dict[str, Any]:
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


def _as_it_came(name: str, value: Any, **bounds: float) -> Any:
    """The number itself, an integer as an integer, as configs have it."""
    number = checks.number(name, value, **bounds)
    return int(value) if number.is_integer() and hasattr(value, "__index__") else number
