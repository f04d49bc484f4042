"""Axes as arguments of layers: counted with the batch axis, as Keras counts them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fashioncnn.utils import checks


def axis_or_axes(name: str, value: Any) -> int | list[int]:
    """An integer, or a list of integers.

    Raises:
        ArgumentError: If `value` is neither an integer nor a list or a tuple of integers.
    """
    if isinstance(value, (list, tuple)):
        return [integer(name, axis) for axis in value]
    if not hasattr(value, "__index__"):
        raise checks.ArgumentError(f"`{name}` must be an integer, or a list or a tuple of integers, got {value!r}")
    return integer(name, value)


def integer(name: str, value: Any) -> int:
    """An integer, which counts from the end where it is negative.

    Raises:
        ArgumentError: If `value` is not one.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise checks.ArgumentError(f"`{name}` must be an integer, got {value!r}")
    return int(value)


def along(owner: str, value: int | Sequence[int], shape: Sequence[int], name: str = "axis") -> tuple[int, ...]:
    """1 for each axis of an input of `shape`, without the batch axis, that is chosen, and 0 for the others.

    Args:
        owner: Who asks, for the message.
        value: The axes, counted with the batch axis.
        shape: Of the input.
        name: The argument's name.

    Raises:
        ValueError: If the input does not have one of the axes, or one is the batch axis.

    Example:
        >>> along("Softmax", [1, -1], (28, 28, 3))
        (1, 0, 1)
    """
    chosen = checks.axes(name, value, len(shape) + 1)
    if 0 in chosen:
        raise checks.unsupported(owner, name, value, "axes of one image: the batch axis is not one of them")
    return tuple(int(axis in chosen) for axis in range(1, len(shape) + 1))
