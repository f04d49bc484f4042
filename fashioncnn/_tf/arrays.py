"""Functions of TensorFlow that make, cut, order and call with arrays. Arguments and defaults are TensorFlow's."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fashioncnn.backend.conversion import array, floats, wrapped
from fashioncnn.utils import checks, output, structures
from fashioncnn.utils.operators import has_tensors, of_tensors, operation
from fashioncnn.utils.tensor import Tensor

__all__ = ["add_n", "argsort", "boolean_mask", "broadcast_to", "cond", "cumsum", "einsum", "ensure_shape", "eye",
           "fill", "gather", "gather_nd", "map_fn", "meshgrid", "norm", "numpy_function", "pad", "print",
           "py_function", "reverse", "roll", "slice", "sort", "split", "tensordot", "unique", "unstack"]
_MODES = {"CONSTANT": "constant", "REFLECT": "reflect", "SYMMETRIC": "symmetric"}


def _direction(value: str) -> builtins.bool:
    return bool(checks.one_of("sort()", "direction", value, ("ASCENDING", "DESCENDING")) == "DESCENDING")


def argsort(values: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = False,
            name: str | None = None) -> Tensor:
    """The places of the numbers in their order; equal ones stay in theirs."""
    numbers = array(values)
    if _direction(direction):
        places = numbers.shape[axis] - 1 - np.flip(np.argsort(np.flip(numbers, axis), axis, kind="stable"), axis)
    else:
        places = np.argsort(numbers, axis, kind="stable")
    return wrapped(places.astype(np.int32))


def sort(values: Any, axis: int = -1, direction: str = "ASCENDING", name: str | None = None) -> Tensor:
    """The numbers in their order."""
    numbers = np.sort(array(values), axis)
    return wrapped(np.flip(numbers, axis) if _direction(direction) else numbers)


def cumsum(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Tensor:
    """Sums of all numbers up to each one.

    Args:
        x: The numbers.
        axis: Along which axis.
        exclusive: Whether the number itself is left out.
        reverse: Whether to begin at the end.
        name: Without effect.
    """
    numbers = array(x)
    turned = np.flip(numbers, axis) if reverse else numbers
    sums = np.cumsum(turned, axis, dtype=numbers.dtype)
    if exclusive:
        sums = sums - turned
    return wrapped(np.flip(sums, axis) if reverse else sums)


@of_tensors("pad", tensor="x", paddings="pad_width")
def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0,
        name: str | None = None) -> Tensor:
    """More numbers around: (before, after) for each axis; "CONSTANT", "REFLECT" or "SYMMETRIC"."""
    kind = _MODES[checks.one_of("pad()", "mode", mode.upper(), tuple(_MODES))]
    options = {"constant_values": constant_values} if kind == "constant" else {}
    padded: Any = np.pad(array(tensor), array(paddings), kind, **options)  # type: ignore[call-overload]
    return wrapped(padded)


def split(value: Any, num_or_size_splits: Any, axis: int = 0, num: int | None = None,
          name: str = "split") -> list[Tensor]:
    """Several arrays, of equal sizes, or of these."""
    numbers, sizes = array(value), num_or_size_splits
    if np.ndim(sizes) == 0:
        return [wrapped(part) for part in np.split(numbers, int(sizes), axis)]
    extents = [int(size) for size in sizes]
    if -1 in extents:
        extents[extents.index(-1)] = numbers.shape[axis] - sum(extents) - 1
    if sum(extents) != numbers.shape[axis]:
        raise ValueError(f"split() got the sizes {list(sizes)} for an extent of {numbers.shape[axis]}")
    return [wrapped(part) for part in np.split(numbers, np.cumsum(extents)[:-1], axis)]


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str = "unstack") -> list[Tensor]:
    """The slices along an axis, without it."""
    return [wrapped(part) for part in np.moveaxis(array(value), axis, 0)]


def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """A part: where it begins along each axis, and how long it is; -1: to the end."""
    numbers = array(input_)
    return wrapped(numbers[tuple(builtins.slice(int(first), None if int(extent) == -1 else int(first) + int(extent))
                                 for first, extent in zip(begin, size, strict=True))])


def boolean_mask(tensor: Any, mask: Any, axis: int | None = None, name: str = "boolean_mask") -> Tensor:
    """What a mask of the first axes, or of those from `axis` on, chooses."""
    place: Any = (*(builtins.slice(None),) * (axis or 0), array(mask).astype(bool))
    return wrapped(array(tensor)[place])


def gather_nd(params: Any, indices: Any, batch_dims: int = 0, name: str | None = None) -> Tensor:
    """The elements, or slices, at places whose coordinates lie along the last axis of `indices`."""
    if batch_dims:
        raise checks.unsupported("gather_nd()", "batch_dims", batch_dims, "0")
    places = array(indices)
    return wrapped(array(params)[tuple(np.moveaxis(places, -1, 0))])


def unique(x: Any, out_idx: Any = np.int32, name: str | None = None) -> tuple[Tensor, Tensor]:
    """The different numbers in the order in which they come, and for each number its place among them."""
    numbers = array(x)
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return wrapped(numbers[first[order]]), wrapped(rank[inverse.reshape(-1)].astype(out_idx))


def fill(dims: Any, value: Any, name: str | None = None) -> Tensor:
    """One number in all places."""
    number = array(value)
    return wrapped(np.full(tuple(int(extent) for extent in dims), number, number.dtype))


def eye(num_rows: int, num_columns: int | None = None, batch_shape: Sequence[int] | None = None,
        dtype: Any = np.float32, name: str | None = None) -> Tensor:
    """Ones on the diagonal, and zeros."""
    matrix = np.eye(num_rows, num_columns, dtype=dtype)
    return wrapped(np.broadcast_to(matrix, (*(batch_shape or ()), *matrix.shape)).copy())


def meshgrid(*args: Any, indexing: Any = "xy", name: str | None = None) -> list[Tensor]:
    """The coordinates of all points of a grid."""
    return [wrapped(part) for part in np.meshgrid(*map(array, args), indexing=indexing)]


def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Tensor:
    """Moved along axes; what leaves at one end comes in at the other."""
    return wrapped(np.roll(array(input), shift, axis))


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Tensor:
    """Sums of products over axes."""
    return wrapped(np.tensordot(array(a), array(b), axes))


def einsum(equation: str, *inputs: Any, name: str | None = None) -> Any:
    """Sums of products as Einstein wrote them; of symbolic tensors see `ops.einsum`."""
    if has_tensors(*inputs):
        return operation("einsum")(equation, *inputs)
    return wrapped(np.einsum(equation, *map(array, inputs)))


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Any:
    """The same array, if it has the shape; None is any extent.

    Raises:
        ValueError: If it has another.
    """
    found = np.shape(x)
    if len(found) != len(shape) or any(want is not None and want != extent
                                       for want, extent in zip(shape, found, strict=True)):
        raise ValueError(f"ensure_shape() got the shape {found}, expected {tuple(shape)}")
    return x


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """The numbers repeated along axes that are new, or have the extent 1."""
    return wrapped(np.broadcast_to(array(input), tuple(int(extent) for extent in shape)).copy())


def add_n(inputs: Sequence[Any], name: str | None = None) -> Any:
    """The sum of tensors."""
    total = inputs[0]
    for each in inputs[1:]:
        total = operation("add")(total, each)
    return total


@of_tensors("norm", tensor="x")
def norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool | None = None,
         name: str | None = None) -> Tensor:
    """The length of vectors along an axis; None: of all numbers. `ord` is "euclidean", 1, 2 or infinity."""
    numbers, kind = floats(tensor, "norm"), 2 if ord == "euclidean" else ord
    if axis is None:
        found = np.linalg.norm(numbers.reshape(-1), kind)
        return wrapped(np.reshape(found, [1] * numbers.ndim if keepdims else ()).astype(numbers.dtype))
    if np.ndim(axis) and ord == "euclidean":
        kind = "fro"
    axes = tuple(axis) if isinstance(axis, list) else axis
    return wrapped(np.linalg.norm(numbers, kind, axes, bool(keepdims)).astype(numbers.dtype))


@of_tensors("flip", tensor="x")
def reverse(tensor: Any, axis: Any, name: str | None = None) -> Tensor:
    """The other way round along some axes."""
    return wrapped(np.flip(array(tensor), tuple(int(each) for each in np.atleast_1d(axis))))


def gather(params: Any, indices: Any, validate_indices: Any = None, axis: Any = None, batch_dims: int = 0,
           name: str | None = None) -> Any:
    """The slices of an axis, None: the first, that have these numbers.

    Raises:
        IndexError: If there is no such slice.
        ValueError: If `batch_dims` is not 0.
    """
    checks.one_of("gather()", "batch_dims", batch_dims, (0,))
    along = 0 if axis is None else int(axis)
    if has_tensors(params, indices):
        return operation("take")(params, indices, axis=along)
    numbers, places = array(params), array(indices)
    extent = numbers.shape[along]
    if places.size and not 0 <= places.min() <= places.max() < extent:
        raise IndexError(f"gather() got indices from {places.min()} to {places.max()}; expected 0 to {extent - 1}")
    return wrapped(numbers.take(places, along))


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any], name: str | None = None) -> Any:
    """What the first function returns where `pred` holds, else what the second one does."""
    return true_fn() if pred else false_fn()


def map_fn(fn: Callable[[Any], Any], elems: Any, dtype: Any = None, parallel_iterations: int | None = None,
           back_prop: bool = True, swap_memory: bool = False, infer_shape: bool = True, name: str | None = None,
           fn_output_signature: Any = None) -> Any:
    """What a function makes of each row, put together. All but the first two arguments are without effect."""
    rows = zip(*(array(leaf) for leaf in structures.leaves(elems)), strict=True)
    made = [fn(structures.filled(elems, (wrapped(leaf) for leaf in row))) for row in rows]
    parts = zip(*map(structures.leaves, made), strict=True)
    return structures.filled(made[0], (wrapped(np.stack([array(each) for each in part])) for part in parts))


def py_function(func: Callable[..., Any], inp: Sequence[Any], Tout: Any = None, name: str | None = None) -> Any:
    """What a function returns for arguments, in the types that are named."""
    found = func(*inp)
    if isinstance(Tout, (list, tuple)):
        return [wrapped(array(value).astype(kind)) for value, kind in zip(found, Tout, strict=True)]
    return wrapped(array(found) if Tout is None else array(found).astype(Tout))


def numpy_function(func: Callable[..., Any], inp: Sequence[Any], Tout: Any = None, stateful: bool = True,
                   name: str | None = None) -> Any:
    """What a function returns for plain arrays, in the types that are named."""
    return py_function(func, [np.asarray(array(value))[()] for value in inp], Tout)


def print(*inputs: Any, sep: str = " ", end: str = "\n", **options: Any) -> None:
    """Writes values to standard output."""
    output.write(sep.join(map(str, inputs)) + end)
