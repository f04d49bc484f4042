"""`tf.nn`: activations, losses of logits, and convolutions. Arguments and defaults are TensorFlow's.

The activations are those of `fashioncnn.activations`, which is also asked for all other names.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fashioncnn import activations
from fashioncnn._tf.math import in_top_k, l2_normalize, top_k
from fashioncnn.backend.conversion import array, floats, wrapped
from fashioncnn.random import drawn
from fashioncnn.utils import absent, checks
from fashioncnn.utils.operators import has_tensors, operation
from fashioncnn.utils.tensor import Tensor

__all__ = ["avg_pool", "avg_pool2d", "bias_add", "conv2d", "dropout", "elu", "gelu", "in_top_k", "l2_loss",
           "l2_normalize", "leaky_relu", "log_softmax", "max_pool", "max_pool2d", "moments", "relu", "relu6", "selu",
           "sigmoid", "sigmoid_cross_entropy_with_logits", "silu", "softmax", "softmax_cross_entropy_with_logits",
           "softplus", "softsign", "sparse_softmax_cross_entropy_with_logits", "swish", "tanh", "top_k"]


def relu(features: Any, name: str | None = None) -> Any:
    """``max(x, 0)``"""
    return activations.relu(features)


def relu6(features: Any, name: str | None = None) -> Any:
    """``min(max(x, 0), 6)``"""
    return activations.relu6(features)


def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Any:
    """``x`` where it is positive, else ``alpha * x``."""
    return activations.leaky_relu(features, alpha)


def elu(features: Any, name: str | None = None) -> Any:
    """``x`` where it is positive, else ``exp(x) - 1``."""
    return activations.elu(features)


def selu(features: Any, name: str | None = None) -> Any:
    """See `activations.selu`."""
    return activations.selu(features)


def gelu(features: Any, approximate: bool = False, name: str | None = None) -> Any:
    """See `activations.gelu`."""
    return activations.gelu(features, approximate)


def silu(features: Any, beta: float = 1.0) -> Any:
    """``x * sigmoid(beta * x)``"""
    return activations.silu(features) if beta == 1 else features * activations.sigmoid(beta * features)


swish = silu


def sigmoid(x: Any, name: str | None = None) -> Any:
    """``1 / (1 + exp(-x))``"""
    return activations.sigmoid(x)


def tanh(x: Any, name: str | None = None) -> Any:
    """The hyperbolic tangent."""
    return activations.tanh(x)


def softplus(features: Any, name: str | None = None) -> Any:
    """``log(1 + exp(x))``"""
    return activations.softplus(features)


def softsign(features: Any, name: str | None = None) -> Any:
    """``x / (1 + abs(x))``"""
    return activations.softsign(features)


def softmax(logits: Any, axis: int | None = None, name: str | None = None) -> Any:
    """Probabilities along an axis; None: the last."""
    return activations.softmax(logits, -1 if axis is None else axis)


def log_softmax(logits: Any, axis: int | None = None, name: str | None = None) -> Any:
    """Their logarithms."""
    return activations.log_softmax(logits, -1 if axis is None else axis)


def softmax_cross_entropy_with_logits(labels: Any, logits: Any, axis: int = -1, name: str | None = None) -> Tensor:
    """The loss of each row: ``-sum(labels * log_softmax(logits))``."""
    if has_tensors(labels, logits):
        return operation("categorical_crossentropy")(labels, logits, True, axis)  # type: ignore[no-any-return]
    scores = floats(logits, "softmax_cross_entropy_with_logits")
    losses = -array(labels).astype(scores.dtype) * np.asarray(activations.log_softmax(scores, axis))
    return wrapped(losses.sum(axis=axis))


def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any, name: str | None = None) -> Tensor:
    """The loss of each row, whose class is a number.

    Raises:
        ValueError: If a number is no class.
    """
    if has_tensors(labels, logits):
        return operation("sparse_categorical_crossentropy")(labels, logits, True)  # type: ignore[no-any-return]
    classes = array(labels).astype(np.int64)
    scores = np.asarray(activations.log_softmax(floats(logits, "sparse_softmax_cross_entropy_with_logits")))
    if classes.size and not 0 <= classes.min() <= classes.max() < scores.shape[-1]:
        raise ValueError(f"labels must be 0 to {scores.shape[-1] - 1}, got {classes.min()} to {classes.max()}")
    return wrapped(-np.take_along_axis(scores, classes[..., np.newaxis], -1)[..., 0])


def sigmoid_cross_entropy_with_logits(labels: Any = None, logits: Any = None, name: str | None = None) -> Tensor:
    """The loss of each number, of two classes."""
    if has_tensors(labels, logits):
        return operation("binary_crossentropy")(labels, logits, True)  # type: ignore[no-any-return]
    scores = floats(logits, "sigmoid_cross_entropy_with_logits")
    true = array(labels).astype(scores.dtype)
    return wrapped(np.maximum(scores, 0) - scores * true + np.log1p(np.exp(-abs(scores))))


def l2_loss(t: Any, name: str | None = None) -> Tensor:
    """``sum(t ** 2) / 2``"""
    numbers = floats(t, "l2_loss")
    return wrapped(np.square(numbers).sum() / numbers.dtype.type(2))


def moments(x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """The mean and the variance over axes."""
    return operation("moments")(x, axes, keepdims=keepdims)


def bias_add(value: Any, bias: Any, data_format: str | None = None, name: str | None = None) -> Any:
    """A number added to each channel."""
    checks.one_of("nn.bias_add()", "data_format", data_format, (None, "NHWC"))
    return value + bias


def dropout(x: Any, rate: float, noise_shape: Any = None, seed: int | None = None, name: str | None = None) -> Tensor:
    """Numbers set to 0 by chance, the others divided by ``1 - rate``; in models use `layers.Dropout`."""
    share = checks.number("rate", rate, at_least=0, below=1)
    values = floats(x, "dropout")
    kept = drawn(seed).random(values.shape if noise_shape is None else tuple(noise_shape)) >= share
    return wrapped(values * kept.astype(values.dtype) / values.dtype.type(1 - share))


def conv2d(input: Any, filters: Any, strides: Any, padding: str, data_format: str = "NHWC", dilations: Any = None,
           name: str | None = None) -> Any:
    """The convolution of images (N, H, W, C) with filters (height, width, C, outputs)."""
    checks.one_of("nn.conv2d()", "data_format", data_format, ("NHWC",))
    return operation("conv")(input, filters, _two("strides", strides), str(padding).lower(),
                             dilation_rate=1 if dilations is None else _two("dilations", dilations))


def max_pool2d(input: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NHWC",
               name: str | None = None) -> Any:
    """The largest number of each window."""
    checks.one_of("nn.max_pool2d()", "data_format", data_format, ("NHWC",))
    return operation("max_pool")(input, _two("ksize", ksize), _two("strides", strides), str(padding).lower())


def avg_pool2d(input: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NHWC",
               name: str | None = None) -> Any:
    """The mean of each window."""
    checks.one_of("nn.avg_pool2d()", "data_format", data_format, ("NHWC",))
    return operation("average_pool")(input, _two("ksize", ksize), _two("strides", strides), str(padding).lower())


def max_pool(input: Any, ksize: Any, strides: Any, padding: str, data_format: str | None = None,
             name: str | None = None) -> Any:
    """`max_pool2d`, by its other name."""
    return max_pool2d(input, ksize, strides, padding, data_format or "NHWC")


def avg_pool(input: Any, ksize: Any, strides: Any, padding: str, data_format: str | None = None,
             name: str | None = None) -> Any:
    """`avg_pool2d`, by its other name."""
    return avg_pool2d(input, ksize, strides, padding, data_format or "NHWC")


def _two(name: str, value: Any) -> tuple[int, int]:
    """The numbers for height and width of one number, of two, or of four for all axes."""
    given = [value] * 2 if np.ndim(value) == 0 else [*value] * 2 if len(value) == 1 else [*value]
    inner = given[1:3] if len(given) == 4 else given
    if len(inner) != 2 or (len(given) == 4 and (given[0], given[3]) != (1, 1)):
        raise checks.unsupported("nn", name, value, "one number, two, or four that begin and end with 1")
    return int(inner[0]), int(inner[1])


_of_tensorflow = absent.tensorflow_getattr(__name__, "nn")


def __getattr__(name: str) -> Any:
    if not name.startswith("_") and name in activations.__all__:
        return getattr(activations, name)
    return _of_tensorflow(name)
