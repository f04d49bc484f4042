"""Functions that are made of others: where code is traced they leave the nodes of these behind."""

from __future__ import annotations

from typing import Any

import numpy as np

from fashioncnn.backend.conversion import array
from fashioncnn.ops.elementwise import (
    abs,
    add,
    cast,
    clip,
    divide,
    exp,
    isnan,
    log,
    maximum,
    minimum,
    multiply,
    not_equal,
    sqrt,
    square,
    subtract,
    where,
)
from fashioncnn.ops.nn import EPSILON, log_softmax, logits_of
from fashioncnn.ops.operation import at_once, axes_of, floats, of_image, operation
from fashioncnn.ops.products import matmul
from fashioncnn.ops.reductions import mean, sum
from fashioncnn.ops.shapes import concatenate, moveaxis, ndim, one_hot, reshape, squeeze
from fashioncnn.utils.tensor import tensor
from fashioncnn.utils.tracing import current, is_running, is_traced


@operation
def convert_to_tensor(x: Any, dtype: Any = None) -> Any:
    """`x` as a tensor, of a type; None: of its own, where Python's floats are float32 and its integers int32.

    Example:
        >>> convert_to_tensor([1, 2], "float32")
        array([1., 2.], dtype=float32)
    """
    if is_traced(x):
        return current().operand(x) if dtype is None else cast(x, dtype)
    values = array(x)
    return tensor(values, dtype or values.dtype)


@operation
def copy(x: Any) -> Any:
    """The same numbers again."""
    return current().operand(x) if is_traced(x) else at_once(np.copy, x)


@operation
def cosh(x: Any) -> Any:
    """The hyperbolic cosine."""
    if is_traced(x):
        return multiply(add(exp(x), exp(multiply(x, -1.0))), 0.5)
    return at_once(np.cosh, floats(x))


@operation
def sinh(x: Any) -> Any:
    """The hyperbolic sine."""
    if is_traced(x):
        return multiply(subtract(exp(x), exp(multiply(x, -1.0))), 0.5)
    return at_once(np.sinh, floats(x))


@operation
def exp2(x: Any) -> Any:
    """2 to the power of x."""
    return exp(multiply(x, 0.6931471805599453)) if is_traced(x) else at_once(np.exp2, floats(x))


@operation
def hypot(x1: Any, x2: Any) -> Any:
    """The root of the sum of both squares."""
    return sqrt(add(square(x1), square(x2))) if is_traced(x1, x2) else at_once(np.hypot, floats(x1), floats(x2))


@operation
def logaddexp(x1: Any, x2: Any) -> Any:
    """``log(exp(x1) + exp(x2))``, whatever their size."""
    if not is_traced(x1, x2):
        return at_once(np.logaddexp, floats(x1), floats(x2))
    away = abs(subtract(x1, x2))
    return add(maximum(x1, x2), log(add(exp(multiply(away, -1.0)), 1.0)))


@operation
def fmax(x1: Any, x2: Any) -> Any:
    """The larger of both, and where one is not a number the other."""
    if is_traced(x1, x2):
        return where(isnan(x1), x2, where(isnan(x2), x1, maximum(x1, x2)))
    return at_once(np.fmax, x1, x2)


@operation
def fmin(x1: Any, x2: Any) -> Any:
    """The smaller of both, and where one is not a number the other."""
    if is_traced(x1, x2):
        return where(isnan(x1), x2, where(isnan(x2), x1, minimum(x1, x2)))
    return at_once(np.fmin, x1, x2)


@operation
def average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    """The mean, of numbers that count as much as their weights: an array of the shape of `x`, or of an axis.

    Example:
        >>> average([1.0, 2.0, 6.0], weights=[2.0, 1.0, 1.0])
        array(2.5, dtype=float32)
    """
    if weights is None:
        return mean(x, axis)
    if not is_traced(x, weights):
        return at_once(lambda values: np.average(values, axis, array(weights)), floats(x))
    if ndim(weights) == 1 and ndim(x) > 1:
        (number,) = axes_of("average", axis, ndim(x))
        weights = reshape(weights, [1] * (number > 0) + [-1] + [1] * (ndim(x) - number - 1))
        if number == 0:
            of_image("average", current().operand(x), 0)
    return divide(sum(multiply(x, weights), axis), sum(add(multiply(x, 0.0), weights), axis))


@operation
def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """Numbers of one value in the shape of `x`, and its type."""
    if is_traced(x):
        return add(not_equal(x, x), fill_value)
    values = array(x)
    return tensor(np.full(values.shape, fill_value), dtype or values.dtype)


@operation
def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The sum of all numbers up to each, along an axis.

    Raises:
        NotImplementedError: In a model, if the axis is None, or that of the batch.

    Example:
        >>> cumsum([1.0, 2.0, 3.0])
        array([1., 3., 6.], dtype=float32)
    """
    if not is_traced(x):
        values = array(x)
        kind = np.int32 if values.dtype.kind in "bi" and values.dtype.itemsize <= 4 else values.dtype
        return at_once(lambda numbers: np.cumsum(numbers, axis, np.dtype(dtype or kind)), values)
    operand = current().operand(x)
    if axis is None:
        raise NotImplementedError("ops.cumsum() in a model needs an axis")
    (number,) = axes_of("cumsum", axis, operand.ndim)
    of_image("cumsum", operand, number)
    length = operand.shape[number] or 1
    summed = matmul(moveaxis(operand, number, -1), np.triu(np.ones((length, length), np.float32)))
    return moveaxis(summed, -1, number)


@operation
def hstack(xs: Any) -> Any:
    """Tensors side by side: along axis 1, or 0 where they have one axis."""
    return concatenate(list(xs), 0 if ndim(xs[0]) == 1 else 1)


@operation
def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """``-log(output[target])`` along an axis, with `target` an index for each; with `from_logits` of the softmax."""
    if ndim(target) == ndim(output) and target.shape[-1] == 1:
        target = squeeze(target, -1)
    made_of = output if from_logits else logits_of(output)
    logits = made_of if made_of is not None else log(clip(output, EPSILON, 1 - EPSILON))
    classes = (output if hasattr(output, "shape") else array(output)).shape[axis]
    return multiply(-1.0, sum(multiply(one_hot(target, classes, axis), log_softmax(logits, axis)), axis))


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """Numbers of one value, which is broadcast; of float32 unless told otherwise.

    Example:
        >>> full((2, 2), 3)
        array([[3., 3.],
               [3., 3.]], dtype=float32)
    """
    extents = tuple(shape) if isinstance(shape, (list, tuple)) else (shape,)
    if extents[:1] == (None,) and is_running():
        return current().for_each_image(current().constant(np.full(extents[1:], fill_value)))
    return tensor(np.full(extents, array(fill_value)), dtype or np.float32)
