"""The best of one rate where another is at least a given one, over many thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fashioncnn.metrics import counts
from fashioncnn.metrics.confusion import optional_class
from fashioncnn.metrics.metric import Metric
from fashioncnn.utils import checks
from fashioncnn.utils.registry import METRICS
from fashioncnn.utils.settings import Setting
from fashioncnn.utils.tensor import Tensor, tensor
from fashioncnn.utils.variable import Variable


def evenly(number: int) -> list[float]:
    """So many thresholds from 0 to 1; 0.5 for one."""
    return [0.5] if number == 1 else [step / (number - 1) for step in range(number)]


class _TradeOff(Metric):
    """Args are those of the classes below; `least` is the rate that must be reached."""

    _direction = "up"
    num_thresholds = Setting(lambda name, value: checks.integer(name, value, at_least=1))
    class_id = Setting(optional_class)
    value: float
    thresholds: list[float]
    true_positives: Variable
    false_positives: Variable
    true_negatives: Variable
    false_negatives: Variable

    def __init__(self, least: float, num_thresholds: int, class_id: int | None, name: str | None,
                 dtype: str | None) -> None:
        super().__init__(dtype, name)
        self.value = least
        self.num_thresholds = num_thresholds
        self.class_id = class_id
        self._thresholds = counts.Thresholds(evenly(self.num_thresholds))
        self.thresholds = self._thresholds.values
        for count in counts.Counts._fields:
            setattr(self, count, self.add_variable((self.num_thresholds,), "zeros", "float64", name=count))

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds a batch.

        Args:
            y_true: Targets, 0 or 1.
            y_pred: Predictions of the same shape.
            sample_weight: A weight for each image, or for each prediction.
        """
        batch = counts.batch(y_true, y_pred, sample_weight, None, self.class_id)
        counts.add({name: getattr(self, name) for name in counts.Counts._fields},
                   counts.count(self._thresholds, *batch))

    def _best(self, wanted: counts.Numbers, bound: counts.Numbers) -> Tensor:
        return tensor(np.max(np.where(bound >= self.value, wanted, 0), initial=0))

    def _recall(self) -> counts.Numbers:
        return counts.ratio(self.true_positives, self.false_negatives)

    def _specificity(self) -> counts.Numbers:
        return counts.ratio(self.true_negatives, self.false_positives)

    def _precision(self) -> counts.Numbers:
        return counts.ratio(self.true_positives, self.false_positives)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "class_id": self.class_id, "num_thresholds": self.num_thresholds}


@METRICS.register()
class SensitivityAtSpecificity(_TradeOff):
    """The best sensitivity, ``true positives / (true positives + false negatives)``, where the specificity, ``true
    negatives / (true negatives + false positives)``, is at least a given one.

    Args:
        specificity: From 0 to 1.
        num_thresholds: How many thresholds from 0 to 1 are tried.
        class_id: Only this class counts.
        name: A name for the metric.
        dtype: None or "float32".

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
        array(0.5, dtype=float32)
    """

    specificity = Setting(checks.part)

    def __init__(self, specificity: float, num_thresholds: int = 200, class_id: int | None = None,
                 name: str | None = None, dtype: str | None = None) -> None:
        self.specificity = specificity
        super().__init__(self.specificity, num_thresholds, class_id, name, dtype)

    def result(self) -> Tensor:
        return self._best(self._recall(), self._specificity())

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "specificity": self.specificity}


@METRICS.register()
class SpecificityAtSensitivity(_TradeOff):
    """The best specificity, ``true negatives / (true negatives + false positives)``, where the sensitivity, ``true
    positives / (true positives + false negatives)``, is at least a given one.

    Args:
        sensitivity: From 0 to 1.
        num_thresholds: How many thresholds from 0 to 1 are tried.
        class_id: Only this class counts.
        name: A name for the metric.
        dtype: None or "float32".

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> round(SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]), 4)
        0.6667
    """

    sensitivity = Setting(checks.part)

    def __init__(self, sensitivity: float, num_thresholds: int = 200, class_id: int | None = None,
                 name: str | None = None, dtype: str | None = None) -> None:
        self.sensitivity = sensitivity
        super().__init__(self.sensitivity, num_thresholds, class_id, name, dtype)

    def result(self) -> Tensor:
        return self._best(self._specificity(), self._recall())

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "sensitivity": self.sensitivity}


@METRICS.register()
class PrecisionAtRecall(_TradeOff):
    """The best precision, ``true positives / (true + false positives)``, where the recall, ``true positives / (true
    positives + false negatives)``, is at least a given one.

    Args:
        recall: From 0 to 1.
        num_thresholds: How many thresholds from 0 to 1 are tried.
        class_id: Only this class counts.
        name: A name for the metric.
        dtype: None or "float32".

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
        array(0.5, dtype=float32)
    """

    recall = Setting(checks.part)

    def __init__(self, recall: float, num_thresholds: int = 200, class_id: int | None = None,
                 name: str | None = None, dtype: str | None = None) -> None:
        self.recall = recall
        super().__init__(self.recall, num_thresholds, class_id, name, dtype)

    def result(self) -> Tensor:
        return self._best(self._precision(), self._recall())

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "recall": self.recall}


@METRICS.register()
class RecallAtPrecision(_TradeOff):
    """The best recall, ``true positives / (true positives + false negatives)``, where the precision, ``true positives /
    (true + false positives)``, is at least a given one.

    Args:
        precision: From 0 to 1.
        num_thresholds: How many thresholds from 0 to 1 are tried.
        class_id: Only this class counts.
        name: A name for the metric.
        dtype: None or "float32".

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> RecallAtPrecision(0.8)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
        array(0.5, dtype=float32)
    """

    precision = Setting(checks.part)

    def __init__(self, precision: float, num_thresholds: int = 200, class_id: int | None = None,
                 name: str | None = None, dtype: str | None = None) -> None:
        self.precision = precision
        super().__init__(self.precision, num_thresholds, class_id, name, dtype)

    def result(self) -> Tensor:
        return self._best(self._recall(), self._precision())

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "precision": self.precision}
