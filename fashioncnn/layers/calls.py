"""Calls with arrays: the outputs of a network, and what layers add to the loss on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import Network
from fashioncnn.layers.graph import Graph, GraphLayer, Shape
from fashioncnn.utils import tracing
from fashioncnn.utils.tensor import Tensor


class Added(NamedTuple):
    """What a layer gave to `add_loss`.

    Attributes:
        layer: The layer.
        position: The node whose output it is, with a last axis of 1.
        shape: The shape of that, without the batch axis.
        joins: How the images' numbers become one, where the code says it itself: "mean" or "sum".
        batched: Whether there are numbers for each image.
    """

    layer: GraphLayer
    position: int
    shape: Shape
    joins: str | None
    batched: bool

    def of_call(self, values: NDArray[np.float32]) -> Any:
        """What the layer added in a call, for the numbers of all images."""
        numbers = values[..., 0]
        if self.joins is not None:
            joined = numbers.sum(dtype=np.float64) if self.joins == "sum" else numbers.mean(dtype=np.float64)
            return np.float32(joined)
        return numbers if self.batched else numbers[0]


def added_in(graph: Graph) -> list[Added]:
    """What layers whose code was traced add to the loss."""
    found = []
    for value in graph.losses:
        with tracing.running(tracing.Trace(graph, value.trace.layer)) as trace:
            column = trace.reshaped(value, (*value.image_shape, 1))
        found.append(Added(value.trace.layer, column.position, column.image_shape, value.joins, value.batched))
    return found


def outputs_of(network: Network, arrays: Sequence[NDArray[Any]], shapes: Sequence[Shape], training: bool | None,
               penalized: Sequence[GraphLayer], added: Sequence[Added]) -> list[Tensor]:
    """The outputs for arrays; layers are told what they add to the loss. Of no rows there are none.

    Args:
        network: The network. What is `added` are its last outputs.
        arrays: One for each input.
        shapes: Those of the other outputs, without the batch axis.
        training: See `Network.predict`.
        penalized: The layers whose outputs cost something, in the network's order.
        added: What they were given besides.
    """
    rows = len(arrays[0])
    if rows == 0:  # which the core does not take: one row of zeros tells how everything looks
        arrays, training = [np.zeros((1, *array.shape[1:]), np.float32) for array in arrays], False
    count = len(arrays[0])
    outputs = [np.empty((count, *shape), np.float32) for shape in shapes]
    extra = [np.empty((count, *each.shape), np.float32) for each in added]
    penalties: Sequence[float] = network.predict(tuple(arrays), 0, count, (*outputs, *extra), training)
    if rows and not added and not penalized:
        return [output.view(Tensor) for output in outputs]
    if rows == 0:
        penalties = [0.0] * len(penalties)
        extra = [np.zeros_like(values[: each.joins is not None or not each.batched])
                 for each, values in zip(added, extra, strict=True)]
    found: dict[int, tuple[GraphLayer, list[Any]]] = {}
    for each, values in zip(added, extra, strict=True):
        found.setdefault(id(each.layer), (each.layer, []))[1].append(each.of_call(values))
    for layer, penalty in zip(penalized, penalties, strict=True):
        found.setdefault(id(layer), (layer, []))[1].append(penalty)
    for layer, numbers in found.values():
        layer.note_penalties(numbers)
    return [output[:rows].view(Tensor) for output in outputs]
