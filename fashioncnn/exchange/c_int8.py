"""Steps as calls of C functions that work on int8, and what these compute, for measuring what is lost."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from fashioncnn import _core
from fashioncnn.exchange import c_float, c_simulated
from fashioncnn.exchange.c_program import Argument, Program, Read, Room, Weights, Write, constants, number
from fashioncnn.exchange.c_quantized import find_ranges, kernel_of, limited, steps_in_float, storage
from fashioncnn.exchange.c_simulated import Array, Kernel, Stored
from fashioncnn.exchange.c_steps import Node, Step, Steps
from fashioncnn.exchange.c_windows import Windows, fitted_windows, pool_windows

Run = Callable[[list[Array]], Array]


class Simulated(NamedTuple):
    """A call as NumPy does it: from tensors to another one."""

    inputs: list[int]
    output: int
    run: Run


class Quantized:
    """A program in int8 while it is made, and beside it what it computes.

    Args:
        network: The steps.
        nodes: The description that they were made from.
        core: A network of it.
        outputs: The nodes whose outputs are the network's.
        x: Calibration data, (N, ...) for each input.

    Raises:
        NotImplementedError: If a step cannot run in int8.
    """

    def __init__(self, network: Steps, nodes: Sequence[Node], core: _core.Network, outputs: Sequence[int],
                 x: Sequence[Array]) -> None:
        self.network = network
        self.in_float = steps_in_float(network)
        in_int8 = [step for step in network.steps if step.output not in self.in_float]
        tensors = list(dict.fromkeys(tensor for step in in_int8 for tensor in (*step.inputs, step.output)))
        self.stored = storage(network, find_ranges(nodes, core, outputs, tensors, network.inputs, x))
        self.program = Program(inputs=list(network.inputs))
        self.simulated: list[Simulated] = []
        self._as_int8: dict[int, int] = {}
        self._as_float: dict[int, int] = {}
        self._make()

    def _make(self) -> None:
        network, program = self.network, self.program
        for position in range(len(network.shapes)):
            is_int8 = position in self.stored and position not in network.inputs
            program.rooms[position] = Room(network.size(position), "int8_t" if is_int8 else "float")
        sums = max((math.prod(step.shape[-1:]) for step in network.steps if step.output in self.stored), default=1)
        self.sums = program.new_tensor(sums, "int32_t")
        for step in network.steps:
            if step.output in self.in_float:
                step = replace(step, inputs=[self.float_of(tensor) for tensor in step.inputs])
                self._commented(step, c_float.CALLS[step.kind], program)
                self.add(step, partial(_run_node, step))
            else:
                step = replace(step, inputs=[self._int8_of(tensor) for tensor in step.inputs])
                self._commented(step, INT8[step.kind], self)
        self.found = [self.float_of(output) for output in network.outputs]
        program.outputs = c_float.own_outputs(program, self.found)

    def _commented(self, step: Step, add: Callable[..., None], to: Any) -> None:
        begin = len(self.program.calls)
        add(to, step)
        self.program.calls[begin].comment = c_float.comment_of(step)

    # ---- between float and int8 ----

    def _int8_of(self, tensor: int) -> int:
        """The tensor in int8: an input is converted when it is first read."""
        if tensor in self.network.inputs and tensor not in self._as_int8:
            stored, own = self.stored[tensor], self.program.new_tensor(self.network.size(tensor), "int8_t")
            self.program.call("quantize", str(self.network.size(tensor)), number(1 / stored.scale), pointer(stored),
                              Read(tensor), Write(own))
            self.program.calls[-1].comment = f"from float: a step is {stored.scale:.4g}"
            self.simulated.append(Simulated([tensor], own, lambda arrays: stored.quantize(arrays[0])))
            self._as_int8[tensor] = own
            self.stored[own] = stored
        return self._as_int8.get(tensor, tensor)

    def float_of(self, tensor: int) -> int:
        """The tensor in float."""
        if tensor in self.stored and tensor not in self.network.inputs and tensor not in self._as_float:
            stored, own = self.stored[tensor], self.program.new_tensor(self.network.size(tensor))
            self.program.call("dequantize", str(self.network.size(tensor)), number(stored.scale), str(stored.zero),
                              Read(tensor), Write(own))
            self.program.calls[-1].comment = "to float"
            self.simulated.append(Simulated([tensor], own, lambda arrays: stored.dequantize(arrays[0])))
            self._as_float[tensor] = own
        return self._as_float.get(tensor, tensor)

    def add(self, step: Step, run: Run) -> None:
        """Notes what the step's call computes, from inputs in the shapes that the step sees."""
        self.simulated.append(Simulated(step.inputs, step.output, lambda arrays: run(
            [array.reshape(len(array), *shape) for array, shape in zip(arrays, step.input_shapes, strict=True)])))

    # ---- what it computes ----

    def predict(self, x: Sequence[Array]) -> list[Array]:
        """The outputs for inputs (N, ...), as the C code computes them."""
        arrays = dict(zip(self.network.inputs, x, strict=True))
        for call in self.simulated:
            arrays[call.output] = call.run([arrays[tensor] for tensor in call.inputs])
        return [arrays[tensor] for tensor in self.found]


def _run_node(step: Step, arrays: list[Array]) -> Array:
    """What the core makes of arrays by one node, which has no weights."""
    nodes: list[dict[str, Any]] = [{"type": "input", "name": f"input_{k}", "inputs": (), "shape": shape}
                                   for k, shape in enumerate(step.input_shapes)]
    own = {name: value for name, value in step.attributes.items() if name != "training"}
    network = _core.Network([*nodes, {**own, "inputs": tuple(range(len(nodes)))}])
    x = tuple(map(np.ascontiguousarray, arrays))
    outputs = np.empty((len(x[0]), *step.shape), np.float32)
    network.predict(x if len(x) > 1 else x[0], 0, len(x[0]), outputs)
    return outputs


def pointer(stored: Stored) -> str:
    return f"&(stored){value(stored)}"


def value(stored: Stored) -> str:
    return f"{{.zero = {stored.zero}, .low = {number(stored.low)}, .high = {number(stored.high)}}}"


def _int8(name: str, values: Array) -> Weights:
    return constants(name, values, np.int8)


# ---- products ----


def _kernel(q: Quantized, step: Step, weights: Array, bias: Array | None) -> tuple[Stored, Stored, Kernel]:
    """How a product's input and output are stored, and its kernel; the outputs are the weights' last axis."""
    source, output = q.stored[step.inputs[0]], limited(q.stored[step.output], step.limits)
    return source, output, kernel_of(step, weights.astype(np.float64), bias, source, output)


def _constants(step: Step, kernel: Kernel) -> tuple[Weights, Weights, Weights]:
    return (_int8(f"{step.layer}_kernel", kernel.weights), constants(f"{step.layer}_bias", kernel.bias, np.int32),
            constants(f"{step.layer}_scale", kernel.scale))


def _dense(q: Quantized, step: Step) -> None:
    *outer, inputs = step.input_shapes[0]
    source, output, kernel = _kernel(q, step, step.weights["kernel"], step.weights.get("bias"))
    q.program.call("dense_int8", str(math.prod(outer)), str(inputs), str(step.shape[-1]), Read(step.inputs[0]),
                   str(source.zero), *_constants(step, kernel), pointer(output), Write(q.sums), Write(step.output))
    q.add(step, lambda arrays: c_simulated.dense(arrays[0], source, kernel, output))


def _conv2d(q: Quantized, step: Step) -> None:
    source, output, kernel = _kernel(q, step, step.weights["kernel"], step.weights.get("bias"))
    where, groups = fitted_windows(step, "kernel_size"), step.attributes.get("groups", 1)
    weights, bias, scale = _constants(step, kernel)
    convolution: Argument = ["&(int8_convolution){.at = ", where.text, f", .groups = {groups}, .filters = "
                             f"{step.shape[-1]}, .zero = {source.zero}, .w = ", weights, ", .bias = ", bias,
                             ", .scale = ", scale, f", .stored = {value(output)}}}"]
    c_float.add_convolution(q.program, step, "_int8", convolution, Write(q.sums))

    def run(arrays: list[Array]) -> Array:
        made = c_simulated.conv2d(where, groups, arrays[0], source, kernel, output)
        return made if step.pool is None else c_simulated.max_pool(fitted_windows(step.pool, "pool_size"), made)

    q.add(step, run)


def _depthwise(q: Quantized, step: Step, where: Windows, weights: Array, bias: Array | None) -> None:
    multiplier = weights.shape[-1]
    flat = weights.reshape(*weights.shape[:2], -1)
    source, output, kernel = _kernel(q, step, flat, bias)
    q.program.call("depthwise_conv2d_int8", where.pointer, str(multiplier), Read(step.inputs[0]), str(source.zero),
                   *_constants(step, kernel), pointer(output), Write(q.sums), Write(step.output))
    q.add(step, lambda arrays: c_simulated.depthwise_conv2d(where, multiplier,
                                                            arrays[0].reshape(len(arrays[0]), *where.image, -1),
                                                            source, kernel, output))


def _depthwise_conv2d(q: Quantized, step: Step) -> None:
    _depthwise(q, step, fitted_windows(step, "kernel_size"), step.weights["kernel"], step.weights.get("bias"))


def _affine(q: Quantized, step: Step) -> None:
    """A scale and an offset for each channel, as a depthwise convolution of single pixels."""
    channels = step.shape[-1]
    own = {"gamma": "scale", "beta": "offset"}
    weights = {own.get(name, name): np.ravel(values) for name, values in step.weights.items()}
    if any(values.size != channels for values in weights.values()):
        raise NotImplementedError(f"layer '{step.layer}' cannot be written as C in int8 (yet), as its weights differ "
                                  "along other axes than the last: export without `quantize`")
    where = Windows((1, math.prod(step.shape[:-1])), channels, (1, 1), (1, 1), (1, 1),
                    (1, math.prod(step.shape[:-1])), (0, 0))
    _depthwise(q, step, where, weights.get("scale", np.ones(channels)).reshape(1, 1, channels, 1),
               weights.get("offset"))


def _rescaling(q: Quantized, step: Step) -> None:
    channels = step.shape[-1]
    step.weights = {name: np.broadcast_to(step.attributes[name], channels) for name in ("scale", "offset")}
    _affine(q, step)


# ---- the others ----


def _pool(function: str) -> Callable[[Quantized, Step], None]:
    def add(q: Quantized, step: Step) -> None:
        where = pool_windows(step)
        if function == "max_pool_int8":
            q.program.call(function, where.pointer, Read(step.inputs[0]), Write(step.output))
            q.add(step, lambda arrays: c_simulated.max_pool(where, arrays[0]))
            return
        source, output = q.stored[step.inputs[0]], q.stored[step.output]
        q.program.call(function, where.pointer, str(source.zero), number(source.scale / output.scale), pointer(output),
                       Read(step.inputs[0]), Write(q.sums), Write(step.output))
        q.add(step, lambda arrays: c_simulated.average_pool(where, arrays[0], source, output))

    return add


def _add(q: Quantized, step: Step) -> None:
    output = limited(q.stored[step.output], step.limits)
    sources = [q.stored[tensor] for tensor in step.inputs]
    terms: list[Any] = ["(const term[]){"]
    for k, (tensor, source) in enumerate(zip(step.inputs, sources, strict=True)):
        terms += [", " if k else "", "{", Read(tensor),
                  f", {number(source.scale / output.scale)}, {source.zero}}}"]
    q.program.call("add_int8", str(math.prod(step.shape)), str(len(sources)), [*terms, "}"], pointer(output),
                   Write(step.output))
    q.add(step, lambda arrays: c_simulated.add(arrays, sources, output))


def _activation(q: Quantized, step: Step) -> None:
    source, output = q.stored[step.inputs[0]], q.stored[step.output]
    every = np.arange(-128, 128).astype(np.int8).reshape(256, 1)
    single = Step(step.kind, step.layer, [0], [(1,)], 0, (1,), step.attributes, {})
    table = output.quantize(_run_node(single, [source.dequantize(every)])).ravel()
    q.program.call("look_up", str(math.prod(step.shape)), _int8(f"{step.layer}_table", table), Read(step.inputs[0]),
                   Write(step.output), in_place=True)
    q.add(step, lambda arrays: table[arrays[0].astype(np.int64) + 128])


def _moved(call: Callable[[Program, Step], None], run: Callable[[Step, list[Array]], Array]) \
        -> Callable[[Quantized, Step], None]:
    """A step that only moves numbers about: `call` adds the C function, which takes any type."""
    def add(q: Quantized, step: Step) -> None:
        call(q.program, step)
        q.add(step, partial(run, step))

    return add


def _cropped(step: Step, arrays: list[Array]) -> Array:
    top, _, left, _ = step.attributes["cropping"]
    return arrays[0][:, top:top + step.shape[0], left:left + step.shape[1]]


def _up_sampled(step: Step, arrays: list[Array]) -> Array:
    high, wide = step.attributes["size"]
    return arrays[0].repeat(high, axis=1).repeat(wide, axis=2)


def _pad(q: Quantized, step: Step) -> None:
    output = q.stored[step.output]
    border = int(output.quantize(np.array(step.attributes.get("value", 0.0))))
    q.program.call("pad_int8", *c_float.margins(step), str(border), Read(step.inputs[0]), Write(step.output))
    top, bottom, left, right = step.attributes["padding"]
    q.add(step, lambda arrays: np.pad(arrays[0], ((0, 0), (top, bottom), (left, right), (0, 0)),
                                      constant_values=border))


INT8: dict[str, Callable[[Quantized, Step], None]] = {
    "activation": _activation,
    "add": _add,
    "affine": _affine,
    "average_pooling2d": _pool("average_pool_int8"),
    "concatenate": _moved(lambda program, step: c_float.concatenate(program, step, ""),
                          lambda step, arrays: np.concatenate(arrays, step.attributes["axis"] + 1)),
    "conv2d": _conv2d,
    "cropping2d": _moved(lambda program, step: c_float.crop(program, step, ""), _cropped),
    "dense": _dense,
    "depthwise_conv2d": _depthwise_conv2d,
    "global_average_pooling2d": _pool("average_pool_int8"),
    "global_max_pooling2d": _pool("max_pool_int8"),
    "grouped_conv2d": _conv2d,
    "max_pooling2d": _pool("max_pool_int8"),
    "rescaling": _rescaling,
    "up_sampling2d": _moved(lambda program, step: c_float.up_sample(program, step, ""), _up_sampled),
    "zero_padding2d": _pad,
}
