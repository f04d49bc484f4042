"""Small models which together have every type of node that can be written as C."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from fashioncnn import Input, Model, Sequential, activations, layers

ACTIVATIONS = ("celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh",
               "leaky_relu", "log_sigmoid", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink",
               "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "squareplus", "tanh", "tanh_shrink")


def reference() -> Model:
    return Sequential([
        Input((12, 12, 1)), layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(5, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(), layers.Dropout(0.5),
        layers.Dense(7, activation="relu"), layers.Dense(10, activation="softmax")])


def convolutions() -> Model:
    return Sequential([
        Input((11, 13, 6)), layers.GaussianNoise(0.1), layers.Conv2D(8, (3, 2), strides=(2, 1), padding="same"),
        layers.BatchNormalization(), layers.ReLU(max_value=1.0), layers.AlphaDropout(0.1),
        layers.Conv2D(10, 3, dilation_rate=(2, 3), padding="same", use_bias=False), layers.BatchNormalization(),
        layers.Conv2D(6, 2, groups=2), layers.MaxPooling2D((1, 2), padding="same"), layers.GaussianDropout(0.1),
        layers.DepthwiseConv2D(3, padding="same", activation="relu"),
        layers.DepthwiseConv2D(2, depth_multiplier=3), layers.BatchNormalization(),
        layers.SeparableConv2D(4, 3, activation="elu", activity_regularizer="l2")])


def transposed() -> Model:
    return Sequential([
        Input((4, 5, 3)), layers.Conv2DTranspose(6, 3, strides=2, padding="same"), layers.BatchNormalization(),
        layers.ReLU(), layers.Conv2DTranspose(4, (2, 3), strides=(3, 1)),
        layers.Conv2DTranspose(3, 4, strides=2, padding="same", output_padding=1, use_bias=False),
        layers.Conv2DTranspose(2, 2, dilation_rate=2)])


def sequences() -> Model:
    return Sequential([
        Input((12, 3)), layers.Conv1D(5, 3, padding="causal", dilation_rate=2), layers.BatchNormalization(),
        layers.ReLU(), layers.MaxPooling1D(2), layers.Conv1DTranspose(4, 3, strides=2), layers.UpSampling1D(2),
        layers.ZeroPadding1D((1, 2)), layers.Cropping1D((2, 0)), layers.AveragePooling1D(3, 2, padding="same"),
        layers.Dense(4, activation="tanh"), layers.GlobalAveragePooling1D(), layers.RepeatVector(3)])


def pools() -> Model:
    image = Input((9, 8, 3))
    return Model(image, [
        layers.MaxPooling2D(3, 2, padding="same")(image), layers.AveragePooling2D((2, 3), padding="same")(image),
        layers.AveragePooling2D(2, 3)(image), layers.GlobalMaxPooling2D()(image),
        layers.GlobalAveragePooling2D(keepdims=True)(image)])


def moved() -> Model:
    image = Input((6, 7, 3))
    return Model(image, [
        layers.Permute((2, 3, 1))(image), layers.Permute((3, 1, 2))(image),
        layers.Reshape((3, 7, 6))(image), layers.ZeroPadding2D(((1, 2), (0, 3)))(image),
        layers.Cropping2D(((1, 2), (3, 0)))(image), layers.UpSampling2D((2, 3))(image),
        layers.UpSampling2D(2, interpolation="bilinear")(image),
        *(layers.Resizing(height, width, interpolation=kind)(image)
          for kind in ("nearest", "bilinear", "bicubic", "lanczos3") for height, width in ((9, 5), (3, 11))),
        layers.Resizing(5, 5, pad_to_aspect_ratio=True, fill_value=0.5)(image), layers.Identity()(image), image])


def augmented() -> Model:
    image = Input((6, 7, 3))
    x = layers.RandomZoom(0.3)(layers.RandomRotation(0.2)(layers.RandomTranslation(0.1, 0.2)(image)))
    x = layers.RandomErasing()(layers.RandomContrast(0.2)(layers.RandomBrightness(0.2)(layers.RandomFlip()(x))))
    return Model(image, [
        layers.RandomCrop(4, 5)(x), layers.RandomCrop(7, 5)(x), layers.CenterCrop(3, 4)(x), layers.CenterCrop(8, 4)(x),
        layers.Normalization()(x), layers.Normalization((1, 3), invert=True)(x), layers.Normalization(None)(x),
        layers.Normalization(mean=[1, 2, 3], variance=[4, 0, 1])(x)])


def channels_first() -> Model:
    first = {"data_format": "channels_first"}
    return Sequential([
        Input((3, 8, 7)), layers.Conv2D(4, 3, activation="relu", **first), layers.MaxPooling2D(**first), layers.ReLU(),
        layers.ZeroPadding2D(1, **first), layers.Flatten(**first), layers.Dense(3)])


def merged() -> Model:
    image, row, number, column = Input((4, 5, 3)), Input((1, 1, 3)), Input((1, 1, 1)), Input((4, 1, 3))
    parts = [image, row]
    kinds = (layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum)
    outputs = [kind()(parts) for kind in kinds]
    outputs += [kind()([row, image]) for kind in kinds]
    outputs += [kind()([image, column]) for kind in kinds]
    outputs += [layers.Add()([number, image, image, column]), layers.Average()([image, image, image]),
                layers.Add()([column, row]), layers.ReLU()(layers.Add()([image, image])),
                layers.Concatenate(axis=1)([image, image]), layers.Concatenate()([image, outputs[0], outputs[1]])]
    return Model([image, row, number, column], outputs)


def products() -> Model:
    a, b, vector = Input((4, 5), name="a"), Input((3, 5), name="b"), Input((6,))
    return Model([a, b, vector], [layers.Dot(axes=2)([a, b]), layers.Dot(axes=2, normalize=True)([a, b]),
                                  layers.Dense(4, use_bias=False)(a), layers.Dense(3)(vector)])


def normalized() -> Model:
    image = Input((5, 4, 6))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        by_deviation = layers.LayerNormalization(rms_scaling=True)
    return Model(image, [
        layers.LayerNormalization()(image), layers.LayerNormalization(axis=(1, 2))(image),
        layers.LayerNormalization(axis=[1, 3], scale=False)(image), by_deviation(image),
        layers.GroupNormalization(3)(image), layers.RMSNormalization()(image), layers.UnitNormalization()(image),
        layers.BatchNormalization()(image), layers.BatchNormalization(axis=1)(image),
        layers.ReLU()(layers.BatchNormalization(center=False)(image))])


def along_axes() -> Model:
    image = Input((3, 4, 6))
    return Model(image, [
        layers.Softmax()(image), layers.Softmax(axis=1)(image), layers.Softmax(axis=[1, 3])(image),
        layers.Activation("log_softmax")(image), layers.Activation("sparsemax")(image),
        layers.Activation("glu")(image), layers.PReLU()(image), layers.PReLU(shared_axes=[1, 2])(image),
        layers.PReLU(shared_axes=[3])(image), layers.Rescaling(2.0, offset=-0.5)(image),
        layers.Rescaling([1.0, 2.0, 3.0, -1.0, 0.5, 0.0], offset=0.25)(image)])


def functions() -> Model:
    image = Input((5, 9))
    doubled = layers.Rescaling(3.0)(image)
    return Model(image, [layers.Activation(getattr(activations, name))(doubled) for name in ACTIVATIONS]
                 + [layers.ReLU(max_value=2.0, negative_slope=0.25, threshold=0.5)(doubled), layers.ELU(0.5)(doubled)])


def shared_and_nested() -> Model:
    first, second = Input((6, 6, 2), name="int"), Input((6, 6, 2), name="2nd half*")
    tower = Sequential([Input((6, 6, 2)), layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization(),
                        layers.GlobalMaxPooling2D()])
    sides = [tower(first), tower(second)]
    distance = layers.Subtract(name="main")(sides)
    return Model([first, second], [distance, layers.Dense(1, activation="sigmoid", name="output")(distance)])


ZOO: tuple[Callable[[], Model], ...] = (reference, convolutions, transposed, sequences, pools, moved, augmented,
                                        channels_first, merged, products, normalized, along_axes, functions,
                                        shared_and_nested)


def with_random_weights(make: Callable[[], Model], seed: int = 1) -> Model:
    """The model, with weights and statistics that differ from layer to layer."""
    random = np.random.RandomState(seed)
    model = make()
    for weight in model.weights:
        values = random.standard_normal(weight.shape) * (0.4 if len(weight.shape) > 1 else 0.7)
        weight.assign(np.abs(values) + 0.5 if "variance" in weight.name else values)
    return model


def random_inputs(model: Model, rows: int, seed: int = 2) -> list[np.ndarray[Any, Any]]:
    random = np.random.RandomState(seed)
    return [random.standard_normal((rows, *tensor.shape[1:])).astype(np.float32) for tensor in model.inputs]
