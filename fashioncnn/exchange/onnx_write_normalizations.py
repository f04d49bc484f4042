"""Normalizations in operators of ONNX."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fashioncnn.exchange import layouts
from fashioncnn.exchange.layouts import Layout
from fashioncnn.exchange.onnx_description import Node
from fashioncnn.exchange.onnx_writer import Writer


def along_of(writer: Writer) -> tuple[int, ...]:
    """One flag for each of the input's axes; the last one's is set where the node says nothing."""
    rank = len(writer.shape(writer.inputs[0]))
    along: tuple[int, ...] = writer.node.get("along", (*[0] * (rank - 1), 1))
    return along


def places(layout: Layout, along: Sequence[int]) -> list[int]:
    """Where the chosen axes are in a tensor of ONNX."""
    return sorted(layout.place(axis) for axis, chosen in enumerate(along) if chosen)


def batch_normalization(writer: Writer) -> None:
    """Writes the normalization by moving statistics."""
    (position,) = writer.inputs
    layout, values = writer.layout(position), writer.parameters
    if layout.rank > 1 and layout.order[0] != layout.rank - 1:
        layout = layouts.channels_first(layout.rank)
    count = len(values["moving_mean"])
    ones_and_zeros = {"gamma": np.ones(count, np.float32), "beta": np.zeros(count, np.float32)}
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    arrays = [{**ones_and_zeros, **values}[name] for name in names]
    if layout.image is not None:
        arrays = [layout.to_theirs(array) for array in arrays]
    constants = [writer.numbers(array, name) for array, name in zip(arrays, names, strict=True)]
    made = writer.op("BatchNormalization", writer.arranged(position, layout), *constants,
                     epsilon=writer.node["epsilon"])
    writer.put(made, layout)


def affine(writer: Writer) -> None:
    """Writes the factors and what is added, unless the normalization before has done it."""
    if writer.is_there(writer.position):
        return
    (position,) = writer.inputs
    layout, along, values = writer.layout(position), writer.node["along"], writer.parameters
    y = writer.primary(position)
    for name, operator in (("gamma", "Mul"), ("scale", "Mul"), ("beta", "Add")):
        if name in values:
            y = writer.op(operator, y, writer.weights(values[name], along, layout, name))
    writer.put(y, layout)


def standardization(writer: Writer) -> None:
    """Writes the normalization by means and variances that do not change."""
    (position,) = writer.inputs
    layout, along, values = writer.layout(position), writer.node["along"], writer.parameters
    shape = [extent or 0 for extent, chosen in zip(writer.shape(position), along, strict=True) if chosen]
    mean, variance = (np.asarray(values.get(name, writer.node.get(name)), np.float32).reshape(shape)
                      for name in ("mean", "variance"))
    deviation = np.maximum(np.sqrt(variance), np.float32(1e-7))
    constants = [writer.weights(array, along, layout, name)
                 for array, name in ((mean, "mean"), (deviation, "deviation"))]
    operators = ("Sub", "Div")
    if writer.node["invert"]:
        operators, constants = ("Mul", "Add"), constants[::-1]
    y = writer.primary(position)
    for operator, constant in zip(operators, constants, strict=True):
        y = writer.op(operator, y, constant)
    writer.put(y, layout)


def normalization(writer: Writer) -> None:
    """Writes the numbers along some axes brought to one scale."""
    if writer.is_there(writer.position):
        return
    (position,) = writer.inputs
    x, layout, along, kind = writer.primary(position), writer.layout(position), along_of(writer), writer.node["kind"]
    if kind == "standard" and list(along) == sorted(along) and None not in writer.shape(position)[along.index(1) :]:
        _write_layer_normalization(writer)
        return
    axes, epsilon = writer.integers(places(layout, along), "axes"), writer.node.get("epsilon", 0.0)
    if kind == "unit":
        length = writer.op("Sqrt", writer.op("ReduceSum", writer.op("Mul", x, x), axes))
        writer.put(writer.op("Div", x, writer.op("Max", length, writer.numbers(1e-12))), layout)
        return
    centred = x if kind == "rms" else writer.op("Sub", x, writer.op("ReduceMean", x, axes))
    variance = writer.op("ReduceMean", writer.op("Mul", centred, centred), axes)
    deviation = writer.op("Sqrt", writer.op("Add", variance, writer.numbers(epsilon)))
    writer.put(writer.op("Div", x if kind == "variance" else centred, deviation), layout)


def _write_layer_normalization(writer: Writer) -> None:
    """One along the last axes, with the factors behind it."""
    (position,) = writer.inputs
    layout, along = writer.layout(position), along_of(writer)
    if layout.image is None:
        layout = layouts.ours(layout.rank)
    first = along.index(1)
    follower = writer.only_user(writer.position, "affine")
    if follower is not None and writer.description.nodes[follower]["along"] != along:
        follower = None
    tail = [extent for extent in writer.shape(position)[first:] if extent is not None]
    values = writer.description.parameters[follower] if follower is not None else {}
    scale = next((values[name] for name in ("gamma", "scale") if name in values), np.ones(tail, np.float32))
    weights = [(scale, "gamma")] + ([(values["beta"], "beta")] if "beta" in values else [])
    constants = [writer.numbers(layout.to_theirs(array) if layout.image is not None else array, name)
                 for array, name in weights]
    made = writer.op("LayerNormalization", writer.arranged(position, layout), *constants,
                     axis=1 + first, epsilon=writer.node["epsilon"])
    writer.put(made, layout, writer.position if follower is None else follower)


def groups(writer: Writer) -> bool:
    """Writes a normalization of groups of channels, if that is what the node, a reshape, begins; returns whether it is.

    The groups become the channels of an InstanceNormalization.
    """
    (position,) = writer.inputs
    shape, grouped = writer.shape(position), writer.shape(writer.position)
    inside = writer.only_user(writer.position, "normalization")
    back = None if inside is None else writer.only_user(inside, "reshape")
    if inside is None or back is None or len(shape) < 2 or writer.shape(back) != shape:
        return False
    node = writer.description.nodes[inside]
    if grouped[:-2] != shape[:-1] or node["kind"] != "standard" or not _leaves_groups(node, len(grouped)):
        return False
    layout, count = layouts.channels_first(len(shape)), grouped[-2] or 1
    x = writer.channels_first(position)
    again = writer.op("Shape", x) if None in shape else writer.integers([0, *layout.arranged(shape)])
    name = writer.op("Reshape", x, writer.integers([0, count, -1]))
    ones, zeros = writer.numbers(np.ones(count)), writer.numbers(np.zeros(count))
    normalized = writer.op("InstanceNormalization", name, ones, zeros, epsilon=node["epsilon"])
    for done in (writer.position, inside):
        writer.put(normalized, layout, done)
    writer.put(writer.op("Reshape", normalized, again), layout, back)
    return True


def _leaves_groups(node: Node, rank: int) -> bool:
    """Whether a normalization is along all axes but that of the groups, which is the last but one."""
    along: tuple[int, ...] = node["along"]
    return along == (*[1] * (rank - 2), 0, 1)
