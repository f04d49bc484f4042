"""Golden cases: batch normalization, forward and after 20 steps of training."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from golden.common import flat_weights, random_of, set_random_weights

Layers = Callable[[Any], list[Any]]
IMAGE = (6, 5, 3)


def block(L: Any, **options: Any) -> list[Any]:
    return [L.Conv2D(8, 3, use_bias=False), L.BatchNormalization(**options), L.ReLU(), L.MaxPooling2D()]


STACKS: dict[str, tuple[tuple[int, ...], int, Layers]] = {  # name -> input shape, rows of a batch, layers
    "alone": (IMAGE, 8, lambda L: [L.BatchNormalization()]),
    "a vector": ((7,), 8, lambda L: [L.Dense(9), L.BatchNormalization(), L.Activation("tanh")]),
    "rows of one image": (IMAGE, 1, lambda L: block(L)),
    "one row of a vector": ((7,), 1, lambda L: [L.Dense(9), L.BatchNormalization()]),
    "of rank 3": ((4, 5), 8, lambda L: [L.BatchNormalization()]),
    "along the first axis": (IMAGE, 8, lambda L: [L.BatchNormalization(axis=1)]),
    "along the second axis": (IMAGE, 8, lambda L: [L.Conv2D(4, 3), L.BatchNormalization(2), L.ReLU()]),
    "along an axis from the end": ((4, 5), 8, lambda L: [L.BatchNormalization(axis=-2, scale=False)]),
    "along the first axis, frozen": (IMAGE, 8, lambda L: [L.BatchNormalization(1, trainable=False)]),
    "behind a convolution": (IMAGE, 8, lambda L: block(L)),
    "without beta": (IMAGE, 8, lambda L: block(L, center=False)),
    "without gamma": (IMAGE, 8, lambda L: block(L, scale=False)),
    "momentum 0.5": (IMAGE, 8, lambda L: block(L, momentum=0.5)),
    "momentum 1": (IMAGE, 8, lambda L: block(L, momentum=1.0)),
    "epsilon 0.3": (IMAGE, 8, lambda L: block(L, epsilon=0.3)),
    "other initializers": (
        IMAGE,
        8,
        lambda L: block(L, beta_initializer="ones", gamma_initializer="zeros", moving_mean_initializer="ones"),
    ),
    "frozen": (IMAGE, 8, lambda L: block(L, trainable=False)),
    "two": (
        (9, 8, 2),
        8,
        lambda L: [
            L.Conv2D(6, 3, padding="same"),
            L.BatchNormalization(),
            L.ReLU(6.0),
            L.Conv2D(5, 3, strides=2),
            L.BatchNormalization(),
            L.ReLU(),
        ],
    ),
    "40 channels": (IMAGE, 33, lambda L: [L.Conv2D(40, 2), L.BatchNormalization(), L.LeakyReLU()]),
}


def normalization(keras: ModuleType, name: str) -> dict[str, Any]:
    shape, rows, layers = STACKS[name]
    random = random_of(name)
    L = keras.layers
    model = keras.Sequential([L.Input(shape), *layers(L), L.Flatten(), L.Dense(3, activation="softmax")])
    if name != "other initializers":
        set_random_weights(model, random)
        for layer in model.layers:
            if isinstance(layer, L.BatchNormalization):
                *others, variance = layer.get_weights()
                layer.set_weights([*others, np.abs(variance) + 0.5])
    else:
        for layer in model.layers:
            if isinstance(layer, L.Conv2D | L.Dense):
                set_random_weights(layer, random)
    x = (2 + 1.5 * random.standard_normal((20 * rows, *shape))).astype("float32")
    y = random.randint(0, 3, 20 * rows)
    model.compile(keras.optimizers.SGD(0.05, momentum=0.5), "sparse_categorical_crossentropy")
    before = model.predict(x[:9], verbose=0)
    losses = [model.train_on_batch(x[start : start + rows], y[start : start + rows])
              for start in range(0, len(x), rows)]  # fmt: skip
    return {
        "before": before,
        "losses": np.array(losses, "float64"),
        "weights": flat_weights(model),
        "after": model.predict(x[:9], verbose=0),
        "as in training": np.asarray(model(x[:9], training=True)),
        "params": model.count_params(),
        "trainable": len(model.trainable_weights),
    }


NORMALIZATION = {name: partial(normalization, name=name) for name in STACKS}
