"""Initializers: how the first values of a layer's weights are chosen. Names, formulas and defaults are Keras's."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.initializers.constant import Constant, Identity, Ones, Zeros
from fashioncnn.initializers.initializer import Initializer, RandomInitializer
from fashioncnn.initializers.random import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
)
from fashioncnn.utils import absent
from fashioncnn.utils.registry import INITIALIZERS

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "deserialize",
    "get",
    "serialize",
]

glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
constant = Constant
ones = Ones
zeros = Zeros
orthogonal = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling

deserialize = INITIALIZERS.deserialize


def serialize(initializer: Initializer | Callable[..., Any]) -> dict[str, Any]:
    """A JSON-compatible description of an initializer, in Keras's form.

    Raises:
        ValueError: If it is a function.
    """
    if not isinstance(initializer, Initializer):
        raise ValueError(f"a function as an initializer ({initializer!r}) cannot be described; derive from Initializer")
    return INITIALIZERS.serialize(initializer)


def get(identifier: Any) -> Initializer | Callable[..., Any] | None:
    """The initializer that a name, a config, a class, an array or an object stands for; None for None.

    A function ``f(shape, dtype)`` is returned as is.

    Raises:
        ValueError: If it is none of these, or the name is unknown.

    Example:
        >>> get("he_normal").get_config()
        {'seed': None}
    """
    if identifier is None:
        return None
    if isinstance(identifier, np.ndarray):
        return functools.partial(_only_for_its_shape, identifier)
    if callable(identifier) and not isinstance(identifier, (type, Initializer)):
        return identifier  # type: ignore[no-any-return]
    initializer: Initializer = INITIALIZERS.get(identifier)
    return initializer


def _only_for_its_shape(array: NDArray[Any], shape: Sequence[int], dtype: Any = None) -> NDArray[Any]:
    if array.shape != tuple(shape):
        raise ValueError(f"an array of shape {array.shape} as initializer does not fit weights of shape {tuple(shape)}")
    return array


__getattr__ = absent.module_getattr(__name__)
