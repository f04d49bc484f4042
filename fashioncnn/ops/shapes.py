"""Functions that move numbers, or take a part of them. Where code is traced, the axis of the batch stays the first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fashioncnn.ops.elementwise import equal
from fashioncnn.ops.operation import at_once, axes_of, of_image, operation
from fashioncnn.utils import operators
from fashioncnn.utils.tracing import TracedTensor, current, is_traced


def shape(x: Any) -> tuple[int | None, ...]:
    """The extents; None for the batch's where code is traced."""
    return tuple(x.shape) if hasattr(x, "shape") else np.shape(x)


def size(x: Any) -> int:
    """How many numbers there are; of one image where the batch is not known."""
    return math.prod(extent for extent in shape(x) if extent is not None)


def ndim(x: Any) -> int:
    """How many axes there are."""
    return len(shape(x))


@operation
def reshape(x: Any, newshape: Sequence[Any]) -> Any:
    """The same numbers under another shape.

    Args:
        x: A tensor.
        newshape: Its extents, of which one may be -1. In a model the first is that of the batch: -1 or None.

    Raises:
        ValueError: If the numbers do not fit.

    Example:
        >>> reshape([[1, 2, 3, 4]], (2, -1))
        array([[1, 2],
               [3, 4]], dtype=int32)
    """
    newshape = tuple(newshape) if isinstance(newshape, (list, tuple)) else (newshape,)
    if not is_traced(x):
        return at_once(np.reshape, x, newshape=newshape) if np.__version__ < "2.1" else at_once(
            lambda values: np.reshape(values, newshape), x)
    operand = current().operand(x)
    if operand.batched and newshape in ((-1,), (None,)) and operand.joins is None and current().joins_batch:
        return operand if operand.ndim == 1 else current().flattened(operand)
    own = newshape[1:] if operand.batched else newshape
    if operand.batched and (not newshape or newshape[0] not in (-1, None)):
        raise ValueError(f"ops.reshape(): the axis of the batch must stay the first: write (-1, ...), got {newshape}")
    known = math.prod(extent for extent in own if extent not in (-1, None))
    numbers = math.prod(operand.image_shape)
    if sum(extent in (-1, None) for extent in own) == 1 and known and numbers % known == 0:
        own = tuple(numbers // known if extent in (-1, None) else extent for extent in own)
    if any(extent in (-1, None) for extent in own) or math.prod(own) != numbers:
        raise ValueError(f"ops.reshape(): a tensor of shape {operand.shape} cannot become {newshape}; the axis of the "
                         "batch stays as it is")
    return current().reshaped(operand, own)


@operation
def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """The axes in another order: None turns it round.

    Raises:
        NotImplementedError: If that of the batch would move.
    """
    if not is_traced(x):
        return at_once(np.transpose, x, axes=axes)
    operand = current().operand(x)
    order = list(range(operand.ndim))[::-1] if axes is None else [int(axis) % operand.ndim for axis in axes]
    if sorted(order) != list(range(operand.ndim)):
        raise ValueError(f"ops.transpose(): axes={axes!r} must name each of {operand.ndim} axes once")
    if operand.batched and order[0] != 0:
        raise NotImplementedError("ops.transpose(): the axis of the batch stays the first in fashioncnn; name the axes "
                                  "(0, ...)")
    own = [axis - operand.batched for axis in order[operand.batched:]]
    return operand if own == sorted(own) else current().node("permute", operand, dims=tuple(own))


@operation
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes in each other's place."""
    if not is_traced(x):
        return at_once(np.swapaxes, x, axis1=axis1, axis2=axis2)
    order = list(range(len(x.shape)))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transpose(x, order)


@operation
def moveaxis(x: Any, source: int, destination: int) -> Any:
    """An axis in another place."""
    if not is_traced(x):
        return at_once(np.moveaxis, x, source=source, destination=destination)
    rank = len(x.shape)
    order = [axis for axis in range(rank) if axis != source % rank]
    order.insert(destination % rank, source % rank)
    return transpose(x, order)


@operation
def expand_dims(x: Any, axis: Any) -> Any:
    """With further axes of length 1.

    Example:
        >>> expand_dims([1.0, 2.0], -1).shape
        (2, 1)
    """
    if not is_traced(x):
        return at_once(np.expand_dims, x, axis=axis)
    operand = current().operand(x)
    count = len(axis) if isinstance(axis, (list, tuple)) else 1
    new = [of_image("expand_dims", operand, each) for each in axes_of("expand_dims", axis, operand.ndim + count)]
    extents = list(operand.image_shape)
    for each in new:
        extents.insert(each, 1)
    return current().reshaped(operand, extents)


@operation
def squeeze(x: Any, axis: Any = None) -> Any:
    """Without axes of length 1: all of them, or those that are named.

    Raises:
        ValueError: If one of these is longer.
    """
    if not is_traced(x):
        return at_once(np.squeeze, x, axis=tuple(axis) if isinstance(axis, list) else axis)
    operand = current().operand(x)
    extents = operand.image_shape
    if axis is None:
        gone = [number for number, extent in enumerate(extents) if extent == 1]
    else:
        gone = [of_image("squeeze", operand, each) for each in axes_of("squeeze", axis, operand.ndim)]
    if any(extents[number] != 1 for number in gone):
        raise ValueError(f"ops.squeeze(): axis={axis!r} of a tensor of shape {operand.shape} is not of length 1")
    return current().reshaped(operand, [extent for number, extent in enumerate(extents) if number not in gone])


@operation
def concatenate(xs: Sequence[Any], axis: int = 0) -> Any:
    """One behind the other.

    Example:
        >>> concatenate([[1, 2], [3]], axis=-1)
        array([1, 2, 3], dtype=int32)
    """
    if not is_traced(*xs):
        return at_once(lambda *arrays: np.concatenate(arrays, axis), *xs)
    trace = current()
    operands = [trace.operand(x) for x in xs]
    if any(operand.batched for operand in operands) and not all(operand.batched for operand in operands):
        raise NotImplementedError("ops.concatenate() of a tensor with a batch and one without is not supported by "
                                  "fashioncnn (yet)")
    (number,) = axes_of("concatenate", axis, operands[0].ndim)
    own = of_image("concatenate", operands[0], number)
    return operands[0] if len(operands) == 1 else trace.node("concatenate", *operands, axis=own)


@operation
def stack(x: Sequence[Any], axis: int = 0) -> Any:
    """As the parts along a new axis.

    Example:
        >>> stack([[1, 2], [3, 4]], axis=1)
        array([[1, 3],
               [2, 4]], dtype=int32)
    """
    if not is_traced(*x):
        return at_once(lambda *arrays: np.stack(arrays, axis), *x)
    rank = len(current().operand(x[0]).shape) + 1
    axis = axis % rank
    return concatenate([expand_dims(each, axis) for each in x], axis)


@operation
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Parts: so many of the same length, or those that end at these indices.

    Raises:
        ValueError: If there are not so many of the same length.

    Example:
        >>> split([1, 2, 3, 4], 2)
        [array([1, 2], dtype=int32), array([3, 4], dtype=int32)]
    """
    if not is_traced(x):
        parts = np.split(np.asarray(at_once(np.asarray, x)), indices_or_sections, axis)
        return [at_once(np.asarray, part) for part in parts]
    operand = current().operand(x)
    (number,) = axes_of("split", axis, operand.ndim)
    length = operand.image_shape[of_image("split", operand, number)]
    if isinstance(indices_or_sections, int):
        if length % indices_or_sections:
            raise ValueError(f"ops.split(): {length} numbers along axis {axis} cannot be split into "
                             f"{indices_or_sections} equal parts")
        step = length // indices_or_sections
        ends = list(range(step, length + 1, step))
    else:
        ends = [*(int(index) for index in indices_or_sections), length]
    before = [slice(None)] * number
    return [get_item(operand, (*before, slice(begin, end))) for begin, end in zip([0, *ends], ends, strict=False)]


@operation
def flip(x: Any, axis: Any = None) -> Any:
    """The other way round along some axes, or all."""
    if not is_traced(x):
        return at_once(np.flip, x, axis=tuple(axis) if isinstance(axis, list) else axis)
    axes = axes_of("flip", axis, len(x.shape))
    return get_item(x, tuple(slice(None, None, -1 if number in axes else None) for number in range(len(x.shape))))


@operation
def roll(x: Any, shift: int, axis: int | None = None) -> Any:
    """Moved along an axis; what leaves it at one end comes in at the other.

    Raises:
        NotImplementedError: In a model without an axis.
    """
    if not is_traced(x):
        return at_once(np.roll, x, shift=shift, axis=axis)
    if axis is None:
        raise NotImplementedError("ops.roll() in a model needs an axis")
    (number,) = axes_of("roll", axis, len(x.shape))
    length = x.shape[number]
    if number == 0 and x.batched:
        of_image("roll", x, number)
    start = -shift % length
    before = [slice(None)] * number
    if start == 0:
        return x
    return concatenate([get_item(x, (*before, slice(start, None))), get_item(x, (*before, slice(None, start)))], number)


@operation
def tile(x: Any, repeats: Any) -> Any:
    """Several times beside itself, along each axis so often.

    Raises:
        NotImplementedError: If that would be done to the batch.
    """
    if not is_traced(x):
        return at_once(np.tile, x, reps=repeats)
    operand = current().operand(x)
    times = list(repeats) if isinstance(repeats, (list, tuple)) else [repeats]
    times = [1] * (operand.ndim - len(times)) + times
    for number, count in enumerate(times):
        if count != 1:
            of_image("tile", operand, number)
            operand = concatenate([operand] * count, number)
    return operand


@operation
def repeat(x: Any, repeats: int, axis: int | None = None) -> Any:
    """Each number several times, along an axis.

    Raises:
        NotImplementedError: In a model without an axis, or with several numbers of times.
    """
    if not is_traced(x):
        return at_once(np.repeat, x, repeats=repeats, axis=axis)
    if axis is None or not isinstance(repeats, int):
        raise NotImplementedError("ops.repeat() in a model needs an axis, and one number of times")
    operand = current().operand(x)
    (number,) = axes_of("repeat", axis, operand.ndim)
    own = of_image("repeat", operand, number)
    extents = list(operand.image_shape)
    apart = current().reshaped(operand, [*extents[:own + 1], 1, *extents[own + 1:]])
    extents[own] *= repeats
    return current().reshaped(concatenate([apart] * repeats, number + 1), extents)


@operation
def broadcast_to(x: Any, shape: Sequence[Any]) -> Any:
    """Repeated until it has the shape. In a model its first extent, that of the batch, is None."""
    if not is_traced(x):
        return at_once(lambda values: np.broadcast_to(values, shape), x)
    operand = current().operand(x)
    of_batch = not operand.batched and shape[0] is None
    if of_batch and operand.ndim == len(shape) and operand.image_shape[0] == 1:
        operand = current().reshaped(operand, operand.image_shape[1:])
    own = tuple(shape)[operand.batched or of_batch:]
    if any(extent is None for extent in own):
        raise ValueError(f"ops.broadcast_to(): a tensor of shape {operand.shape} cannot become {tuple(shape)}")
    made = current().node("add", operand, current().constant(np.zeros(own, np.float32)))
    return current().for_each_image(made) if of_batch else made


@operation
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: float | None = None) -> Any:
    """With further numbers around.

    Args:
        x: A tensor.
        pad_width: A number for all sides of all axes, or (before, after), or one such pair for each axis.
        mode: In a model "constant".
        constant_values: What is put there; None: 0.

    Raises:
        NotImplementedError: If `mode` is another one in a model, or the batch would grow.
    """
    if not is_traced(x):
        options: Any = {"constant_values": constant_values or 0} if mode == "constant" else {}
        return at_once(lambda values: np.pad(values, pad_width, mode, **options), x)  # type: ignore[call-overload]
    operand = current().operand(x)
    if mode != "constant":
        raise NotImplementedError(f"ops.pad(): mode={mode!r} is not supported by fashioncnn (yet) in a model; "
                                  "supported: 'constant'")
    pairs = np.broadcast_to(pad_width, (operand.ndim, 2)).tolist()
    if operand.batched and pairs[0] != [0, 0]:
        of_image("pad", operand, 0)
    own = pairs[operand.batched:]
    whole = [before + extent + after for (before, after), extent in zip(own, operand.image_shape, strict=True)]
    ones = (1,) * len(own)
    return current().node("pad", operand, begin=tuple(before for before, _ in own), step=ones,
                          reverse=(0,) * len(own), whole=tuple(whole), value=float(constant_values or 0))


@operation
def get_item(x: Any, key: Any) -> Any:
    """``x[key]``: indices, slices, `...` and None."""
    if not is_traced(x):
        return at_once(lambda values: values[key], x)
    operand = current().operand(x)
    keys = _whole_key(operand, key if isinstance(key, tuple) else (key,))
    begins, steps, reverses, extents, kept = [], [], [], [], []
    rest = iter(range(operand.ndim))
    for each in keys:
        if each is None:
            kept.append(1)
            continue
        number = next(rest)
        if number == 0 and operand.batched:
            if each != slice(None):
                of_image("get_item", operand, 0)
            continue
        length = operand.image_shape[number - operand.batched]
        indices = _indices(operand, each, number, length)
        begins.append(min(indices[0], indices[-1]))
        steps.append(abs(indices.step))
        reverses.append(int(indices.step < 0))
        extents.append(len(indices))
        if isinstance(each, slice):
            kept.append(len(indices))
    if operand.batched and keys[0] is None:
        raise NotImplementedError("the axis of the batch stays the first in fashioncnn: x[:, None] puts a new one "
                                  "behind it")
    part = operand
    if extents and (tuple(extents) != operand.image_shape or any(reverses)):
        part = current().node("slice", operand, begin=tuple(begins), step=tuple(steps), reverse=tuple(reverses),
                              extent=tuple(extents))
    return current().reshaped(part, kept)


def _whole_key(x: TracedTensor, key: tuple[Any, ...]) -> list[Any]:
    """One entry for each axis, and None for each new one."""
    used = sum(each is not None and each is not Ellipsis for each in key)
    if used > x.ndim:
        raise IndexError(f"a tensor of shape {x.shape} was indexed by {len(key)} indices")
    full = [slice(None)] * (x.ndim - used)
    at = next((number for number, each in enumerate(key) if each is Ellipsis), None)
    return [*key, *full] if at is None else [*key[:at], *full, *key[at + 1:]]


def _indices(x: TracedTensor, key: Any, number: int, length: int) -> range:
    if isinstance(key, slice):
        indices = range(length)[key]
        if len(indices) == 0:
            raise ValueError(f"{key} of axis {number} of a tensor of shape {x.shape} is empty")
        return indices
    if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
        if not -length <= key < length:
            raise IndexError(f"index {key} is outside of axis {number} of a tensor of shape {x.shape}")
        return range(int(key) % length, int(key) % length + 1)
    raise NotImplementedError(f"a tensor of a model cannot be indexed by {key!r} of type {type(key).__name__}: write "
                              "integers, slices, ... and None; ops.take takes several indices, ops.where a condition")


@operation
def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """The numbers at some indices along an axis.

    Raises:
        NotImplementedError: In a model, if there is no axis, or the indices are not known, but for those of a list of
            numbers.
    """
    if not is_traced(x, indices):
        return at_once(lambda values: np.take(values, indices, axis), x)
    if isinstance(indices, TracedTensor) and np.ndim(x) == 1 and not is_traced(x) and axis in (None, 0, -1):
        return operators.operation("sum")(operators.operation("multiply")(one_hot(indices, len(x)), x), -1)
    if axis is None or is_traced(indices):
        raise NotImplementedError("ops.take() in a model needs an axis, and indices that are known")
    operand = current().operand(x)
    (number,) = axes_of("take", axis, operand.ndim)
    of_image("take", operand, number)
    before = (slice(None),) * number
    wanted = np.asarray(indices)
    if wanted.ndim == 0:
        return get_item(operand, (*before, int(wanted)))
    if wanted.ndim > 1:
        raise NotImplementedError("ops.take() in a model takes a list of indices")
    return concatenate([get_item(operand, (*before, slice(index, index + 1)))
                        for index in (int(each) % (operand.shape[number] or 1) for each in wanted)], number)


@operation
def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None) -> Any:
    """1 at the index that `x` is, 0 elsewhere.

    Example:
        >>> one_hot([1, 0], 3)
        array([[0., 1., 0.],
               [1., 0., 0.]], dtype=float32)
    """
    values = x if is_traced(x) else at_once(np.asarray, x)
    rank = len(values.shape) + 1
    extents = [1] * rank
    extents[axis] = num_classes
    if is_traced(values) and values.batched:
        extents = extents[1:] if axis % rank else extents
    found = equal(expand_dims(values, axis), np.arange(num_classes, dtype=np.float32).reshape(extents))
    return found if is_traced(found) else found.astype(dtype or np.float32)
