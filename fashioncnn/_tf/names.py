"""Small names of TensorFlow that scripts on images use through ``import fashioncnn as tf``, on NumPy arrays.

Arguments and defaults are TensorFlow's. What is not there is refused by name: see `fashioncnn.utils.absent`.
"""

from __future__ import annotations

import builtins
import contextlib
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from fashioncnn._tf.arrays import (
    add_n,
    argsort,
    boolean_mask,
    broadcast_to,
    cond,
    cumsum,
    einsum,
    ensure_shape,
    eye,
    fill,
    gather,
    gather_nd,
    map_fn,
    meshgrid,
    norm,
    numpy_function,
    pad,
    print,
    py_function,
    reverse,
    roll,
    slice,
    sort,
    split,
    tensordot,
    unique,
    unstack,
)
from fashioncnn.backend.conversion import array, operand, wrapped
from fashioncnn.backend.elementwise import (
    abs,
    cast,
    cos,
    equal,
    exp,
    greater,
    greater_equal,
    less,
    less_equal,
    maximum,
    minimum,
    not_equal,
    pow,
    round,
    sign,
    sin,
    square,
    stop_gradient,
)
from fashioncnn.backend.products import sigmoid, tanh
from fashioncnn.backend.reductions import all as reduce_all
from fashioncnn.backend.reductions import any as reduce_any
from fashioncnn.backend.reductions import max as reduce_max
from fashioncnn.backend.reductions import mean as reduce_mean
from fashioncnn.backend.reductions import min as reduce_min
from fashioncnn.backend.reductions import prod as reduce_prod
from fashioncnn.backend.reductions import sum as reduce_sum
from fashioncnn.backend.shapes import ones_like, reshape, shape, tile, zeros_like
from fashioncnn.data import TensorSpec
from fashioncnn.utils import checks
from fashioncnn.utils.operators import has_tensors, of_tensors, operation
from fashioncnn.utils.tensor import Tensor, TensorShape

__all__ = [
    "Tensor",
    "TensorShape",
    "TensorSpec",
    "abs",
    "add",
    "add_n",
    "argmax",
    "argmin",
    "argsort",
    "bool",
    "boolean_mask",
    "broadcast_to",
    "cast",
    "clip_by_value",
    "concat",
    "cond",
    "constant",
    "convert_to_tensor",
    "cos",
    "cumsum",
    "device",
    "divide",
    "double",
    "einsum",
    "ensure_shape",
    "equal",
    "executing_eagerly",
    "exp",
    "expand_dims",
    "eye",
    "fill",
    "float16",
    "float32",
    "float64",
    "gather",
    "gather_nd",
    "get_logger",
    "greater",
    "greater_equal",
    "half",
    "identity",
    "int8",
    "int16",
    "int32",
    "int64",
    "is_tensor",
    "less",
    "less_equal",
    "linspace",
    "map_fn",
    "matmul",
    "maximum",
    "meshgrid",
    "minimum",
    "multiply",
    "negative",
    "newaxis",
    "norm",
    "not_equal",
    "numpy_function",
    "one_hot",
    "ones",
    "ones_like",
    "pad",
    "pow",
    "print",
    "py_function",
    "range",
    "rank",
    "reduce_all",
    "reduce_any",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_prod",
    "reduce_sum",
    "repeat",
    "reshape",
    "reverse",
    "roll",
    "round",
    "shape",
    "sigmoid",
    "sign",
    "sin",
    "size",
    "slice",
    "sort",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "stop_gradient",
    "string",
    "subtract",
    "tanh",
    "tensordot",
    "tile",
    "transpose",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "unique",
    "unstack",
    "where",
    "zeros",
    "zeros_like",
]

newaxis = None
bool, float32 = np.dtype("bool"), np.dtype("float32")
int8, int16, int32, int64 = (np.dtype(f"int{bits}") for bits in (8, 16, 32, 64))
uint8, uint16, uint32, uint64 = (np.dtype(f"uint{bits}") for bits in (8, 16, 32, 64))
string = np.dtype("object")  # of texts, which are Python's bytes
half, double = float16, float64 = np.dtype("float16"), np.dtype("float64")


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const") -> Tensor:
    """An array; with `shape` a single number in all places. Python's floats become float32, its integers int32.

    Example:
        >>> constant([[1.0, 2.0]])
        array([[1., 2.]], dtype=float32)
    """
    values = array(value).astype(dtype) if dtype is not None else array(value)
    if shape is not None:
        values = np.broadcast_to(values, shape) if values.size == 1 else values.reshape(shape)
    return wrapped(values.copy())


def convert_to_tensor(value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None) -> Tensor:
    """An array, without a copy where there is one of the right type."""
    return wrapped(array(value) if dtype is None else array(value).astype(dtype, copy=False))


def identity(input: Any, name: str | None = None) -> Any:
    """The same array."""
    if has_tensors(input):
        return input
    return wrapped(array(input))


def is_tensor(x: Any) -> builtins.bool:
    """Whether it is what functions here, and models, return."""
    return isinstance(x, Tensor)


def zeros(shape: Any, dtype: Any = float32, name: str | None = None) -> Tensor:
    """Zeros."""
    return wrapped(np.zeros(shape, dtype))


def ones(shape: Any, dtype: Any = float32, name: str | None = None) -> Tensor:
    """Ones."""
    return wrapped(np.ones(shape, dtype))


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range") -> Tensor:
    """Numbers from 0 or `start`, up to but without `limit`."""
    bounds: list[Any] = [array(each) for each in ((0, start, delta) if limit is None else (start, limit, delta))]
    kinds = [each.dtype for each in bounds if each.dtype.kind == "f"] or [each.dtype for each in bounds]
    return wrapped(np.arange(*(each[()] for each in bounds)).astype(dtype or np.result_type(*kinds)))


def linspace(start: Any, stop: Any, num: int, name: str | None = None, axis: int = 0) -> Tensor:
    """Numbers at equal distances, both ends included."""
    first = array(start)
    return wrapped(np.linspace(first, array(stop), num, axis=axis).astype(first.dtype))


@of_tensors("expand_dims", input="x")
def expand_dims(input: Any, axis: int, name: str | None = None) -> Tensor:
    """One more axis, of extent 1."""
    return wrapped(np.expand_dims(array(input), axis))


@of_tensors("squeeze", input="x")
def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """Without axes of extent 1: all, or those that are named."""
    return wrapped(np.squeeze(array(input), tuple(axis) if isinstance(axis, list) else axis))


@of_tensors("transpose", a="x", perm="axes")
def transpose(a: Any, perm: Sequence[int] | None = None, conjugate: Any = False, name: str = "transpose") -> Tensor:
    """The axes in another order; None: in reverse order."""
    return wrapped(np.transpose(array(a), None if perm is None else tuple(perm)))


@of_tensors("concatenate", values="xs")
def concat(values: Sequence[Any], axis: int, name: str = "concat") -> Tensor:
    """Arrays one after the other along an axis."""
    return wrapped(np.concatenate([array(each) for each in values], axis))


@of_tensors("stack", values="x")
def stack(values: Sequence[Any], axis: int = 0, name: str = "stack") -> Tensor:
    """Arrays one after the other along a new axis."""
    return wrapped(np.stack([array(each) for each in values], axis))


@of_tensors("repeat", input="x")
def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Tensor:
    """Each element, or each slice of an axis, several times."""
    return wrapped(np.repeat(array(input), repeats, axis))


@of_tensors("one_hot", indices="x", depth="num_classes")
def one_hot(indices: Any, depth: int, on_value: Any = None, off_value: Any = None, axis: int | None = None,
            dtype: Any = None, name: str | None = None) -> Tensor:
    """Rows with a single 1; zeros for a number that is no class.

    Args:
        indices: The numbers.
        depth: How many classes there are.
        on_value: What is written for 1.
        off_value: What is written for 0.
        axis: Where the new axis is; None: the last.
        dtype: The type; None: float32.
        name: Without effect.
    """
    rows = array(indices)[..., None] == np.arange(depth)
    values = np.where(rows, 1 if on_value is None else on_value, 0 if off_value is None else off_value)
    return wrapped(np.moveaxis(values.astype(dtype or np.float32), -1, -1 if axis is None else axis))


def argmax(input: Any, axis: int | None = None, output_type: Any = int64, name: str | None = None) -> Tensor:
    """Where the largest is, the first of several; None is the first axis, as in TensorFlow."""
    if has_tensors(input):
        found: Tensor = operation("argmax")(input, axis or 0)
        return found
    return wrapped(np.argmax(array(input), axis or 0).astype(output_type))


def argmin(input: Any, axis: int | None = None, output_type: Any = int64, name: str | None = None) -> Tensor:
    """Where the smallest is, the first of several; None is the first axis, as in TensorFlow."""
    if has_tensors(input):
        found: Tensor = operation("argmin")(input, axis or 0)
        return found
    return wrapped(np.argmin(array(input), axis or 0).astype(output_type))


@of_tensors("add", x="x1", y="x2")
def add(x: Any, y: Any, name: str | None = None) -> Tensor:
    """``x + y``"""
    values = array(x)
    return wrapped(values + operand(y, values))


@of_tensors("subtract", x="x1", y="x2")
def subtract(x: Any, y: Any, name: str | None = None) -> Tensor:
    """``x - y``"""
    values = array(x)
    return wrapped(values - operand(y, values))


@of_tensors("multiply", x="x1", y="x2")
def multiply(x: Any, y: Any, name: str | None = None) -> Tensor:
    """``x * y``"""
    values = array(x)
    return wrapped(values * operand(y, values))


@of_tensors("divide", x="x1", y="x2")
def divide(x: Any, y: Any, name: str | None = None) -> Tensor:
    """``x / y``; integers of at most 16 bits give float32, longer ones float64."""
    values = array(x)
    if values.dtype.kind in "iu" and values.dtype.itemsize <= 2:
        values = values.astype(np.float32)
    return wrapped(values / operand(y, values))


@of_tensors("negative")
def negative(x: Any, name: str | None = None) -> Tensor:
    """``-x``"""
    return wrapped(-array(x))


def matmul(a: Any, b: Any, transpose_a: Any = False, transpose_b: Any = False) -> Tensor:
    """The product of matrices, for each image."""
    if has_tensors(a, b):
        sides = [operation("swapaxes")(each, -1, -2) if swapped else each
                 for each, swapped in ((a, transpose_a), (b, transpose_b))]
        product: Tensor = operation("matmul")(*sides)
        return product
    left, right = array(a), array(b)
    return wrapped(np.matmul(np.swapaxes(left, -1, -2) if transpose_a else left,
                             np.swapaxes(right, -1, -2) if transpose_b else right))


@of_tensors("sqrt")
def sqrt(x: Any, name: str | None = None) -> Tensor:
    """The square root: NaN where `x` is negative, without a warning."""
    with np.errstate(invalid="ignore"):
        return wrapped(np.sqrt(array(x)))


@of_tensors("clip", t="x", clip_value_min="x_min", clip_value_max="x_max")
def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Tensor:
    """Numbers between two bounds."""
    values = array(t)
    return wrapped(np.clip(values, clip_value_min, clip_value_max).astype(values.dtype))


@of_tensors("where", x="x1", y="x2")
def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """The one or the other, element by element; with a condition alone the places where it holds, one a row."""
    chosen = array(condition)
    if x is None and y is None:
        return wrapped(np.argwhere(chosen).astype(np.int64))
    return wrapped(np.where(chosen, array(x), array(y)))


def rank(input: Any, name: str | None = None) -> Tensor:
    """The number of axes."""
    return wrapped(np.int32(array(input).ndim))


def size(input: Any, out_type: Any = int32, name: str | None = None) -> Tensor:
    """The number of elements."""
    return wrapped(np.asarray(array(input).size, out_type))


def executing_eagerly() -> builtins.bool:
    """Whether functions compute at once: yes."""
    return True


def get_logger() -> logging.Logger:
    """The logger whose level scripts set. Nothing is written to it."""
    return logging.getLogger("tensorflow")


@contextlib.contextmanager
def device(device_name: str) -> Iterator[None]:
    """Does nothing for a CPU.

    Raises:
        ValueError: If another device is named.
    """
    if "cpu" not in str(device_name).lower():
        raise checks.unsupported("device()", "device_name", device_name, "'/CPU:0'")
    yield
