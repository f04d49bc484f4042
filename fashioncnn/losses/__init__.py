"""Losses: what training makes small. Each is a class for `compile` and a function of arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fashioncnn import _lazily
from fashioncnn.losses.loss import Loss
from fashioncnn.utils import absent
from fashioncnn.utils.registry import LOSSES

with _lazily.imports(__name__):
    from fashioncnn.losses.cosine import CosineSimilarity, cosine_similarity
    from fashioncnn.losses.crossentropy import (
        BinaryCrossentropy,
        CategoricalCrossentropy,
        SparseCategoricalCrossentropy,
        binary_crossentropy,
        categorical_crossentropy,
        sparse_categorical_crossentropy,
    )
    from fashioncnn.losses.focal import (
        BinaryFocalCrossentropy,
        CategoricalFocalCrossentropy,
        CategoricalGeneralizedCrossEntropy,
        binary_focal_crossentropy,
        categorical_focal_crossentropy,
        categorical_generalized_cross_entropy,
    )
    from fashioncnn.losses.logarithmic import (
        KLDivergence,
        LogCosh,
        MeanSquaredLogarithmicError,
        Poisson,
        kl_divergence,
        log_cosh,
        mean_squared_logarithmic_error,
        poisson,
    )
    from fashioncnn.losses.margins import CategoricalHinge, Hinge, SquaredHinge, categorical_hinge, hinge, squared_hinge
    from fashioncnn.losses.overlap import Dice, Tversky, dice, tversky
    from fashioncnn.losses.regression import (
        Huber,
        MeanAbsoluteError,
        MeanAbsolutePercentageError,
        MeanSquaredError,
        huber,
        mean_absolute_error,
        mean_absolute_percentage_error,
        mean_squared_error,
    )

__all__ = [
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "cosine_similarity",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "resolve",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]

def get(identifier: Any) -> Any:
    """What a name, a config, a class, a function or a loss stands for, as in Keras; None for None.

    The name of a function gives the function, that of a class an object.

    Raises:
        ValueError: If it stands for nothing.

    Example:
        >>> from fashioncnn.losses import mean_squared_error
        >>> get("mse") is mean_squared_error, get("MeanSquaredError").name
        (True, 'mean_squared_error')
    """
    if identifier is None:
        return None
    if isinstance(identifier, str):
        LOSSES.all_classes()
        return LOSSES.functions[identifier] if identifier in LOSSES.functions else LOSSES.get(identifier)
    if callable(identifier) and not isinstance(identifier, (Loss, type)):
        return identifier
    return LOSSES.get(identifier)


def resolve(identifier: Any) -> Loss | None:
    """The loss that `compile` means; None for None.

    Raises:
        ValueError: If it stands for none.

    Example:
        >>> resolve("mse").name
        'mean_squared_error'
    """
    found = get(identifier)
    if found is None or isinstance(found, Loss):
        return found
    if found not in LOSSES.by_function:
        from fashioncnn.losses.traced import LossFunction

        return LossFunction(found)
    loss: Loss = LOSSES.by_function[found]()
    return loss


def serialize(loss: Loss | Callable[..., Any]) -> Any:
    """A JSON-compatible description of a loss; a function's name."""
    return LOSSES.serialize(loss) if isinstance(loss, Loss) else loss.__name__


def deserialize(name: Mapping[str, Any] | str, custom_objects: Mapping[str, type[Loss]] | None = None) -> Any:
    """What `serialize` described, or has this name."""
    return get(name) if isinstance(name, str) else LOSSES.deserialize(name, custom_objects)


__getattr__ = absent.module_getattr(__name__)
__dir__ = absent.module_dir(__name__)
