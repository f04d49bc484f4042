"""Functions of arrays, which compute at once: for metrics, callbacks and data. In a model they are refused."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from fashioncnn.backend.conversion import array
from fashioncnn.layers.symbolic import KerasTensor
from fashioncnn.ops.operation import at_once, floats
from fashioncnn.utils import checks
from fashioncnn.utils.tensor import Tensor, tensor
from fashioncnn.utils.tracing import TracedTensor, is_traced

F = TypeVar("F", bound=Callable[..., Any])


def _of_arrays(function: F) -> F:
    """A function that is refused between layers, by its name."""
    @functools.wraps(function)
    def call(*arguments: Any, **keywords: Any) -> Any:
        given = (*arguments, *keywords.values())
        if is_traced(*given) or any(isinstance(each, (KerasTensor, TracedTensor)) for each in given):
            raise NotImplementedError(f"ops.{function.__name__}() between layers is not supported by fashioncnn (yet): "
                                      "it has no node in the core; call it on arrays, as what a model predicts")
        return function(*arguments, **keywords)

    return cast(F, call)


@_of_arrays
def convert_to_numpy(x: Any) -> Any:
    """`x` as a NumPy array."""
    return np.array(array(x), subok=False)


@_of_arrays
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonal of a matrix, or of those that two axes are."""
    return at_once(lambda values: np.diagonal(values, offset, axis1, axis2), x)


@_of_arrays
def diag(x: Any, k: int = 0) -> Any:
    """A matrix with a diagonal, or the diagonal of a matrix."""
    return at_once(lambda values: np.diag(values, k), x)


@_of_arrays
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of a diagonal."""
    return at_once(lambda values: np.trace(values, offset, axis1, axis2, values.dtype), x)


@_of_arrays
def sort(x: Any, axis: int = -1) -> Any:
    """The numbers in order.

    Example:
        >>> sort([3, 1, 2])
        array([1, 2, 3], dtype=int32)
    """
    return at_once(lambda values: np.sort(values, axis), x)


@_of_arrays
def argsort(x: Any, axis: int | None = -1) -> Any:
    """Where the numbers are that come first, second and so on in order; equal ones as they stand."""
    return at_once(lambda values: np.argsort(values, axis, kind="stable").astype(np.int32), x)


@_of_arrays
def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Any, Any]:
    """The k largest numbers of the last axis, the largest first, and where they are; of equal ones the first.

    Example:
        >>> top_k([1.0, 3.0, 2.0], 2)
        (array([3., 2.], dtype=float32), array([1, 2], dtype=int32))
    """
    values = array(x)
    order = np.argsort(-values.astype(np.float64), axis=-1, kind="stable")[..., :k]
    return tensor(np.take_along_axis(values, order, -1), values.dtype), tensor(order, np.int32)


@_of_arrays
def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Whether the number at each target's index is among the k largest of its row."""
    scores = array(predictions)
    own = np.take_along_axis(scores, array(targets).astype(np.int64)[..., None], -1)
    return tensor((scores > own).sum(-1) < k, np.bool_)


@_of_arrays
def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Any:
    """The numbers at indices, of which each place has its own."""
    return at_once(lambda values: np.take_along_axis(values, array(indices).astype(np.int64), axis), x)


@_of_arrays
def cumprod(x: Any, axis: int | None = None) -> Any:
    """The product of all numbers up to each."""
    values = array(x)
    kind = np.int32 if values.dtype.kind in "bi" and values.dtype.itemsize <= 4 else values.dtype
    return at_once(lambda numbers: np.cumprod(numbers, axis, kind), values)


@_of_arrays
def median(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The number in the middle of all in order; the mean of the two there."""
    return at_once(lambda values: np.median(values, axis, keepdims=keepdims), floats(x))


@_of_arrays
def quantile(x: Any, q: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The number below which the part `q` of all lies, between two in proportion."""
    return at_once(lambda values: np.quantile(values, np.asarray(q), axis, keepdims=keepdims).astype(values.dtype),
                   floats(x))


@_of_arrays
def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each whole number from 0 on is there, or the sum of its weights."""
    if weights is None:
        return tensor(np.bincount(array(x), minlength=minlength), np.int32)
    return tensor(np.bincount(array(x), array(weights), minlength), np.float32)


@_of_arrays
def nonzero(x: Any) -> Any:
    """Where the numbers are not 0: an array of indices for each axis."""
    return tuple(tensor(each, np.int32) for each in np.nonzero(array(x)))


@_of_arrays
def isfinite(x: Any) -> Any:
    """Where `x` is a number, and not infinite."""
    return at_once(np.isfinite, x)


@_of_arrays
def isinf(x: Any) -> Any:
    """Where `x` is infinite."""
    return at_once(np.isinf, x)


@_of_arrays
def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Where both are nearly equal."""
    return at_once(lambda a, b: np.isclose(a, b, rtol, atol, equal_nan), x1, x2)


@_of_arrays
def outer(x1: Any, x2: Any) -> Any:
    """Each number of the first times each of the second."""
    return at_once(np.outer, x1, x2)


@_of_arrays
def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """Sums of products over some axes of both."""
    return at_once(lambda a, b: np.tensordot(a, b, axes), x1, x2)


@_of_arrays
def vstack(xs: Any) -> Any:
    """Arrays one below the other."""
    return at_once(lambda *values: np.vstack(values), *xs)


@_of_arrays
def ravel(x: Any) -> Any:
    """The numbers in one axis."""
    return at_once(np.ravel, x)


@_of_arrays
def meshgrid(*x: Any, indexing: str = "xy") -> list[Any]:
    """The coordinates of a grid, of an array for each axis."""
    values = [array(each) for each in x]
    grids: Any = np.meshgrid(*values, indexing=checks.one_of("ops.meshgrid()", "indexing", indexing, ("xy", "ij")))
    return [tensor(each, each.dtype) for each in grids]


@_of_arrays
def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor; NumPy's arrays are none."""
    return isinstance(x, Tensor)


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """A matrix with ones on a diagonal.

    Example:
        >>> eye(2)
        array([[1., 0.],
               [0., 1.]], dtype=float32)
    """
    return tensor(np.eye(int(N), None if M is None else int(M), k), dtype or np.float32)


def identity(n: int, dtype: Any = None) -> Any:
    """A matrix with ones on the diagonal."""
    return eye(n, dtype=dtype)


def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None,
             axis: int = 0) -> Any:
    """So many numbers from `start` to `stop`, as far from each other.

    Example:
        >>> linspace(0, 1, 3)
        array([0. , 0.5, 1. ], dtype=float32)
    """
    values, step = np.linspace(start, stop, num, endpoint, retstep=True, axis=axis)
    numbers = tensor(values, dtype or np.float32)
    return (numbers, step) if retstep else numbers


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """Ones on a diagonal and below it."""
    return tensor(np.tri(N, M, k), dtype or np.float32)
