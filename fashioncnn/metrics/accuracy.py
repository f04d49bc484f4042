"""How often predictions are right. All but `Accuracy` are counted by the core during `fit` and `evaluate`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fashioncnn.losses.loss import aligned, labels_for
from fashioncnn.metrics.reduction import MeanMetricWrapper
from fashioncnn.utils import checks
from fashioncnn.utils.arrays import floating
from fashioncnn.utils.registry import METRICS
from fashioncnn.utils.settings import Setting
from fashioncnn.utils.tensor import Tensor, tensor


def accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """1 where the prediction equals the target, else 0.

    Example:
        >>> accuracy([1, 2, 3], [1, 2, 4])
        array([1., 1., 0.], dtype=float32)
    """
    target, prediction = aligned(y_true, y_pred)
    return tensor(target == prediction)


def binary_accuracy(y_true: ArrayLike, y_pred: ArrayLike, threshold: float = 0.5) -> Tensor:
    """1 where the prediction is on the target's side of `threshold`, else 0.

    Args:
        y_true: Targets, 0 or 1.
        y_pred: Predictions of the same shape.
        threshold: Predictions above it count as 1.

    Example:
        >>> binary_accuracy([1, 0, 1], [0.9, 0.2, 0.4])
        array([1., 1., 0.], dtype=float32)
    """
    target, prediction = aligned(y_true, y_pred)
    return tensor(target == (prediction > threshold))


def categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """1 where prediction and target have their largest number in the same place of the last axis, else 0.

    Args:
        y_true: (..., C) targets, such as one-hot labels.
        y_pred: (..., C) probabilities or logits. Of equal numbers the first counts as the largest.

    Example:
        >>> categorical_accuracy([[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]])
        array([1., 0.], dtype=float32)
    """
    return sparse_categorical_accuracy(_largest(y_true), y_pred)


def sparse_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """1 where the prediction's largest number is in the label's place of the last axis, else 0.

    Args:
        y_true: (..., ) or (..., 1) integer labels.
        y_pred: (..., C) probabilities or logits. Of equal numbers the first counts as the largest.

    Example:
        >>> sparse_categorical_accuracy([1, 0], [[0.2, 0.8], [0.4, 0.6]])
        array([1., 0.], dtype=float32)
    """
    prediction = floating(y_pred)
    labels = np.asarray(y_true)
    if labels.ndim == prediction.ndim and labels.shape[-1] == 1:
        labels = labels[..., 0]
    largest = _largest(prediction)
    if labels.size != largest.size:
        raise ValueError(f"`y_true` of shape {labels.shape} does not fit `y_pred` of shape {prediction.shape}: one "
                         "label is expected where `y_pred` has a row")
    return tensor(labels == largest)


def top_k_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike, k: int = 5) -> Tensor:
    """1 where fewer than `k` predictions exceed that of the target's largest class, else 0.

    Args:
        y_true: (..., C) targets, such as one-hot labels.
        y_pred: (..., C) probabilities or logits.
        k: How many classes may be tried.

    Example:
        >>> top_k_categorical_accuracy([[0, 0, 1], [1, 0, 0]], [[0.5, 0.2, 0.3], [0.1, 0.7, 0.2]], k=2)
        array([1., 0.], dtype=float32)
    """
    return sparse_top_k_categorical_accuracy(_largest(y_true), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike, k: int = 5,
                                      from_sorted_ids: bool = False) -> Tensor:
    """1 where fewer than `k` predictions exceed the label's, else 0.

    Args:
        y_true: (..., ) or (..., 1) integer labels.
        y_pred: (..., C) probabilities or logits.
        k: How many classes may be tried.
        from_sorted_ids: Whether `y_pred` holds classes instead, the best first.

    Example:
        >>> sparse_top_k_categorical_accuracy([2, 0], [[0.5, 0.2, 0.3], [0.1, 0.7, 0.2]], k=2)
        array([1., 0.], dtype=float32)
    """
    prediction = floating(y_pred)
    if from_sorted_ids:
        label = np.asarray(y_true).reshape((*prediction.shape[:-1], 1))
        return tensor((prediction[..., :k] == label).any(axis=-1))
    labels = labels_for(y_true, prediction)
    own = np.take_along_axis(prediction, labels[..., None], axis=-1)
    better = (prediction > own).sum(axis=-1)
    return tensor((better < k) & np.isfinite(own[..., 0]))


def _largest(values: ArrayLike) -> NDArray[np.intp]:
    return np.asarray(np.argmax(values, axis=-1))


@METRICS.register()
class Accuracy(MeanMetricWrapper):
    """How often predictions equal targets.

    Args:
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> Accuracy()([1, 2, 3, 4], [0, 2, 3, 4])
        array(0.75, dtype=float32)
    """

    _direction = "up"

    def __init__(self, name: str | None = "accuracy", dtype: str | None = None) -> None:
        super().__init__(accuracy, name, dtype)


@METRICS.register(function=binary_accuracy)
class BinaryAccuracy(MeanMetricWrapper):
    """How often predictions are on their targets' side of a threshold.

    Args:
        name: A name for the metric.
        dtype: None or "float32".
        threshold: Predictions above it count as 1.

    Example:
        >>> BinaryAccuracy()([1, 1, 0, 0], [0.98, 1, 0, 0.6])
        array(0.75, dtype=float32)
    """

    takes_labels = False
    _direction = "up"
    threshold = Setting(checks.number)

    def __init__(self, name: str | None = "binary_accuracy", dtype: str | None = None, threshold: float = 0.5) -> None:
        self.threshold = threshold
        super().__init__(binary_accuracy, name, dtype, threshold=self.threshold)

    def core_config(self) -> dict[str, Any]:
        return {"type": "binary_accuracy", "threshold": self.threshold}


@METRICS.register(function=categorical_accuracy)
class CategoricalAccuracy(MeanMetricWrapper):
    """How often predictions have their largest number where their (one-hot) targets have it.

    Args:
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> CategoricalAccuracy()([[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]])
        array(0.5, dtype=float32)
    """

    takes_labels = False
    _direction = "up"

    def __init__(self, name: str | None = "categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)

    def core_config(self) -> dict[str, Any]:
        return {"type": "categorical_accuracy"}


@METRICS.register(function=sparse_categorical_accuracy)
class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often predictions have their largest number at their integer label.

    Args:
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> SparseCategoricalAccuracy()([1, 0], [[0.2, 0.8], [0.4, 0.6]])
        array(0.5, dtype=float32)
    """

    takes_labels = True
    _direction = "up"

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)

    def core_config(self) -> dict[str, Any]:
        return {"type": "sparse_categorical_accuracy"}


@METRICS.register(function=top_k_categorical_accuracy)
class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the class of a (one-hot) target is among the `k` largest predictions.

    Args:
        k: How many classes may be tried.
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> TopKCategoricalAccuracy(k=2)([[0, 0, 1], [1, 0, 0]], [[0.5, 0.2, 0.3], [0.1, 0.7, 0.2]])
        array(0.5, dtype=float32)
    """

    takes_labels = False
    _direction = "up"
    k = Setting(lambda name, value: checks.integer(name, value, at_least=1))

    def __init__(self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: str | None = None) -> None:
        self.k = k
        super().__init__(top_k_categorical_accuracy, name, dtype, k=self.k)

    def core_config(self) -> dict[str, Any]:
        return {"type": "top_k_categorical_accuracy", "k": self.k}


@METRICS.register(function=sparse_top_k_categorical_accuracy)
class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often an integer label is among the `k` largest predictions.

    Args:
        k: How many classes may be tried.
        name: A name for the metric.
        dtype: None or "float32".
        from_sorted_ids: Whether predictions are classes instead of numbers, the best first.

    Raises:
        ValueError: If `k` is less than 1.

    Example:
        >>> SparseTopKCategoricalAccuracy(k=2)([2, 0], [[0.5, 0.2, 0.3], [0.1, 0.7, 0.2]])
        array(0.5, dtype=float32)
    """

    takes_labels = True
    _direction = "up"
    k = Setting(lambda name, value: checks.integer(name, value, at_least=1))
    from_sorted_ids = Setting(checks.truth)

    def __init__(self, k: int = 5, name: str | None = "sparse_top_k_categorical_accuracy", dtype: str | None = None,
                 from_sorted_ids: bool = False) -> None:
        self.from_sorted_ids = from_sorted_ids
        self.k = k
        sorted_ids = {"from_sorted_ids": True} if self.from_sorted_ids else {}
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=self.k, **sorted_ids)

    def core_config(self) -> dict[str, Any] | None:
        return None if self.from_sorted_ids else {"type": "sparse_top_k_categorical_accuracy", "k": self.k}
