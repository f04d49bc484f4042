"""Golden cases: layers, models, activations and losses that users write, trained for 20 steps."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from golden.common import Case, flat_weights, random_of, set_random_weights

ROWS, CLASSES = 40, 3
Build = Callable[[ModuleType], Any]


def _trained(name: str, keras: ModuleType, model: Any, loss: Any = "sparse_categorical_crossentropy",
             y: str = "label", **options: Any) -> dict[str, Any]:
    """What a model for images (6, 6, 2) predicts before and after four epochs of five steps, and how it gets there."""
    random = random_of(name)
    x = random.standard_normal((ROWS, 6, 6, 2)).astype("float32")
    targets = {"label": random.randint(0, CLASSES, ROWS),
               "number": random.standard_normal((ROWS, CLASSES)).astype("float32"),
               "hot": np.eye(CLASSES, dtype="float32")[random.randint(0, CLASSES, ROWS)],
               "image": random.uniform(0, 1, (ROWS, 6, 6, 1)).astype("float32")}[y]
    model(x[:1])
    set_random_weights(model, random)
    for weight in model.weights:
        if weight.name == "moving_variance":
            weight.assign(np.abs(np.asarray(weight)) + 0.5)
    before = model.predict(x, verbose=0)
    model.compile(keras.optimizers.SGD(0.05, momentum=0.5), loss, metrics=["mae"] if y != "label" else ["accuracy"])
    history = model.fit(x, targets, batch_size=8, epochs=4, shuffle=False, verbose=0, **options).history
    keys = sorted(history)
    return {"keys": keys, "history": np.array([history[key] for key in keys]), "before": before,
            "after": model.predict(x, verbose=0), "weights": flat_weights(model),
            "names": [weight.name for weight in model.weights]}


def _with_layer(keras: ModuleType, layer: Any) -> Any:
    layers = keras.layers
    return keras.Sequential([
        keras.Input((6, 6, 2)), layers.Conv2D(4, 3), layer, layers.Flatten(), layers.Dense(CLASSES, "softmax")])


def _linear(keras: ModuleType) -> Any:
    ops = keras.ops

    class Linear(keras.layers.Layer):
        def __init__(self, units: int, **options: Any) -> None:
            super().__init__(**options)
            self.units = units

        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="random_normal", name="w")
            self.b = self.add_weight(shape=(self.units,), initializer="zeros", name="b",
                                     regularizer=keras.regularizers.L2(0.1))

        def call(self, inputs: Any) -> Any:
            return ops.tanh(ops.matmul(inputs, self.w) + self.b)

    return _with_layer(keras, Linear(5))


def _scaled(keras: ModuleType) -> Any:
    """Weights of every image shape, of one number, and one that is not trained."""
    ops = keras.ops

    class Scaled(keras.layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.map = self.add_weight(shape=input_shape[1:], initializer="ones", name="map")
            self.one = self.add_weight(shape=(), initializer="ones", name="one")
            self.fixed = self.add_weight(shape=(input_shape[-1],), initializer="ones", trainable=False, name="fixed")

        def call(self, inputs: Any) -> Any:
            return self.map * inputs - self.one / (1.5 + ops.square(self.fixed))

    return _with_layer(keras, Scaled())


def _tied(keras: ModuleType) -> Any:
    """One weight in two products, the second time transposed."""
    ops = keras.ops

    class Tied(keras.layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight(shape=(input_shape[-1], 6), name="w")

        def call(self, inputs: Any) -> Any:
            hidden = ops.sigmoid(ops.matmul(inputs, self.w))
            return ops.matmul(hidden, ops.transpose(self.w)) + inputs

    return _with_layer(keras, Tied())


def _convolution(keras: ModuleType) -> Any:
    """A kernel of the layer's own, normalized."""
    ops = keras.ops

    class Own(keras.layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.kernel_of_mine = self.add_weight(shape=(3, 3, input_shape[-1], 4), name="kernel")
            self.gain = self.add_weight(shape=(4,), initializer="ones", name="gain")

        def call(self, inputs: Any) -> Any:
            y = ops.conv(inputs, self.kernel_of_mine, 1, "same")
            return y * self.gain / (ops.std(y, axis=(1, 2), keepdims=True) + 0.1)

    return _with_layer(keras, Own())


def _blocks(keras: ModuleType) -> Any:
    """Layers of layers, in lists, one of them called twice."""
    layers, ops = keras.layers, keras.ops

    class Block(layers.Layer):
        def __init__(self, filters: int, **options: Any) -> None:
            super().__init__(**options)
            self.convolutions = [layers.Conv2D(filters, 3, padding="same", activation="relu") for _ in range(2)]
            self.norm = layers.BatchNormalization()

        def call(self, inputs: Any, training: Any = None) -> Any:
            y = inputs
            for convolution in self.convolutions:
                y = convolution(y)
            return ops.relu(self.norm(y, training=training) + inputs)

    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first = layers.Conv2D(4, 3)
            self.block = Block(4)
            self.flat = layers.Flatten()
            self.out = layers.Dense(CLASSES, activation="softmax")

        def call(self, inputs: Any, training: Any = None) -> Any:
            y = self.block(self.first(inputs), training=training)
            y = self.block(y, training=training)
            return self.out(self.flat(y))

    return Net()


def _squeeze_and_excite(keras: ModuleType) -> Any:
    layers, ops = keras.layers, keras.ops

    class Gate(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.down = layers.Dense(2, activation="relu")
            self.up = layers.Dense(input_shape[-1], activation="sigmoid")

        def call(self, inputs: Any) -> Any:
            gate = self.up(self.down(ops.mean(inputs, axis=(1, 2))))
            return inputs * gate[:, None, None, :]

    return _with_layer(keras, Gate())


def _attention(keras: ModuleType) -> Any:
    layers, ops = keras.layers, keras.ops

    class Attention(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.query, self.key, self.value = (layers.Dense(3, use_bias=False) for _ in range(3))

        def call(self, inputs: Any) -> Any:
            rows = ops.reshape(inputs, (-1, inputs.shape[1] * inputs.shape[2], inputs.shape[3]))
            scores = ops.einsum("bik,bjk->bij", self.query(rows), self.key(rows)) / 3.0**0.5
            return ops.matmul(ops.softmax(scores, axis=-1), self.value(rows))

    return _with_layer(keras, Attention())


def _by_training(keras: ModuleType) -> Any:
    class Half(keras.layers.Layer):
        def call(self, inputs: Any, training: Any = False) -> Any:
            if training:
                return inputs * 0.5
            return inputs + 1.0

    return _with_layer(keras, Half())


def _lambda(keras: ModuleType) -> Any:
    return _with_layer(keras, keras.layers.Lambda(lambda x, power: keras.ops.abs(x) ** power + x[:, ::-1],
                                                  arguments={"power": 1.5}))


def _activation(keras: ModuleType) -> Any:
    ops, layers = keras.ops, keras.layers

    def snake(x: Any) -> Any:
        return x + ops.square(ops.sin(x))

    return keras.Sequential([
        keras.Input((6, 6, 2)), layers.Conv2D(4, 3, activation=snake), layers.Activation(lambda x: x * ops.sigmoid(x)),
        layers.Flatten(), layers.Dense(CLASSES, "softmax")])


def _subclass(keras: ModuleType) -> Any:
    """A layer of Keras's with something added."""
    class Louder(keras.layers.Dense):
        def call(self, inputs: Any) -> Any:
            return 2 * super().call(inputs) + 1

    layers = keras.layers
    return keras.Sequential([keras.Input((6, 6, 2)), layers.Flatten(), Louder(8, activation="tanh"),
                             layers.Dense(CLASSES, "softmax")])


def _functional(keras: ModuleType) -> Any:
    """Operators and functions between layers."""
    layers, ops = keras.layers, keras.ops
    image = keras.Input((6, 6, 2))
    a = layers.Conv2D(4, 3)(image)
    b = ops.concatenate([ops.relu(a), -a], axis=-1)
    c = ops.max(b, axis=(1, 2)) + ops.mean(b, axis=(1, 2)) * 2
    return keras.Model(image, layers.Dense(CLASSES, "softmax")(ops.sqrt(ops.abs(c) + 0.1)))


def _plain(keras: ModuleType, last: str | None = None) -> Any:
    layers = keras.layers
    return keras.Sequential([keras.Input((6, 6, 2)), layers.Conv2D(4, 3, activation="relu"), layers.Flatten(),
                             layers.Dense(CLASSES, last)])


def _segments(keras: ModuleType) -> Any:
    layers = keras.layers
    return keras.Sequential([keras.Input((6, 6, 2)), layers.Conv2D(4, 3, padding="same", activation="relu"),
                             layers.Conv2D(1, 1, activation="sigmoid")])


def _huber(keras: ModuleType) -> Any:
    def huber_of_mine(y_true: Any, y_pred: Any) -> Any:
        error = keras.ops.abs(y_true - y_pred)
        return keras.ops.mean(keras.ops.where(error < 1, 0.5 * error**2, error - 0.5), axis=-1)

    return huber_of_mine


def _focal(keras: ModuleType) -> Any:
    def focal(y_true: Any, y_pred: Any) -> Any:
        p = keras.ops.clip(y_pred, 1e-7, 1 - 1e-7)
        return keras.ops.sum(-y_true * (1 - p) ** 2 * keras.ops.log(p), axis=-1)

    return focal


def _dice(keras: ModuleType) -> Any:
    def dice(y_true: Any, y_pred: Any) -> Any:
        both = keras.ops.sum(y_true * y_pred, axis=(1, 2, 3))
        return 1 - (2 * both + 1) / (keras.ops.sum(y_true + y_pred, axis=(1, 2, 3)) + 1)

    return dice


def _dice_of_all(keras: ModuleType) -> Any:
    """The spelling of most scripts: the numbers of all images in one axis."""
    ops = keras.ops

    def dice_of_all(y_true: Any, y_pred: Any) -> Any:
        first, second = ops.reshape(y_true, (-1,)), ops.reshape(y_pred, (-1,))
        return 1 - (2 * ops.sum(first * second) + 1) / (ops.sum(first) + ops.sum(second) + 1)

    return dice_of_all


def _correlation(keras: ModuleType) -> Any:
    """Numbers less their mean over the batch, divided by their deviation there."""
    ops = keras.ops

    def correlation(y_true: Any, y_pred: Any) -> Any:
        a, b = y_true - ops.mean(y_true, axis=0), y_pred - ops.mean(y_pred, axis=0, keepdims=True)
        spread = ops.sqrt(ops.sum(a * a) * ops.sum(b * b)) + 1e-3
        return 1 - ops.sum(a * b) / spread + 0.1 * ops.std(y_pred, axis=0)[0]

    return correlation


def _by_name(keras: ModuleType, name: str) -> Any:
    """A function of Keras's within one's own: it computes from the logits of softmax and sigmoid, also of the other."""
    return lambda y_true, y_pred: 0.7 * getattr(keras.losses, name)(y_true, y_pred)


def _normalized(keras: ModuleType) -> Any:
    """By what the batch is like, in training and in inference."""
    ops = keras.ops

    class Normalized(keras.layers.Layer):
        def call(self, inputs: Any) -> Any:
            mean, variance = ops.moments(inputs, axes=[0, 1, 2], keepdims=True)
            return (inputs - mean) * ops.rsqrt(variance + 1e-3)

    return _with_layer(keras, Normalized())


def _pixels(keras: ModuleType) -> Any:
    def pixels(y_true: Any, y_pred: Any) -> Any:
        return keras.ops.square(y_true - y_pred)

    return pixels


def _whole_batch(keras: ModuleType) -> Any:
    def whole(y_true: Any, y_pred: Any) -> Any:
        ops = keras.ops
        return ops.mean(ops.square(y_true - y_pred)) + 0.1 * ops.mean(ops.abs(y_pred)) / 2

    return whole


def _class(keras: ModuleType, **options: Any) -> Any:
    class Weighted(keras.losses.Loss):
        def __init__(self, factor: float, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.factor = factor

        def call(self, y_true: Any, y_pred: Any) -> Any:
            return self.factor * keras.ops.mean(keras.ops.log1p(keras.ops.square(y_true - y_pred)), axis=-1)

    return Weighted(0.7, **options)


def _penalizing(keras: ModuleType) -> Any:
    """What layers add to the loss: for their outputs, and for a weight."""
    ops = keras.ops

    class Penalizing(keras.layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")

        def call(self, inputs: Any) -> Any:
            y = inputs * self.factor
            self.add_loss(0.05 * ops.mean(ops.square(y)))
            self.add_loss(0.01 * ops.sum(ops.square(self.factor)))
            return y

    return _with_layer(keras, Penalizing())


_WEIGHTS = np.linspace(0.2, 1.8, ROWS).astype("float32")
_MODELS: dict[str, Build] = {
    "a dense layer": _linear, "weights of all shapes": _scaled, "a weight in two products": _tied,
    "a kernel": _convolution, "layers of layers": _blocks, "a gate": _squeeze_and_excite, "attention": _attention,
    "a branch by training": _by_training, "Lambda": _lambda, "activations": _activation, "a subclass": _subclass,
    "functions between layers": _functional, "add_loss": _penalizing, "by the batch": _normalized,
}


def _case(name: str, build: Build) -> Case:
    return lambda keras: _trained(name, keras, build(keras))


CUSTOM: dict[str, Case] = {
    **{name: _case(name, build) for name, build in _MODELS.items()},
    "a loss for numbers": lambda keras: _trained("huber", keras, _plain(keras), _huber(keras), "number"),
    "a loss for numbers, weighted": lambda keras: _trained(
        "huber weighted", keras, _plain(keras), _huber(keras), "number", sample_weight=_WEIGHTS),
    "a loss for probabilities": lambda keras: _trained("focal", keras, _plain(keras, "softmax"), _focal(keras), "hot"),
    "a loss of whole images": lambda keras: _trained("dice", keras, _segments(keras), _dice(keras), "image"),
    "a loss of pixels": lambda keras: _trained("pixels", keras, _segments(keras), _pixels(keras), "image"),
    "a loss of the batch": lambda keras: _trained("batch", keras, _plain(keras), _whole_batch(keras), "number"),
    "a dice loss of all images": lambda keras: _trained(
        "dice of all", keras, _segments(keras), _dice_of_all(keras), "image"),
    "a loss of what the batch is like": lambda keras: _trained(
        "correlation", keras, _plain(keras), _correlation(keras), "number"),
    "binary crossentropy of a softmax": lambda keras: _trained(
        "crossed", keras, _plain(keras, "softmax"), _by_name(keras, "binary_crossentropy"), "hot"),
    "categorical crossentropy of a sigmoid": lambda keras: _trained(
        "crossed too", keras, _plain(keras, "sigmoid"), _by_name(keras, "categorical_crossentropy"), "hot"),
    "a loss's class": lambda keras: _trained("class", keras, _plain(keras), _class(keras), "number"),
    "a loss's class, summed": lambda keras: _trained(
        "class summed", keras, _plain(keras), _class(keras, reduction="sum", name="mine"), "number"),
    "a loss that is validated": lambda keras: _trained(
        "validated", keras, _plain(keras), _huber(keras), "number", validation_split=0.25),
}
