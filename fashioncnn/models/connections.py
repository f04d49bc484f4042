"""How the layers of a model are connected: the calls between its inputs and its outputs, in the order of running.

Tensors are numbers here: the model's inputs are 0, 1, ..., and each call numbers what it makes. So the description can
be copied and pickled together with the layers; `replay` makes symbolic tensors of it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from fashioncnn.layers.graph import Graph
from fashioncnn.layers.input import InputLayer
from fashioncnn.layers.layer import Layer
from fashioncnn.layers.symbolic import Extents, KerasTensor, Node
from fashioncnn.utils import checks, structures


class Call(NamedTuple):
    """One use of a layer.

    Attributes:
        layer: The layer.
        inputs: Structure of the numbers of the tensors that it was called on.
        outputs: Numbers of the tensors that it makes.
        training: Whether it acts as in training: True, False, or None: as the model.
        use: How many of the model's other calls of the layer come before.
    """

    layer: Layer
    inputs: Any
    outputs: list[int]
    training: bool | None
    use: int


class Source(NamedTuple):
    """Where a tensor comes from.

    Attributes:
        layer: The layer that made it.
        use: The number of the layer's use in the model.
        output: The number of the output.
        call: The number of the layer's call, those for other models counted.
    """

    layer: Layer
    use: int
    output: int
    call: int


class Connections(NamedTuple):
    """The layers between some inputs and outputs.

    Attributes:
        layers: All layers, those of the inputs among them, from the inputs to the outputs as Keras sorts them.
        input_layers: One for each input.
        calls: In an order in which each follows those that make its inputs.
        inputs: Structure of the inputs' numbers.
        outputs: Structure of the outputs' numbers.
        sources: Where each tensor comes from.
    """

    layers: list[Layer]
    input_layers: list[InputLayer]
    calls: list[Call]
    inputs: Any
    outputs: Any
    sources: list[Source]

    @classmethod
    def between(cls, inputs: Any, outputs: Any) -> Connections:
        """Those that lead from symbolic tensors to others.

        Raises:
            ArgumentError: If something else than symbolic tensors is given.
            ValueError: If the outputs depend on more than the inputs, or two layers have the same name.
        """
        starts = _checked("inputs", inputs)
        ends = _checked("outputs", outputs)
        nodes, first_seen = _nodes_behind(ends, starts)
        depths = _depths(nodes)
        nodes.sort(key=lambda node: -depths[node])
        input_layers = [_input_layer_of(tensor) for tensor in starts]
        layers = _sorted_layers(nodes, depths, first_seen, starts, input_layers)
        numbers = {id(tensor): number for number, tensor in enumerate(starts)}
        sources = [Source(layer, 0, 0, 0) for layer in input_layers]
        uses = _numbers_of_uses(nodes)
        calls = []
        for node in nodes:
            if node.is_input:
                continue
            made = range(len(sources), len(sources) + len(node.outputs))
            calls.append(Call(_layer_of(node), structures.mapped(lambda tensor: numbers[id(tensor)], node.inputs),
                              list(made), node.training, uses[node]))
            numbers.update((id(tensor), number) for tensor, number in zip(node.outputs, made, strict=True)
                           if id(tensor) not in numbers)
            number = node.operation._inbound_nodes.index(node)
            sources += [Source(_layer_of(node), uses[node], i, number) for i in range(len(node.outputs))]
        return cls(layers, input_layers, calls, structures.mapped(lambda tensor: numbers[id(tensor)], inputs),
                   structures.mapped(lambda tensor: numbers[id(tensor)], outputs), sources)

    @property
    def output_numbers(self) -> list[int]:
        """The outputs' numbers, in order."""
        return structures.leaves(self.outputs)

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs, in order."""
        return [layer.name for layer in self.input_layers]

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that make the outputs, in order."""
        return [self.sources[number].layer.name for number in self.output_numbers]

    def is_chain(self) -> bool:
        """Whether each layer is called once, on what the one before it makes."""
        if len(self.input_layers) > 1 or len(self.layers) != 1 + len(self.calls):
            return False
        return all(structures.leaves(call.inputs) == [number] for number, call in enumerate(self.calls))

    def add_to(self, graph: Graph, inputs: Sequence[int]) -> list[int]:
        """Adds all calls to a graph, whose nodes at `inputs` are the inputs; returns the outputs' positions."""
        places = dict(enumerate(inputs))
        for call in self.calls:
            positions = [places[number] for number in structures.leaves(call.inputs)]
            made = graph.connect(call.layer, *positions, training=call.training)
            places.update(zip(call.outputs, made, strict=True))
        return [places[number] for number in self.output_numbers]

    def replay(self) -> tuple[Any, Any]:
        """Structures of symbolic tensors for the inputs and the outputs, and the calls that lead from one to other."""
        tensors: dict[int, KerasTensor] = {i: layer.output for i, layer in enumerate(self.input_layers)}
        for call in self.calls:
            inputs = structures.mapped(tensors.__getitem__, call.inputs)
            outputs = [KerasTensor((None, *shape)) for shape in self._shapes_of(call, tensors)]
            Node(call.layer, inputs, outputs, call.training)
            tensors.update(zip(call.outputs, outputs, strict=True))
        return structures.mapped(tensors.__getitem__, self.inputs), structures.mapped(tensors.__getitem__, self.outputs)

    @staticmethod
    def _shapes_of(call: Call, tensors: dict[int, KerasTensor]) -> list[Extents]:
        return call.layer._build([tensors[number].shape[1:] for number in structures.leaves(call.inputs)])

    def sources_of(self, layer: Layer) -> Iterator[Source]:
        """Where what a layer is called on comes from, call by call."""
        for call in self.calls:
            if call.layer is layer:
                yield from (self.sources[number] for number in structures.leaves(call.inputs))


def _checked(what: str, structure: Any) -> list[KerasTensor]:
    tensors = structures.leaves(structure)
    if not tensors:
        raise ValueError(f"Model(): `{what}` is empty; it takes what Input() or layers returned")
    for tensor in tensors:
        if not isinstance(tensor, KerasTensor):
            raise checks.ArgumentError(f"Model(): `{what}` must be what Input() or layers returned, or lists, tuples "
                                       f"or dicts of that; got {tensor!r} of type {type(tensor).__name__}")
    return tensors


def _nodes_behind(outputs: Sequence[KerasTensor], inputs: Sequence[KerasTensor]) -> tuple[list[Node], dict[Layer, int]]:
    """The calls that the outputs depend on, each behind those that it depends on; and the order in which their layers
    are met on the way from the outputs to the inputs."""
    given = {id(tensor) for tensor in inputs}
    done: set[Node] = set()
    order: list[Node] = []
    first_seen: dict[Layer, int] = {}
    for output in outputs:
        path: list[tuple[Node, Iterator[KerasTensor]]] = []
        tensor: KerasTensor | None = output
        while True:
            if tensor is not None and _goes_on(tensor, given, done):
                first_seen.setdefault(_layer_of(tensor.node), len(first_seen))
                done.add(tensor.node)
                path.append((tensor.node, iter(tensor.node.input_tensors)))
            if not path:
                break
            node, rest = path[-1]
            tensor = next(rest, None)
            if tensor is None:
                order.append(node)
                path.pop()
    return order, first_seen


def _layer_of(node: Node) -> Layer:
    assert isinstance(node.operation, Layer), "what is called in a model is a layer"
    return node.operation


def _goes_on(tensor: KerasTensor, given: set[int], done: set[Node]) -> bool:
    """Whether the call behind a tensor belongs to the model and has not been met yet."""
    node = tensor.node
    if node in done or (id(tensor) in given and not node.is_input):
        return False
    if node.is_input and id(tensor) not in given:
        raise ValueError(f"Model(): the outputs depend on the input '{node.operation.name}', which is not among "
                         "`inputs`")
    return True


def _depths(nodes: Sequence[Node]) -> dict[Node, int]:
    """The most calls between each call and an output; all calls of a layer count as deep as the deepest."""
    depths: dict[Node, int] = {}
    of_layer: dict[Layer, int] = {}
    known = set(nodes)
    for node in reversed(nodes):
        layer = _layer_of(node)
        depths[node] = of_layer[layer] = max(depths.get(node, 0), of_layer.get(layer, 0))
        for parent in node.parents:
            if parent in known:
                depths[parent] = max(depths.get(parent, 0), depths[node] + 1)
    return depths


def _input_layer_of(tensor: KerasTensor) -> InputLayer:
    """The layer that made an input; a new one for a tensor that is in the middle of other layers."""
    layer = tensor.node.operation
    if isinstance(layer, InputLayer):
        return layer
    return InputLayer(batch_shape=tensor.shape, name=f"{tensor.name}_clone")


def _sorted_layers(nodes: Sequence[Node], depths: dict[Node, int], first_seen: dict[Layer, int],
                   inputs: Sequence[KerasTensor], input_layers: Sequence[InputLayer]) -> list[Layer]:
    """The layers, the deepest first; of equal depth as they were met, and inputs that nothing depends on before all."""
    of_layer: dict[Layer, tuple[int, int]] = {}
    for node in nodes:
        called = _layer_of(node)
        key = (-depths[node], first_seen[called])
        of_layer[called] = min(of_layer.get(called, key), key)
    for tensor, layer in zip(inputs, input_layers, strict=True):
        if layer not in of_layer:
            is_unused = isinstance(tensor.node.operation, InputLayer)
            of_layer[layer] = (0, -1) if is_unused else (-1 - max(depths.values(), default=0), -1)
    layers = sorted(of_layer, key=of_layer.__getitem__)
    names = [layer.name for layer in layers]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the name {name!r} is used {names.count(name)} times in the model; all layers need names "
                             "of their own")
    return layers


def _numbers_of_uses(nodes: Sequence[Node]) -> dict[Node, int]:
    """How many of the calls of the same layer were made before each."""
    of_layer: dict[Layer, list[Node]] = {}
    for node in nodes:
        of_layer.setdefault(_layer_of(node), []).append(node)
    uses = {}
    for layer, calls in of_layer.items():
        calls.sort(key=layer._inbound_nodes.index)
        uses.update({call: number for number, call in enumerate(calls)})
    return uses
