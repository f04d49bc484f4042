"""MobileNetV2, as Keras has it: residual blocks that are wide inside and narrow where they are added.

Source: Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", 2018.
"""

from __future__ import annotations

from typing import Any

from fashioncnn import layers
from fashioncnn.applications.imagenet_utils import decode_predictions
from fashioncnn.applications.mobilenet import preprocess_input
from fashioncnn.applications.parts import Application
from fashioncnn.layers.symbolic import KerasTensor
from fashioncnn.models import Model
from fashioncnn.utils import absent, checks

__all__ = ["MobileNetV2", "decode_predictions", "preprocess_input"]

# Output channels and strides of each block; the first one does not widen.
BLOCKS = ((16, 1), (24, 2), (24, 1), (32, 2), *[(32, 1)] * 2, (64, 2), *[(64, 1)] * 3, *[(96, 1)] * 3, (160, 2),
          *[(160, 1)] * 2, (320, 1))
WIDENING = 6
LAST = 1280


def MobileNetV2(input_shape: Any = None, alpha: float = 1.0, include_top: bool = True, weights: Any = "imagenet",
                input_tensor: Any = None, pooling: str | None = None, classes: int = 1000,
                classifier_activation: Any = "softmax", name: str | None = None) -> Model:
    """Keras's MobileNetV2: a 3x3 convolution, 17 inverted residual blocks, and a 1x1 convolution.

    A block is a 1x1 convolution that makes six times as many channels, a depthwise 3x3 one, and a 1x1 one that makes
    them few again, without an activation; its input is added where the shapes are the same. Arguments and errors as
    for `MobileNet`; a name of None is "mobilenetv2_1.00_224", with alpha and the height of `input_shape`.

    Shapes:
        input (N, H, W, C); output (N, classes), or (N, 1280) with `pooling`, or (N, H / 32, W / 32, 1280), rounded up;
        1280 alpha where alpha is above 1.

    Example:
        >>> MobileNetV2((28, 28, 1), alpha=0.35, weights=None, classes=10).count_params()
        422730
    """
    application = Application("MobileNetV2", include_top=include_top, weights=weights, input_tensor=input_tensor,
                              input_shape=input_shape, pooling=pooling, classes=classes)
    alpha = checks.number("alpha", alpha, above=0)
    x = layers.Conv2D(_by_eight(32 * alpha), 3, strides=2, padding="same", use_bias=False,
                      name="Conv1")(application.images)
    x = _normalized(x, "bn_Conv1", "Conv1_relu")
    for number, (filters, strides) in enumerate(BLOCKS):
        x = _block(x, _by_eight(int(filters * alpha)), strides, number)
    x = layers.Conv2D(_by_eight(LAST * max(alpha, 1.0)), 1, use_bias=False, name="Conv_1")(x)
    x = _normalized(x, "Conv_1_bn", "out_relu")
    if application.include_top:
        x = layers.GlobalAveragePooling2D()(x)
        x = layers.Dense(application.classes, activation=classifier_activation, name="predictions")(x)
    else:
        x = application.pooled(x)
    return application.model(x, name or f"mobilenetv2_{alpha:0.2f}_{application.shape[0]}")


def _normalized(x: KerasTensor, name: str, relu: str | None = None) -> KerasTensor:
    x = layers.BatchNormalization(epsilon=1e-3, momentum=0.999, name=name)(x)
    if relu is not None:
        x = layers.ReLU(6.0, name=relu)(x)
    return x


def _block(inputs: KerasTensor, filters: int, strides: int, number: int) -> KerasTensor:
    prefix = f"block_{number}" if number else "expanded_conv"
    channels = inputs.shape[-1] or 0
    x = inputs
    if number:
        x = layers.Conv2D(WIDENING * channels, 1, padding="same", use_bias=False, name=f"{prefix}_expand")(x)
        x = _normalized(x, f"{prefix}_expand_BN", f"{prefix}_expand_relu")
    if strides > 1:
        margins = tuple((int((extent or 0) % 2), 1) for extent in x.shape[1:3])
        x = layers.ZeroPadding2D(margins, name=f"{prefix}_pad")(x)
    x = layers.DepthwiseConv2D(3, strides=strides, padding="valid" if strides > 1 else "same", use_bias=False,
                               name=f"{prefix}_depthwise")(x)
    x = _normalized(x, f"{prefix}_depthwise_BN", f"{prefix}_depthwise_relu")
    x = layers.Conv2D(filters, 1, padding="same", use_bias=False, name=f"{prefix}_project")(x)
    x = _normalized(x, f"{prefix}_project_BN")
    return layers.Add(name=f"{prefix}_add")([inputs, x]) if channels == filters and strides == 1 else x


def _by_eight(channels: float) -> int:
    """The multiple of 8 next to `channels`: at least 8, and at least nine tenths of them."""
    near = max(8, int(channels + 4) // 8 * 8)
    return near + 8 if near < 0.9 * channels else near


__getattr__ = absent.module_getattr(__name__)
