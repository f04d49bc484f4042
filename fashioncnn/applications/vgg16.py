"""VGG16, as Keras has it.

Source: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", 2014.
"""

from __future__ import annotations

from typing import Any

from fashioncnn.applications.imagenet_utils import decode_predictions
from fashioncnn.applications.parts import Application
from fashioncnn.applications.vgg import network, preprocess_input
from fashioncnn.models import Model
from fashioncnn.utils import absent

__all__ = ["VGG16", "decode_predictions", "preprocess_input"]

BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
UNITS = (4096, 4096)


def VGG16(include_top: bool = True, weights: Any = "imagenet", input_tensor: Any = None, input_shape: Any = None,
          pooling: str | None = None, classes: int = 1000, classifier_activation: Any = "softmax",
          name: str | None = "vgg16") -> Model:
    """Keras's VGG of 16 layers with weights: five blocks of 3x3 convolutions and pools, and three dense layers.

    Arguments and errors as for `ResNet50`. For small images see `SmallVGG`.

    Shapes:
        input (N, H, W, C); output (N, classes), or (N, 512) with `pooling`, or (N, H / 32, W / 32, 512), rounded down,
        and at least 1.

    Example:
        >>> VGG16(include_top=False, weights=None, input_shape=(64, 64, 3)).output_shape
        (None, 2, 2, 512)
    """
    application = Application("VGG16", include_top=include_top, weights=weights, input_tensor=input_tensor,
                              input_shape=input_shape, pooling=pooling, classes=classes)
    return network(application, BLOCKS, UNITS, classifier_activation, name)


__getattr__ = absent.module_getattr(__name__)
