"""ResNets for large photographs: ResNet18, ResNet34, and Keras's ResNet50, ResNet101 and ResNet152.

Source: He et al., "Deep residual learning for image recognition", 2015.
"""

from __future__ import annotations

from typing import Any

from fashioncnn import layers
from fashioncnn.applications import imagenet_utils, residual
from fashioncnn.applications.imagenet_utils import decode_predictions
from fashioncnn.applications.parts import Application
from fashioncnn.models import Model
from fashioncnn.utils import absent

__all__ = ["ResNet18", "ResNet34", "ResNet50", "ResNet101", "ResNet152", "decode_predictions", "preprocess_input"]

FILTERS = (64, 128, 256, 512)


def ResNet18(include_top: bool = True, weights: Any = None, input_tensor: Any = None, input_shape: Any = None,
             pooling: str | None = None, classes: int = 1000, classifier_activation: Any = "softmax",
             name: str | None = "resnet18") -> Model:
    """A ResNet of 18 layers with weights: blocks of two 3x3 convolutions.

    Keras does not have it. Arguments, shapes and errors as for `ResNet50`.

    Example:
        >>> ResNet18(input_shape=(32, 32, 3), classes=10).count_params()
        11191242
    """
    return _resnet("ResNet18", residual.basic, (2, 2, 2, 2), include_top, weights, input_tensor, input_shape, pooling,
                   classes, classifier_activation, name)


def ResNet34(include_top: bool = True, weights: Any = None, input_tensor: Any = None, input_shape: Any = None,
             pooling: str | None = None, classes: int = 1000, classifier_activation: Any = "softmax",
             name: str | None = "resnet34") -> Model:
    """A ResNet of 34 layers with weights: blocks of two 3x3 convolutions.

    Keras does not have it. Arguments, shapes and errors as for `ResNet50`.
    """
    return _resnet("ResNet34", residual.basic, (3, 4, 6, 3), include_top, weights, input_tensor, input_shape, pooling,
                   classes, classifier_activation, name)


def ResNet50(include_top: bool = True, weights: Any = "imagenet", input_tensor: Any = None, input_shape: Any = None,
             pooling: str | None = None, classes: int = 1000, classifier_activation: Any = "softmax",
             name: str | None = "resnet50") -> Model:
    """Keras's ResNet of 50 layers with weights: blocks of a 1x1, a 3x3 and a 1x1 convolution.

    The first layers halve height and width twice, and the stacks of blocks three times more. For small images see
    `ResNet20`, which looks closer.

    Args:
        include_top: Whether the network ends in classes; if not, in the images of its last block.
        weights: None: random ones; or a file that `save_weights` of the same network wrote. "imagenet", which is the
            default as in Keras, is refused, as such weights do not come with fashioncnn.
        input_tensor: What the network is applied to, in the place of an `Input`: what `Input` or a layer returned.
        input_shape: (height, width, channels): at least 28x28 pixels, and any number of channels. None: (224, 224, 3),
            where there is a top. Not looked at where there is an `input_tensor`.
        pooling: Without a top: None, or "avg" or "max" for the mean or the largest number of each channel.
        classes: How many classes there are, with a top.
        classifier_activation: The activation of the top: None gives logits.
        name: The model's name.

    Shapes:
        input (N, H, W, C); output (N, classes), or (N, 2048) with `pooling`, or (N, H / 32, W / 32, 2048), rounded up.

    Raises:
        ArgumentError: If an argument has the wrong type.
        ValueError: If one is out of range, or there are no such weights.

    Example:
        >>> body = ResNet50(include_top=False, weights=None, input_shape=(28, 28, 1), pooling="avg")
        >>> body.output_shape
        (None, 2048)
    """
    return _resnet("ResNet50", residual.bottleneck, (3, 4, 6, 3), include_top, weights, input_tensor, input_shape,
                   pooling, classes, classifier_activation, name)


def ResNet101(include_top: bool = True, weights: Any = "imagenet", input_tensor: Any = None, input_shape: Any = None,
              pooling: str | None = None, classes: int = 1000, classifier_activation: Any = "softmax",
              name: str | None = "resnet101") -> Model:
    """Keras's ResNet of 101 layers with weights. Arguments, shapes and errors as for `ResNet50`."""
    return _resnet("ResNet101", residual.bottleneck, (3, 4, 23, 3), include_top, weights, input_tensor, input_shape,
                   pooling, classes, classifier_activation, name)


def ResNet152(include_top: bool = True, weights: Any = "imagenet", input_tensor: Any = None, input_shape: Any = None,
              pooling: str | None = None, classes: int = 1000, classifier_activation: Any = "softmax",
              name: str | None = "resnet152") -> Model:
    """Keras's ResNet of 152 layers with weights. Arguments, shapes and errors as for `ResNet50`."""
    return _resnet("ResNet152", residual.bottleneck, (3, 8, 36, 3), include_top, weights, input_tensor, input_shape,
                   pooling, classes, classifier_activation, name)


def _resnet(owner: str, block: residual.Block, counts: tuple[int, ...], include_top: bool, weights: Any,
            input_tensor: Any, input_shape: Any, pooling: Any, classes: int, classifier_activation: Any,
            name: str | None) -> Model:
    """A ResNet with so many blocks in each of its four stacks."""
    application = Application(owner, include_top=include_top, weights=weights, input_tensor=input_tensor,
                              input_shape=input_shape, pooling=pooling, classes=classes)
    as_keras = block is residual.bottleneck
    x = layers.ZeroPadding2D(3, name="conv1_pad")(application.images)
    x = residual.normalized(x, 64, 7, "conv1", 2, padding="valid", use_bias=as_keras)
    x = layers.ZeroPadding2D(1, name="pool1_pad")(residual.relu(x, "conv1_relu"))
    x = layers.MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    for number, (filters, count) in enumerate(zip(FILTERS, counts, strict=True), 2):
        first = number == 2
        shortcut = residual.projection_with_bias if as_keras else None if first else residual.projection
        x = residual.stack(x, block, filters, count, 1 if first else 2, shortcut, f"conv{number}")
    return residual.finished(application, x, classifier_activation, name)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels as Keras's trained ResNets want them: see `imagenet_utils.preprocess_input`, mode "caffe"."""
    return imagenet_utils.preprocess_input(x, data_format, "caffe")


__getattr__ = absent.module_getattr(__name__)
