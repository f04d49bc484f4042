"""Images with their channels before their pixels: layers turn them, and turn back what they make.

The core knows images with channels last. Between two layers that both have them first, nothing is turned.
"""

from __future__ import annotations

from fashioncnn.layers.graph import Graph, GraphLayer


def to_the_end(graph: Graph, layer: GraphLayer, position: int) -> int:
    """The position of an image whose first axis has become the last."""
    rank = len(graph.shape(position))
    node = graph.nodes[position]
    if node["type"] == "permute" and tuple(node["dims"]) == _first(rank):
        source: int = node["inputs"][0]
        return source
    return graph.operate(layer, "permute", position, dims=(*range(1, rank), 0)) if rank > 1 else position


def to_the_front(graph: Graph, layer: GraphLayer, position: int) -> int:
    """The position of an image whose last axis has become the first."""
    return graph.operate(layer, "permute", position, dims=_first(len(graph.shape(position))))


def _first(rank: int) -> tuple[int, ...]:
    """The axes of an image with the last one first."""
    return (rank - 1, *range(rank - 1))
