"""Losses: what training makes small. Each is a class for `compile` and a function of arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fashioncnn.losses.crossentropy import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
)
from fashioncnn.losses.loss import Loss
from fashioncnn.losses.regression import (
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    huber,
    mean_absolute_error,
    mean_squared_error,
)
from fashioncnn.saving.registry import Registry

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "binary_crossentropy",
    "categorical_crossentropy",
    "deserialize",
    "get",
    "huber",
    "mean_absolute_error",
    "mean_squared_error",
    "serialize",
    "sparse_categorical_crossentropy",
]

_CLASSES: dict[Callable[..., Any], type[Loss]] = {
    binary_crossentropy: BinaryCrossentropy,
    categorical_crossentropy: CategoricalCrossentropy,
    huber: Huber,
    mean_absolute_error: MeanAbsoluteError,
    mean_squared_error: MeanSquaredError,
    sparse_categorical_crossentropy: SparseCategoricalCrossentropy,
}
_ALIASES = {"bce": BinaryCrossentropy, "mae": MeanAbsoluteError, "mse": MeanSquaredError}
_REGISTRY: Registry[Loss] = Registry("loss", "keras.losses", Loss, _CLASSES.values(), _ALIASES)


def get(identifier: Any) -> Loss | None:
    """The loss that a name, function of this module, class, config or loss stands for; None for None.

    Raises:
        ValueError: If it stands for none.

    Example:
        >>> get("mse").name
        'mean_squared_error'
    """
    if identifier is None:
        return None
    if callable(identifier) and not isinstance(identifier, (Loss, type)):
        identifier = _class_of(identifier)
    return _REGISTRY.get(identifier)


def _class_of(function: Callable[..., Any]) -> type[Loss]:
    if function not in _CLASSES:
        raise ValueError(f"a loss written in Python ({function!r}) is not supported by fashioncnn; supported: the "
                         "classes and functions of fashioncnn.losses")
    return _CLASSES[function]


def serialize(loss: Loss) -> dict[str, Any]:
    """A JSON-compatible description of a loss."""
    return _REGISTRY.serialize(loss)


def deserialize(name: Mapping[str, Any] | str, custom_objects: Mapping[str, type[Loss]] | None = None) -> Loss:
    """The loss that `serialize` described, or that has this name."""
    return _REGISTRY.get(name) if isinstance(name, str) else _REGISTRY.deserialize(name, custom_objects)
