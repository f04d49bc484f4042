"""Trains small networks and prints the SHA-256 of their weights as JSON: {"adam": {"1": "...", "2": ...}, ...}, by
optimizer, and for one of convolutions of other kinds.

Run by test_determinism.py in processes of its own, because FASHIONCNN_CPU is read once.
"""

from __future__ import annotations

import hashlib
import json
import sys
from functools import partial
from typing import Any

import numpy as np

import fashioncnn as keras
from fashioncnn.utils import registry

OPTIMIZERS = {name.lower(): cls for name, cls in registry.OPTIMIZERS.all_classes().items()} | {
    "adam": lambda: keras.optimizers.Adam(2e-3),
    "adam clipnorm": lambda: keras.optimizers.Adam(2e-3, clipnorm=0.1),
    "sgd": lambda: keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "rmsprop": lambda: keras.optimizers.RMSprop(1e-3, centered=True),
    "normalizations": lambda: keras.optimizers.Adam(2e-3),
}


def images(count: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.RandomState(11)
    return random.randint(0, 256, (count, 28, 28, 1)).astype("uint8"), random.randint(0, 10, count)


def network() -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.2),
            layers.Conv2D(40, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(50, activation="gelu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


def normalized_network() -> Any:
    """Layers that sum along rows and columns, with weights of all kinds of shapes."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(18, 3, strides=2),
            layers.GroupNormalization(3),
            layers.PReLU(shared_axes=[1, 2]),
            layers.Conv2D(20, 3, strides=2, activation="mish"),
            layers.LayerNormalization(),
            layers.GroupNormalization(-1, center=False),
            layers.PReLU(),
            layers.RMSNormalization(axis=[1, 2, 3]),
            layers.Dense(24, activation="glu"),
            layers.LayerNormalization(axis=[1, 3]),
            layers.PReLU(shared_axes=3),
            layers.UnitNormalization(axis=1),
            layers.Softmax(axis=(1, 3)),
            layers.Flatten(),
            layers.Dense(30, activation="hard_silu"),
            layers.LayerNormalization(),
            layers.Dense(10, activation="softmax"),
        ]
    )


NETWORKS = {"normalizations": normalized_network}


def batch_normalized_network() -> Any:
    """Batch normalization behind a convolution, a dense layer and a large one, whose images run as one block."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(17, 3, strides=2, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Conv2D(24, 3, padding="same"),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(6.0),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(50, use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("tanh"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def hash_of(model: Any) -> str:
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()


def train(optimizer: str, seed: int = 5) -> Any:
    """200 steps: 11 epochs of 17 batches and a short one, then two batches so large that they run in blocks."""
    keras.utils.set_random_seed(seed)
    model = NETWORKS.get(optimizer, network)()
    model.compile(OPTIMIZERS[optimizer](), "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = images(350)
    model.fit(x, y, batch_size=20, epochs=11, verbose=0)
    model.fit(x, y, batch_size=300, epochs=1, verbose=0)
    assert model.optimizer.iterations == 200
    return model


def train_convolutions() -> Any:
    """A few steps, in batches that run in one block and in several."""
    keras.utils.set_random_seed(6)
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.DepthwiseConv2D(5, strides=2, depth_multiplier=12, activation="relu"),
            layers.DepthwiseConv2D(3, padding="same"),
            layers.DepthwiseConv2D(3, padding="same", strides=2, activation="relu"),
            layers.DepthwiseConv2D((2, 3), dilation_rate=2, depth_multiplier=2),
            layers.Conv2D(16, 3, groups=2, padding="same", activation="relu"),
            layers.SeparableConv2D(20, 3, padding="same", activation="relu"),
            layers.Conv2DTranspose(9, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(11, 3, padding="same"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    x, y = images(150)
    for batch_size in (20, 120):
        model.fit(x, y, batch_size=batch_size, verbose=0)
    return model


def train_batch_normalized() -> Any:
    """Steps of 20, 7 and 300 images."""
    keras.utils.set_random_seed(5)
    model = batch_normalized_network()
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = images(350)
    x = (x / 255).astype("float32")
    model.fit(x, y, batch_size=20, epochs=2, verbose=0)
    model.fit(x[:21], y[:21], batch_size=7, epochs=2, verbose=0)
    model.fit(x, y, batch_size=300, epochs=2, verbose=0)
    return model


def main() -> None:
    trainings = {optimizer: partial(train, optimizer) for optimizer in OPTIMIZERS}
    trainings["convolutions"] = train_convolutions
    trainings["batch normalization"] = train_batch_normalized
    hashes: dict[str, dict[str, str]] = {}
    for name, training in trainings.items():
        for threads in sys.argv[1:]:
            keras.set_num_threads(int(threads))
            hashes.setdefault(name, {})[threads] = hash_of(training())
    print(json.dumps(hashes))


if __name__ == "__main__":
    main()
