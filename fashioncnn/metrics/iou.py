"""How much of what is predicted and what is there is common: intersection over union of classes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fashioncnn.losses.loss import EPSILON, whole_axis
from fashioncnn.metrics.metric import Metric
from fashioncnn.utils import checks
from fashioncnn.utils.registry import METRICS
from fashioncnn.utils.settings import Setting
from fashioncnn.utils.tensor import Tensor, tensor
from fashioncnn.utils.variable import Variable


def _optional_label(name: str, value: Any) -> int | None:
    return None if value is None else checks.integer(name, value, at_least=-(2**31))


def _type(owner: str, dtype: Any) -> str:
    """The type that weights are counted in: whole numbers, unless floats are asked for."""
    name = "int" if dtype is None else str(getattr(dtype, "name", dtype))
    if name in ("int", "int64", "int32"):
        return "int32" if name == "int32" else "int64"
    if name != "float32":
        raise checks.unsupported(owner, "dtype", dtype, "'int64', 'int32', 'float32'")
    return name


class _IoU(Metric):
    """Counts how often each class is predicted where each class is."""

    _direction = "up"
    num_classes = Setting(lambda name, value: checks.integer(name, value, at_least=1))
    ignore_class = Setting(_optional_label)
    sparse_y_true = Setting(checks.truth)
    sparse_y_pred = Setting(checks.truth)
    axis = Setting(whole_axis)
    target_class_ids: list[int]
    total_cm: Variable

    def __init__(self, num_classes: int, target_class_ids: Sequence[int], name: str | None, dtype: str | None,
                 ignore_class: int | None = None, sparse_y_true: bool = True, sparse_y_pred: bool = True,
                 axis: int = -1) -> None:
        super().__init__(None, name)
        self.dtype = _type(type(self).__name__, dtype)
        self.num_classes = num_classes
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis
        self.target_class_ids = [checks.integer("target_class_ids", each, at_least=0) for each in target_class_ids]
        if max(self.target_class_ids) >= self.num_classes:
            raise ValueError(f"`target_class_ids` must hold classes from 0 to {self.num_classes - 1}, got "
                             f"{list(target_class_ids)}")
        counted = "float64" if self.dtype == "float32" else "int64"
        self.total_cm = self.add_variable((self.num_classes, self.num_classes), "zeros", counted,
                                          name="total_confusion_matrix")

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds a batch.

        Args:
            y_true: Targets.
            y_pred: Predictions.
            sample_weight: A weight for each image, or for each label; whole numbers, unless dtype is "float32".

        Raises:
            ValueError: If there are not as many predictions as targets.
        """
        true = _labels(y_true, self.sparse_y_true, self.axis)
        predicted = _labels(y_pred, self.sparse_y_pred, self.axis)
        if true.size != predicted.size:
            raise ValueError(f"`y_true` of shape {np.shape(y_true)} does not fit `y_pred` of shape {np.shape(y_pred)}: "
                             f"{true.size} labels and {predicted.size} predictions")
        weights = self._weights(sample_weight, true.shape)
        true, predicted = true.ravel(), predicted.ravel()
        counted = (true >= 0) & (true < self.num_classes) & (predicted >= 0) & (predicted < self.num_classes)
        if self.ignore_class is not None:
            counted &= true != self.ignore_class
        pairs = true[counted] * self.num_classes + predicted[counted]
        found = np.bincount(pairs, None if weights is None else weights[counted], self.num_classes**2)
        self.total_cm.assign_add(found.reshape(self.total_cm.shape))

    def _weights(self, sample_weight: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[Any] | None:
        """One for each label."""
        if sample_weight is None:
            return None
        weights = np.asarray(sample_weight)
        if self.dtype != "float32" and weights.dtype.kind == "f":
            if hasattr(sample_weight, "dtype"):
                warnings.warn(f"{self.name!r} got weights of type {weights.dtype} and counts in {self.dtype}: casting "
                              "cuts off fractions; give it whole weights, or dtype='float32'", stacklevel=3)
            weights = weights.astype(np.int64)
        if weights.size == np.prod(shape):
            return weights.ravel()
        return np.broadcast_to(weights.reshape(weights.shape + (1,) * (len(shape) - weights.ndim)), shape).ravel()

    def result(self) -> Tensor:
        matrix = self.total_cm.numpy().astype(np.float64)
        common = np.diag(matrix)[self.target_class_ids]
        union = (matrix.sum(axis=0) + matrix.sum(axis=1) - np.diag(matrix))[self.target_class_ids]
        is_there = union > 1e-9
        shares = np.where(is_there, common / (union + EPSILON), 0.0)
        return tensor(shares.sum() / (is_there.sum() + EPSILON))

    def _config(self, *names: str) -> dict[str, Any]:
        return {**Metric.get_config(self), **{name: getattr(self, name) for name in names}}


def _labels(values: ArrayLike, are_labels: bool, axis: int) -> NDArray[np.int64]:
    return (np.asarray(values) if are_labels else np.argmax(values, axis=axis)).astype(np.int64)


@METRICS.register()
class IoU(_IoU):
    """``true positives / (true positives + false positives + false negatives)``, the mean of chosen classes that are
    there.

    Args:
        num_classes: How many classes there are. What is none of them does not count.
        target_class_ids: The classes whose mean is the result.
        name: A name for the metric.
        dtype: What weights are counted in: None or "int", whole numbers, or "float32".
        ignore_class: A label that does not count.
        sparse_y_true: Whether targets are labels; else one-hot.
        sparse_y_pred: Whether predictions are labels; else probabilities or logits.
        axis: The axis of the classes of what are no labels.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> round(IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1]), 4)
        0.3333
    """

    def __init__(self, num_classes: int, target_class_ids: Sequence[int], name: str | None = None,
                 dtype: str | None = None, ignore_class: int | None = None, sparse_y_true: bool = True,
                 sparse_y_pred: bool = True, axis: int = -1) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._config("num_classes", "target_class_ids", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")


@METRICS.register()
class BinaryIoU(IoU):
    """`IoU` of the classes 0 and 1, of predictions that reach a threshold or do not.

    Args:
        target_class_ids: The classes whose mean is the result.
        threshold: What is predicted as 1 is at least this.
        name: A name for the metric.
        dtype: What weights are counted in: None or "int", whole numbers, or "float32".

    Example:
        >>> round(BinaryIoU(threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7]), 4)
        0.3333
    """

    threshold = Setting(checks.number)

    def __init__(self, target_class_ids: Sequence[int] = (0, 1), threshold: float = 0.5, name: str | None = None,
                 dtype: str | None = None) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        above = np.asarray(y_pred, np.float32) >= np.float32(self.threshold)
        super().update_state(y_true, above, sample_weight)

    def get_config(self) -> dict[str, Any]:
        return self._config("target_class_ids", "threshold")


@METRICS.register()
class MeanIoU(IoU):
    """`IoU` of all classes.

    Args:
        num_classes: How many classes there are. What is none of them does not count.
        name: A name for the metric.
        dtype: What weights are counted in: None or "int", whole numbers, or "float32".
        ignore_class: A label that does not count.
        sparse_y_true: Whether targets are labels; else one-hot.
        sparse_y_pred: Whether predictions are labels; else probabilities or logits.
        axis: The axis of the classes of what are no labels.

    Example:
        >>> round(MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1]), 4)
        0.3333
    """

    def __init__(self, num_classes: int, name: str | None = None, dtype: str | None = None,
                 ignore_class: int | None = None, sparse_y_true: bool = True, sparse_y_pred: bool = True,
                 axis: int = -1) -> None:
        super().__init__(num_classes, range(num_classes), name, dtype, ignore_class, sparse_y_true, sparse_y_pred,
                         axis)

    def get_config(self) -> dict[str, Any]:
        return self._config("num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")


@METRICS.register()
class OneHotIoU(IoU):
    """`IoU` of one-hot targets and of probabilities.

    Args:
        num_classes: How many classes there are.
        target_class_ids: The classes whose mean is the result.
        name: A name for the metric.
        dtype: What weights are counted in: None or "int", whole numbers, or "float32".
        ignore_class: A label that does not count.
        sparse_y_pred: Whether predictions are labels; else probabilities or logits.
        axis: The axis of the classes.

    Example:
        >>> metric = OneHotIoU(num_classes=3, target_class_ids=[0, 2])
        >>> y_true = [[0, 0, 1], [1, 0, 0], [0, 1, 0], [1, 0, 0]]
        >>> round(metric(y_true, [[0.2, 0.3, 0.5], [0.1, 0.2, 0.7], [0.5, 0.3, 0.1], [0.1, 0.4, 0.5]]), 4)
        0.1667
    """

    def __init__(self, num_classes: int, target_class_ids: Sequence[int], name: str | None = None,
                 dtype: str | None = None, ignore_class: int | None = None, sparse_y_pred: bool = False,
                 axis: int = -1) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._config("num_classes", "target_class_ids", "ignore_class", "sparse_y_pred", "axis")


@METRICS.register()
class OneHotMeanIoU(MeanIoU):
    """`IoU` of all classes, of one-hot targets and of probabilities.

    Args:
        num_classes: How many classes there are.
        name: A name for the metric.
        dtype: What weights are counted in: None or "int", whole numbers, or "float32".
        ignore_class: A label that does not count.
        sparse_y_pred: Whether predictions are labels; else probabilities or logits.
        axis: The axis of the classes.

    Example:
        >>> metric = OneHotMeanIoU(num_classes=3)
        >>> y_true = [[0, 0, 1], [1, 0, 0], [0, 1, 0], [1, 0, 0]]
        >>> round(metric(y_true, [[0.2, 0.3, 0.5], [0.1, 0.2, 0.7], [0.5, 0.3, 0.1], [0.1, 0.4, 0.5]]), 4)
        0.1111
    """

    def __init__(self, num_classes: int, name: str | None = None, dtype: str | None = None,
                 ignore_class: int | None = None, sparse_y_pred: bool = False, axis: int = -1) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._config("num_classes", "ignore_class", "sparse_y_pred", "axis")
