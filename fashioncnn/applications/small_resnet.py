"""ResNets for small images, of 6 n + 2 layers with weights: ResNet20, ResNet32, ResNet44, ResNet56, and any other.

Source: He et al., "Deep residual learning for image recognition", 2015, section 4.2.
"""

from __future__ import annotations

from typing import Any

from fashioncnn.applications import residual
from fashioncnn.applications.parts import Application
from fashioncnn.models import Model
from fashioncnn.utils import checks

__all__ = ["ResNet20", "ResNet32", "ResNet44", "ResNet56", "SmallResNet"]

FILTERS = (16, 32, 64)


def SmallResNet(depth: int, include_top: bool = True, weights: Any = None, input_tensor: Any = None,
                input_shape: Any = None, pooling: str | None = None, classes: int = 10,
                classifier_activation: Any = "softmax", name: str | None = None) -> Model:
    """A ResNet of `depth` layers with weights, for images of some thirty pixels.

    A 3x3 convolution, and three stacks of n blocks of two 3x3 convolutions with 16, 32 and 64 channels, of which the
    second and the third halve height and width; then the mean of each channel, and a dense layer. Shortcuts have no
    weights: where channels become more, zeros are added. Keras does not have it.

    Args:
        depth: 6 n + 2: 8, 14, 20, ...
        include_top: Whether the network ends in classes; if not, in the images of its last block.
        weights: None: random ones; or a file that `save_weights` of the same network wrote.
        input_tensor: What the network is applied to, in the place of an `Input`: what `Input` or a layer returned.
        input_shape: (height, width, channels): at least 28x28 pixels, and any number of channels; None: (32, 32, 3).
            Not looked at where there is an `input_tensor`.
        pooling: Without a top: None, or "avg" or "max" for the mean or the largest number of each channel.
        classes: How many classes there are, with a top.
        classifier_activation: The activation of the top: None gives logits.
        name: The model's name; None: "resnet20" for a depth of 20.

    Shapes:
        input (N, H, W, C); output (N, classes), or (N, 64) with `pooling`, or (N, H / 4, W / 4, 64), rounded up.

    Raises:
        ArgumentError: If an argument has the wrong type.
        ValueError: If one is out of range, or there are no such weights.

    Example:
        >>> SmallResNet(14, input_shape=(28, 28, 1)).count_params()
        173146
    """
    if checks.integer("depth", depth, at_least=8) % 6 != 2:
        raise ValueError(f"SmallResNet: `depth` must be 6 n + 2: 8, 14, 20 and so on; got {depth}")
    application = Application("SmallResNet", include_top=include_top, weights=weights, input_tensor=input_tensor,
                              input_shape=input_shape, pooling=pooling, classes=classes, default_shape=(32, 32, 3))
    x = residual.relu(residual.normalized(application.images, FILTERS[0], 3, "conv1"), "conv1_relu")
    for number, filters in enumerate(FILTERS, 2):
        first = number == 2
        x = residual.stack(x, residual.basic, filters, depth // 6, 1 if first else 2,
                           None if first else residual.widening, f"conv{number}")
    return residual.finished(application, x, classifier_activation, name or f"resnet{depth}")


def ResNet20(include_top: bool = True, weights: Any = None, input_tensor: Any = None, input_shape: Any = None,
             pooling: str | None = None, classes: int = 10, classifier_activation: Any = "softmax",
             name: str | None = "resnet20") -> Model:
    """A ResNet of 20 layers with weights, for small images. Arguments, shapes and errors as for `SmallResNet`.

    Example:
        >>> model = ResNet20(input_shape=(28, 28, 1))
        >>> model.get_layer("conv4_block3_out").output.shape
        (None, 7, 7, 64)
    """
    return SmallResNet(20, include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation,
                       name)


def ResNet32(include_top: bool = True, weights: Any = None, input_tensor: Any = None, input_shape: Any = None,
             pooling: str | None = None, classes: int = 10, classifier_activation: Any = "softmax",
             name: str | None = "resnet32") -> Model:
    """A ResNet of 32 layers with weights, for small images. Arguments, shapes and errors as for `SmallResNet`."""
    return SmallResNet(32, include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation,
                       name)


def ResNet44(include_top: bool = True, weights: Any = None, input_tensor: Any = None, input_shape: Any = None,
             pooling: str | None = None, classes: int = 10, classifier_activation: Any = "softmax",
             name: str | None = "resnet44") -> Model:
    """A ResNet of 44 layers with weights, for small images. Arguments, shapes and errors as for `SmallResNet`."""
    return SmallResNet(44, include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation,
                       name)


def ResNet56(include_top: bool = True, weights: Any = None, input_tensor: Any = None, input_shape: Any = None,
             pooling: str | None = None, classes: int = 10, classifier_activation: Any = "softmax",
             name: str | None = "resnet56") -> Model:
    """A ResNet of 56 layers with weights, for small images. Arguments, shapes and errors as for `SmallResNet`."""
    return SmallResNet(56, include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation,
                       name)
