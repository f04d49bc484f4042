"""Layers for ONNX's functions of each number, and of the numbers along an axis."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fashioncnn import layers
from fashioncnn.exchange.layouts import Layout
from fashioncnn.exchange.onnx_reader import Operation, Read, Reader, Value


def _elementwise(make: Callable[[Operation], layers.Layer | None]) -> Read:
    """Reads an operation as a layer that keeps every number in its place; None: it does nothing."""
    def read(reader: Reader, operation: Operation) -> None:
        value, layer = reader.value(operation), make(operation)
        reader.give(operation, value.tensor if layer is None else layer(value.tensor), value.layout)
        if layer is None and operation.inputs[0] in reader.not_negative:
            reader.not_negative.add(operation.outputs[0])

    return read


def _positive(make: Callable[[Operation], layers.Layer]) -> Read:
    """The same, of a layer that makes no negative numbers."""
    def read(reader: Reader, operation: Operation) -> None:
        _elementwise(make)(reader, operation)
        reader.not_negative.add(operation.outputs[0])

    return read


def _activation(name: str) -> Callable[[Operation], layers.Layer]:
    return lambda operation: layers.Activation(name)


def _leaky_relu(operation: Operation) -> layers.Layer:
    slope = operation.number("alpha", 0.01)
    if slope < 0:
        operation.refuse(f"alpha={slope}; supported: at least 0")
    return layers.LeakyReLU(slope)


def _celu(operation: Operation) -> layers.Layer:
    if operation.number("alpha", 1.0) != 1.0:
        operation.refuse(f"alpha={operation.number('alpha', 1.0)}; supported: 1")
    return layers.Activation("celu")


def _selu(operation: Operation) -> layers.Layer:
    given = operation.number("alpha", 1.6732632), operation.number("gamma", 1.050701)
    if not np.allclose(given, (1.6732632, 1.050701), rtol=1e-6):
        operation.refuse(f"alpha and gamma {given}; supported: those of selu")
    return layers.Activation("selu")


def _gelu(operation: Operation) -> layers.Layer:
    if operation.text("approximate", "none") != "none":
        operation.refuse("approximate='tanh'; supported: 'none'")
    return layers.Activation("gelu")


def _shrink(operation: Operation) -> layers.Layer:
    given = operation.number("lambd", 0.5), operation.number("bias", 0.0)
    names = {(0.5, 0.0): "hard_shrink", (0.5, 0.5): "soft_shrink"}
    if given not in names:
        operation.refuse(f"lambd and bias {given}; supported: {', '.join(map(str, names))}")
    return layers.Activation(names[given])


def _thresholded_relu(operation: Operation) -> layers.Layer:
    return layers.ReLU(threshold=operation.number("alpha", 1.0))


def _hard_sigmoid(reader: Reader, operation: Operation) -> None:
    slope, offset = operation.number("alpha", 0.2), operation.number("beta", 0.5)
    known = {(1 / 6, 0.5): "hard_sigmoid", (0.5, 0.5): "sparse_sigmoid"}
    name = next((name for given, name in known.items() if np.allclose(given, (slope, offset), rtol=1e-6)), None)
    value = reader.value(operation)
    tensor = (layers.Activation(name)(value.tensor) if name is not None
              else layers.ReLU(1.0)(layers.Rescaling(slope, offset)(value.tensor)))
    reader.give(operation, tensor, value.layout)
    reader.not_negative.add(operation.outputs[0])


def _clip(reader: Reader, operation: Operation) -> None:
    low, high = (_bound(reader, operation, number, name) for number, name in ((1, "min"), (2, "max")))
    give_clipped(reader, operation, 0, low, high)


def give_clipped(reader: Reader, operation: Operation, number: int, low: float | None, high: float | None) -> None:
    """Gives one of the inputs with bounds, of which None stands for none."""
    value = reader.value(operation, number)
    tensor = value.tensor
    if low is not None and high is not None and low > high:
        operation.refuse(f"min={low}, max={high}")
    if (low, high) == (-1.0, 1.0):
        tensor = layers.Activation("hard_tanh")(tensor)
    elif low is not None:  # cut off below at 0, after a move there
        tensor = layers.Rescaling(1.0, -low)(tensor) if low else tensor
        tensor = layers.ReLU(None if high is None else high - low)(tensor)
        tensor = layers.Rescaling(1.0, low)(tensor) if low else tensor
    elif high is not None:
        tensor = layers.Rescaling(-1.0, high)(layers.ReLU()(layers.Rescaling(-1.0, high)(tensor)))
    reader.give(operation, tensor, value.layout)
    if low is not None and low >= 0:
        reader.not_negative.add(operation.outputs[0])


def _bound(reader: Reader, operation: Operation, number: int, name: str) -> float | None:
    """A bound of Clip: an input, or in older versions an attribute; None where there is none."""
    if operation.has(name):
        bound = operation.number(name, 0.0)
    else:
        array = reader.constant(operation, number)
        if array is None:
            return None
        bound = float(array.reshape(-1)[0])
    return None if abs(bound) >= float(np.finfo(np.float32).max) else bound


def _prelu(reader: Reader, operation: Operation) -> None:
    value, slope = reader.value(operation), reader.numbers(operation, 1)
    rank = value.layout.rank
    if None in value.shape or slope.ndim > rank + 1 or (slope.ndim == rank + 1 and slope.shape[0] != 1):
        operation.refuse(f"a slope of shape {slope.shape} with a tensor of shape {('batch', *value.theirs)}")
    wide = slope.reshape([1] * (rank - slope.ndim) + list(slope.shape[-rank:]))
    if value.layout.image is not None:
        wide = np.broadcast_to(wide, value.theirs)  # type: ignore[arg-type]
    alpha = value.layout.to_ours(wide)
    shared = [axis for axis, (extent, whole) in enumerate(zip(alpha.shape, value.shape, strict=True), 1)
              if extent == 1 and whole != 1]
    tensor = reader.weighted(operation, layers.PReLU, {"shared_axes": shared or None}, value, [alpha])
    reader.give(operation, tensor, value.layout)


def _softmax(reader: Reader, operation: Operation) -> None:
    value = reader.value(operation)
    place = _axis(operation, value)
    axis = 1 if value.layout.image is not None else 1 + value.layout.order[place - 1]
    reader.give(operation, layers.Softmax(axis)(value.tensor), value.layout)


def _log_softmax(reader: Reader, operation: Operation) -> None:
    """The function is one along our last axis, to which another one is moved, and back again."""
    value = reader.value(operation)
    layout, place = value.layout, _axis(operation, value)
    if layout.image is None:
        rest = [other for other in range(1, layout.rank + 1) if other != place]
        order = [rest.index(other) if other != place else layout.rank - 1 for other in range(1, layout.rank + 1)]
        layout = Layout(tuple(order))
    made = Value(layers.Activation("log_softmax")(reader.arranged(value, layout)), layout)
    reader.give(operation, reader.arranged(made, value.layout), value.layout)


def _axis(operation: Operation, value: Value) -> int:
    """The axis of the file's tensor that an operation works along, counted with the batch's."""
    rank = value.layout.rank + 1
    axis = operation.integer("axis", -1 if operation.opset >= 13 else 1)
    if not -rank <= axis < rank:
        raise ValueError(f"axis={axis} of a tensor of {rank} axes")
    if axis % rank == 0 or (operation.opset < 13 and axis % rank != rank - 1):
        operation.refuse(f"axis={axis} of a tensor of {rank} axes, which is more than one of them, or the batch's")
    return axis % rank


def _nothing(operation: Operation) -> None:
    """Files are for inference, and all numbers floats."""


def _cast(operation: Operation) -> None:
    if operation.integer("to", 1) not in (1, 10, 11, 16):
        operation.refuse("numbers that are made integers")


def _cast_like(reader: Reader, operation: Operation) -> None:
    """Casts to the type of another tensor, which is that of floats where it follows the inputs."""
    name, other = operation.inputs
    if name not in reader.constants:
        _elementwise(_nothing)(reader, operation)
        return
    dtype = reader.constants[other].dtype if other in reader.constants else np.dtype(np.float32)
    reader.constants[operation.outputs[0]] = reader.constants[name].astype(dtype)


READERS: dict[str, Read] = {
    "Cast": _elementwise(_cast),
    "CastLike": _cast_like,
    "Celu": _elementwise(_celu),
    "Clip": _clip,
    "Dropout": _elementwise(_nothing),
    "Elu": _elementwise(lambda operation: layers.ELU(operation.number("alpha", 1.0))),
    "Exp": _positive(_activation("exponential")),
    "Gelu": _elementwise(_gelu),
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _elementwise(_activation("hard_silu")),
    "Identity": _elementwise(_nothing),
    "LeakyRelu": _elementwise(_leaky_relu),
    "LogSoftmax": _log_softmax,
    "Mish": _elementwise(_activation("mish")),
    "PRelu": _prelu,
    "Relu": _positive(lambda operation: layers.ReLU()),
    "Selu": _elementwise(_selu),
    "Shrink": _elementwise(_shrink),
    "Sigmoid": _positive(_activation("sigmoid")),
    "Softmax": _softmax,
    "Softplus": _positive(_activation("softplus")),
    "Softsign": _elementwise(_activation("softsign")),
    "Swish": _elementwise(_activation("silu")),
    "Tanh": _elementwise(_activation("tanh")),
    "ThresholdedRelu": _positive(_thresholded_relu),
}
