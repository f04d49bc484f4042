"""What an ONNX graph computes of constants and of shapes, mostly to say what a Reshape makes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.exchange.onnx_reader import BATCH, Operation, Reader, Unknown

LARGEST = 1 << 20  # numbers that may be made of a few
DTYPES = {1: np.float32, 2: np.uint8, 3: np.int8, 5: np.int16, 6: np.int32, 7: np.int64, 9: np.bool_, 10: np.float16,
          11: np.float64}
Array = NDArray[Any]


def shape_of(reader: Reader, operation: Operation) -> Array:
    """The shape of a tensor, with the batch axis and what else is not known as `Unknown`."""
    value = reader.value(operation)
    extents = [BATCH, *(Unknown(f"{operation.inputs[0]}[{axis}]") if extent is None else extent
                        for axis, extent in enumerate(value.theirs, 1))]
    shape = np.empty(len(extents), object)
    shape[:] = extents
    return _plain(_part(operation, shape))


def _part(operation: Operation, shape: Array) -> Array:
    return shape[operation.integer("start", 0) : operation.integer("end", len(shape))]


def _plain(array: Array) -> Array:
    """As integers, where all are known."""
    known = array.dtype == object and not any(isinstance(entry, Unknown) for entry in array.reshape(-1))
    return array.astype(np.int64) if known else array


def _axes(operation: Operation, arrays: Sequence[Array]) -> list[int]:
    given = arrays[1].reshape(-1) if len(arrays) > 1 else operation.integers("axes") or []
    return [int(axis) for axis in given]


def _gather(operation: Operation, arrays: Sequence[Array]) -> Array:
    return np.take(arrays[0], arrays[1].astype(np.int64), axis=operation.integer("axis", 0))


def _slice(operation: Operation, arrays: Sequence[Array]) -> Array:
    data = arrays[0]
    if len(arrays) > 1:
        starts, ends = arrays[1], arrays[2]
        axes = arrays[3] if len(arrays) > 3 else np.arange(len(starts))
        steps = arrays[4] if len(arrays) > 4 else np.ones(len(starts), np.int64)
    else:
        starts, ends = (np.asarray(operation.integers(name, [])) for name in ("starts", "ends"))
        axes, steps = np.asarray(operation.integers("axes", range(len(starts)))), np.ones(len(starts), np.int64)
    slices = [slice(None)] * data.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        slices[int(axis)] = slice(int(start), int(end), int(step))
    return data[tuple(slices)]


def _concat(operation: Operation, arrays: Sequence[Array]) -> Array:
    return np.concatenate(arrays, axis=operation.integer("axis", 0))


def _unsqueeze(operation: Operation, arrays: Sequence[Array]) -> Array:
    return np.expand_dims(arrays[0], tuple(_axes(operation, arrays)))


def _squeeze(operation: Operation, arrays: Sequence[Array]) -> Array:
    return np.squeeze(arrays[0], tuple(_axes(operation, arrays)) or None)


def _cast(operation: Operation, arrays: Sequence[Array]) -> Array:
    dtype = DTYPES.get(operation.integer("to", 0))
    if dtype is None:
        operation.refuse(f"to={operation.integer('to', 0)}, an element type without a counterpart")
    return arrays[0] if arrays[0].dtype == object else arrays[0].astype(dtype)


def _reshape(operation: Operation, arrays: Sequence[Array]) -> Array:
    return arrays[0].reshape([int(extent) for extent in arrays[1]])


def _transpose(operation: Operation, arrays: Sequence[Array]) -> Array:
    return arrays[0].transpose(operation.integers("perm"))


def _constant_of_shape(operation: Operation, arrays: Sequence[Array]) -> Array:
    shape = [int(extent) for extent in arrays[0]]
    value = operation.tensor("value") if operation.has("value") else np.zeros(1, np.float32)
    return np.full(_bounded(operation, shape), value.reshape(-1)[0])


def _expand(operation: Operation, arrays: Sequence[Array]) -> Array:
    shape = np.broadcast_shapes(arrays[0].shape, [int(extent) for extent in arrays[1]])
    return np.broadcast_to(arrays[0], _bounded(operation, shape)).copy()


def _range(operation: Operation, arrays: Sequence[Array]) -> Array:
    start, limit, delta = (array.reshape(-1)[0] for array in arrays)
    _bounded(operation, [max(math.ceil((limit - start) / delta), 0)])
    return np.arange(start, limit, delta)


def _bounded(operation: Operation, shape: Sequence[int]) -> Sequence[int]:
    if math.prod(shape) > LARGEST or min(shape, default=0) < 0:
        raise ValueError(f"a constant of shape {tuple(shape)}")
    return shape


def _arithmetic(function: Callable[..., Any]) -> Callable[[Operation, Sequence[Array]], Array]:
    def compute(operation: Operation, arrays: Sequence[Array]) -> Array:
        if len(arrays) > 1:
            _bounded(operation, np.broadcast_shapes(*(array.shape for array in arrays)))
        with np.errstate(all="ignore"):
            return np.asarray(function(*arrays))

    return compute


def _divide(a: Array, b: Array) -> Array:
    """Integers are divided without a rest, towards zero."""
    if np.issubdtype(a.dtype, np.integer) and np.issubdtype(b.dtype, np.integer):
        if not b.all():
            raise ValueError("a division by zero")
        return np.trunc(a / b).astype(a.dtype)
    return a / b


_FUNCTIONS: dict[str, Callable[[Operation, Sequence[Array]], Array]] = {
    "Add": _arithmetic(np.add),
    "Cast": _cast,
    "Ceil": _arithmetic(np.ceil),
    "Concat": _concat,
    "ConstantOfShape": _constant_of_shape,
    "Div": _arithmetic(_divide),
    "Equal": _arithmetic(np.equal),
    "Expand": _expand,
    "Floor": _arithmetic(np.floor),
    "Gather": _gather,
    "Identity": lambda operation, arrays: arrays[0],
    "Mul": _arithmetic(np.multiply),
    "Neg": _arithmetic(np.negative),
    "Range": _range,
    "Reshape": _reshape,
    "Shape": lambda operation, arrays: _part(operation, np.asarray(arrays[0].shape, np.int64)),
    "Slice": _slice,
    "Sqrt": _arithmetic(np.sqrt),
    "Squeeze": _squeeze,
    "Sub": _arithmetic(np.subtract),
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
    "Where": _arithmetic(np.where),
}


def is_foldable(reader: Reader, operation: Operation) -> bool:
    """Whether an operation makes a constant of constants."""
    return operation.kind in _FUNCTIONS and bool(operation.inputs) and all(
        not name or name in reader.constants for name in operation.inputs)


def fold(reader: Reader, operation: Operation) -> Array:
    """What it makes of them."""
    arrays = [reader.constants[name] for name in operation.inputs if name]
    try:
        made = np.asarray(_FUNCTIONS[operation.kind](operation, arrays))
    except TypeError as error:
        if any(array.dtype == object for array in arrays):
            operation.refuse(f"it computes with an extent that is not known ({error})")
        raise
    return _plain(made)
