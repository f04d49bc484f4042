"""Adagrad."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from fashioncnn.optimizers.optimizer import Optimizer
from fashioncnn.optimizers.schedules import LearningRateSchedule
from fashioncnn.utils import checks
from fashioncnn.utils.registry import OPTIMIZERS
from fashioncnn.utils.settings import Setting


@OPTIMIZERS.register()
class Adagrad(Optimizer):
    """Adagrad: the more a weight has been changed, the smaller its steps become.

    With gradient ``g``, for every weight ``w``::

        a = a + g**2
        w = w - learning_rate * g / sqrt(a + epsilon)

    Args:
        learning_rate: A number of at least 0, a `schedules.LearningRateSchedule` or a function without arguments.
        initial_accumulator_value: What ``a`` begins with, at least 0; fixed once the optimizer is a model's.
        epsilon: At least 0; inside the root, as in Keras.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.

    Raises:
        ArgumentError: If an argument has the wrong type.
        ValueError: If an argument is out of its range or not supported.

    Example:
        >>> Adagrad(0.01).initial_accumulator_value
        0.1

    Source: Duchi, Hazan and Singer, Adaptive Subgradient Methods for Online Learning and Stochastic Optimization, JMLR
    2011.
    """

    _core_type = "adagrad"
    _fixed: ClassVar[frozenset[str]] = Optimizer._fixed | {"initial_accumulator_value"}
    initial_accumulator_value = Setting(lambda name, value: checks.number(name, value, at_least=0))
    epsilon = Setting(lambda name, value: checks.number(name, value, at_least=0))

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], float] = 0.001,
        initial_accumulator_value: float = 0.1,
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
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def _own_config(self) -> dict[str, Any]:
        return {"initial_accumulator_value": self.initial_accumulator_value, "epsilon": self.epsilon}
