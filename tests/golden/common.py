"""What the golden cases share.

A case runs on Keras and on fashioncnn alike, whichever module it is given as `keras`. It returns a mapping: arrays,
which are compared within a tolerance, and everything else (names, texts, counts), which is compared exactly. Inputs,
labels and initial weights come from NumPy's legacy RandomState, whose numbers never change, so only results are stored.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

Case = Callable[[ModuleType], dict[str, Any]]


def random_of(name: str) -> np.random.RandomState:
    return np.random.RandomState(zlib.crc32(name.encode()))


def set_random_weights(model: Any, random: np.random.RandomState, scale: float = 0.5) -> None:
    model.set_weights([random.uniform(-scale, scale, w.shape).astype("float32") for w in model.get_weights()])


def flat_weights(model: Any) -> np.ndarray:
    return np.concatenate([np.ravel(w) for w in model.get_weights()])


def small_images(random: np.random.RandomState, count: int, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """(count, 6, 6, 1) images that a small network can tell apart, and their labels."""
    y = random.randint(0, classes, count)
    patterns = random.uniform(0, 1, (classes, 6, 6, 1))
    return (patterns[y] + 0.3 * random.standard_normal((count, 6, 6, 1))).astype("float32"), y


def small_network(
    keras: ModuleType, random: np.random.RandomState, units: int = 3, last: str | None = "softmax"
) -> Any:
    model = keras.Sequential(
        [
            keras.layers.Input((6, 6, 1)),
            keras.layers.Conv2D(3, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(units, activation=last),
        ]
    )
    set_random_weights(model, random)
    return model


def table(keras: ModuleType, values: np.ndarray, activation: str | None, **compile_options: Any) -> Any:
    """A compiled model whose predictions for the rows of an identity matrix are the rows of activation(values)."""
    rows, units = values.shape
    model = keras.Sequential(
        [
            keras.layers.Input((rows,)),
            keras.layers.Dense(units, activation=activation, use_bias=False),
        ]
    )
    model.compile(**compile_options)
    model.set_weights([values])
    return model


def targets(kind: str, rows: int, classes: int, random: np.random.RandomState) -> np.ndarray:
    if kind in ("labels", "column"):
        labels = random.randint(0, classes, rows)
        return labels[:, None] if kind == "column" else labels
    if kind == "one-hot":
        return np.eye(classes, dtype="float32")[random.randint(0, classes, rows)]
    if kind == "binary":
        return random.randint(0, 2, (rows, classes)).astype("float32")
    numbers = random.standard_normal((rows, classes))
    if kind == "soft":
        numbers = np.exp(numbers) / np.exp(numbers).sum(axis=1, keepdims=True)
    return numbers.astype("float32")
