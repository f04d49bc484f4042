"""Base class of the optimizers: what they are configured with. The updates themselves are the core's."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashioncnn.optimizers import schedules
from fashioncnn.utils import checks, keywords
from fashioncnn.utils.naming import checked_name
from fashioncnn.utils.numbers import Owned, SettableFloat, SettableInt
from fashioncnn.utils.registry import OPTIMIZERS
from fashioncnn.utils.settings import Choice, Configured, Setting

if TYPE_CHECKING:
    from fashioncnn._core import Network

LEARNING_RATES_END = 1e30  # the core takes smaller ones


class _State(NamedTuple):
    """What an optimizer keeps while no network holds it."""

    iterations: int
    slots: dict[str, NDArray[np.float32]]
    paths: tuple[str, ...] | None  # of the weights that the slots go with; None: of none


@OPTIMIZERS.base
class Optimizer(Configured):
    """How a network's weights follow their gradients.

    An optimizer belongs to one model: it counts that model's updates and, through the core, holds its moments.
    Arguments that are set as attributes act from the next update on.

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
        name: A name for the optimizer; None: made from the class, as "adam_1".

    Raises:
        ArgumentError: If an argument has the wrong type, or is unknown.
        ValueError: If an argument is out of its range or not supported, or if more than one of `clipnorm`, `clipvalue`
            and `global_clipnorm` is given.
    """

    name: str
    ema_momentum: float
    ema_overwrite_frequency: int | None
    _core_type: ClassVar[str] = ""
    _core_methods = ("update_step", "apply_gradients", "apply", "build", "minimize")
    _users_methods = frozenset(("from_config", "get_config"))
    _instead = "Optimizers of your own are not supported by fashioncnn (yet): use those of fashioncnn.optimizers."
    weight_decay = Setting(lambda name, value: checks.optional_number(name, value, at_least=0))
    clipnorm = Setting(lambda name, value: checks.optional_number(name, value, above=0))
    clipvalue = Setting(lambda name, value: checks.optional_number(name, value, above=0))
    global_clipnorm = Setting(lambda name, value: checks.optional_number(name, value, above=0))
    use_ema = Choice(False)
    loss_scale_factor = Choice(None)
    gradient_accumulation_steps = Choice(None)

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
        **unknown: Any,
    ) -> None:
        owner = type(self).__name__
        for keyword in unknown:
            raise keywords.unexpected(owner, keyword, inspect.signature(type(self)).parameters)
        self._network: Network | None = None
        self._paths: tuple[str, ...] = ()
        self._state: _State | None = None
        self.name = checked_name(name, owner)
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.use_ema = use_ema
        self.ema_momentum = checks.number("ema_momentum", ema_momentum, at_least=0, at_most=1)
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
        before, self.__dict__[name] = self.__dict__[name], value
        try:
            self._check_clipping()
            if self._network is not None:
                self._network.set_optimizer(self.core_config(), True)
        except BaseException:
            self.__dict__[name] = before
            raise

    @property
    def iterations(self) -> SettableInt:
        """Number of updates made. Settable."""
        kept = 0 if self._state is None else self._state.iterations
        return SettableInt(kept if self._network is None else self._network.iterations,
                           Owned("iteration", f"{self.name}/iteration", lambda: self.iterations, self._set_iterations))

    @iterations.setter
    def iterations(self, value: int) -> None:
        self._set_iterations(value)

    def _set_iterations(self, value: Any) -> None:
        whole = isinstance(value, (float, np.floating)) and float(value).is_integer()
        count = checks.integer("iterations", int(value) if whole else value, at_least=0)
        if self._network is not None:
            self._network.iterations = count
        else:
            self._state = (self._state or _State(0, {}, None))._replace(iterations=count)

    @property
    def has_schedule(self) -> bool:
        """Whether the learning rate depends on the step."""
        return isinstance(self._learning_rate, schedules.LearningRateSchedule)

    @property
    def learning_rate(self) -> SettableFloat:
        """What the next update uses. Settable to a number at any time, unless the optimizer was made with a schedule.

        Raises:
            TypeError: When a number is set in place of a schedule.
        """
        return SettableFloat(self.rate_for_step(self.iterations),
                             Owned("learning_rate", f"{self.name}/learning_rate", lambda: self.learning_rate,
                                   self._set_learning_rate))

    @learning_rate.setter
    def learning_rate(self, value: float | schedules.LearningRateSchedule) -> None:
        self._set_learning_rate(value)

    def _set_learning_rate(self, value: Any) -> None:
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

    def check_attachable(self, network: Network, paths: Sequence[str]) -> None:
        """Whether `attach` can succeed.

        Raises:
            NotImplementedError: If the optimizer is written in Python.
            ValueError: If it belongs to another network, or has moments of other weights; or if its schedule returns no
                learning rate.
        """
        owner = type(self).__name__
        self.core_config()
        _checked_rate(self.rate_for_step(self.iterations))
        if self._network is not None and self._network is not network:
            raise ValueError(f"this {owner} already belongs to another model; make one for each model")
        if self._state is not None and self._state.paths not in (None, tuple(paths)):
            raise ValueError(f"this {owner} was trained with other weights, and has their moments; make a new one")

    def attach(self, network: Network, paths: Sequence[str]) -> None:
        """Makes this the optimizer of `network`, whose weights have these paths.

        It goes on where it was: with the updates it has made, and their moments.

        Raises:
            NotImplementedError, ValueError: See `check_attachable`.
        """
        self.check_attachable(network, paths)
        network.set_optimizer(self.core_config(), self._network is network)
        if self._state is not None:
            for name in set(self._state.slots).intersection(network.optimizer_slots):
                network.write(name, 0, self._state.slots[name])
            network.iterations = self._state.iterations
        network.learning_rate = self.rate_for_step(network.iterations)
        self._network, self._paths, self._state = network, tuple(paths), None

    def detach(self) -> None:
        """Undoes `attach`: the optimizer belongs to no network, and keeps what it has learned."""
        if self._network is not None:
            self._state, self._network = self._taken_state(), None

    def _taken_state(self) -> _State | None:
        """The state as it is in the network, or kept here; None where no update was made."""
        network = self._network
        if network is None:
            return self._state
        if network.iterations == 0:
            return None
        slots = {}
        size = sum(int(np.prod(shape)) for _, _, shape, _ in network.parameters)
        for name in network.optimizer_slots:
            slots[name] = np.empty(size, np.float32)
            network.read(name, 0, slots[name])
        return _State(network.iterations, slots, self._paths)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_network": None, "_state": self._taken_state()}

    def __copy__(self) -> Optimizer:
        """An independent copy."""
        return copy.deepcopy(self)

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
    return checks.number("learning_rate", value, at_least=0, below=LEARNING_RATES_END)
