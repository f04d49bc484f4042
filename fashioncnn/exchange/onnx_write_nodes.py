"""The core's nodes in operators of ONNX: one function for each type."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.exchange import layouts
from fashioncnn.exchange import onnx_write_normalizations as normalizations
from fashioncnn.exchange import onnx_write_operations as operations
from fashioncnn.exchange import onnx_write_windows as windows
from fashioncnn.exchange.layouts import Layout
from fashioncnn.exchange.onnx_write_activations import activation
from fashioncnn.exchange.onnx_write_normalizations import along_of, places
from fashioncnn.exchange.onnx_writer import Writer
from fashioncnn.layers import Resizing


def write_node(writer: Writer) -> None:
    """Writes the node at the writer's position.

    Raises:
        NotImplementedError: If ONNX has nothing that does its work.
    """
    node = writer.node
    if node.get("training") and node["type"] in (*_NOISE, "batch_normalization"):
        writer.refuse("was called with training=True, and acts as in training; call it without")
    if node["type"] not in _WRITERS:
        writer.refuse(f"computes {node['type']!r}, by code of its own")
    _WRITERS[node["type"]](writer)


def _hand_on(writer: Writer) -> None:
    writer.hand_on()


# ---- products ----

def _dense(writer: Writer) -> None:
    (position,) = writer.inputs
    kernel, layout = writer.parameters["kernel"], writer.layout(position)
    bias = [writer.numbers(writer.parameters["bias"], "bias")] if "bias" in writer.parameters else []
    if layout.rank == 1:
        rows = writer.numbers(layout.to_theirs(kernel), "kernel")
        writer.put(writer.op("Gemm", writer.primary(position), rows, *bias), layouts.ours(1))
        return
    made = writer.op("MatMul", writer.ours(position), writer.numbers(kernel, "kernel"))
    writer.put(writer.op("Add", made, *bias) if bias else made, layouts.ours(layout.rank))


def _dot(writer: Writer) -> None:
    first, second = writer.inputs
    rank = len(writer.shape(writer.position))
    writer.put(writer.op("MatMul", writer.ours(first), writer.ours(second)), layouts.ours(rank))


# ---- several inputs ----

def _multiply(writer: Writer) -> None:
    """Operators for sums and the like take any number of inputs; that for products takes two."""
    names, layout = operations.brought_together(writer)
    writer.put(functools.reduce(functools.partial(writer.op, "Mul"), names), layout)


def _concatenate(writer: Writer) -> None:
    layout = writer.common_layout(writer.inputs).plain
    names = [writer.arranged(position, layout) for position in writer.inputs]
    writer.put(writer.op("Concat", *names, axis=layout.place(writer.node["axis"])), layout)


# ---- shapes ----

def _permute(writer: Writer) -> None:
    """Nothing but a note that the axes are called otherwise now."""
    (position,) = writer.inputs
    layout, dims = writer.layout(position), writer.node["dims"]
    if layout.image is None:
        layout = Layout(tuple(dims.index(axis) for axis in layout.order))
    writer.put(writer.primary(position), layout)


def _reshape(writer: Writer) -> None:
    if writer.is_there(writer.position) or normalizations.groups(writer):
        return
    (position,) = writer.inputs
    layout = writer.layout(position)
    orders = {layouts.reshaped(shapes[position], layout.order, shapes[writer.position])
              for shapes in writer.description.tried} if layout.image is None else {None}
    target, shape = writer.shape(writer.position), writer.shape(position)
    (order,) = orders if len(orders) == 1 else (None,)
    if len(shape) == 1 and target[-1] == shape[0] and layout.image is None:  # channels, and axes of length 1
        name, made = writer.primary(position), layouts.channels_first(len(target))
    elif order is not None:
        name, made = writer.primary(position), Layout(order)
    elif len(target) == 1 and layout.image is None and None not in shape:
        name, made = writer.primary(position), Layout(layout.order, writer.known_shape(position))
    elif target == shape:
        writer.hand_on()
        return
    else:
        name, made, layout = writer.ours(position), layouts.ours(len(target)), layouts.ours(len(shape))
    tries = [(layout.arranged(shapes[position]), made.arranged(shapes[writer.position]))
             for shapes in writer.description.tried]
    extents = _extents(writer, made.arranged(target), tries)
    writer.put(writer.op("Reshape", name, writer.integers(extents, "shape")), made)


def _extents(writer: Writer, target: Sequence[int | None], tries: Sequence[tuple[Sequence[int], Sequence[int]]]
             ) -> list[int]:
    """What Reshape is told: 0 for the batch axis and others that stay, and -1 for what follows from the rest.

    Args:
        writer: The writer.
        target: The new shape, without the batch axis.
        tries: Pairs of the shape and the new one, for lengths in the place of what is not known.
    """
    if target.count(None) <= 1:
        return [0, *(-1 if extent is None else extent for extent in target)]
    stays = [all(old[axis : axis + 1] == new[axis : axis + 1] for old, new in tries) for axis in range(len(target))]
    extents = [extent if extent is not None else 0 if same else -1 for same, extent in zip(stays, target, strict=True)]
    if extents.count(-1) > 1:
        writer.refuse("gives several extents that are not known another place; give Input() the whole shape")
    return [0, *extents]


# ---- numbers ----

def _rescaling(writer: Writer) -> None:
    (position,) = writer.inputs
    layout = writer.layout(position)
    along = (*[0] * (len(writer.shape(position)) - 1), 1)
    scale, offset = (np.atleast_1d(np.asarray(writer.node[name], np.float32)) for name in ("scale", "offset"))
    scaled = writer.op("Mul", writer.primary(position), writer.weights(scale, along, layout, "scale"))
    writer.put(writer.op("Add", scaled, writer.weights(offset, along, layout, "offset")), layout)


def _prelu(writer: Writer) -> None:
    (position,) = writer.inputs
    layout = writer.layout(position)
    alpha = writer.weights(writer.parameters["alpha"], [1] * len(writer.shape(position)), layout, "alpha")
    writer.put(writer.op("PRelu", writer.primary(position), alpha), layout)


def _softmax(writer: Writer) -> None:
    _write_softmax(writer, "Softmax")


def _log_softmax(writer: Writer) -> None:
    _write_softmax(writer, "LogSoftmax")


def _write_softmax(writer: Writer, operator: str) -> None:
    (position,) = writer.inputs
    x, layout = writer.primary(position), writer.layout(position)
    chosen = places(layout, along_of(writer))
    if len(chosen) == 1:
        writer.put(writer.op(operator, x, axis=chosen[0]), layout)
        return
    axes = writer.integers(chosen, "axes")
    centred = writer.op("Sub", x, writer.op("ReduceMax", x, axes))
    powers = writer.op("Exp", centred)
    total = writer.op("ReduceSum", powers, axes)
    made = (writer.op("Div", powers, total) if operator == "Softmax"
            else writer.op("Sub", centred, writer.op("Log", total)))
    writer.put(made, layout)


def _sparsemax(writer: Writer) -> None:
    """With the numbers in descending order, z, and their sums so far, c: see the core's sparsemax.c."""
    (position,) = writer.inputs
    x, layout, along = writer.primary(position), writer.layout(position), along_of(writer)
    chosen = places(layout, along)
    if len(chosen) != 1:
        writer.refuse("applies sparsemax along several axes; apply it along one")
    axis, count = chosen[0], writer.known_shape(position)[along.index(1)]
    axes, one = writer.integers(chosen, "axes"), writer.numbers(1.0)
    z, _ = writer.ops("TopK", x, writer.integers([count]), outputs=2, axis=axis)
    c = writer.op("CumSum", z, writer.integers(axis))
    ranks = writer.numbers(np.arange(1, count + 1).reshape([-1 if place == axis else 1
                                                            for place in range(1, layout.rank + 1)]), "ranks")
    support = writer.op("Greater", writer.op("Add", writer.op("Mul", ranks, z), one), c)
    size = writer.op("ReduceSum", writer.op("Where", support, one, writer.numbers(0.0)), axes)
    total = writer.op("ReduceSum", writer.op("Where", support, c, writer.numbers(0.0)), axes)
    tau = writer.op("Div", writer.op("Sub", total, one), size)
    writer.put(writer.op("Relu", writer.op("Sub", x, tau)), layout)


def _glu(writer: Writer) -> None:
    (position,) = writer.inputs
    layout = writer.layout(position).plain
    axis = writer.node.get("axis", layout.rank - 1)
    halves = writer.ops("Split", writer.arranged(position, layout), outputs=2, axis=layout.place(axis), num_outputs=2)
    writer.put(writer.op("Mul", halves[0], writer.op("Sigmoid", halves[1])), layout)


# ---- images of another size ----

def _resizing(writer: Writer) -> None:
    node = writer.node
    if node["interpolation"] != "nearest" and (node["interpolation"] != "bilinear" or node.get("antialias")):
        _write_products(writer)
        return
    (position,) = writer.inputs
    layout = writer.layout(position)
    how = ({"mode": "nearest", "nearest_mode": "round_prefer_ceil"} if node["interpolation"] == "nearest"
           else {"mode": "linear"})
    axes = [layout.place(axis) for axis in (0, 1)]
    pairs = sorted(zip(axes, _sizes_or_scales(writer), strict=True))
    is_size = None not in node["size"]
    constants = (["", "", writer.integers([size for _, size in pairs], "sizes")] if is_size
                 else ["", writer.numbers([scale for _, scale in pairs], "scales")])
    made = writer.op("Resize", writer.primary(position), *constants, axes=sorted(axes),
                     coordinate_transformation_mode="half_pixel", **how)
    writer.put(made, layout)


def _sizes_or_scales(writer: Writer) -> Sequence[float]:
    """The sizes; where one follows an extent that is not known, how often it is that extent."""
    size: Sequence[int | None] = writer.node["size"]
    if None not in size:
        return size  # type: ignore[return-value]
    scales = {tuple(shapes[writer.position][axis] / shapes[writer.inputs[0]][axis] for axis in (0, 1))
              for shapes in writer.description.tried}
    if len(scales) > 1:
        writer.refuse("gives one of two extents another proportion; give Input() the whole shape")
    return scales.pop()


def _write_products(writer: Writer) -> None:
    """Each line of the output is a sum of lines of the input, and each column one of columns: two products."""
    (position,) = writer.inputs
    (height, width, _), (new_height, new_width) = writer.known_shape(position), writer.node["size"]
    lines = writer.numbers(_shares(writer.node, height, new_height).T, "lines")
    columns = writer.numbers(_shares(writer.node, width, new_width), "columns")
    wide = writer.op("MatMul", lines, writer.channels_first(position))
    writer.put(writer.op("MatMul", wide, columns), windows.FIRST)


def _shares(node: dict[str, Any], extent: int, target: int) -> NDArray[np.float32]:
    """(extent, target): the weight of each line of the input in each of the output."""
    layer = Resizing(target, 1, node["interpolation"], antialias=node.get("antialias", False), name=node["name"])
    return np.asarray(layer(np.eye(extent).reshape(extent, extent, 1, 1))).reshape(extent, target)


_NOISE = ("dropout", "alpha_dropout", "gaussian_dropout", "gaussian_noise")
_AUGMENTATION = ("random_brightness", "random_contrast", "random_erasing", "random_flip", "random_rotation",
                 "random_translation", "random_zoom")
_WRITERS: dict[str, Callable[[Writer], None]] = {
    "activation": activation,
    "activity_regularization": _hand_on,
    "add": operations.pair("Sum"),
    "affine": normalizations.affine,
    "average": operations.pair("Mean"),
    "average_pooling2d": windows.average_pooling2d,
    "batch_normalization": normalizations.batch_normalization,
    "by_training": operations.by_training,
    "concatenate": _concatenate,
    "constant": operations.constant,
    "conv2d": windows.conv2d,
    "conv2d_transpose": windows.conv2d_transpose,
    "cropping2d": windows.cropping2d,
    "dense": _dense,
    "depthwise_conv2d": windows.depthwise_conv2d,
    "divide": operations.pair("Div"),
    "dot": _dot,
    "equal": operations.comparison("Equal"),
    "function": operations.function,
    "global_average_pooling2d": windows.global_average_pooling2d,
    "global_max_pooling2d": windows.global_max_pooling2d,
    "glu": _glu,
    "greater": operations.comparison("Greater"),
    "greater_equal": operations.comparison("GreaterOrEqual"),
    "grouped_conv2d": windows.conv2d,
    "less": operations.comparison("Less"),
    "less_equal": operations.comparison("LessOrEqual"),
    "log_softmax": _log_softmax,
    "max_pooling2d": windows.max_pooling2d,
    "maximum": operations.pair("Max"),
    "minimum": operations.pair("Min"),
    "multiply": _multiply,
    "normalization": normalizations.normalization,
    "not_equal": operations.comparison("Equal", negated=True),
    "pad": operations.padding,
    "permute": _permute,
    "power": operations.pair("Pow"),
    "prelu": _prelu,
    "random_crop": windows.random_crop,
    "reduce": operations.reduction,
    "rescaling": _rescaling,
    "reshape": _reshape,
    "resizing": _resizing,
    "slice": operations.part,
    "softmax": _softmax,
    "sparsemax": _sparsemax,
    "standardization": normalizations.standardization,
    "subtract": operations.pair("Sub"),
    "up_sampling2d": windows.up_sampling2d,
    "weight": operations.weight,
    "where": operations.where,
    "zero_padding2d": windows.zero_padding2d,
    **dict.fromkeys((*_NOISE, *_AUGMENTATION), _hand_on),
}
