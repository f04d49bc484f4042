"""Golden cases: the networks of `applications`, and what is done with a network that is there already.

Keras has no ResNet for small images: the cases on those build them of layers when they run on it, as He et al. describe
them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from golden.common import Case, flat_weights, random_of

ROWS = 4


def _set_weights(model: Any, random: np.random.RandomState) -> None:
    """Weights with which numbers keep their size from layer to layer: smaller ones where branches are added."""
    gain = 0.7 if any(type(layer).__name__ == "Add" for layer in model.layers) else 1.0
    values = []
    for weight in model.weights:
        shape = tuple(weight.shape)
        if weight.name.endswith("kernel"):
            taps = np.prod(shape[:2]) if "depthwise" in weight.path or "conv_dw" in weight.path else np.prod(shape[:-1])
            value = random.standard_normal(shape) * gain * np.sqrt(2 / taps)
        elif weight.name in ("gamma", "moving_variance"):
            value = random.uniform(0.6, 1.4, shape)
        else:
            value = random.uniform(-0.2, 0.2, shape)
        values.append(value.astype("float32"))
    model.set_weights(values)


def _structure(model: Any) -> dict[str, Any]:
    """What the network is made of: each layer with its name, its output, its weights and its settings."""
    lines = [[layer.name, type(layer).__name__, str(layer.output.shape), [tuple(w.shape) for w in layer.weights]]
             for layer in model.layers]
    settings = json.dumps([_settings(layer.get_config()) for layer in model.layers], sort_keys=True)
    return {"name": model.name, "layers": len(lines), "first": str(lines[:4]), "last": str(lines[-3:]),
            "params": model.count_params(), "digest": _digest(lines), "settings": _digest(settings)}


def _settings(config: dict[str, Any]) -> dict[str, Any]:
    """What is not None, and of objects the class."""
    return {key: value["class_name"] if isinstance(value, dict) else value for key, value in config.items()
            if value is not None}


def _digest(value: Any) -> str:
    return hashlib.sha256(str(value).encode()).hexdigest()[:16]


def _images(random: np.random.RandomState, shape: tuple[int, ...], count: int = ROWS) -> np.ndarray:
    return random.standard_normal((count, *shape)).astype("float32")


def _predicts(function: str, *arguments: Any, **options: Any) -> Case:
    """A network with seeded weights."""

    def case(keras: ModuleType) -> dict[str, Any]:
        keras.utils.clear_session()
        random = random_of(f"{function} {arguments} {options}")
        model = getattr(keras.applications, function)(*arguments, weights=None, **options)
        _set_weights(model, random)
        images = _images(random, model.input_shape[1:])
        return {**_structure(model), "predictions": model.predict(images, verbose=0)}

    return case


def _is_made_of(function: str, *arguments: Any, **options: Any) -> Case:
    """A network that is too large to run here."""

    def case(keras: ModuleType) -> dict[str, Any]:
        keras.utils.clear_session()
        return _structure(getattr(keras.applications, function)(*arguments, weights=None, **options))

    return case


def _on_a_tensor(keras: ModuleType) -> dict[str, Any]:
    """A body on the output of a layer: the model begins at the inputs behind it."""
    keras.utils.clear_session()
    random = random_of("on a tensor")
    image = keras.Input((40, 36, 4), name="image")
    colours = keras.layers.Conv2D(3, 2, strides=1, name="colours")(image)
    model = keras.applications.ResNet50(include_top=False, weights=None, input_tensor=colours, pooling="max")
    _set_weights(model, random)
    images = _images(random, (40, 36, 4))
    return {**_structure(model), "inputs": [tensor.name for tensor in model.inputs],
            "predictions": model.predict(images, verbose=0)}


def _residual(keras: ModuleType, depth: int, shape: tuple[int, ...], classes: int) -> Any:
    """He et al., section 4.2, with parameter-free shortcuts."""
    if hasattr(keras.applications, "SmallResNet"):
        return keras.applications.SmallResNet(depth, input_shape=shape, classes=classes)
    layers = keras.layers

    def convolution(x: Any, filters: int, strides: int, place: str) -> Any:
        x = layers.Conv2D(filters, 3, strides, "same", use_bias=False, kernel_initializer="he_normal",
                          name=f"{place}_conv")(x)
        return layers.BatchNormalization(axis=3, epsilon=1.001e-5, name=f"{place}_bn")(x)

    image = keras.Input(shape)
    x = layers.Activation("relu", name="conv1_relu")(convolution(image, 16, 1, "conv1"))
    for group, filters in ((2, 16), (3, 32), (4, 64)):
        for number in range(1, (depth - 2) // 6 + 1):
            place, shortcut, strides = f"conv{group}_block{number}", x, 1
            if group > 2 and number == 1:
                strides = 2
                shortcut = layers.MaxPooling2D(1, strides=2, name=f"{place}_0_pool")(x)
                shortcut = layers.Permute((1, 3, 2), name=f"{place}_0_turn")(shortcut)
                shortcut = layers.ZeroPadding2D(((0, 0), (0, filters // 2)), name=f"{place}_0_pad")(shortcut)
                shortcut = layers.Permute((1, 3, 2), name=f"{place}_0_back")(shortcut)
            x = layers.Activation("relu", name=f"{place}_1_relu")(convolution(x, filters, strides, f"{place}_1"))
            x = layers.Add(name=f"{place}_add")([shortcut, convolution(x, filters, 1, f"{place}_2")])
            x = layers.Activation("relu", name=f"{place}_out")(x)
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    return keras.Model(image, layers.Dense(classes, "softmax", name="predictions")(x), name=f"resnet{depth}")


def _small(depth: int, shape: tuple[int, ...], classes: int = 10) -> Case:
    def case(keras: ModuleType) -> dict[str, Any]:
        keras.utils.clear_session()
        random = random_of(f"small {depth} {shape}")
        model = _residual(keras, depth, shape, classes)
        _set_weights(model, random)
        return {**_structure(model), "predictions": model.predict(_images(random, shape), verbose=0)}

    return case


Head = Callable[[ModuleType, Any], Any]
COUNT = 24


def _transfers(make: Callable[[ModuleType], Any], head: Head, thaw: Callable[[Any], None]) -> Case:
    """Trains a head on a body that is frozen for two epochs, then parts of the body as well for two more."""

    def case(keras: ModuleType) -> dict[str, Any]:
        keras.utils.clear_session()
        random = random_of(f"transfer {make.__name__} {head.__name__} {thaw.__name__}")
        base = make(keras)
        _set_weights(base, random)
        base.trainable = False
        model = head(keras, base)
        _set_weights(model, random)
        images, labels = _images(random, base.input_shape[1:], COUNT), random.randint(0, 3, COUNT)
        frozen = flat_weights(base)
        histories = [_fit(keras, model, images, labels)]
        unchanged = bool((flat_weights(base) == frozen).all())
        trained = [len(model.trainable_weights)]
        thaw(base)
        trained.append(len(model.trainable_weights))
        histories.append(_fit(keras, model, images, labels))
        after = flat_weights(base)
        return {"history": np.array(histories), "unchanged": unchanged, "trained": trained,
                "moved": int((after != frozen).mean() * 10), "weights": after[::37],
                "predictions": model.predict(images, verbose=0)}

    return case


def _fit(keras: ModuleType, model: Any, images: np.ndarray, labels: np.ndarray) -> list[list[float]]:
    model.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(images, labels, batch_size=8, epochs=2, shuffle=False, verbose=0).history
    return [history["accuracy"], history["loss"]]


def _mobile(keras: ModuleType) -> Any:
    return keras.applications.MobileNet((32, 32, 3), alpha=0.25, include_top=False, weights=None, pooling="avg")


def _small_residual(keras: ModuleType) -> Any:
    return _residual(keras, 8, (28, 28, 1), 5)


def _in_inference(keras: ModuleType, base: Any) -> Any:
    """The body as one layer that is told to act as in inference."""
    image = keras.Input(base.input_shape[1:])
    features = base(image, training=False)
    return keras.Model(image, keras.layers.Dense(3, activation="softmax")(features))


def _in_training(keras: ModuleType, base: Any) -> Any:
    """The body as one layer, which normalizes by the batch's statistics where it is trained."""
    return keras.Sequential([keras.Input(base.input_shape[1:]), base, keras.layers.Dense(3, activation="softmax")])


def _other_head(keras: ModuleType, base: Any) -> Any:
    """The body's own layers, up to the last one but one."""
    features = base.layers[-2].output
    return keras.Model(base.input, keras.layers.Dense(3, activation="softmax", name="other")(features))


def _thaw_all(base: Any) -> None:
    base.trainable = True


def _thaw_kernels(base: Any) -> None:
    """All but the layers that normalize."""
    base.trainable = True
    for layer in base.layers:
        layer.trainable = type(layer).__name__ != "BatchNormalization"


def _thaw_last(base: Any) -> None:
    """The last ten layers, without those that normalize."""
    base.trainable = True
    for layer in base.layers:
        layer.trainable = layer in base.layers[-10:] and type(layer).__name__ != "BatchNormalization"


def _preprocesses(keras: ModuleType) -> dict[str, Any]:
    """Arrays of floats are written over, as the second entry of each shows."""
    random, utils = random_of("preprocess"), keras.applications.imagenet_utils
    floats = random.uniform(0, 255, (2, 3, 4, 3)).astype("float32")
    results = {}
    for mode in ("caffe", "tf", "torch"):
        for data_format in ("channels_last", "channels_first"):
            x = np.copy(floats) if data_format == "channels_last" else np.copy(np.moveaxis(floats, -1, 1))
            given = {"batch": x, "image": np.copy(x[0]), "bytes": x.astype("uint8"), "double": x.astype("float64")}
            for kind, value in given.items():
                prepared = utils.preprocess_input(value, data_format, mode)
                results[f"{mode} {data_format} {kind}"] = prepared
                results[f"{mode} {data_format} {kind} given"] = value
                results[f"{mode} {data_format} {kind} type"] = str(prepared.dtype)
    for module in ("mobilenet", "mobilenet_v2", "resnet", "resnet50", "vgg16", "vgg19"):
        results[module] = getattr(keras.applications, module).preprocess_input(np.copy(floats))
    return results


APPLICATION: dict[str, Case] = {
    "ResNet50": _predicts("ResNet50", input_shape=(32, 32, 3), classes=10),
    "ResNet50 without a top": _predicts("ResNet50", False, input_shape=(33, 47, 1), pooling="avg"),
    "ResNet50 on a tensor": _on_a_tensor,
    "ResNet101": _is_made_of("ResNet101", include_top=False, input_shape=(32, 32, 3)),
    "ResNet152": _is_made_of("ResNet152", include_top=False, input_shape=(64, 64, 3), pooling="max"),
    "VGG16": _predicts("VGG16", False, input_shape=(32, 32, 3), pooling="avg"),
    "VGG16 with a top": _is_made_of("VGG16", input_shape=(32, 32, 3), classes=10),
    "VGG19": _predicts("VGG19", False, input_shape=(45, 32, 1)),
    "MobileNet": _predicts("MobileNet", (32, 32, 3), classes=10),
    "MobileNet without a top": _predicts("MobileNet", (45, 64, 1), 0.5, 2, include_top=False, pooling="max"),
    "MobileNet with a quarter of the channels": _is_made_of("MobileNet", None, 0.25),
    "MobileNetV2": _predicts("MobileNetV2", (32, 32, 3), 0.35, classes=10, classifier_activation=None),
    "MobileNetV2 without a top": _predicts("MobileNetV2", (45, 64, 1), 0.75, include_top=False, pooling="avg"),
    "MobileNetV2 that is wider": _is_made_of("MobileNetV2", (96, 96, 3), 1.3, include_top=False),
    "ResNet20": _small(20, (28, 28, 1)),
    "ResNet14 of odd images": _small(14, (33, 29, 3), 7),
    "ResNet56": _small(56, (32, 32, 3)),
    "preprocess_input": _preprocesses,
    "a MobileNet in inference": _transfers(_mobile, _in_inference, _thaw_kernels),
    "the end of a MobileNet": _transfers(_mobile, _in_training, _thaw_last),
    "a small ResNet with another head": _transfers(_small_residual, _other_head, _thaw_last),
    "a small ResNet, all of it": _transfers(_small_residual, _in_training, _thaw_all),
}
