"""Functions that arrange elements, or make them: `K.reshape`, `K.concatenate`, `K.zeros_like` and the like."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from fashioncnn.backend.conversion import array, wrapped
from fashioncnn.config import floatx
from fashioncnn.utils import checks
from fashioncnn.utils.operators import has_tensors, of_tensors, operation
from fashioncnn.utils.tensor import Tensor


@of_tensors("shape")
def shape(x: Any) -> Tensor:
    """The shape, as an array of int32; of a tensor without numbers, as a tuple."""
    return wrapped(np.array(array(x).shape, np.int32))


@of_tensors("shape")
def int_shape(x: Any) -> tuple[int | None, ...]:
    """The shape, as a tuple."""
    return tuple(x.shape) if hasattr(x, "shape") else array(x).shape


@of_tensors("ndim")
def ndim(x: Any) -> int:
    """The number of axes."""
    return len(int_shape(x))


def count_params(x: Any) -> int:
    """The number of elements."""
    return int(np.prod(array(x).shape, dtype=np.int64))


@of_tensors("reshape")
def reshape(x: Any, shape: Any) -> Tensor:
    """The same elements in another shape; one extent may be -1."""
    return wrapped(array(x).reshape(tuple(np.asarray(shape, np.int64).ravel())))


def flatten(x: Any) -> Tensor:
    """All elements in a row."""
    return reshape(x, (-1,))


def batch_flatten(x: Any) -> Tensor:
    """The elements of each image in a row."""
    if has_tensors(x):
        extents: Any = int_shape(x)[1:]
        return cast(Tensor, operation("reshape")(x, (-1, math.prod(extents))))
    values = array(x)
    return wrapped(values.reshape(len(values), int(np.prod(values.shape[1:], dtype=np.int64))))


@of_tensors("expand_dims")
def expand_dims(x: Any, axis: int = -1) -> Tensor:
    """One more axis, of extent 1."""
    return wrapped(np.expand_dims(array(x), axis))


@of_tensors("squeeze")
def squeeze(x: Any, axis: int) -> Tensor:
    """Without an axis of extent 1."""
    return wrapped(np.squeeze(array(x), axis))


@of_tensors("transpose")
def transpose(x: Any) -> Tensor:
    """All axes in reverse order."""
    return wrapped(array(x).T)


@of_tensors("transpose")
def permute_dimensions(x: Any, pattern: Sequence[int]) -> Tensor:
    """The axes in another order."""
    return wrapped(array(x).transpose(tuple(pattern)))


@of_tensors("concatenate")
def concatenate(tensors: Sequence[Any], axis: int = -1) -> Tensor:
    """Arrays one after the other along an axis."""
    return wrapped(np.concatenate([array(each) for each in tensors], axis))


@of_tensors("stack")
def stack(x: Sequence[Any], axis: int = 0) -> Tensor:
    """Arrays one after the other along a new axis."""
    return wrapped(np.stack([array(each) for each in x], axis))


def repeat(x: Any, n: int) -> Tensor:
    """(N, features) as (N, n, features)."""
    values = array(x)
    if values.ndim != 2:
        raise ValueError(f"repeat() takes an array of 2 axes, got {values.ndim}")
    return wrapped(np.repeat(values[:, None], n, 1))


@of_tensors("repeat")
def repeat_elements(x: Any, rep: int, axis: int) -> Tensor:
    """Each slice of an axis several times."""
    return wrapped(np.repeat(array(x), rep, axis))


@of_tensors("tile")
def tile(x: Any, n: Any) -> Tensor:
    """The whole several times along each axis."""
    values = array(x)
    times = np.atleast_1d(np.asarray(n, np.int64))
    if len(times) != values.ndim:
        raise ValueError(f"tile() got {len(times)} numbers in `n` for an array of {values.ndim} axes")
    return wrapped(np.tile(values, tuple(times)))


@of_tensors("flip")
def reverse(x: Any, axes: int | Sequence[int]) -> Tensor:
    """The other way round along some axes."""
    return wrapped(np.flip(array(x), axes if isinstance(axes, int) else tuple(axes)))


@of_tensors("take", reference="x", params="x")
def gather(reference: Any, indices: Any) -> Tensor:
    """The slices of the first axis that have these numbers.

    Raises:
        IndexError: If there is no such slice.
    """
    values, places = array(reference), array(indices)
    if places.size and not 0 <= places.min() <= places.max() < len(values):
        raise IndexError(f"gather() got indices from {places.min()} to {places.max()}; expected 0 to {len(values) - 1}")
    return wrapped(values[places])


@of_tensors("one_hot")
def one_hot(indices: Any, num_classes: int) -> Tensor:
    """Rows with a single 1; zeros for a number that is no class."""
    return wrapped((array(indices)[..., None] == np.arange(num_classes)).astype(np.float32))


def spatial_2d_padding(x: Any, padding: Any = ((1, 1), (1, 1)), data_format: str | None = None) -> Tensor:
    """Images with zeros around them."""
    channels_last(data_format, "spatial_2d_padding()")
    return wrapped(np.pad(array(x), ((0, 0), *(tuple(sides) for sides in padding), (0, 0))))


def channels_last(data_format: str | None, owner: str) -> None:
    """Raises ValueError unless None or "channels_last" was given."""
    if data_format is not None:
        checks.one_of(owner, "data_format", data_format, ["channels_last"])


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Tensor:
    """An array, float32 where no type is given; with `shape` a single number in all places."""
    values = array(value).astype(dtype or floatx())
    return wrapped(values if shape is None else np.broadcast_to(values, shape).copy() if values.size == 1
                   else values.reshape(shape))


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = "int32") -> Tensor:
    """Numbers from 0 or `start`, up to but without `stop`."""
    first, end = (0, start) if stop is None else (start, stop)
    return wrapped(np.arange(first, end, step).astype(dtype))


@of_tensors("ones_like")
def ones_like(x: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """Ones in the shape, and where no other is given the type, of an array."""
    return wrapped(np.ones_like(array(x), dtype=dtype, subok=False))


@of_tensors("zeros_like")
def zeros_like(x: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """Zeros in the shape, and where no other is given the type, of an array."""
    return wrapped(np.zeros_like(array(x), dtype=dtype, subok=False))
