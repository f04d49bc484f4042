"""A VGG for small images."""

from __future__ import annotations

from typing import Any

from fashioncnn.applications.parts import Application
from fashioncnn.applications.vgg import network
from fashioncnn.models import Model

__all__ = ["SmallVGG"]

BLOCKS = ((32, 2), (64, 2), (128, 2))
UNITS = (256,)


def SmallVGG(include_top: bool = True, weights: Any = None, input_tensor: Any = None, input_shape: Any = None,
             pooling: str | None = None, classes: int = 10, classifier_activation: Any = "softmax",
             name: str | None = "small_vgg") -> Model:
    """A VGG of 8 layers with weights, for images of some thirty pixels: three blocks and two dense layers.

    Keras does not have it. Arguments and errors as for `SmallResNet`.

    Shapes:
        input (N, H, W, C); output (N, classes), or (N, 128) with `pooling`, or (N, H / 8, W / 8, 128), rounded down.

    Example:
        >>> SmallVGG(input_shape=(28, 28, 1)).count_params()
        584170
    """
    application = Application("SmallVGG", include_top=include_top, weights=weights, input_tensor=input_tensor,
                              input_shape=input_shape, pooling=pooling, classes=classes, default_shape=(32, 32, 3))
    return network(application, BLOCKS, UNITS, classifier_activation, name)
