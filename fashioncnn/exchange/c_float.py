"""Steps as calls of C functions that work on floats."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fashioncnn._core import Network
from fashioncnn.exchange.c_program import (
    Argument,
    Program,
    Read,
    Room,
    Weights,
    Write,
    constants,
    for_comments,
    number,
    sizes,
)
from fashioncnn.exchange.c_steps import Shape, Step, Steps, axes_of
from fashioncnn.exchange.c_windows import fitted_windows, pool_windows, turned_windows

FLOATS = " * sizeof(float)"
AXES = 6  # of the function gather
COMMUTATIVE = ("add", "average", "multiply", "maximum", "minimum")
# Names in C of the activations whose own means something else there, and the options that they take, in order.
CALLED = {"tanh": "hyperbolic_tangent"}
NOT_WRITTEN = ("gelu_tanh", "threshold")  # no layer has these
OPTIONS: dict[str, tuple[tuple[str, float], ...]] = {
    "relu": (("negative_slope", 0.0), ("max_value", math.inf), ("threshold", 0.0)),
    "elu": (("alpha", 1.0),),
    "celu": (("alpha", 1.0),),
    "hard_shrink": (("threshold", 0.0),),
    "soft_shrink": (("threshold", 0.0),),
    "squareplus": (("b", 4.0),),
}


def program_of(network: Steps) -> Program:
    """The program that does the steps in float.

    Raises:
        NotImplementedError: If there is no C function for a step.
    """
    program = Program()
    program.rooms = {position: Room(network.size(position), "float") for position in range(len(network.shapes))}
    program.inputs = list(network.inputs)
    for step in network.steps:
        add_step(program, step)
    program.outputs = own_outputs(program, network.outputs)
    return program


def add_step(program: Program, step: Step) -> None:
    """Adds the calls that do one step."""
    begin = len(program.calls)
    if step.kind not in CALLS or step.attributes.get("function") in NOT_WRITTEN:
        raise NotImplementedError(f"layer '{step.layer}' ({step.kind}) cannot be written as C (yet): export the model "
                                  "up to it, Model(model.input, layer.input), and do its work in the program")
    CALLS[step.kind](program, step)
    program.calls[begin].comment = comment_of(step)


def comment_of(step: Step) -> str:
    """What stands before the calls of a step; names are the user's, and may not end the comment."""
    shapes = " and ".join(map(str, dict.fromkeys(step.input_shapes)))
    names = ", ".join(dict.fromkeys([step.layer, *step.joined]))
    return f"{for_comments(names)}: {shapes} -> {step.shape}"


def own_outputs(program: Program, outputs: Sequence[int]) -> list[int]:
    """The outputs, each another tensor that is no input: copies where that is not so."""
    found: list[int] = []
    for output in outputs:
        own = output
        if output in program.inputs or output in found:
            own = program.new_tensor(program.rooms[output].size)
            program.call("memcpy", Write(own), Read(output), f"{program.rooms[output].size}{FLOATS}")
            program.calls[-1].comment = "the same numbers again"
        found.append(own)
    return found


# ---- products ----


def _weights(step: Step, name: str) -> Argument:
    return constants(f"{step.layer}_{name}", step.weights[name]) if name in step.weights else "NULL"


def _ends(step: Step, kernel: Argument) -> list[Argument]:
    """The last arguments of a product."""
    return [Read(step.inputs[0]), kernel, _weights(step, "bias"), *map(number, step.limits), Write(step.output)]


def _dense(program: Program, step: Step) -> None:
    *outer, inputs = step.input_shapes[0]
    program.call("dense", str(math.prod(outer)), str(inputs), str(step.shape[-1]),
                 *_ends(step, _weights(step, "kernel")))


def _conv2d(program: Program, step: Step) -> None:
    low, high = map(number, step.limits)
    convolution: Argument = ["&(convolution){.at = ", fitted_windows(step, "kernel_size").text,
                             f", .groups = {step.attributes.get('groups', 1)}, .filters = {step.shape[-1]}, .w = ",
                             _weights(step, "kernel"), ", .bias = ", _weights(step, "bias"),
                             f", .low = {low}, .high = {high}}}"]
    add_convolution(program, step, "", convolution)


def add_convolution(program: Program, step: Step, suffix: str, convolution: Argument, *room: Argument) -> None:
    """Adds the call for a convolution, or for one with a pool, which needs room for a pixel."""
    if step.pool is None:
        program.call(f"conv2d{suffix}", convolution, Read(step.inputs[0]), *room, Write(step.output))
        return
    pixel = program.new_tensor(step.shape[-1], program.rooms[step.output].type)
    program.call(f"conv2d_max_pool{suffix}", convolution, fitted_windows(step.pool, "pool_size").pointer,
                 Read(step.inputs[0]), *room, Write(pixel), Write(step.output))


def _depthwise_conv2d(program: Program, step: Step) -> None:
    program.call("depthwise_conv2d", fitted_windows(step, "kernel_size").pointer,
                 str(step.attributes["depth_multiplier"]), *_ends(step, _weights(step, "kernel")))


def _conv2d_transpose(program: Program, step: Step) -> None:
    kernel = constants(f"{step.layer}_kernel", np.swapaxes(step.weights["kernel"], 2, 3))
    program.call("conv2d_transpose", turned_windows(step).pointer, str(step.input_shapes[0][-1]), *_ends(step, kernel))


def _dot(program: Program, step: Step) -> None:
    if len(step.shape) != 2:
        raise NotImplementedError(f"layer '{step.layer}' cannot be written as C (yet): it multiplies several matrices "
                                  "of an image")
    (rows, inputs), (_, columns) = step.input_shapes
    program.call("dot", str(rows), str(inputs), str(columns), *map(Read, step.inputs), Write(step.output))


# ---- pools, and numbers in other places ----


def _pool(function: str) -> Callable[[Program, Step], None]:
    def add(program: Program, step: Step) -> None:
        program.call(function, pool_windows(step).pointer, Read(step.inputs[0]), Write(step.output))

    return add


def _permute(program: Program, step: Step) -> None:
    strides = _strides(step.input_shapes[0])
    _gather(program, step.shape, [strides[axis] for axis in step.attributes["dims"]], step.inputs[0], step.output)


def _strides(shape: Shape) -> list[int]:
    return [math.prod(shape[axis + 1:]) for axis in range(len(shape))]


def _gather(program: Program, shape: Shape, steps: Sequence[int], source: int, target: int) -> None:
    missing = AXES - len(shape)
    program.call("gather", f"(const size_t[AXES]){sizes((*(1 for _ in range(missing)), *shape))}",
                 f"(const size_t[AXES]){sizes((*(0 for _ in range(missing)), *steps))}", Read(source), Write(target))


def _pad(program: Program, step: Step) -> None:
    program.call("pad", *margins(step), number(step.attributes.get("value", 0.0)), Read(step.inputs[0]),
                 Write(step.output))


def margins(step: Step) -> list[str]:
    """The first arguments of the functions that pad: lines and their length, then numbers around them."""
    lines, columns, channels = step.input_shapes[0]
    top, bottom, left, right = step.attributes["padding"]
    return [str(size) for size in (lines, columns * channels, top, bottom, left * channels, right * channels)]


def crop(program: Program, step: Step, unit: str) -> None:
    """`unit` stands behind numbers of elements to make them bytes, here and below."""
    (_, columns, channels), (lines, kept, _) = step.input_shapes[0], step.shape
    top, _, left, _ = step.attributes["cropping"]
    first = (top * columns + left) * channels
    program.call("crop", str(lines), f"{kept * channels}{unit}", f"{columns * channels}{unit}",
                 [Read(step.inputs[0]), f" + {first}"], Write(step.output))


def up_sample(program: Program, step: Step, unit: str) -> None:
    lines, columns, channels = step.input_shapes[0]
    program.call("up_sample", str(lines), str(columns), f"{channels}{unit}", *map(str, step.attributes["size"]),
                 Read(step.inputs[0]), Write(step.output))


def _resizing(program: Program, step: Step) -> None:
    (lines, columns, channels), (new_lines, new_columns, _) = step.input_shapes[0], step.shape
    between = program.new_tensor(new_lines * columns * channels)
    for name, outer, old, inner, new, source, target in (
            ("lines", 1, lines, columns * channels, new_lines, step.inputs[0], between),
            ("columns", new_lines, columns, channels, new_columns, between, step.output)):
        first, weight = _resizing_table(step, old, new)
        program.call("resize", *map(str, (outer, old, inner, new, weight.shape[1])),
                     Weights(f"{step.layer}_{name}", first), constants(f"{step.layer}_{name}_weight", weight),
                     Read(source), Write(target))


def _resizing_table(step: Step, old: int, new: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Along an axis: the first number that each output looks at, and the weights of those from there on. The core tells
    them, of an image in which each number has a channel of its own."""
    network = Network([{"type": "input", "name": "input", "inputs": (), "shape": (old, 1, old)},
                       {"name": step.layer, "inputs": (0,), **_own(step), "size": (new, 1)}])
    matrix = np.empty((1, new, 1, old), np.float32)
    network.predict(np.eye(old, dtype=np.float32).reshape(1, old, 1, old), 0, 1, matrix)
    rows = matrix.reshape(new, old)
    first = np.argmax(rows != 0, axis=1)
    taps = int(np.max(old - np.argmax(rows[:, ::-1] != 0, axis=1) - first))
    first = np.minimum(first, old - taps)
    return first.astype(np.uint64), np.take_along_axis(rows, first[:, np.newaxis] + np.arange(taps), axis=1)


def _own(step: Step) -> dict[str, Any]:
    return {name: value for name, value in step.attributes.items() if name not in ("name", "inputs", "shares")}


# ---- several inputs ----


def _merge(program: Program, step: Step) -> None:
    size = math.prod(step.shape)
    order = list(range(len(step.inputs)))
    if step.kind in COMMUTATIVE:
        order.sort(key=lambda k: math.prod(step.input_shapes[k]) < size)
    function = "add" if step.kind == "average" else step.kind
    parts = [_operand(program, step, k) for k in order]
    if parts[0][1] != size or len(parts) == 1:
        parts[0] = (_spread(program, step, order[0]), size)
    so_far = parts[0][0]
    for number_of_part, (tensor, columns) in enumerate(parts[1:], 2):
        is_last = number_of_part == len(parts)
        target = step.output if is_last and step.kind != "average" else program.new_tensor(size)
        limits = list(step.limits if is_last else (-math.inf, math.inf)) if function == "add" else []
        rows, next = (1, 0) if columns == size else (size // columns, 0)
        program.call(function, str(rows), str(columns), Read(so_far), Read(tensor), str(next), *map(number, limits),
                     Write(target), in_place=True)
        so_far = target
    if step.kind == "average":
        program.call("rescale", str(size), number(1 / len(parts)), number(0.0), Read(so_far), Write(step.output),
                     in_place=True)
    elif len(parts) == 1:
        program.call("memcpy", Write(step.output), Read(so_far), f"{size}{FLOATS}")


def _operand(program: Program, step: Step, k: int) -> tuple[int, int]:
    """An input and how many of its numbers make one row: it is whole, or one row for all; else a copy that is whole."""
    shape, size = step.input_shapes[k], math.prod(step.input_shapes[k])
    trimmed = shape[next((axis for axis, extent in enumerate(shape) if extent > 1), len(shape)):]
    if trimmed == step.shape[len(step.shape) - len(trimmed):]:
        return step.inputs[k], size
    return _spread(program, step, k), math.prod(step.shape)


def _spread(program: Program, step: Step, k: int) -> int:
    """The input with its numbers repeated, as broadcasting does it."""
    if math.prod(step.input_shapes[k]) == math.prod(step.shape):
        return step.inputs[k]
    shape = (*(1 for _ in range(len(step.shape) - len(step.input_shapes[k]))), *step.input_shapes[k])
    steps = [0 if extent == 1 else stride for extent, stride in zip(shape, _strides(shape), strict=True)]
    target = program.new_tensor(math.prod(step.shape))
    _gather(program, step.shape, steps, step.inputs[k], target)
    return target


def concatenate(program: Program, step: Step, unit: str) -> None:
    """The inputs into parts of longer rows."""
    axis = step.attributes["axis"]
    longer, first = math.prod(step.shape[axis:]), 0
    for tensor, shape in zip(step.inputs, step.input_shapes, strict=True):
        row = math.prod(shape[axis:])
        program.call("put_rows", str(math.prod(shape[:axis])), f"{row}{unit}", Read(tensor), f"{longer}{unit}",
                     [Write(step.output), f" + {first}"])
        first += row


# ---- along axes ----


def axes(step: Step) -> str:
    outer, lines, inner, columns = axes_of(step.input_shapes[0], step.attributes.get("along"))
    return f"&(axes){{.outer = {outer}, .lines = {lines}, .inner = {inner}, .columns = {columns}}}"


def _affine(program: Program, step: Step) -> None:
    _, lines, _, columns = axes_of(step.input_shapes[0], step.attributes["along"])
    own = {"gamma": "scale", "beta": "offset"}
    weights = {own.get(name, name): values for name, values in step.weights.items()}
    scale, offset = (constants(f"{step.layer}_{name}", weights.get(name, np.full(lines * columns, default)))
                     for name, default in (("scale", 1.0), ("offset", 0.0)))
    program.call("scale_and_move", axes(step), Read(step.inputs[0]), scale, offset, *map(number, step.limits),
                 Write(step.output), in_place=True)


def _rescaling(program: Program, step: Step) -> None:
    scale, offset = (np.atleast_1d(step.attributes[name]) for name in ("scale", "offset"))
    if scale.size == offset.size == 1:
        program.call("rescale", str(math.prod(step.shape)), number(scale[0]), number(offset[0]), Read(step.inputs[0]),
                     Write(step.output), in_place=True)
        return
    scale, offset = np.broadcast_arrays(scale, offset)
    step.weights = {"scale": scale, "offset": offset}
    step.attributes = {"along": (*(0 for _ in step.shape[1:]), 1)}
    _affine(program, step)


def _prelu(program: Program, step: Step) -> None:
    program.call("prelu", axes(step), Read(step.inputs[0]), _weights(step, "alpha"), Write(step.output), in_place=True)


def _along(function: str) -> Callable[[Program, Step], None]:
    def add(program: Program, step: Step) -> None:
        program.call(function, axes(step), Read(step.inputs[0]), Write(step.output), in_place=True)

    return add


def _sparsemax(program: Program, step: Step) -> None:
    _, lines, _, columns = axes_of(step.input_shapes[0], step.attributes.get("along"))
    room = program.new_tensor(lines * columns)
    program.call("sparsemax", axes(step), Read(step.inputs[0]), Write(room), Write(step.output), in_place=True)


def _normalization(program: Program, step: Step) -> None:
    kind = step.attributes["kind"]
    function = {"rms": "normalize_rms", "unit": "normalize_length"}.get(kind, "normalize")
    centred = [str(int(kind == "standard"))] if function == "normalize" else []
    epsilon = [repr(float(step.attributes.get("epsilon", 0.0)))] if kind != "unit" else []
    program.call(function, axes(step), *centred, *epsilon, Read(step.inputs[0]), Write(step.output), in_place=True)


# ---- number by number ----


def _activation(program: Program, step: Step) -> None:
    function = step.attributes["function"]
    options = [number(step.attributes.get(name, default)) for name, default in OPTIONS.get(function, ())]
    program.call(CALLED.get(function, function), str(math.prod(step.shape)), *options, Read(step.inputs[0]),
                 Write(step.output), in_place=True)


def _glu(program: Program, step: Step) -> None:
    axis = step.attributes.get("axis", len(step.shape) - 1)
    half = math.prod(step.shape[axis:])
    program.call("glu", str(math.prod(step.shape[:axis])), str(half), Read(step.inputs[0]), Write(step.output))


CALLS: dict[str, Callable[[Program, Step], None]] = {
    "activation": _activation,
    "add": _merge,
    "affine": _affine,
    "average": _merge,
    "average_pooling2d": _pool("average_pool"),
    "concatenate": lambda program, step: concatenate(program, step, FLOATS),
    "conv2d": _conv2d,
    "conv2d_transpose": _conv2d_transpose,
    "cropping2d": lambda program, step: crop(program, step, FLOATS),
    "dense": _dense,
    "depthwise_conv2d": _depthwise_conv2d,
    "dot": _dot,
    "global_average_pooling2d": _pool("average_pool"),
    "global_max_pooling2d": _pool("max_pool"),
    "glu": _glu,
    "grouped_conv2d": _conv2d,
    "log_softmax": _along("log_softmax"),
    "max_pooling2d": _pool("max_pool"),
    "maximum": _merge,
    "minimum": _merge,
    "multiply": _merge,
    "normalization": _normalization,
    "permute": _permute,
    "prelu": _prelu,
    "rescaling": _rescaling,
    "resizing": _resizing,
    "softmax": _along("softmax"),
    "sparsemax": _sparsemax,
    "subtract": _merge,
    "up_sampling2d": lambda program, step: up_sample(program, step, FLOATS),
    "zero_padding2d": _pad,
}
