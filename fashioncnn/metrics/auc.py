"""The area under a curve of rates at many thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fashioncnn.losses.loss import EPSILON
from fashioncnn.metrics import counts
from fashioncnn.metrics.counts import Numbers, divided, ratio
from fashioncnn.metrics.metric import Metric
from fashioncnn.metrics.trade_offs import evenly
from fashioncnn.utils import checks
from fashioncnn.utils.arrays import floating
from fashioncnn.utils.registry import METRICS
from fashioncnn.utils.tensor import Tensor, tensor
from fashioncnn.utils.variable import Variable


class AUCCurve(Enum):
    """Of which rates the curve is."""

    ROC = "ROC"
    PR = "PR"
    PRGAIN = "PRGAIN"


class AUCSummationMethod(Enum):
    """How high the area is between two thresholds: their mean (of precision: see there), the larger, the smaller."""

    INTERPOLATION = "interpolation"
    MAJORING = "majoring"
    MINORING = "minoring"


def _choice(name: str, value: Any, kind: type[Enum]) -> Any:
    for option in kind:
        if value is option or (isinstance(value, str) and value.lower() == option.value.lower()):
            return option
    raise ValueError(f"`{name}` must be one of {', '.join(repr(option.value) for option in kind)}, got {value!r}")


@METRICS.register()
class AUC(Metric):
    """The area under a curve, approximated from counts at many thresholds.

    "ROC": recall over ``false positives / (false positives + true negatives)``; "PR": precision over recall, between
    thresholds as true positives and positives change in proportion; "PRGAIN": the same of precision and recall gains.

    Args:
        num_thresholds: How many thresholds from 0 to 1.
        curve: "ROC", "PR" or "PRGAIN".
        summation_method: How high the area is between two thresholds: "interpolation", "majoring" or "minoring".
        name: A name for the metric.
        dtype: None or "float32".
        thresholds: Thresholds instead of `num_thresholds` even ones; 0 and 1 are added.
        multi_label: Whether each label has an area of its own, whose mean is the result.
        num_labels: How many labels there are, if `multi_label`; None: as the first batch has.
        label_weights: A weight for each label: in the mean, or without `multi_label` of each prediction.
        from_logits: Whether predictions are logits.

    Raises:
        ValueError: If an argument is not one of the options or out of its range.

    Example:
        >>> AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
        array(0.75, dtype=float32)
    """

    _direction = "up"
    num_thresholds: int
    curve: AUCCurve
    summation_method: AUCSummationMethod
    multi_label: bool
    num_labels: int | None
    label_weights: Numbers | None
    true_positives: Variable
    false_positives: Variable
    true_negatives: Variable
    false_negatives: Variable

    def __init__(self, num_thresholds: int = 200, curve: str = "ROC", summation_method: str = "interpolation",
                 name: str | None = None, dtype: str | None = None, thresholds: Sequence[float] | None = None,
                 multi_label: bool = False, num_labels: int | None = None,
                 label_weights: Sequence[float] | None = None, from_logits: bool = False) -> None:
        super().__init__(dtype, name)
        self.curve = _choice("curve", curve, AUCCurve)
        self.summation_method = _choice("summation_method", summation_method, AUCSummationMethod)
        if thresholds is None:
            inner = evenly(checks.integer("num_thresholds", num_thresholds, at_least=2))[1:-1]
        else:
            inner = sorted(checks.number("thresholds", threshold) for threshold in thresholds)
        self._own_thresholds = thresholds is not None
        self._thresholds = counts.Thresholds([-EPSILON, *inner, 1.0 + EPSILON])
        self.num_thresholds = len(self._thresholds)
        self.multi_label = checks.truth("multi_label", multi_label)
        self.num_labels = num_labels
        self.label_weights = None if label_weights is None else np.array(label_weights, np.float32)
        self._from_logits = checks.truth("from_logits", from_logits)
        if num_labels and not self.multi_label:
            raise ValueError(f"`num_labels` is for multi_label=True, got {num_labels} without it")
        self._sums: dict[str, Variable] = {}
        if num_labels or not self.multi_label:
            self._count_in(*([num_labels] if num_labels else []))

    @property
    def thresholds(self) -> list[float]:
        """All thresholds, the first below 0 and the last above 1."""
        return list(self._thresholds.values)

    def _count_in(self, *labels: int) -> None:
        for count in counts.Counts._fields:
            self._sums[count] = self.add_variable((self.num_thresholds, *labels), "zeros", "float64", name=count)
            setattr(self, count, self._sums[count])

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds a batch.

        Args:
            y_true: Targets, 0 or 1.
            y_pred: Predictions of the same shape.
            sample_weight: A weight for each image, or for each prediction.

        Raises:
            ValueError: If the shapes do not fit, or predictions of several labels are not (N, labels).
        """
        prediction = floating(y_pred)
        if self._from_logits:
            prediction = np.exp(-np.logaddexp(prediction.dtype.type(0), -prediction))
        target, prediction, weights = counts.batch(y_true, prediction, sample_weight)
        if self.multi_label:
            self._check_labels(prediction.shape)
        elif self.label_weights is not None:
            own = np.broadcast_to(self.label_weights, prediction.shape)
            weights = own if weights is None else weights * own
        counts.add(self._sums, counts.count(self._thresholds, target, prediction, weights, self.multi_label))

    def _check_labels(self, shape: tuple[int, ...]) -> None:
        if len(shape) != 2:
            raise ValueError(f"`y_pred` must have the shape (N, labels) with multi_label=True, got {shape}")
        if not self._sums:
            self._count_in(shape[1])
        if self.true_positives.shape[1] != shape[1]:
            raise ValueError(f"`y_pred` has {shape[1]} labels, and {self.name!r} counts {self.true_positives.shape[1]}")

    def result(self) -> Tensor:
        if not self._sums:
            return tensor(0.0)
        tp, fp, tn, fn = (self._sums[name].numpy() for name in counts.Counts._fields)
        is_pr = self.curve is AUCCurve.PR
        if is_pr and self.summation_method is AUCSummationMethod.INTERPOLATION:
            return self._mean_over_labels(_interpolated_precision(tp, fp, fn))
        x, y = _rates(self.curve, tp, fp, tn, fn)
        heights = {AUCSummationMethod.INTERPOLATION: (y[:-1] + y[1:]) / 2,
                   AUCSummationMethod.MAJORING: np.maximum(y[:-1], y[1:]),
                   AUCSummationMethod.MINORING: np.minimum(y[:-1], y[1:])}[self.summation_method]
        return self._mean_over_labels((x[:-1] - x[1:]) * heights)

    def _mean_over_labels(self, areas: Numbers) -> Tensor:
        total = areas.sum(axis=0)
        if not self.multi_label:
            return tensor(total)
        if self.label_weights is None:
            return tensor(total.mean())
        return tensor(divided((total * self.label_weights).sum(), self.label_weights.sum()))

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> AUC:
        """The metric that `get_config` described, or Keras, which keeps weights of labels as a tensor."""
        weights = config.get("label_weights")
        if isinstance(weights, Mapping):
            config = {**config, "label_weights": weights.get("config", {}).get("value")}
        return cls(**config)

    def get_config(self) -> dict[str, Any]:
        thresholds = {"thresholds": self.thresholds[1:-1]} if self._own_thresholds else {}
        return {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve.value,
            "summation_method": self.summation_method.value,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": None if self.label_weights is None else self.label_weights.tolist(),
            "from_logits": self._from_logits,
            **thresholds,
        }


def _rates(curve: AUCCurve, tp: Numbers, fp: Numbers, tn: Numbers, fn: Numbers) -> tuple[Numbers, Numbers]:
    """Where the curve is at each threshold, across and up."""
    if curve is AUCCurve.ROC:
        return ratio(fp, tn), ratio(tp, fn)
    if curve is AUCCurve.PR:
        return ratio(tp, fn), ratio(tp, fp)
    odds = divided(tp + fn, tn + fp)
    across = np.where(tp == 0, 0.0, 1.0 - odds * divided(fn, tp))
    return np.maximum(across, 0.0), 1.0 - odds * divided(fp, tp)


def _interpolated_precision(tp: Numbers, fp: Numbers, fn: Numbers) -> Numbers:
    """The areas between thresholds, where the true positives are a straight line of the positives.

    With p positives and slope s, precision is s + (tp - s p) / p: its area over recall has a logarithm.
    """
    positives = tp + fp
    change = tp[:-1] - tp[1:]
    slope = divided(change, np.maximum(positives[:-1] - positives[1:], 0))
    offset = tp[1:] - slope * positives[1:]
    is_ratio = (positives[:-1] > 0) & (positives[1:] > 0)
    logarithm = np.log(np.where(is_ratio, divided(positives[:-1], positives[1:]), 1.0))
    return divided(slope * (change + offset * logarithm), np.maximum(tp[1:] + fn[1:], 0))
