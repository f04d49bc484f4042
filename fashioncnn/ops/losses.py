"""Keras's losses where code of users computes with them: see `fashioncnn.losses`, whose functions come here."""

from __future__ import annotations

from typing import Any

from fashioncnn.losses.traced import same_ranks
from fashioncnn.ops import nn
from fashioncnn.ops.elementwise import absolute, cast, multiply, not_equal, square, subtract, where
from fashioncnn.ops.reductions import mean, sum
from fashioncnn.ops.shapes import one_hot, squeeze


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
    hot = one_hot(y_true, y_pred.shape[axis], axis)
    if not from_logits:
        found = nn.categorical_crossentropy(hot, y_pred, axis=axis)
    else:
        found = -sum(multiply(hot, nn.log_softmax(y_pred, axis)), axis)
    return found if ignore_class is None else found * cast(not_equal(y_true, float(ignore_class)), "float32")
