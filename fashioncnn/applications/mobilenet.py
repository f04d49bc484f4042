"""MobileNet, as Keras has it: depthwise convolutions, and 1x1 convolutions between them.

Source: Howard et al., "MobileNets: efficient convolutional neural networks for mobile vision applications", 2017.
"""

from __future__ import annotations

from typing import Any

from fashioncnn import layers
from fashioncnn.applications import imagenet_utils
from fashioncnn.applications.imagenet_utils import decode_predictions
from fashioncnn.applications.parts import Application
from fashioncnn.layers.symbolic import KerasTensor
from fashioncnn.models import Model
from fashioncnn.utils import absent, checks

__all__ = ["MobileNet", "decode_predictions", "preprocess_input"]

# Output channels and strides of each block.
BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))


def MobileNet(input_shape: Any = None, alpha: float = 1.0, depth_multiplier: int = 1, dropout: float = 1e-3,
              include_top: bool = True, weights: Any = "imagenet", input_tensor: Any = None,
              pooling: str | None = None, classes: int = 1000, classifier_activation: Any = "softmax",
              name: str | None = None) -> Model:
    """Keras's MobileNet: a 3x3 convolution, and 13 blocks of a depthwise 3x3 and a 1x1 convolution.

    Args:
        input_shape: As for `ResNet50`.
        alpha: How wide it is: all numbers of channels are multiplied by it.
        depth_multiplier: How many channels a depthwise convolution makes of each.
        dropout: The rate of the dropout before the classes.
        include_top: As for `ResNet50`, and so are those that follow.
        weights: None, or a file.
        input_tensor: What the network is applied to, in the place of an `Input`.
        pooling: Without a top: None, "avg" or "max".
        classes: How many classes there are.
        classifier_activation: The activation of the top.
        name: The model's name; None: "mobilenet_1.00_224", with alpha and the height of `input_shape`.

    Shapes:
        input (N, H, W, C); output (N, classes), or (N, 1024 alpha) with `pooling`, or (N, H / 32, W / 32, 1024 alpha),
        about.

    Raises:
        ArgumentError: If an argument has the wrong type.
        ValueError: If one is out of range, or there are no such weights.

    Example:
        >>> body = MobileNet((28, 28, 1), alpha=0.25, include_top=False, weights=None)
        >>> body.output_shape
        (None, 1, 1, 256)
    """
    application = Application("MobileNet", include_top=include_top, weights=weights, input_tensor=input_tensor,
                              input_shape=input_shape, pooling=pooling, classes=classes)
    alpha = checks.number("alpha", alpha, above=0)
    x = layers.Conv2D(int(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="conv1")(application.images)
    x = _normalized(x, "conv1")
    for number, (filters, strides) in enumerate(BLOCKS, 1):
        x = _block(x, int(filters * alpha), depth_multiplier, strides, number)
    if application.include_top:
        x = layers.GlobalAveragePooling2D(keepdims=True)(x)
        x = layers.Dropout(dropout, name="dropout")(x)
        x = layers.Conv2D(application.classes, 1, padding="same", name="conv_preds")(x)
        x = layers.Reshape((application.classes,), name="reshape_2")(x)
        x = layers.Activation(classifier_activation, name="predictions")(x)
    else:
        x = application.pooled(x)
    return application.model(x, name or f"mobilenet_{alpha:0.2f}_{application.shape[0]}")


def _normalized(x: KerasTensor, name: str) -> KerasTensor:
    x = layers.BatchNormalization(name=f"{name}_bn")(x)
    x = layers.ReLU(6.0, name=f"{name}_relu")(x)
    return x


def _block(x: KerasTensor, filters: int, depth_multiplier: int, strides: int, number: int) -> KerasTensor:
    if strides > 1:
        # One more line and column at the end; a single pixel, of images below 32, gets them on both sides.
        margins = tuple((int(extent == 1), 1) for extent in x.shape[1:3])
        x = layers.ZeroPadding2D(margins, name=f"conv_pad_{number}")(x)
    x = layers.DepthwiseConv2D(3, strides=strides, padding="valid" if strides > 1 else "same",
                               depth_multiplier=depth_multiplier, use_bias=False, name=f"conv_dw_{number}")(x)
    x = _normalized(x, f"conv_dw_{number}")
    x = layers.Conv2D(filters, 1, padding="same", use_bias=False, name=f"conv_pw_{number}")(x)
    return _normalized(x, f"conv_pw_{number}")


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels as Keras's trained MobileNets want them: see `imagenet_utils.preprocess_input`, mode "tf"."""
    return imagenet_utils.preprocess_input(x, data_format, "tf")


__getattr__ = absent.module_getattr(__name__)
