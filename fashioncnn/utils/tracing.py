"""Tracing: Python code that computes with tensors runs once, and leaves nodes of a graph behind.

While a layer's `call` runs, a `Trace` is active: what the call computes belongs to that layer. Its tensors are
`TracedTensor`, each the output of a node. Most have an axis of the batch first; one that is made of weights and
constants alone has none: it is the same for every image.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import numpy as np

from fashioncnn.utils.operators import RUNNING, Operators, operation
from fashioncnn.utils.variable import Variable

# Nodes that compute each number from those in the same place.
OF_NUMBERS = ("activation", "add", "by_training", "divide", "equal", "function", "greater", "greater_equal", "less",
              "less_equal", "maximum", "minimum", "multiply", "not_equal", "power", "rescaling", "subtract", "where")

ANCHOR = 0  # the network's first input, to which weights and constants belong


class TracedGraph(Protocol):
    """What is asked of the graph that a trace adds nodes to: `fashioncnn.layers.graph.Graph`."""

    losses: list[Any]
    nodes: list[dict[str, Any]]

    def connect(self, layer: Any, *inputs: int, training: bool | None = None, firm: bool = False) -> list[int]: ...
    def operate(self, layer: Any, node_type: str, *inputs: int, **attributes: Any) -> int: ...
    def weigh(self, layer: Any, weight: str, node_type: str, called: str, *inputs: int, **attributes: Any) -> int: ...
    def shape(self, position: int) -> tuple[int, ...]: ...
    def acting(self, training: bool | None, firm: bool = False) -> AbstractContextManager[None]: ...
    def is_of_a_layer(self, position: int) -> bool: ...
    def next_seed(self, seed: int) -> int: ...


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
        of_batch: Whether it depends on the batch though it is the same for every image.
        is_flat: Whether the batch's axis and all others are seen as one, the only one.
    """

    dtype = "float32"

    def __init__(self, trace: Trace, position: int, batched: bool = True, joins: str | None = None,
                 of_batch: bool = False, is_flat: bool = False) -> None:
        self.trace = trace
        self.position = position
        self.batched = batched
        self.joins = joins
        self.of_batch = of_batch
        self.is_flat = is_flat

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape without the batch's axis."""
        return self.trace.graph.shape(self.position)

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape: with None first, where the first axis is the batch's."""
        if self.is_flat:
            return (None,)
        return (None, *self.image_shape) if self.batched and self.joins is None else self.image_shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __eq__(self, other: object) -> Any:
        return False if other is None else operation("equal")(self, other)

    __hash__ = object.__hash__

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
        joins = self._joins_of(node_type, operands)
        if joins is None:
            operands = tuple(self.settled(each) for each in operands)
        is_flat = any(each.is_flat for each in operands)
        if is_flat and node_type not in OF_NUMBERS:
            raise NotImplementedError(f"'{self.layer.name}': {node_type} of a tensor whose images were flattened into "
                                      "one axis is not supported by fashioncnn (yet): keep the axis of the batch, by "
                                      "ops.reshape(x, (x.shape[0], -1)), or take sums and means of it")
        position = self.graph.operate(self.layer, node_type, *(each.position for each in operands), **attributes)
        batched = any(each.batched for each in operands)
        of_batch = not batched and any(each.of_batch for each in operands)
        return TracedTensor(self, position, batched, joins, of_batch, is_flat)

    def settled(self, x: TracedTensor) -> TracedTensor:
        """A tensor, or in the place of numbers that are to be joined the number that they become."""
        return x if x.joins is None else self.over_batch(TracedTensor(self, x.position), x.joins)

    def over_batch(self, x: TracedTensor, kind: str) -> TracedTensor:
        """The "mean" or the "sum" over all images: a tensor that is the same for each of them."""
        position = self.graph.operate(self.layer, "over_batch", x.position, kind=kind)
        return TracedTensor(self, position, batched=False, of_batch=True)

    @staticmethod
    def _joins_of(node_type: str, operands: Sequence[TracedTensor]) -> str | None:
        """How the images' numbers become one after a node as well: where it makes no difference what comes first."""
        kinds = {each.joins for each in operands if each.joins is not None}
        numbers = [each for each in operands if each.joins is None]
        adds = node_type in ("add", "subtract") and (not numbers or kinds == {"mean"})
        scales = node_type == "multiply" and len(numbers) == len(operands) - 1
        divides = node_type == "divide" and operands[0].joins is not None and operands[1].joins is None
        if len(kinds) != 1 or any(each.batched for each in numbers) or not (
                adds or scales or divides or node_type == "reshape"):
            return None
        return kinds.pop()

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
        if name is None and node_type == "weight" and not variable.is_weight:
            return self.constant(variable.taken_for_constants(self.layer.name))
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

    def flattened(self, x: TracedTensor) -> TracedTensor:
        """The numbers of all images in one axis."""
        image = self.reshaped(x, (math.prod(x.image_shape),))
        return TracedTensor(self, image.position, is_flat=True)

    def aligned(self, *values: Any) -> list[TracedTensor]:
        """Operands whose shapes can be broadcast as NumPy does, the batch's axis included.

        Raises:
            ValueError: If another axis would meet that of the batch.
        """
        operands = [self.operand(value) for value in values]
        if len({operand.joins for operand in operands if operand.batched}) > 1:
            operands = [self.settled(operand) for operand in operands]
        if any(operand.is_flat for operand in operands):
            return self._flat(operands)
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

    def _flat(self, operands: list[TracedTensor]) -> list[TracedTensor]:
        """Operands of which some are flat: as long, or single numbers.

        Raises:
            ValueError: If they are not.
        """
        sizes = {operand.image_shape for operand in operands if operand.batched}
        others = [operand for operand in operands if not operand.batched and operand.image_shape not in ((), (1,))]
        if len(sizes) > 1 or others or any(operand.batched and not operand.is_flat for operand in operands):
            shapes = ", ".join(str(operand.shape) for operand in operands)
            raise ValueError(f"'{self.layer.name}': tensors of shapes {shapes}, of which one has the numbers of all "
                             "images in one axis, cannot be broadcast")
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
    return TracedTensor(trace, position, value.batched, value.joins, value.of_batch)
