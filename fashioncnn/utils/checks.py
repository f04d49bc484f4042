"""Checks of single arguments: each returns the value in its plain Python type or raises naming the argument."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np


class ArgumentError(TypeError, ValueError):
    """An argument of a type that cannot be used: TypeError, as Python has it, and ValueError, as Keras has it."""


def number(name: str, value: Any, *, at_least: float | None = None, above: float | None = None,
           at_most: float | None = None, below: float | None = None) -> float:
    """A finite number within the given bounds, as a float.

    Args:
        name: The argument's name, for the message.
        value: What the caller passed.
        at_least: Inclusive lower bound.
        above: Exclusive lower bound.
        at_most: Inclusive upper bound.
        below: Exclusive upper bound.

    Raises:
        ArgumentError: If `value` is not a real number (a bool is not one).
        ValueError: If it is not finite or out of bounds.

    Example:
        >>> number("momentum", 0.9, at_least=0, at_most=1)
        0.9
        >>> number("momentum", 2, at_least=0, at_most=1)
        Traceback (most recent call last):
            ...
        ValueError: `momentum` must be >= 0 and <= 1, got 2
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise ArgumentError(f"`{name}` must be a number, got {value!r} of type {type(value).__name__}")
    bounds = [(">=", at_least, operator.ge), (">", above, operator.gt), ("<=", at_most, operator.le),
              ("<", below, operator.lt)]
    given = [(sign, bound, holds) for sign, bound, holds in bounds if bound is not None]
    if not math.isfinite(value) or not all(holds(value, bound) for _, bound, holds in given):
        wanted = [f"{sign} {bound:g}" for sign, bound, _ in given]
        if not math.isfinite(value):
            wanted.insert(0, "finite")
        raise ValueError(f"`{name}` must be {' and '.join(wanted)}, got {value}")
    return float(value)


def part(name: str, value: Any) -> float:
    """A number from 0 to 1; the same errors as `number`."""
    return number(name, value, at_least=0, at_most=1)


def optional_number(name: str, value: Any, **bounds: float) -> float | None:
    """None, or what `number` returns."""
    return None if value is None else number(name, value, **bounds)


def integer(name: str, value: Any, *, at_least: int) -> int:
    """An integer of at least `at_least`, as an int.

    Raises:
        ArgumentError: If `value` is not an integer (a bool is not one).
        ValueError: If it is too small.

    Example:
        >>> integer("k", 5, at_least=1)
        5
    """
    if isinstance(value, (bool, np.bool_)) or not hasattr(value, "__index__"):
        raise ArgumentError(f"`{name}` must be an integer, got {value!r} of type {type(value).__name__}")
    result = operator.index(value)
    if result < at_least:
        raise ValueError(f"`{name}` must be an integer >= {at_least}, got {result}")
    return result


def axes(name: str, value: Any, rank: int) -> tuple[int, ...]:
    """One axis, or several in a list or a tuple, of an array of `rank` axes: counted from 0, in order.

    Raises:
        ArgumentError: If they are not integers.
        ValueError: If the array does not have one of them, or one is named twice.

    Example:
        >>> axes("axis", -1, 3), axes("axis", [-1, 1], 4)
        ((2,), (1, 3))
    """
    given = [integer(name, axis, at_least=-rank) for axis in (value if isinstance(value, (list, tuple)) else [value])]
    found = sorted(axis % rank for axis in given if axis < rank)
    if not found or len(set(found)) < len(given):
        raise ValueError(f"`{name}` must hold different axes of an array with {rank}, got {value!r}")
    return tuple(found)


def truth(name: str, value: Any) -> bool:
    """True or False, also as NumPy's and as 1 or 0.

    Raises:
        ArgumentError: If `value` is something else, such as None or a text.

    Example:
        >>> truth("use_bias", np.True_), truth("use_bias", 0)
        (True, False)
    """
    if not isinstance(value, (bool, np.bool_, int)) or value not in (0, 1):
        raise ArgumentError(f"`{name}` must be True or False, got {value!r}")
    return bool(value)


def flag(name: str, value: Any) -> bool:
    """True or False, also as NumPy's; the same errors as `truth`, and for 1 and 0 as well."""
    if not isinstance(value, (bool, np.bool_)):
        raise ArgumentError(f"`{name}` must be True or False, got {value!r}")
    return bool(value)


def one_of(owner: str, name: str, value: Any, options: Sequence[Any]) -> Any:
    """The one of the options that `value` is or equals.

    Raises:
        ValueError: If it is none of them: "...is not supported by fashioncnn; supported: ...".
    """
    for option in options:
        if value is option or (isinstance(value, type(option)) and value == option):
            return option
    raise unsupported(owner, name, value, ", ".join(map(repr, options)))


def unsupported(owner: str, name: str, value: Any, supported: str) -> ValueError:
    """The error for an option of Keras that this package does not have.

    Example:
        >>> str(unsupported("compile()", "steps_per_execution", 2, "1"))
        'compile(): steps_per_execution=2 is not supported by fashioncnn; supported: 1'
    """
    return ValueError(f"{owner}: {name}={value!r} is not supported by fashioncnn; supported: {supported}")


def float32(owner: str, dtype: Any) -> str:
    """"float32", the one type that everything is computed in.

    Args:
        owner: Who asks, for the message.
        dtype: None, "float32", an object with that `name`, or Keras's config of one.

    Raises:
        ValueError: If `dtype` is something else.
    """
    name = dtype
    if isinstance(dtype, dict):
        name = dtype.get("config", {}).get("name")
    if name is not None and str(getattr(name, "name", getattr(name, "__name__", name))) != "float32":
        raise unsupported(owner, "dtype", dtype, "'float32'")
    return "float32"


def warn_of_one_unit(units: int) -> None:
    """Warns where a softmax has nothing to choose from."""
    if units == 1:
        warnings.warn("a softmax over an axis of length 1 is always 1; did you mean a sigmoid?", stacklevel=2)
