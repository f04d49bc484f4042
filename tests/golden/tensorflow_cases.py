"""Golden cases of the small names of TensorFlow."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from golden.common import Case, random_of

Call = Callable[[Any, Any, Any, Any], Any]  # of TensorFlow, floats (2, 3, 4), others, and integers (2, 3)

CALLS: dict[str, Call] = {
    "abs": lambda tf, x, y, i: tf.abs(x),
    "add": lambda tf, x, y, i: tf.add(x, y),
    "argmax": lambda tf, x, y, i: tf.argmax(x),
    "argmax, axis": lambda tf, x, y, i: tf.argmax(x, axis=-1, output_type=tf.int32),
    "argmin": lambda tf, x, y, i: tf.argmin(i, 1),
    "cast": lambda tf, x, y, i: tf.cast(x * 3, tf.int32),
    "cast of bytes": lambda tf, x, y, i: tf.divide(tf.cast(i, tf.uint8), 2),
    "clip_by_value": lambda tf, x, y, i: tf.clip_by_value(x, -0.5, 0.5),
    "concat": lambda tf, x, y, i: tf.concat([x, y], axis=1),
    "constant": lambda tf, x, y, i: tf.constant([[1, 2], [3, 4]]),
    "constant of floats": lambda tf, x, y, i: tf.constant([1.5, 2]),
    "constant, shape": lambda tf, x, y, i: tf.constant(3, shape=(2, 2), dtype=tf.float64),
    "convert_to_tensor": lambda tf, x, y, i: tf.convert_to_tensor(np.arange(3.0)),
    "cos": lambda tf, x, y, i: tf.cos(x),
    "divide": lambda tf, x, y, i: tf.divide(x, y),
    "divide integers": lambda tf, x, y, i: tf.divide(i, 2),
    "equal": lambda tf, x, y, i: tf.equal(i, 2),
    "exp": lambda tf, x, y, i: tf.exp(x),
    "expand_dims": lambda tf, x, y, i: tf.expand_dims(x, 0),
    "newaxis": lambda tf, x, y, i: x[tf.newaxis, ..., tf.newaxis],
    "gather": lambda tf, x, y, i: tf.gather(x, [1, 0, 1]),
    "greater": lambda tf, x, y, i: tf.greater(x, y),
    "identity": lambda tf, x, y, i: tf.identity(x),
    "linspace": lambda tf, x, y, i: tf.linspace(0.0, 1.0, 5),
    "matmul": lambda tf, x, y, i: tf.matmul(x, y, transpose_b=True),
    "matmul, first transposed": lambda tf, x, y, i: tf.matmul(x, y, transpose_a=True),
    "maximum": lambda tf, x, y, i: tf.maximum(x, 0.0),
    "minimum": lambda tf, x, y, i: tf.minimum(i, 2),
    "multiply": lambda tf, x, y, i: tf.multiply(x, 2.0),
    "negative": lambda tf, x, y, i: tf.negative(i),
    "one_hot": lambda tf, x, y, i: tf.one_hot(i, 3),
    "one_hot, all": lambda tf, x, y, i: tf.one_hot(i, depth=4, on_value=5, off_value=2, axis=0, dtype=tf.int32),
    "ones": lambda tf, x, y, i: tf.ones((2, 3)),
    "ones_like": lambda tf, x, y, i: tf.ones_like(i),
    "pow": lambda tf, x, y, i: tf.pow(i, 2),
    "range": lambda tf, x, y, i: tf.range(5),
    "range of floats": lambda tf, x, y, i: tf.range(1.0, 3.0, 0.5),
    "range, type": lambda tf, x, y, i: tf.range(2, 8, 3, dtype=tf.int64),
    "rank": lambda tf, x, y, i: tf.rank(x),
    "reduce_all": lambda tf, x, y, i: tf.reduce_all(tf.greater(x, 0.0), axis=1),
    "reduce_any": lambda tf, x, y, i: tf.reduce_any(tf.greater(x, 0.0), axis=1),
    "reduce_max": lambda tf, x, y, i: tf.reduce_max(x),
    "reduce_mean": lambda tf, x, y, i: tf.reduce_mean(x, axis=[1, 2]),
    "reduce_mean of integers": lambda tf, x, y, i: tf.reduce_mean(i),
    "reduce_min": lambda tf, x, y, i: tf.reduce_min(x, axis=0, keepdims=True),
    "reduce_prod": lambda tf, x, y, i: tf.reduce_prod(x, 2),
    "reduce_sum": lambda tf, x, y, i: tf.reduce_sum(i, axis=-1),
    "repeat": lambda tf, x, y, i: tf.repeat(i, 2, axis=0),
    "reshape": lambda tf, x, y, i: tf.reshape(x, [-1, 2]),
    "reverse": lambda tf, x, y, i: tf.reverse(x, [1]),
    "round": lambda tf, x, y, i: tf.round(tf.round(x * 4) / 2),
    "shape": lambda tf, x, y, i: tf.shape(x),
    "sigmoid": lambda tf, x, y, i: tf.sigmoid(x),
    "sign": lambda tf, x, y, i: tf.sign(x),
    "size": lambda tf, x, y, i: tf.size(x),
    "sqrt": lambda tf, x, y, i: tf.sqrt(tf.abs(x)),
    "square": lambda tf, x, y, i: tf.square(x),
    "squeeze": lambda tf, x, y, i: tf.squeeze(x[:1, :, :1]),
    "squeeze, axis": lambda tf, x, y, i: tf.squeeze(x[:1, :, :1], axis=[0]),
    "stack": lambda tf, x, y, i: tf.stack([x, y], axis=-1),
    "subtract": lambda tf, x, y, i: tf.subtract(x, y),
    "tanh": lambda tf, x, y, i: tf.tanh(x),
    "tile": lambda tf, x, y, i: tf.tile(i, [2, 1]),
    "transpose": lambda tf, x, y, i: tf.transpose(x),
    "transpose, order": lambda tf, x, y, i: tf.transpose(x, perm=[0, 2, 1]),
    "where": lambda tf, x, y, i: tf.where(tf.greater(x, 0.0), x, y),
    "where alone": lambda tf, x, y, i: tf.where(tf.greater(i, 1)),
    "zeros": lambda tf, x, y, i: tf.zeros([2, 3], tf.int32),
    "zeros_like": lambda tf, x, y, i: tf.zeros_like(x),
}


def _case(name: str, call: Call) -> Case:
    def run(keras: ModuleType) -> dict[str, Any]:
        tf = importlib.import_module("tensorflow") if keras.__name__ == "keras" else keras
        random = random_of(name)
        x, y = (tf.constant(random.standard_normal((2, 3, 4)).astype("float32")) for _ in range(2))
        values = np.asarray(call(tf, x, y, tf.constant(random.randint(0, 4, (2, 3)), dtype=tf.int32)))
        return {"values": values, "dtype": values.dtype.name}

    return run


TENSORFLOW = {name: _case(name, call) for name, call in CALLS.items()}
