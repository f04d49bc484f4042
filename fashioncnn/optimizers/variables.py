"""Variables of optimizers: those that hold what an optimizer remembers, and those that it updates without a model."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import Network
from fashioncnn.utils import checks
from fashioncnn.utils.variable import Place, Variable

_OF_ALL_OPTIMIZERS = ("average", "gradient_accumulator")  # slots that come first in Keras


def slot_variables(network: Network, owner: str, paths: Sequence[str], shapes: Sequence[tuple[int, ...]],
                   interleaved: Sequence[str], order: Sequence[int] | None = None) -> list[Variable]:
    """A variable for every slot of every trainable weight, in Keras's order.

    Args:
        network: Whose optimizer is meant.
        owner: The optimizer's name.
        paths: Those of the weights that the network's parameters are.
        shapes: The shapes of these weights.
        interleaved: Slots that come weight by weight; others come slot by slot.
        order: Of the parameters, by number; None: that of the network.
    """
    slots = network.optimizer_slots
    first = [(name,) for name in _OF_ALL_OPTIMIZERS if name in slots]
    together = [tuple(interleaved)] if interleaved else []
    others = [(name,) for name in slots if (name,) not in first and name not in interleaved]
    parameters = list(zip(network.parameters, paths, shapes, network.optimized, strict=True))
    weights = [(path, shape, offset) for (*_, offset), path, shape, optimized
               in (parameters if order is None else [parameters[number] for number in order]) if optimized]
    return [_slot_variable(network, owner, f"{path.replace('/', '_')}_{name}", shape, Place(network, offset, name))
            for group in (*first, *together, *others) for path, shape, offset in weights for name in group]


def _slot_variable(network: Network, owner: str, name: str, shape: tuple[int, ...], place: Place) -> Variable:
    variable = Variable(np.zeros(shape, np.float32), trainable=False, name=name)
    variable.path = f"{owner}/{name}"
    variable.move(place)
    return variable


class Group:
    """Variables that belong to no model, as an optimizer needs them: as the parameters of a network.

    The network has their values only during an update, and never runs.

    Args:
        variables: The variables; anything that has a shape and `assign` and can be made an array will do.

    Raises:
        ArgumentError: If one is not such an object.
        ValueError: If one is to be overwritten by its gradient.
    """

    def __init__(self, variables: Sequence[Any]) -> None:
        for variable in variables:
            if not hasattr(variable, "assign") or not hasattr(variable, "shape"):
                raise checks.ArgumentError(f"an optimizer updates variables, got {variable!r}")
            if getattr(variable, "overwrite_with_gradient", False):
                raise checks.unsupported("Variable", "overwrite_with_gradient", True, "False")
        self.variables = list(variables)
        self.paths = [str(getattr(variable, "path", variable.name)) for variable in self.variables]
        self.shapes = [tuple(variable.shape) for variable in self.variables]
        self.network = Network(_nodes_with([int(np.prod(variable.shape)) for variable in self.variables]))

    def position(self, variable: Any) -> int | None:
        """Which of the variables this is; None: none of them."""
        return next((i for i, known in enumerate(self.variables) if known is variable), None)

    def load(self) -> None:
        """Takes the variables' values into the network."""
        for (_, _, _, offset), variable in zip(self.network.parameters, self.variables, strict=True):
            self.network.write("weights", offset, np.ravel(np.asarray(variable, np.float32)))

    def store(self, positions: Sequence[int]) -> None:
        """Gives some variables the values that the network has, as their constraints allow."""
        parameters = self.network.parameters
        for position in positions:
            variable = self.variables[position]
            values = np.empty(variable.shape, np.float32)
            self.network.read("weights", parameters[position][3], values)
            variable.assign(values)
            if getattr(variable, "constraint", None) is not None:
                variable.assign(variable.constraint(variable))


def _nodes_with(sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Nodes whose parameters have these sizes. Each node needs a user, so there is one sum of one number of each."""
    nodes: list[dict[str, Any]] = [{"type": "input", "name": "one", "shape": (1,)}]
    for number, size in enumerate(sizes):
        last = len(nodes)
        nodes += [
            {"type": "dense", "name": f"variable {number}", "inputs": (0,), "units": size, "use_bias": False},
            {"type": "reshape", "name": "image", "inputs": (last,), "target_shape": (size, 1, 1)},
            {"type": "global_max_pooling2d", "name": "one", "inputs": (last + 1,), "keepdims": False},
        ]
    if len(sizes) > 1:
        nodes.append({"type": "add", "name": "sum", "inputs": tuple(range(3, len(nodes), 3))})
    return nodes


def given_gradients(gradients: Sequence[Any], positions: Sequence[int], shapes: Sequence[tuple[int, ...]],
                    paths: Sequence[str]) -> dict[int, NDArray[np.float32]]:
    """The gradients that are not None, by the positions of their variables.

    Raises:
        ArgumentError: If a gradient is not made of numbers.
        ValueError: If there is none, or one has another shape than its variable.
    """
    found = {}
    for gradient, position, shape in zip(gradients, positions, shapes, strict=True):
        if gradient is None:
            continue
        array = np.asarray(gradient)
        if array.dtype.kind not in "biuf":
            raise checks.ArgumentError(f"the gradient of '{paths[position]}' has dtype {array.dtype}; expected numbers")
        if array.shape != tuple(shape):
            raise ValueError(f"the gradient of '{paths[position]}' has shape {array.shape}; the variable has "
                             f"{tuple(shape)}")
        found[position] = np.ascontiguousarray(array, np.float32)
    if not found:
        raise ValueError("no gradient is given for any variable: all of them are None")
    missing = [paths[position] for position in positions if position not in found]
    if missing:
        warnings.warn(f"there is no gradient for the variables {', '.join(missing)}, which stay as they are",
                      stacklevel=4)
    return found
