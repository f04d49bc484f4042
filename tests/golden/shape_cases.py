"""Golden cases: layers that merge, move, resample and pool, each with its gradient and its description.

The inputs of the layer are the kernels of dense layers without bias, which see the identity matrix. One step of SGD
changes them, and the layer's own weights, by their gradients.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from golden.common import random_of

IMAGES = 3
RATE = 1024.0  # so large that a step is not lost in the rounding of the weights
Make = Callable[[Any], Any]
Shape = tuple[int, ...]
IMAGE, SEQUENCE = (6, 5, 3), (9, 4)

MERGES: dict[str, tuple[list[Shape], Make]] = {  # name -> input shapes, layer
    "add": ([IMAGE, IMAGE], lambda L: L.Add()),
    "add of three": ([(4,), (4,), (4,)], lambda L: L.Add()),
    "add, broadcast": ([IMAGE, (1, 1, 3), (3,)], lambda L: L.Add()),
    "add of each to each": ([(4, 1), (5,)], lambda L: L.Add()),
    "subtract": ([IMAGE, IMAGE], lambda L: L.Subtract()),
    "subtract, broadcast": ([(1, 5, 1), (6, 1, 2)], lambda L: L.Subtract()),
    "multiply": ([IMAGE, IMAGE], lambda L: L.Multiply()),
    "multiply of three, broadcast": ([IMAGE, (1, 1, 3), (6, 5, 1)], lambda L: L.Multiply()),
    "average": ([IMAGE, IMAGE, IMAGE], lambda L: L.Average()),
    "average, broadcast": ([(7, 4), (4,)], lambda L: L.Average()),
    "maximum": ([IMAGE, IMAGE], lambda L: L.Maximum()),
    "maximum of three, broadcast": ([IMAGE, (5, 3), (1,)], lambda L: L.Maximum()),
    "minimum": ([(17,), (17,), (17,)], lambda L: L.Minimum()),
    "minimum, broadcast": ([(1, 1, 3), IMAGE], lambda L: L.Minimum()),
    "concatenate": ([IMAGE, (6, 5, 2), (6, 5, 4)], lambda L: L.Concatenate()),
    "concatenate lines": ([IMAGE, (2, 5, 3)], lambda L: L.Concatenate(axis=1)),
    "concatenate columns": ([IMAGE, (6, 1, 3)], lambda L: L.Concatenate(axis=-2)),
    "concatenate vectors": ([(4,), (7,), (1,)], lambda L: L.Concatenate(1)),
    "dot of vectors": ([(5,), (5,)], lambda L: L.Dot(axes=1)),
    "dot of vectors, normalized": ([(5,), (5,)], lambda L: L.Dot(axes=-1, normalize=True)),
    "dot of matrices": ([(3, 5), (10, 3)], lambda L: L.Dot(axes=(1, 2))),
    "dot of matrices, last axes": ([(4, 5), (3, 5)], lambda L: L.Dot(axes=-1)),
    "dot of matrices, normalized": ([(4, 5), (5, 3)], lambda L: L.Dot(axes=[2, 1], normalize=True)),
    "dot of a vector and a matrix": ([(4,), (4, 3)], lambda L: L.Dot(axes=(1, 1))),
    "dot of a matrix and a vector": ([(6, 4), (4,)], lambda L: L.Dot(axes=(2, 1))),
    "dot of images": ([(2, 4, 3), (4, 2)], lambda L: L.Dot(axes=(-2, 1))),
    "dot of two images": ([(2, 3, 4), (2, 4, 3)], lambda L: L.Dot(axes=(3, 2))),
}  # fmt: skip

LAYERS: dict[str, tuple[Shape, Make]] = {  # name -> input shape, layer
    "up sampling": (IMAGE, lambda L: L.UpSampling2D()),
    "up sampling (3, 1)": ((4, 5, 2), lambda L: L.UpSampling2D((3, 1))),
    **{f"up sampling {how}": ((5, 4, 2), lambda L, how=how: L.UpSampling2D((3, 2), interpolation=how))
       for how in ("bilinear", "bicubic", "lanczos3", "lanczos5")},
    **{f"resizing {how} to {size}": ((8, 11, 3), lambda L, how=how, size=size: L.Resizing(*size, interpolation=how))
       for how in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
       for size in ((8, 11), (5, 4), (13, 29), (1, 30))},
    **{f"resizing {how} with antialias to {size}": (
        (8, 11, 2), lambda L, how=how, size=size: L.Resizing(*size, interpolation=how, antialias=True))
       for how in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
       for size in ((3, 5), (9, 4))},
    "resizing of few pixels": ((2, 1, 3), lambda L: L.Resizing(7, 5, interpolation="bicubic")),
    "resizing, cropped": ((8, 11, 2), lambda L: L.Resizing(5, 5, crop_to_aspect_ratio=True)),
    "resizing, cropped lines": ((9, 4, 2), lambda L: L.Resizing(5, 7, crop_to_aspect_ratio=True)),
    "resizing, nothing to crop": ((6, 6, 2), lambda L: L.Resizing(3, 3, crop_to_aspect_ratio=True)),
    "resizing, padded": ((8, 11, 2), lambda L: L.Resizing(6, 6, pad_to_aspect_ratio=True)),
    "resizing, padded columns": ((9, 4, 2), lambda L: L.Resizing(6, 6, pad_to_aspect_ratio=True, fill_value=0.5)),
    "cropping": (IMAGE, lambda L: L.Cropping2D(1)),
    "cropping nothing": (IMAGE, lambda L: L.Cropping2D()),
    "cropping (2, 1)": (IMAGE, lambda L: L.Cropping2D((2, 1))),
    "cropping ((0, 3), (2, 1))": (IMAGE, lambda L: L.Cropping2D(((0, 3), (2, 1)))),
    "zero padding ((0, 3), (2, 1))": (IMAGE, lambda L: L.ZeroPadding2D(((0, 3), (2, 1)))),
    "cropping 1D": (SEQUENCE, lambda L: L.Cropping1D()),
    "cropping 1D (0, 3)": (SEQUENCE, lambda L: L.Cropping1D((0, 3))),
    "zero padding 1D": (SEQUENCE, lambda L: L.ZeroPadding1D(2)),
    "zero padding 1D (0, 3)": (SEQUENCE, lambda L: L.ZeroPadding1D((0, 3))),
    "up sampling 1D": (SEQUENCE, lambda L: L.UpSampling1D(3)),
    "permute (2, 1)": ((5, 7), lambda L: L.Permute((2, 1))),
    "permute (3, 1, 2)": (IMAGE, lambda L: L.Permute((3, 1, 2))),
    "permute (2, 1, 3)": (IMAGE, lambda L: L.Permute((2, 1, 3))),
    "permute (3, 2, 1)": (IMAGE, lambda L: L.Permute((3, 2, 1))),
    "permute (4, 2, 1, 3)": ((2, 3, 4, 5), lambda L: L.Permute((4, 2, 1, 3))),
    "permute of one axis": ((5,), lambda L: L.Permute((1,))),
    "repeat vector": ((5,), lambda L: L.RepeatVector(3)),
    "identity": (IMAGE, lambda L: L.Identity()),
    "conv1d": (SEQUENCE, lambda L: L.Conv1D(5, 3)),
    "conv1d same": (SEQUENCE, lambda L: L.Conv1D(5, 4, padding="same", activation="relu")),
    "conv1d causal": (SEQUENCE, lambda L: L.Conv1D(5, 3, padding="causal")),
    "conv1d causal, dilated": (SEQUENCE, lambda L: L.Conv1D(2, 3, padding="causal", dilation_rate=2)),
    "conv1d causal, strides 2": (SEQUENCE, lambda L: L.Conv1D(2, 3, padding="causal", strides=2)),
    "conv1d strides 2 same": (SEQUENCE, lambda L: L.Conv1D(2, 3, strides=2, padding="same", use_bias=False)),
    "conv1d dilated": (SEQUENCE, lambda L: L.Conv1D(2, 2, dilation_rate=3)),
    "max pooling 1D": (SEQUENCE, lambda L: L.MaxPooling1D()),
    "max pooling 1D same": (SEQUENCE, lambda L: L.MaxPooling1D(3, strides=2, padding="same")),
    "average pooling 1D": (SEQUENCE, lambda L: L.AveragePooling1D(3, 1)),
    "average pooling 1D same": (SEQUENCE, lambda L: L.AveragePooling1D(2, padding="same")),
    "global average pooling 1D": (SEQUENCE, lambda L: L.GlobalAveragePooling1D()),
    "global average pooling 1D keepdims": (SEQUENCE, lambda L: L.GlobalAveragePooling1D(keepdims=True)),
    "global max pooling 1D": (SEQUENCE, lambda L: L.GlobalMaxPooling1D()),
    "global max pooling 1D keepdims": (SEQUENCE, lambda L: L.GlobalMaxPooling1D(keepdims=True)),
    "global average pooling 2D": (IMAGE, lambda L: L.GlobalAveragePooling2D(keepdims=True)),
    "global max pooling 2D": (IMAGE, lambda L: L.GlobalMaxPooling2D(keepdims=True)),
    "dropout of nothing": (IMAGE, lambda L: L.Dropout(0.0, noise_shape=(None, 1, 1, 3), seed=4)),
    "alpha dropout of nothing": (IMAGE, lambda L: L.AlphaDropout(0.0)),
    "spatial dropout of nothing": (IMAGE, lambda L: L.SpatialDropout2D(0.0)),
    "spatial dropout 1D of nothing": (SEQUENCE, lambda L: L.SpatialDropout1D(0.0, seed=3)),
    "gaussian dropout of nothing": (IMAGE, lambda L: L.GaussianDropout(0.0)),
    "gaussian noise of nothing": (IMAGE, lambda L: L.GaussianNoise(0.0)),
}  # fmt: skip


def describe(layer: Any) -> dict[str, Any]:
    """Names and defaults of the arguments, and the config without the name."""
    parameters = inspect.signature(type(layer)).parameters.values()
    config = layer.get_config()
    del config["name"]
    config.pop("dtype", None)
    config["kernel_initializer"] = str(config.get("kernel_initializer", {}).get("class_name"))
    config["bias_initializer"] = str(config.get("bias_initializer", {}).get("class_name"))
    return {"signature": str([(p.name, p.default) for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]),
            "config": str(sorted(config.items())), "module": type(layer).__name__}


def draw(name: str, shapes: list[Shape]) -> list[np.ndarray]:
    """The kernels that are the inputs: one row an image."""
    random = random_of(name)
    return [random.standard_normal((IMAGES, int(np.prod(shape)))).astype("float32") for shape in shapes]


def run_layer(keras: ModuleType, name: str) -> dict[str, Any]:
    shape, make = LAYERS[name]
    (values,) = draw(name, [shape])
    layer = make(keras.layers)
    model = keras.Sequential([
        keras.layers.Input((IMAGES,)),
        keras.layers.Dense(values.shape[1], use_bias=False),
        keras.layers.Reshape(shape),
        layer,
    ])
    random = random_of(name + " weights")
    own = [random.standard_normal(w.shape).astype("float32") for w in model.get_weights()[1:]]
    return {**describe(layer), **train(keras, model, [values, *own])}


def train(keras: ModuleType, model: Any, weights: list[np.ndarray]) -> dict[str, Any]:
    """What the model predicts, and the gradients of its weights."""
    model.set_weights(weights)
    model.compile(keras.optimizers.SGD(RATE), "mse")
    x = np.eye(IMAGES, dtype="float32")
    output = model.predict(x, verbose=0)
    model.train_on_batch(x, random_of("target").standard_normal(output.shape).astype("float32"))
    steps = [before - after for before, after in zip(weights, model.get_weights(), strict=True)]
    return {"output": output, **{f"gradient {i}": step / RATE for i, step in enumerate(steps)}}


def run_merge(keras: ModuleType, name: str) -> dict[str, Any]:
    shapes, make = MERGES[name]
    values, layer = draw(name, shapes), make(keras.layers)
    inputs = keras.layers.Input((IMAGES,))
    branches = [keras.layers.Reshape(shape)(keras.layers.Dense(value.shape[1], use_bias=False)(inputs))
                for shape, value in zip(shapes, values, strict=True)]
    model = keras.Model(inputs, layer(branches))
    return {**describe(layer), **train(keras, model, values)}


SHAPE = {f"{name} (merge)": partial(run_merge, name=name) for name in MERGES} | {
    name: partial(run_layer, name=name) for name in LAYERS
}
