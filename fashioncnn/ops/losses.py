"""Keras's losses where code of users computes with them: see `fashioncnn.losses`, whose functions come here."""

from __future__ import annotations

import math
from typing import Any

from fashioncnn.losses.traced import same_ranks
from fashioncnn.ops import composed, nn
from fashioncnn.ops.elementwise import (
    absolute,
    cast,
    clip,
    exp,
    log,
    log1p,
    maximum,
    not_equal,
    square,
    subtract,
    where,
)
from fashioncnn.ops.reductions import mean, sum
from fashioncnn.ops.shapes import squeeze


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """See `losses.mean_squared_error`."""
    return mean(square(subtract(*same_ranks(y_true, y_pred))), axis=-1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """See `losses.mean_absolute_error`."""
    return mean(absolute(subtract(*same_ranks(y_true, y_pred))), axis=-1)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """See `losses.huber`."""
    error = absolute(subtract(*same_ranks(y_true, y_pred)))
    return mean(where(error <= delta, 0.5 * square(error), delta * error - 0.5 * delta**2), axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """See `losses.mean_absolute_percentage_error`."""
    y_true, y_pred = same_ranks(y_true, y_pred)
    return 100.0 * mean(absolute((y_true - y_pred) / maximum(absolute(y_true), nn.EPSILON)), axis=-1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """See `losses.mean_squared_logarithmic_error`."""
    first, second = (log(maximum(each, nn.EPSILON) + 1.0) for each in same_ranks(y_true, y_pred))
    return mean(square(first - second), axis=-1)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """See `losses.log_cosh`."""
    distance = absolute(subtract(*same_ranks(y_true, y_pred)))
    return mean(distance + log1p(exp(-2.0 * distance)) - math.log(2.0), axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Any:
    """See `losses.poisson`."""
    y_true, y_pred = same_ranks(y_true, y_pred)
    return mean(y_pred - y_true * log(y_pred + nn.EPSILON), axis=-1)


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """See `losses.kl_divergence`."""
    t, p = (clip(each, nn.EPSILON, 1.0) for each in same_ranks(y_true, y_pred))
    return sum(t * log(t / p), axis=-1)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """See `losses.cosine_similarity`."""
    first, second = (nn.normalize(each, axis, epsilon=1e-6) for each in same_ranks(y_true, y_pred))
    return -sum(first * second, axis=axis)


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """See `losses.dice`."""
    y_true, y_pred = same_ranks(y_true, y_pred)
    both = sum(y_true * y_pred, axis=axis)
    return 1.0 - 2.0 * both / (sum(y_true, axis=axis) + sum(y_pred, axis=axis) + nn.EPSILON)


def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Any:
    """See `losses.tversky`."""
    y_true, y_pred = same_ranks(y_true, y_pred)
    common = sum(y_true * y_pred, axis=axis)
    missed, wrong = sum(y_true * (1.0 - y_pred), axis=axis), sum((1.0 - y_true) * y_pred, axis=axis)
    return 1.0 - common / (common + alpha * missed + beta * wrong + nn.EPSILON)


def binary_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0,
                        axis: int = -1) -> Any:
    """See `losses.binary_crossentropy`."""
    y_true, y_pred = same_ranks(y_true, y_pred)
    smooth = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing if label_smoothing else y_true
    return mean(nn.binary_crossentropy(smooth, y_pred, from_logits), axis=axis)


def categorical_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0,
                             axis: int = -1) -> Any:
    """See `losses.categorical_crossentropy`."""
    smooth = y_true * (1.0 - label_smoothing) + label_smoothing / y_pred.shape[axis] if label_smoothing else y_true
    return nn.categorical_crossentropy(smooth, y_pred, from_logits, axis)


def sparse_categorical_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False,
                                    ignore_class: int | None = None, axis: int = -1) -> Any:
    """See `losses.sparse_categorical_crossentropy`."""
    if len(y_true.shape) == len(y_pred.shape) and y_true.shape[-1] == 1:
        y_true = squeeze(y_true, -1)
    found = composed.sparse_categorical_crossentropy(y_true, y_pred, from_logits, axis)
    return found if ignore_class is None else found * cast(not_equal(y_true, float(ignore_class)), "float32")
