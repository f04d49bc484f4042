"""Base class of the optimizers: what they are configured with. The updates themselves are the core's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from fashioncnn.optimizers import schedules
from fashioncnn.saving.registry import snake_case
from fashioncnn.utils import checks

if TYPE_CHECKING:
    from fashioncnn._core import Network


class Optimizer:
    """How a network's weights follow their gradients.

    An optimizer belongs to one model: it counts that model's updates and, through the core, holds its moments.

    Args:
        learning_rate: A number of at least 0 or a `schedules.LearningRateSchedule`.
        weight_decay: None, or at least 0: before every update ``w = w - w * weight_decay * learning_rate``.
        clipnorm: None, or positive: the gradient of each variable is scaled down to this norm.
        clipvalue: None, or positive: each gradient is clipped to plus or minus this value.
        global_clipnorm: None, or positive: all gradients together are scaled down to this norm.
        use_ema: Must be False, `ema_momentum` and `ema_overwrite_frequency` having no effect.
        ema_momentum: See `use_ema`.
        ema_overwrite_frequency: See `use_ema`.
        loss_scale_factor: Must be None.
        gradient_accumulation_steps: Must be None.
        name: A name for the optimizer.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If an argument is out of its range or not supported, or if more than one of `clipnorm`, `clipvalue`
            and `global_clipnorm` is given.
    """

    _core_type: ClassVar[str] = ""

    def __init__(
        self,
        learning_rate: float | schedules.LearningRateSchedule,
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
    ) -> None:
        owner = type(self).__name__
        if use_ema:
            raise checks.unsupported(owner, "use_ema", use_ema, "False")
        if loss_scale_factor is not None:
            raise checks.unsupported(owner, "loss_scale_factor", loss_scale_factor, "None")
        if gradient_accumulation_steps is not None:
            raise checks.unsupported(owner, "gradient_accumulation_steps", gradient_accumulation_steps, "None")
        if sum(clip is not None for clip in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise ValueError(f"{owner}: at most one of `clipnorm`, `clipvalue` and `global_clipnorm` may be given, got "
                             f"clipnorm={clipnorm}, clipvalue={clipvalue}, global_clipnorm={global_clipnorm}")
        self.name = name or snake_case(owner)
        self.weight_decay = checks.optional_number("weight_decay", weight_decay, at_least=0)
        self.clipnorm = checks.optional_number("clipnorm", clipnorm, above=0)
        self.clipvalue = checks.optional_number("clipvalue", clipvalue, above=0)
        self.global_clipnorm = checks.optional_number("global_clipnorm", global_clipnorm, above=0)
        self.ema_momentum = checks.number("ema_momentum", ema_momentum, at_least=0, at_most=1)
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self._network: Network | None = None
        self._learning_rate = _checked_rate(learning_rate)

    @property
    def iterations(self) -> int:
        """Number of updates made."""
        return 0 if self._network is None else self._network.iterations

    @property
    def has_schedule(self) -> bool:
        """Whether the learning rate depends on the step."""
        return isinstance(self._learning_rate, schedules.LearningRateSchedule)

    @property
    def learning_rate(self) -> float:
        """What the next update uses. Settable to a number at any time, unless the optimizer was made with a schedule.

        Raises:
            TypeError: When a number is set in place of a schedule.
        """
        return self.rate_for_step(self.iterations)

    @learning_rate.setter
    def learning_rate(self, value: float | schedules.LearningRateSchedule) -> None:
        rate = _checked_rate(value)
        if self.has_schedule and not isinstance(rate, schedules.LearningRateSchedule):
            raise TypeError("`learning_rate` cannot be set: this optimizer was made with a LearningRateSchedule; make "
                            "it with a number instead")
        if self._network is not None:
            self._network.learning_rate = _rate_at(rate, self.iterations)
        self._learning_rate = rate

    def rate_for_step(self, step: int) -> float:
        """The learning rate of the update after `step` updates."""
        return _rate_at(self._learning_rate, step)

    def attach(self, network: Network) -> None:
        """Makes this the optimizer of `network`, with zero moments and no updates made.

        Raises:
            ValueError: If it already belongs to another network.
        """
        if self._network is not None and self._network is not network:
            raise ValueError(f"this {type(self).__name__} already belongs to another model; make one for each model")
        network.set_optimizer(self.core_config())
        network.learning_rate = self.rate_for_step(0)
        self._network = network

    def detach(self) -> None:
        """Undoes `attach`: the optimizer belongs to no network, and can be given to another one."""
        self._network = None

    def core_config(self) -> dict[str, Any]:
        """What the core's `Network.set_optimizer` takes.

        Raises:
            ValueError: If the core has no such optimizer.
        """
        if not self._core_type:
            raise ValueError(f"an optimizer written in Python ({type(self).__name__}) is not supported by fashioncnn; "
                             "supported: the classes of fashioncnn.optimizers")
        common = {
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "clipvalue": self.clipvalue,
            "global_clipnorm": self.global_clipnorm,
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
        """The constructor's arguments."""
        rate = self._learning_rate
        return {
            "name": self.name,
            "learning_rate": schedules.serialize(rate) if isinstance(rate, schedules.LearningRateSchedule) else rate,
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": False,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "loss_scale_factor": None,
            "gradient_accumulation_steps": None,
            **self._own_config(),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Optimizer:
        """The optimizer that `get_config` described, without any state."""
        arguments = dict(config)
        if isinstance(arguments.get("learning_rate"), Mapping):
            arguments["learning_rate"] = schedules.deserialize(arguments["learning_rate"])
        return cls(**arguments)


def _rate_at(rate: float | schedules.LearningRateSchedule, step: int) -> float:
    return float(rate(step)) if isinstance(rate, schedules.LearningRateSchedule) else rate


def _checked_rate(value: Any) -> float | schedules.LearningRateSchedule:
    if isinstance(value, schedules.LearningRateSchedule):
        return value
    if callable(value):
        raise ValueError("a function as `learning_rate` is not supported by fashioncnn; supported: a number, or an "
                         "instance of optimizers.schedules.LearningRateSchedule")
    return checks.number("learning_rate", value, at_least=0)
