"""Golden cases: what summary() prints."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any
from unittest import mock

from golden.common import random_of, small_images


def reference(L: Any) -> list[Any]:
    return [
        L.Input((28, 28, 1)),
        L.Conv2D(32, (3, 3), activation="relu"),
        L.MaxPooling2D(2, 2),
        L.Conv2D(64, (3, 3), activation="relu"),
        L.MaxPooling2D(2, 2),
        L.Flatten(),
        L.Dense(128, activation="relu"),
        L.Dense(10, activation="softmax"),
    ]


def every_layer(L: Any) -> list[Any]:
    return [
        L.Input((20, 20, 3)),
        L.Rescaling(1 / 255),
        L.ZeroPadding2D(2),
        L.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="stem"),
        L.Activation("gelu"),
        L.AveragePooling2D(2),
        L.Dropout(0.25),
        L.Conv2D(1000, 1, name="a_layer_with_a_rather_long_name_that_needs_more_room"),
        L.GlobalAveragePooling2D(),
        L.Reshape((10, -1)),
        L.Dense(3),
        L.Flatten(),
        L.Dense(2),
    ]


def unbuilt(L: Any) -> list[Any]:
    return [L.Conv2D(4, 3), L.Flatten(), L.Dense(2)]


SETS: dict[str, tuple[Callable[[Any], list[Any]], dict[str, Any]]] = {  # name -> layers, options of text_of
    "reference network": (reference, {}),
    "every layer": (every_layer, {}),
    "terminal of 80 columns": (every_layer, {"columns": 80}),
    "line_length 100": (every_layer, {"line_length": 100}),
    "show_trainable": (reference, {"show_trainable": True}),
    "not built": (unbuilt, {}),
    "no weights": (lambda L: [L.Input((4, 4, 1)), L.Flatten()], {}),
}


def text_of(model: Any, columns: int = 120, **options: Any) -> list[str]:
    """The lines that summary prints on a terminal of so many columns."""
    printed: list[str] = []
    with mock.patch.dict(os.environ, COLUMNS=str(columns)):
        model.summary(print_fn=lambda text, **ignored: printed.append(text), **options)
    return [line.rstrip() for line in "\n".join(printed).rstrip().split("\n")]


def summary(keras: ModuleType, name: str) -> dict[str, Any]:
    layers, options = SETS[name]
    keras.utils.clear_session()
    return {"text": text_of(keras.Sequential(layers(keras.layers)), **options)}


def trained(keras: ModuleType) -> dict[str, Any]:
    """After training the optimizer's variables are counted; a frozen layer's parameters are non-trainable."""
    keras.utils.clear_session()
    x, y = small_images(random_of("summary"), 8)
    layers = keras.layers
    stack = [layers.Input((6, 6, 1)), layers.Conv2D(3, 3), layers.Flatten(), layers.Dense(3)]
    model = keras.Sequential(stack, name="tiny")
    model.layers[0].trainable = False
    model.compile("adam", "mse")
    model.train_on_batch(x, y[:, None] * [1.0, 2.0, 3.0])
    return {"text": text_of(model)}


SUMMARIES = {name: partial(summary, name=name) for name in SETS} | {"trained, one layer frozen": trained}
