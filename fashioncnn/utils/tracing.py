"""Tracing: Python code that computes with tensors runs once, and leaves nodes of a graph behind.

While a layer's `call` runs, a `Trace` is active: what the call computes belongs to that layer. Its tensors are
`TracedTensor`, each the output of a node. Most have an axis of the batch first; one that is made of weights and
constants alone has none: it is the same for every image.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from fashioncnn.utils.operators import RUNNING, Operators
from fashioncnn.utils.variable import Variable

ANCHOR = 0  # the network's first input, to which weights and constants belong


class TracedGraph(Protocol):
    """What is asked of the graph that a trace adds nodes to: `fashioncnn.layers.graph.Graph`."""

    losses: list[Any]

    def connect(self, layer: Any, *inputs: int, training: bool | None = None, firm: bool = False) -> list[int]: ...
    def operate(self, layer: Any, node_type: str, *inputs: int, **attributes: Any) -> int: ...
    def weigh(self, layer: Any, weight: str, node_type: str, called: str, *inputs: int, **attributes: Any) -> int: ...
    def shape(self, position: int) -> tuple[int, ...]: ...


class TracedLayer(Protocol):
    """What is asked of a layer whose `call` runs."""

    name: str
    _variables: dict[str, Variable]


class TracedTensor(Operators):
    """The output of a node, while the graph is made.

    Args:
        trace: Whose call made it.
        position: The node's.
        batched: Whether its first axis is the batch's.
        joins: Of one number for the whole batch, in a loss: how the images' numbers become it, "mean" or "sum". It has
            no axis.
    """

    dtype = "float32"

    def __init__(self, trace: Trace, position: int, batched: bool = True, joins: str | None = None) -> None:
        self.trace = trace
        self.position = position
        self.batched = batched
        self.joins = joins

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape without the batch's axis."""
        return self.trace.graph.shape(self.position)

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape: with None first, where the first axis is the batch's."""
        return (None, *self.image_shape) if self.batched and self.joins is None else self.image_shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __repr__(self) -> str:
        return f"<TracedTensor shape={self.shape}, dtype={self.dtype}>"


class Trace:
    """A layer's call while it runs.

    Args:
        graph: What nodes are added to.
        layer: Whose call it is.
        joins_batch: Whether the mean and the sum over the batch may be taken, as in a loss.
    """

    def __init__(self, graph: TracedGraph, layer: TracedLayer, joins_batch: bool = False) -> None:
        self.graph = graph
        self.layer = layer
        self.joins_batch = joins_batch

    def node(self, node_type: str, *operands: TracedTensor, **attributes: Any) -> TracedTensor:
        """What a node of the core's `node_type` makes of the operands."""
        joins = self._joins_of(node_type, operands, attributes)
        position = self.graph.operate(self.layer, node_type, *(each.position for each in operands), **attributes)
        return TracedTensor(self, position, any(each.batched for each in operands), joins)

    def _joins_of(self, node_type: str, operands: Sequence[TracedTensor], attributes: Mapping[str, Any]) -> str | None:
        """How the images' numbers become one after a node as well: where it makes no difference what comes first.

        Raises:
            NotImplementedError: If it does.
        """
        kinds = {each.joins for each in operands if each.joins is not None}
        if not kinds:
            return None
        numbers = [each for each in operands if each.joins is None]
        adds = node_type in ("add", "subtract") and (not numbers or kinds == {"mean"})
        scales = node_type == "multiply" and len(numbers) == len(operands) - 1
        divides = node_type == "divide" and operands[0].joins is not None and operands[1].joins is None
        if len(kinds) > 1 or any(each.batched for each in numbers) or not (
                adds or scales or divides or node_type == "reshape"):
            raise self._refusal(node_type)
        return kinds.pop()

    def _refusal(self, what: str) -> NotImplementedError:
        return NotImplementedError(
            f"'{self.layer.name}': {what} computed with a mean or a sum over the whole batch is not supported by "
            "fashioncnn (yet): compute it for each image, along other axes than 0; what is added up in the end, and "
            "multiplied by numbers, may be such a mean")

    def operand(self, value: Any) -> TracedTensor:
        """A tensor, a weight of the layer, or an array or a number that is always the same, as a tensor.

        Raises:
            NotImplementedError: If it is a tensor of another call, or a weight of another layer.
            ValueError: If it is not made of finite numbers.
        """
        if isinstance(value, TracedTensor):
            if value.trace.graph is not self.graph:
                raise NotImplementedError(f"'{self.layer.name}' computes with a tensor of an earlier call, which it "
                                          "must not keep: pass it as an argument")
            return value
        if isinstance(value, Variable):
            return self.weight(value)
        if isinstance(value, Operators):
            raise NotImplementedError(f"'{self.layer.name}' computes with {value!r}, which is no argument of its call: "
                                      "pass it as an argument")
        return self.constant(value)

    def constant(self, value: Any) -> TracedTensor:
        """Numbers that are always the same. Errors as of `operand`."""
        array = np.asarray(value)
        if array.dtype.kind not in "biuf" or array.size == 0 or not np.isfinite(array).all():
            raise ValueError(f"'{self.layer.name}' computes with {value!r}; expected finite numbers")
        numbers = tuple(float(number) for number in array.astype(np.float32).ravel())
        position = self.graph.operate(self.layer, "constant", ANCHOR, shape=array.shape, values=numbers)
        return TracedTensor(self, position, batched=False)

    def for_each_image(self, tensor: TracedTensor) -> TracedTensor:
        """A tensor that is the same for every image, with the axis of the batch before its own."""
        return TracedTensor(self, tensor.position)

    def weight(self, variable: Variable, node_type: str = "weight", called: str = "weight",
               *operands: TracedTensor, **attributes: Any) -> TracedTensor:
        """A weight of the layer; or what a node whose parameter it is makes of the operands. Errors as of `operand`."""
        name = next((name for name, own in self.layer._variables.items() if own is variable), None)
        if name is None:
            raise NotImplementedError(
                f"'{self.layer.name}' computes with the variable '{variable.path}', which is none of its own weights: "
                "make it by self.add_weight(), or move the code to the layer that it belongs to")
        if node_type == "weight":
            position = self.graph.weigh(self.layer, name, "weight", called, ANCHOR, shape=variable.shape)
            return TracedTensor(self, position, batched=False)
        inputs = [operand.position for operand in operands]
        position = self.graph.weigh(self.layer, name, node_type, called, *inputs, **attributes)
        return TracedTensor(self, position)

    def reshaped(self, x: TracedTensor, shape: Sequence[int]) -> TracedTensor:
        """The same numbers under another shape, that of one image where there is a batch."""
        return x if x.image_shape == tuple(shape) else self.node("reshape", x, target_shape=tuple(shape))

    def aligned(self, *values: Any) -> list[TracedTensor]:
        """Operands whose shapes can be broadcast as NumPy does, the batch's axis included.

        Raises:
            ValueError: If another axis would meet that of the batch.
        """
        operands = [self.operand(value) for value in values]
        if len({operand.joins for operand in operands if operand.batched}) > 1:
            raise self._refusal("what is")
        ranks = {operand.ndim for operand in operands if operand.batched}
        if not ranks:
            return operands
        rank = max(ranks)
        shapes = ", ".join(str(operand.shape) for operand in operands)
        if len(ranks) > 1:
            raise ValueError(f"'{self.layer.name}': tensors of shapes {shapes} cannot be broadcast: the axis of the "
                             "batch would meet another one; use ops.expand_dims")
        for number, operand in enumerate(operands):
            if not operand.batched and operand.ndim >= max(rank, 1):
                if operand.ndim > rank or operand.image_shape[0] != 1:
                    raise ValueError(f"'{self.layer.name}': tensors of shapes {shapes} cannot be broadcast: the axis "
                                     "of the batch would meet another one")
                operands[number] = self.reshaped(operand, operand.image_shape[1:])
        return operands


@contextmanager
def running(trace: Trace) -> Iterator[Trace]:
    """While a layer's code is traced."""
    token = RUNNING.set(trace)
    try:
        yield trace
    finally:
        RUNNING.reset(token)


@contextmanager
def pausing() -> Iterator[None]:
    """While code within a trace is not traced itself: that which makes weights."""
    token = RUNNING.set(None)
    try:
        yield
    finally:
        RUNNING.reset(token)


def is_running() -> bool:
    """Whether a layer's code is traced."""
    return RUNNING.get() is not None


def is_traced(*values: Any) -> bool:
    """Whether one of the values is a tensor of a call that runs, or a weight while one does."""
    return RUNNING.get() is not None and any(isinstance(value, (TracedTensor, Variable)) for value in values)


def current() -> Trace:
    """The call that runs, of which there must be one."""
    trace: Trace | None = RUNNING.get()
    assert trace is not None, "what is traced belongs to a call"
    return trace


def only(value: TracedTensor, in_training: bool) -> TracedTensor:
    """A tensor in training, or in inference, and zeros otherwise."""
    trace, zeros = value.trace, value.trace.constant(np.zeros(value.image_shape, np.float32))
    pair = (value, zeros) if in_training else (zeros, value)
    position = trace.graph.operate(trace.layer, "by_training", *(each.position for each in pair))
    return TracedTensor(trace, position, value.batched, value.joins)
