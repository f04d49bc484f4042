"""True and false positives and negatives, and what is found from two of them: precision and recall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from fashioncnn.metrics import counts
from fashioncnn.metrics.metric import Metric
from fashioncnn.utils import checks
from fashioncnn.utils.registry import METRICS
from fashioncnn.utils.settings import Setting
from fashioncnn.utils.tensor import Tensor, tensor
from fashioncnn.utils.variable import Variable

Given = float | Sequence[float] | None


def _optional_count(name: str, value: Any) -> int | None:
    return None if value is None else checks.integer(name, value, at_least=1)


def optional_class(name: str, value: Any) -> int | None:
    """None, or the number of a class, below 0 from the end."""
    return None if value is None else checks.integer(name, value, at_least=-(2**31))


def _listed(thresholds: Given) -> list[float]:
    given: Any = [] if thresholds is None else thresholds if isinstance(thresholds, (list, tuple)) else [thresholds]
    return [checks.part("thresholds", threshold) for threshold in given]


class _Counted(Metric):
    """A metric of counts at thresholds.

    Args:
        thresholds: A number from 0 to 1, several, or None for `otherwise`.
        otherwise: See there.
        name: A name for the metric.
        dtype: None or "float32".
    """

    _counted: ClassVar[tuple[str, ...]] = ()
    _called: ClassVar[Mapping[str, str]] = {}  # the variables that do not have their count's name
    top_k: int | None = None
    class_id: int | None = None
    init_thresholds: Given
    thresholds: list[float]

    def __init__(self, thresholds: Given, otherwise: float, name: str | None, dtype: str | None) -> None:
        super().__init__(dtype, name)
        self.init_thresholds = thresholds
        self.thresholds = _listed(thresholds) or [otherwise]
        self._thresholds = counts.Thresholds(self.thresholds)
        shape = (len(self.thresholds),)
        self._sums: dict[str, Variable] = {}
        for count in self._counted:
            attribute = self._called.get(count, count)
            self._sums[count] = self.add_variable(shape, "zeros", "float64", name=attribute)
            setattr(self, attribute, self._sums[count])

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds a batch.

        Args:
            y_true: Targets, 0 or 1.
            y_pred: Predictions of the same shape.
            sample_weight: A weight for each image, or for each prediction.
        """
        batch = counts.batch(y_true, y_pred, sample_weight, self.top_k, self.class_id)
        counts.add(self._sums, counts.count(self._thresholds, *batch))

    def _alone(self, values: Any) -> Tensor:
        """The values, or the only one."""
        array = np.asarray(values)
        return tensor(array[0] if len(self.thresholds) == 1 else array)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.init_thresholds}


class _Count(_Counted):
    """One of the four counts."""

    _called = dict.fromkeys(counts.Counts._fields, "accumulator")
    accumulator: Variable

    def __init__(self, thresholds: Given = None, name: str | None = None, dtype: str | None = None) -> None:
        super().__init__(thresholds, 0.5, name, dtype)

    def result(self) -> Tensor:
        return self._alone(self.accumulator)


@METRICS.register()
class TruePositives(_Count):
    """How often what is above a threshold has the target 1: the sum of weights.

    Args:
        thresholds: A number from 0 to 1, or several, for which there is a result each; None: 0.5.
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> TruePositives()([0, 1, 1, 1], [1, 0, 1, 1])
        array(2., dtype=float32)
    """

    _counted = ("true_positives",)


@METRICS.register()
class TrueNegatives(_Count):
    """How often what is not above a threshold has the target 0: the sum of weights.

    Args:
        thresholds: A number from 0 to 1, or several, for which there is a result each; None: 0.5.
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> TrueNegatives()([0, 1, 0, 0], [1, 1, 0, 0])
        array(2., dtype=float32)
    """

    _counted = ("true_negatives",)


@METRICS.register()
class FalsePositives(_Count):
    """How often what is above a threshold has the target 0: the sum of weights.

    Args:
        thresholds: A number from 0 to 1, or several, for which there is a result each; None: 0.5.
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> FalsePositives()([0, 1, 0, 0], [0, 0, 1, 1])
        array(2., dtype=float32)
    """

    _counted = ("false_positives",)


@METRICS.register()
class FalseNegatives(_Count):
    """How often what is not above a threshold has the target 1: the sum of weights.

    Args:
        thresholds: A number from 0 to 1, or several, for which there is a result each; None: 0.5.
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> FalseNegatives()([0, 1, 1, 1], [0, 1, 0, 0])
        array(2., dtype=float32)
    """

    _counted = ("false_negatives",)


class _Rate(_Counted):
    """The part of true positives among them and another count."""

    _direction = "up"
    true_positives: Variable
    false_positives: Variable
    false_negatives: Variable
    top_k = Setting(_optional_count)
    class_id = Setting(optional_class)

    def __init__(self, thresholds: Given = None, top_k: int | None = None, class_id: int | None = None,
                 name: str | None = None, dtype: str | None = None) -> None:
        super().__init__(thresholds, 0.5 if top_k is None else counts.NEVER, name, dtype)
        self.top_k = top_k
        self.class_id = class_id

    def result(self) -> Tensor:
        own, other = self._counted
        return self._alone(counts.ratio(self._sums[own], self._sums[other]))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "top_k": self.top_k, "class_id": self.class_id}


@METRICS.register()
class Precision(_Rate):
    """How many of the predictions above a threshold have the target 1: ``true positives / (true + false positives)``.

    Args:
        thresholds: A number from 0 to 1, or several, for which there is a result each; None: 0.5, or with `top_k` none.
        top_k: Only the largest so many predictions of a row may be positive.
        class_id: Only this class counts.
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> round(Precision()([0, 1, 1, 1], [1, 0, 1, 1]), 4)
        0.6667
    """

    _counted = ("true_positives", "false_positives")


@METRICS.register()
class Recall(_Rate):
    """How many of those with the target 1 are above a threshold: ``true positives / (true positives + false
    negatives)``.

    Args:
        thresholds: A number from 0 to 1, or several, for which there is a result each; None: 0.5, or with `top_k` none.
        top_k: Only the largest so many predictions of a row may be positive.
        class_id: Only this class counts.
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> round(Recall()([0, 1, 1, 1], [1, 0, 1, 1]), 4)
        0.6667
    """

    _counted = ("true_positives", "false_negatives")
