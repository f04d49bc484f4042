"""Layers for ONNX's convolutions and pools, whose images have their channels first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashioncnn import layers
from fashioncnn.exchange import layouts
from fashioncnn.exchange.onnx_read_normalizations import layer_normalization_behind
from fashioncnn.exchange.onnx_reader import Operation, Read, Reader, Value, with_factors_behind
from fashioncnn.layers.symbolic import KerasTensor

LARGEST_STRIDE = 256
Array = NDArray[np.float32]
Margins = list[tuple[int, int]]  # (before, after) of each axis of an image


class _Windows(NamedTuple):
    """What an operation slides over its input, an image or a sequence."""

    value: Value
    size: list[int]
    strides: list[int]
    dilations: list[int]
    margins: Margins | None  # None: those of padding "same", which follow an extent that is not known

    @property
    def axes(self) -> int:
        """2 for an image, 1 for a sequence."""
        return len(self.size)

    @property
    def reach(self) -> list[int]:
        """The windows' extents."""
        return [(size - 1) * rate + 1 for size, rate in zip(self.size, self.dilations, strict=True)]

    def same(self) -> Margins | None:
        """The margins of padding "same"; None where they follow an extent that is not known."""
        found = []
        for extent, stride, reach in zip(self.value.shape[:-1], self.strides, self.reach, strict=True):
            if extent is None and stride > 1:
                return None
            missing = max((-(-(extent or 1) // stride) - 1) * stride + reach - (extent or 1), 0)
            found.append((missing // 2, missing - missing // 2))
        return found

    def has_margins(self) -> bool:
        """Whether there are any."""
        return self.margins is None or any(map(any, self.margins))


def _windows(reader: Reader, operation: Operation, size: Sequence[int] | None) -> _Windows:
    value = reader.value(operation)
    axes = value.layout.rank - 1
    if value.layout.image is None:
        layout = layouts.channels_first(value.layout.rank)
        value = Value(reader.arranged(value, layout), layout)
    if axes not in (1, 2) or value.layout.image is not None:
        operation.refuse(f"an input of shape {('batch', *value.theirs)}; supported: sequences and images")
    size = operation.integers("kernel_shape", size)
    ones = [1] * axes
    strides, dilations = operation.integers("strides", ones), operation.integers("dilations", ones)
    if size is None or strides is None or dilations is None or {len(size), len(strides), len(dilations)} != {axes}:
        raise ValueError("kernel_shape, strides and dilations must have a number for each axis")
    if min(*size, *strides, *dilations) < 1 or max(strides) > LARGEST_STRIDE:
        raise ValueError(f"kernel_shape={size}, strides={strides}, dilations={dilations}")
    windows = _Windows(value, size, strides, dilations, [])
    return windows._replace(margins=_margins(operation, windows))


def _margins(operation: Operation, windows: _Windows) -> Margins | None:
    auto = operation.text("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        same = windows.same()
        if same is None and auto == "SAME_LOWER":
            operation.refuse(f"auto_pad={auto!r} with strides, of an image whose size is not known")
        return [(after, before) for before, after in same] if same and auto == "SAME_LOWER" else same
    pads = operation.integers("pads", [0] * 2 * windows.axes) if auto == "NOTSET" else [0] * 2 * windows.axes
    if auto not in ("NOTSET", "VALID") or pads is None or len(pads) != 2 * windows.axes or min(pads) < 0:
        raise ValueError(f"auto_pad={auto!r} with pads={pads}")
    return list(zip(pads[: windows.axes], pads[windows.axes :], strict=True))


def _layer(name: str, windows: _Windows) -> Any:
    return getattr(layers, f"{name}{windows.axes}D")


def _of_axes(windows: _Windows, numbers: Sequence[Any]) -> Any:
    """Numbers for the axes as a layer takes them: one for a sequence."""
    return tuple(numbers) if windows.axes == 2 else numbers[0]


def _padded(windows: _Windows) -> tuple[Value, str]:
    """The input, with zeros around it where a layer's own padding does not do it; and that padding."""
    if not windows.has_margins():
        return windows.value, "valid"
    if windows.margins == windows.same():
        return windows.value, "same"
    return _in_frame(windows), "valid"


def _in_frame(windows: _Windows) -> Value:
    """The input with zeros around it."""
    padded = _layer("ZeroPadding", windows)(_of_axes(windows, windows.margins or []))(windows.value.tensor)
    return Value(padded, windows.value.layout)


# ---- convolutions ----

def _conv(reader: Reader, operation: Operation) -> None:
    """A Conv2D or Conv1D; a depthwise one where each channel is a group of its own."""
    kernel = reader.numbers(operation, 1)
    windows = _windows(reader, operation, kernel.shape[2:])
    if max(windows.strides) > 1 and max(windows.dilations) > 1:
        operation.refuse("strides and dilations above 1 at once")
    value, padding = _padded(windows)
    groups, channels, filters = operation.integer("group", 1), value.shape[-1], kernel.shape[0]
    if kernel.shape[2:] != tuple(windows.size) or groups < 1 or filters % groups:
        raise ValueError(f"a kernel of shape {kernel.shape} does not fit kernel_shape={windows.size}, group={groups}")
    config = {"kernel_size": _of_axes(windows, windows.size), "strides": _of_axes(windows, windows.strides),
              "dilation_rate": _of_axes(windows, windows.dilations), "padding": padding}
    filters_last = kernel.transpose(*range(2, kernel.ndim), 1, 0)
    if groups == channels and groups > 1:
        config["depth_multiplier"] = filters // groups
        shape = (*windows.size, groups, filters // groups)
        _give_convolution(reader, operation, _layer("DepthwiseConv", windows), config, value, filters_last,
                          lambda weights: weights.reshape(shape))
    else:
        config.update(filters=filters, groups=groups)
        _give_convolution(reader, operation, _layer("Conv", windows), config, value, filters_last, np.asarray)


def _conv_transpose(reader: Reader, operation: Operation) -> None:
    """A Conv2DTranspose or Conv1DTranspose, and a cropping of what padding takes away."""
    kernel = reader.numbers(operation, 1)
    windows = _windows(reader, operation, kernel.shape[2:])
    operation.expect(group=1)
    if operation.has("output_shape") or operation.text("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        operation.refuse("output_shape and auto_pad; supported: pads and output_padding")
    if max(windows.strides) > 1 and max(windows.dilations) > 1:
        operation.refuse("strides and dilations above 1 at once")
    more = operation.integers("output_padding", [0] * windows.axes)
    if more is None or len(more) != windows.axes or min(more) < 0:
        raise ValueError(f"output_padding={more}")
    if kernel.shape[2:] != tuple(windows.size):
        raise ValueError(f"a kernel of shape {kernel.shape} does not fit kernel_shape={windows.size}")
    padding, spare, cropping = _transposed(windows, more)
    if spare is not None and any(each >= stride for each, stride in zip(spare, windows.strides, strict=True)):
        operation.refuse(f"output_padding={more}, which is more than strides={windows.strides} allow")
    config = {"filters": kernel.shape[1], "kernel_size": _of_axes(windows, windows.size),
              "strides": _of_axes(windows, windows.strides), "dilation_rate": _of_axes(windows, windows.dilations),
              "padding": padding, "output_padding": None if spare is None else _of_axes(windows, spare)}
    make = layers.Conv2DTranspose if windows.axes == 2 else layers.Conv1DTranspose
    filters_last = kernel.transpose(*range(2, kernel.ndim), 0, 1)
    _give_convolution(reader, operation, make, config, windows.value, filters_last,
                      lambda weights: weights.swapaxes(-1, -2), cropping)


def _transposed(windows: _Windows, more: Sequence[int]) -> tuple[str, list[int] | None, Margins]:
    """The layer's padding, its output_padding, and what is cropped behind it."""
    surplus = [reach - stride for reach, stride in zip(windows.reach, windows.strides, strict=True)]
    same = [(width // 2, width - width // 2) for width in surplus]
    margins = windows.margins or []
    ends = [after - spare for (_, after), spare in zip(margins, more, strict=True)]
    cropping = [(before, max(end, 0)) for (before, _), end in zip(margins, ends, strict=True)]
    if min(surplus) >= 0 and min(ends) >= 0:
        if cropping == same:
            return "same", None, [(0, 0)] * windows.axes
        return "valid", None, cropping
    return "valid", [max(-end, 0) for end in ends], cropping


def _give_convolution(reader: Reader, operation: Operation, make: Any, config: dict[str, Any], value: Value,
                      kernel: Array, arranged: Callable[[Array], Array],
                      cropping: Sequence[tuple[int, int]] = ()) -> None:
    """Gives what a layer makes of its input.

    Args:
        reader: The reader.
        operation: The convolution.
        make: The layer's class.
        config: Its arguments.
        value: Its input.
        kernel: The kernel, whose last axis is that of the filters.
        arranged: Makes the layer's kernel of it.
        cropping: What is taken away from the output.
    """
    crops = any(map(any, cropping))
    bias = None if reader.constant(operation, 2) is None else reader.numbers(operation, 2).reshape(-1)
    names: tuple[str, ...] = ()
    weights = [kernel] if bias is None else [kernel, bias]
    if not crops:
        weights, names = with_factors_behind(reader, operation, value.layout, kernel, bias)
    config = {**config, "use_bias": len(weights) > 1}
    weights[0] = arranged(weights[0])
    tensor = reader.weighted(operation, make, config, value, weights, *names)
    reader.give(operation, _cropped(tensor, cropping), value.layout)


def _cropped(tensor: KerasTensor, margins: Sequence[tuple[int, int]]) -> KerasTensor:
    if not any(width for pair in margins for width in pair):
        return tensor
    crop = layers.Cropping2D(tuple(margins)) if len(margins) == 2 else layers.Cropping1D(margins[0])
    return crop(tensor)  # type: ignore[no-any-return]


# ---- pools ----

def _max_pool(reader: Reader, operation: Operation) -> None:
    """A MaxPooling2D or MaxPooling1D."""
    operation.expect(storage_order=0)
    windows = _pool(reader, operation)
    if windows.has_margins() and windows.margins != windows.same() and operation.inputs[0] in reader.not_negative:
        windows = windows._replace(value=_in_frame(windows), margins=[(0, 0)] * windows.axes)  # 0 is never the largest
    _give_pool(reader, operation, "MaxPooling", windows)
    if operation.inputs[0] in reader.not_negative:
        reader.not_negative.add(operation.outputs[0])


def _average_pool(reader: Reader, operation: Operation) -> None:
    """An AveragePooling2D or AveragePooling1D."""
    windows, given = _pool(reader, operation), _windows(reader, operation, None)
    if operation.integer("count_include_pad", 0) and given.has_margins():
        if windows.margins != given.margins:
            operation.refuse("ceil_mode=1 together with pads that count")
        windows = windows._replace(value=_in_frame(windows), margins=[(0, 0)] * windows.axes)
    _give_pool(reader, operation, "AveragePooling", windows)


def _pool(reader: Reader, operation: Operation) -> _Windows:
    windows = _windows(reader, operation, None)
    if max(windows.dilations) > 1:
        operation.refuse("dilations above 1")
    if not operation.integer("ceil_mode", 0) or windows.margins is None:
        return windows
    margins = []
    for extent, size, stride, (before, after) in zip(windows.value.shape[:-1], windows.size, windows.strides,
                                                     windows.margins, strict=True):
        if extent is None:
            operation.refuse("ceil_mode=1 of an image whose size is not known")
        count = -(-(extent + before + after - size) // stride) + 1
        if (count - 1) * stride >= extent + before:  # no window begins behind the image
            count -= 1
        margins.append((before, max((count - 1) * stride + size - extent - before, after)))
    return windows._replace(margins=margins)


def _give_pool(reader: Reader, operation: Operation, name: str, windows: _Windows) -> None:
    """The pool itself, where its padding is "same" or "valid". Else it is made at every pixel with padding "same", and
    those are kept at which windows are asked for."""
    pool, size, strides = _layer(name, windows), _of_axes(windows, windows.size), _of_axes(windows, windows.strides)
    tensor, margins = windows.value.tensor, windows.margins
    if margins is None or margins == windows.same():
        tensor = pool(size, strides, "same")(tensor)
    elif not windows.has_margins():
        tensor = pool(size, strides)(tensor)
    else:
        every = [((extent - 1) // 2, extent // 2) for extent in windows.size]
        spare = [(before - pad, after - end) for (before, after), (pad, end)
                 in zip(every, margins, strict=True)]
        if min(width for pair in spare for width in pair) < 0:
            operation.refuse(f"pads={margins} of windows of {windows.size}, more than half of which they are")
        tensor = _cropped(pool(size, _of_axes(windows, [1] * windows.axes), "same")(tensor), spare)
        if max(windows.strides) > 1:
            tensor = pool(_of_axes(windows, [1] * windows.axes), strides)(tensor)
    reader.give(operation, tensor, windows.value.layout)


def _global_average_pool(reader: Reader, operation: Operation) -> None:
    """A GlobalAveragePooling2D or GlobalAveragePooling1D that keeps all axes."""
    _give_global(reader, operation, "GlobalAveragePooling")


def _global_max_pool(reader: Reader, operation: Operation) -> None:
    """A GlobalMaxPooling2D or GlobalMaxPooling1D that keeps all axes."""
    _give_global(reader, operation, "GlobalMaxPooling")


def _give_global(reader: Reader, operation: Operation, name: str) -> None:
    value = reader.channels_last(reader.value(operation))
    if value.layout.rank not in (2, 3):
        operation.refuse(f"an input of shape {('batch', *value.theirs)}; supported: sequences and images")
    pool = getattr(layers, f"{name}{value.layout.rank - 1}D")
    reader.give(operation, pool(keepdims=True)(value.tensor), value.layout)


def _reduce_mean(reader: Reader, operation: Operation) -> None:
    """A mean over all axes but one: that of a global pool."""
    _give_reduction(reader, operation, "GlobalAveragePooling")


def _reduce_max(reader: Reader, operation: Operation) -> None:
    """The largest number along all axes but one."""
    _give_reduction(reader, operation, "GlobalMaxPooling")


def _give_reduction(reader: Reader, operation: Operation, name: str) -> None:
    value, axes = reader.value(operation), reader.integers(operation, 1, "axes")
    rank = value.layout.rank
    chosen = {axis % (rank + 1) for axis in axes or ()}
    if chosen == {rank} and layer_normalization_behind(reader, operation):
        return
    if rank not in (2, 3) or len(chosen) != rank - 1 or 0 in chosen:
        operation.refuse(f"axes={axes} of a tensor of {rank + 1} axes; supported: all but the batch's and one more")
    (kept,) = set(range(1, rank + 1)) - chosen
    order = [0] * rank  # the axis that is kept is the last of ours
    for place, axis in enumerate(axis for axis in range(1, rank + 1) if axis != kept):
        order[axis - 1] = place
    order[kept - 1] = rank - 1
    layout = layouts.Layout(tuple(order))
    keepdims = bool(operation.integer("keepdims", 1))
    tensor = getattr(layers, f"{name}{rank - 1}D")(keepdims=keepdims)(reader.arranged(value, layout))
    reader.give(operation, tensor, layout if keepdims else layouts.ours(1))


READERS: dict[str, Read] = {
    "AveragePool": _average_pool,
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "GlobalAveragePool": _global_average_pool,
    "GlobalMaxPool": _global_max_pool,
    "MaxPool": _max_pool,
    "ReduceMax": _reduce_max,
    "ReduceMean": _reduce_mean,
}
