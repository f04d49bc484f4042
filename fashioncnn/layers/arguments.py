"""Arguments that several layers share."""

from __future__ import annotations

from typing import Any

from fashioncnn.utils import checks

PADDINGS = ("valid", "same")


def pair(name: str, value: Any) -> tuple[int, int]:
    """A positive integer, or two: (height, width).

    Raises:
        TypeError: If `value` is neither an integer nor a pair of integers.
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


def padding(owner: str, value: Any) -> str:
    """ "valid" or "same", in any letter case."""
    if not isinstance(value, str) or value.lower() not in PADDINGS:
        raise checks.unsupported(owner, "padding", value, ", ".join(map(repr, PADDINGS)))
    return value.lower()
