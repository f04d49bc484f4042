"""Regularizers: penalties for weights and outputs, as a part of the loss. Names, formulas and defaults are Keras's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fashioncnn.regularizers.orthogonal import OrthogonalRegularizer
from fashioncnn.regularizers.regularizer import Regularizer
from fashioncnn.regularizers.sums import L1, L1L2, L2
from fashioncnn.utils import absent
from fashioncnn.utils.registry import REGULARIZERS

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]

l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer

deserialize = REGULARIZERS.deserialize


def serialize(regularizer: Regularizer | Callable[..., Any] | None) -> dict[str, Any] | None:
    """A JSON-compatible description of a regularizer, in Keras's form; None for None.

    Raises:
        NotImplementedError: If it is a lambda.
    """
    return REGULARIZERS.serialize_optional(regularizer)


def get(identifier: Any) -> Regularizer | Callable[..., Any] | None:
    """The regularizer that a name, a config, a class or an object stands for; None for None.

    A function is returned as is.

    Raises:
        ValueError: If it is none of these, or the name is unknown.

    Example:
        >>> get("l2").get_config()
        {'l2': 0.01}
    """
    return REGULARIZERS.get_optional(identifier)  # type: ignore[no-any-return]


__getattr__ = absent.module_getattr(__name__)
