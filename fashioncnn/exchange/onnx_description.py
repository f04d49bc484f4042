"""What a model consists of: the core's nodes, the shapes between them, and the values of their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashioncnn import _core
from fashioncnn.layers import unknown
from fashioncnn.layers.graph import Graph, Shape
from fashioncnn.layers.symbolic import Extents
from fashioncnn.models import Model

Node = dict[str, Any]
TRIED = ((960, 1280, 1600), (1920, 1536, 1344))  # in the place of what is not known: lengths of the axes


class Description(NamedTuple):
    """A model as the core sees it.

    Attributes:
        nodes: In the order of running; each has "type", "name", "inputs" and the attributes of its type. What depends
            on an extent that is not known is None.
        shapes: Of the nodes' outputs, without the batch axis; None for what is not known.
        tried: The shapes for each of the lengths that were tried in the place of what is not known.
        parameters: Of each node, by the names that the core gives them.
        outputs: The positions of the nodes whose outputs are the model's.
    """

    nodes: list[Node]
    shapes: list[Extents]
    tried: list[list[Shape]]
    parameters: list[dict[str, NDArray[np.float32]]]
    outputs: list[int]


def describe(model: Model) -> Description:
    """Describes a model that is built.

    Raises:
        NotImplementedError: If its layers depend on extents of the inputs that are not known.
        ValueError: If it is not built.
    """
    if not model.built or model._input_shapes is None:
        raise ValueError(f"model '{model.name}' isn't built yet: give it an Input, or call build(input_shape)")
    open_shapes = model._input_shapes
    tries = 1 if unknown.is_known(open_shapes) else len(TRIED)
    graphs = []
    for lengths in TRIED[:tries]:
        graph, outputs = _graph_of(model, [_filled(shape, lengths) for shape in open_shapes])
        graphs.append(graph)
    tried = [graph.describe()[0] for graph in graphs]
    nodes = [_joined(model, each) for each in zip(*(graph.nodes for graph in graphs), strict=True)]
    shapes = [tuple(_same(extents) for extents in zip(*shapes, strict=True)) for shapes in zip(*tried, strict=True)]
    return Description(nodes, shapes, tried, _parameters(graphs[0]), outputs)


def _filled(shape: Extents, lengths: Sequence[int]) -> Shape:
    """The shape with a length for each axis in the place of what is unknown."""
    return tuple(lengths[min(axis, len(lengths) - 1)] if extent is None else extent
                 for axis, extent in enumerate(shape))


def _graph_of(model: Model, shapes: Sequence[Shape]) -> tuple[Graph, list[int]]:
    graph, outputs = model._graph_of(shapes)
    try:
        graph.describe()
    except ValueError as error:
        raise NotImplementedError(f"model '{model.name}' cannot be written for inputs of unknown extents, as it does "
                                  f"not take {shapes}: {error}; give Input() the whole shape") from error
    return graph, outputs


def _joined(model: Model, nodes: Sequence[Node]) -> Node:
    """A node that was described for several lengths; None for what differs."""
    first = nodes[0]
    if any((node["type"], node.keys()) != (first["type"], first.keys()) for node in nodes):
        raise NotImplementedError(f"model '{model.name}': what layer '{first['name']}' does depends on an extent that "
                                  "is not known; give Input() the whole shape")
    return {name: _same([node[name] for node in nodes]) for name in first}


def _same(values: Sequence[Any]) -> Any:
    """A value that all agree in; of tuples, one with None for the numbers in which they do not."""
    if isinstance(values[0], tuple) and len({len(value) for value in values}) == 1:
        return tuple(_same(each) for each in zip(*values, strict=True))
    return values[0] if all(value == values[0] for value in values) else None


def _parameters(graph: Graph) -> list[dict[str, NDArray[np.float32]]]:
    of_node: list[dict[str, NDArray[np.float32]]] = [{} for _ in graph.nodes]
    for (position, name, shape, _), parameter in zip(_core.describe(graph.nodes)[1], graph.describe()[1], strict=True):
        of_node[position][name] = parameter.layer.first_values_of(parameter).reshape(shape)
    return [of_node[node.get("shares", position)] for position, node in enumerate(graph.nodes)]
