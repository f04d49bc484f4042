"""Trains small networks and prints the SHA-256 of their weights as JSON: {"adam": {"1": "...", "2": ...}, ...}, by
optimizer, for networks of convolutions and normalizations, and for one around each layer that test_layers.py and
test_shape_layers.py have as an example.

Run by test_determinism.py in processes of its own, because FASHIONCNN_CPU is read once.
"""

from __future__ import annotations

import hashlib
import json
import sys
from functools import partial
from typing import Any

import numpy as np
import test_layers
import test_shape_layers

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


def train_large_convolutions() -> Any:
    """Convolutions whose gradients run by Winograd's algorithm and are summed in each of the ways: image by image, in
    four sums, over the uses of a layer, and in shards; in batches of one block, of two, and of several."""
    keras.utils.set_random_seed(7)
    layers = keras.layers
    x = layers.Input((28, 28, 1))
    y = layers.Conv2D(8, 3, padding="same", activation="relu", activity_regularizer="l1")(x)
    y = layers.Conv2D(8, 3, padding="same", activation="relu", kernel_regularizer="l2")(y)
    y = layers.AveragePooling2D(2)(y)
    y = layers.Conv2D(24, 3, activation="relu", kernel_constraint="max_norm")(y)
    shared = layers.Conv2D(24, 3, padding="same", bias_regularizer="l1")
    y = layers.Add()([shared(y), shared(layers.ReLU()(shared(y)))])
    y = layers.MaxPooling2D(2)(y)
    y = layers.Conv2D(128, 3, padding="same")(y)
    y = layers.Conv2D(128, 3, padding="same", activation="relu")(y)
    y = layers.GlobalAveragePooling2D()(y)
    model = keras.Model(x, [layers.Dense(10, activation="softmax", name="label")(y), layers.Dense(1, name="number")(y)])
    model.compile("sgd", ["sparse_categorical_crossentropy", "mse"], loss_weights=[1.0, 0.1])
    x, y = images(140)
    x = (x / 255).astype("float32")
    for batch_size in (33, 70, 140):
        model.fit(x, [y, y / 10], batch_size=batch_size, verbose=0)
    return model


EXAMPLES = [
    *((layer, [test_layers.IMAGE[1:]]) for layer, *_ in test_layers.EXAMPLES),
    *((layer, shapes) for layer, shapes, *_ in test_shape_layers.EXAMPLES),
]


def train_around(number: int) -> Any:
    """A copy of an example between dense layers, the first with penalties and a constraint."""
    keras.utils.set_random_seed(8)
    example, shapes = EXAMPLES[number]
    layers = keras.layers
    layer = layers.deserialize(layers.serialize(example))
    inputs = [layers.Input(shape) for shape in shapes]
    before = [layers.Dense(x.shape[-1], kernel_regularizer="l2", activity_regularizer="l1_l2",
                           kernel_constraint="max_norm")(x) for x in inputs]
    y = layer(before if layer.takes_several else before[0])
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(layers.Flatten()(y)))
    model.compile("adam", "sparse_categorical_crossentropy")
    random = np.random.RandomState(number)
    for images_of_batch in (20, 33, 70):
        x = [random.standard_normal((images_of_batch, *shape)).astype("float32") for shape in shapes]
        model.train_on_batch(x if len(x) > 1 else x[0], random.randint(0, 3, images_of_batch))
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
    trainings["large convolutions"] = train_large_convolutions
    trainings["batch normalization"] = train_batch_normalized
    for number, (layer, _) in enumerate(EXAMPLES):
        trainings[f"{type(layer).__name__}, example {number}"] = partial(train_around, number)
    hashes: dict[str, dict[str, str]] = {}
    for name, training in trainings.items():
        for threads in sys.argv[1:]:
            keras.set_num_threads(int(threads))
            hashes.setdefault(name, {})[threads] = hash_of(training())
    print(json.dumps(hashes))


if __name__ == "__main__":
    main()
