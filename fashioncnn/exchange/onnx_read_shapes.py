"""Layers for ONNX's operators that arrange numbers anew: reshapes, margins, and images of another size."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from fashioncnn import layers
from fashioncnn.exchange import layouts
from fashioncnn.exchange.layouts import Layout
from fashioncnn.exchange.onnx_read_normalizations import group_normalization_behind
from fashioncnn.exchange.onnx_reader import BATCH, Operation, Read, Reader, Value
from fashioncnn.layers.symbolic import KerasTensor
from fashioncnn.utils.budget import LARGEST_IMAGE

STAND_INS = (1000003, 1000033, 1000037)  # primes, in the place of extents that are not known
MOST_COPIES = 64  # of a tensor, along an axis


def _flatten(reader: Reader, operation: Operation) -> None:
    """All axes but the batch's become one."""
    value = reader.value(operation)
    if operation.integer("axis", 1) not in (1, -value.layout.rank):
        operation.refuse(f"axis={operation.integer('axis', 1)}; supported: 1")
    _give_reshaped(reader, operation, value, [-1])


def _reshape(reader: Reader, operation: Operation) -> None:
    """A shape that is constant, but for the batch's extent."""
    value, target = reader.value(operation), reader.constant(operation, 1)
    given = list(operation.integers("shape") or []) if target is None else list(target.reshape(-1))
    if not given or not (given[0] is BATCH or given[0] in (0, -1) or len(given) == 1 + value.layout.rank
                         or isinstance(given[0], (int, np.integer))):
        operation.refuse(f"a shape of {given}")
    extents = []
    for place, extent in enumerate(given[1:]):
        if not isinstance(extent, (int, np.integer)):
            operation.refuse(f"a shape of {given}, with an extent that is not known")
        keeps = extent == 0 and not operation.integer("allowzero", 0) and place < value.layout.rank
        extents.append(value.theirs[place] if keeps else int(extent))
    if extents and extents[-1] == -1 and len(extents) == 2 and value.layout.rank == 3 and isinstance(extents[0], int) \
            and group_normalization_behind(reader, operation, extents[0]):
        return
    _give_reshaped(reader, operation, value, extents)


def _squeeze(reader: Reader, operation: Operation) -> None:
    """Axes of length 1 go away."""
    value, axes = reader.value(operation), reader.integers(operation, 1, "axes")
    rank = value.layout.rank + 1
    chosen = ({axis % rank for axis in axes} if axes is not None
              else {axis for axis, extent in enumerate(value.theirs, 1) if extent == 1})
    if 0 in chosen:
        operation.refuse(f"axes={axes}, of which one is the batch's")
    if any(value.theirs[axis - 1] != 1 for axis in chosen):
        raise ValueError(f"axes={axes} of a tensor of shape {('batch', *value.theirs)} are not of length 1")
    _give_reshaped(reader, operation, value,
                   [extent for axis, extent in enumerate(value.theirs, 1) if axis not in chosen])


def _unsqueeze(reader: Reader, operation: Operation) -> None:
    """New axes of length 1."""
    value, axes = reader.value(operation), reader.integers(operation, 1, "axes") or []
    rank = value.layout.rank + 1 + len(axes)
    chosen = {axis % rank for axis in axes}
    if 0 in chosen or len(chosen) != len(axes):
        operation.refuse(f"axes={axes}")
    rest = iter(value.theirs)
    _give_reshaped(reader, operation, value, [1 if axis in chosen else next(rest) for axis in range(1, rank)])


def _give_reshaped(reader: Reader, operation: Operation, value: Value, target: Sequence[int | None]) -> None:
    """Gives the tensor with the extents `target` behind the batch's, of which one may be -1: what follows from the
    others."""
    theirs = tuple(value.theirs)
    if tuple(target) == theirs:
        reader.give(operation, value.tensor, value.layout)
        return
    stand_ins = iter(STAND_INS)
    known = tuple(next(stand_ins) if extent is None else extent for extent in theirs)
    shape = _resolved(operation, known, [STAND_INS[0] if extent is None else extent for extent in target])
    image = value.layout.image
    if image is not None and shape == tuple(image[axis] for axis in value.layout.order):
        reader.give(operation, layers.Reshape(image)(value.tensor), Layout(value.layout.order))
        return
    places = None if image is not None else _places(known, layouts.inverse(value.layout.order), shape)
    if places is not None:
        tensor = _reshaped(operation, value.tensor, [shape[place] for place in places])
        reader.give(operation, tensor, Layout(layouts.inverse(places)))
    elif image is None and len(shape) == 1 and known == theirs:
        image_shape = tuple(known[place] for place in layouts.inverse(value.layout.order))
        reader.give(operation, layers.Flatten()(value.tensor), Layout(value.layout.order, image_shape))
    else:
        tensor = _reshaped(operation, reader.theirs(value), shape)
        reader.give(operation, tensor, layouts.ours(len(shape)))


def _reshaped(operation: Operation, tensor: KerasTensor, shape: Sequence[int]) -> KerasTensor:
    """A tensor of ours in another shape; extents that follow one that is not known are multiples of its stand-in."""
    target = [-1 if any(extent % stand_in == 0 for stand_in in STAND_INS) else extent for extent in shape]
    if target.count(-1) > 1:
        operation.refuse("several extents are not known")
    return layers.Reshape(target)(tensor)  # type: ignore[no-any-return]


def _resolved(operation: Operation, shape: Sequence[int], target: Sequence[int]) -> tuple[int, ...]:
    known, numbers = math.prod(extent for extent in target if extent != -1), math.prod(shape)
    if min(target, default=1) < -1 or list(target).count(-1) > 1 or known <= 0 or numbers % known:
        raise ValueError(f"a tensor of shape {('batch', *shape)} cannot be reshaped to {('batch', *target)}")
    resolved = tuple(numbers // known if extent == -1 else extent for extent in target)
    if math.prod(resolved) != numbers:
        operation.refuse(f"a shape of {('batch', *target)} for a tensor of shape {('batch', *shape)}: it makes another "
                         "batch")
    return resolved


def _places(shape: tuple[int, ...], order: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...] | None:
    """Which axes of the file's reshaped tensor ours has, in its order."""
    if len(shape) == 1 and target[0] == shape[0] and len(target) > 1:  # channels, and axes of length 1
        return (*range(1, len(target)), 0)
    return layouts.reshaped(shape, order, target)


def _transpose(reader: Reader, operation: Operation) -> None:
    """Nothing but a note that the axes have another order."""
    value = reader.value(operation)
    rank = value.layout.rank
    order = operation.integers("perm", range(rank, -1, -1)) or []
    if sorted(order) != list(range(rank + 1)):
        raise ValueError(f"perm={order} of a tensor of {rank + 1} axes")
    if order[0] != 0:
        operation.refuse(f"perm={order}, which moves the batch axis")
    layout = value.layout
    if layout.image is None:
        layout = Layout(tuple(layout.order[axis - 1] for axis in order[1:]))
    reader.give(operation, value.tensor, layout)


def _concat(reader: Reader, operation: Operation) -> None:
    """Tensors one behind the other."""
    values = [reader.value(operation, number) for number in range(len(operation.inputs))]
    if len({value.layout.rank for value in values}) > 1:
        raise ValueError("inputs of different numbers of axes")
    tensors, layout = reader.together(values)
    if layout.image is not None:
        layout = layouts.ours(1)
        tensors = [reader.arranged(value, layout) for value in values]
    rank = layout.rank + 1
    axis = operation.integer("axis", 1) % rank
    if axis == 0:
        operation.refuse("axis=0, which is the batch's")
    tensor = layers.Concatenate(layout.order[axis - 1] + 1)(tensors) if len(tensors) > 1 else tensors[0]
    reader.give(operation, tensor, layout)


def _tile(reader: Reader, operation: Operation) -> None:
    """A tensor, several times one behind the other along some axes."""
    value, repeats = reader.value(operation), reader.integers(operation, 1) or []
    if len(repeats) != 1 + value.layout.rank or not all(0 < count <= MOST_COPIES for count in repeats):
        raise ValueError(f"repeats={repeats} of a tensor of {1 + value.layout.rank} axes")
    if repeats[0] != 1:
        operation.refuse("several copies of the batch")
    if value.layout.image is not None:
        value = Value(reader.theirs(value), layouts.ours(1))
    tensor = value.tensor
    for place, count in enumerate(repeats[1:]):
        if count > 1:
            tensor = layers.Concatenate(value.layout.order[place] + 1)([tensor] * count)
    reader.give(operation, tensor, value.layout)


# ---- margins ----

def _pad(reader: Reader, operation: Operation) -> None:
    """Zeros around an image, or nothing of its border where widths are negative."""
    value = reader.value(operation)
    rank = value.layout.rank + 1
    widths = reader.integers(operation, 1, "pads")
    axes = reader.integers(operation, 3) or list(range(rank))
    number = operation.number("value", 0.0)
    if reader.constant(operation, 2) is not None:
        number = float(reader.numbers(operation, 2).reshape(-1)[0])
    if operation.text("mode", "constant") != "constant" or number != 0.0:
        operation.refuse(f"mode={operation.text('mode', 'constant')!r} with {number}; supported: zeros")
    if widths is None or len(widths) != 2 * len(axes):
        raise ValueError(f"pads={widths}")
    margins = [(0, 0)] * rank
    for axis, before, after in zip(axes, widths[: len(axes)], widths[len(axes) :], strict=True):
        margins[axis] = before, after
    _give_framed(reader, operation, value, margins)


def _slice(reader: Reader, operation: Operation) -> None:
    """An image without its border."""
    value = reader.value(operation)
    rank = value.layout.rank + 1
    starts, ends = reader.integers(operation, 1, "starts"), reader.integers(operation, 2, "ends")
    if starts is None or ends is None:
        raise ValueError("starts or ends are missing")
    axes = reader.integers(operation, 3, "axes") or list(range(len(starts)))
    steps = reader.integers(operation, 4) or [1] * len(starts)
    if set(steps) != {1}:
        operation.refuse(f"steps={steps}; supported: 1")
    margins = [(0, 0)] * rank
    for axis, start, end in zip(axes, starts, ends, strict=True):
        extent = (None, *value.theirs)[axis]
        if extent is not None:
            first, last, _ = slice(start, end).indices(extent)
            margins[axis] = -first, last - extent
        elif start >= 0 and (end < 0 or end >= 2**31 - 1):
            margins[axis] = -start, min(end, 0) if end < 0 else 0
        else:
            operation.refuse(f"starts={starts} and ends={ends} along an axis whose extent is not known")
    _give_framed(reader, operation, value, margins)


def _give_framed(reader: Reader, operation: Operation, value: Value, margins: Sequence[tuple[int, int]]) -> None:
    """Gives the tensor with zeros before and after each of the file's axes; where a width is negative, with less."""
    if any(margins[value.layout.place(value.layout.rank - 1)]):
        value = reader.channels_last(value)
    *frame, channels = [margins[value.layout.place(axis)] for axis in range(value.layout.rank)]
    if any(margins[0]) or any(channels):
        operation.refuse("a change of the batch's or the channels' extent")
    tensor = value.tensor
    if any(map(any, margins)):
        if value.layout.rank not in (2, 3):
            operation.refuse(f"an input of shape {('batch', *value.theirs)}; supported: sequences and images")
        padding = tuple((max(before, 0), max(after, 0)) for before, after in frame)
        cropping = tuple((max(-before, 0), max(-after, 0)) for before, after in frame)
        if any(map(any, padding)):
            tensor = (layers.ZeroPadding2D(padding) if len(frame) == 2 else layers.ZeroPadding1D(padding[0]))(tensor)
        if any(map(any, cropping)):
            tensor = (layers.Cropping2D(cropping) if len(frame) == 2 else layers.Cropping1D(cropping[0]))(tensor)
    reader.give(operation, tensor, value.layout)


# ---- images of another size ----

def _resize(reader: Reader, operation: Operation) -> None:
    """An UpSampling2D, or a Resizing."""
    value = reader.value(operation)
    scales, sizes = _scales_and_sizes(reader, operation, value)
    mode = operation.text("mode", "nearest")
    where = operation.text("coordinate_transformation_mode", "half_pixel" if operation.kind == "Resize" else
                           "asymmetric")
    rounding = operation.text("nearest_mode", "round_prefer_floor" if operation.kind == "Resize" else "floor")
    if value.layout.rank != 3 or value.layout.image is not None or mode not in ("nearest", "linear"):
        operation.refuse(f"mode={mode!r} of an input of shape {('batch', *value.theirs)}")
    operation.expect(antialias=0, keep_aspect_ratio_policy="stretch")
    whole = tuple(int(scale) for scale in scales if scale is not None and scale >= 1 and scale == int(scale))
    known = tuple(size for size in sizes if size is not None)
    down_and_across = len(whole) == 2
    half_pixel = where in ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric")
    blocks = mode == "nearest" and down_and_across and (half_pixel or (where == "asymmetric" and rounding == "floor"))
    if blocks:
        tensor = layers.UpSampling2D((whole[0], whole[1]))(value.tensor)
    elif half_pixel and mode == "linear" and down_and_across:
        tensor = layers.UpSampling2D((whole[0], whole[1]), interpolation="bilinear")(value.tensor)
    elif half_pixel and (mode == "linear" or rounding == "round_prefer_ceil") and len(known) == 2:
        name = "bilinear" if mode == "linear" else "nearest"
        tensor = layers.Resizing(known[0], known[1], name)(value.tensor)
    else:
        operation.refuse(f"mode={mode!r} with coordinate_transformation_mode={where!r}, nearest_mode={rounding!r} and "
                         f"scales {scales}; supported: whole numbers of blocks, and half_pixel")
    reader.give(operation, tensor, value.layout)


def _scales_and_sizes(reader: Reader, operation: Operation,
                      value: Value) -> tuple[list[float | None], list[int | None]]:
    """How often the height and the width of ours are made, and what they become; None for what is not known."""
    rank = value.layout.rank + 1
    given = reader.constant(operation, 2 if operation.kind == "Resize" and operation.opset >= 11 else 1)
    sizes = reader.integers(operation, 3)
    axes = [axis % rank for axis in operation.integers("axes", range(rank)) or []]
    theirs: list[int | None] = [None, *value.theirs]
    factors: list[float | None] = [1.0] * rank
    extents = list(theirs)
    if sizes:
        for axis, size in zip(axes, sizes, strict=True):
            extents[axis] = size
            before = theirs[axis]
            factors[axis] = None if before is None else size / before
    elif given is not None and given.size:
        for axis, scale in zip(axes, given.reshape(-1), strict=True):
            before, factors[axis] = theirs[axis], float(scale)
            extents[axis] = None if before is None else math.floor(before * float(scale))
    else:
        raise ValueError("neither scales nor sizes")
    places = [value.layout.place(axis) for axis in range(value.layout.rank)]
    if value.layout.rank == 3 and factors[places[2]] != 1.0:
        operation.refuse("other than the height and the width are resized")
    if any(extent is not None and not 0 < extent <= LARGEST_IMAGE for extent in (*theirs[1:], *extents[1:])):
        raise ValueError(f"an image of {theirs[1:]} that becomes one of {extents[1:]}")
    return [factors[place] for place in places[:2]], [extents[place] for place in places[:2]]


READERS: dict[str, Read] = {
    "Concat": _concat,
    "Flatten": _flatten,
    "Pad": _pad,
    "Reshape": _reshape,
    "Resize": _resize,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Tile": _tile,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
    "Upsample": _resize,
}
