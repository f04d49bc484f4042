"""Activation functions in operators of ONNX."""

from __future__ import annotations

import math
from collections.abc import Callable

from fashioncnn.exchange.onnx_writer import Writer

Function = Callable[[Writer, str], str]


def activation(writer: Writer) -> None:
    """Writes a node of the core's type "activation"."""
    (position,) = writer.inputs
    function = writer.node["function"]
    if function == "linear":
        writer.hand_on()
        return
    made = _FUNCTIONS[function](writer, writer.primary(position))
    writer.put(made, writer.layout(position))


def _plain(operator: str, **attributes: float) -> Function:
    return lambda writer, x: writer.op(operator, x, **attributes)


def _option(writer: Writer, name: str, default: float) -> float:
    return float(writer.node.get(name, default))


def _relu(writer: Writer, x: str) -> str:
    slope, threshold = _option(writer, "negative_slope", 0.0), _option(writer, "threshold", 0.0)
    largest = writer.node.get("max_value")
    if threshold != 0.0:
        return _relu_with_threshold(writer, x, slope, threshold, largest)
    if largest is None:
        return writer.op("LeakyRelu", x, alpha=slope) if slope else writer.op("Relu", x)
    if not slope:
        return writer.op("Clip", x, writer.numbers(0.0), writer.numbers(largest))
    return writer.op("Min", writer.op("LeakyRelu", x, alpha=slope), writer.numbers(largest))


def _relu_with_threshold(writer: Writer, x: str, slope: float, threshold: float, largest: float | None) -> str:
    limit = writer.numbers(threshold)
    below = writer.op("Mul", writer.op("Sub", x, limit), writer.numbers(slope))
    y = writer.op("Where", writer.op("GreaterOrEqual", x, limit), x, below)
    if largest is None:
        return y
    most = writer.numbers(largest)
    return writer.op("Where", writer.op("GreaterOrEqual", x, most), most, y)


def _elu(writer: Writer, x: str) -> str:
    return writer.op("Elu", x, alpha=_option(writer, "alpha", 1.0))


def _celu(writer: Writer, x: str) -> str:
    return writer.op("Celu", x, alpha=_option(writer, "alpha", 1.0))


def _gelu(writer: Writer, x: str) -> str:
    inside = writer.op("Erf", writer.op("Mul", x, writer.numbers(math.sqrt(0.5))))
    return _half_of_one_and(writer, x, inside)


def _gelu_tanh(writer: Writer, x: str) -> str:
    square = writer.op("Mul", x, x)
    factor = writer.op("Add", writer.op("Mul", square, writer.numbers(0.044715 * math.sqrt(2 / math.pi))),
                       writer.numbers(math.sqrt(2 / math.pi)))
    return _half_of_one_and(writer, x, writer.op("Tanh", writer.op("Mul", x, factor)))


def _half_of_one_and(writer: Writer, x: str, y: str) -> str:
    half = writer.op("Mul", x, writer.numbers(0.5))
    return writer.op("Mul", half, writer.op("Add", y, writer.numbers(1.0)))


def _silu(writer: Writer, x: str) -> str:
    return writer.op("Mul", x, writer.op("Sigmoid", x))


def _log_sigmoid(writer: Writer, x: str) -> str:
    return writer.op("Neg", writer.op("Softplus", writer.op("Neg", x)))


def _hard_tanh(writer: Writer, x: str) -> str:
    return writer.op("Clip", x, writer.numbers(-1.0), writer.numbers(1.0))


def _tanh_shrink(writer: Writer, x: str) -> str:
    return writer.op("Sub", x, writer.op("Tanh", x))


def _hard_shrink(writer: Writer, x: str) -> str:
    return writer.op("Shrink", x, lambd=_option(writer, "threshold", 0.5), bias=0.0)


def _soft_shrink(writer: Writer, x: str) -> str:
    threshold = _option(writer, "threshold", 0.5)
    if threshold >= 0:
        return writer.op("Shrink", x, lambd=threshold, bias=threshold)
    limit, negative = writer.numbers(threshold), writer.numbers(-threshold)
    below = writer.op("Where", writer.op("Less", x, negative), writer.op("Add", x, limit), writer.numbers(0.0))
    return writer.op("Where", writer.op("Greater", x, limit), writer.op("Sub", x, limit), below)


def _threshold(writer: Writer, x: str) -> str:
    above = writer.op("Greater", x, writer.numbers(_option(writer, "threshold", 0.0)))
    return writer.op("Where", above, x, writer.numbers(_option(writer, "default_value", 0.0)))


def _sparse_plus(writer: Writer, x: str) -> str:
    root = writer.op("Mul", writer.op("Add", x, writer.numbers(1.0)), writer.numbers(0.5))
    above = writer.op("Where", writer.op("GreaterOrEqual", x, writer.numbers(1.0)), x, writer.op("Mul", root, root))
    return writer.op("Where", writer.op("LessOrEqual", x, writer.numbers(-1.0)), writer.numbers(0.0), above)


def _squareplus(writer: Writer, x: str) -> str:
    square = writer.op("Add", writer.op("Mul", x, x), writer.numbers(_option(writer, "b", 4.0)))
    return writer.op("Mul", writer.op("Add", x, writer.op("Sqrt", square)), writer.numbers(0.5))


_FUNCTIONS: dict[str, Function] = {
    "relu": _relu,
    "sigmoid": _plain("Sigmoid"),
    "log_sigmoid": _log_sigmoid,
    "hard_sigmoid": _plain("HardSigmoid", alpha=1 / 6, beta=0.5),
    "sparse_sigmoid": _plain("HardSigmoid", alpha=0.5, beta=0.5),
    "tanh": _plain("Tanh"),
    "hard_tanh": _hard_tanh,
    "tanh_shrink": _tanh_shrink,
    "elu": _elu,
    "celu": _celu,
    "selu": _plain("Selu"),
    "softplus": _plain("Softplus"),
    "sparse_plus": _sparse_plus,
    "squareplus": _squareplus,
    "softsign": _plain("Softsign"),
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "silu": _silu,
    "hard_silu": _plain("HardSwish"),
    "mish": _plain("Mish"),
    "exponential": _plain("Exp"),
    "hard_shrink": _hard_shrink,
    "soft_shrink": _soft_shrink,
    "threshold": _threshold,
}
