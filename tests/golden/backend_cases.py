"""Golden cases of the functions of the old ``keras.backend``, which Keras keeps for `tf.keras`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from golden.common import Case, random_of

Call = Callable[[Any, Any, Any, Any], Any]  # of the backend, floats (2, 3, 4), others, and integers (2, 3)

CALLS: dict[str, Call] = {
    "abs": lambda K, x, y, i: K.abs(x),
    "abs of integers": lambda K, x, y, i: K.abs(i),
    "sign": lambda K, x, y, i: K.sign(x),
    "square": lambda K, x, y, i: K.square(x),
    "square of integers": lambda K, x, y, i: K.square(i),
    "sqrt": lambda K, x, y, i: K.sqrt(x),
    "exp": lambda K, x, y, i: K.exp(x),
    "log": lambda K, x, y, i: K.log(K.abs(x)),
    "sin": lambda K, x, y, i: K.sin(x),
    "cos": lambda K, x, y, i: K.cos(x),
    "round": lambda K, x, y, i: K.round(K.round(x * 4) / 2),
    "pow": lambda K, x, y, i: K.pow(K.abs(x), 1.5),
    "clip": lambda K, x, y, i: K.clip(x, -0.5, 0.25),
    "clip, bounds crossed": lambda K, x, y, i: K.clip(x, 0.5, -0.25),
    "clip, one bound": lambda K, x, y, i: K.clip(x, 0.0, None),
    "maximum": lambda K, x, y, i: K.maximum(x, y),
    "maximum of a number": lambda K, x, y, i: K.maximum(x, 0.0),
    "minimum": lambda K, x, y, i: K.minimum(x, y),
    "equal": lambda K, x, y, i: K.equal(i, 2),
    "not_equal": lambda K, x, y, i: K.not_equal(i, K.reverse(i, 1)),
    "greater": lambda K, x, y, i: K.greater(x, y),
    "greater_equal": lambda K, x, y, i: K.greater_equal(i, 2),
    "less": lambda K, x, y, i: K.less(x, 0.0),
    "less_equal": lambda K, x, y, i: K.less_equal(x, y),
    "cast": lambda K, x, y, i: K.cast(x * 3, "int32"),
    "cast to float": lambda K, x, y, i: K.cast(K.less(x, y), "float32"),
    "cast_to_floatx": lambda K, x, y, i: K.cast_to_floatx(i),
    "switch": lambda K, x, y, i: K.switch(K.greater(x, 0.0), x, y),
    "switch, fewer axes": lambda K, x, y, i: K.switch(K.greater(i, 1), x, y),
    "switch, one": lambda K, x, y, i: K.switch(K.greater(K.sum(x), 1e9), x, y),
    "stop_gradient": lambda K, x, y, i: K.stop_gradient(x),
    "sum": lambda K, x, y, i: K.sum(x),
    "sum, axis": lambda K, x, y, i: K.sum(x, axis=-1),
    "sum, axes kept": lambda K, x, y, i: K.sum(x, axis=[0, 2], keepdims=True),
    "sum of integers": lambda K, x, y, i: K.sum(i, axis=1),
    "prod": lambda K, x, y, i: K.prod(x, axis=1),
    "mean": lambda K, x, y, i: K.mean(x),
    "mean, axis": lambda K, x, y, i: K.mean(x, axis=(1, 2)),
    "mean of integers": lambda K, x, y, i: K.mean(i - 3, axis=1),
    "mean of bools": lambda K, x, y, i: K.mean(K.greater(x, 0.0)),
    "var": lambda K, x, y, i: K.var(x, axis=2, keepdims=True),
    "std": lambda K, x, y, i: K.std(x),
    "max": lambda K, x, y, i: K.max(x, axis=-1, keepdims=True),
    "min": lambda K, x, y, i: K.min(i),
    "argmax": lambda K, x, y, i: K.argmax(x),
    "argmax, axis": lambda K, x, y, i: K.argmax(x, axis=0),
    "argmin": lambda K, x, y, i: K.argmin(i, axis=1),
    "any": lambda K, x, y, i: K.any(K.greater(x, 1.0), axis=-1),
    "all": lambda K, x, y, i: K.all(i, axis=1, keepdims=True),
    "cumsum": lambda K, x, y, i: K.cumsum(x, axis=1),
    "cumsum of integers": lambda K, x, y, i: K.cumsum(i),
    "cumprod": lambda K, x, y, i: K.cumprod(x, axis=2),
    "shape": lambda K, x, y, i: K.shape(x),
    "int_shape": lambda K, x, y, i: list(K.int_shape(x)),
    "ndim": lambda K, x, y, i: K.ndim(x),
    "dtype": lambda K, x, y, i: [K.dtype(x), K.dtype(i), K.dtype(K.greater(x, y))],
    "reshape": lambda K, x, y, i: K.reshape(x, (-1, 6)),
    "flatten": lambda K, x, y, i: K.flatten(x),
    "batch_flatten": lambda K, x, y, i: K.batch_flatten(x),
    "expand_dims": lambda K, x, y, i: K.expand_dims(x),
    "expand_dims, axis": lambda K, x, y, i: K.expand_dims(i, 0),
    "squeeze": lambda K, x, y, i: K.squeeze(K.expand_dims(x, 1), 1),
    "transpose": lambda K, x, y, i: K.transpose(x),
    "permute_dimensions": lambda K, x, y, i: K.permute_dimensions(x, (1, 2, 0)),
    "concatenate": lambda K, x, y, i: K.concatenate([x, y]),
    "concatenate, axis": lambda K, x, y, i: K.concatenate([x, y, x], axis=1),
    "stack": lambda K, x, y, i: K.stack([x, y], axis=1),
    "repeat": lambda K, x, y, i: K.repeat(i, 2),
    "repeat_elements": lambda K, x, y, i: K.repeat_elements(x, 3, axis=1),
    "tile": lambda K, x, y, i: K.tile(x, [1, 2, 3]),
    "reverse": lambda K, x, y, i: K.reverse(x, axes=[0, 2]),
    "gather": lambda K, x, y, i: K.gather(x, [1, 0, 1, 1]),
    "one_hot": lambda K, x, y, i: K.one_hot(i, 4),
    "spatial_2d_padding": lambda K, x, y, i: K.spatial_2d_padding(K.expand_dims(x, 0), ((1, 0), (2, 1))),
    "constant": lambda K, x, y, i: K.constant([[1, 2], [3, 4]]),
    "constant, shape": lambda K, x, y, i: K.constant(2, dtype="int32", shape=(2, 3)),
    "arange": lambda K, x, y, i: K.arange(5),
    "arange, all": lambda K, x, y, i: K.arange(1, 8, 3, "float32"),
    "ones_like": lambda K, x, y, i: K.ones_like(x),
    "zeros_like": lambda K, x, y, i: K.zeros_like(i, dtype="float32"),
    "zeros": lambda K, x, y, i: K.get_value(K.zeros((2, 3))),
    "ones": lambda K, x, y, i: K.get_value(K.ones((2, 3), dtype="int32")),
    "eye": lambda K, x, y, i: K.get_value(K.eye(3)),
    "variable": lambda K, x, y, i: K.get_value(K.variable([[1, 2], [3, 4]])),
    "dot": lambda K, x, y, i: K.dot(x[0], K.transpose(y[1])),
    "dot, more axes": lambda K, x, y, i: K.dot(x, K.permute_dimensions(y, (0, 2, 1))),
    "batch_dot": lambda K, x, y, i: K.batch_dot(x, y, axes=(2, 2)),
    "batch_dot, no axes": lambda K, x, y, i: K.batch_dot(x, K.permute_dimensions(y, (0, 2, 1))),
    "batch_dot of rows": lambda K, x, y, i: K.batch_dot(x[0], y[0], axes=1),
    "batch_dot with rows": lambda K, x, y, i: K.batch_dot(x, y[:, 0], axes=(2, 1)),
    "batch_dot, rows first": lambda K, x, y, i: K.batch_dot(x[:, 0], y, axes=(1, 2)),
    "bias_add": lambda K, x, y, i: K.bias_add(x, y[0, 0]),
    "batch_normalization": lambda K, x, y, i: K.batch_normalization(x, y[0, 0], K.exp(y[0, 1]), y[0, 2], y[1, 0]),
    "l2_normalize": lambda K, x, y, i: K.l2_normalize(x, axis=-1),
    "l2_normalize of little": lambda K, x, y, i: K.l2_normalize(x * 1e-6),
    "in_top_k": lambda K, x, y, i: K.in_top_k(x[:, 0], i[:, 0], 2),
    "relu": lambda K, x, y, i: K.relu(x),
    "relu, all": lambda K, x, y, i: K.relu(x, alpha=0.1, max_value=0.5, threshold=0.2),
    "relu, alpha": lambda K, x, y, i: K.relu(x, alpha=0.3),
    "elu": lambda K, x, y, i: K.elu(x, 0.7),
    "sigmoid": lambda K, x, y, i: K.sigmoid(x * 30),
    "hard_sigmoid": lambda K, x, y, i: K.hard_sigmoid(x * 3),
    "tanh": lambda K, x, y, i: K.tanh(x),
    "softplus": lambda K, x, y, i: K.softplus(x * 30),
    "softsign": lambda K, x, y, i: K.softsign(x),
    "softmax": lambda K, x, y, i: K.softmax(x * 30),
    "softmax, axis": lambda K, x, y, i: K.softmax(x, axis=1),
    "binary_crossentropy": lambda K, x, y, i: K.binary_crossentropy(K.sigmoid(y), K.sigmoid(x)),
    "binary_crossentropy, logits": lambda K, x, y, i: K.binary_crossentropy(K.sigmoid(y), x * 9, from_logits=True),
    "categorical_crossentropy": lambda K, x, y, i: K.categorical_crossentropy(K.softmax(y), K.sigmoid(x)),
    "categorical_crossentropy, logits": lambda K, x, y, i: K.categorical_crossentropy(K.softmax(y), x, True),
    "categorical_crossentropy, axis": lambda K, x, y, i: K.categorical_crossentropy(K.softmax(y), K.sigmoid(x), axis=1),
    "sparse_categorical_crossentropy": lambda K, x, y, i: K.sparse_categorical_crossentropy(i, K.softmax(x)),
    "sparse_categorical_crossentropy, logits": lambda K, x, y, i: K.sparse_categorical_crossentropy(i, x, True),
    "types": lambda K, x, y, i: [K.is_float_dtype("float32"), K.is_int_dtype("uint8"), K.is_float_dtype("int32"),
                                 K.standardize_dtype(None), K.standardize_dtype("int"), K.standardize_dtype(np.uint8)],
    "settings": lambda K, x, y, i: [K.floatx(), K.epsilon(), K.image_data_format()],
    "get_uid": lambda K, x, y, i: [K.clear_session(), K.get_uid("a"), K.get_uid("a"), K.get_uid("b"),
                                   K.clear_session(free_memory=False), K.get_uid("a")],
}


def _case(name: str, call: Call) -> Case:
    def run(keras: ModuleType) -> dict[str, Any]:
        backend = importlib.import_module("tensorflow").keras.backend if keras.__name__ == "keras" else keras.backend
        random = random_of(name)
        x, y = (backend.constant(random.standard_normal((2, 3, 4)).astype("float32")) for _ in range(2))
        integers = backend.constant(random.randint(0, 4, (2, 3)), dtype="int32")
        result = call(backend, x, y, integers)
        if isinstance(result, int | list):
            return {"result": result}
        values = np.asarray(result)
        return {"values": values, "dtype": values.dtype.name}

    return run


BACKEND = {name: _case(name, call) for name, call in CALLS.items()}
