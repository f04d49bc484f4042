"""Means of precision and recall."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fashioncnn.losses.loss import EPSILON
from fashioncnn.metrics.metric import Metric
from fashioncnn.utils import checks
from fashioncnn.utils.registry import METRICS
from fashioncnn.utils.settings import Setting
from fashioncnn.utils.tensor import Tensor, tensor
from fashioncnn.utils.variable import Variable


def _average(name: str, value: Any) -> str | None:
    if value not in (None, "micro", "macro", "weighted"):
        raise ValueError(f"`{name}` must be None, 'micro', 'macro' or 'weighted', got {value!r}")
    return None if value is None else str(value)


def _positive(name: str, value: Any) -> float:
    if not isinstance(value, float):
        raise checks.ArgumentError(f"`{name}` must be a float, got {value!r} of type {type(value).__name__}")
    return checks.number(name, value, above=0)


def _threshold(name: str, value: Any) -> float | None:
    return None if value is None else checks.number(name, _positive(name, value), at_most=1)


@METRICS.register()
class FBetaScore(Metric):
    """``(1 + beta**2) * precision * recall / (beta**2 * precision + recall)``, for each class.

    Args:
        average: None: a result for each class; "macro": their mean; "weighted": their mean weighted by how often they
            are the target; "micro": of all classes counted together.
        beta: A positive float: how much recall counts beside precision.
        threshold: A float from 0 to 1, which predictions of a class exceed; None: a row's largest.
        name: A name for the metric.
        dtype: None or "float32".

    Raises:
        ValueError: If an argument is none of the options or out of its range.

    Example:
        >>> metric = FBetaScore(beta=2.0, threshold=0.5)
        >>> metric([[1, 1, 1], [1, 0, 0], [1, 1, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]]).round(4)
        array([0.3846, 0.9091, 0.8333], dtype=float32)
    """

    _direction = "up"
    average = Setting(_average)
    beta = Setting(_positive)
    threshold = Setting(_threshold)
    true_positives: Variable
    false_positives: Variable
    false_negatives: Variable
    intermediate_weights: Variable

    def __init__(self, average: str | None = None, beta: float = 1.0, threshold: float | None = None,
                 name: str | None = "fbeta_score", dtype: str | None = None) -> None:
        super().__init__(dtype, name)
        self.average = average
        self.beta = beta
        self.threshold = threshold

    def _count_in(self, y_true: tuple[int, ...], y_pred: tuple[int, ...]) -> None:
        if len(y_true) != 2 or len(y_pred) != 2:
            hint = "; integer labels become such targets by utils.to_categorical()" if len(y_pred) == 2 else ""
            raise ValueError(f"{type(self).__name__} takes targets and predictions of the shape (N, classes), got "
                             f"{y_true} and {y_pred}{hint}")
        shape = () if self.average == "micro" else y_pred[1:]
        for name in ("true_positives", "false_positives", "false_negatives", "intermediate_weights"):
            setattr(self, name, self.add_variable(shape, "zeros", "float64", name=name))

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds a batch.

        Args:
            y_true: (N, classes) targets, 0 or 1.
            y_pred: (N, classes) predictions.
            sample_weight: A weight for each image.

        Raises:
            ValueError: If the shapes do not fit.
        """
        target, prediction = np.asarray(y_true, np.float32), np.asarray(y_pred, np.float32)
        if not self.variables:
            self._count_in(target.shape, prediction.shape)
        if self.threshold is None:
            chosen = (prediction >= prediction.max(axis=-1, keepdims=True)) & (np.abs(prediction) > 1e-9)
        else:
            chosen = prediction > self.threshold
        weights = 1.0 if sample_weight is None else np.asarray(sample_weight, np.float64)[:, None]
        axis = None if self.average == "micro" else 0
        for variable, numbers in ((self.true_positives, chosen * target), (self.false_positives, chosen * (1 - target)),
                                  (self.false_negatives, ~chosen * target), (self.intermediate_weights, target)):
            variable.assign_add((numbers * weights).sum(axis=axis))

    def result(self) -> Tensor:
        if not self.variables:
            return tensor(0.0)
        right = self.true_positives.numpy()
        precision = right / (right + self.false_positives.numpy() + EPSILON)
        recall = right / (right + self.false_negatives.numpy() + EPSILON)
        square = self.beta**2
        scores = (1 + square) * precision * recall / (square * precision + recall + EPSILON)
        if self.average == "weighted":
            weights = self.intermediate_weights.numpy()
            return tensor((scores * weights).sum() / (weights.sum() + EPSILON))
        return tensor(scores if self.average is None else scores.mean())

    def get_config(self) -> dict[str, Any]:
        own = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return {**super().get_config(), **own}


@METRICS.register()
class F1Score(FBetaScore):
    """``2 * precision * recall / (precision + recall)``, for each class.

    Args:
        average: None: a result for each class; "macro": their mean; "weighted": their mean weighted by how often they
            are the target; "micro": of all classes counted together.
        threshold: A float from 0 to 1, which predictions of a class exceed; None: a row's largest.
        name: A name for the metric.
        dtype: None or "float32".

    Raises:
        ValueError: If an argument is none of the options or out of its range.

    Example:
        >>> metric = F1Score(average="macro")
        >>> round(metric([[1, 0], [1, 0], [0, 1]], [[0.8, 0.2], [0.4, 0.6], [0.1, 0.9]]), 4)
        0.6667
    """

    def __init__(self, average: str | None = None, threshold: float | None = None, name: str | None = "f1_score",
                 dtype: str | None = None) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        return {name: value for name, value in super().get_config().items() if name != "beta"}
