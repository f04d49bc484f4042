"""Functions that leave axes out: sums, means, extremes. None stands for all axes.

Where code is traced, the axis of the batch can only be left alone: each image is computed by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fashioncnn.ops.elementwise import equal, exp, log, not_equal, sqrt, square, subtract, where
from fashioncnn.ops.operation import at_once, axes_of, floats, of_image, operation
from fashioncnn.ops.shapes import squeeze, transpose
from fashioncnn.utils.tracing import TracedTensor, current, is_traced

Axis = Any  # None, an integer, or several of them


def _reduce(name: str, kind: str, x: Any, axis: Axis, keepdims: bool) -> TracedTensor:
    trace = current()
    operand = trace.operand(x)
    axes = axes_of(name, axis, operand.ndim)
    if not axes:
        return operand
    if operand.is_flat:
        operand, axes = TracedTensor(trace, operand.position), [0, 1]
    if axes[0] == 0 and operand.batched and operand.joins is None and trace.joins_batch and kind in ("mean", "sum"):
        return _joined(operand, kind, axes[1:], keepdims)
    own = [of_image(name, operand, each) for each in axes]
    if own == list(range(own[0], own[-1] + 1)):
        return trace.node("reduce", operand, kind=kind, first=own[0], last=own[-1], keepdims=bool(keepdims))
    kept = [each for each in range(operand.ndim) if each not in axes]
    last = transpose(operand, [*kept, *axes])
    rank = len(operand.image_shape)
    reduced = trace.node("reduce", last, kind=kind, first=rank - len(own), last=rank - 1, keepdims=False)
    if not keepdims:
        return reduced
    shape = [1 if number in own else extent for number, extent in enumerate(operand.image_shape)]
    return trace.reshaped(reduced, shape)


def _joined(x: TracedTensor, kind: str, others: list[int], keepdims: bool) -> TracedTensor:
    """The mean or the sum over the batch, and other axes. Where it is one number, the loss joins those of the images:
    nothing has to wait for all of them, unless something else is computed with it.
    """
    image = _reduce(kind, kind, x, others, keepdims) if others else x
    if len(others) == x.ndim - 1 and not keepdims:
        return TracedTensor(image.trace, image.position, joins=kind)
    whole = image.trace.over_batch(image, kind)
    return image.trace.reshaped(whole, (1, *whole.image_shape)) if keepdims else whole


def _at_once(function: Callable[..., Any], x: Any, axis: Axis, keepdims: bool) -> Any:
    axis = tuple(axis) if isinstance(axis, list) else axis
    return at_once(function, x, axis=axis, keepdims=keepdims)


@operation
def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The sum.

    Example:
        >>> sum([[1.0, 2.0], [3.0, 4.0]], axis=1)
        array([3., 7.], dtype=float32)
    """
    return _reduce("sum", "sum", x, axis, keepdims) if is_traced(x) else _at_once(_summed, x, axis, keepdims)


def _summed(values: Any, axis: Axis, keepdims: bool) -> Any:
    """In the type of the values, but whole numbers and bools as NumPy's int32."""
    dtype = np.int32 if values.dtype.kind in "bi" and values.dtype.itemsize <= 4 else values.dtype
    return np.sum(values, axis, dtype, keepdims=keepdims)


@operation
def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean.

    Example:
        >>> mean([[1.0, 2.0], [3.0, 4.0]], axis=-1)
        array([1.5, 3.5], dtype=float32)
    """
    return _reduce("mean", "mean", x, axis, keepdims) if is_traced(x) else _at_once(np.mean, floats(x), axis, keepdims)


@operation
def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest; where several are, they share the gradient."""
    return _reduce("max", "max", x, axis, keepdims) if is_traced(x) else _at_once(np.max, x, axis, keepdims)


@operation
def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The smallest; where several are, they share the gradient."""
    return _reduce("min", "min", x, axis, keepdims) if is_traced(x) else _at_once(np.min, x, axis, keepdims)


amax, amin = max, min


@operation
def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The product."""
    return _reduce("prod", "prod", x, axis, keepdims) if is_traced(x) else _at_once(np.prod, x, axis, keepdims)


@operation
def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether one is true, or not 0."""
    if is_traced(x):
        return _reduce("any", "max", not_equal(x, 0.0), axis, keepdims)
    return _at_once(np.any, x, axis, keepdims)


@operation
def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether all are true, or not 0."""
    if is_traced(x):
        return _reduce("all", "min", not_equal(x, 0.0), axis, keepdims)
    return _at_once(np.all, x, axis, keepdims)


@operation
def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean square distance from the mean."""
    if is_traced(x):
        return mean(square(subtract(x, mean(x, axis, True))), axis, keepdims)
    return _at_once(np.var, floats(x), axis, keepdims)


@operation
def std(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The root of `var`."""
    return sqrt(var(x, axis, keepdims)) if is_traced(x) else _at_once(np.std, floats(x), axis, keepdims)


@operation
def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """The root of the sum of squares; with ``ord=1`` the sum of sizes, with ``ord=inf`` the largest.

    Raises:
        NotImplementedError: If `ord` is another one.
    """
    if ord is None or ord in (2, "euclidean", "fro"):
        return sqrt(sum(square(x), axis, keepdims))
    size = sqrt(square(x))
    if ord == 1:
        return sum(size, axis, keepdims)
    if ord in (np.inf, "inf"):
        return max(size, axis, keepdims)
    raise NotImplementedError(f"ops.norm(): ord={ord!r} is not supported by fashioncnn (yet); supported: None, 1, 2, "
                              "'euclidean', 'fro', inf")


@operation
def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """``log(sum(exp(x)))``, whatever the size of `x`."""
    x = x if is_traced(x) else floats(x)
    largest = max(x, axis, True)
    total = log(sum(exp(subtract(x, largest)), axis, True)) + largest
    if keepdims:
        return total
    return squeeze(total, axes_of("logsumexp", axis, len(total.shape)))


@operation
def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the largest is, the first of several; without a gradient.

    Raises:
        NotImplementedError: In a model, if the axis is None, or that of the batch.

    Example:
        >>> argmax([[1.0, 3.0, 2.0]], axis=-1)
        array([1], dtype=int32)
    """
    return _first(max, x, axis, keepdims) if is_traced(x) else _arg(np.argmax, x, axis, keepdims)


@operation
def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the smallest is, the first of several; without a gradient. Errors as of `argmax`."""
    return _first(min, x, axis, keepdims) if is_traced(x) else _arg(np.argmin, x, axis, keepdims)


def _arg(function: Callable[..., Any], x: Any, axis: int | None, keepdims: bool) -> Any:
    return at_once(function, x, axis=axis, keepdims=keepdims).astype(np.int32)


def _first(extreme: Callable[..., Any], x: Any, axis: int | None, keepdims: bool) -> Any:
    """The smallest index of those where the extreme is."""
    operand = current().operand(x)
    if axis is None:
        raise NotImplementedError("ops.argmax() and ops.argmin() in a model need an axis")
    (number,) = axes_of("argmax", axis, operand.ndim)
    own = of_image("argmax", operand, number)
    length = operand.image_shape[own]
    shape = [length if place == own else 1 for place in range(len(operand.image_shape))]
    indices = np.arange(length, dtype=np.float32).reshape(shape)
    at = where(equal(operand, extreme(operand, number, True)), indices, float(length))
    return min(at, number, keepdims)


@operation
def count_nonzero(x: Any, axis: Axis = None) -> Any:
    """How many are not 0."""
    return sum(not_equal(x, 0.0), axis) if is_traced(x) else at_once(np.count_nonzero, x, axis=axis).astype(np.int32)
