"""Functions that leave axes out: `K.sum`, `K.mean`, `K.argmax` and the like. None stands for all axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from fashioncnn.backend.conversion import array, floats, numbers, wrapped
from fashioncnn.utils.operators import of_tensors
from fashioncnn.utils.tensor import Tensor

Axis = Any  # None, an integer, or a sequence of integers


def _axis(axis: Axis) -> Any:
    return tuple(axis) if isinstance(axis, list) else axis


@of_tensors("sum")
def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The sum, in the type of `x`.

    Example:
        >>> sum([[1.0, 2.0], [3.0, 4.0]], axis=0)
        array([4., 6.], dtype=float32)
    """
    values = numbers(x, "sum")
    return wrapped(np.sum(values, _axis(axis), values.dtype, keepdims=keepdims))


@of_tensors("prod")
def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The product, in the type of `x`."""
    values = numbers(x, "prod")
    return wrapped(np.prod(values, _axis(axis), values.dtype, keepdims=keepdims))


@of_tensors("mean")
def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean, in the type of `x`: that of integers is cut, as in TensorFlow; that of bools is float32."""
    values = array(x)
    if values.dtype.kind == "b":
        values = values.astype(np.float32)
    return wrapped(np.asarray(np.mean(values, _axis(axis), keepdims=keepdims)).astype(values.dtype))


@of_tensors("var")
def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean square distance from the mean; bools count as float32."""
    values = _with_bools_as_floats(x, "var")
    return wrapped(np.var(values, _axis(axis), keepdims=keepdims))


@of_tensors("std")
def std(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The root of `var`."""
    values = _with_bools_as_floats(x, "std")
    return wrapped(np.std(values, _axis(axis), keepdims=keepdims))


def _with_bools_as_floats(x: Any, caller: str) -> Any:
    values = array(x)
    return values.astype(np.float32) if values.dtype.kind == "b" else floats(values, caller)


@of_tensors("max")
def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest."""
    return wrapped(np.max(numbers(x, "max"), _axis(axis), keepdims=keepdims))


@of_tensors("min")
def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest."""
    return wrapped(np.min(numbers(x, "min"), _axis(axis), keepdims=keepdims))


@of_tensors("argmax")
def argmax(x: Any, axis: int = -1) -> Tensor:
    """Where the largest is, the first of several."""
    return wrapped(np.argmax(array(x), axis).astype(np.int64))


@of_tensors("argmin")
def argmin(x: Any, axis: int = -1) -> Tensor:
    """Where the smallest is, the first of several."""
    return wrapped(np.argmin(array(x), axis).astype(np.int64))


@of_tensors("any")
def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether any is not zero."""
    return wrapped(np.any(array(x), _axis(axis), keepdims=keepdims))


@of_tensors("all")
def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether none is zero."""
    return wrapped(np.all(array(x), _axis(axis), keepdims=keepdims))


@of_tensors("cumsum")
def cumsum(x: Any, axis: int = 0) -> Tensor:
    """The sums up to each place, in the type of `x`."""
    values = numbers(x, "cumsum")
    return wrapped(np.cumsum(values, axis, values.dtype))


def cumprod(x: Any, axis: int = 0) -> Tensor:
    """The products up to each place, in the type of `x`."""
    values = numbers(x, "cumprod")
    return wrapped(np.cumprod(values, axis, values.dtype))
