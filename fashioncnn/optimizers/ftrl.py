"""Ftrl."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from fashioncnn.optimizers.optimizer import Optimizer
from fashioncnn.optimizers.schedules import LearningRateSchedule
from fashioncnn.utils import checks
from fashioncnn.utils.registry import OPTIMIZERS
from fashioncnn.utils.settings import Setting


@OPTIMIZERS.register()
class Ftrl(Optimizer):
    """Ftrl: follow the regularized leader, which can make weights exactly 0.

    With gradient ``g`` and ``p = -learning_rate_power``, for every weight ``w``::

        b = a + g**2
        z = z + g + 2 * l2_shrinkage * w - (b**p - a**p) / learning_rate * w
        w = (clip(z, -l1, l1) - z) / ((b**p + beta) / learning_rate + 2 * l2)
        a = b

    So a weight is 0 as long as ``z`` is within plus and minus `l1_regularization_strength`.

    Args:
        learning_rate: A number of at least 0, a `schedules.LearningRateSchedule` or a function without arguments.
        learning_rate_power: At most 0; 0: steps do not become smaller.
        initial_accumulator_value: What ``a`` begins with, at least 0; fixed once the optimizer is a model's.
        l1_regularization_strength: At least 0.
        l2_regularization_strength: At least 0.
        l2_shrinkage_regularization_strength: At least 0; unlike the other two it acts on the gradient.
        beta: At least 0.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.

    Raises:
        ArgumentError: If an argument has the wrong type.
        ValueError: If an argument is out of its range or not supported.

    Example:
        >>> Ftrl(0.1).learning_rate_power
        -0.5

    Source: McMahan et al., Ad Click Prediction: a View from the Trenches, KDD 2013.
    """

    _core_type = "ftrl"
    _interleaved: ClassVar[tuple[str, ...]] = ("accumulator", "linear")
    _fixed: ClassVar[frozenset[str]] = Optimizer._fixed | {"initial_accumulator_value"}
    learning_rate_power = Setting(lambda name, value: checks.number(name, value, at_most=0))
    initial_accumulator_value = Setting(lambda name, value: checks.number(name, value, at_least=0))
    l1_regularization_strength = Setting(lambda name, value: checks.number(name, value, at_least=0))
    l2_regularization_strength = Setting(lambda name, value: checks.number(name, value, at_least=0))
    l2_shrinkage_regularization_strength = Setting(lambda name, value: checks.number(name, value, at_least=0))
    beta = Setting(lambda name, value: checks.number(name, value, at_least=0))

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], float] = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
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
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta

    def _own_config(self) -> dict[str, Any]:
        return {
            "learning_rate_power": self.learning_rate_power,
            "initial_accumulator_value": self.initial_accumulator_value,
            "l1_regularization_strength": self.l1_regularization_strength,
            "l2_regularization_strength": self.l2_regularization_strength,
            "l2_shrinkage_regularization_strength": self.l2_shrinkage_regularization_strength,
            "beta": self.beta,
        }
