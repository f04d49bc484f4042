"""Layers for ONNX's arithmetic: sums and products of tensors and of numbers, and gelu where it is written out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn import layers
from fashioncnn.exchange import layouts
from fashioncnn.exchange.onnx_read_functions import give_clipped
from fashioncnn.exchange.onnx_read_normalizations import rms_normalization_behind
from fashioncnn.exchange.onnx_reader import Operation, Read, Reader, Value, along_channels, with_factors_behind


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
    if operation.inputs[0] == operation.inputs[1] and rms_normalization_behind(reader, operation):
        return
    if not _give_rescaled(reader, operation, lambda number: (number, 0.0)):
        _give_merged(reader, operation, layers.Multiply)


def _divide(reader: Reader, operation: Operation) -> None:
    if not reader.is_constant(operation, 1):
        operation.refuse("a divisor that is not constant")
    if not reader.numbers(operation, 1).all():
        raise ValueError("a division by zero")
    _give_rescaled(reader, operation, lambda number: (1.0 / number, 0.0))


def _negate(reader: Reader, operation: Operation) -> None:
    value = reader.value(operation)
    reader.give(operation, layers.Rescaling(-1.0)(value.tensor), value.layout)


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
    give_clipped(reader, operation, 1 - number, *bounds(float(bound.reshape(-1)[0])))


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
    made = layouts.ours(value.layout.rank)
    if value.shape[-1] is None:
        operation.refuse("it takes as many numbers as an extent says that is not known")
    if value.layout.image is not None:
        if len(kernel) != math.prod(value.layout.image):
            raise ValueError(f"a kernel of shape {kernel.shape} for {math.prod(value.layout.image)} numbers")
        kernel = value.layout.to_ours(kernel)
    weights, names = with_factors_behind(reader, operation, made, kernel, bias)
    config = {"units": kernel.shape[1], "use_bias": len(weights) > 1}
    reader.give(operation, reader.weighted(operation, layers.Dense, config, value, weights, *names), made)


READERS: dict[str, Read] = {
    "Add": _add,
    "Div": _divide,
    "Erf": _erf,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Max": _largest,
    "Mean": _merge(layers.Average),
    "Min": _smallest,
    "Mul": _multiply,
    "Neg": _negate,
    "Sub": _subtract,
    "Sum": _merge(layers.Add),
}
