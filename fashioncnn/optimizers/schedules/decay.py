"""Schedules that fall by a power, a hyperbola, a polynomial, or in given steps."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from fashioncnn.optimizers.schedules.schedule import LearningRateSchedule
from fashioncnn.utils import checks
from fashioncnn.utils.registry import SCHEDULES
from fashioncnn.utils.tensor import Number


@SCHEDULES.register()
class ExponentialDecay(LearningRateSchedule):
    """``initial_learning_rate * decay_rate ** (step / decay_steps)``.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Positive; the rate is multiplied by `decay_rate` every so many steps.
        decay_rate: That factor.
        staircase: Whether the exponent is rounded down, so that the rate falls in steps.
        name: A name for the schedule.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)(200)
        0.025
    """

    def __init__(self, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False,
                 name: str = "ExponentialDecay") -> None:
        self.initial_learning_rate = checks.number("initial_learning_rate", initial_learning_rate, at_least=0)
        self.decay_steps = checks.number("decay_steps", decay_steps, above=0)
        self.decay_rate = checks.number("decay_rate", decay_rate, at_least=0)
        self.staircase = staircase
        self.name = name

    def _progress(self, step: int) -> float:
        progress = step / self.decay_steps
        return math.floor(progress) if self.staircase else progress

    def __call__(self, step: int) -> Number:
        return Number(self.initial_learning_rate * math.pow(self.decay_rate, self._progress(step)))

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


@SCHEDULES.register()
class InverseTimeDecay(ExponentialDecay):
    """``initial_learning_rate / (1 + decay_rate * step / decay_steps)``.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Positive; how often the divisor grows by `decay_rate`.
        decay_rate: That growth.
        staircase: Whether ``step / decay_steps`` is rounded down, so that the rate falls in steps.
        name: A name for the schedule.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> InverseTimeDecay(0.1, decay_steps=100, decay_rate=0.5)(200)
        0.05
    """

    def __init__(self, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False,
                 name: str = "InverseTimeDecay") -> None:
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def __call__(self, step: int) -> Number:
        return Number(self.initial_learning_rate / (1 + self.decay_rate * self._progress(step)))


@SCHEDULES.register()
class PolynomialDecay(LearningRateSchedule):
    """From `initial_learning_rate` to `end_learning_rate` along a power of the remaining time.

    With ``p = min(step, decay_steps) / decay_steps``::

        (initial_learning_rate - end_learning_rate) * (1 - p) ** power + end_learning_rate

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Positive; the rate stays at its end from here on.
        end_learning_rate: The last rate.
        power: 1 falls in a straight line.
        cycle: Whether the rate rises again after `decay_steps`: then ``p`` is the step's part of the next multiple of
            `decay_steps`.
        name: A name for the schedule.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> PolynomialDecay(0.5, decay_steps=100, end_learning_rate=0.25)(50)
        0.375
    """

    def __init__(self, initial_learning_rate: float, decay_steps: float, end_learning_rate: float = 0.0001,
                 power: float = 1.0, cycle: bool = False, name: str = "PolynomialDecay") -> None:
        self.initial_learning_rate = checks.number("initial_learning_rate", initial_learning_rate, at_least=0)
        self.decay_steps = checks.number("decay_steps", decay_steps, above=0)
        self.end_learning_rate = checks.number("end_learning_rate", end_learning_rate, at_least=0)
        self.power = checks.number("power", power, at_least=0)
        self.cycle = cycle
        self.name = name

    def __call__(self, step: int) -> Number:
        periods = max(1, math.ceil(step / self.decay_steps)) if self.cycle else 1
        end = self.decay_steps * periods
        remaining = math.pow(1 - min(step, end) / end, self.power)
        return Number((self.initial_learning_rate - self.end_learning_rate) * remaining + self.end_learning_rate)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate,
            "power": self.power,
            "cycle": self.cycle,
            "name": self.name,
        }


@SCHEDULES.register()
class PiecewiseConstantDecay(LearningRateSchedule):
    """``values[0]`` up to and including step ``boundaries[0]``, then ``values[1]`` up to ``boundaries[1]``, and so on.

    Args:
        boundaries: Rising steps.
        values: The rates between them: one more than `boundaries`.
        name: A name for the schedule.

    Raises:
        ValueError: If the lengths do not fit, or `boundaries` do not rise.

    Example:
        >>> schedule = PiecewiseConstantDecay([1000, 2000], [0.1, 0.01, 0.001])
        >>> schedule(1000), schedule(1001)
        (0.1, 0.01)
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        self.boundaries = [checks.number("boundaries", boundary) for boundary in boundaries]
        self.values = [checks.number("values", value, at_least=0) for value in values]
        self.name = name
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(f"`values` must have one element more than `boundaries`, got {len(self.values)} values "
                             f"and {len(self.boundaries)} boundaries")
        if sorted(set(self.boundaries)) != self.boundaries:
            raise ValueError(f"`boundaries` must rise, got {self.boundaries}")

    def __call__(self, step: int) -> Number:
        return Number(self.values[bisect_left(self.boundaries, step)])

    def get_config(self) -> dict[str, Any]:
        return {"boundaries": self.boundaries, "values": self.values, "name": self.name}
