"""Functions of single numbers and of pairs of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fashioncnn.backend.conversion import array
from fashioncnn.ops.operation import at_once, floats, operation, result
from fashioncnn.utils.tracing import TracedTensor, current, is_running, is_traced


def _function(x: Any, name: str, function: Callable[..., Any], node_type: str = "function", **attributes: Any) -> Any:
    """A function of each number, by a node of the core where code is traced."""
    if not is_traced(x):
        return at_once(function, floats(x))
    return current().node(node_type, current().operand(x), function=name, **attributes)


def _pair(x1: Any, x2: Any, node_type: str, function: Callable[..., Any]) -> Any:
    """A function of two numbers, broadcast."""
    if not is_traced(x1, x2):
        return at_once(function, x1, x2)
    return current().node(node_type, *current().aligned(x1, x2))


def _is_number(value: Any) -> bool:
    return isinstance(value, (bool, int, float, np.number)) and bool(np.isfinite(value))


def _linear(x: Any, scale: float, offset: float) -> TracedTensor:
    """``x * scale + offset``"""
    operand = current().operand(x)
    if operand.image_shape == ():
        if offset == 0.0:
            return current().node("multiply", operand, current().constant(scale))
        if scale == 1.0:
            return current().node("add", operand, current().constant(offset))
        scaled = current().node("multiply", operand, current().constant(scale))
        return current().node("add", scaled, current().constant(offset))
    return current().node("rescaling", operand, scale=float(scale), offset=float(offset))


@operation
def add(x1: Any, x2: Any) -> Any:
    """``x1 + x2``, broadcast.

    Example:
        >>> add([1.0, 2.0], 10)
        array([11., 12.], dtype=float32)
    """
    if is_traced(x1, x2) and (_is_number(x1) or _is_number(x2)):
        return _linear(x1, 1.0, x2) if _is_number(x2) else _linear(x2, 1.0, x1)
    return _pair(x1, x2, "add", np.add)


@operation
def subtract(x1: Any, x2: Any) -> Any:
    """``x1 - x2``, broadcast."""
    if is_traced(x1, x2) and (_is_number(x1) or _is_number(x2)):
        return _linear(x1, 1.0, -x2) if _is_number(x2) else _linear(x2, -1.0, x1)
    return _pair(x1, x2, "subtract", np.subtract)


@operation
def multiply(x1: Any, x2: Any) -> Any:
    """``x1 * x2``, broadcast."""
    if is_traced(x1, x2) and (_is_number(x1) or _is_number(x2)):
        return _linear(x1, x2, 0.0) if _is_number(x2) else _linear(x2, x1, 0.0)
    return _pair(x1, x2, "multiply", np.multiply)


@operation
def divide(x1: Any, x2: Any) -> Any:
    """``x1 / x2``, broadcast.

    Example:
        >>> divide([1, 3], 2)
        array([0.5, 1.5], dtype=float32)
    """
    return _pair(x1, x2, "divide", np.true_divide)


@operation
def true_divide(x1: Any, x2: Any) -> Any:
    """The same as `divide`."""
    return _pair(x1, x2, "divide", np.true_divide)


@operation
def divide_no_nan(x1: Any, x2: Any) -> Any:
    """``x1 / x2``, and 0 where `x2` is 0."""
    is_zero = equal(x2, 0.0)
    return where(is_zero, 0.0, divide(x1, where(is_zero, 1.0, x2)))


@operation
def floor_divide(x1: Any, x2: Any) -> Any:
    """The largest whole number that is not above ``x1 / x2``."""
    return floor(divide(x1, x2)) if is_traced(x1, x2) else at_once(np.floor_divide, x1, x2)


@operation
def mod(x1: Any, x2: Any) -> Any:
    """What is left of `x1` by that division, with the sign of `x2`."""
    if is_traced(x1, x2):
        return subtract(x1, multiply(floor(divide(x1, x2)), x2))
    return at_once(np.mod, x1, x2)


@operation
def power(x1: Any, x2: Any) -> Any:
    """`x1` to the power of `x2`.

    Example:
        >>> power([2.0, 3.0], 2)
        array([4., 9.], dtype=float32)
    """
    if is_traced(x1, x2) and _is_number(x2):
        return _function(x1, "power", np.power, exponent=float(x2))
    return _pair(x1, x2, "power", np.power)


@operation
def maximum(x1: Any, x2: Any) -> Any:
    """The larger of both; where they are equal, the gradient goes to `x1`."""
    return _pair(x1, x2, "maximum", np.maximum)


@operation
def minimum(x1: Any, x2: Any) -> Any:
    """The smaller of both; where they are equal, the gradient goes to `x1`."""
    return _pair(x1, x2, "minimum", np.minimum)


@operation
def equal(x1: Any, x2: Any) -> Any:
    """Where both are equal: true, which is 1 in a model. Without a gradient, as all comparisons."""
    return _pair(x1, x2, "equal", np.equal)


@operation
def not_equal(x1: Any, x2: Any) -> Any:
    """Where they differ."""
    return _pair(x1, x2, "not_equal", np.not_equal)


@operation
def greater(x1: Any, x2: Any) -> Any:
    """``x1 > x2``"""
    return _pair(x1, x2, "greater", np.greater)


@operation
def greater_equal(x1: Any, x2: Any) -> Any:
    """``x1 >= x2``"""
    return _pair(x1, x2, "greater_equal", np.greater_equal)


@operation
def less(x1: Any, x2: Any) -> Any:
    """``x1 < x2``"""
    return _pair(x1, x2, "less", np.less)


@operation
def less_equal(x1: Any, x2: Any) -> Any:
    """``x1 <= x2``"""
    return _pair(x1, x2, "less_equal", np.less_equal)


@operation
def logical_and(x1: Any, x2: Any) -> Any:
    """Where both are true, or not 0."""
    if is_traced(x1, x2):
        return multiply(not_equal(x1, 0.0), not_equal(x2, 0.0))
    return at_once(np.logical_and, x1, x2)


@operation
def logical_or(x1: Any, x2: Any) -> Any:
    """Where one of both is true, or not 0."""
    if is_traced(x1, x2):
        return maximum(not_equal(x1, 0.0), not_equal(x2, 0.0))
    return at_once(np.logical_or, x1, x2)


@operation
def logical_xor(x1: Any, x2: Any) -> Any:
    """Where only one of both is true, or not 0."""
    if is_traced(x1, x2):
        return not_equal(not_equal(x1, 0.0), not_equal(x2, 0.0))
    return at_once(np.logical_xor, x1, x2)


@operation
def logical_not(x: Any) -> Any:
    """Where `x` is false, or 0."""
    return equal(x, 0.0) if is_traced(x) else at_once(np.logical_not, x)


@operation
def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """`x1` where the condition is true, or not 0; else `x2`.

    Raises:
        NotImplementedError: If only a condition is given.

    Example:
        >>> where([True, False], [1.0, 2.0], 0.0)
        array([1., 0.], dtype=float32)
    """
    if x1 is None or x2 is None:
        raise NotImplementedError("ops.where() of a condition alone, whose result has no fixed shape, is not supported "
                                  "by fashioncnn (yet); give x1 and x2")
    if is_traced(condition, x1, x2):
        return current().node("where", *current().aligned(condition, x1, x2))
    if isinstance(x1, (bool, int, float)) and isinstance(x2, (bool, int, float)):
        x1 = array(x1)  # an int32, not NumPy's own int64
    return at_once(np.where, condition, x1, x2)


@operation
def negative(x: Any) -> Any:
    """``-x``"""
    return _linear(x, -1.0, 0.0) if is_traced(x) else at_once(np.negative, x)


@operation
def absolute(x: Any) -> Any:
    """Sizes without signs."""
    return _function(x, "absolute", np.abs) if is_traced(x) else at_once(np.abs, x)


abs = absolute


@operation
def sign(x: Any) -> Any:
    """-1, 0 or 1; without a gradient."""
    return _function(x, "sign", np.sign) if is_traced(x) else at_once(np.sign, x)


@operation
def exp(x: Any) -> Any:
    """e to the power of x."""
    return _function(x, "exponential", np.exp, "activation")


@operation
def expm1(x: Any) -> Any:
    """``exp(x) - 1``, exact near 0."""
    return _function(x, "expm1", np.expm1)


@operation
def log(x: Any) -> Any:
    """The natural logarithm: -inf of 0, NaN of what is negative.

    Example:
        >>> log([1.0, 0.0])
        array([  0., -inf], dtype=float32)
    """
    return _function(x, "log", np.log)


@operation
def log1p(x: Any) -> Any:
    """``log(1 + x)``, exact near 0."""
    return _function(x, "log1p", np.log1p)


@operation
def log2(x: Any) -> Any:
    """The logarithm to base 2."""
    return multiply(log(x), 1.4426950408889634) if is_traced(x) else at_once(np.log2, floats(x))


@operation
def log10(x: Any) -> Any:
    """The logarithm to base 10."""
    return multiply(log(x), 0.4342944819032518) if is_traced(x) else at_once(np.log10, floats(x))


@operation
def sqrt(x: Any) -> Any:
    """The square root; NaN of what is negative."""
    return _function(x, "sqrt", np.sqrt)


@operation
def rsqrt(x: Any) -> Any:
    """``1 / sqrt(x)``"""
    return _function(x, "rsqrt", lambda values: 1 / np.sqrt(values))


@operation
def square(x: Any) -> Any:
    """``x * x``"""
    return _function(x, "square", np.square) if is_traced(x) else at_once(np.square, x)


@operation
def reciprocal(x: Any) -> Any:
    """``1 / x``"""
    return _function(x, "reciprocal", np.reciprocal)


@operation
def sin(x: Any) -> Any:
    """The sine."""
    return _function(x, "sin", np.sin)


@operation
def cos(x: Any) -> Any:
    """The cosine."""
    return _function(x, "cos", np.cos)


@operation
def tan(x: Any) -> Any:
    """The tangent."""
    return divide(sin(x), cos(x)) if is_traced(x) else at_once(np.tan, floats(x))


@operation
def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    return _function(x, "tanh", np.tanh, "activation")


@operation
def erf(x: Any) -> Any:
    """``2 / sqrt(pi)`` times the integral of ``exp(-t**2)`` from 0 to x."""
    if is_traced(x):
        return _function(x, "erf", np.abs)
    from math import erf as of_number

    return at_once(np.vectorize(of_number, otypes=[np.float64]), floats(x))


@operation
def floor(x: Any) -> Any:
    """The largest whole number that is not above x; without a gradient."""
    return _function(x, "floor", np.floor)


@operation
def ceil(x: Any) -> Any:
    """The smallest whole number that is not below x; without a gradient."""
    return _function(x, "ceil", np.ceil)


@operation
def trunc(x: Any) -> Any:
    """`x` without what follows its point; without a gradient."""
    return _function(x, "trunc", np.trunc)


@operation
def round(x: Any, decimals: int = 0) -> Any:
    """To so many decimals; of two numbers as near the even one. Without a gradient."""
    if not is_traced(x):
        return at_once(lambda values: np.round(values, decimals), x)
    if decimals:
        return divide(round(multiply(x, 10.0**decimals)), 10.0**decimals)
    return _function(x, "round", np.round)


@operation
def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """Not below `x_min`, not above `x_max`; what is outside has no gradient.

    Example:
        >>> clip([-2.0, 0.5, 3.0], 0, 1)
        array([0. , 0.5, 1. ], dtype=float32)
    """
    if is_traced(x) and all(map(_is_number, (x_min, x_max))):
        return _function(x, "clip", np.clip, low=float(x_min), high=float(x_max))
    if is_traced(x, x_min, x_max):
        return minimum(maximum(x, x_min), x_max)
    return at_once(np.clip, x, x_min, x_max)


@operation
def isnan(x: Any) -> Any:
    """Where `x` is not a number."""
    return not_equal(x, x) if is_traced(x) else at_once(np.isnan, x)


@operation
def stop_gradient(variable: Any) -> Any:
    """The same numbers, through which no gradient passes."""
    return _function(variable, "stop_gradient", np.asarray) if is_traced(variable) else result(variable, variable)


@operation
def cast(x: Any, dtype: Any) -> Any:
    """The numbers in another type. In a model all are float32: integers are whole numbers, bools 0 or 1.

    Example:
        >>> cast([True, False], "float32")
        array([1., 0.], dtype=float32)
    """
    kind = np.dtype(getattr(dtype, "name", dtype)).kind
    if x is None and is_running() and current().joins_batch:  # the batch's extent, as ops.shape(x)[0] has it
        return current().over_batch(current().for_each_image(current().constant(1.0)), "sum")
    if not is_traced(x):
        return np.asarray(x).astype(np.dtype(getattr(dtype, "name", dtype))).view(type(result(0.0)))
    if kind == "b":
        return not_equal(x, 0.0)
    return trunc(x) if kind in "iu" else current().operand(x)
