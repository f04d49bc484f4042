"""Layers. Names, arguments and defaults are Keras's; images have their channels last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fashioncnn.layers.activation import ELU, Activation, LeakyReLU, ReLU, Softmax
from fashioncnn.layers.batch_normalization import BatchNormalization
from fashioncnn.layers.conv2d import Conv2D
from fashioncnn.layers.dense import Dense
from fashioncnn.layers.dropout import Dropout
from fashioncnn.layers.input import Input, InputLayer
from fashioncnn.layers.layer import Layer
from fashioncnn.layers.pooling import AveragePooling2D, GlobalAveragePooling2D, GlobalMaxPooling2D, MaxPooling2D
from fashioncnn.layers.rescaling import Rescaling
from fashioncnn.layers.reshaping import Flatten, Reshape, ZeroPadding2D
from fashioncnn.utils import absent
from fashioncnn.utils.registry import LAYERS

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
    "BatchNormalization",
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
    "ZeroPadding2D",
    "deserialize",
    "serialize",
]


def serialize(layer: Layer) -> dict[str, Any]:
    """A JSON-compatible description of a layer or a model in Keras's form; without weights."""
    return LAYERS.serialize(layer)


def deserialize(config: Mapping[str, Any], custom_objects: Mapping[str, type[Layer]] | None = None) -> Layer:
    """The layer, or the model, that `serialize` or Keras described; without weights.

    Raises:
        ArgumentError: If the config has an argument that the layer does not.
        ValueError: If the description is malformed or the class unknown.

    Example:
        >>> deserialize(serialize(Dropout(0.5, name="half")))
        <Dropout name=half, built=True>
    """
    layer: Layer = LAYERS.deserialize(config, custom_objects)
    return layer


__getattr__ = absent.module_getattr(__name__)
