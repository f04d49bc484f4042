"""How much of the targets' variance the predictions explain."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fashioncnn.losses.loss import Array, same_rank
from fashioncnn.metrics.metric import Metric
from fashioncnn.utils import checks
from fashioncnn.utils.registry import METRICS
from fashioncnn.utils.settings import Setting
from fashioncnn.utils.tensor import Tensor, tensor
from fashioncnn.utils.variable import Variable


def _aggregation(name: str, value: Any) -> str | None:
    if value not in (None, "uniform_average", "variance_weighted_average"):
        raise ValueError(f"`{name}` must be None, 'uniform_average' or 'variance_weighted_average', got {value!r}")
    return None if value is None else str(value)


@METRICS.register()
class R2Score(Metric):
    """``1 - sum((target - prediction)**2) / sum((target - mean of targets)**2)``, for each column.

    Args:
        class_aggregation: None: a result for each column; "uniform_average": their mean; "variance_weighted_average":
            their mean weighted by the variances of the targets.
        num_regressors: How many numbers predictions are made from, for the adjusted score ``1 - (1 - score) * (n - 1) /
            (n - num_regressors - 1)``; 0: the score itself.
        name: A name for the metric.
        dtype: None or "float32".

    Raises:
        ValueError: If an argument is none of the options or out of its range.

    Example:
        >>> round(R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]]), 4)
        0.5714
    """

    _direction = "up"
    class_aggregation = Setting(_aggregation)
    num_regressors = Setting(lambda name, value: checks.integer(name, value, at_least=0))
    num_samples: Variable
    sum: Variable
    squared_sum: Variable
    total_mse: Variable
    count: Variable

    def __init__(self, class_aggregation: str | None = "uniform_average", num_regressors: int = 0,
                 name: str | None = "r2_score", dtype: str | None = None) -> None:
        super().__init__(dtype, name)
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_variable((), "zeros", "float64", name="num_samples")

    def _count_in(self, target: Array, prediction: Array) -> None:
        if target.ndim != 2 or prediction.shape != target.shape:
            raise ValueError("R2Score takes targets and predictions of the same shape (N, columns), got "
                             f"{target.shape} and {prediction.shape}")
        for attribute, name in (("squared_sum", "squared_sum"), ("sum", "sum"), ("total_mse", "residual"),
                                ("count", "count")):
            setattr(self, attribute, self.add_variable(target.shape[1:], "zeros", "float64", name=name))

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds a batch.

        Args:
            y_true: (N, columns) targets.
            y_pred: Predictions of the same shape.
            sample_weight: A weight for each image, or for each number.

        Raises:
            ValueError: If the shapes do not fit.
        """
        target, prediction = same_rank(np.asarray(y_true, np.float64), np.asarray(y_pred, np.float64))
        if len(self.variables) == 1:
            self._count_in(target, prediction)
        weights = np.asarray(1.0 if sample_weight is None else sample_weight, np.float64)
        weights = np.broadcast_to(weights[:, None] if weights.ndim == 1 else weights, target.shape)
        self.sum.assign_add((target * weights).sum(axis=0))
        self.squared_sum.assign_add((target * target * weights).sum(axis=0))
        self.total_mse.assign_add((np.square(target - prediction) * weights).sum(axis=0))
        self.count.assign_add(weights.sum(axis=0))
        self.num_samples.assign_add(target.size)

    def result(self) -> Tensor:
        if len(self.variables) == 1:
            return tensor(0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            total = self.squared_sum - self.sum * (self.sum / self.count)
            scores = 1 - self.total_mse / total
            scores = np.where(np.isinf(scores), 0.0, scores)
            if self.class_aggregation == "uniform_average":
                scores = scores.mean()
            elif self.class_aggregation == "variance_weighted_average":
                scores = (total * scores).sum() / total.sum()
        return tensor(self._adjusted(scores))

    def _adjusted(self, score: Any) -> Any:
        left = float(self.num_samples) - self.num_regressors - 1
        if self.num_regressors == 0:
            return score
        if left <= 0:
            warnings.warn(f"R2Score with num_regressors={self.num_regressors} needs more than "
                          f"{self.num_regressors + 1} numbers and got {float(self.num_samples):.0f}: the score is not "
                          "adjusted", stacklevel=3)
            return score
        return 1 - (1 - score) * (float(self.num_samples) - 1) / left

    def get_config(self) -> dict[str, Any]:
        own = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return {**super().get_config(), **own}
