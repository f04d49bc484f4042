"""Losses with a logarithm of each number."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from fashioncnn.losses.loss import EPSILON, FunctionLoss, aligned
from fashioncnn.utils.operators import of_tensors
from fashioncnn.utils.registry import LOSSES
from fashioncnn.utils.tensor import Tensor, tensor


@of_tensors("mean_squared_logarithmic_error", "fashioncnn.ops.losses")
def mean_squared_logarithmic_error(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """``mean((log(1 + target) - log(1 + prediction))**2)`` over the last axis; what is below 1e-7 counts as that.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> mean_squared_logarithmic_error([[0.0, 1.0]], [[1.0, 3.0]]).round(4)
        array([0.4805], dtype=float32)
    """
    target, prediction = aligned(y_true, y_pred)
    difference = np.log(np.maximum(prediction, EPSILON) + 1.0) - np.log(np.maximum(target, EPSILON) + 1.0)
    return tensor(np.square(difference).mean(axis=-1), None)


@of_tensors("log_cosh", "fashioncnn.ops.losses")
def log_cosh(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """``mean(log(cosh(prediction - target)))`` over the last axis: a square near 0, a straight line far away.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> log_cosh([[0.0, 1.0]], [[1.0, 1.0]]).round(4)
        array([0.2169], dtype=float32)
    """
    target, prediction = aligned(y_true, y_pred)
    distance = np.abs(prediction - target)
    return tensor((distance + (np.log1p(np.exp(-2.0 * distance)) - math.log(2.0))).mean(axis=-1), None)


@of_tensors("poisson", "fashioncnn.ops.losses")
def poisson(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """``mean(prediction - target * log(prediction + 1e-7))`` over the last axis, of rates and counts; NaN below 0.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> poisson([[0.0, 1.0]], [[1.0, 2.0]]).round(4)
        array([1.1534], dtype=float32)
    """
    target, prediction = aligned(y_true, y_pred)
    with np.errstate(invalid="ignore", divide="ignore"):
        return tensor((prediction - target * np.log(prediction + EPSILON)).mean(axis=-1), None)


@of_tensors("kl_divergence", "fashioncnn.ops.losses")
def kl_divergence(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """``sum(target * log(target / prediction))`` over the last axis; both are clipped to [1e-7, 1].

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).round(4)
        array([0.1438], dtype=float32)
    """
    target, prediction = aligned(y_true, y_pred)
    t, p = np.clip(target, EPSILON, 1), np.clip(prediction, EPSILON, 1)
    return tensor((t * np.log(t / p)).sum(axis=-1), None)


@LOSSES.register(function=mean_squared_logarithmic_error)
class MeanSquaredLogarithmicError(FunctionLoss):
    """``mean((log(1 + target) - log(1 + prediction))**2)``; numbers below 1e-7 count as that.

    Args:
        reduction: See `Loss`.
        name: A name for the loss.
        dtype: None or "float32".

    Shapes:
        y_true: (N, ..., C); y_pred: (N, ..., C).

    Example:
        >>> round(MeanSquaredLogarithmicError()([[0.0, 1.0]], [[1.0, 3.0]]), 4)
        0.4805
    """

    _function = mean_squared_logarithmic_error

    def __init__(self, reduction: str | None = "sum_over_batch_size",
                 name: str | None = "mean_squared_logarithmic_error", dtype: str | None = None) -> None:
        super().__init__(name, reduction, dtype)


@LOSSES.register(function=log_cosh)
class LogCosh(FunctionLoss):
    """``mean(log(cosh(prediction - target)))``.

    Args:
        reduction: See `Loss`.
        name: A name for the loss.
        dtype: None or "float32".

    Shapes:
        y_true: (N, ..., C); y_pred: (N, ..., C).

    Example:
        >>> round(LogCosh()([[0.0, 1.0]], [[1.0, 1.0]]), 4)
        0.2169
    """

    _function = log_cosh

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "log_cosh",
                 dtype: str | None = None) -> None:
        super().__init__(name, reduction, dtype)


@LOSSES.register(function=poisson)
class Poisson(FunctionLoss):
    """``mean(prediction - target * log(prediction + 1e-7))``, of predicted rates and counts.

    Args:
        reduction: See `Loss`.
        name: A name for the loss.
        dtype: None or "float32".

    Shapes:
        y_true: (N, ..., C); y_pred: (N, ..., C).

    Example:
        >>> round(Poisson()([[0.0, 1.0]], [[1.0, 2.0]]), 4)
        1.1534
    """

    _function = poisson

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "poisson",
                 dtype: str | None = None) -> None:
        super().__init__(name, reduction, dtype)


@LOSSES.register(function=kl_divergence)
class KLDivergence(FunctionLoss):
    """The Kullback-Leibler divergence, ``sum(target * log(target / prediction))``: see `kl_divergence`.

    Args:
        reduction: See `Loss`.
        name: A name for the loss.
        dtype: None or "float32".

    Shapes:
        y_true: (N, ..., C); y_pred: (N, ..., C).

    Example:
        >>> round(KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]), 4)
        0.1438
    """

    _function = kl_divergence

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "kl_divergence",
                 dtype: str | None = None) -> None:
        super().__init__(name, reduction, dtype)
