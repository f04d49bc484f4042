"""Layers for ONNX's normalizations, some of which exporters write out in several operators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn import layers
from fashioncnn.exchange import layouts
from fashioncnn.exchange.layouts import Layout
from fashioncnn.exchange.onnx_reader import Operation, Read, Reader, Value, channel_vector


def _batch_normalization(reader: Reader, operation: Operation) -> None:
    operation.expect(training_mode=0, spatial=1)
    value = reader.channels_last(reader.value(operation))
    weights = [value.layout.to_ours(array) if value.layout.image is not None else array
               for array in (reader.numbers(operation, number).reshape(-1) for number in range(1, 5))]
    config = {"epsilon": operation.number("epsilon", 1e-5), "momentum": operation.number("momentum", 0.9)}
    reader.give(operation, reader.weighted(operation, layers.BatchNormalization, config, value, weights), value.layout)


def _layer_normalization(reader: Reader, operation: Operation) -> None:
    value = reader.value(operation)
    if value.layout.image is None:
        value = Value(reader.theirs(value), layouts.ours(value.layout.rank))
    rank = value.layout.rank + 1
    first = operation.integer("axis", -1) % rank
    weights = [reader.numbers(operation, 1)]
    if reader.constant(operation, 2) is not None:
        weights.append(reader.numbers(operation, 2))
    if value.layout.image is not None:
        weights = [value.layout.to_ours(array.reshape(-1)) for array in weights]
    config = {"axis": list(range(first, rank)) if first < rank - 1 else -1, "center": len(weights) > 1,
              "epsilon": operation.number("epsilon", 1e-5)}
    if first == 0:
        operation.refuse("axis=0, which is the batch's")
    reader.give(operation, reader.weighted(operation, layers.LayerNormalization, config, value, weights), value.layout)


def _instance_normalization(reader: Reader, operation: Operation) -> None:
    weights = [reader.numbers(operation, number).reshape(-1) for number in (1, 2)]
    _give_group_normalization(reader, operation, reader.value(operation), -1, weights)


def _group_normalization(reader: Reader, operation: Operation) -> None:
    value, groups = reader.value(operation), operation.integer("num_groups", 1)
    weights = [reader.numbers(operation, number).reshape(-1) for number in (1, 2)]
    channels = value.theirs[0]
    if channels and operation.opset < 21:  # a number for each group
        weights = [np.repeat(array, channels // groups) for array in weights]
    _give_group_normalization(reader, operation, value, groups, weights)


def _give_group_normalization(reader: Reader, operation: Operation, value: Value, groups: int,
                              weights: Sequence[NDArray[np.float32]], *more: Any) -> None:
    if value.layout.image is not None or value.layout.rank < 2:
        operation.refuse(f"an input of shape {('batch', *value.theirs)}")
    value = reader.channels_last(value)
    config = {"groups": groups, "epsilon": operation.number("epsilon", 1e-5)}
    tensor = reader.weighted(operation, layers.GroupNormalization, config, value, weights, *more)
    reader.give(operation, tensor, value.layout)


def group_normalization_behind(reader: Reader, reshape: Operation, groups: int) -> bool:
    """Takes a group normalization that is written out: groups as channels of an InstanceNormalization, the way back,
    and a factor and an offset for each channel. Returns whether it was one."""
    instance = reader.only_user(reshape.outputs[0], "InstanceNormalization")
    back = reader.only_user(instance.outputs[0], "Reshape") if instance is not None else None
    if instance is None or back is None or not all(reader.is_constant(instance, number) for number in (1, 2)):
        return False
    value = reader.channels_last(reader.value(reshape))
    plain = (reader.numbers(instance, 1) == 1).all() and (reader.numbers(instance, 2) == 0).all()
    channels = value.shape[-1]
    if not plain or channels is None or value.layout.rank < 2:
        return False
    if not _leads_back(reader, back, reshape.inputs[0], value):
        return False
    weights, factors = _factors_behind(reader, back, value.layout, channels)
    reader.take_over(instance, instance, back, *factors)
    _give_group_normalization(reader, instance, value, groups, weights, *_names(factors))
    return True


def _names(operations: Sequence[Operation]) -> list[str]:
    """What some operations take."""
    return [name for operation in operations for name in operation.inputs]


def _factors_behind(reader: Reader, operation: Operation, layout: Layout, channels: int,
                    kinds: Sequence[str] = ("Mul", "Add")) -> tuple[list[NDArray[np.float32]], list[Operation]]:
    """Factors for each channel and what is added to it, and the operations that do so behind a normalization."""
    weights, found, last = [np.full(channels, kind == "Mul", np.float32) for kind in kinds], [], operation
    for place, kind in enumerate(kinds):
        user = reader.only_user(last.outputs[0], kind)
        number = 1 - user.inputs.index(last.outputs[0]) if user is not None else 0
        if user is None or not reader.is_constant(user, number):
            continue
        vector = channel_vector(reader.numbers(user, number), layout, channels)
        if vector is not None:
            weights[place], last = vector, user
            found.append(user)
    return weights, found


def _leads_back(reader: Reader, back: Operation, name: str, value: Value) -> bool:
    """Whether a Reshape makes the shape that the tensor `name` has, as far as one can see."""
    if any(each.kind == "Shape" and each.outputs[0] == back.inputs[1] for each in reader.users(name)):
        return True
    if not reader.is_constant(back, 1):
        return False
    target = list(reader.constants[back.inputs[1]].reshape(-1)[1:])
    return len(target) == value.layout.rank and all(extent in (0, -1, wanted) for extent, wanted
                                                    in zip(target, value.theirs, strict=True))


# ---- layer normalization, written out: (x - mean) / sqrt(mean of (x - mean)**2 + epsilon) ----

def layer_normalization_behind(reader: Reader, mean: Operation) -> bool:
    """Takes a normalization that begins with a mean along the last axis; returns whether it was one."""
    subtract = reader.only_user(mean.outputs[0], "Sub")
    if subtract is None or subtract.inputs != [mean.inputs[0], mean.outputs[0]]:
        return False
    centred = subtract.outputs[0]
    chain = [subtract, *_deviation_of(reader, centred)]
    divide = reader.only_user(chain[-1].outputs[0], "Div")
    value = reader.value(mean)
    value = Value(reader.theirs(value), layouts.ours(value.layout.rank))
    channels = value.shape[-1]
    if len(chain) != 5 or divide is None or divide.inputs[0] != centred or channels is None:
        return False
    weights, factors = _factors_behind(reader, divide, value.layout, channels)
    reader.take_over(mean, *chain, divide, *factors)
    config = {"epsilon": _constant_of(reader, chain[3])}
    tensor = reader.weighted(mean, layers.LayerNormalization, config, value, weights, *_names(factors))
    reader.give(mean, tensor, value.layout)
    return True


def _deviation_of(reader: Reader, centred: str) -> list[Operation]:
    """The operations that make the deviation of what is centred: as far as they are there."""
    square = next((each for each in reader.users(centred) if each.inputs == [centred, centred] or (each.kind == "Pow"
                   and reader.is_constant(each, 1) and (reader.numbers(each, 1) == 2).all())), None)
    chain = [] if square is None or square.kind not in ("Mul", "Pow") else [square]
    for kind in ("ReduceMean", "Add", "Sqrt"):
        user = reader.only_user(chain[-1].outputs[0], kind) if chain else None
        if user is None or (kind == "Add" and not any(reader.is_constant(user, number) for number in (0, 1))):
            break
        chain.append(user)
    return chain


def _constant_of(reader: Reader, operation: Operation) -> float:
    """The number that one of the two inputs is."""
    number = next(number for number in (0, 1) if reader.is_constant(operation, number))
    return float(reader.numbers(operation, number).reshape(-1)[0])


# ---- the same without the mean, x / sqrt(mean of x**2 + epsilon) ----

def rms_normalization_behind(reader: Reader, square: Operation) -> bool:
    """Takes a normalization that begins with the square of a tensor; returns whether it was one."""
    x, chain = square.inputs[0], _deviation_of(reader, square.inputs[0])
    last = _division_behind(reader, x, chain[-1]) if len(chain) == 4 and chain[0] is square else []
    value = _with_last_axis(reader, reader.value(square), chain[1]) if last else None
    if value is None or value.shape[-1] is None:
        return False
    weights, factors = _factors_behind(reader, last[-1], value.layout, value.shape[-1], ["Mul"])
    reader.take_over(square, *chain[1:], *last, *factors)
    config = {"epsilon": _constant_of(reader, chain[2])}
    tensor = reader.weighted(square, layers.RMSNormalization, config, value, weights, *_names(factors))
    reader.give(square, tensor, value.layout)
    return True


def _division_behind(reader: Reader, x: str, divisor: Operation) -> list[Operation]:
    """The operations that divide a tensor by what an operation makes; none if nothing does so."""
    name = divisor.outputs[0]
    divide, reciprocal = reader.only_user(name, "Div"), reader.only_user(name, "Reciprocal")
    if divide is not None and divide.inputs == [x, name]:
        return [divide]
    multiply = reader.only_user(reciprocal.outputs[0], "Mul") if reciprocal is not None else None
    if reciprocal is None or multiply is None or x not in multiply.inputs:
        return []
    return [reciprocal, multiply]


def _with_last_axis(reader: Reader, value: Value, mean: Operation) -> Value | None:
    """A tensor, so that the axis along which a mean is taken is the last one of ours; None if there is no such way."""
    axes, rank = reader.integers(mean, 1, "axes") or [], value.layout.rank
    if len(axes) != 1 or mean.integer("keepdims", 1) != 1:
        return None
    place = axes[0] % (rank + 1)
    if place == value.layout.place(rank - 1):
        return value
    return Value(reader.theirs(value), layouts.ours(rank)) if place == rank else None


def _power(reader: Reader, operation: Operation) -> None:
    if not rms_normalization_behind(reader, operation):
        operation.refuse("it is supported as a part of normalizations")


def _rms_normalization(reader: Reader, operation: Operation) -> None:
    value = reader.value(operation)
    if value.layout.image is None:
        value = Value(reader.theirs(value), layouts.ours(value.layout.rank))
    rank, axis = value.layout.rank, operation.integer("axis", -1)
    if axis % (rank + 1) != rank:
        operation.refuse(f"axis={axis}; supported: the last one")
    weights = [reader.numbers(operation, 1).reshape(-1)]
    if value.layout.image is not None:
        weights = [value.layout.to_ours(array) for array in weights]
    config = {"epsilon": operation.number("epsilon", 1e-5)}
    reader.give(operation, reader.weighted(operation, layers.RMSNormalization, config, value, weights), value.layout)


READERS: dict[str, Read] = {
    "BatchNormalization": _batch_normalization,
    "GroupNormalization": _group_normalization,
    "InstanceNormalization": _instance_normalization,
    "LayerNormalization": _layer_normalization,
    "Pow": _power,
    "RMSNormalization": _rms_normalization,
}
