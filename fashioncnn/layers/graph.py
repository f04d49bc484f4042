"""From layers to the core: the list of nodes that a network is made of, and whose weights are whose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import Network
from fashioncnn.utils import checks

if TYPE_CHECKING:
    from fashioncnn.layers.layer import Layer

Shape = tuple[int, ...]


class Parameter(NamedTuple):
    """One parameter of a network: the layer whose weight it is, and where its values are in the network's vectors."""

    layer: Layer
    name: str
    path: str
    shape: Shape
    offset: int

    def read(self, network: Network) -> NDArray[np.float32]:
        """The values that the network has."""
        values = np.empty(self.shape, np.float32)
        network.read("weights", self.offset, values)
        return values


class Graph:
    """The nodes of one network while it is being described. Nothing changes but the graph itself until `settle`."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self._owners: list[tuple[Layer, str] | None] = []
        self._entered: list[Layer] = []
        self._scope: list[str] = []
        self._shapes: list[tuple[Layer, tuple[int, ...], int]] = []

    def input(self, shape: Sequence[int], name: str) -> int:
        """Adds an input of `shape` (without the batch axis); returns its position."""
        return self._append(None, {"type": "input", "name": name, "inputs": (), "shape": tuple(shape)})

    def connect(self, layer: Layer, *inputs: int) -> int:
        """Adds what does the layer's work on the outputs of the nodes at `inputs`; returns its output's position.

        Raises:
            NotImplementedError: If the layer redefines what the core does.
            ValueError: If it does not fit, or is in the graph already.
        """
        if any(layer is known for known in self._entered):
            raise ValueError(f"the layer '{layer.name}' in two places of one model is not supported by fashioncnn "
                             "(yet): weights cannot be shared; make another layer of that kind")
        layer.refuse_overrides()
        self._entered.append(layer)
        self._scope.append(layer.name)
        output = layer.add_to(self, *inputs)
        self._scope.pop()
        self._shapes.append((layer, inputs, output))
        return output

    def add(self, layer: Layer, node_type: str, *inputs: int, **attributes: Any) -> int:
        """Adds a node of the core's `node_type` that belongs to `layer`; returns its position."""
        owner = (layer, "/".join(self._scope))
        return self._append(owner, {"type": node_type, "name": layer.name, "inputs": inputs, **attributes})

    def _append(self, owner: tuple[Layer, str] | None, node: dict[str, Any]) -> int:
        self.nodes.append(node)
        self._owners.append(owner)
        return len(self.nodes) - 1

    def shape(self, position: int) -> Shape:
        """Shape of a node's output, without the batch axis.

        Raises:
            ValueError: If the nodes so far do not fit together.
        """
        node = self.nodes[position]
        if node["type"] == "input":
            return tuple(node["shape"])
        earlier = self.nodes[: position + 1]
        used = {i for node in earlier for i in node["inputs"]}
        ends = [i for i in range(len(earlier)) if i not in used]
        return Network(earlier, ends).node_shapes[position]

    def build(self) -> tuple[Network, list[Parameter]]:
        """The network, and its parameters in the core's order, with the values that the layers have or start with.

        Raises:
            ValueError: If the nodes do not fit together, or a layer has weights of other shapes already.
        """
        network = Network(self.nodes)
        for node, outputs in zip(self.nodes, network.node_shapes, strict=True):
            if node["type"] == "softmax":
                checks.warn_of_one_unit(outputs[-1])
        parameters = []
        for position, name, shape, offset in network.parameters:
            owner = self._owners[position]
            assert owner is not None, "only layers have parameters"
            layer, scope = owner
            shape = layer.weight_shape(name, shape)
            parameters.append(Parameter(layer, name, layer.path_of(name, scope), shape, offset))
            values = np.empty(shape, np.float32)
            values[...] = layer.values_of(name, shape)
            network.write("weights", offset, values)
        return network, parameters

    def settle(self, network: Network) -> None:
        """Tells the layers the shapes of what goes in and out, once nothing can fail any more."""
        shapes = network.node_shapes
        for layer, inputs, output in self._shapes:
            layer.set_shapes(shapes[inputs[0]], shapes[output])
