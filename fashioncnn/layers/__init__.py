"""Layers. Names, arguments and defaults are Keras's; images have their channels last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fashioncnn.layers.activation import ELU, Activation, LeakyReLU, ReLU, Softmax
from fashioncnn.layers.conv2d import Conv2D
from fashioncnn.layers.dense import Dense
from fashioncnn.layers.dropout import Dropout
from fashioncnn.layers.input import Input, InputLayer
from fashioncnn.layers.layer import Layer
from fashioncnn.layers.pooling import AveragePooling2D, GlobalAveragePooling2D, GlobalMaxPooling2D, MaxPooling2D
from fashioncnn.layers.rescaling import Rescaling
from fashioncnn.layers.reshaping import Flatten, Reshape, ZeroPadding2D
from fashioncnn.layers.variable import Variable
from fashioncnn.saving.registry import Registry

Convolution2D = Conv2D
MaxPool2D = MaxPooling2D
AvgPool2D = AveragePooling2D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalMaxPool2D = GlobalMaxPooling2D

__all__ = [
    "ELU",
    "Activation",
    "AveragePooling2D",
    "AvgPool2D",
    "Conv2D",
    "Convolution2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling2D",
    "GlobalAvgPool2D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling2D",
    "Input",
    "InputLayer",
    "Layer",
    "LeakyReLU",
    "MaxPool2D",
    "MaxPooling2D",
    "ReLU",
    "Rescaling",
    "Reshape",
    "Softmax",
    "Variable",
    "ZeroPadding2D",
    "deserialize",
    "serialize",
]

_registry: Registry[Layer] = Registry("layer", "keras.layers", Layer, [
    Activation, AveragePooling2D, Conv2D, Dense, Dropout, ELU, Flatten, GlobalAveragePooling2D, GlobalMaxPooling2D,
    InputLayer, LeakyReLU, MaxPooling2D, ReLU, Rescaling, Reshape, Softmax, ZeroPadding2D,
])


def serialize(layer: Layer) -> dict[str, Any]:
    """A JSON-compatible description of a layer or a model in Keras's form; without weights."""
    from fashioncnn.models import Sequential

    described = _registry.serialize(layer)
    return {**described, "module": "keras", "registered_name": None} if type(layer) is Sequential else described


def deserialize(config: Mapping[str, Any], custom_objects: Mapping[str, type[Layer]] | None = None) -> Layer:
    """The layer, or the model, that `serialize` or Keras described; without weights.

    Raises:
        TypeError: If the config has an argument that the layer does not.
        ValueError: If the description is malformed or the class unknown.

    Example:
        >>> deserialize(serialize(Dropout(0.5, name="half")))
        <Dropout name=half, built=False>
    """
    from fashioncnn.models import Sequential

    return _registry.deserialize(config, {"Sequential": Sequential, **(custom_objects or {})})


def __getattr__(name: str) -> Any:
    raise AttributeError(f"layer {name!r} is not supported by fashioncnn; supported: {', '.join(__all__)}")
