"""Initializers: how the first values of a layer's weights are chosen. Names, formulas and defaults are Keras's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
from fashioncnn.saving.registry import Registry

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

_registry: Registry[Initializer] = Registry(
    "initializer", "keras.initializers", Initializer,
    [Constant, GlorotNormal, GlorotUniform, HeNormal, HeUniform, Identity, LecunNormal, LecunUniform, Ones, Orthogonal,
     RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling, Zeros],
    aliases={"normal": RandomNormal, "uniform": RandomUniform, "one": Ones, "zero": Zeros},
)

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

deserialize = _registry.deserialize


def serialize(initializer: Initializer | Callable[..., Any]) -> dict[str, Any]:
    """A JSON-compatible description of an initializer, in Keras's form.

    Raises:
        ValueError: If it is a function.
    """
    if not isinstance(initializer, Initializer):
        raise ValueError(f"a function as an initializer ({initializer!r}) cannot be described; derive from Initializer")
    return _registry.serialize(initializer)


def get(identifier: Any) -> Initializer | Callable[..., Any]:
    """The initializer that a name, a config, a class or an object stands for.

    A function ``f(shape, dtype)`` is returned as is.

    Raises:
        ValueError: If it is none of these, or the name is unknown.

    Example:
        >>> get("he_normal").get_config()
        {'seed': None}
    """
    if callable(identifier) and not isinstance(identifier, (type, Initializer)):
        return identifier  # type: ignore[no-any-return]
    return _registry.get(identifier)
