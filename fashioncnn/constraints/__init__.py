"""Constraints: what weights are brought back to after each update. Names, formulas and defaults are Keras's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fashioncnn.constraints.constraint import Constraint, NonNeg
from fashioncnn.constraints.norms import MaxNorm, MinMaxNorm, UnitNorm
from fashioncnn.utils import absent
from fashioncnn.utils.registry import CONSTRAINTS

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]

max_norm = MaxNorm
min_max_norm = MinMaxNorm
non_neg = NonNeg
unit_norm = UnitNorm

deserialize = CONSTRAINTS.deserialize


def serialize(constraint: Constraint | Callable[..., Any] | None) -> dict[str, Any] | None:
    """A JSON-compatible description of a constraint, in Keras's form; None for None.

    Raises:
        NotImplementedError: If it is a lambda.
    """
    return CONSTRAINTS.serialize_optional(constraint)


def get(identifier: Any) -> Constraint | Callable[..., Any] | None:
    """The constraint that a name, a config, a class or an object stands for; None for None.

    A function is returned as is.

    Raises:
        ValueError: If it is none of these, or the name is unknown.

    Example:
        >>> get("max_norm").get_config()
        {'max_value': 2, 'axis': 0}
    """
    return CONSTRAINTS.get_optional(identifier)  # type: ignore[no-any-return]


__getattr__ = absent.module_getattr(__name__)
