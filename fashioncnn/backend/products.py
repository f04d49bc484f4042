"""Products of matrices, and what layers and losses do, as functions of arrays: `K.dot`, `K.softmax` and the like."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.backend import reductions
from fashioncnn.backend.conversion import array, floats, numbers, wrapped
from fashioncnn.backend.shapes import channels_last
from fashioncnn.config import epsilon
from fashioncnn.utils.operators import has_tensors, of_tensors, operation
from fashioncnn.utils.tensor import Tensor


@of_tensors("dot")
def dot(x: Any, y: Any) -> Tensor:
    """The product over the last axis of `x` and the last but one of `y`.

    Example:
        >>> dot([[1.0, 2.0]], [[3.0], [4.0]])
        array([[11.]], dtype=float32)
    """
    return wrapped(np.dot(array(x), array(y)))


def batch_dot(x: Any, y: Any, axes: Any = None) -> Tensor:
    """For each image the product over an axis of `x` and one of `y`.

    Args:
        x: (N, ...)
        y: (N, ...)
        axes: The axis, or one for each; None: the last of `x`, and of `y` the last but one, or the last if it has two.

    Raises:
        ValueError: If the arrays or axes do not fit.
    """
    left, right = array(x), array(y)
    if left.ndim < 2 or right.ndim < 2 or len(left) != len(right):
        raise ValueError(f"batch_dot() got arrays of shapes {left.shape} and {right.shape}; both must have at least 2 "
                         "axes, and as many images")
    if axes is None:
        axes = (left.ndim - 1, right.ndim - (1 if right.ndim == 2 else 2))
    first, second = (axes, axes) if isinstance(axes, int) else axes
    first, second = first % left.ndim, second % right.ndim
    if 0 in (first, second) or left.shape[first] != right.shape[second]:
        raise ValueError(f"batch_dot() got axes={axes} for arrays of shapes {left.shape} and {right.shape}; they must "
                         "have the same extent, and be other than 0")
    rows, columns = np.moveaxis(left, first, -1), np.moveaxis(right, second, 1)
    flat = np.matmul(rows.reshape(len(rows), math.prod(rows.shape[1:-1]), rows.shape[-1]),
                     columns.reshape(*columns.shape[:2], math.prod(columns.shape[2:])))
    return wrapped(flat.reshape((*rows.shape[:-1], *columns.shape[2:]) if left.ndim > 2 or right.ndim > 2
                                else (len(left), 1)))


def bias_add(x: Any, bias: Any, data_format: str | None = None) -> Tensor:
    """Adds a number for each channel, or one for each place and channel."""
    channels_last(data_format, "bias_add()")
    values, added = array(x), array(bias)
    if added.ndim not in (1, values.ndim - 1):
        raise ValueError(f"bias_add() got a bias of {added.ndim} axes; expected 1 or {values.ndim - 1}")
    return wrapped(values + added)


def batch_normalization(x: Any, mean: Any, var: Any, beta: Any, gamma: Any, axis: int = -1,
                        epsilon: float = 1e-3) -> Tensor:
    """``gamma * (x - mean) / sqrt(var + epsilon) + beta``; None leaves gamma or beta out."""
    scale = 1 / np.sqrt(floats(var, "batch_normalization") + epsilon)
    if gamma is not None:
        scale = scale * array(gamma)
    shifted = (array(x) - array(mean)) * scale
    return wrapped(shifted if beta is None else shifted + array(beta))


def l2_normalized(x: Any, axis: Any, least: float) -> Any:
    """``x / sqrt(sum(x**2))`` of tensors without numbers, where the sum is at least `least`."""
    size = operation("sum")(operation("square")(x), axis, True)
    return operation("multiply")(x, operation("rsqrt")(operation("maximum")(size, least)))


def l2_normalize(x: Any, axis: Any = None) -> Tensor:
    """``x / sqrt(sum(x**2))``, where the sum is at least 1e-12."""
    if has_tensors(x):
        return l2_normalized(x, axis, 1e-12)  # type: ignore[no-any-return]
    values = floats(x, "l2_normalize")
    return wrapped(values / np.sqrt(np.maximum(reductions.sum(np.square(values), axis, keepdims=True), 1e-12)))


def in_top_k(predictions: Any, targets: Any, k: int) -> Tensor:
    """Whether fewer than `k` classes are predicted to be likelier than the right one."""
    scores, classes = array(predictions), array(targets)
    right = np.take_along_axis(scores, classes[:, None].astype(np.int64), 1)
    return wrapped(((scores > right).sum(axis=1) < k) & np.isfinite(right[:, 0]))


@of_tensors("relu")
def relu(x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """``x`` above the threshold, at most `max_value`; below it ``alpha * (x - threshold)``."""
    values = numbers(x, "relu")
    above = np.where(values > threshold, values, 0)
    if max_value is not None:
        above = np.clip(above, 0, max_value)
    below = alpha * np.minimum(values - threshold, 0) if alpha else 0
    return wrapped((above + below).astype(values.dtype))


@of_tensors("elu")
def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """``x`` where it is positive, else ``alpha * (exp(x) - 1)``."""
    values = floats(x, "elu")
    return wrapped(np.where(values > 0, values, alpha * np.expm1(np.minimum(values, 0))).astype(values.dtype))


@of_tensors("sigmoid")
def sigmoid(x: Any) -> Tensor:
    """``1 / (1 + exp(-x))``"""
    values = floats(x, "sigmoid")
    small = np.exp(-np.abs(values))
    return wrapped(np.where(values >= 0, 1 / (1 + small), small / (1 + small)).astype(values.dtype))


def hard_sigmoid(x: Any) -> Tensor:
    """``0.2 * x + 0.5`` between 0 and 1, as Keras 1 and 2 had it."""
    values = floats(x, "hard_sigmoid")
    return wrapped(np.clip(values * values.dtype.type(0.2) + values.dtype.type(0.5), 0, 1))


@of_tensors("tanh")
def tanh(x: Any) -> Tensor:
    """The hyperbolic tangent."""
    return wrapped(np.tanh(floats(x, "tanh")))


@of_tensors("softplus")
def softplus(x: Any) -> Tensor:
    """``log(exp(x) + 1)``"""
    values = floats(x, "softplus")
    return wrapped(np.logaddexp(values, values.dtype.type(0)))


@of_tensors("softsign")
def softsign(x: Any) -> Tensor:
    """``x / (abs(x) + 1)``"""
    values = floats(x, "softsign")
    return wrapped(values / (np.abs(values) + 1))


@of_tensors("softmax")
def softmax(x: Any, axis: Any = -1) -> Tensor:
    """``exp(x) / sum(exp(x))``

    Raises:
        ValueError: If `x` has fewer than 2 axes.
    """
    values = floats(x, "softmax")
    if values.ndim < 2:
        raise ValueError(f"softmax() takes an array of at least 2 axes, got {values.ndim}")
    return wrapped(np.exp(_log_softmax(values, axis)))


def _log_softmax(values: NDArray[Any], axis: Any) -> NDArray[Any]:
    shifted = values - np.asarray(reductions.max(values, axis, keepdims=True))
    logs: NDArray[Any] = shifted - np.log(np.asarray(reductions.sum(np.exp(shifted), axis, keepdims=True)))
    return logs


def _clipped(probabilities: NDArray[Any]) -> NDArray[Any]:
    small = probabilities.dtype.type(epsilon())
    clipped: NDArray[Any] = np.clip(probabilities, small, 1 - small)
    return clipped


@of_tensors("binary_crossentropy")
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Tensor:
    """The crossentropy of each number, without a mean."""
    truth, values = array(target), floats(output, "binary_crossentropy")
    if from_logits:
        return wrapped(np.maximum(values, 0) - values * truth + np.log1p(np.exp(-np.abs(values))))
    values, small = _clipped(values), values.dtype.type(epsilon())
    return wrapped(-(truth * np.log(values + small) + (1 - truth) * np.log(1 - values + small)))


@of_tensors("categorical_crossentropy")
def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """The crossentropy of each image: ``-sum(target * log(output))``, where the outputs are made to add up to 1."""
    truth, values = array(target), floats(output, "categorical_crossentropy")
    if truth.shape != values.shape:
        raise ValueError(f"categorical_crossentropy() got a target of shape {truth.shape} for {values.shape}")
    logs = _log_softmax(values, axis) if from_logits \
        else np.log(_clipped(values / values.sum(axis=axis, keepdims=True)))
    return wrapped(-(truth * logs).sum(axis=axis))


@of_tensors("sparse_categorical_crossentropy")
def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """The crossentropy of each image, where the target has the numbers of the classes."""
    values = np.moveaxis(floats(output, "sparse_categorical_crossentropy"), axis, -1)
    logs = _log_softmax(values if from_logits else np.log(_clipped(values)), -1)
    classes = array(target).astype(np.int64).reshape(logs.shape[:-1])
    if classes.size and not 0 <= classes.min() <= classes.max() < logs.shape[-1]:
        raise ValueError(f"sparse_categorical_crossentropy() got labels from {classes.min()} to {classes.max()}; "
                         f"expected 0 to {logs.shape[-1] - 1}")
    return wrapped(-np.take_along_axis(logs, classes[..., None], -1)[..., 0])
