"""Adadelta."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from fashioncnn.optimizers.optimizer import Optimizer
from fashioncnn.optimizers.schedules import LearningRateSchedule
from fashioncnn.utils import checks
from fashioncnn.utils.registry import OPTIMIZERS
from fashioncnn.utils.settings import Setting


@OPTIMIZERS.register()
class Adadelta(Optimizer):
    """Adadelta: steps as large as the recent ones, whatever the size of the gradients.

    With gradient ``g``, for every weight ``w``::

        v = rho * v + (1 - rho) * g**2
        d = sqrt(x + epsilon) / sqrt(v + epsilon) * g
        x = rho * x + (1 - rho) * d**2
        w = w - learning_rate * d

    Args:
        learning_rate: A number of at least 0, a `schedules.LearningRateSchedule` or a function without arguments.
        rho: Decay of both running means, in [0, 1).
        epsilon: Positive.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.

    Raises:
        ArgumentError: If an argument has the wrong type.
        ValueError: If an argument is out of its range or not supported.

    Example:
        >>> Adadelta(1.0).rho
        0.95

    Source: Zeiler, ADADELTA: An Adaptive Learning Rate Method, 2012.
    """

    _core_type = "adadelta"
    _interleaved: ClassVar[tuple[str, ...]] = ("accumulated_grad", "accumulated_delta_var")
    rho = Setting(lambda name, value: checks.number(name, value, at_least=0, below=1))
    epsilon = Setting(lambda name, value: checks.number(name, value, above=0))

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], float] = 0.001,
        rho: float = 0.95,
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
        self.rho = rho
        self.epsilon = epsilon

    def _own_config(self) -> dict[str, Any]:
        return {"rho": self.rho, "epsilon": self.epsilon}
