"""A model as boxes and arrows."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

from fashioncnn.utils import structures
from fashioncnn.utils.registry import LAYERS


class Box(NamedTuple):
    """One layer.

    Attributes:
        title: Its class, or its name and class.
        lines: What is said of it, as ("Output shape", "(None, 10)").
        trainable: None where that is not to be shown.
    """

    title: str
    lines: list[tuple[str, str]]
    trainable: bool | None


class Group(NamedTuple):
    """The boxes of a model within the model: from number `begin` to `end`, that one excluded."""

    name: str
    begin: int
    end: int


class Ends(NamedTuple):
    """The numbers of the boxes where arrows to a layer's inputs end, and where those from its outputs begin."""

    inputs: list[int]
    outputs: list[int]


class Diagram:
    """The boxes and arrows of a model. The options are those of `plot_model`.

    Attributes:
        boxes: One for each layer.
        arrows: Pairs of numbers of boxes.
        groups: Models within the model, where they are expanded; each follows those within it.
    """

    def __init__(self, model: Any, *, show_shapes: bool = False, show_dtype: bool = False,
                 show_layer_names: bool = False, expand_nested: bool = False, show_layer_activations: bool = False,
                 show_trainable: bool = False) -> None:
        if not model.built:
            raise ValueError(f"model '{model.name}' has no shapes yet: give it an Input, call build(input_shape), or "
                             "call it on a batch of data")
        self.boxes: list[Box] = []
        self.arrows: list[tuple[int, int]] = []
        self.groups: list[Group] = []
        self._shows = {"shapes": show_shapes, "dtype": show_dtype, "names": show_layer_names,
                       "activations": show_layer_activations, "trainable": show_trainable}
        self._expands = expand_nested
        self._add_model(model)

    def _add_model(self, model: Any) -> Ends:
        connections = None if _is_chain(model) else model._connections
        ends = [self._add_layer(layer) for layer in (model.layers if connections is None else connections.layers)]
        if connections is None:
            for before, after in pairwise(ends):
                self._connect(before.outputs[0], after.inputs[0])
            return Ends(ends[0].inputs, ends[-1].outputs)

        layers: list[Any] = connections.layers

        def start(number: int) -> int:
            source = connections.sources[number]
            outputs = ends[layers.index(source.layer)].outputs
            return int(outputs[min(source.output, len(outputs) - 1)])

        for call in connections.calls:
            inputs = ends[layers.index(call.layer)].inputs
            for i, number in enumerate(structures.leaves(call.inputs)):
                self._connect(start(number), inputs[min(i, len(inputs) - 1)])
        return Ends([ends[layers.index(layer)].inputs[0] for layer in connections.input_layers],
                    [start(number) for number in connections.output_numbers])

    def _add_layer(self, layer: Any) -> Ends:
        if self._expands and hasattr(layer, "layers"):
            begin = len(self.boxes)
            ends = self._add_model(layer)
            self.groups.append(Group(layer.name, begin, len(self.boxes)))
            return ends
        self.boxes.append(self._box(layer))
        return Ends([len(self.boxes) - 1], [len(self.boxes) - 1])

    def _connect(self, start: int, end: int) -> None:
        if (start, end) not in self.arrows:
            self.arrows.append((start, end))

    def _box(self, layer: Any) -> Box:
        kind = type(layer).__name__
        lines = []
        activation = getattr(layer, "activation", None)
        if self._shows["activations"] and activation is not None:
            lines.append(("Activation", str(getattr(activation, "__name__", activation))))
        if self._shows["shapes"]:
            known = layer.knows_shapes
            if kind != "InputLayer":
                lines.append(("Input shape", str(layer.input_shape) if known else "?"))
            lines.append(("Output shape", str(layer.output_shape) if known else "?"))
        if self._shows["dtype"]:
            lines.append(("Output dtype", "float32"))
        trainable = layer.trainable if self._shows["trainable"] and layer.weights else None
        return Box(f"{layer.name} ({kind})" if self._shows["names"] else kind, lines, trainable)


def _is_chain(model: Any) -> bool:
    """Whether it is a Sequential, whose input has no box."""
    return isinstance(model, LAYERS.find("Sequential"))
