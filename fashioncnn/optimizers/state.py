"""What an optimizer counts and remembers, and where it is: in the network of a model, or of variables without one."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashioncnn.optimizers.variables import Group, given_gradients, slot_variables
from fashioncnn.utils import checks
from fashioncnn.utils.numbers import Owned, SettableFloat, SettableInt
from fashioncnn.utils.settings import Configured

if TYPE_CHECKING:
    from fashioncnn._core import Network


class _Exclusion(NamedTuple):
    """The variables that do not decay."""

    variables: tuple[Any, ...]
    pattern: str | None  # found in their names


class _State(NamedTuple):
    """What an optimizer keeps while no network holds it."""

    iterations: int  # as the core counts them
    slots: dict[str, NDArray[np.float32]]
    paths: tuple[str, ...] | None  # of the weights that the slots go with; None: of none


class Stateful(Configured):
    """The part of an optimizer that belongs to the weights that it updates. A base class of `Optimizer`."""

    name: str
    use_ema: bool
    gradient_accumulation_steps: int | None
    loss_scale_factor: float | None
    _interleaved: ClassVar[tuple[str, ...]] = ()  # slots that `variables` has weight by weight

    def __init__(self) -> None:
        self._network: Network | None = None
        self._group: Group | None = None  # whose network it is, where it is no model's
        self._paths: tuple[str, ...] = ()
        self._order: tuple[int, ...] | None = None  # in which `variables` has the weights; None: as the network
        self._shapes: tuple[tuple[int, ...], ...] = ()
        self._state: _State | None = None
        self._without_decay = _Exclusion((), None)
        self._is_prepared = False

    @property
    def has_moments(self) -> bool:
        """Whether there are moments in Keras's sense: since the first update, or since `build`."""
        return self._batches > 0 or self._is_prepared

    @property
    def _is_used(self) -> bool:
        """Whether there are, or were, weights to update."""
        return self._network is not None or self._state is not None

    @property
    def _steps(self) -> int:
        """Batches that gradients are averaged over."""
        return self.gradient_accumulation_steps or 1

    @property
    def _batches(self) -> int:
        """Number of batches that gradients came from: the number of updates, if none are averaged."""
        kept = 0 if self._state is None else self._state.iterations
        return kept if self._network is None else self._network.iterations

    @property
    def iterations(self) -> SettableInt:
        """Number of updates made. Settable, unless gradients are averaged over several batches."""
        return SettableInt(self._batches // self._steps,
                           Owned("iteration", f"{self.name}/iteration", lambda: self.iterations, self._set_iterations))

    @iterations.setter
    def iterations(self, value: int) -> None:
        self._set_iterations(value)

    def _set_iterations(self, value: Any) -> None:
        if self._steps > 1:
            raise AttributeError("`iterations` cannot be set where `gradient_accumulation_steps` is: it would not say "
                                 "how many of the batches of the next update have been seen")
        whole = isinstance(value, (float, np.floating)) and float(value).is_integer()
        self._set_batches(checks.integer("iterations", int(value) if whole else value, at_least=0))

    def _set_batches(self, count: int) -> None:
        if self._network is not None:
            self._network.iterations = count
        else:
            self._state = (self._state or _State(0, {}, None))._replace(iterations=count)

    def check_attachable(self, network: Network, paths: Sequence[str]) -> None:
        """Whether `attach` can succeed.

        Raises:
            NotImplementedError: If the optimizer is written in Python.
            ValueError: If it belongs to another network, or has moments of other weights; or if its schedule returns no
                learning rate.
        """
        owner = type(self).__name__
        self.core_config()
        self._check_rate()
        if self._network not in (None, network) and self._group is None:
            raise ValueError(f"this {owner} already belongs to another model; make one for each model")
        state = self._state if self._network is network else self._taken_state()
        if state is not None and state.paths not in (None, tuple(paths)):
            raise ValueError(f"this {owner} was trained with other weights, and has their moments; make a new one")

    def attach(self, network: Network, paths: Sequence[str], shapes: Sequence[tuple[int, ...]] | None = None,
               group: Group | None = None) -> None:
        """Makes this the optimizer of `network`, which is a model's or a group's.

        Args:
            network: The network.
            paths: The paths of the weights that its parameters are.
            shapes: The shapes of these weights; None: those of the parameters.
            group: Whose network it is, where it is no model's.

        It goes on where it was: with the updates it has made, and their moments.

        Raises:
            NotImplementedError, ValueError: See `check_attachable`.
        """
        self.check_attachable(network, paths)
        stays = self._network is network
        if not stays:
            self.detach()
        network.set_optimizer(self.core_config(), stays)
        if self._state is not None:
            for name in set(self._state.slots).intersection(network.optimizer_slots):
                network.write(name, 0, self._state.slots[name])
            network.iterations = self._state.iterations
        network.learning_rate = self.rate_for_step(network.iterations)
        self._network, self._group, self._state = network, group, None
        self._paths = tuple(paths)
        self._shapes = tuple(shape for _, _, shape, _ in network.parameters) if shapes is None else tuple(shapes)
        self._order = None
        network.decays = self._decays()

    def order_slots(self, order: Sequence[int]) -> None:
        """Says in which order `variables` has what goes with the network's parameters, by their numbers."""
        self._order = tuple(order)

    def detach(self) -> None:
        """Undoes `attach`: the optimizer belongs to no network, and keeps what it has learned."""
        if self._network is not None:
            self._state, self._network, self._group = self._taken_state(), None, None

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
        return {**self.__dict__, "_network": None, "_group": None, "_state": self._taken_state()}

    def __copy__(self) -> Stateful:
        """An independent copy."""
        return copy.deepcopy(self)

    @property
    def variables(self) -> list[Any]:
        """What the optimizer counts and remembers, as variables: `iterations`, `learning_rate` unless it is a schedule
        or a function, and once the optimizer has weights to update the moments of those that are trainable."""
        rates = [] if self.has_schedule else [self.learning_rate]
        slots = [] if self._network is None else slot_variables(self._network, self.name, self._paths,
                                                                self._shapes, self._interleaved, self._order)
        return [self._count, *rates, *slots]

    @property
    def _count(self) -> SettableInt:
        """The batches as a variable."""
        return SettableInt(self._batches, Owned("iteration", f"{self.name}/iteration", lambda: self._count,
                                                lambda value: self._set_batches(int(value))))

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Gives `variables` new values.

        Raises:
            ValueError: If the optimizer has no weights to update yet, or the number or a shape does not fit; then
                nothing was changed.
        """
        if not self.built:
            raise ValueError("set_weights() needs an optimizer that has weights to update: of a compiled model that is "
                             "built, or after build(variables)")
        variables, values = self.variables, [np.asarray(value) for value in weights]
        if len(values) != len(variables):
            raise ValueError(f"set_weights() got {len(values)} arrays; the optimizer has {len(variables)} variables")
        for variable, value in zip(variables, values, strict=True):
            if value.shape != tuple(variable.shape):
                raise ValueError(f"set_weights() got an array of shape {value.shape} for '{variable.path}', which has "
                                 f"shape {tuple(variable.shape)}")
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value if value.ndim else value[()])

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Puts the values of `variables` into a mapping, under their numbers."""
        for number, variable in enumerate(self.variables):
            store[str(number)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Takes the values of `variables` from a mapping that `save_own_variables` filled. Errors as of `set_weights`.
        """
        self.set_weights([store[str(number)] for number in range(len(store))])

    @property
    def built(self) -> bool:
        """Whether there are weights to update."""
        return self._network is not None

    def build(self, variables: Iterable[Any]) -> None:
        """Makes the moments of variables that are to be updated without a model; nothing, where there are some already.

        Raises:
            ArgumentError: If one is not a variable.
            ValueError: If the optimizer has moments of other variables.
        """
        variables = list(variables)
        self._is_prepared = True
        if variables and not self.built:
            group = Group(variables)
            self.attach(group.network, group.paths, group.shapes, group)

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> SettableInt:
        """One update of variables from their gradients, with pairs of both; returns `iterations`. See `apply`.

        Example:
            >>> from fashioncnn import Variable
            >>> from fashioncnn.optimizers import SGD
            >>> variable = Variable([1.0, 2.0])
            >>> SGD(0.5).apply_gradients([([1.0, -1.0], variable)])
            1
            >>> variable.numpy().tolist()
            [0.5, 2.5]
        """
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])
        return self.iterations

    def apply(self, grads: Iterable[Any], trainable_variables: Iterable[Any] | None = None) -> None:
        """One update of variables from their gradients.

        Args:
            grads: Arrays in the shapes of the variables. None: that variable stays as it is, which is warned of.
            trainable_variables: The variables: a model's, if the optimizer is that model's; None: all.

        Raises:
            ArgumentError: If something is not a variable, or a gradient is not made of numbers.
            FloatingPointError: If a new value is not finite: see `Model.fit`.
            ValueError: If the numbers or shapes do not fit, no gradient is given, or a variable is not one of those
                that the optimizer has moments of.
        """
        gradients = list(grads)
        if not gradients:
            return
        variables = None if trainable_variables is None else list(trainable_variables)
        if variables is not None:
            self.build(variables)
        network = self._network
        if network is None:
            raise ValueError("apply() needs variables: pass them, or call build(variables) before")
        positions = [i for i, optimized in enumerate(network.optimized) if optimized] if variables is None else [
            self._position(variable) for variable in variables]
        if len(gradients) != len(positions):
            raise ValueError(f"apply() got {len(gradients)} gradients for {len(positions)} variables")
        shapes = [self._shape(position) for position in positions]
        self._update(network, given_gradients(gradients, positions, shapes, self._paths), positions)

    def _update(self, network: Network, gradients: Mapping[int, NDArray[np.float32]], positions: Sequence[int]) -> None:
        """One update of the parameters at `positions` that have gradients."""
        for argument in ("use_ema", "gradient_accumulation_steps"):
            if len(gradients) < len(positions) and getattr(self, argument):
                raise checks.unsupported("an update without some of the gradients", argument, getattr(self, argument),
                                         "gradients of all variables")
        parameters, before = network.parameters, network.trainable
        for position, gradient in gradients.items():
            network.write("gradients", parameters[position][3], gradient / np.float32(self.loss_scale_factor or 1))
        if self._group is not None:
            self._group.load()
        network.trainable = [position in gradients for position in range(len(parameters))]
        try:
            network.learning_rate = self.rate_for_step(network.iterations)
            network.apply_gradients()
        finally:
            network.trainable = before
        if self._group is not None:
            self._group.store(list(gradients))

    def _position(self, variable: Any) -> int:
        """Which of the network's parameters a variable is."""
        position = self._group.position(variable) if self._group is not None else None
        place = getattr(variable, "place", None)
        if self._group is None and self._network is not None and place is not None and place.network is self._network:
            offsets = [offset for _, _, _, offset in self._network.parameters]
            position = offsets.index(place.offset)
        if position is None:
            raise ValueError(f"the variable '{getattr(variable, 'path', variable)}' is not one of those that this "
                             "optimizer has moments of; make another optimizer for it")
        return position

    def _shape(self, position: int) -> tuple[int, ...]:
        """The shape of a variable."""
        if self._group is not None:
            return tuple(self._group.variables[position].shape)
        assert self._network is not None, "it has parameters"
        return self._network.parameters[position][2]

    def finalize_variable_values(self, var_list: Iterable[Any]) -> None:
        """Gives variables their moving average for a value, where there is one (`use_ema`). `fit` ends with that.

        Raises:
            ValueError: If a variable is not one of those that the optimizer has moments of.
        """
        if not self.use_ema or self._network is None:
            return
        for variable in var_list:
            variable.assign(self._average(variable)[1])

    def swap_averages(self, var_list: Iterable[Any]) -> None:
        """Exchanges variables and their moving averages. See `callbacks.SwapEMAWeights`.

        Raises:
            ValueError: If the optimizer keeps no averages, or has no moments of one of the variables.
        """
        if not self.use_ema or self._network is None:
            raise ValueError(f"there are no averages of weights to take their place: {type(self).__name__} needs "
                             f"use_ema=True, and weights to update; it has use_ema={self.use_ema}")
        for variable in var_list:
            offset, average = self._average(variable)
            weights = np.asarray(variable, np.float32)
            variable.assign(average)
            self._network.write("average", offset, np.ascontiguousarray(weights))

    def keep_as_averages(self, var_list: Iterable[Any]) -> None:
        """Makes variables, as they are, their own moving averages. Errors as of `swap_averages`."""
        self.swap_averages(var_list)
        self.finalize_variable_values(var_list)

    def _average(self, variable: Any) -> tuple[int, NDArray[np.float32]]:
        """Where a variable's average is in the network's vector, and its values: those of the variable before any."""
        assert self._network is not None, "it has averages"
        offset, average = self._network.parameters[self._position(variable)][3], np.empty(variable.shape, np.float32)
        self._network.read("average", offset, average)
        return offset, np.where(np.isnan(average), np.asarray(variable), average)

    def exclude_from_weight_decay(self, var_list: Iterable[Any] | None = None,
                                  var_names: Iterable[str] | None = None) -> None:
        """Says which variables `weight_decay` does not act on, instead of what was said before.

        Args:
            var_list: Variables.
            var_names: Patterns: variables in whose names one is found. ``["bias"]`` excludes all biases.

        Example:
            >>> from fashioncnn.optimizers import AdamW
            >>> optimizer = AdamW(weight_decay=0.01)
            >>> optimizer.exclude_from_weight_decay(var_names=["bias"])
        """
        names = list(var_names or ())
        self._without_decay = _Exclusion(tuple(var_list or ()), "|".join(names) if names else None)
        if self._network is not None:
            self._network.decays = self._decays()

    def _decays(self) -> list[bool]:
        """Of every parameter, whether it decays."""
        excluded, pattern = self._without_decay
        if self._group is not None:
            members = [any(variable is other for other in excluded) for variable in self._group.variables]
        else:
            members = [path in [variable.path for variable in excluded] for path in self._paths]
        return [not member and (pattern is None or re.search(pattern, path.rpartition("/")[2]) is None)
                for member, path in zip(members, self._paths, strict=True)]

    @property
    def has_schedule(self) -> bool:
        raise NotImplementedError

    @property
    def learning_rate(self) -> SettableFloat:
        raise NotImplementedError

    def rate_for_step(self, step: int) -> float:
        raise NotImplementedError

    def _check_rate(self) -> None:
        raise NotImplementedError

    def core_config(self) -> dict[str, Any]:
        raise NotImplementedError
