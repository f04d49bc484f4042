"""Base class of the optimizers: what they are configured with. The updates themselves are the core's."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from fashioncnn.optimizers import schedules
from fashioncnn.optimizers.state import Stateful
from fashioncnn.utils import checks, keywords
from fashioncnn.utils.naming import checked_name
from fashioncnn.utils.numbers import Owned, SettableFloat
from fashioncnn.utils.registry import OPTIMIZERS
from fashioncnn.utils.settings import Setting

LEARNING_RATES_END = 1e30  # the core takes smaller ones


Rate = float | schedules.LearningRateSchedule | Callable[[], float]


@OPTIMIZERS.base
class Optimizer(Stateful):
    """How a network's weights follow their gradients.

    An optimizer belongs to one model: it counts that model's updates and, through the core, holds its moments. Without
    a model it updates variables from gradients that the caller has: see `apply_gradients`. Arguments that are set as
    attributes act from the next update on.

    Args:
        learning_rate: A number of at least 0, a `schedules.LearningRateSchedule` or a function without arguments that
            returns the rate of the next update.
        weight_decay: None, or at least 0: before every update ``w = w - w * weight_decay * learning_rate``.
        clipnorm: None, or positive: the gradient of each variable is scaled down to this norm.
        clipvalue: None, or positive: each gradient is clipped to plus or minus this value.
        global_clipnorm: None, or positive: all gradients together are scaled down to this norm.
        use_ema: Whether a moving average of the weights is kept: after every step ``average = ema_momentum * average +
            (1 - ema_momentum) * w``, beginning with the weights after the first update. It takes the weights' place at
            the end of `fit`. Fixed once the optimizer is a model's.
        ema_momentum: In [0, 1].
        ema_overwrite_frequency: None, or: the average takes the weights' place after every so many updates, too.
        loss_scale_factor: None, or positive: `apply_gradients` divides gradients by it, and `scale_loss` multiplies.
            Without effect in `fit`, where all numbers are float32 and nothing is scaled.
        gradient_accumulation_steps: None, or at least 2: gradients are averaged over so many batches, and the weights
            change after the last of these. `iterations` counts the changes, schedules count the batches. Fixed once the
            optimizer is a model's.
        name: A name for the optimizer; None: made from the class, as "adam_1".

    Raises:
        ArgumentError: If an argument has the wrong type, or is unknown.
        ValueError: If an argument is out of its range or not supported, or if more than one of `clipnorm`, `clipvalue`
            and `global_clipnorm` is given.
    """

    _core_type: ClassVar[str] = ""
    _fixed: ClassVar[frozenset[str]] = frozenset(("use_ema", "gradient_accumulation_steps"))
    _core_methods = ("update_step", "apply_gradients", "apply", "build", "minimize", "finalize_variable_values")
    _users_methods = frozenset(("from_config", "get_config"))
    _frozen_because = "the optimizer has weights to update; make another one with that value"
    _instead = "Optimizers of your own are not supported by fashioncnn (yet): use those of fashioncnn.optimizers."
    weight_decay = Setting(lambda name, value: checks.optional_number(name, value, at_least=0))
    clipnorm = Setting(lambda name, value: checks.optional_number(name, value, above=0))
    clipvalue = Setting(lambda name, value: checks.optional_number(name, value, above=0))
    global_clipnorm = Setting(lambda name, value: checks.optional_number(name, value, above=0))
    use_ema = Setting(checks.truth)
    ema_momentum = Setting(lambda name, value: checks.number(name, value, at_least=0, at_most=1))
    ema_overwrite_frequency = Setting(lambda name, value: _optional_count(name, value, 1))
    loss_scale_factor = Setting(lambda name, value: checks.optional_number(name, value, above=0))
    gradient_accumulation_steps = Setting(lambda name, value: _optional_count(name, value, 2))

    def __init__(
        self,
        learning_rate: Rate,
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
        owner = type(self).__name__
        if unknown.pop("decay", None) is not None:
            warnings.warn(f"{owner}() ignores `decay`, as Keras does; write {keywords.OLD['decay']}", stacklevel=3)
        for keyword in unknown:
            raise keywords.unexpected(owner, keyword, inspect.signature(type(self)).parameters)
        super().__init__()
        self.name = checked_name(name, owner)
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self._check_clipping()
        self._learning_rate = _checked_rate(learning_rate)

    def _check_clipping(self) -> None:
        if sum(clip is not None for clip in (self.clipnorm, self.clipvalue, self.global_clipnorm)) > 1:
            raise ValueError(f"{type(self).__name__}: at most one of `clipnorm`, `clipvalue` and `global_clipnorm` may "
                             f"be given, got clipnorm={self.clipnorm}, clipvalue={self.clipvalue}, "
                             f"global_clipnorm={self.global_clipnorm}")

    def _change_setting(self, name: str, value: Any) -> None:
        if name in self._fixed and self._is_used:
            super()._change_setting(name, value)
            return
        before, self.__dict__[name] = self.__dict__[name], value
        try:
            self._check_clipping()
            if self._network is not None:
                self._network.set_optimizer(self.core_config(), True)
        except BaseException:
            self.__dict__[name] = before
            raise

    @property
    def has_schedule(self) -> bool:
        """Whether the learning rate is a schedule or a function, to be asked before every update."""
        return callable(self._learning_rate)

    @property
    def learning_rate(self) -> SettableFloat:
        """What the next update uses. Settable to a number at any time, unless the optimizer was made with a schedule or
        a function.

        Raises:
            TypeError: When a number is set in place of one of these.
        """
        return SettableFloat(self.rate_for_step(self._batches),
                             Owned("learning_rate", f"{self.name}/learning_rate", lambda: self.learning_rate,
                                   self._set_learning_rate))

    @learning_rate.setter
    def learning_rate(self, value: Rate) -> None:
        self._set_learning_rate(value)

    def _set_learning_rate(self, value: Any) -> None:
        rate = _checked_rate(value)
        if self.has_schedule and not callable(rate):
            raise TypeError("`learning_rate` cannot be set: this optimizer was made with a LearningRateSchedule or a "
                            "function; make it with a number instead")
        if self._network is not None:
            self._network.learning_rate = _rate_at(rate, self._batches)
        self._learning_rate = rate

    def rate_for_step(self, step: int) -> float:
        """The learning rate after `step` batches."""
        return _rate_at(self._learning_rate, step)

    def _check_rate(self) -> None:
        """Raises ValueError unless the next update has a learning rate."""
        checks.number("learning_rate", self.rate_for_step(self._batches), at_least=0, below=LEARNING_RATES_END)

    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def core_config(self) -> dict[str, Any]:
        """What the core's `Network.set_optimizer` takes.

        Raises:
            NotImplementedError: If the optimizer is written in Python.
        """
        self.refuse_overrides()
        if not self._core_type:
            raise NotImplementedError(f"{type(self).__name__} is no optimizer of its own. {self._instead}")
        common = {
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "clipvalue": self.clipvalue,
            "global_clipnorm": self.global_clipnorm,
            "ema_momentum": self.ema_momentum if self.use_ema else None,
            "ema_overwrite_frequency": self.ema_overwrite_frequency or None if self.use_ema else None,
            "gradient_accumulation_steps": self.gradient_accumulation_steps or None,
        }
        return {
            "type": self._core_type,
            **{name: value for name, value in common.items() if value is not None},
            **self._own_config(),
        }

    def _own_config(self) -> dict[str, Any]:
        """The arguments which only this class has."""
        return {}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments.

        Raises:
            NotImplementedError: If the learning rate is a function, which cannot be described.
        """
        return {
            "name": self.name,
            "learning_rate": _rate_config(self._learning_rate),
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "loss_scale_factor": self.loss_scale_factor,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
            **self._own_config(),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Optimizer:
        """The optimizer that `get_config` described, without any state."""
        arguments = dict(config)
        if isinstance(arguments.get("learning_rate"), Mapping):
            arguments["learning_rate"] = schedules.deserialize(arguments["learning_rate"])
        return cls(**arguments)


def _rate_at(rate: Rate, step: int) -> float:
    if isinstance(rate, schedules.LearningRateSchedule):
        return float(rate(step))
    return float(rate()) if callable(rate) else rate


def _rate_config(rate: Rate) -> Any:
    if isinstance(rate, schedules.LearningRateSchedule):
        return schedules.serialize(rate)
    if callable(rate):
        raise NotImplementedError("get_config(): a function as `learning_rate` cannot be described; use a number or a "
                                  "LearningRateSchedule")
    return rate


def _checked_rate(value: Any) -> Rate:
    if callable(value):
        return value  # type: ignore[no-any-return]
    return checks.number("learning_rate", value, at_least=0, below=LEARNING_RATES_END)


def _optional_count(name: str, value: Any, at_least: int) -> int | None:
    """None, or an integer of at least `at_least`; or 0, which in Keras means none, too."""
    return None if value is None else checks.integer(name, value, at_least=0 if value == 0 else at_least)
