"""Golden cases: what networks predict, layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from golden.common import random_of, set_random_weights

Layers = Callable[[Any], list[Any]]
FORWARD_LAYERS: dict[str, tuple[tuple[int, ...], Layers]] = {  # name -> input shape, layers
    "conv2d 1x1": ((5, 7, 3), lambda L: [L.Conv2D(4, 1)]),
    "conv2d 2x2": ((6, 5, 2), lambda L: [L.Conv2D(3, 2)]),
    "conv2d 2x2 same": ((5, 4, 2), lambda L: [L.Conv2D(3, 2, padding="same")]),
    "conv2d 3x3": ((9, 7, 3), lambda L: [L.Conv2D(5, 3)]),
    "conv2d 3x3 same": ((7, 6, 1), lambda L: [L.Conv2D(17, 3, padding="same")]),
    "conv2d 3x3 without bias": ((7, 7, 2), lambda L: [L.Conv2D(4, 3, use_bias=False)]),
    "conv2d 4x4": ((9, 8, 2), lambda L: [L.Conv2D(3, (4, 4))]),
    "conv2d 4x4 same": ((5, 6, 2), lambda L: [L.Conv2D(3, 4, padding="same")]),
    "conv2d 5x5": ((11, 10, 3), lambda L: [L.Conv2D(6, 5, activation="relu")]),
    "conv2d 5x5 same, larger than the image": ((3, 4, 2), lambda L: [L.Conv2D(3, 5, padding="same")]),
    "conv2d 1x5": ((4, 9, 3), lambda L: [L.Conv2D(3, (1, 5))]),
    "conv2d 5x2 same": ((9, 5, 2), lambda L: [L.Conv2D(3, (5, 2), padding="same")]),
    "conv2d strides 2": ((9, 8, 3), lambda L: [L.Conv2D(4, 3, strides=2)]),
    "conv2d strides 2 same": ((9, 8, 3), lambda L: [L.Conv2D(4, 3, strides=2, padding="same")]),
    "conv2d strides (3, 1) same": ((10, 7, 2), lambda L: [L.Conv2D(3, (2, 3), strides=(3, 1), padding="same")]),
    "conv2d strides beyond the kernel": ((11, 11, 2), lambda L: [L.Conv2D(3, 2, strides=(4, 3))]),
    "conv2d dilation 2": ((11, 9, 2), lambda L: [L.Conv2D(3, 3, dilation_rate=2)]),
    "conv2d dilation (1, 3) same": ((6, 9, 2), lambda L: [L.Conv2D(3, 3, dilation_rate=(1, 3), padding="same")]),
    "conv2d 33 channels to 67": ((5, 5, 33), lambda L: [L.Conv2D(67, 3)]),
    "conv2d 64 to 32": ((6, 7, 64), lambda L: [L.Conv2D(32, 3, padding="same", activation="relu")]),
    "conv, relu, pool": ((13, 11, 2), lambda L: [L.Conv2D(20, 3, activation="relu"), L.MaxPooling2D()]),
    "conv, pool, relu": ((13, 11, 2), lambda L: [L.Conv2D(20, 3), L.MaxPooling2D(), L.Activation("relu")]),
    "two convolutions and pools": (
        (28, 28, 1),
        lambda L: [
            L.Conv2D(8, 3, activation="relu"),
            L.MaxPooling2D(),
            L.Conv2D(16, 3, activation="relu"),
            L.MaxPooling2D(),
            L.Flatten(),
            L.Dense(10, activation="softmax"),
        ],
    ),
    "max pool": ((7, 9, 3), lambda L: [L.MaxPooling2D()]),
    "max pool same": ((7, 9, 3), lambda L: [L.MaxPooling2D(padding="same")]),
    "max pool 3x2 strides 1": ((6, 5, 2), lambda L: [L.MaxPooling2D((3, 2), strides=1)]),
    "max pool 3x3 strides 2 same": ((8, 7, 17), lambda L: [L.MaxPooling2D(3, strides=2, padding="same")]),
    "max pool strides beyond the pool": ((11, 10, 2), lambda L: [L.MaxPooling2D(2, strides=(3, 4))]),
    "average pool": ((7, 9, 3), lambda L: [L.AveragePooling2D(2)]),
    "average pool same": ((7, 9, 3), lambda L: [L.AveragePooling2D(2, padding="same")]),
    "average pool 3x3 strides 1 same": ((5, 6, 2), lambda L: [L.AveragePooling2D(3, strides=1, padding="same")]),
    "average pool 2x4 strides (1, 2)": ((6, 9, 5), lambda L: [L.AveragePooling2D((2, 4), strides=(1, 2))]),
    "global average pool": ((5, 7, 19), lambda L: [L.GlobalAveragePooling2D()]),
    "global average pool keepdims": ((5, 7, 3), lambda L: [L.GlobalAveragePooling2D(keepdims=True)]),
    "global max pool": ((5, 7, 19), lambda L: [L.GlobalMaxPooling2D()]),
    "global max pool keepdims": ((5, 7, 3), lambda L: [L.GlobalMaxPooling2D(keepdims=True)]),
    "zero padding": ((4, 3, 2), lambda L: [L.ZeroPadding2D()]),
    "zero padding (1, 2)": ((4, 3, 2), lambda L: [L.ZeroPadding2D((1, 2))]),
    "zero padding ((0, 3), (2, 1))": ((4, 3, 2), lambda L: [L.ZeroPadding2D(((0, 3), (2, 1)))]),
    "rescaling": ((4, 3, 2), lambda L: [L.Rescaling(1 / 127.5, offset=-1)]),
    "reshape": ((4, 6, 2), lambda L: [L.Reshape((8, 6)), L.Dense(3)]),
    "reshape with -1": ((4, 6, 2), lambda L: [L.Reshape((3, -1)), L.Dense(5)]),
    "flatten": ((3, 5, 2), lambda L: [L.Conv2D(3, 2), L.Flatten(), L.Dense(7)]),
    "dense": ((37,), lambda L: [L.Dense(19)]),
    "dense without bias": ((5,), lambda L: [L.Dense(33, use_bias=False)]),
    "dense on rank 3": ((4, 5), lambda L: [L.Dense(6, activation="relu")]),
    "dense on rank 4": ((3, 2, 5), lambda L: [L.Dense(4), L.Dense(3, activation="tanh")]),
    "dense of one unit": ((130,), lambda L: [L.Dense(1, activation="sigmoid")]),
    "softmax": ((11,), lambda L: [L.Dense(13), L.Softmax()]),
    "softmax on rank 4": ((3, 2, 5), lambda L: [L.Activation("softmax")]),
    "dropout when predicting": ((4, 5, 2), lambda L: [L.Dropout(0.5), L.Dense(3)]),
    "relu layer": ((50,), lambda L: [L.ReLU(max_value=2.0, negative_slope=0.1, threshold=0.5)]),
    "leaky relu layer": ((50,), lambda L: [L.LeakyReLU()]),
    "leaky relu layer 0.05": ((50,), lambda L: [L.LeakyReLU(negative_slope=0.05)]),
    "activity regularization": ((5,), lambda L: [L.ActivityRegularization(), L.Dense(3)]),
    "elu layer": ((50,), lambda L: [L.ELU(alpha=0.5)]),
    "input layer": ((4,), lambda L: [L.InputLayer(shape=(4,)), L.Dense(2)]),
}
ACTIVATIONS = (
    "relu", "sigmoid", "tanh", "elu", "selu", "softplus", "softsign", "leaky_relu", "gelu", "silu", "swish",
    "exponential", "hard_sigmoid", "relu6", "linear",
)  # fmt: skip


def forward(keras: ModuleType, name: str) -> dict[str, Any]:
    shape, layers = FORWARD_LAYERS[name]
    random = random_of(name)
    stack = layers(keras.layers)
    if not name.startswith("input"):
        stack.insert(0, keras.layers.Input(shape))
    model = keras.Sequential(stack)
    set_random_weights(model, random)
    x = (2 * random.standard_normal((3, *shape))).astype("float32")
    return {"output": model.predict(x, verbose=0), "shape": str(model.output_shape), "params": model.count_params()}


def activation(keras: ModuleType, name: str) -> dict[str, Any]:
    """The activation over a wide and a narrow range, alone and inside Conv2D and Dense."""
    random = random_of(name)
    wide = 8 if name == "exponential" else 40
    x = np.concatenate([np.linspace(-wide, wide, 81), np.linspace(-1, 1, 41)]).astype("float32")[None]
    alone = keras.Sequential([keras.layers.Input((122,)), keras.layers.Activation(name)])
    inside = keras.Sequential(
        [
            keras.layers.Input((5, 4, 2)),
            keras.layers.Conv2D(3, 2, activation=name),
            keras.layers.Dense(5, activation=name),
        ]
    )
    set_random_weights(inside, random)
    images = random.standard_normal((2, 5, 4, 2)).astype("float32")
    return {"alone": alone.predict(x, verbose=0), "inside": inside.predict(images, verbose=0)}


FORWARD = {name: partial(forward, name=name) for name in FORWARD_LAYERS}
ACTIVATION = {name: partial(activation, name=name) for name in ACTIVATIONS}
