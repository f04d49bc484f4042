"""Golden cases: activation functions on arrays, and outputs, gradients and descriptions of layers that normalize or
activate."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from golden.common import flat_weights, random_of, set_random_weights

Function = Callable[[Any, np.ndarray], Any]
ELEMENTWISE = (
    "celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu",
    "linear", "log_sigmoid", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink", "softplus", "softsign",
    "sparse_plus", "sparse_sigmoid", "squareplus", "tanh", "tanh_shrink",
)  # fmt: skip
FUNCTIONS: dict[str, Function] = {
    **{name: lambda a, x, name=name: getattr(a, name)(x) for name in ELEMENTWISE},
    "hard_swish": lambda a, x: a.hard_swish(x),
    "swish": lambda a, x: a.swish(x),
    "celu 0.3": lambda a, x: a.celu(x, alpha=0.3),
    "elu 0.5": lambda a, x: a.elu(x, alpha=0.5),
    "gelu approximate": lambda a, x: a.gelu(x, approximate=True),
    "hard_shrink 1.5": lambda a, x: a.hard_shrink(x, threshold=1.5),
    "hard_shrink -1": lambda a, x: a.hard_shrink(x, threshold=-1.0),
    "leaky_relu 0.01": lambda a, x: a.leaky_relu(x, negative_slope=0.01),
    "relu with all options": lambda a, x: a.relu(x, 0.2, 2.0, 0.5),
    "soft_shrink 1.5": lambda a, x: a.soft_shrink(x, threshold=1.5),
    "soft_shrink -1": lambda a, x: a.soft_shrink(x, threshold=-1.0),
    "squareplus 0.25": lambda a, x: a.squareplus(x, b=0.25),
    "squareplus 0": lambda a, x: a.squareplus(x, b=0),
    "threshold": lambda a, x: a.threshold(x, 0.7, -3.0),
    "threshold -1": lambda a, x: a.threshold(x, threshold=-1.0, default_value=5.0),
    **{
        f"{name} along {axis}": lambda a, x, name=name, axis=axis: getattr(a, name)(x, axis=axis)
        for name, axes in (
            ("softmax", (-1, 0, 1, (1, 2), (0, 2), None)),
            ("log_softmax", (-1, 0, 1, (1, 2), (0, 2), None)),
            ("sparsemax", (-1, 0, 1, -3)),
            ("glu", (-1, 0, 1, -2)),
        )
        for axis in axes
    },
}


def function(keras: ModuleType, name: str) -> dict[str, Any]:
    """Along axes for random numbers; else over a wide and a narrow range."""
    if "along" in name:
        x = 3 * random_of(name).standard_normal((4, 6, 8))
    else:
        wide = 8 if name == "exponential" else 40
        x = np.concatenate([np.linspace(-wide, wide, 81), np.linspace(-2, 2, 81)])
    return {"y": np.asarray(FUNCTIONS[name](keras.activations, x.astype("float32")))}


Layers = Callable[[Any], list[Any]]
LAYERS: dict[str, tuple[tuple[int, ...], Layers]] = {  # name -> input shape, layers
    **{
        f"activation {name}": ((5, 3, 2), lambda L, name=name: [L.Activation(name)])
        for name in (*ELEMENTWISE, "hard_swish", "swish", "softmax", "log_softmax", "sparsemax")
    },
    "dense with mish": ((7,), lambda L: [L.Dense(5, activation="mish"), L.Dense(3, activation="log_softmax")]),
    "conv2d with hard_silu": ((6, 5, 2), lambda L: [L.Conv2D(4, 3, activation="hard_silu")]),
    "glu behind dense": ((4, 6), lambda L: [L.Dense(10, activation="glu")]),
    "leaky relu": ((5, 4, 3), lambda L: [L.LeakyReLU(0.2)]),
    "relu6 layer": ((5, 4, 3), lambda L: [L.ReLU(6.0)]),
    "softmax along 1": ((4, 6, 5), lambda L: [L.Softmax(axis=1)]),
    "softmax along 2": ((4, 6, 5), lambda L: [L.Softmax(axis=2)]),
    "softmax along -2": ((4, 6, 5), lambda L: [L.Softmax(axis=-2)]),
    "softmax along 1 and 2": ((4, 6, 5), lambda L: [L.Softmax(axis=(1, 2))]),
    "softmax along 1 and 3": ((4, 6, 5), lambda L: [L.Softmax(axis=[1, 3])]),
    "softmax along all": ((4, 6, 5), lambda L: [L.Softmax(axis=(1, 2, 3))]),
    "prelu": ((5, 4, 3), lambda L: [L.PReLU()]),
    "prelu of a vector": ((70,), lambda L: [L.PReLU()]),
    "prelu shared along 1 and 2": ((5, 4, 3), lambda L: [L.PReLU(shared_axes=[1, 2])]),
    "prelu shared along 3": ((5, 4, 3), lambda L: [L.PReLU(shared_axes=3)]),
    "prelu shared along 1 and 3": ((5, 4, 3), lambda L: [L.PReLU(shared_axes=(1, 3))]),
    "prelu shared along all": ((5, 4, 3), lambda L: [L.PReLU(shared_axes=(1, 2, 3))]),
    "layer normalization": ((5, 4, 33), lambda L: [L.LayerNormalization()]),
    "layer normalization of a vector": ((150,), lambda L: [L.LayerNormalization()]),
    "layer normalization along 1": ((5, 4, 3), lambda L: [L.LayerNormalization(axis=1)]),
    "layer normalization along 2": ((5, 4, 3), lambda L: [L.LayerNormalization(axis=[2])]),
    "layer normalization along 1 and 3": ((5, 4, 3), lambda L: [L.LayerNormalization(axis=[1, 3])]),
    "layer normalization along 3 and 2": ((5, 4, 3), lambda L: [L.LayerNormalization(axis=(-1, -2))]),
    "layer normalization along 1 and 2": ((5, 4, 3), lambda L: [L.LayerNormalization(axis=[1, 2])]),
    "layer normalization along all": ((5, 4, 3), lambda L: [L.LayerNormalization(axis=[1, 2, 3])]),
    "layer normalization without scale": ((5, 4, 3), lambda L: [L.LayerNormalization(scale=False, epsilon=0.1)]),
    "layer normalization without center": ((5, 4, 3), lambda L: [L.LayerNormalization(center=False)]),
    "layer normalization alone": ((5, 4, 3), lambda L: [L.LayerNormalization(center=False, scale=False)]),
    "layer normalization, rms_scaling": ((5, 4, 7), lambda L: [L.LayerNormalization(rms_scaling=True)]),
    "layer normalization, rms_scaling along 1": ((5, 7), lambda L: [L.LayerNormalization(1, rms_scaling=True)]),
    "group normalization": ((4, 3, 64), lambda L: [L.GroupNormalization()]),
    "group normalization of 2 groups": ((4, 3, 6), lambda L: [L.GroupNormalization(2)]),
    "group normalization of 1 group": ((4, 3, 6), lambda L: [L.GroupNormalization(1, epsilon=0.2)]),
    "group normalization along 1": ((6, 4, 3), lambda L: [L.GroupNormalization(3, axis=1)]),
    "group normalization along 2": ((4, 6, 3), lambda L: [L.GroupNormalization(2, axis=2)]),
    "group normalization of a vector": ((12,), lambda L: [L.GroupNormalization(4)]),
    "group normalization without weights": ((4, 3, 6), lambda L: [L.GroupNormalization(3, center=False, scale=False)]),
    "instance normalization": ((5, 4, 20), lambda L: [L.GroupNormalization(-1)]),
    "rms normalization": ((5, 4, 3), lambda L: [L.RMSNormalization()]),
    "rms normalization along 3 and 2": ((5, 4, 3), lambda L: [L.RMSNormalization(axis=[-1, -2], epsilon=0.1)]),
    "unit normalization": ((5, 4, 3), lambda L: [L.UnitNormalization()]),
    "unit normalization along 1 and 2": ((5, 4, 3), lambda L: [L.UnitNormalization(axis=(1, 2))]),
    "prelu with rules": (
        (5, 4, 3),
        lambda L: [L.PReLU(alpha_regularizer="l1", alpha_constraint="non_neg", shared_axes=[1, 2])],
    ),
    "layer normalization with rules": (
        (5, 4, 3),
        lambda L: [L.LayerNormalization(gamma_regularizer="l2", beta_regularizer="l1", gamma_constraint="non_neg")],
    ),
    "group normalization with rules": (
        (4, 3, 6),
        lambda L: [L.GroupNormalization(3, beta_regularizer="l2", gamma_constraint="max_norm")],
    ),
    "normalizations in a network": (
        (9, 8, 3),
        lambda L: [
            L.Conv2D(8, 3, activation="relu"),
            L.GroupNormalization(4),
            L.Conv2D(6, 3),
            L.PReLU(shared_axes=[1, 2]),
            L.Flatten(),
            L.LayerNormalization(),
            L.Dense(4),
        ],
    ),
}


def gradients(keras: ModuleType, name: str) -> dict[str, Any]:
    """What one step of SGD with rate 1 takes from all weights: those of a dense layer are what the layers see."""
    shape, make = LAYERS[name]
    random = random_of(name)
    dense = keras.layers.Dense(int(np.prod(shape)), use_bias=False)
    stack = make(keras.layers)
    model = keras.Sequential([keras.layers.Input((3,)), dense, keras.layers.Reshape(shape), *stack])
    x = np.eye(3, dtype="float32")
    model.compile(keras.optimizers.SGD(1.0), keras.losses.MeanSquaredError(reduction="sum"))
    set_random_weights(model, random, 2.0)
    output = model.predict(x, verbose=0)
    before = flat_weights(model)
    model.train_on_batch(x, (random.standard_normal(output.shape)).astype("float32"))
    weights = [(weight.name, list(weight.shape)) for layer in stack for weight in layer.weights]
    return {"output": output, "gradient": before - flat_weights(model), "weights": weights_text(weights)}


def weights_text(weights: list[tuple[str, list[int]]]) -> str:
    return json.dumps(weights)


DESCRIBED = (
    "Activation", "ELU", "GroupNormalization", "LayerNormalization", "PReLU", "RMSNormalization", "ReLU",
    "Softmax", "UnitNormalization",
)  # fmt: skip


def signature(keras: ModuleType, name: str) -> dict[str, Any]:
    """Names and defaults of the arguments, but for those of every layer."""
    home, attribute = name.split(".")
    parameters = inspect.signature(getattr(getattr(keras, home), attribute)).parameters.values()
    named = [each for each in parameters if each.kind is not each.VAR_KEYWORD]
    return {"arguments": ", ".join(each.name if each.default is each.empty else f"{each.name}={each.default!r}"
                                   for each in named)}  # fmt: skip


DESCRIPTIONS: dict[str, Callable[[Any], Any]] = {
    "PReLU": lambda L: L.PReLU(name="n"),
    "PReLU with options": lambda L: L.PReLU("ones", shared_axes=(1, 2), name="n"),
    "Softmax": lambda L: L.Softmax(name="n"),
    "Softmax of two axes": lambda L: L.Softmax(axis=(1, 2), name="n"),
    "LayerNormalization": lambda L: L.LayerNormalization(name="n"),
    "LayerNormalization with options": lambda L: L.LayerNormalization((-1, -2), 0.1, False, name="n"),
    "GroupNormalization": lambda L: L.GroupNormalization(2, name="n"),
    "GroupNormalization of instances": lambda L: L.GroupNormalization(-1, axis=2, scale=False, name="n"),
    "RMSNormalization": lambda L: L.RMSNormalization(name="n"),
    "RMSNormalization with options": lambda L: L.RMSNormalization([-1, -2], 0.1, name="n"),
    "UnitNormalization": lambda L: L.UnitNormalization(name="n"),
    "PReLU with rules": lambda L: L.PReLU(alpha_regularizer="l1", alpha_constraint="non_neg", name="n"),
    "LayerNormalization with rules": lambda L: L.LayerNormalization(
        beta_regularizer="l2", gamma_regularizer="l1", beta_constraint="max_norm", gamma_constraint="non_neg", name="n"
    ),
    "UnitNormalization of two axes": lambda L: L.UnitNormalization((1, 2), name="n"),
    **{f"Activation {name}": lambda L, name=name: L.Activation(name, name="n")
       for name in (*ELEMENTWISE, "swish", "hard_swish", "softmax", "log_softmax", "sparsemax", "glu")},
}  # fmt: skip


def description(keras: ModuleType, name: str) -> dict[str, Any]:
    """A layer's config, before and after it is built."""
    layer = DESCRIPTIONS[name](keras.layers)
    before = json.dumps(layer.get_config(), sort_keys=True)
    layer.build((None, 4, 6, 8))
    return {"before": before, "after": json.dumps(layer.get_config(), sort_keys=True)}


FUNCTION = {name: partial(function, name=name) for name in FUNCTIONS}
GRADIENT = {name: partial(gradients, name=name) for name in LAYERS}
DESCRIPTION = {
    **{name: partial(description, name=name) for name in DESCRIPTIONS},
    **{f"signature of {name}": partial(signature, name=name) for name in (
        *(f"activations.{each}" for each in (*ELEMENTWISE, "hard_swish", "swish", "softmax", "log_softmax",
                                             "sparsemax", "glu", "threshold", "get", "serialize", "deserialize")),
        *(f"layers.{each}" for each in DESCRIBED))},
}  # fmt: skip
