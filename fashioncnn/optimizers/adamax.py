"""Adamax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from fashioncnn.optimizers.optimizer import Optimizer
from fashioncnn.optimizers.schedules import LearningRateSchedule
from fashioncnn.utils import checks
from fashioncnn.utils.registry import OPTIMIZERS
from fashioncnn.utils.settings import Setting


@OPTIMIZERS.register()
class Adamax(Optimizer):
    """Adamax: `Adam` with the largest gradient, fading slowly, in place of the mean square.

    With gradient ``g``, at update ``t`` (counted from 1), for every weight ``w``::

        m = m + (1 - beta_1) * (g - m)
        u = max(beta_2 * u, abs(g))
        w = w - learning_rate / (1 - beta_1**t) * m / (u + epsilon)

    Args:
        learning_rate: A number of at least 0, a `schedules.LearningRateSchedule` or a function without arguments.
        beta_1: Decay of the mean of gradients, in [0, 1).
        beta_2: Decay of the largest gradient, in [0, 1).
        epsilon: Positive.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.

    Raises:
        ArgumentError: If an argument has the wrong type.
        ValueError: If an argument is out of its range or not supported.

    Example:
        >>> Adamax(beta_1=0.8).beta_1
        0.8

    Source: Kingma and Ba, Adam: A Method for Stochastic Optimization, ICLR 2015.
    """

    _core_type = "adamax"
    _interleaved: ClassVar[tuple[str, ...]] = ("momentum", "norm")
    beta_1 = Setting(lambda name, value: checks.number(name, value, at_least=0, below=1))
    beta_2 = Setting(lambda name, value: checks.number(name, value, at_least=0, below=1))
    epsilon = Setting(lambda name, value: checks.number(name, value, above=0))

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], float] = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            clipnorm=clipnorm,
            clipvalue=clipvalue,
            global_clipnorm=global_clipnorm,
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            ema_overwrite_frequency=ema_overwrite_frequency,
            loss_scale_factor=loss_scale_factor,
            gradient_accumulation_steps=gradient_accumulation_steps,
            name=name,
            **unknown,
        )
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def _own_config(self) -> dict[str, Any]:
        return {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
