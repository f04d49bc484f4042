"""Golden cases: convolution layers, what they predict and their gradients.

The gradients of the loss are what one step of plain SGD subtracts. In front of the layer stands a convolution, whose
gradients depend on that of the layer's input.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

from golden.common import flat_weights, random_of, set_random_weights

LAYERS: dict[str, tuple[tuple[int, ...], Callable[[Any], Any]]] = {  # name -> input shape, layer
    "grouped": ((6, 7, 6), lambda L: L.Conv2D(4, 3, groups=2, activation="relu")),
    "grouped strides 2 same": ((8, 7, 6), lambda L: L.Conv2D(9, (3, 2), strides=2, groups=3, padding="same")),
    "sequence, grouped": ((9, 6), lambda L: L.Conv1D(4, 3, groups=2, padding="causal")),
    "sequence, depthwise strides 2 same": ((9, 3), lambda L: L.DepthwiseConv1D(3, 2, "same", depth_multiplier=2)),
    "sequence, depthwise dilation 2": ((9, 3), lambda L: L.DepthwiseConv1D(2, dilation_rate=2, activation="relu")),
    "sequence, separable": ((8, 3), lambda L: L.SeparableConv1D(4, 3, depth_multiplier=2, activation="relu")),
    "sequence, transposed strides 2": ((5, 3), lambda L: L.Conv1DTranspose(4, 3, strides=2, output_padding=1)),
    "sequence, transposed strides 3 same": ((5, 3), lambda L: L.Conv1DTranspose(2, 4, strides=3, padding="same")),
    "separable": ((6, 7, 3), lambda L: L.SeparableConv2D(5, 3)),
    "separable strides 2 same": (
        (8, 8, 3), lambda L: L.SeparableConv2D(4, 3, 2, "same", depth_multiplier=2, activation="relu")
    ),
    "separable dilation 2 without bias": (
        (8, 7, 2), lambda L: L.SeparableConv2D(3, (2, 3), dilation_rate=2, use_bias=False)
    ),
    "depthwise under rules": (
        (6, 7, 3), lambda L: L.DepthwiseConv2D(3, depthwise_regularizer="l2", depthwise_constraint="non_neg")
    ),
    "separable under rules": (
        (6, 7, 3),
        lambda L: L.SeparableConv2D(
            5, 3, depthwise_constraint="unit_norm", pointwise_regularizer="l1", pointwise_constraint="max_norm"
        ),
    ),
    "sequence, separable under rules": (
        (8, 3), lambda L: L.SeparableConv1D(4, 3, depthwise_constraint="unit_norm", pointwise_constraint="max_norm")
    ),
    "transposed": ((4, 5, 3), lambda L: L.Conv2DTranspose(2, 3)),
    "transposed strides 2": ((4, 3, 2), lambda L: L.Conv2DTranspose(3, 3, strides=2, activation="relu")),
    "transposed same": ((5, 4, 3), lambda L: L.Conv2DTranspose(2, 3, padding="same", use_bias=False)),
    "transposed strides 2 same": ((4, 5, 2), lambda L: L.Conv2DTranspose(5, 3, strides=2, padding="same")),
    "transposed 4x2 strides 2 same": ((4, 5, 2), lambda L: L.Conv2DTranspose(5, (4, 2), strides=2, padding="same")),
    "transposed strides (2, 3) same": ((4, 3, 2), lambda L: L.Conv2DTranspose(3, (2, 5), (2, 3), "same")),
    "transposed strides beyond the kernel": ((3, 4, 2), lambda L: L.Conv2DTranspose(2, (2, 1), strides=(3, 4))),
    "transposed strides beyond the kernel same": ((3, 4, 2), lambda L: L.Conv2DTranspose(2, (2, 1), (3, 4), "same")),
    "transposed output padding": ((3, 4, 2), lambda L: L.Conv2DTranspose(2, 3, (2, 3), output_padding=(1, 2))),
    "transposed output padding same": (
        (3, 4, 2), lambda L: L.Conv2DTranspose(2, 3, (2, 3), padding="same", output_padding=(1, 0))
    ),
    "depthwise": ((6, 7, 3), lambda L: L.DepthwiseConv2D(3)),
    "depthwise same": ((9, 8, 19), lambda L: L.DepthwiseConv2D(3, padding="same", activation="relu")),
    "depthwise strides 2 same": ((8, 8, 3), lambda L: L.DepthwiseConv2D(3, strides=2, padding="same")),
    "depthwise strides 2 same, odd": ((9, 7, 3), lambda L: L.DepthwiseConv2D(3, 2, "same", use_bias=False)),
    "depthwise strides beyond the kernel": ((8, 9, 2), lambda L: L.DepthwiseConv2D((2, 1), strides=3)),
    "depthwise dilation 2": ((9, 8, 3), lambda L: L.DepthwiseConv2D(3, dilation_rate=2, padding="same")),
    "depthwise strides and dilation": ((9, 8, 3), lambda L: L.DepthwiseConv2D(3, strides=2, dilation_rate=2)),
    "depthwise multiplier 3": ((6, 5, 4), lambda L: L.DepthwiseConv2D((3, 2), depth_multiplier=3, padding="same")),
    "depthwise 5x5 same": ((7, 6, 5), lambda L: L.DepthwiseConv2D(5, padding="same")),
}


def convolution(keras: ModuleType, name: str) -> dict[str, Any]:
    shape, layer = LAYERS[name]
    random = random_of(name)
    before = keras.layers.Conv2D if len(shape) == 3 else keras.layers.Conv1D
    model = keras.Sequential([keras.layers.Input(shape), before(shape[-1], 1), layer(keras.layers)])
    set_random_weights(model, random)
    x = random.standard_normal((3, *shape)).astype("float32")
    output = model.predict(x, verbose=0)
    model.compile(keras.optimizers.SGD(1.0), "mse")
    weights = flat_weights(model)
    model.train_on_batch(x, random.standard_normal(output.shape).astype("float32"))
    return {"output": output, "gradients": weights - flat_weights(model), "weights": model_weights(model)}


def model_weights(model: Any) -> str:
    """Names and shapes of the last layer's weights."""
    return str([(weight.name, tuple(map(int, weight.shape))) for weight in model.layers[-1].weights])


CONVOLUTION = {name: partial(convolution, name=name) for name in LAYERS}
