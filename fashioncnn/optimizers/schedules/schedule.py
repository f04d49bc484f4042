"""Base class of the learning rate schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fashioncnn.utils.absent import SaysWhatIsAbsent
from fashioncnn.utils.registry import SCHEDULES


@SCHEDULES.base
class LearningRateSchedule(SaysWhatIsAbsent):
    """A learning rate that depends on the number of updates made so far.

    Derive from this class for a schedule of your own: `__call__` gets the step (0 for the first update) and returns
    the rate.

    Example:
        >>> class Halving(LearningRateSchedule):
        ...     def __call__(self, step):
        ...         return 0.1 / 2 ** (step // 1000)
        >>> Halving()(2500)
        0.025
    """

    def __call__(self, step: int) -> float:
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, step)")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        raise NotImplementedError(f"{type(self).__name__} must define get_config() to be serialized")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> LearningRateSchedule:
        """The schedule that `get_config` described."""
        return cls(**config)
