"""Symbolic tensors: what a layer returns when it is called on an `Input`, before there are numbers.

A `Node` is one call of a layer; the tensors that it made remember it. So the layers behind a tensor can be found by
going back from node to node: that is how `Model(inputs, outputs)` learns what it is made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from fashioncnn.utils import structures
from fashioncnn.utils.operators import Operators

Extents = tuple[int | None, ...]


class Operation(Protocol):
    """What a tensor comes from: a layer."""

    name: str
    _inbound_nodes: list[Node]
    _outbound_nodes: list[Node]


class KerasHistory(NamedTuple):
    """Where a tensor comes from: output `tensor_index` of call number `node_index` of a layer."""

    operation: Operation
    node_index: int
    tensor_index: int


class KerasTensor(Operators):
    """What a layer will compute: a shape and a type, but no numbers yet.

    Layers and functions of `fashioncnn.ops` can be called on it, and operators work. It is no array: where numbers are
    needed, make a model and call that on an array.

    Args:
        shape: With the batch axis, None.
        dtype: The type of the numbers.
        name: A name.

    Example:
        >>> from fashioncnn import Input
        >>> Input((28, 28, 1), name="image")
        <KerasTensor shape=(None, 28, 28, 1), dtype=float32, sparse=False, ragged=False, name=image>
    """

    def __init__(self, shape: Sequence[int | None], dtype: str = "float32", name: str | None = None) -> None:
        self.shape: Extents = tuple(shape)
        self.dtype = dtype
        self.name = name or "keras_tensor"
        self._keras_history: KerasHistory | None = None

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def node(self) -> Node:
        """The call that made the tensor.

        Raises:
            ValueError: If there is none: the tensor was made by hand.
        """
        if self._keras_history is None:
            raise ValueError(f"{self!r} comes neither from Input() nor from a layer called on what that returns")
        layer, node_index, _ = self._keras_history
        return layer._inbound_nodes[node_index]

    def __repr__(self) -> str:
        return (f"<KerasTensor shape={self.shape}, dtype={self.dtype}, sparse=False, ragged=False, "
                f"name={self.name}>")


class Node:
    """One call of a layer on symbolic tensors. It adds itself to the layer, and to those that made the tensors.

    Args:
        operation: The layer.
        inputs: Structure of the tensors that it was called on; an empty list where there are none: it is an input.
        outputs: The tensors that the call makes.
        training: What the call said: True, False, or None for nothing.
    """

    def __init__(self, operation: Operation, inputs: Any, outputs: Sequence[KerasTensor],
                 training: bool | None = None) -> None:
        self.operation = operation
        self.inputs = inputs
        self.input_tensors: list[KerasTensor] = structures.leaves(inputs)
        self.outputs = list(outputs)
        self.training = training
        index = len(operation._inbound_nodes)
        operation._inbound_nodes.append(self)
        for tensor_index, tensor in enumerate(self.outputs):
            tensor._keras_history = KerasHistory(operation, index, tensor_index)
        for parent in self.parents:
            parent.operation._outbound_nodes.append(self)

    @property
    def is_input(self) -> bool:
        """Whether it is the place of a model's input."""
        return not self.input_tensors

    @property
    def parents(self) -> list[Node]:
        """The calls that made the inputs."""
        return [tensor.node for tensor in self.input_tensors]

    @property
    def output(self) -> Any:
        """The tensor that the call made; a list where it made several."""
        return structures.single(self.outputs)

    def __repr__(self) -> str:
        return f"<Node operation={self.operation.name}>"


def is_symbolic(value: Any) -> bool:
    """Whether `value` is a symbolic tensor, or a structure that holds one."""
    if isinstance(value, np.ndarray):
        return False
    if structures.is_nested(value):
        return any(map(is_symbolic, structures.leaves(value)))
    return isinstance(value, Operators)
