"""Adam."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from fashioncnn.optimizers.optimizer import Optimizer
from fashioncnn.optimizers.schedules import LearningRateSchedule
from fashioncnn.utils import checks
from fashioncnn.utils.registry import OPTIMIZERS
from fashioncnn.utils.settings import Setting


@OPTIMIZERS.register()
class Adam(Optimizer):
    """Adam: steps of even size, from running means of the gradient and of its square.

    With gradient ``g``, at update ``t`` (counted from 1), for every weight ``w``::

        m = m + (1 - beta_1) * (g - m)
        v = v + (1 - beta_2) * (g**2 - v)
        w = w - learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (sqrt(v) + epsilon)

    Args:
        learning_rate: A number of at least 0, a `schedules.LearningRateSchedule` or a function without arguments.
        beta_1: Decay of the mean of gradients, in [0, 1).
        beta_2: Decay of the mean of squares, in [0, 1).
        epsilon: At least 0.
        amsgrad: Whether the largest ``v`` so far takes the place of ``v``.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.

    Raises:
        ValueError: If an argument is out of its range or not supported.

    Example:
        >>> Adam(1e-3).learning_rate
        0.001

    Source: Kingma and Ba, Adam: A Method for Stochastic Optimization, ICLR 2015; for amsgrad Reddi et al., On the
    Convergence of Adam and Beyond, ICLR 2018.
    """

    _core_type = "adam"
    _interleaved: ClassVar[tuple[str, ...]] = ("momentum", "velocity")
    beta_1 = Setting(lambda name, value: checks.number(name, value, at_least=0, below=1))
    beta_2 = Setting(lambda name, value: checks.number(name, value, at_least=0, below=1))
    epsilon = Setting(lambda name, value: checks.number(name, value, at_least=0))
    amsgrad = Setting(checks.truth)

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], float] = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
        self.amsgrad = amsgrad

    def _own_config(self) -> dict[str, Any]:
        return {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon, "amsgrad": self.amsgrad}
