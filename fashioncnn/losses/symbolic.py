"""The losses on tensors whose numbers are not known yet: what a loss of a user's may be made of."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any, TypeVar, cast

from fashioncnn.utils.operators import Operators, operation

F = TypeVar("F", bound=Callable[..., Any])


def also_symbolic(function: F) -> F:
    """Makes a function of arrays that of the same name here, where it is called on symbolic tensors."""
    @functools.wraps(function)
    def call(y_true: Any, y_pred: Any, *arguments: Any, **keywords: Any) -> Any:
        if isinstance(y_true, Operators) or isinstance(y_pred, Operators):
            symbolic = getattr(importlib.import_module(__name__), function.__name__)
            return symbolic(*same_rank(y_true, y_pred), *arguments, **keywords)
        return function(y_true, y_pred, *arguments, **keywords)

    return cast(F, call)


def same_rank(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Both tensors, a last axis of 1 added or taken away where their ranks differ by one, as Keras does."""
    if not hasattr(y_true, "shape") or not hasattr(y_pred, "shape"):
        return y_true, y_pred
    if len(y_true.shape) == len(y_pred.shape) + 1 and y_true.shape[-1] == 1:
        if len(y_pred.shape) == 1:
            return y_true, operation("expand_dims")(y_pred, -1)
        return operation("squeeze")(y_true, -1), y_pred
    if len(y_pred.shape) == len(y_true.shape) + 1 and y_pred.shape[-1] == 1:
        if len(y_true.shape) == 1:
            return operation("expand_dims")(y_true, -1), y_pred
        return y_true, operation("squeeze")(y_pred, -1)
    return y_true, y_pred


def reduced(reduction: str | None, values: Any, sample_weight: Any) -> Any:
    """The losses of images as `Loss` makes one number of them, or not."""
    if sample_weight is not None:
        if reduction == "mean_with_sample_weight":
            raise NotImplementedError("a loss with reduction='mean_with_sample_weight' takes no sample_weight within a "
                                      "loss of your own: divide by their sum yourself")
        values = operation("multiply")(*same_rank(values, sample_weight))
    if reduction in ("none", None):
        return values
    return operation("sum" if reduction == "sum" else "mean")(values)


def sparse_categorical_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: None = None,
                                    axis: int = -1) -> Any:
    from fashioncnn.losses.crossentropy import check_axis, check_ignore_class

    check_ignore_class("sparse_categorical_crossentropy", ignore_class)
    check_axis("sparse_categorical_crossentropy", axis)
    if len(y_true.shape) == len(y_pred.shape):
        y_true = operation("squeeze")(y_true, -1)
    hot = operation("one_hot")(y_true, y_pred.shape[-1])
    logits = y_pred if from_logits else _logarithms(y_pred, False)
    return -operation("sum")(hot * _logarithms(logits, True), axis=-1)


def categorical_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0,
                             axis: int = -1) -> Any:
    from fashioncnn.losses.crossentropy import check_axis

    check_axis("categorical_crossentropy", axis)
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + label_smoothing / y_pred.shape[-1]
    if not from_logits:
        y_pred = y_pred / operation("sum")(y_pred, axis=-1, keepdims=True)
    return -operation("sum")(y_true * _logarithms(y_pred, from_logits), axis=-1)


def _logarithms(y_pred: Any, from_logits: bool) -> Any:
    from fashioncnn.losses.loss import EPSILON

    if from_logits:
        return operation("log_softmax")(y_pred, axis=-1)
    return operation("log")(operation("clip")(y_pred, EPSILON, 1 - EPSILON))


def binary_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0,
                        axis: int = -1) -> Any:
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + 0.5 * label_smoothing
    return operation("mean")(operation("binary_crossentropy")(y_true, y_pred, from_logits), axis=axis)


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    return operation("mean")(operation("square")(y_true - y_pred), axis=-1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    return operation("mean")(operation("absolute")(y_true - y_pred), axis=-1)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    distance = operation("absolute")(y_pred - y_true)
    values = operation("where")(distance <= delta, 0.5 * operation("square")(distance),
                                delta * distance - 0.5 * delta**2)
    return operation("mean")(values, axis=-1)
