"""RMSprop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fashioncnn.optimizers.optimizer import Optimizer
from fashioncnn.optimizers.schedules import LearningRateSchedule
from fashioncnn.utils import checks
from fashioncnn.utils.registry import OPTIMIZERS
from fashioncnn.utils.settings import Setting


@OPTIMIZERS.register()
class RMSprop(Optimizer):
    """RMSprop: divide the gradient by a running root mean square of its recent size.

    With gradient ``g``, for every weight ``w``::

        v = rho * v + (1 - rho) * g**2
        w = w - learning_rate * g / sqrt(v + epsilon)

    `centered` subtracts the square of the gradients' running mean from ``v`` inside the root; `momentum` makes the step
    ``s = momentum * s + learning_rate * g / sqrt(v + epsilon)``.

    Args:
        learning_rate: A number of at least 0, a `schedules.LearningRateSchedule` or a function without arguments.
        rho: Decay of the running mean, in [0, 1).
        momentum: In [0, 1].
        epsilon: Positive; inside the root, as in Keras.
        centered: Whether the gradients' variance takes the place of their mean square.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.

    Raises:
        ValueError: If an argument is out of its range or not supported.

    Example:
        >>> RMSprop(rho=0.95).rho
        0.95

    Source: Tieleman and Hinton, Neural Networks for Machine Learning, lecture 6.5, 2012.
    """

    _core_type = "rmsprop"
    rho = Setting(lambda name, value: checks.number(name, value, at_least=0, below=1))
    momentum = Setting(lambda name, value: checks.number(name, value, at_least=0, at_most=1))
    epsilon = Setting(lambda name, value: checks.number(name, value, above=0))
    centered = Setting(checks.truth)

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], float] = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
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
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    def _own_config(self) -> dict[str, Any]:
        return {"rho": self.rho, "momentum": self.momentum, "epsilon": self.epsilon, "centered": self.centered}
