"""Schedules that fall along half a cosine.

Source: Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR 2017.
"""

from __future__ import annotations

import math
from typing import Any

from fashioncnn.optimizers.schedules.schedule import LearningRateSchedule
from fashioncnn.utils import checks
from fashioncnn.utils.registry import SCHEDULES
from fashioncnn.utils.tensor import Number


def _half_cosine(progress: float) -> float:
    """1 at progress 0, 0 at progress 1."""
    return 0.5 * (1 + math.cos(math.pi * progress))


@SCHEDULES.register()
class CosineDecay(LearningRateSchedule):
    """An optional straight warm-up, then half a cosine.

    With ``p = min(step, decay_steps) / decay_steps``::

        initial_learning_rate * ((1 - alpha) * (1 + cos(pi * p)) / 2 + alpha)

    With a `warmup_target` the rate first rises in a straight line from `initial_learning_rate` to the target during
    `warmup_steps`; then the cosine starts from the target.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Positive; how long the cosine takes.
        alpha: The last rate, as a part of the first.
        name: A name for the schedule.
        warmup_target: The rate at the end of the warm-up, or None for no warm-up.
        warmup_steps: How long the warm-up takes.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> schedule = CosineDecay(0.0, decay_steps=100, warmup_target=0.5, warmup_steps=10)
        >>> schedule(5), schedule(10), schedule(60), schedule(110)
        (0.25, 0.5, 0.25, 0.0)
    """

    def __init__(self, initial_learning_rate: float, decay_steps: float, alpha: float = 0.0, name: str = "CosineDecay",
                 warmup_target: float | None = None, warmup_steps: float = 0) -> None:
        self.initial_learning_rate = checks.number("initial_learning_rate", initial_learning_rate, at_least=0)
        self.decay_steps = checks.number("decay_steps", decay_steps, above=0)
        self.alpha = checks.number("alpha", alpha, at_least=0)
        self.name = name
        self.warmup_target = checks.optional_number("warmup_target", warmup_target, at_least=0)
        self.warmup_steps = checks.number("warmup_steps", warmup_steps, at_least=0)

    def __call__(self, step: int) -> Number:
        if self.warmup_target is None:
            return self._decayed(self.initial_learning_rate, step)
        if step < self.warmup_steps:
            rise = self.warmup_target - self.initial_learning_rate
            return Number(self.initial_learning_rate + rise * (step / self.warmup_steps))
        return self._decayed(self.warmup_target, step - self.warmup_steps)

    def _decayed(self, rate: float, step: float) -> Number:
        progress = min(step, self.decay_steps) / self.decay_steps
        return Number(rate * ((1 - self.alpha) * _half_cosine(progress) + self.alpha))

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "name": self.name,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
        }


@SCHEDULES.register()
class CosineDecayRestarts(LearningRateSchedule):
    """Half a cosine after the other, each `t_mul` times as long and `m_mul` times as high as the one before.

    Args:
        initial_learning_rate: The rate at step 0.
        first_decay_steps: Positive; length of the first period.
        t_mul: At least 1; how much longer each period is.
        m_mul: How much higher each period starts.
        alpha: The lowest rate, as a part of the first.
        name: A name for the schedule.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> schedule = CosineDecayRestarts(0.5, first_decay_steps=100)
        >>> schedule(0), schedule(50), schedule(100), schedule(200)
        (0.5, 0.25, 0.5, 0.25)
    """

    def __init__(self, initial_learning_rate: float, first_decay_steps: float, t_mul: float = 2.0, m_mul: float = 1.0,
                 alpha: float = 0.0, name: str = "SGDRDecay") -> None:
        self.initial_learning_rate = checks.number("initial_learning_rate", initial_learning_rate, at_least=0)
        self.first_decay_steps = checks.number("first_decay_steps", first_decay_steps, above=0)
        self.t_mul = checks.number("t_mul", t_mul, at_least=1)
        self.m_mul = checks.number("m_mul", m_mul, at_least=0)
        self.alpha = checks.number("alpha", alpha, at_least=0)
        self.name = name

    def __call__(self, step: int) -> Number:
        period, progress = self._locate(step / self.first_decay_steps)
        return Number(self.initial_learning_rate * (
            (1 - self.alpha) * self.m_mul**period * _half_cosine(progress) + self.alpha))

    def _locate(self, time: float) -> tuple[int, float]:
        """The period that `time` (in first periods) falls in, and how much of it has passed.

        Period i starts at ``(t_mul**i - 1) / (t_mul - 1)``. The logarithm that inverts this may come out a hair below
        a whole number at a restart.
        """
        if self.t_mul == 1:
            return math.floor(time), time % 1
        period = math.floor(math.log(1 + time * (self.t_mul - 1)) / math.log(self.t_mul) + 1e-9)
        start = (self.t_mul**period - 1) / (self.t_mul - 1)
        return period, (time - start) / self.t_mul**period

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self.t_mul,
            "m_mul": self.m_mul,
            "alpha": self.alpha,
            "name": self.name,
        }
