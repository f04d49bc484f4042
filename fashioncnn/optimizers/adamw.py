"""AdamW."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fashioncnn.optimizers.adam import Adam
from fashioncnn.optimizers.schedules import LearningRateSchedule
from fashioncnn.utils.registry import OPTIMIZERS


@OPTIMIZERS.register()
class AdamW(Adam):
    """Adam with a weight decay of its own, apart from the gradient: `Adam`, with other defaults.

    Args:
        learning_rate: A number of at least 0, a `schedules.LearningRateSchedule` or a function without arguments.
        weight_decay: At least 0.
        beta_1, beta_2, epsilon, amsgrad: See `Adam`.
        clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency, loss_scale_factor,
            gradient_accumulation_steps, name: See `Optimizer`.

    Raises:
        ValueError: If an argument is out of its range or not supported.

    Example:
        >>> AdamW().weight_decay
        0.004

    Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization, ICLR 2019.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], float] = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            amsgrad=amsgrad,
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
        if weight_decay is None:
            raise ValueError("AdamW: `weight_decay` must be a number, got None; use Adam for none")
