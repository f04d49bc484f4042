"""Layers for ONNX's operators other than convolutions and pools."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn import layers
from fashioncnn.exchange import layouts
from fashioncnn.exchange.onnx_reader import Operation, Reader, Value, along_channels, bias_behind, channel_vector

Read = Callable[[Reader, Operation], None]



# ---- functions of each number ----

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
    _give_clipped(reader, operation, 0, low, high)


def _give_clipped(reader: Reader, operation: Operation, number: int, low: float | None, high: float | None) -> None:
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


def _largest(reader: Reader, operation: Operation) -> None:
    _give_bounded(reader, operation, layers.Maximum, lambda bound: (bound, None))


def _smallest(reader: Reader, operation: Operation) -> None:
    _give_bounded(reader, operation, layers.Minimum, lambda bound: (None, bound))


def _give_bounded(reader: Reader, operation: Operation, make: Callable[[], layers.Layer],
                  bounds: Callable[[float], tuple[float | None, float | None]]) -> None:
    """Gives the larger or smaller of two tensors; where one is a number, what the other is with that as a bound."""
    number = next((i for i in range(len(operation.inputs)) if reader.is_constant(operation, i)), None)
    if number is None:
        _give_merged(reader, operation, make)
        return
    bound = reader.numbers(operation, number)
    if len(operation.inputs) != 2 or bound.size != 1:
        operation.refuse(f"a constant of shape {bound.shape}; supported: one number")
    _give_clipped(reader, operation, 1 - number, *bounds(float(bound.reshape(-1)[0])))


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
    value, axis = _with_axis_last(reader, operation)
    reader.give(operation, layers.Softmax(axis)(value.tensor), value.layout)


def _log_softmax(reader: Reader, operation: Operation) -> None:
    value, axis = _with_axis_last(reader, operation)
    if axis != value.layout.rank:
        value = Value(reader.theirs(value), layouts.ours(value.layout.rank))
        if _axis(operation, value) != value.layout.rank:
            operation.refuse("an axis that is neither the last one nor that of the channels")
    reader.give(operation, layers.Activation("log_softmax")(value.tensor), value.layout)


def _with_axis_last(reader: Reader, operation: Operation) -> tuple[Value, int]:
    """The input, and the axis of ours that the operation works along, counted with the batch's."""
    value = reader.value(operation)
    place = _axis(operation, value)
    return value, 1 if value.layout.image is not None else 1 + value.layout.order[place - 1]


def _axis(operation: Operation, value: Value) -> int:
    """The axis of the file's tensor that an operation works along, counted with the batch's."""
    rank = value.layout.rank + 1
    axis = operation.integer("axis", -1 if operation.opset >= 13 else 1)
    if not -rank <= axis < rank:
        raise ValueError(f"axis={axis} of a tensor of {rank} axes")
    if axis % rank == 0 or (operation.opset < 13 and axis % rank != rank - 1):
        operation.refuse(f"axis={axis} of a tensor of {rank} axes, which is more than one of them, or the batch's")
    return axis % rank


# ---- arithmetic ----

def _add(reader: Reader, operation: Operation) -> None:
    if _give_rescaled(reader, operation, lambda number: (1.0, number)):
        return
    _give_merged(reader, operation, layers.Add)


def _subtract(reader: Reader, operation: Operation) -> None:
    if reader.is_constant(operation, 0):
        _give_rescaled(reader, operation, lambda number: (-1.0, number))
    elif not _give_rescaled(reader, operation, lambda number: (1.0, -number)):
        _give_merged(reader, operation, layers.Subtract)


def _multiply(reader: Reader, operation: Operation) -> None:
    if _is_step_of_gelu(reader, operation):
        return
    if not _give_rescaled(reader, operation, lambda number: (number, 0.0)):
        _give_merged(reader, operation, layers.Multiply)


def _divide(reader: Reader, operation: Operation) -> None:
    if not reader.is_constant(operation, 1):
        operation.refuse("a divisor that is not constant")
    if not reader.numbers(operation, 1).all():
        raise ValueError("a division by zero")
    _give_rescaled(reader, operation, lambda number: (1.0 / number, 0.0))


def _negate(operation: Operation) -> layers.Layer:
    return layers.Rescaling(-1.0)


def _give_rescaled(reader: Reader, operation: Operation, factors: Callable[[Any], tuple[Any, Any]]) -> bool:
    """Gives a Rescaling, if one of the two inputs is constant; `factors`: its scale and offset for the constant."""
    number = next((i for i in (0, 1) if reader.is_constant(operation, i)), None)
    if number is None:
        return False
    other = operation.inputs[1 - number]
    if _is_step_of_erf(reader, operation, other, reader.numbers(operation, number)):
        return True
    value = reader.value(operation, 1 - number)
    constant = along_channels(operation, reader.numbers(operation, number), value)
    scale, offset = (_plain(factor) for factor in factors(constant.astype(np.float64)))
    reader.give(operation, layers.Rescaling(scale, offset)(value.tensor), value.layout)
    if np.size(scale) == 1 and np.isclose(scale, math.sqrt(0.5), rtol=1e-6) and not np.any(offset):
        reader.origins[operation.outputs[0]] = ("x / sqrt(2)", other)
    if np.size(scale) == 1 and scale == 0.5 and not np.any(offset):
        reader.origins[operation.outputs[0]] = ("x / 2", other)
    return True


def _plain(factor: Any) -> float | tuple[float, ...]:
    numbers = tuple(float(number) for number in np.atleast_1d(factor))
    return numbers[0] if len(numbers) == 1 else numbers


def _merge(make: Callable[[], layers.Layer]) -> Read:
    return lambda reader, operation: _give_merged(reader, operation, make)


def _give_merged(reader: Reader, operation: Operation, make: Callable[[], layers.Layer]) -> None:
    values = [reader.value(operation, number) for number in range(len(operation.inputs))]
    if len({value.layout.rank for value in values}) > 1:
        operation.refuse("inputs of different numbers of axes")
    if len(values) == 1:
        reader.give(operation, values[0].tensor, values[0].layout)
        return
    tensors, layout = reader.together(values)
    reader.give(operation, make()(tensors), layout)


# ---- gelu, written out: x / 2 (1 + erf(x / sqrt(2))) ----

def _erf(reader: Reader, operation: Operation) -> None:
    step, x = reader.origins.get(operation.inputs[0], ("", ""))
    if step != "x / sqrt(2)":
        operation.refuse("it is supported as a part of gelu, x / 2 (1 + erf(x / sqrt(2)))")
    reader.origins[operation.outputs[0]] = ("erf", x)


def _is_step_of_erf(reader: Reader, operation: Operation, name: str, constant: NDArray[np.float32]) -> bool:
    """Takes the steps in which a constant comes to what erf made."""
    step, x = reader.origins.get(name, ("", ""))
    if step == "erf" and operation.kind == "Add" and constant.size == 1 and constant.reshape(-1)[0] == 1.0:
        reader.origins[operation.outputs[0]] = ("1 + erf", x)
    elif step == "1 + erf" and operation.kind == "Mul" and constant.size == 1 and constant.reshape(-1)[0] == 0.5:
        reader.origins[operation.outputs[0]] = ("cdf", x)
    elif step == "x (1 + erf)" and operation.kind == "Mul" and constant.size == 1 and constant.reshape(-1)[0] == 0.5:
        _give_gelu(reader, operation, x)
    else:
        return False
    return True


def _is_step_of_gelu(reader: Reader, operation: Operation) -> bool:
    """Takes the steps in which x comes to what erf made."""
    for name, other in (operation.inputs, operation.inputs[::-1]):
        step, x = reader.origins.get(name, ("", ""))
        half = reader.origins.get(other, ("", ""))
        if (step == "cdf" and other == x) or (step == "1 + erf" and half == ("x / 2", x)):
            _give_gelu(reader, operation, x)
            return True
        if step == "1 + erf" and other == x:
            reader.origins[operation.outputs[0]] = ("x (1 + erf)", x)
            return True
    return False


def _give_gelu(reader: Reader, operation: Operation, x: str) -> None:
    value = reader.values[x]
    reader.give(operation, layers.Activation("gelu")(value.tensor), value.layout)


# ---- products ----

def _gemm(reader: Reader, operation: Operation) -> None:
    operation.expect(transA=0)
    kernel = reader.numbers(operation, 1) * np.float32(operation.number("alpha", 1.0))
    if operation.integer("transB", 0):
        kernel = kernel.T
    bias = None
    if reader.constant(operation, 2) is not None:
        bias = reader.numbers(operation, 2) * np.float32(operation.number("beta", 1.0))
        bias = np.broadcast_to(bias.reshape(-1), kernel.shape[1:])
    value = reader.value(operation)
    if value.layout.rank != 1 or kernel.ndim != 2:
        operation.refuse(f"an input of shape {('batch', *value.theirs)}; supported: vectors")
    _give_dense(reader, operation, value, kernel, bias)


def _matmul(reader: Reader, operation: Operation) -> None:
    if reader.is_constant(operation, 0):
        operation.refuse("a constant on the left; supported: one on the right")
    if not reader.is_constant(operation, 1):
        values = [reader.value(operation, number) for number in (0, 1)]
        if any(value.layout.rank != 2 for value in values):
            operation.refuse("inputs other than one matrix for each row of the batch")
        reader.give(operation, layers.Dot((2, 1))([reader.theirs(value) for value in values]), layouts.ours(2))
        return
    kernel, value = reader.numbers(operation, 1), reader.value(operation)
    if kernel.ndim != 2:
        operation.refuse(f"a constant of shape {kernel.shape}; supported: a matrix")
    if value.layout.rank > 1:
        value = Value(reader.theirs(value), layouts.ours(value.layout.rank))
    _give_dense(reader, operation, value, kernel, None)


def _give_dense(reader: Reader, operation: Operation, value: Value, kernel: NDArray[np.float32],
                bias: NDArray[np.float32] | None) -> None:
    name, made = "", layouts.ours(value.layout.rank)
    if bias is None:
        bias, name = bias_behind(reader, operation, made, kernel.shape[1])
    if value.layout.image is not None:
        if len(kernel) != math.prod(value.layout.image):
            raise ValueError(f"a kernel of shape {kernel.shape} for {math.prod(value.layout.image)} numbers")
        kernel = value.layout.to_ours(kernel)
    weights = [kernel] if bias is None else [kernel, bias]
    config = {"units": kernel.shape[1], "use_bias": bias is not None}
    reader.give(operation, reader.weighted(operation, layers.Dense, config, value, weights, name), made)


# ---- normalizations ----

def _batch_normalization(reader: Reader, operation: Operation) -> None:
    operation.expect(training_mode=0, spatial=1)
    value = reader.channels_last(reader.value(operation))
    weights = [value.layout.to_ours(array) if value.layout.image is not None else array
               for array in (reader.numbers(operation, number).reshape(-1) for number in range(1, 5))]
    config = {"epsilon": operation.number("epsilon", 1e-5), "momentum": operation.number("momentum", 0.9)}
    reader.give(operation, reader.weighted(operation, layers.BatchNormalization, config, value, weights), value.layout)


def _layer_normalization(reader: Reader, operation: Operation) -> None:
    value = reader.value(operation)
    if value.layout.image is None:
        value = Value(reader.theirs(value), layouts.ours(value.layout.rank))
    rank = value.layout.rank + 1
    first = operation.integer("axis", -1) % rank
    weights = [reader.numbers(operation, 1)]
    if reader.constant(operation, 2) is not None:
        weights.append(reader.numbers(operation, 2))
    if value.layout.image is not None:
        weights = [value.layout.to_ours(array.reshape(-1)) for array in weights]
    config = {"axis": list(range(first, rank)) if first < rank - 1 else -1, "center": len(weights) > 1,
              "epsilon": operation.number("epsilon", 1e-5)}
    if first == 0:
        operation.refuse("axis=0, which is the batch's")
    reader.give(operation, reader.weighted(operation, layers.LayerNormalization, config, value, weights), value.layout)


def _instance_normalization(reader: Reader, operation: Operation) -> None:
    weights = [reader.numbers(operation, number).reshape(-1) for number in (1, 2)]
    _give_group_normalization(reader, operation, reader.value(operation), -1, weights)


def _group_normalization(reader: Reader, operation: Operation) -> None:
    value, groups = reader.value(operation), operation.integer("num_groups", 1)
    weights = [reader.numbers(operation, number).reshape(-1) for number in (1, 2)]
    channels = value.theirs[0]
    if channels and operation.opset < 21:  # a number for each group
        weights = [np.repeat(array, channels // groups) for array in weights]
    _give_group_normalization(reader, operation, value, groups, weights)


def _give_group_normalization(reader: Reader, operation: Operation, value: Value, groups: int,
                              weights: Sequence[NDArray[np.float32]]) -> None:
    if value.layout.image is not None or value.layout.rank < 2:
        operation.refuse(f"an input of shape {('batch', *value.theirs)}")
    value = reader.channels_last(value)
    config = {"groups": groups, "epsilon": operation.number("epsilon", 1e-5)}
    tensor = reader.weighted(operation, layers.GroupNormalization, config, value, weights, groups)
    reader.give(operation, tensor, value.layout)


def group_normalization_behind(reader: Reader, reshape: Operation, groups: int) -> bool:
    """Takes a group normalization that is written out: groups as channels of an InstanceNormalization, the way back,
    and a factor and an offset for each channel. Returns whether it was one."""
    instance = reader.only_user(reshape.outputs[0], "InstanceNormalization")
    back = reader.only_user(instance.outputs[0], "Reshape") if instance is not None else None
    if instance is None or back is None or not all(reader.is_constant(instance, number) for number in (1, 2)):
        return False
    value = reader.channels_last(reader.value(reshape))
    plain = (reader.numbers(instance, 1) == 1).all() and (reader.numbers(instance, 2) == 0).all()
    channels = value.shape[-1]
    if not plain or channels is None or value.layout.rank < 2:
        return False
    if not _leads_back(reader, back, reshape.inputs[0], value):
        return False
    weights, chain = [np.ones(channels, np.float32), np.zeros(channels, np.float32)], [instance, back]
    for place, kind in enumerate(("Mul", "Add")):
        last = chain[-1].outputs[0]
        user = reader.only_user(last, kind)
        number = 1 - user.inputs.index(last) if user is not None else 0
        vector = (channel_vector(reader.numbers(user, number), value.layout, channels)
                  if user is not None and reader.is_constant(user, number) else None)
        if user is not None and vector is not None:
            weights[place] = vector
            chain.append(user)
    reader.take_over(instance, *chain)
    _give_group_normalization(reader, instance, value, groups, weights)
    return True


def _leads_back(reader: Reader, back: Operation, name: str, value: Value) -> bool:
    """Whether a Reshape makes the shape that the tensor `name` has, as far as one can see."""
    if not reader.is_constant(back, 1):
        shape = next((each for each in reader.users(name) if each.kind == "Shape"), None)
        return shape is not None and shape.outputs[0] == back.inputs[1]
    target = list(reader.constants[back.inputs[1]].reshape(-1)[1:])
    return len(target) == value.layout.rank and all(extent in (0, -1, wanted) for extent, wanted
                                                    in zip(target, value.theirs, strict=True))


def _dropout(operation: Operation) -> None:
    """Nothing: files are for inference."""


def _cast(operation: Operation) -> None:
    if operation.integer("to", 1) not in (1, 10, 11, 16):
        operation.refuse("numbers that are made integers")


READERS: dict[str, Read] = {
    "Add": _add,
    "BatchNormalization": _batch_normalization,
    "Cast": _elementwise(_cast),
    "Celu": _elementwise(_celu),
    "Clip": _clip,
    "Div": _divide,
    "Dropout": _elementwise(_dropout),
    "Elu": _elementwise(lambda operation: layers.ELU(operation.number("alpha", 1.0))),
    "Erf": _erf,
    "Exp": _positive(_activation("exponential")),
    "Gelu": _elementwise(_gelu),
    "Gemm": _gemm,
    "GroupNormalization": _group_normalization,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _elementwise(_activation("hard_silu")),
    "Identity": _elementwise(lambda operation: None),
    "InstanceNormalization": _instance_normalization,
    "LayerNormalization": _layer_normalization,
    "LeakyRelu": _elementwise(_leaky_relu),
    "LogSoftmax": _log_softmax,
    "MatMul": _matmul,
    "Max": _largest,
    "Mean": _merge(layers.Average),
    "Min": _smallest,
    "Mish": _elementwise(_activation("mish")),
    "Mul": _multiply,
    "Neg": _elementwise(_negate),
    "PRelu": _prelu,
    "Relu": _positive(lambda operation: layers.ReLU()),
    "Selu": _elementwise(_selu),
    "Shrink": _elementwise(_shrink),
    "Sigmoid": _positive(_activation("sigmoid")),
    "Softmax": _softmax,
    "Softplus": _positive(_activation("softplus")),
    "Softsign": _elementwise(_activation("softsign")),
    "Sub": _subtract,
    "Sum": _merge(layers.Add),
    "Swish": _elementwise(_activation("silu")),
    "Tanh": _elementwise(_activation("tanh")),
    "ThresholdedRelu": _positive(_thresholded_relu),
}
