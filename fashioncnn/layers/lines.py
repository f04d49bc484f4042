"""One-dimensional layers work on images that are one line high, so the core has no nodes for them."""

from __future__ import annotations

from fashioncnn.layers.graph import Graph
from fashioncnn.layers.layer import Layer


def add_line(graph: Graph, layer: Layer, position: int) -> int:
    """Adds the view of a sequence (steps, channels) as an image (1, steps, channels).

    Raises:
        ValueError: If the input is not a sequence.
    """
    shape = graph.shape(position)
    if len(shape) != 2:
        raise ValueError(f"layer '{layer.name}' expects sequences (steps, channels), got shape {shape}")
    return graph.add(layer, "reshape", position, target_shape=(1, *shape))


def add_sequence(graph: Graph, layer: Layer, position: int) -> int:
    """Adds the view of an image (1, steps, channels) as a sequence (steps, channels)."""
    return graph.add(layer, "reshape", position, target_shape=graph.shape(position)[1:])
