"""From layers to the core: the list of nodes that a network is made of, and whose weights are whose."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fashioncnn._core import Network

if TYPE_CHECKING:
    from fashioncnn.layers.layer import Layer

Shape = tuple[int, ...]


class Graph:
    """The nodes of one network while it is being described. Layers add themselves through `Layer.connect`."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.owners: list[Layer | None] = []
        self.connections: list[tuple[Layer, tuple[int, ...], int]] = []

    def input(self, shape: Sequence[int], name: str) -> int:
        """Adds an input of `shape` (without the batch axis); returns its position."""
        return self._append(None, {"type": "input", "name": name, "inputs": (), "shape": tuple(shape)})

    def add(self, layer: Layer, node_type: str, *inputs: int, **attributes: Any) -> int:
        """Adds a node of the core's `node_type` that belongs to `layer`; returns its position."""
        return self._append(layer, {"type": node_type, "name": layer.name, "inputs": inputs, **attributes})

    def _append(self, layer: Layer | None, node: dict[str, Any]) -> int:
        self.nodes.append(node)
        self.owners.append(layer)
        return len(self.nodes) - 1

    def shape(self, position: int) -> Shape:
        """Shape of a node's output, without the batch axis.

        Raises:
            ValueError: If the nodes so far do not fit together.
        """
        node = self.nodes[position]
        if node["type"] == "input":
            return tuple(node["shape"])
        return Network(self.nodes[: position + 1]).output_shapes[position]

    def build(self) -> tuple[Network, list[Parameter]]:
        """The network, and its parameters in the core's order, with the values that the layers have or start with.

        When all is well, and not before, the layers learn their shapes. Whose the weights are from now on is left to
        `Layer.adopt`.

        Raises:
            ValueError: If the nodes do not fit together, or a layer has weights of other shapes already.
        """
        network = Network(self.nodes)
        weights = network.weights
        parameters = []
        for node, name, shape, offset in network.parameters:
            layer = self.owners[node]
            assert layer is not None, "only layers have parameters"
            known = layer.variable(name)
            if known is not None and known.shape != shape:
                raise ValueError(f"{type(layer).__name__} '{layer.name}' has a {name} of shape {known.shape} already; "
                                 f"this input needs {shape}. Make a new layer for it.")
            view = weights[offset : offset + math.prod(shape)].reshape(shape)
            view[...] = layer.initial_value(name, shape) if known is None else known.value
            parameters.append(Parameter(layer, name, view))
        shapes = network.output_shapes
        for layer, inputs, output in self.connections:
            layer.set_shapes(shapes[inputs[0]], shapes[output])
        return network, parameters


class Parameter:
    """One parameter of a network: the layer that it belongs to, its name there, and a view of the core's memory."""

    __slots__ = ("layer", "name", "view")

    def __init__(self, layer: Layer, name: str, view: Any) -> None:
        self.layer = layer
        self.name = name
        self.view = view
