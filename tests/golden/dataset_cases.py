"""Golden cases of data sets: the elements in their order, and how many they are said to be."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from golden.common import Case

X, Y = np.arange(24, dtype=np.float32).reshape(6, 4), np.arange(6) % 3
Make = Callable[[Any, Any], Any]  # of TensorFlow, and its Dataset


def pairs(data: Any) -> Any:
    return data.from_tensor_slices((X, Y))


def table(data: Any) -> Any:
    return data.from_tensor_slices({"b": X, "a": Y})


MAKES: dict[str, Make] = {
    "a tuple": lambda tf, D: pairs(D),
    "a list": lambda tf, D: D.from_tensor_slices([1, 2, 3]),
    "a list of lists": lambda tf, D: D.from_tensor_slices([[1, 2], [3, 4.5]]),
    "a dict": lambda tf, D: table(D),
    "structures in others": lambda tf, D: D.from_tensor_slices(({"b": X, "a": (Y, Y)}, Y)),
    "texts": lambda tf, D: D.from_tensor_slices(["a", "bc"]),
    "lists in a dict": lambda tf, D: D.from_tensor_slices(({"u": [1, 2]}, ["x", "y"])),
    "large integers": lambda tf, D: D.from_tensor_slices([1, 2**40]),
    "tensors": lambda tf, D: D.from_tensors(([1, 2], 3.5)).repeat(2),
    "range": lambda tf, D: D.range(3, 10, 2),
    "range downwards": lambda tf, D: D.range(10, 3, -3),
    "zip of a tuple": lambda tf, D: D.zip((pairs(D), D.range(4))),
    "zip": lambda tf, D: D.zip(pairs(D), D.range(4)),
    "zip of a dict": lambda tf, D: D.zip({"b": pairs(D), "a": D.range(9)}),
    "zip of arrays": lambda tf, D: D.zip((D.from_tensor_slices(X), D.from_tensor_slices(Y[:4]))).batch(3),
    "map": lambda tf, D: pairs(D).map(lambda x, y: (x / 255, y)),
    "map to a list": lambda tf, D: pairs(D).map(lambda x, y: [x, y]),
    "map to a dict": lambda tf, D: pairs(D).map(lambda x, y: {"x": x, "a": y * 2}),
    "map of a dict": lambda tf, D: table(D).map(lambda d: (d["b"] + 1, d["a"])),
    "map of a tuple in a tuple": lambda tf, D: pairs(D).map(lambda x, y: ((x, x), y)).map(lambda p, y: (p[1], y)),
    "map to a number": lambda tf, D: D.range(2).map(lambda x: 3),
    "map to a list of numbers": lambda tf, D: D.range(2).map(lambda x: [1, 2.5]),
    "map by several": lambda tf, D: pairs(D).map(lambda x, y: (x * 2, y), num_parallel_calls=tf.data.AUTOTUNE),
    "map of bytes": lambda tf, D: D.from_tensor_slices(np.array([[0, 255]], np.uint8)).map(lambda x: x / 255),
    "map by functions": lambda tf, D: pairs(D).map(lambda x, y: (tf.cast(x, tf.float32) / 255.0, tf.one_hot(y, 3))),
    "batch": lambda tf, D: pairs(D).batch(4),
    "batch of a dict": lambda tf, D: table(D).batch(4),
    "batch without the remainder": lambda tf, D: pairs(D).batch(4, drop_remainder=True),
    "batch of a map without it": lambda tf, D: D.range(7).map(lambda x: x).batch(3, drop_remainder=True),
    "batches of batches": lambda tf, D: pairs(D).batch(2).batch(2),
    "batch of a map": lambda tf, D: pairs(D).map(lambda x, y: (x * 2, y)).batch(4),
    "unbatch": lambda tf, D: pairs(D).batch(4).unbatch(),
    "repeat": lambda tf, D: pairs(D).repeat(2).batch(5),
    "repeat 0": lambda tf, D: pairs(D).repeat(0),
    "repeat and take": lambda tf, D: pairs(D).repeat().skip(2).take(8),
    "take": lambda tf, D: pairs(D).take(2),
    "take all": lambda tf, D: pairs(D).take(-1),
    "take nothing": lambda tf, D: pairs(D).take(0).batch(3),
    "skip": lambda tf, D: pairs(D).skip(2),
    "skip all": lambda tf, D: pairs(D).skip(-1),
    "skip too many": lambda tf, D: pairs(D).skip(99),
    "skip, take and batch": lambda tf, D: pairs(D).skip(1).take(3).batch(2),
    "shard": lambda tf, D: pairs(D).shard(3, 1),
    "shard of a range": lambda tf, D: D.range(7).shard(3, 2),
    "filter": lambda tf, D: pairs(D).filter(lambda x, y: y == 1),
    "filter and batch": lambda tf, D: pairs(D).filter(lambda x, y: y > 0).batch(3),
    "filter and repeat": lambda tf, D: D.range(4).filter(lambda x: x > 1).repeat(2),
    "take while": lambda tf, D: D.range(9).take_while(lambda x: x < 4),
    "concatenate": lambda tf, D: D.range(3).concatenate(D.range(5, 7)),
    "enumerate": lambda tf, D: pairs(D).enumerate(4),
    "enumerate and map": lambda tf, D: pairs(D).enumerate().map(lambda i, pair: (pair[0], i)),
    "cache": lambda tf, D: pairs(D).cache().repeat(2).batch(4),
    "cache of a map": lambda tf, D: pairs(D).map(lambda x, y: (x + 1, y)).cache().repeat(2).batch(3),
    "prefetch": lambda tf, D: pairs(D).batch(2).prefetch(tf.data.AUTOTUNE),
    "prefetch and batch": lambda tf, D: pairs(D).prefetch(1).batch(2),
    "flat_map": lambda tf, D: D.range(3).flat_map(lambda i: D.range(5).take(i)),
    **{f"interleave, {width} by {length}": lambda tf, D, width=width, length=length: D.range(1, 7).interleave(
        lambda i: D.from_tensors(i).repeat(i % 4), cycle_length=width, block_length=length)
       for width in (1, 2, 3, 9) for length in (1, 2, 5)},
    "interleave of tuples": lambda tf, D: pairs(D).interleave(lambda x, y: D.from_tensor_slices(x).take(y),
                                                              cycle_length=2, num_parallel_calls=tf.data.AUTOTUNE),
    **{f"window, {size} {shift} {stride} {drops}": (
        lambda tf, D, size=size, shift=shift, stride=stride, drops=drops: D.range(9).window(
            size, shift, stride, drops).flat_map(lambda w: w.batch(9)))
       for size, shift, stride in ((3, None, 1), (3, 1, 1), (2, 5, 1), (3, 2, 2), (8, 4, 1))
       for drops in (False, True)},
    "window of pairs": lambda tf, D: pairs(D).window(4).flat_map(lambda x, y: D.zip((x.batch(3), y.skip(1)))),
    "padded_batch": lambda tf, D: D.range(1, 6).map(lambda i: tf.fill([i], i)).padded_batch(2),
    "padded_batch, a shape": lambda tf, D: D.range(1, 6).map(lambda i: tf.fill([2, i], i)).padded_batch(
        2, padded_shapes=[2, 7], padding_values=np.int64(-1), drop_remainder=True),
    "padded_batch of pairs": lambda tf, D: D.range(1, 4).map(lambda i: (tf.fill([i], i), i)).padded_batch(
        2, padded_shapes=([None], [])),
    "padded_batch of texts": lambda tf, D: D.from_generator(
        lambda: iter([["a"], ["b", "c"]]), output_signature=tf.TensorSpec((None,), tf.string)).padded_batch(2),
    "choose": lambda tf, D: D.choose_from_datasets([D.range(4), D.range(10, 13)], D.range(2).repeat(9)),
    "choose, to the last": lambda tf, D: D.choose_from_datasets(
        [D.range(4), D.range(10, 12)], D.range(2).repeat(9), stop_on_empty_dataset=False),
    "counted": lambda tf, D: D.range(9).filter(lambda i: i % 3 == 0).apply(
        tf.data.experimental.assert_cardinality(3)).batch(2),
    "generator": lambda tf, D: D.from_generator(lambda: iter([1, 2, 3]), output_types=tf.int32),
    "generator, shapes": lambda tf, D: D.from_generator(
        lambda: ((X[i], i) for i in range(3)), output_types=(tf.float32, tf.int64), output_shapes=((4,), ())),
    "generator, signature": lambda tf, D: D.from_generator(lambda: ((X[i], i) for i in range(3)), output_signature=(
        tf.TensorSpec((None,), tf.float32), tf.TensorSpec((), tf.int32))).batch(2),
    "generator, arguments": lambda tf, D: D.from_generator(lambda n: iter(range(n)), output_types=tf.int64, args=(3,)),
    "generator of lists": lambda tf, D: D.from_generator(lambda: ([1.0, 2.0] for _ in range(2)), tf.float32),
    "shuffle of all, sorted": lambda tf, D: D.range(9).shuffle(4, seed=1).batch(9).map(
        lambda x: tf.reduce_sum(tf.square(x))),
}


def _shown(element: Any) -> Any:
    if isinstance(element, dict):
        return {key: _shown(element[key]) for key in sorted(element)}
    if isinstance(element, tuple):
        return ["tuple", *map(_shown, element)]
    values = np.asarray(element)
    is_text = values.dtype.kind not in "fiu"
    return str(element) if is_text else f"{values.dtype.kind}{values.dtype.itemsize} {values.tolist()}"


def _case(make: Make) -> Case:
    def run(keras: ModuleType) -> dict[str, Any]:
        tf = importlib.import_module("tensorflow") if keras.__name__ == "keras" else keras
        data = make(tf, tf.data.Dataset)
        return {"cardinality": int(data.cardinality()), "elements": [_shown(each) for each in data.as_numpy_iterator()]}

    return run


DATASET = {name: _case(make) for name, make in MAKES.items()}
