"""VGG19, as Keras has it.

Source: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", 2014.
"""

from __future__ import annotations

from typing import Any

from fashioncnn.applications.imagenet_utils import decode_predictions
from fashioncnn.applications.parts import Application
from fashioncnn.applications.vgg import network, preprocess_input
from fashioncnn.models import Model
from fashioncnn.utils import absent

__all__ = ["VGG19", "decode_predictions", "preprocess_input"]

BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
UNITS = (4096, 4096)


def VGG19(include_top: bool = True, weights: Any = "imagenet", input_tensor: Any = None, input_shape: Any = None,
          pooling: str | None = None, classes: int = 1000, classifier_activation: Any = "softmax",
          name: str | None = "vgg19") -> Model:
    """Keras's VGG of 19 layers with weights. Arguments, shapes and errors as for `VGG16`."""
    application = Application("VGG19", include_top=include_top, weights=weights, input_tensor=input_tensor,
                              input_shape=input_shape, pooling=pooling, classes=classes)
    return network(application, BLOCKS, UNITS, classifier_activation, name)


__getattr__ = absent.module_getattr(__name__)
