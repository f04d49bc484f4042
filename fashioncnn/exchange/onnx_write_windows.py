"""Convolutions, pools and margins in operators of ONNX: what slides over an image, with its channels first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.exchange import layouts
from fashioncnn.exchange.onnx_writer import Writer

FIRST = layouts.channels_first(3)


def conv2d(writer: Writer) -> None:
    """Writes a convolution; kernels are (height, width, channels of a group, filters)."""
    kernel = writer.parameters["kernel"].transpose(3, 2, 0, 1)
    _write_convolution(writer, "Conv", kernel, group=writer.node.get("groups", 1), **_sliding(writer))


def depthwise_conv2d(writer: Writer) -> None:
    """Writes a convolution of each channel alone: each is a group of its own."""
    kernel = writer.parameters["kernel"]
    height, width, channels, multiplier = kernel.shape
    filters = kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)
    _write_convolution(writer, "Conv", filters, group=channels, **_sliding(writer))


def conv2d_transpose(writer: Writer) -> None:
    """Writes a convolution the other way round; kernels are (height, width, filters, channels)."""
    node = writer.node
    axes = [layouts.transposed_extent(*each, node["padding"] == "same", spare)
            for each, spare in zip(zip(_reach(node), node["strides"], strict=True),
                                   node.get("output_padding", (None, None)), strict=True)]
    pads = [cut // 2 for cut, _ in axes] + [cut - cut // 2 for cut, _ in axes]
    _write_convolution(writer, "ConvTranspose", writer.parameters["kernel"].transpose(3, 2, 0, 1), pads=pads,
                       strides=node["strides"], dilations=node["dilation_rate"],
                       output_padding=[more for _, more in axes])


def _write_convolution(writer: Writer, operator: str, kernel: NDArray[np.float32], **attributes: Any) -> None:
    inputs = [writer.channels_first(writer.inputs[0]), writer.numbers(kernel, "kernel")]
    if "bias" in writer.parameters:
        inputs.append(writer.numbers(writer.parameters["bias"], "bias"))
    writer.put(writer.op(operator, *inputs, kernel_shape=kernel.shape[2:], **attributes), FIRST)


def max_pooling2d(writer: Writer) -> None:
    """Writes the largest number of each window."""
    _write_pool(writer, "MaxPool")


def average_pooling2d(writer: Writer) -> None:
    """Writes the mean of each window; padding does not count."""
    _write_pool(writer, "AveragePool", count_include_pad=0)


def _write_pool(writer: Writer, operator: str, **attributes: Any) -> None:
    node = writer.node
    made = writer.op(operator, writer.channels_first(writer.inputs[0]), kernel_shape=node["pool_size"],
                     strides=node["strides"], **_padding(writer, node["pool_size"]), **attributes)
    writer.put(made, FIRST)


def _sliding(writer: Writer) -> dict[str, Any]:
    node = writer.node
    return {"strides": node["strides"], "dilations": node["dilation_rate"], **_padding(writer, _reach(node))}


def _reach(node: dict[str, Any]) -> list[int]:
    return [(size - 1) * rate + 1 for size, rate in zip(node["kernel_size"], node["dilation_rate"], strict=True)]


def _padding(writer: Writer, reach: Sequence[int]) -> dict[str, Any]:
    """The padding of windows, in numbers; where these follow an extent that is not known, by its rule."""
    if writer.node["padding"] == "valid":
        return {"pads": [0, 0, 0, 0]}
    (position,) = writer.inputs
    strides = writer.node["strides"]
    if any(extent is None and stride > 1 for extent, stride in zip(writer.shape(position)[:2], strides, strict=True)):
        return {"auto_pad": "SAME_UPPER"}
    missing = [max((-(-extent // stride) - 1) * stride + window - extent, 0) for extent, window, stride
               in zip(writer.description.tried[0][position][:2], reach, strides, strict=True)]
    return {"pads": [width // 2 for width in missing] + [width - width // 2 for width in missing]}


def global_average_pooling2d(writer: Writer) -> None:
    """Writes the mean of each channel."""
    _write_global(writer, "GlobalAveragePool")


def global_max_pooling2d(writer: Writer) -> None:
    """Writes the largest number of each channel."""
    _write_global(writer, "GlobalMaxPool")


def _write_global(writer: Writer, operator: str) -> None:
    pooled = writer.op(operator, writer.channels_first(writer.inputs[0]))
    if writer.node["keepdims"]:
        writer.put(pooled, FIRST)
    else:
        writer.put(writer.op("Flatten", pooled), layouts.ours(1))


def zero_padding2d(writer: Writer) -> None:
    """Writes a frame of one number."""
    before, after = _margins(writer, "padding")
    value = writer.numbers(writer.node.get("value", 0.0))
    _write_in_layout(writer, "Pad", writer.integers([*before, *after], "padding"), value, mode="constant")


def cropping2d(writer: Writer) -> None:
    """Writes an image without its frame."""
    before, after = _margins(writer, "cropping")
    ends = [-width if width else np.iinfo(np.int64).max for width in after]
    _write_in_layout(writer, "Slice", writer.integers(before, "begin"), writer.integers(ends, "end"))


def random_crop(writer: Writer) -> None:
    """Writes the window in the middle."""
    size, shape = writer.node["size"], writer.known_shape(writer.inputs[0])
    begins = [(extent - window) // 2 for extent, window in zip(shape, size, strict=False)]
    ends = [begin + window for begin, window in zip(begins, size, strict=True)]
    layout = writer.layout(writer.inputs[0])
    _write_in_layout(writer, "Slice", writer.integers([*begins, 0], "begin"), writer.integers([*ends, shape[2]], "end"),
                     writer.integers([layout.place(axis) for axis in range(3)], "axes"))


def _margins(writer: Writer, attribute: str) -> tuple[list[int], list[int]]:
    """The widths before and after each axis, that of the batch first, as the tensor has its axes."""
    widths = writer.node[attribute]
    if None in widths:
        writer.refuse("depends on an extent that is not known; give Input() the whole shape")
    top, bottom, left, right = widths
    layout = writer.layout(writer.inputs[0])
    return [0, *layout.arranged((top, left, 0))], [0, *layout.arranged((bottom, right, 0))]


def _write_in_layout(writer: Writer, operator: str, *constants: str, **attributes: Any) -> None:
    (position,) = writer.inputs
    made = writer.op(operator, writer.primary(position), *constants, **attributes)
    writer.put(made, writer.layout(position))


def up_sampling2d(writer: Writer) -> None:
    """Writes each pixel as a block of equal ones."""
    layout = writer.layout(writer.inputs[0])
    scales = writer.numbers([1, *layout.arranged((*writer.node["size"], 1))], "scales")
    _write_in_layout(writer, "Resize", "", scales, mode="nearest", coordinate_transformation_mode="asymmetric",
                     nearest_mode="floor")
