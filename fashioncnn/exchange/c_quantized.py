"""How a network's numbers are kept in 8 bits: which steps run so, the ranges of tensors, and weights as int8."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import Network
from fashioncnn.exchange.c_simulated import Array, Kernel, Stored
from fashioncnn.exchange.c_steps import Node, Step, Steps

IN_INT8 = frozenset((
    "activation", "add", "affine", "average_pooling2d", "concatenate", "conv2d", "cropping2d", "dense",
    "depthwise_conv2d", "global_average_pooling2d", "global_max_pooling2d", "grouped_conv2d", "max_pooling2d",
    "rescaling", "up_sampling2d", "zero_padding2d",
))
AT_THE_END = frozenset(("activation", "glu", "log_softmax", "normalization", "softmax", "sparsemax"))  # in float
SAME_SCALE = frozenset(("concatenate", "cropping2d", "global_max_pooling2d", "max_pooling2d", "up_sampling2d",
                        "zero_padding2d"))
BATCH = 32  # calibration inputs that run at once
LARGEST_SUM = 2**31 - 1
LARGEST_BIAS = 2**30


def steps_in_float(network: Steps) -> set[int]:
    """The tensors that steps at the end make in float: activations and the like, of which only such steps are users.

    Raises:
        NotImplementedError: If another step cannot run in int8.
    """
    in_float: set[int] = set()
    for step in reversed(network.steps):
        users = [other for other in network.steps if step.output in other.inputs]
        if step.kind in AT_THE_END and all(user.output in in_float for user in users):
            in_float.add(step.output)
        elif step.kind not in IN_INT8 or (step.kind == "add" and len(set(step.input_shapes)) > 1):
            raise NotImplementedError(
                f"layer '{step.layer}' ({step.kind}) cannot be written as C in int8 (yet): export without `quantize`, "
                "or replace the layer; supported are convolutions but transposed ones, Dense, pools, activations, "
                "batch normalization, Add of equal shapes, Concatenate, padding, cropping and upsampling, and a "
                "softmax at the end")
    return in_float


def storage(network: Steps, ranges: Mapping[int, tuple[float, float]]) -> dict[int, Stored]:
    """How each tensor with a range is stored; those that steps only move about are stored alike.

    Args:
        network: The steps.
        ranges: The smallest and the largest number of each tensor that is kept in int8.
    """
    group = {tensor: tensor for tensor in ranges}
    for step in network.steps:
        if step.kind in SAME_SCALE and step.output in ranges:
            joined = {group[tensor] for tensor in (*step.inputs, step.output)}
            group = {tensor: min(joined) if first in joined else first for tensor, first in group.items()}
    found: dict[int, Stored] = {}
    for first in set(group.values()):
        members = [tensor for tensor in group if group[tensor] == first]
        low, high = min(0.0, *(ranges[tensor][0] for tensor in members)), max(0.0, *(ranges[t][1] for t in members))
        scale = (high - low) / 255 if high > low else 1.0
        zero = int(np.clip(np.rint(-128 - low / scale), -128, 127))
        found.update((tensor, Stored(scale, zero, -128 - zero, 127 - zero)) for tensor in members)
    return found


def limited(stored: Stored, limits: tuple[float, float]) -> Stored:
    """The storage of a tensor whose step keeps it between limits."""
    return stored._replace(low=max(stored.low, limits[0] / stored.scale), high=min(stored.high,
                                                                                   limits[1] / stored.scale))


def find_ranges(nodes: Sequence[Node], network: Network, outputs: Sequence[int], tensors: Sequence[int],
                inputs: Sequence[int], x: Sequence[Array]) -> dict[int, tuple[float, float]]:
    """The smallest and the largest number of each tensor, as the core computes it from the calibration data."""
    ranges = {tensor: (float(own.min()), float(own.max())) for tensor, own in zip(inputs, x, strict=True)}
    wanted = [tensor for tensor in tensors if tensor not in inputs]
    for batch in batches_of(nodes, network, [*dict.fromkeys([*wanted, *outputs])], x):
        for tensor, values in zip(wanted, batch, strict=False):
            low, high = ranges.get(tensor, (np.inf, -np.inf))
            ranges[tensor] = min(low, float(values.min())), max(high, float(values.max()))
    if not np.isfinite([ranges[tensor] for tensor in tensors]).all():
        raise ValueError("export() to C: the calibration data make numbers that are not finite")
    return {tensor: ranges[tensor] for tensor in tensors}


def batches_of(nodes: Sequence[Node], network: Network, outputs: Sequence[int], x: Sequence[Array]) \
        -> Iterator[tuple[NDArray[np.float32], ...]]:
    """The outputs of nodes for some inputs at a time."""
    copy = Network(nodes, outputs)
    for _, _, shape, offset in network.parameters:
        values = np.empty(shape, np.float32)
        network.read("weights", offset, values)
        copy.write("weights", offset, values)
    for begin in range(0, len(x[0]), BATCH):
        batch = tuple(own[begin:begin + BATCH] for own in x)
        made = tuple(np.empty((len(batch[0]), *shape), np.float32) for shape in copy.output_shapes)
        copy.predict(batch if len(batch) > 1 else batch[0], 0, len(batch[0]), made if len(made) > 1 else made[0])
        yield made


def kernel_of(step: Step, weights: NDArray[np.float64], bias: Array | None, source: Stored, output: Stored) -> Kernel:
    """Weights, whose last axis are the outputs, as int8 with a scale for each.

    Raises:
        NotImplementedError: If sums could overflow.
    """
    rows = weights.reshape(-1, weights.shape[-1])
    offset = np.zeros(rows.shape[1]) if bias is None else np.asarray(bias, np.float64).ravel()
    scale = np.max(np.abs(rows), axis=0) / 127
    scale = np.maximum(scale, np.abs(offset) / (source.scale * LARGEST_BIAS))
    scale[scale == 0] = 1.0
    whole = np.rint(weights / scale).astype(np.int8)
    whole_bias = np.rint(offset / (source.scale * scale))
    sums = 255 * np.sum(np.abs(whole.reshape(rows.shape).astype(np.int64)), axis=0) + np.abs(whole_bias)
    if sums.max() > LARGEST_SUM:
        raise NotImplementedError(f"layer '{step.layer}' has {len(rows):,} inputs for each output: their sum in int8 "
                                  "may not fit into 32 bits; export without `quantize`")
    return Kernel(whole, whole_bias.astype(np.int32), (source.scale * scale / output.scale).astype(np.float32))
