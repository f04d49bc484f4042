"""Layers. Names, arguments and defaults are Keras's; images have their channels last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fashioncnn import _lazily
from fashioncnn.utils import absent
from fashioncnn.utils.registry import LAYERS

with _lazily.imports(__name__):
    from fashioncnn.layers.activation import ELU, Activation, LeakyReLU, ReLU, Softmax
    from fashioncnn.layers.activity_regularization import ActivityRegularization
    from fashioncnn.layers.batch_normalization import BatchNormalization
    from fashioncnn.layers.conv1d import Conv1D
    from fashioncnn.layers.conv1d import Conv1D as Convolution1D
    from fashioncnn.layers.conv1d_transpose import Conv1DTranspose
    from fashioncnn.layers.conv1d_transpose import Conv1DTranspose as Convolution1DTranspose
    from fashioncnn.layers.conv2d import Conv2D
    from fashioncnn.layers.conv2d import Conv2D as Convolution2D
    from fashioncnn.layers.conv2d_transpose import Conv2DTranspose
    from fashioncnn.layers.conv2d_transpose import Conv2DTranspose as Convolution2DTranspose
    from fashioncnn.layers.dense import Dense
    from fashioncnn.layers.depthwise_conv1d import DepthwiseConv1D
    from fashioncnn.layers.depthwise_conv2d import DepthwiseConv2D
    from fashioncnn.layers.dropout import (
        AlphaDropout,
        Dropout,
        GaussianDropout,
        GaussianNoise,
        SpatialDropout1D,
        SpatialDropout2D,
    )
    from fashioncnn.layers.feature_normalization import Normalization
    from fashioncnn.layers.input import Input, InputLayer
    from fashioncnn.layers.lambda_layer import Lambda
    from fashioncnn.layers.layer import Layer
    from fashioncnn.layers.margins import Cropping1D, Cropping2D, ZeroPadding1D, ZeroPadding2D
    from fashioncnn.layers.merging import (
        Add,
        Average,
        Concatenate,
        Dot,
        Maximum,
        Minimum,
        Multiply,
        Subtract,
        add,
        average,
        concatenate,
        dot,
        maximum,
        minimum,
        multiply,
        subtract,
    )
    from fashioncnn.layers.mixing import CutMix, MixUp
    from fashioncnn.layers.normalization import (
        GroupNormalization,
        LayerNormalization,
        RMSNormalization,
        UnitNormalization,
    )
    from fashioncnn.layers.pooling import AveragePooling2D, GlobalAveragePooling2D, GlobalMaxPooling2D, MaxPooling2D
    from fashioncnn.layers.pooling import AveragePooling2D as AvgPool2D
    from fashioncnn.layers.pooling import GlobalAveragePooling2D as GlobalAvgPool2D
    from fashioncnn.layers.pooling import GlobalMaxPooling2D as GlobalMaxPool2D
    from fashioncnn.layers.pooling import MaxPooling2D as MaxPool2D
    from fashioncnn.layers.pooling1d import AveragePooling1D, GlobalAveragePooling1D, GlobalMaxPooling1D, MaxPooling1D
    from fashioncnn.layers.pooling1d import AveragePooling1D as AvgPool1D
    from fashioncnn.layers.pooling1d import GlobalAveragePooling1D as GlobalAvgPool1D
    from fashioncnn.layers.pooling1d import GlobalMaxPooling1D as GlobalMaxPool1D
    from fashioncnn.layers.pooling1d import MaxPooling1D as MaxPool1D
    from fashioncnn.layers.prelu import PReLU
    from fashioncnn.layers.random_values import RandomBrightness, RandomContrast, RandomErasing
    from fashioncnn.layers.random_views import RandomCrop, RandomFlip, RandomRotation, RandomTranslation, RandomZoom
    from fashioncnn.layers.resampling import CenterCrop, Resizing, UpSampling1D, UpSampling2D
    from fashioncnn.layers.rescaling import Rescaling
    from fashioncnn.layers.reshaping import Flatten, Identity, Permute, RepeatVector, Reshape
    from fashioncnn.layers.separable_conv1d import SeparableConv1D
    from fashioncnn.layers.separable_conv1d import SeparableConv1D as SeparableConvolution1D
    from fashioncnn.layers.separable_conv2d import SeparableConv2D
    from fashioncnn.layers.separable_conv2d import SeparableConv2D as SeparableConvolution2D

__all__ = [
    "ELU",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AlphaDropout",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AvgPool1D",
    "AvgPool2D",
    "BatchNormalization",
    "CenterCrop",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Cropping1D",
    "Cropping2D",
    "CutMix",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dot",
    "Dropout",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GroupNormalization",
    "Identity",
    "Input",
    "InputLayer",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPooling1D",
    "MaxPooling2D",
    "Maximum",
    "Minimum",
    "MixUp",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomErasing",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Resizing",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "Subtract",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
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
        >>> from fashioncnn.layers import Dropout
        >>> deserialize(serialize(Dropout(0.5, name="half")))
        <Dropout name=half, built=True>
    """
    layer: Layer = LAYERS.deserialize(config, custom_objects)
    return layer


__getattr__ = absent.module_getattr(__name__)
__dir__ = absent.module_dir(__name__)
