"""Models for the tests of files: made with Keras or with fashioncnn, trained, saved, loaded and trained on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

ROWS = 12
IMAGE = (8, 8, 2)
ENDINGS = (".keras", ".h5", ".weights.h5")


class Zoo(NamedTuple):
    """What a model is made of.

    Attributes:
        model: Makes it of the module ``keras``, not compiled.
        optimizer: Makes its optimizer.
        compile: Further arguments of `compile`.
        shape: Of an input, or shapes by name.
        labels: Whether the first output's targets are integers.
        endings: Of the files that Keras can write; fashioncnn can write all.
    """

    model: Callable[[Any], Any]
    optimizer: Callable[[Any], Any] = lambda k: k.optimizers.Adam(0.01)
    compile: Callable[[Any], dict[str, Any]] = lambda k: {"loss": "mse", "metrics": ["mae"]}
    shape: Any = IMAGE
    labels: bool = False
    endings: tuple[str, ...] = ENDINGS

    def compiled(self, k: Any) -> Any:
        """The model, compiled and not yet trained."""
        return self.compile_anew(k, self.model(k))

    def compile_anew(self, k: Any, model: Any) -> Any:
        """Gives a model a new optimizer, and returns it."""
        model.compile(optimizer=self.optimizer(k), **self.compile(k))
        return model

    def data(self, model: Any) -> tuple[Any, Any]:
        """Inputs and targets, always the same ones."""
        random = np.random.default_rng(7)
        shapes = self.shape if isinstance(self.shape, Mapping) else {"x": self.shape}
        x = {name: random.normal(size=(ROWS, *shape)).astype(np.float32) for name, shape in shapes.items()}
        outputs = model.output_shape if isinstance(model.output_shape, list) else [model.output_shape]
        y = [random.integers(0, shape[-1], ROWS) if self.labels and i == 0 else
             random.random((ROWS, *shape[1:])).astype(np.float32) for i, shape in enumerate(outputs)]
        return (x if isinstance(self.shape, Mapping) else x["x"]), (y if len(y) > 1 else y[0])


def chain(*layers: Callable[[Any], Any], shape: tuple[int, ...] = IMAGE) -> Callable[[Any], Any]:
    """A Sequential with an Input, and one number for each row in the end."""
    return lambda k: k.Sequential([k.Input(shape), *(layer(k.layers) for layer in layers), k.layers.Flatten(),
                                   k.layers.Dense(2)])


def _branches(k: Any) -> Any:
    image = k.Input(IMAGE, name="image")
    left = k.layers.Conv2D(3, 3, padding="same", activation="relu")(image)
    right = k.layers.Conv2D(3, 1, use_bias=False)(image)
    both = k.layers.Concatenate()([k.layers.Add()([left, right]), left])
    return k.Model(image, k.layers.Dense(3, activation="softmax")(k.layers.GlobalAveragePooling2D()(both)))


def _shared_layer(k: Any) -> Any:
    first, second = k.Input((5,), name="first"), k.Input((5,), name="second")
    dense = k.layers.Dense(4, activation="tanh")
    return k.Model({"first": first, "second": second},
                   k.layers.Dense(2)(k.layers.Subtract()([dense(first), dense(second)])))


def _nested(k: Any) -> Any:
    inner = k.Sequential([k.Input((4, 4, 3)), k.layers.Conv2D(2, 3), k.layers.BatchNormalization(),
                          k.layers.Flatten()])
    image = k.Input(IMAGE)
    x = inner(k.layers.Conv2D(3, 5)(image))
    core = k.Input((8,))
    body = k.Model(core, k.layers.Dense(4, activation="relu")(core), name="body")
    return k.Model(image, k.layers.Dense(2)(body(x)))


def _shared_between_models(k: Any) -> Any:
    dense = k.layers.Dense(5, name="common")
    first = k.Sequential([k.Input((5,)), dense, k.layers.Dense(3)])
    second = k.Sequential([k.Input((5,)), dense, k.layers.ReLU(), k.layers.Dense(3)])
    x = k.Input((5,))
    return k.Model(x, k.layers.Add()([first(x), second(x)]))


def _model_used_twice(k: Any) -> Any:
    body = k.Sequential([k.Input((5,)), k.layers.Dense(4, activation="relu"), k.layers.Dense(3)])
    first, second = k.Input((5,), name="first"), k.Input((5,), name="second")
    return k.Model([first, second], k.layers.Dense(1)(k.layers.Multiply()([body(first), body(second)])))


def _two_outputs(k: Any) -> Any:
    image = k.Input(IMAGE)
    x = k.layers.Flatten()(k.layers.MaxPooling2D()(k.layers.Conv2D(4, 3, activation="relu")(image)))
    return k.Model(image, [k.layers.Dense(3, activation="softmax", name="kind")(x), k.layers.Dense(1, name="size")(x)])


def _frozen(k: Any) -> Any:
    model = chain(lambda L: L.Conv2D(3, 3, trainable=False), lambda L: L.BatchNormalization())(k)
    model.layers[1].trainable = False
    return model


def _frozen_part(k: Any) -> Any:
    inner = k.Sequential([k.Input(IMAGE), k.layers.Conv2D(3, 3), k.layers.BatchNormalization(), k.layers.Flatten()])
    inner.layers[0].trainable = False
    return k.Sequential([k.Input(IMAGE), inner, k.layers.Dense(2)])


def _built_by_data(k: Any) -> Any:
    model = k.Sequential([k.layers.Dense(4, activation="relu"), k.layers.Dense(2)])
    model.build((None, 5))
    return model


CLASSES: dict[str, Any] = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
_small = chain(lambda L: L.Dense(4, activation="relu"), shape=(5,))


def _optimizer(make: Callable[[Any], Any]) -> Zoo:
    return Zoo(_small, make, shape=(5,))


def _schedule(make: Callable[[Any], Any]) -> Zoo:
    return _optimizer(lambda k: k.optimizers.SGD(make(k.optimizers.schedules)))


ZOO: dict[str, Zoo] = {
    "fashion network": Zoo(lambda k: k.Sequential([
        k.Input((28, 28, 1)), k.layers.Conv2D(4, 3, activation="relu"), k.layers.MaxPooling2D(), k.layers.Flatten(),
        k.layers.Dense(10, activation="softmax")]), compile=lambda k: CLASSES, shape=(28, 28, 1), labels=True),
    "convolutions": Zoo(chain(lambda L: L.Conv2D(4, 3, strides=2, padding="same", activation="gelu"),
                              lambda L: L.Conv2D(4, 3, dilation_rate=2, padding="same", groups=2))),
    "depthwise and separable": Zoo(chain(lambda L: L.DepthwiseConv2D(3, depth_multiplier=2),
                                         lambda L: L.SeparableConv2D(3, 3))),
    "transposed": Zoo(chain(lambda L: L.Conv2DTranspose(3, 3, strides=2, padding="same"))),
    "one axis": Zoo(chain(lambda L: L.Conv1D(4, 3), lambda L: L.MaxPooling1D(), lambda L: L.SeparableConv1D(3, 2),
                          lambda L: L.Conv1DTranspose(2, 3), shape=(16, 3)), shape=(16, 3)),
    "batch normalization": Zoo(chain(lambda L: L.Conv2D(4, 3, use_bias=False), lambda L: L.BatchNormalization(),
                                     lambda L: L.ReLU(6.0, 0.1))),
    "other normalizations": Zoo(chain(lambda L: L.Conv2D(4, 3), lambda L: L.GroupNormalization(2),
                                      lambda L: L.LayerNormalization(), lambda L: L.RMSNormalization())),
    "activations": Zoo(chain(lambda L: L.Conv2D(4, 3), lambda L: L.PReLU(shared_axes=[1, 2]),
                             lambda L: L.LeakyReLU(0.2), lambda L: L.ELU(), lambda L: L.Activation("swish"))),
    "pools and margins": Zoo(chain(lambda L: L.ZeroPadding2D(((1, 0), (2, 1))), lambda L: L.Conv2D(3, 3),
                                   lambda L: L.AveragePooling2D(3, 2, "same"), lambda L: L.Cropping2D(1),
                                   lambda L: L.UpSampling2D(2))),
    "shapes": Zoo(chain(lambda L: L.Permute((3, 1, 2)), lambda L: L.Reshape((4, 32)), lambda L: L.Dense(3),
                        lambda L: L.Rescaling(2.0, 0.5))),
    "augmented": Zoo(chain(  # by what is always the same
        lambda L: L.Normalization(), lambda L: L.RandomTranslation((0.2, 0.2), (-0.1, -0.1), "wrap"),
        lambda L: L.RandomRotation((0.1, 0.1)), lambda L: L.RandomZoom((0.2, 0.2), fill_mode="constant"),
        lambda L: L.RandomBrightness((0.1, 0.1), (-3, 3)), lambda L: L.RandomContrast((-0.5, 0.5), (-9, 9)),
        lambda L: L.RandomErasing(0.0, seed=4), lambda L: L.CenterCrop(6, 7), lambda L: L.Conv2D(3, 3),
        lambda L: L.Normalization(mean=[0.1, 0.2, 0.3], variance=[1, 2, 3])), endings=(".keras", ".weights.h5")),
    "regularized": Zoo(chain(lambda L: L.Conv2D(4, 3, kernel_regularizer="l2", bias_regularizer="l1",
                                                kernel_constraint="max_norm"),
                             lambda L: L.ActivityRegularization(l2=0.01))),
    "initialized": Zoo(chain(lambda L: L.Conv2D(4, 3, kernel_initializer="he_normal", bias_initializer="ones"),
                             lambda L: L.Dense(3, kernel_initializer="orthogonal"))),
    "branches": Zoo(_branches, compile=lambda k: CLASSES, labels=True),
    "shared layer, dict of inputs": Zoo(_shared_layer, shape={"first": (5,), "second": (5,)}),
    "nested models": Zoo(_nested),
    "layer shared between models": Zoo(_shared_between_models, shape=(5,)),
    "model used twice": Zoo(_model_used_twice, shape={"first": (5,), "second": (5,)}),
    "two outputs": Zoo(_two_outputs, compile=lambda k: {
        "loss": {"kind": "sparse_categorical_crossentropy", "size": k.losses.Huber()},
        "loss_weights": {"kind": 1.0, "size": 0.5}, "metrics": {"kind": ["accuracy"], "size": ["mae"]},
        "weighted_metrics": {"kind": ["accuracy"]}}, labels=True),
    "two outputs, lists": Zoo(_two_outputs, compile=lambda k: {
        "loss": [k.losses.SparseCategoricalCrossentropy(), "mse"], "loss_weights": [2.0, 1.0],
        "metrics": [["accuracy"], [k.metrics.MeanAbsoluteError()]]}, labels=True),
    "frozen layers": Zoo(_frozen),
    "frozen part of a model": Zoo(_frozen_part),
    "built by data": Zoo(_built_by_data, shape=(5,)),
    "loss object": Zoo(_small, compile=lambda k: {"loss": k.losses.MeanSquaredError(), "weighted_metrics": ["mae"]},
                       shape=(5,)),
    "logits": Zoo(_small, compile=lambda k: {"loss": k.losses.SparseCategoricalCrossentropy(from_logits=True),
                                             "metrics": ["accuracy"]}, shape=(5,), labels=True),
    "Adam, amsgrad": _optimizer(lambda k: k.optimizers.Adam(0.01, amsgrad=True, clipnorm=1.0)),
    "AdamW": _optimizer(lambda k: k.optimizers.AdamW(0.01, weight_decay=0.1)),
    "Adam, average of weights": _optimizer(lambda k: k.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.9)),
    "Adam, averaged gradients": _optimizer(lambda k: k.optimizers.Adam(0.01, gradient_accumulation_steps=2)),
    "SGD": _optimizer(lambda k: k.optimizers.SGD(0.1)),
    "SGD, Nesterov": _optimizer(lambda k: k.optimizers.SGD(0.1, momentum=0.9, nesterov=True)),
    "RMSprop": _optimizer(lambda k: k.optimizers.RMSprop(0.01)),
    "RMSprop, centered": _optimizer(lambda k: k.optimizers.RMSprop(0.01, momentum=0.9, centered=True)),
    "Adagrad": _optimizer(lambda k: k.optimizers.Adagrad(0.1)),
    "Adadelta": _optimizer(lambda k: k.optimizers.Adadelta(1.0)),
    "Adamax": _optimizer(lambda k: k.optimizers.Adamax(0.01)),
    "Ftrl": _optimizer(lambda k: k.optimizers.Ftrl(0.1)),
    "Lion": _optimizer(lambda k: k.optimizers.Lion(0.01)),
    "CosineDecay": _schedule(lambda s: s.CosineDecay(0.1, 9, warmup_target=0.2, warmup_steps=2)),
    "ExponentialDecay": _schedule(lambda s: s.ExponentialDecay(0.1, 3, 0.5, staircase=True)),
    "PiecewiseConstantDecay": _schedule(lambda s: s.PiecewiseConstantDecay([2, 5], [0.1, 0.05, 0.01])),
    "PolynomialDecay": _schedule(lambda s: s.PolynomialDecay(0.1, 9)),
}
# Those that Keras wrote into tests/golden/files.
STORED = ("nested models", "two outputs", "shared layer, dict of inputs", "one axis", "frozen part of a model",
          "augmented", "CosineDecay")
