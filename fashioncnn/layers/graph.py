"""From layers to the core: the list of nodes that a network is made of, and whose weights are whose."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import Network, describe
from fashioncnn.constraints import Constraint
from fashioncnn.layers.symbolic import Extents
from fashioncnn.regularizers import Regularizer
from fashioncnn.utils import checks, naming
from fashioncnn.utils.overrides import is_written
from fashioncnn.utils.variable import Variable

Shape = tuple[int, ...]
SEED_STEP = 0x9E3779B97F4A7C15  # from one use of a layer to the next


class GraphLayer(Protocol):
    """What a graph and its users ask of a layer. `fashioncnn.layers.Layer` says more of each."""

    name: str
    statistics: ClassVar[tuple[str, ...]]
    _variables: dict[str, Variable]

    def refuse_overrides(self) -> None: ...
    def nodes_for(self, graph: Graph, *inputs: int) -> int | list[int]: ...
    def penalty_for_outputs(self) -> dict[str, float] | None: ...
    def add_written_penalty(self, graph: Graph, outputs: Sequence[int]) -> None: ...
    def weight_shape(self, name: str, shape: Shape) -> Shape: ...
    def path_of(self, name: str, scope: str) -> str: ...
    def first_values_of(self, parameter: Parameter) -> NDArray[np.float32]: ...
    def rules_of(self, name: str) -> tuple[Regularizer | None, Constraint | None]: ...
    def set_shapes(self, inputs: Sequence[Extents], outputs: Sequence[Extents]) -> None: ...
    def weight_of(self, parameter: Parameter, values: NDArray[np.float32]) -> Variable: ...
    def may_change(self, name: str) -> bool: ...
    def check_shape_of(self, name: str, shape: Shape) -> None: ...
    def note_penalties(self, penalties: Sequence[Any]) -> None: ...


class Parameter(NamedTuple):
    """One parameter of a network: the layer whose weight it is, and where its values are in the network's vectors."""

    layer: GraphLayer
    name: str
    path: str
    shape: Shape
    offset: int

    def read(self, network: Network) -> NDArray[np.float32]:
        """The values that the network has."""
        values = np.empty(self.shape, np.float32)
        network.read("weights", self.offset, values)
        return values


class Use(NamedTuple):
    """One use of a layer: the shapes of what goes in and out, without the batch axis."""

    layer: GraphLayer
    inputs: Sequence[Extents]
    outputs: Sequence[Extents]


class Description(NamedTuple):
    """What a layer is made of, for inputs of some shapes: the uses of all layers, its own being the last, and the
    parameters of a network of them."""

    uses: list[Use]
    parameters: list[Parameter]


class _Uses:
    """The uses of one layer: the nodes of the first, whose parameters the others share, and how many there were."""

    def __init__(self, layer: GraphLayer) -> None:
        self.layer = layer
        self.first: list[int] = []
        self.count = 0
        self.added = 0  # nodes of the use that is being added


class Graph:
    """The nodes of one network while it is being described. Nothing changes but the graph itself."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.penalized: list[GraphLayer] = []  # by whose outputs' penalties, in the order of the nodes that find them
        self._owners: list[tuple[GraphLayer, str] | None] = []
        self._uses: dict[int, _Uses] = {}
        self._scope: list[str] = list(naming.scope())
        self._training: list[tuple[bool | None, bool]] = [(None, False)]  # and whether that is firm
        self._shapes: list[tuple[GraphLayer, tuple[int, ...], list[int]]] = []
        self._known_shapes: list[Shape] = []
        self._called: dict[tuple[int, str], str] = {}
        self.losses: list[Any] = []  # traced tensors that layers add to the loss
        self._operated: set[int] = set()  # nodes that `operate` added
        self._weighed: dict[tuple[int, str], int] = {}  # the first node of a layer's weight

    def input(self, shape: Sequence[int], name: str) -> int:
        """Adds an input of `shape` (without the batch axis); returns its position."""
        return self._append(None, {"type": "input", "name": name, "inputs": (), "shape": tuple(shape)})

    def connect(self, layer: GraphLayer, *inputs: int, training: bool | None = None,
                firm: bool = False) -> list[int]:
        """Adds what does the layer's work on the outputs of the nodes at `inputs`; returns its outputs' positions.

        A layer may be connected several times; it has the same weights in all places.

        Args:
            layer: The layer.
            inputs: Positions of nodes.
            training: Whether the layer acts as in training; None: as nobody says. A model around it that was told so
                itself, and whoever runs the network, are heard first.
            firm: Whether `training` counts whatever they say, as in code that a user wrote.

        Raises:
            NotImplementedError: If the layer redefines what the core does, or has a penalty of another kind.
            ValueError: If it does not fit.
        """
        layer.refuse_overrides()
        penalty = layer.penalty_for_outputs()
        uses = self._uses.setdefault(id(layer), _Uses(layer))
        uses.added = 0
        self._scope.append(layer.name)
        with self.acting(training, firm):
            position = layer.nodes_for(self, *inputs)
        outputs = [position] if isinstance(position, int) else position
        layer.add_written_penalty(self, outputs)
        if penalty is not None:
            outputs = [self.add(layer, "activity_regularization", output, **penalty) for output in outputs]
            self.penalized += [layer] * len(outputs)
        self._scope.pop()
        uses.count += 1
        self._shapes.append((layer, inputs, outputs))
        return outputs

    @contextmanager
    def acting(self, training: bool | None, firm: bool = False) -> Iterator[None]:
        """While nodes are added that act as in training, or not: see `connect`."""
        is_heard = training is not None and (firm or self._training[-1][0] is None)
        self._training.append((training, firm) if is_heard else self._training[-1])
        yield
        self._training.pop()

    @property
    def scope(self) -> tuple[str, ...]:
        """The names of the layers whose nodes are added, from the outermost on."""
        return tuple(self._scope)

    @property
    def firmly(self) -> bool | None:
        """Whether nodes that are added act as in training whoever runs the network; None: that is not known."""
        training, firm = self._training[-1]
        return training if firm else None

    def add(self, layer: GraphLayer, node_type: str, *inputs: int, **attributes: Any) -> int:
        """Adds a node of the core's `node_type` that belongs to `layer`; returns its position."""
        owner = (layer, "/".join(self._scope))
        node = self._told({"type": node_type, "name": layer.name, "inputs": inputs, **attributes})
        uses = self._uses.setdefault(id(layer), _Uses(layer))
        if uses.count == 0:
            uses.first.append(len(self.nodes))
        else:
            node["shares"] = uses.first[uses.added]
            if "seed" in node:
                node["seed"] = (node["seed"] + uses.count * SEED_STEP) % (1 << 62)
        uses.added += 1
        return self._append(owner, node)

    def state(self) -> Any:
        """What `go_back` takes."""
        uses = {key: (list(uses.first), uses.count, uses.added) for key, uses in self._uses.items()}
        return (len(self.nodes), len(self.penalized), len(self._shapes), list(self._scope), list(self._training),
                dict(self._called), dict(self._weighed), len(self.losses), uses)

    def go_back(self, state: Any) -> None:
        """Takes away what was added since the graph was in that state."""
        nodes, penalized, shapes, self._scope, self._training, self._called, self._weighed, losses, uses = state
        del self.nodes[nodes:], self._owners[nodes:], self._known_shapes[nodes:]
        self._operated = {position for position in self._operated if position < nodes}
        del self.penalized[penalized:], self._shapes[shapes:], self.losses[losses:]
        for key in [key for key in self._uses if key not in uses]:
            del self._uses[key]
        for key, (first, count, added) in uses.items():
            self._uses[key].first, self._uses[key].count, self._uses[key].added = first, count, added

    @property
    def is_told(self) -> bool:
        """Whether a node was told how to act."""
        return any("training" in node for node in self.nodes)

    @property
    def looks_at_batches(self) -> bool:
        """Whether predictions depend on the whole batch."""
        return any(node["type"] == "over_batch" or (node["type"] == "batch_normalization" and node.get("training"))
                   for node in self.nodes)

    def rename(self, position: int, name: str, called: str) -> None:
        """Tells what the layer calls its weight that the node at `position` calls `name`."""
        self._called[position, name] = called

    def _append(self, owner: tuple[GraphLayer, str] | None, node: dict[str, Any]) -> int:
        self.nodes.append(node)
        self._owners.append(owner)
        return len(self.nodes) - 1

    def next_seed(self, seed: int) -> int:
        """That of a node that is about to be added: a seed for each place in the graph."""
        return (seed + len(self.nodes) * SEED_STEP) % (1 << 62)

    def operate(self, layer: GraphLayer, node_type: str, *inputs: int, **attributes: Any) -> int:
        """Adds a node without parameters that computes for `layer`; returns its position. See `ops`."""
        self._operated.add(len(self.nodes))
        return self._append((layer, "/".join(self._scope)), self._told({
            "type": node_type, "name": layer.name, "inputs": inputs, **attributes}))

    def is_of_a_layer(self, position: int) -> bool:
        """Whether a layer added the node as its own work, and no function that was called on a tensor."""
        return position not in self._operated

    def weigh(self, layer: GraphLayer, weight: str, node_type: str, called: str, *inputs: int,
              **attributes: Any) -> int:
        """Adds a node whose only parameter, `called` so by its type, is the layer's `weight`; returns its position.

        All nodes of a weight have the same parameter, whatever their types.
        """
        node = {"type": node_type, "name": layer.name, "inputs": inputs, **attributes}
        first = self._weighed.setdefault((id(layer), weight), len(self.nodes))
        if first < len(self.nodes):
            node["shares"] = first
        position = self._append((layer, "/".join(self._scope)), self._told(node))
        self.rename(position, called, weight)
        return position

    def _told(self, node: dict[str, Any]) -> dict[str, Any]:
        training, firm = self._training[-1]
        if training is not None:
            node["training"] = training
        if firm:
            node["firm"] = True
        return node

    def shape(self, position: int) -> Shape:
        """Shape of a node's output, without the batch axis.

        Raises:
            ValueError: If the nodes so far do not fit together.
        """
        while position >= len(self._known_shapes):
            self._known_shapes.append(self._shape_of(self.nodes[len(self._known_shapes)]))
        return self._known_shapes[position]

    def _shape_of(self, node: Mapping[str, Any]) -> Shape:
        """The shape of one node's output, found from those of its inputs."""
        inputs = [{"type": "input", "name": "input", "inputs": (), "shape": self._known_shapes[position]}
                  for position in node["inputs"]]
        alone = {key: value for key, value in node.items() if key != "shares"}
        return describe([*inputs, {**alone, "inputs": tuple(range(len(inputs)))}])[0][-1]

    def describe(self) -> tuple[list[Shape], list[Parameter]]:
        """Shapes of all nodes' outputs, and the parameters that a network of them would have.

        Raises:
            ValueError: If the nodes do not fit together.
        """
        shapes, parameters = describe(self.nodes)
        self._known_shapes = list(shapes)
        return shapes, [self._parameter(*parameter) for parameter in parameters]

    def _parameter(self, position: int, name: str, shape: Shape, offset: int) -> Parameter:
        owner = self._owners[position]
        assert owner is not None, "only layers have parameters"
        layer, scope = owner
        name = self._called.get((position, name), name)
        return Parameter(layer, name, layer.path_of(name, scope), layer.weight_shape(name, shape), offset)

    def build(self, outputs: Sequence[int]) -> tuple[Network, list[Parameter]]:
        """The network, and its parameters in the core's order, with the values that the layers have or start with.

        Args:
            outputs: Positions of the nodes whose outputs are the network's.

        Raises:
            ValueError: If the nodes do not fit together, or a layer has weights of other shapes already.
        """
        kept = self._needed(outputs)
        network = Network(*self.needed(outputs))
        for position, shape in zip(kept, network.node_shapes, strict=True):
            node = self.nodes[position]
            if node["type"] == "softmax":
                along = node.get("along", (1,))
                checks.warn_of_one_unit(math.prod(itertools.compress(shape[-len(along):], along)))
        parameters = [self._parameter(kept[number], name, shape, offset)
                      for number, name, shape, offset in network.parameters]
        _check_once(parameters)
        for parameter in parameters:
            network.write("weights", parameter.offset, parameter.layer.first_values_of(parameter))
        _set_rules(network, parameters)
        return network, parameters

    def needed(self, outputs: Sequence[int]) -> tuple[list[dict[str, Any]], list[int]]:
        """The nodes of a network with these outputs, and the positions of the outputs among them."""
        kept = self._needed(outputs)
        places = {position: number for number, position in enumerate(kept)}
        firsts: dict[int, int] = {}  # by the node that had shared parameters first: the one of those kept that does
        for position in kept:
            firsts.setdefault(self.nodes[position].get("shares", position), position)
        return ([self._renumbered(position, places, firsts) for position in kept],
                [places[position] for position in outputs])

    def _needed(self, outputs: Sequence[int]) -> list[int]:
        """The nodes that outputs depend on, or penalties; and the inputs."""
        needed = {position for position, node in enumerate(self.nodes)
                  if position in outputs or node["type"] in ("input", "activity_regularization")}
        for position in range(len(self.nodes) - 1, -1, -1):
            if position in needed:
                node = self.nodes[position]
                needed.update(node["inputs"])
        return sorted(needed)

    def _renumbered(self, position: int, places: Mapping[int, int], firsts: Mapping[int, int]) -> dict[str, Any]:
        node = {**self.nodes[position], "inputs": tuple(places[source] for source in self.nodes[position]["inputs"])}
        first = firsts[node.pop("shares", position)]
        return node if first == position else {**node, "shares": places[first]}

    def uses(self) -> list[Use]:
        """All uses of layers; one within a model comes before that of the model."""
        return [Use(layer, list(map(self.shape, inputs)), list(map(self.shape, outputs)))
                for layer, inputs, outputs in self._shapes]


def settle(uses: Sequence[Use]) -> None:
    """Tells the layers the shapes of what goes in and out, once nothing can fail any more."""
    for layer, inputs, outputs in reversed(uses):  # a layer keeps those of its first use
        layer.set_shapes(inputs, outputs)


def _check_once(parameters: Sequence[Parameter]) -> None:
    """Raises NotImplementedError if a weight is two parameters, which would be trained apart."""
    seen: set[tuple[int, str]] = set()
    for layer, name, *_ in parameters:
        if (id(layer), name) in seen:
            raise NotImplementedError(f"'{layer.name}': a call() that computes with the layer's {name}, and calls "
                                      "super().call() too, is not supported by fashioncnn (yet)")
        seen.add((id(layer), name))


def _set_rules(network: Network, parameters: Sequence[Parameter]) -> None:
    """Tells the core of the regularizers and constraints that the layers have, but for those that users wrote."""
    shapes = [shape for _, _, shape, _ in network.parameters]
    rules = [parameter.layer.rules_of(parameter.name) for parameter in parameters]
    if any(rule is not None for pair in rules for rule in pair):
        network.set_rules(
            [None if regularizer is None or is_written(regularizer) else regularizer.core_config()
             for regularizer, _ in rules],
            [None if constraint is None or is_written(constraint) else constraint.core_config(parameter.shape, shape)
             for (_, constraint), parameter, shape in zip(rules, parameters, shapes, strict=True)])
