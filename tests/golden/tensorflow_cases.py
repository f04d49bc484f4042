"""Golden cases of the small names of TensorFlow."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from golden.common import Case, random_of

Call = Callable[[Any, Any, Any, Any], Any]  # of TensorFlow, floats (2, 3, 4), others, and integers (2, 3)



def pixels(tf: Any, integers: Any) -> Any:
    """An image of bytes."""
    return tf.cast(integers[..., None] * 80, tf.uint8)


def colours(tf: Any, integers: Any) -> Any:
    """An image of bytes, gray in one of its places."""
    return tf.cast(tf.stack([integers * 80, integers * 20 + 120, integers * 60], axis=-1), tf.uint8)


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
    "gather, axis": lambda tf, x, y, i: tf.gather(x, [[3, 0], [1, 1]], axis=-1),
    "add_n": lambda tf, x, y, i: tf.add_n([x, y, x]),
    "broadcast_to": lambda tf, x, y, i: tf.broadcast_to(i, [2, 2, 3]),
    "cond": lambda tf, x, y, i: tf.cond(tf.reduce_sum(i) > 100, lambda: x, lambda: y),
    "norm": lambda tf, x, y, i: tf.norm(x),
    "norm, axis": lambda tf, x, y, i: tf.norm(x, axis=1, keepdims=True),
    "norm, axes": lambda tf, x, y, i: tf.norm(x, axis=[0, 2]),
    "norm, absolute": lambda tf, x, y, i: tf.norm(x, ord=1, axis=-1),
    "reverse, axis": lambda tf, x, y, i: tf.reverse(x, axis=[0, -1]),
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
    "range of one float": lambda tf, x, y, i: tf.range(3.0),
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
    "argsort": lambda tf, x, y, i: tf.argsort(i),
    "argsort, down": lambda tf, x, y, i: tf.argsort(i, axis=0, direction="DESCENDING", stable=True),
    "boolean_mask": lambda tf, x, y, i: tf.boolean_mask(x, [True, False]),
    "cumsum": lambda tf, x, y, i: tf.cumsum(i, axis=1, exclusive=True, reverse=True),
    "einsum": lambda tf, x, y, i: tf.einsum("abc,abd->acd", x, y),
    "eye": lambda tf, x, y, i: tf.eye(2, 3),
    "fill": lambda tf, x, y, i: tf.fill([2, 3], 5),
    "floor": lambda tf, x, y, i: tf.floor(x * 3),
    "gather_nd": lambda tf, x, y, i: tf.gather_nd(x, [[0, 1], [1, 2]]),
    "logical_and": lambda tf, x, y, i: tf.logical_and(x > 0, tf.logical_not(y > 0)),
    "map_fn": lambda tf, x, y, i: tf.map_fn(lambda row: row * 2, x),
    "meshgrid": lambda tf, x, y, i: tf.stack(tf.meshgrid([1, 2], [3, 4, 5])),
    "pad": lambda tf, x, y, i: tf.pad(i, [[1, 0], [0, 2]], constant_values=7),
    "pad, reflected": lambda tf, x, y, i: tf.pad(i, [[1, 0], [0, 2]], "REFLECT"),
    "py_function": lambda tf, x, y, i: tf.py_function(lambda value: value * 2, [x], tf.float32),
    "roll": lambda tf, x, y, i: tf.roll(i, 1, 1),
    "slice": lambda tf, x, y, i: tf.slice(x, [0, 1, 0], [1, 2, -1]),
    "sort": lambda tf, x, y, i: tf.sort(x, direction="DESCENDING"),
    "split": lambda tf, x, y, i: tf.split(x, [1, -1], axis=1)[1],
    "tensordot": lambda tf, x, y, i: tf.tensordot(x, y, [[1, 2], [1, 2]]),
    "unique": lambda tf, x, y, i: tf.unique(tf.reshape(i, [-1]))[1],
    "unstack": lambda tf, x, y, i: tf.unstack(i, axis=1)[2],
    "math.bincount": lambda tf, x, y, i: tf.math.bincount(i),
    "math.confusion_matrix": lambda tf, x, y, i: tf.math.confusion_matrix(i[0], i[1], 4),
    "math.confusion_matrix, weights": lambda tf, x, y, i: tf.math.confusion_matrix(i[0], i[1], 4, [1, 2, 5]),
    "math.count_nonzero": lambda tf, x, y, i: tf.math.count_nonzero(i, axis=1),
    "math.divide_no_nan": lambda tf, x, y, i: tf.math.divide_no_nan(x, tf.nn.relu(y)),
    "math.floordiv": lambda tf, x, y, i: tf.math.floordiv(i - 2, 3),
    "math.floormod": lambda tf, x, y, i: tf.math.floormod(x, 0.3),
    "math.in_top_k": lambda tf, x, y, i: tf.math.in_top_k([1, 0], x[:, 0], 2),
    "math.l2_normalize": lambda tf, x, y, i: tf.math.l2_normalize(x, axis=-1),
    "math.log1p": lambda tf, x, y, i: tf.math.log1p(tf.abs(x)),
    "math.reduce_logsumexp": lambda tf, x, y, i: tf.math.reduce_logsumexp(x, axis=[1, 2]),
    "math.reduce_std": lambda tf, x, y, i: tf.math.reduce_std(x, axis=1),
    "math.rsqrt": lambda tf, x, y, i: tf.math.rsqrt(tf.abs(x) + 1),
    "math.squared_difference": lambda tf, x, y, i: tf.math.squared_difference(x, y),
    "math.top_k": lambda tf, x, y, i: tf.math.top_k(x, 2)[0],
    "math.top_k, places": lambda tf, x, y, i: tf.math.top_k(i, 2)[1],
    "nn.avg_pool": lambda tf, x, y, i: tf.nn.avg_pool(x[..., None], ksize=2, strides=1, padding="VALID"),
    "nn.max_pool": lambda tf, x, y, i: tf.nn.max_pool(x[..., None], ksize=[1, 2, 2, 1], strides=2, padding="SAME"),
    "nn.top_k": lambda tf, x, y, i: tf.nn.top_k(x, k=2).indices,
    "nn.avg_pool2d": lambda tf, x, y, i: tf.nn.avg_pool2d(x[..., None], 2, 1, "SAME"),
    "nn.conv2d": lambda tf, x, y, i: tf.nn.conv2d(x[..., None], tf.ones((2, 2, 1, 3)), [1, 1, 1, 1], "VALID"),
    "nn.l2_loss": lambda tf, x, y, i: tf.nn.l2_loss(x),
    "nn.leaky_relu": lambda tf, x, y, i: tf.nn.leaky_relu(x, alpha=0.1),
    "nn.max_pool2d": lambda tf, x, y, i: tf.nn.max_pool2d(x[..., None], [2, 2], 2, "VALID"),
    "nn.moments": lambda tf, x, y, i: tf.nn.moments(x, [0, 1])[1],
    "nn.sigmoid_cross_entropy_with_logits": lambda tf, x, y, i: tf.nn.sigmoid_cross_entropy_with_logits(
        labels=tf.cast(x > 0, tf.float32), logits=y),
    "nn.softmax": lambda tf, x, y, i: tf.nn.softmax(x),
    "nn.softmax_cross_entropy_with_logits": lambda tf, x, y, i: tf.nn.softmax_cross_entropy_with_logits(
        labels=tf.one_hot(i, 4), logits=x),
    "nn.sparse_softmax_cross_entropy_with_logits": lambda tf, x, y, i: (
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=i, logits=x)),
    "image.adjust_brightness": lambda tf, x, y, i: tf.image.adjust_brightness(x, 0.2),
    "image.adjust_brightness of bytes": lambda tf, x, y, i: tf.image.adjust_brightness(pixels(tf, i), 0.3),
    "image.adjust_contrast": lambda tf, x, y, i: tf.image.adjust_contrast(x, 2.0),
    "image.adjust_gamma": lambda tf, x, y, i: tf.image.adjust_gamma(tf.abs(x), 0.5, 2),
    "image.adjust_hue": lambda tf, x, y, i: tf.image.adjust_hue(tf.abs(x[..., :3]) % 1, -0.3),
    "image.adjust_hue of bytes": lambda tf, x, y, i: tf.image.adjust_hue(colours(tf, i), 0.2),
    "image.adjust_saturation": lambda tf, x, y, i: tf.image.adjust_saturation(tf.abs(x[..., :3]) % 1, 0.5),
    "image.adjust_saturation of bytes": lambda tf, x, y, i: tf.image.adjust_saturation(colours(tf, i), 2),
    "image.central_crop": lambda tf, x, y, i: tf.image.central_crop(tf.tile(x, [3, 3, 1]), 0.5),
    "image.convert_image_dtype": lambda tf, x, y, i: tf.image.convert_image_dtype(pixels(tf, i), tf.float32),
    "image.convert_image_dtype to bytes": lambda tf, x, y, i: tf.image.convert_image_dtype(x, tf.uint8, saturate=True),
    "image.convert_image_dtype to 16 bits": lambda tf, x, y, i: tf.image.convert_image_dtype(pixels(tf, i), tf.uint16),
    "image.crop_to_bounding_box": lambda tf, x, y, i: tf.image.crop_to_bounding_box(x, 1, 0, 1, 2),
    "image.flip_left_right": lambda tf, x, y, i: tf.image.flip_left_right(x),
    "image.flip_up_down": lambda tf, x, y, i: tf.image.flip_up_down(x),
    "image.grayscale_to_rgb": lambda tf, x, y, i: tf.image.grayscale_to_rgb(x[..., None]),
    "image.hsv_to_rgb": lambda tf, x, y, i: tf.image.hsv_to_rgb(tf.abs(x[..., :3]) % 1),
    "image.pad_to_bounding_box": lambda tf, x, y, i: tf.image.pad_to_bounding_box(x, 1, 2, 5, 6),
    "image.per_image_standardization": lambda tf, x, y, i: tf.image.per_image_standardization(x),
    "image.resize": lambda tf, x, y, i: tf.image.resize(x, (5, 7)),
    "image.resize, area": lambda tf, x, y, i: tf.image.resize(tf.tile(x, [4, 3, 1]), (3, 4), method="area"),
    "image.resize, bicubic, antialias": lambda tf, x, y, i: tf.image.resize(
        tf.tile(x, [4, 3, 1]), (3, 4), method=tf.image.ResizeMethod.BICUBIC, antialias=True),
    "image.resize, nearest": lambda tf, x, y, i: tf.image.resize(pixels(tf, i), (5, 7), method="nearest"),
    "image.resize, proportions": lambda tf, x, y, i: tf.image.resize(x, (5, 5), preserve_aspect_ratio=True),
    "image.resize_with_crop_or_pad": lambda tf, x, y, i: tf.image.resize_with_crop_or_pad(x, 5, 2),
    "image.resize_with_pad": lambda tf, x, y, i: tf.image.resize_with_pad(x, 6, 5),
    "image.rgb_to_grayscale": lambda tf, x, y, i: tf.image.rgb_to_grayscale(x[..., :3]),
    "image.rgb_to_grayscale of bytes": lambda tf, x, y, i: tf.image.rgb_to_grayscale(
        tf.image.grayscale_to_rgb(pixels(tf, i))),
    "image.rgb_to_hsv": lambda tf, x, y, i: tf.image.rgb_to_hsv(tf.abs(x[..., :3]) % 1),
    "image.rot90": lambda tf, x, y, i: tf.image.rot90(x, 3),
    "image.transpose": lambda tf, x, y, i: tf.image.transpose(x),
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
