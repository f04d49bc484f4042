"""Learning rate schedules: what an optimizer's `learning_rate` may be instead of a number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fashioncnn import _lazily
from fashioncnn.utils import absent
from fashioncnn.utils.registry import SCHEDULES

with _lazily.imports(__name__):
    from fashioncnn.optimizers.schedules.cosine import CosineDecay, CosineDecayRestarts
    from fashioncnn.optimizers.schedules.decay import (
        ExponentialDecay,
        InverseTimeDecay,
        PiecewiseConstantDecay,
        PolynomialDecay,
    )
    from fashioncnn.optimizers.schedules.schedule import LearningRateSchedule

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """A JSON-compatible description of a schedule."""
    return SCHEDULES.serialize(learning_rate_schedule)


def deserialize(
    config: Mapping[str, Any], custom_objects: Mapping[str, type[LearningRateSchedule]] | None = None
) -> LearningRateSchedule:
    """The schedule that `serialize` described."""
    schedule: LearningRateSchedule = SCHEDULES.deserialize(config, custom_objects)
    return schedule


__getattr__ = absent.module_getattr(__name__)
__dir__ = absent.module_dir(__name__)
