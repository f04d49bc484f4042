"""Checks of single arguments: each returns the value in its plain Python type or raises naming the argument."""

from __future__ import annotations

import math
import operator
from numbers import Real
from typing import Any


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
        TypeError: If `value` is not a real number (a bool is not one).
        ValueError: If it is not finite or out of bounds.

    Example:
        >>> number("momentum", 0.9, at_least=0, at_most=1)
        0.9
        >>> number("momentum", 2, at_least=0, at_most=1)
        Traceback (most recent call last):
            ...
        ValueError: `momentum` must be >= 0 and <= 1, got 2
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"`{name}` must be a number, got {value!r} of type {type(value).__name__}")
    bounds = [(">=", at_least, operator.ge), (">", above, operator.gt), ("<=", at_most, operator.le),
              ("<", below, operator.lt)]
    given = [(sign, bound, holds) for sign, bound, holds in bounds if bound is not None]
    if not math.isfinite(value) or not all(holds(value, bound) for _, bound, holds in given):
        wanted = " and ".join(f"{sign} {bound:g}" for sign, bound, _ in given) or "finite"
        raise ValueError(f"`{name}` must be {wanted}, got {value}")
    return float(value)


def optional_number(name: str, value: Any, **bounds: float) -> float | None:
    """None, or what `number` returns."""
    return None if value is None else number(name, value, **bounds)


def integer(name: str, value: Any, *, at_least: int) -> int:
    """An integer of at least `at_least`, as an int.

    Raises:
        TypeError: If `value` is not an integer (a bool is not one).
        ValueError: If it is too small.

    Example:
        >>> integer("k", 5, at_least=1)
        5
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"`{name}` must be an integer, got {value!r} of type {type(value).__name__}")
    result = operator.index(value)
    if result < at_least:
        raise ValueError(f"`{name}` must be an integer >= {at_least}, got {result}")
    return result


def unsupported(owner: str, name: str, value: Any, supported: str) -> ValueError:
    """The error for an option of Keras that this package does not have.

    Example:
        >>> str(unsupported("Adam", "use_ema", True, "False"))
        'Adam: use_ema=True is not supported by fashioncnn; supported: False'
    """
    return ValueError(f"{owner}: {name}={value!r} is not supported by fashioncnn; supported: {supported}")


def float32(owner: str, dtype: Any) -> str:
    """"float32", the one type that everything is computed in.

    Raises:
        ValueError: If `dtype` is neither None nor "float32".
    """
    if dtype not in (None, "float32"):
        raise unsupported(owner, "dtype", dtype, "None and 'float32'")
    return "float32"
