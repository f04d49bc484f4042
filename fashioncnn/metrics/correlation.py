"""How predictions and targets go together."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fashioncnn.losses.loss import EPSILON, aligned, whole_axis
from fashioncnn.metrics.reduction import MeanMetricWrapper
from fashioncnn.utils.registry import METRICS
from fashioncnn.utils.tensor import Tensor, tensor


def pearson_correlation(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Tensor:
    """``mean(t * p)`` along an axis, of targets and predictions less their means, divided by their deviations; NaN
    where one of them is always the same.

    Args:
        y_true: Targets.
        y_pred: Predictions of the same shape.
        axis: Along it.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> pearson_correlation([[0.0, 1.0, 0.5]], [[0.25, 1.0, 1.0]]).round(4)
        array([0.866], dtype=float32)
    """
    target, prediction = aligned(y_true, y_pred)
    t, p = target - target.mean(axis=axis, keepdims=True), prediction - prediction.mean(axis=axis, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        t, p = t / t.std(axis=axis, keepdims=True), p / p.std(axis=axis, keepdims=True)
        return tensor((t * p).mean(axis=axis), None)


def concordance_correlation(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Tensor:
    """``2 * covariance / (variance of targets + variance of predictions + (difference of means)**2 + 1e-7)`` along an
    axis: 1 where they are equal.

    As in Keras the covariance is about the mean of the predictions.

    Args:
        y_true: Targets.
        y_pred: Predictions of the same shape.
        axis: Along it.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> concordance_correlation([[0.0, 1.0, 0.5]], [[0.0, 1.0, 0.5]]).round(4)
        array([1.], dtype=float32)
    """
    target, prediction = aligned(y_true, y_pred)
    mean_t, mean_p = target.mean(axis=axis, keepdims=True), prediction.mean(axis=axis, keepdims=True)
    variances = target.var(axis=axis, keepdims=True) + prediction.var(axis=axis, keepdims=True)
    products = 2 * (target - mean_p) * (prediction - mean_p)
    return tensor((products / (variances + np.square(mean_t - mean_p) + EPSILON)).mean(axis=axis), None)


@METRICS.register(function=pearson_correlation)
class PearsonCorrelation(MeanMetricWrapper):
    """Pearson's correlation of predictions and targets, the mean of those of all rows: see `pearson_correlation`.

    Args:
        name: A name for the metric.
        dtype: None or "float32".
        axis: Along it; -1: of the numbers of each row, 0: of the images of each batch.

    Example:
        >>> round(PearsonCorrelation(axis=0)([[0.0], [1.0], [0.5]], [[0.25], [1.0], [1.0]]), 4)
        0.866
    """

    _direction = "up"

    def __init__(self, name: str | None = "pearson_correlation", dtype: str | None = None, axis: int = -1) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=whole_axis("axis", axis))


@METRICS.register(function=concordance_correlation)
class ConcordanceCorrelation(MeanMetricWrapper):
    """How nearly predictions and targets are the same, the mean of all rows: see `concordance_correlation`.

    Args:
        name: A name for the metric.
        dtype: None or "float32".
        axis: Along it; -1: of the numbers of each row, 0: of the images of each batch.

    Example:
        >>> round(ConcordanceCorrelation(axis=0)([[0.0], [1.0], [0.5]], [[0.0], [1.0], [0.5]]), 4)
        1.0
    """

    _direction = "up"

    def __init__(self, name: str | None = "concordance_correlation", dtype: str | None = None, axis: int = -1) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=whole_axis("axis", axis))
