"""Checks of arguments that several layers share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fashioncnn.utils import checks
from fashioncnn.utils.settings import Choice, Setting

Shape = tuple[int, ...]
PADDINGS = ("valid", "same")


def pair(name: str, value: Any) -> tuple[int, int]:
    """A positive integer, or two: (height, width).

    Raises:
        ArgumentError: If `value` is neither an integer nor a pair of integers.
        ValueError: If one is not positive.

    Example:
        >>> pair("kernel_size", 3), pair("kernel_size", [5, 1])
        ((3, 3), (5, 1))
    """
    if not isinstance(value, (tuple, list)):
        value = (value, value)
    if len(value) != 2:
        raise ValueError(f"`{name}` must be an integer or two, got {value!r}")
    height, width = (checks.integer(name, extent, at_least=1) for extent in value)
    return height, width


def positive(name: str, value: Any) -> int:
    """A positive integer."""
    return checks.integer(name, value, at_least=1)


def not_negative(name: str, value: Any) -> float:
    """A number of at least 0."""
    return checks.number(name, value, at_least=0)


class Padding(Choice):
    """ "valid" or "same", in any letter case."""

    def __init__(self) -> None:
        super().__init__(*PADDINGS)

    def checked(self, instance: Any, value: Any) -> Any:
        return super().checked(instance, value.lower() if isinstance(value, str) else value)


def data_format() -> Setting:
    """The setting of that name: images have their channels last."""
    return Choice("channels_last", none="channels_last")


def extents(argument: str, shape: Any) -> tuple[int | None, ...]:
    """`shape` as a tuple of positive integers, and None for what is not known.

    Raises:
        ArgumentError: If it is not a sequence of integers.
        ValueError: If an extent is not positive.
    """
    if isinstance(shape, (str, bytes)) or not isinstance(shape, Sequence):
        raise checks.ArgumentError(f"`{argument}` must be a tuple of integers, got {shape!r}")
    return tuple(None if extent is None else positive(argument, extent) for extent in shape)


def known_shape(argument: str, shape: Any) -> Shape:
    """`shape` as a tuple of positive integers. Errors as for `extents`, and ValueError for an extent of None."""
    checked = extents(argument, shape)
    if None in checked:
        raise ValueError(f"`{argument}` {checked} has an unknown extent; it must be known here")
    return tuple(extent for extent in checked if extent is not None)
