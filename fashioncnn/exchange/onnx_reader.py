"""An ONNX graph while a model is made of it: its operations, and what is known of each of its tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from fashioncnn import layers
from fashioncnn.exchange import layouts
from fashioncnn.exchange.layouts import Layout
from fashioncnn.layers.symbolic import Extents, KerasTensor

COPIES = 4  # how often, on the average, the numbers of a file may be used as weights


class Unknown:
    """Stands in a shape for an extent that is not known: it can be handed on, but nothing can be computed of it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


BATCH = Unknown("batch")


class Value(NamedTuple):
    """A tensor of the file: a symbolic tensor of ours, and how the file's lies beside it."""

    tensor: KerasTensor
    layout: Layout

    @property
    def shape(self) -> Extents:
        """The shape of ours, without the batch axis."""
        return self.tensor.shape[1:]

    @property
    def theirs(self) -> Extents:
        """The shape of the file's."""
        return self.layout.arranged(self.shape)


class Operation:
    """A node of the file.

    Args:
        proto: The node.
        path: The file, for messages.
        opset: The version of ONNX's operators.
    """

    def __init__(self, proto: Any, path: str, opset: int) -> None:
        self.kind: str = proto.op_type
        self.domain: str = proto.domain
        self.name: str = proto.name or next(iter(proto.output), "")
        self.inputs: list[str] = list(proto.input)
        self.outputs: list[str] = list(proto.output)
        self.opset = opset
        self._path = path
        self._attributes = {attribute.name: attribute for attribute in proto.attribute}

    def __repr__(self) -> str:
        return f"{self._path}: node '{self.name}' ({self.kind})"

    def refuse(self, why: str) -> NoReturn:
        """Raises NotImplementedError for the node."""
        raise NotImplementedError(f"{self!r} is not supported by fashioncnn (yet): {why}")

    def key(self) -> tuple[Any, ...]:
        """Equal for nodes that do the same."""
        attributes = sorted(attribute.SerializeToString() for attribute in self._attributes.values())
        return (self.kind, *self.inputs[1:], *attributes)

    def has(self, name: str) -> bool:
        """Whether there is an attribute of that name."""
        return name in self._attributes

    def integer(self, name: str, default: int) -> int:
        """An attribute that is an integer."""
        return self._attributes[name].i if name in self._attributes else default

    def integers(self, name: str, default: Sequence[int] | None = None) -> list[int] | None:
        """An attribute that is a list of integers."""
        found = self._attributes[name].ints if name in self._attributes else default
        return None if found is None else list(found)

    def number(self, name: str, default: float) -> float:
        """An attribute that is a number."""
        value = self._attributes[name].f if name in self._attributes else default
        if not math.isfinite(value):
            raise ValueError(f"{name} is {value}")
        return value

    def tensor(self, name: str) -> NDArray[Any]:
        """An attribute that is an array."""
        return array_of(self._attributes[name].t)

    def text(self, name: str, default: str) -> str:
        """An attribute that is a word."""
        return self._attributes[name].s.decode() if name in self._attributes else default

    def expect(self, **attributes: Any) -> None:
        """Raises NotImplementedError unless the attributes, where they are there, have these values."""
        for name, value in attributes.items():
            found = self.text(name, value) if isinstance(value, str) else self.integer(name, value)
            if found != value:
                self.refuse(f"{name}={found!r}; supported: {value!r}")


def array_of(proto: Any) -> NDArray[Any]:
    """The numbers of a tensor in the file.

    Raises:
        NotImplementedError: If they are in another file.
        ValueError: If they are not as many as the shape says, or of an unknown type.
    """
    from onnx import TensorProto, helper, numpy_helper

    if proto.data_location == TensorProto.EXTERNAL or proto.external_data:
        raise NotImplementedError(f"the numbers of '{proto.name}' are in another file, which is not supported by "
                                  "fashioncnn; save the model in one file: torch.onnx.export(..., "
                                  "external_data=False), or onnx.save(onnx.load(path), other_path)")
    if min(proto.dims, default=0) < 0:
        raise ValueError(f"'{proto.name}' has the shape {tuple(proto.dims)}")
    if proto.data_type not in (*TensorProto.DataType.values(),)[1:]:
        raise ValueError(f"'{proto.name}' has the element type {proto.data_type}")
    dtype = np.dtype(helper.tensor_dtype_to_np_dtype(proto.data_type))
    if dtype.hasobject or (proto.raw_data and len(proto.raw_data) != math.prod(proto.dims) * dtype.itemsize):
        raise ValueError(f"'{proto.name}' does not have the numbers of a {dtype} array of shape {tuple(proto.dims)}")
    array: NDArray[Any] = numpy_helper.to_array(proto)
    return array


class Reader:
    """Makes layers of operations.

    Args:
        operations: Of the file, in their order.
        outputs: The names of the graph's outputs.
        constants: The file's constants, by name.
    """

    def __init__(self, operations: Sequence[Operation], outputs: Sequence[str],
                 constants: dict[str, NDArray[Any]]) -> None:
        self.constants = constants
        self.values: dict[str, Value] = {}
        self.origins: dict[str, tuple[str, str]] = {}  # of tensors that are a step of a function written out in many
        self.not_negative: set[str] = set()  # tensors
        self.done: set[Operation] = set()  # by one before them
        self._users: dict[str, list[Operation]] = {}
        self._outputs = frozenset(outputs)
        self._layers: dict[tuple[Any, ...], layers.Layer] = {}
        self._budget = COPIES * sum(array.size for array in constants.values())
        for operation in operations:
            for name in operation.inputs:
                self._users.setdefault(name, []).append(operation)

    # ---- what goes in ----

    def value(self, operation: Operation, number: int = 0) -> Value:
        """An input that follows the model's inputs."""
        name = operation.inputs[number] if number < len(operation.inputs) else ""
        if not name:
            raise ValueError(f"input {number} is missing")
        if name in self.values:
            return self.values[name]
        if name in self.constants:
            operation.refuse(f"its input '{name}' is constant")
        operation.refuse(f"what its input '{name}' comes from")

    def constant(self, operation: Operation, number: int) -> NDArray[Any] | None:
        """An input that is constant; None where it is left out."""
        name = operation.inputs[number] if number < len(operation.inputs) else ""
        if not name:
            return None
        if name not in self.constants:
            operation.refuse(f"its input '{name}' is not constant")
        return self.constants[name]

    def numbers(self, operation: Operation, number: int) -> NDArray[np.float32]:
        """A constant input that must be there, as finite numbers."""
        array = self.constant(operation, number)
        if array is None:
            raise ValueError(f"input {number} is missing")
        if array.dtype == object:
            operation.refuse("it computes with an extent that is not known")
        array = array.astype(np.float32)
        if not np.isfinite(array).all():
            raise ValueError(f"'{operation.inputs[number]}' has numbers that are not finite")
        return array

    def integers(self, operation: Operation, number: int, attribute: str = "") -> list[int] | None:
        """A list of integers: a constant input, or an attribute, as older versions have it; None where it is absent."""
        array = self.constant(operation, number)
        if array is None:
            return operation.integers(attribute) if attribute else None
        if array.dtype == object:
            operation.refuse("it computes with an extent that is not known")
        return [int(entry) for entry in array.reshape(-1)]

    def is_constant(self, operation: Operation, number: int) -> bool:
        """Whether an input is constant."""
        return number < len(operation.inputs) and operation.inputs[number] in self.constants

    # ---- what comes out ----

    def give(self, operation: Operation, tensor: KerasTensor, layout: Layout) -> None:
        """Notes what the operation makes."""
        self.values[operation.outputs[0]] = Value(tensor, layout)

    def take_over(self, operation: Operation, *behind: Operation) -> None:
        """Makes the result of `operation` that of the last of some behind it, whose work is done, too."""
        operation.outputs[0] = behind[-1].outputs[0]
        self.done.update(behind)

    def only_user(self, name: str, *kinds: str) -> Operation | None:
        """The operation that takes a tensor, if it is the only one, and of one of the kinds."""
        users = self._users.get(name, [])
        return users[0] if len(users) == 1 and users[0].kind in kinds and name not in self._outputs else None

    def users(self, name: str) -> list[Operation]:
        """The operations that take a tensor."""
        return self._users.get(name, [])

    # ---- layers ----

    def weighted(self, operation: Operation, make: Callable[..., layers.Layer], config: Mapping[str, Any],
                 value: Value, weights: Sequence[NDArray[Any]], *more: Any) -> KerasTensor:
        """What a layer with weights makes of a tensor. Nodes that do the same with the same weights are one layer.

        Args:
            operation: The node.
            make: The layer's class.
            config: Its arguments.
            value: What it is called on.
            weights: Its weights.
            more: What the weights depend on beside the node and the layout of `value`.
        """
        key = (*operation.key(), value.layout, make, repr(sorted(config.items())), *more)
        layer = self._layers.get(key)
        if layer is None:
            self._budget -= sum(array.size for array in weights)
            if self._budget < 0:
                raise ValueError("the file uses its numbers as weights too often")
            layer = make(**config)
            wanted = [parameter.shape for parameter in layer._described([value.shape]).parameters]
            found = [array.shape for array in weights]
            if found != wanted:  # before memory is taken for what the shapes claim
                raise ValueError(f"weights of shapes {found} where {wanted} are needed")
            self._layers[key] = layer
            tensor: KerasTensor = layer(value.tensor)
            layer.set_weights(list(weights))
            return tensor
        return layer(value.tensor)  # type: ignore[no-any-return]

    def arranged(self, value: Value, layout: Layout) -> KerasTensor:
        """A tensor of ours beside which the file's has that layout."""
        if value.layout == layout:
            return value.tensor
        if value.layout.image is not None:
            image = layers.Reshape(value.layout.image)(value.tensor)
            moved = _permuted(image, value.layout.order)
            return layers.Flatten()(moved)  # type: ignore[no-any-return]
        return _permuted(value.tensor, [value.layout.order[layout.order.index(a)] for a in range(layout.rank)])

    def theirs(self, value: Value) -> KerasTensor:
        """A tensor of ours that has its axes as the file's has them."""
        return self.arranged(value, layouts.ours(value.layout.rank))

    def channels_last(self, value: Value) -> Value:
        """The same, with the axis that is the first of the file's (the channels) as the last of ours."""
        if value.layout.image is None and value.layout.order[0] == value.layout.rank - 1:
            return value
        layout = layouts.channels_first(value.layout.rank)
        return Value(self.arranged(value, layout), layout)

    def together(self, values: Sequence[Value]) -> tuple[list[KerasTensor], Layout]:
        """Tensors in one layout, and that layout."""
        layout = values[0].layout
        if any(value.layout != layout for value in values):
            layout = next((value.layout for value in values if value.layout.image is None
                           and not value.layout.is_ours), layouts.ours(layout.rank))
        return [self.arranged(value, layout) for value in values], layout


def _permuted(tensor: KerasTensor, order: Sequence[int]) -> KerasTensor:
    if list(order) == list(range(len(order))):
        return tensor
    return layers.Permute([axis + 1 for axis in order])(tensor)  # type: ignore[no-any-return]


Read = Callable[[Reader, Operation], None]


def along_channels(operation: Operation, array: NDArray[np.float32], value: Value) -> NDArray[np.float32]:
    """A constant that is one number, or one for each index of the last axis of our tensor, as an array of one axis.

    Args:
        operation: That which combines it with the tensor.
        array: The constant, whose axes are aligned with the file's tensor's at their last ones.
        value: The tensor.
    """
    found = array.reshape(1) if array.size == 1 else channel_vector(array, value.layout, value.shape[-1])
    if found is None:
        operation.refuse(f"a constant of shape {array.shape} with a tensor of shape {('batch', *value.theirs)}; "
                         "supported: one number, or one for each channel")
    return found


def channel_vector(array: NDArray[np.float32], layout: Layout, channels: int | None) -> NDArray[np.float32] | None:
    """A constant with a number for each index of the last axis of our tensor, as an array of one axis; None if it is
    something else."""
    rank = layout.rank
    behind = rank - layout.place(rank - 1)  # axes that the file's tensor has behind that of the channels
    if array.ndim <= behind or array.size != array.shape[-1 - behind] or array.size != channels:
        return None
    flat = array.reshape(-1)
    return layout.to_ours(flat) if layout.image is not None else flat


def with_factors_behind(reader: Reader, operation: Operation, layout: Layout, kernel: NDArray[np.float32],
                        bias: NDArray[np.float32] | None) -> tuple[list[NDArray[np.float32]], tuple[str, ...]]:
    """The weights of a product, in which is what the next operations multiply its channels by and add to them; and the
    names of these constants. The work of these operations is done then."""
    channels, names, last = kernel.shape[-1], [], operation
    while (user := reader.only_user(last.outputs[0], "Mul", "Add")) is not None:
        number = 1 - user.inputs.index(last.outputs[0])
        vector = (channel_vector(reader.numbers(user, number), layout, channels)
                  if reader.is_constant(user, number) else None)
        if vector is None:
            break
        if user.kind == "Mul":
            kernel = kernel * vector
            bias = None if bias is None else bias * vector
        else:
            bias = vector if bias is None else bias + vector
        names.append(user.inputs[number])
        reader.done.add(user)
        last = user
    operation.outputs[0] = last.outputs[0]
    return [kernel] if bias is None else [kernel, bias], tuple(names)
