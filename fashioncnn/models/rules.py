"""Regularizers and constraints that users wrote: what the core does not know, done before and after its update.

A penalty depends on the weight alone, so it is a small network of its own, whose only parameter is a copy of the
weight: its loss is the penalty, and its gradient goes to that of the loss before the update. A constraint is called
with the weight as an array when all weights have been updated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from fashioncnn._core import Network
from fashioncnn.layers.graph import Graph, Parameter
from fashioncnn.layers.layer import Layer
from fashioncnn.utils import checks, tracing
from fashioncnn.utils.overrides import is_written
from fashioncnn.utils.tensor import tensor

ONE = np.zeros((1, 1), np.float32)  # an image and a target that nobody looks at


class Penalty:
    """A regularizer that a user wrote, traced for the weight of one parameter.

    Args:
        regularizer: A function of a tensor, or an object with such a `__call__`.
        parameter: Whose weight is penalized.

    Raises:
        ArgumentError: If it returns anything but one number that it makes of the weight.
        NotImplementedError: If it does what cannot be traced.
    """

    def __init__(self, regularizer: Any, parameter: Parameter) -> None:
        self.offset = parameter.offset
        self._shape = parameter.shape
        title = getattr(regularizer, "__name__", type(regularizer).__name__)
        holder = Layer(name=title)
        copy = holder.add_weight(parameter.shape, "zeros", name="copy")
        graph = Graph()
        graph.input((1,), "input")
        with tracing.running(tracing.Trace(graph, holder)) as trace:
            penalty = trace.operand(regularizer(trace.weight(copy)))
            if penalty.shape != ():
                raise checks.ArgumentError(f"the regularizer '{title}' must return one number, got a tensor of shape "
                                           f"{penalty.shape}: ops.sum() makes one")
            column = trace.reshaped(penalty, (1,))
        self._network, self._parameters = graph.build([column.position])
        self._network.set_objective({"type": "value"}, ())

    def of(self, weight: Any) -> float:
        """The penalty of a weight, whose gradient `gradient` returns then."""
        for parameter in self._parameters:
            self._network.write("weights", parameter.offset, weight)
        return self._network.compute_gradients(ONE, ONE, None, 0, 1)[0]

    def gradient(self) -> Any:
        """See `of`."""
        found = np.zeros(self._shape, np.float32)
        for parameter in self._parameters:
            self._network.read("gradients", parameter.offset, found)
        return found


class Constraining:
    """A constraint that a user wrote, for the weight of one parameter."""

    def __init__(self, constraint: Any, parameter: Parameter) -> None:
        self.offset = parameter.offset
        self._constraint, self._parameter = constraint, parameter

    def apply(self, weight: Any) -> Any:
        """What becomes of a weight.

        Raises:
            ArgumentError: If the constraint returns anything but finite numbers of the weight's shape.
        """
        found = np.asarray(self._constraint(tensor(weight)))
        if found.shape != self._parameter.shape or found.dtype.kind not in "biuf" or not np.isfinite(found).all():
            raise checks.ArgumentError(f"the constraint of '{self._parameter.path}' must return finite numbers of its "
                                       f"shape {self._parameter.shape}, got {found!r}")
        return found.astype(np.float32)


class RuledNetwork:
    """A network whose weights obey what users wrote, too; it looks like any other.

    Args:
        network: The network.
        parameters: Its parameters.
    """

    _network: Network
    _parameters: Sequence[Parameter]
    _penalties: dict[int, Penalty]
    _constraints: dict[int, Constraining]

    def __init__(self, network: Network, parameters: Sequence[Parameter]) -> None:
        rules = [parameter.layer.rules_of(parameter.name) for parameter in parameters]
        penalties = {number: Penalty(regularizer, parameters[number])
                     for number, (regularizer, _) in enumerate(rules) if is_written(regularizer)}
        constraints = {number: Constraining(constraint, parameters[number])
                       for number, (_, constraint) in enumerate(rules) if is_written(constraint)}
        self.__dict__.update(_network=network, _parameters=parameters, _penalties=penalties, _constraints=constraints)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._network, name, value)

    def train_step(self, *batch: Any) -> tuple[float, ...]:
        """See `Network.train_step`."""
        if self._penalties:
            results = self.compute_gradients(*batch)
            self.apply_gradients()
            return results
        results = self._network.train_step(*batch)
        self._constrain()
        return results

    def test_step(self, *batch: Any) -> tuple[float, ...]:
        """See `Network.test_step`."""
        return self._with(sum(self._penalty(number) for number in self._acting(self._penalties)),
                          self._network.test_step(*batch))

    def compute_gradients(self, *batch: Any) -> tuple[float, ...]:
        """See `Network.compute_gradients`."""
        results = self._network.compute_gradients(*batch)
        total = 0.0
        for number in self._acting(self._penalties):
            total += self._penalty(number)
            gradient = self._read("gradients", number) + self._penalties[number].gradient()
            self._network.write("gradients", self._penalties[number].offset, gradient)
        return self._with(total, results)

    def apply_gradients(self) -> None:
        """See `Network.apply_gradients`."""
        self._network.apply_gradients()
        self._constrain()

    def _constrain(self) -> None:
        for number in self._acting(self._constraints):
            constraint = self._constraints[number]
            self._network.write("weights", constraint.offset, constraint.apply(self._read("weights", number)))

    def _acting(self, rules: dict[int, Any]) -> list[int]:
        """As in Keras, what is trainable obeys."""
        trainable = self._network.trainable
        return [number for number in rules if trainable[number]]

    def _penalty(self, number: int) -> float:
        return self._penalties[number].of(self._read("weights", number))

    def _read(self, vector: str, number: int) -> Any:
        values = np.empty(self._parameters[number].shape, np.float32)
        self._network.read(vector, self._parameters[number].offset, values)
        return values

    @staticmethod
    def _with(penalty: float, results: tuple[float, ...]) -> tuple[float, ...]:
        return (results[0] + penalty, *results[1:])


def with_written(network: Network, parameters: Sequence[Parameter]) -> Network:
    """The network; where a weight has a regularizer or a constraint that a user wrote, one that obeys it."""
    if any(is_written(rule) for parameter in parameters for rule in parameter.layer.rules_of(parameter.name)):
        return cast(Network, RuledNetwork(network, parameters))
    return network
