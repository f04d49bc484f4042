"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fashioncnn.optimizers.optimizer import Optimizer
from fashioncnn.optimizers.schedules import LearningRateSchedule
from fashioncnn.utils import checks
from fashioncnn.utils.registry import OPTIMIZERS
from fashioncnn.utils.settings import Setting


@OPTIMIZERS.register()
class SGD(Optimizer):
    """Gradient descent, with or without momentum.

    With gradient ``g``, for every weight ``w``::

        w = w - learning_rate * g                                       without momentum
        v = momentum * v - learning_rate * g;  w = w + v                with momentum
        v = momentum * v - learning_rate * g
        w = w + momentum * v - learning_rate * g                        with nesterov

    Args:
        learning_rate: A number of at least 0, a `schedules.LearningRateSchedule` or a function without arguments.
        momentum: In [0, 1].
        nesterov: Whether the step looks ahead along the momentum.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.

    Raises:
        ValueError: If an argument is out of its range or not supported.

    Example:
        >>> SGD(momentum=0.9).learning_rate
        0.01

    Source: Sutskever et al., On the Importance of Initialization and Momentum in Deep Learning, ICML 2013.
    """

    _core_type = "sgd"
    momentum = Setting(lambda name, value: checks.number(name, value, at_least=0, at_most=1))
    nesterov = Setting(checks.truth)

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], float] = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
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
        self.momentum = momentum
        self.nesterov = nesterov

    def _own_config(self) -> dict[str, Any]:
        return {"momentum": self.momentum, "nesterov": self.nesterov}
