"""Functions of single numbers, and of pairs of them: `K.square`, `K.maximum`, `K.cast` and the like."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from fashioncnn.backend.conversion import array, floats, numbers, operand, wrapped
from fashioncnn.utils.operators import of_tensors
from fashioncnn.utils.tensor import Tensor


@of_tensors("absolute")
def abs(x: Any) -> Tensor:
    """Sizes without signs."""
    return wrapped(np.abs(numbers(x, "abs")))


@of_tensors("sign")
def sign(x: Any) -> Tensor:
    """-1, 0 or 1."""
    return wrapped(np.sign(numbers(x, "sign")))


@of_tensors("square")
def square(x: Any) -> Tensor:
    """``x * x``"""
    return wrapped(np.square(numbers(x, "square")))


@of_tensors("sqrt")
def sqrt(x: Any) -> Tensor:
    """The square root; 0 where `x` is negative, as in Keras."""
    return wrapped(np.sqrt(np.maximum(floats(x, "sqrt"), 0)))


@of_tensors("exp")
def exp(x: Any) -> Tensor:
    """e to the power of x."""
    return wrapped(np.exp(floats(x, "exp")))


@of_tensors("log")
def log(x: Any) -> Tensor:
    """The natural logarithm: -inf of 0 and NaN of what is negative, without a warning."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return wrapped(np.log(floats(x, "log")))


@of_tensors("sin")
def sin(x: Any) -> Tensor:
    """The sine."""
    return wrapped(np.sin(floats(x, "sin")))


@of_tensors("cos")
def cos(x: Any) -> Tensor:
    """The cosine."""
    return wrapped(np.cos(floats(x, "cos")))


@of_tensors("round")
def round(x: Any) -> Tensor:
    """The nearest whole number, of two the even one."""
    return wrapped(np.round(numbers(x, "round")))


@of_tensors("power")
def pow(x: Any, a: Any) -> Tensor:
    """``x`` to the power of ``a``."""
    values = numbers(x, "pow")
    return wrapped(np.power(values, operand(a, values)))


@of_tensors("clip")
def clip(x: Any, min_value: Any, max_value: Any) -> Tensor:
    """`x` between two bounds; None is none. A lower bound above the upper one counts as both, as in Keras."""
    if isinstance(min_value, int | float) and isinstance(max_value, int | float):
        max_value = builtins.max(min_value, max_value)
    values = numbers(x, "clip")
    for bound, limit in ((min_value, np.maximum), (max_value, np.minimum)):
        if bound is not None:
            values = limit(values, np.asarray(operand(bound, values)).astype(values.dtype))
    return wrapped(values)


@of_tensors("maximum")
def maximum(x: Any, y: Any) -> Tensor:
    """The larger of two, element by element."""
    values = array(x)
    return wrapped(np.maximum(values, operand(y, values)))


@of_tensors("minimum")
def minimum(x: Any, y: Any) -> Tensor:
    """The smaller of two, element by element."""
    values = array(x)
    return wrapped(np.minimum(values, operand(y, values)))


@of_tensors("equal")
def equal(x: Any, y: Any) -> Tensor:
    """Where both are equal."""
    values = array(x)
    return wrapped(np.equal(values, operand(y, values)))


@of_tensors("not_equal")
def not_equal(x: Any, y: Any) -> Tensor:
    """Where they differ."""
    values = array(x)
    return wrapped(np.not_equal(values, operand(y, values)))


@of_tensors("greater")
def greater(x: Any, y: Any) -> Tensor:
    """Where `x` is the larger."""
    values = array(x)
    return wrapped(np.greater(values, operand(y, values)))


@of_tensors("greater_equal")
def greater_equal(x: Any, y: Any) -> Tensor:
    """Where `x` is not the smaller."""
    values = array(x)
    return wrapped(np.greater_equal(values, operand(y, values)))


@of_tensors("less")
def less(x: Any, y: Any) -> Tensor:
    """Where `x` is the smaller."""
    values = array(x)
    return wrapped(np.less(values, operand(y, values)))


@of_tensors("less_equal")
def less_equal(x: Any, y: Any) -> Tensor:
    """Where `x` is not the larger."""
    values = array(x)
    return wrapped(np.less_equal(values, operand(y, values)))


@of_tensors("cast")
def cast(x: Any, dtype: Any) -> Tensor:
    """`x` in another type.

    Example:
        >>> cast([0.5, 2.0], "bool"), cast(equal([1, 2], [1, 3]), "float32")
        (array([ True,  True]), array([1., 0.], dtype=float32))
    """
    return wrapped(array(x).astype(dtype))


def cast_to_floatx(x: Any) -> Tensor:
    """`x` as float32."""
    return cast(x, np.float32)


@of_tensors("where")
def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """The one or the other, element by element, or wholly where the condition is a single one.

    Args:
        condition: Bools; missing axes at its end are added.
        then_expression: An array or a function that returns one.
        else_expression: The same.

    Raises:
        ValueError: If the condition has more axes than the expressions.
    """
    chosen = array(condition).astype(bool)
    if chosen.ndim == 0:
        one = then_expression if chosen else else_expression
        return one() if callable(one) else one
    yes, no = (array(each() if callable(each) else each) for each in (then_expression, else_expression))
    if chosen.ndim > yes.ndim:
        raise ValueError(f"switch() got a condition of {chosen.ndim} axes for expressions of {yes.ndim}")
    return wrapped(np.where(chosen.reshape(chosen.shape + (1,) * (yes.ndim - chosen.ndim)), yes, no))


@of_tensors("stop_gradient")
def stop_gradient(variables: Any) -> Any:
    """The same: there are no gradients to stop."""
    return variables
