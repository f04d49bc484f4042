"""Golden cases: models of connected layers, with several inputs and outputs, shared layers and models within models."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from golden.common import Case, flat_weights, random_of, set_random_weights

ROWS = 22
Data = dict[str, np.ndarray]
Build = Callable[[Any], Any]


def _data(random: np.random.RandomState) -> Data:
    return {
        "image": random.standard_normal((ROWS, 6, 6, 2)).astype("float32"),
        "side": random.standard_normal((ROWS, 4)).astype("float32"),
        "label": random.randint(0, 3, ROWS),
        "number": random.standard_normal((ROWS, 2)).astype("float32"),
    }


def _two_outputs(keras: ModuleType, inputs: Any, outputs: Callable[[Any, Any], Any]) -> Any:
    layers = keras.layers
    image, side = keras.Input((6, 6, 2), name="image"), keras.Input((4,), name="side")
    shared = layers.Dense(4, activation="tanh", name="shared")
    flat = layers.Flatten()(layers.Conv2D(3, 3, padding="same", activation="relu")(image))
    label = layers.Dense(3, activation="softmax", name="label")(flat)
    number = layers.Dense(2, name="number")(shared(shared(side)))
    return keras.Model(inputs(image, side), outputs(label, number))


def _two(keras: ModuleType) -> Any:
    return _two_outputs(keras, lambda image, side: [image, side], lambda label, number: [label, number])


def _dicts(keras: ModuleType) -> Any:
    return _two_outputs(keras, lambda image, side: {"side": side, "image": image},
                        lambda label, number: {"number": number, "label": label})


def _fitted(model: Any, x: Any, y: Any, random: np.random.RandomState, **options: Any) -> dict[str, Any]:
    history = model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0, **options).history
    keys = sorted(history)
    return {"keys": keys, "history": np.array([history[key] for key in keys]), "weights": flat_weights(model)}


def _trains_two_outputs(keras: ModuleType) -> dict[str, Any]:
    """Lists in, lists out: names of losses and metrics, weights of losses, validation."""
    random = random_of("two outputs")
    data, model = _data(random), _two(keras)
    set_random_weights(model, random)
    model.compile("sgd", ["sparse_categorical_crossentropy", "mse"], loss_weights=[1.0, 0.25],
                  metrics=[["accuracy"], ["mae", "mse"]])
    x, y = [data["image"], data["side"]], [data["label"], data["number"]]
    result = _fitted(model, x, y, random, validation_split=0.25)
    scores = model.evaluate(x, y, batch_size=5, verbose=0)
    named = model.evaluate(x, y, batch_size=5, verbose=0, return_dict=True)
    predictions = model.predict(x, verbose=0)
    return {**result, "scores": np.array(scores), "names": sorted(named), "output_names": list(model.output_names),
            "layers": [type(layer).__name__ for layer in model.layers], "label": predictions[0],
            "number": predictions[1]}


def _trains_by_name(keras: ModuleType) -> dict[str, Any]:
    """Dicts in, dicts out, with sample weights for each output."""
    random = random_of("by name")
    data, model = _data(random), _dicts(keras)
    set_random_weights(model, random)
    model.compile("adam", {"label": "sparse_categorical_crossentropy", "number": "mae"},
                  loss_weights={"label": 0.5, "number": 2.0}, weighted_metrics={"number": ["mse"]})
    weights = {name: random.uniform(0, 2, ROWS).astype("float32") for name in ("label", "number")}
    x = {"image": data["image"], "side": data["side"]}
    y = {"label": data["label"], "number": data["number"]}
    result = _fitted(model, x, y, random, sample_weight=weights)
    predictions = model.predict(x, verbose=0)
    return {**result, "keys of outputs": sorted(predictions), "number": predictions["number"]}


def _trains_one_of_two(keras: ModuleType) -> dict[str, Any]:
    """An output without a loss: what leads to it alone is not trained."""
    random = random_of("one of two")
    data, model = _data(random), _two(keras)
    set_random_weights(model, random)
    model.compile("sgd", [None, "mse"])
    return _fitted(model, [data["image"], data["side"]], [data["label"], data["number"]], random)


def _trains_within(keras: ModuleType) -> dict[str, Any]:
    """A model within a model, called twice, and its features."""
    random = random_of("within")
    layers = keras.layers
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(5, activation="relu"), layers.Dense(4)], name="inner")
    first, second = keras.Input((4,)), keras.Input((4,))
    both = layers.Add()([inner(first), inner(second)])
    model = keras.Model([first, second], layers.Dense(2)(both))
    set_random_weights(model, random)
    model.compile("sgd", "mse")
    x = [random.standard_normal((ROWS, 4)).astype("float32") for _ in range(2)]
    result = _fitted(model, x, random.standard_normal((ROWS, 2)).astype("float32"), random)
    features = keras.Model(inner.inputs, [layer.output for layer in inner.layers]).predict(x[0], verbose=0)
    return {**result, "features": features[0], "last": features[1], "count": model.count_params()}


def _starts_in_the_middle(keras: ModuleType) -> dict[str, Any]:
    """Models between tensors of another one have the same weights."""
    random = random_of("middle")
    data, model = _data(random), _two(keras)
    set_random_weights(model, random)
    flat = model.get_layer("label").input
    head = keras.Model(flat, model.get_layer("label").output)
    body = keras.Model(model.inputs[0], flat)
    features = body.predict(data["image"], verbose=0)
    return {"whole": model.predict([data["image"], data["side"]], verbose=0)[0],
            "parts": head.predict(features, verbose=0), "features": features}


FUNCTIONAL: dict[str, Case] = {
    "two inputs and two outputs": _trains_two_outputs,
    "inputs and outputs by name": _trains_by_name,
    "an output without a loss": _trains_one_of_two,
    "a model within a model, twice": _trains_within,
    "models between tensors of another": _starts_in_the_middle,
}
