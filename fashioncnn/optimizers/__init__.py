"""Optimizers and learning rate schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fashioncnn import _lazily
from fashioncnn.optimizers import schedules
from fashioncnn.utils import absent
from fashioncnn.utils.registry import OPTIMIZERS

with _lazily.imports(__name__):
    from fashioncnn.optimizers.adadelta import Adadelta
    from fashioncnn.optimizers.adagrad import Adagrad
    from fashioncnn.optimizers.adam import Adam
    from fashioncnn.optimizers.adamax import Adamax
    from fashioncnn.optimizers.adamw import AdamW
    from fashioncnn.optimizers.ftrl import Ftrl
    from fashioncnn.optimizers.lion import Lion
    from fashioncnn.optimizers.nadam import Nadam
    from fashioncnn.optimizers.optimizer import Optimizer
    from fashioncnn.optimizers.rmsprop import RMSprop
    from fashioncnn.optimizers.sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]


def get(identifier: Any) -> Optimizer | None:
    """The optimizer that a name, class, config or optimizer stands for; None for None.

    Raises:
        ValueError: If it stands for none.

    Example:
        >>> get("adam").learning_rate
        0.001
    """
    return None if identifier is None else OPTIMIZERS.get(identifier)


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """A JSON-compatible description of an optimizer."""
    return OPTIMIZERS.serialize(optimizer)


def deserialize(config: Mapping[str, Any], custom_objects: Mapping[str, type[Optimizer]] | None = None) -> Optimizer:
    """The optimizer that `serialize` described."""
    optimizer: Optimizer = OPTIMIZERS.deserialize(config, custom_objects)
    return optimizer


__getattr__ = absent.module_getattr(__name__)
__dir__ = absent.module_dir(__name__)
