"""Lion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fashioncnn.optimizers.optimizer import Optimizer
from fashioncnn.optimizers.schedules import LearningRateSchedule
from fashioncnn.utils import checks
from fashioncnn.utils.registry import OPTIMIZERS
from fashioncnn.utils.settings import Setting


@OPTIMIZERS.register()
class Lion(Optimizer):
    """Lion: steps of one size, in the direction of a running mean of gradients.

    With gradient ``g``, for every weight ``w``, the sign of 0 being 0::

        w = w - learning_rate * sign(beta_1 * m + (1 - beta_1) * g)
        m = beta_2 * m + (1 - beta_2) * g

    Its steps are larger than Adam's: a learning rate of a third to a tenth of Adam's is usual.

    Args:
        learning_rate: A number of at least 0, a `schedules.LearningRateSchedule` or a function without arguments.
        beta_1: Part of the mean in the direction, in (0, 1].
        beta_2: Decay of the mean of gradients, in [0, 1].
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.

    Raises:
        ArgumentError: If an argument has the wrong type.
        ValueError: If an argument is out of its range or not supported.

    Example:
        >>> Lion(1e-4).beta_2
        0.99

    Source: Chen et al., Symbolic Discovery of Optimization Algorithms, NeurIPS 2023.
    """

    _core_type = "lion"
    beta_1 = Setting(lambda name, value: checks.number(name, value, above=0, at_most=1))
    beta_2 = Setting(lambda name, value: checks.number(name, value, at_least=0, at_most=1))

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], float] = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
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

    def _own_config(self) -> dict[str, Any]:
        return {"beta_1": self.beta_1, "beta_2": self.beta_2}
