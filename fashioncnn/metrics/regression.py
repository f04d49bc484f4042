"""Metrics of differences between numbers. The formulas are those of `fashioncnn.losses`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fashioncnn import losses
from fashioncnn.losses.loss import aligned, whole_axis
from fashioncnn.metrics.reduction import Mean, MeanMetricWrapper
from fashioncnn.utils.registry import METRICS
from fashioncnn.utils.tensor import Tensor, tensor


@METRICS.register("mse", function=losses.mean_squared_error)
class MeanSquaredError(MeanMetricWrapper):
    """``mean((target - prediction)**2)``.

    Args:
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> MeanSquaredError()([[0.0, 1.0]], [[1.0, 3.0]])
        array(2.5, dtype=float32)
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_squared_error", dtype: str | None = None) -> None:
        super().__init__(losses.mean_squared_error, name, dtype)


@METRICS.register("mae", function=losses.mean_absolute_error)
class MeanAbsoluteError(MeanMetricWrapper):
    """``mean(abs(target - prediction))``.

    Args:
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> MeanAbsoluteError()([[0.0, 1.0]], [[1.0, 3.0]])
        array(1.5, dtype=float32)
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_absolute_error", dtype: str | None = None) -> None:
        super().__init__(losses.mean_absolute_error, name, dtype)


@METRICS.register("mape", function=losses.mean_absolute_percentage_error)
class MeanAbsolutePercentageError(MeanMetricWrapper):
    """``100 * mean(abs(target - prediction) / max(abs(target), 1e-7))``.

    Args:
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> MeanAbsolutePercentageError()([[1.0, 2.0]], [[1.5, 3.0]])
        array(50., dtype=float32)
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_absolute_percentage_error", dtype: str | None = None) -> None:
        super().__init__(losses.mean_absolute_percentage_error, name, dtype)


@METRICS.register("msle", function=losses.mean_squared_logarithmic_error)
class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """``mean((log(1 + target) - log(1 + prediction))**2)``.

    Args:
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> round(MeanSquaredLogarithmicError()([[0.0, 1.0]], [[1.0, 3.0]]), 4)
        0.4805
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_squared_logarithmic_error", dtype: str | None = None) -> None:
        super().__init__(losses.mean_squared_logarithmic_error, name, dtype)


@METRICS.register()
class LogCoshError(MeanMetricWrapper):
    """``mean(log(cosh(prediction - target)))``.

    Args:
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> round(LogCoshError()([[0.0, 1.0]], [[1.0, 1.0]]), 4)
        0.2169
    """

    _direction = "down"

    def __init__(self, name: str | None = "logcosh", dtype: str | None = None) -> None:
        super().__init__(losses.log_cosh, name, dtype)


@METRICS.register()
class RootMeanSquaredError(Mean):
    """``sqrt(mean((target - prediction)**2))``, the mean over all batches.

    Args:
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> round(RootMeanSquaredError()([[0.0, 1.0]], [[1.0, 3.0]]), 4)
        1.5811
    """

    _direction = "down"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: str | None = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike,  # type: ignore[override]
                     sample_weight: ArrayLike | None = None) -> None:
        """Adds a batch.

        Args:
            y_true: Targets.
            y_pred: Predictions.
            sample_weight: A weight for each image.
        """
        target, prediction = aligned(y_true, y_pred)
        super().update_state(np.square(prediction - target), sample_weight)

    def result(self) -> Tensor:
        return tensor(np.sqrt(super().result()))


def _cosine(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Tensor:
    return tensor(-losses.cosine_similarity(y_true, y_pred, axis))


@METRICS.register()
class CosineSimilarity(MeanMetricWrapper):
    """The cosine of the angle between predictions and targets: 1 for the same direction, unlike the loss.

    Args:
        name: A name for the metric.
        dtype: None or "float32".
        axis: The axis of the vectors. As in Keras the config does not have it.

    Example:
        >>> round(CosineSimilarity()([[0.0, 1.0], [1.0, 1.0]], [[1.0, 0.0], [1.0, 1.0]]), 4)
        0.5
    """

    _direction = "up"

    def __init__(self, name: str | None = "cosine_similarity", dtype: str | None = None, axis: int = -1) -> None:
        super().__init__(_cosine, name, dtype, axis=whole_axis("axis", axis))

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self.dtype}
