"""The crossentropies: with labels, with probabilities, and binary.

Probabilities are clipped to [1e-7, 1 - 1e-7], as in Keras. Where a model ends in a softmax or a sigmoid, training and
evaluating take what goes into it as logits, also as in Keras: `from_logits` then makes no difference.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fashioncnn.losses.loss import EPSILON, Array, Loss, aligned, labels_for, whole_axis
from fashioncnn.utils import checks
from fashioncnn.utils.arrays import floating
from fashioncnn.utils.operators import of_tensors
from fashioncnn.utils.registry import LOSSES
from fashioncnn.utils.settings import Setting
from fashioncnn.utils.tensor import Tensor, tensor


def log_softmax(logits: Array, axis: int = -1) -> Array:
    """The logarithm of the probabilities along an axis."""
    shifted = logits - logits.max(axis=axis, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True)))


def clipped(probabilities: Array) -> Array:
    """Probabilities whose logarithm is finite."""
    return np.clip(probabilities, EPSILON, 1 - EPSILON)


def smoothed(target: Array, label_smoothing: float) -> Array:
    """Targets of several classes, of which a part is spread over all of them."""
    return target * (1 - label_smoothing) + label_smoothing / target.shape[-1] if label_smoothing else target


def yes_or_no(target: Array, prediction: Array, from_logits: bool) -> Array:
    """The crossentropy of each number."""
    if from_logits:
        return np.asarray(np.maximum(prediction, 0) - prediction * target + np.log1p(np.exp(-np.abs(prediction))))
    p = clipped(prediction)
    return np.asarray(-(target * np.log(p) + (1 - target) * np.log(1 - p)))


def smoothed_yes(target: Array, label_smoothing: float) -> Array:
    """Targets from 0 to 1, moved towards 0.5."""
    return target * (1 - label_smoothing) + 0.5 * label_smoothing if label_smoothing else target


def warn_of_targets(targets: NDArray[Any]) -> None:
    """Warns where a target of binary crossentropy is no probability."""
    if targets.size and not (targets.min() >= 0 and targets.max() <= 1):
        warnings.warn(f"binary crossentropy takes targets from 0 to 1, got {targets.min()} to {targets.max()}",
                      stacklevel=3)


def warn_of_one_class(array: NDArray[Any]) -> None:
    """Warns where categorical crossentropy gets one class, of which there is nothing to learn."""
    if array.ndim < 2 or array.shape[-1] == 1:
        warnings.warn("categorical crossentropy takes at least two classes, got one; binary_crossentropy is for a yes "
                      "or no", SyntaxWarning, stacklevel=3)


def counted_labels(y_true: ArrayLike, shape: tuple[int, ...], ignore_class: int | None) -> NDArray[np.bool_] | None:
    """Which labels of losses of this shape are not to be ignored; None: all."""
    return None if ignore_class is None else (np.asarray(y_true) != ignore_class).reshape(shape)


def optional_class(name: str, value: Any) -> int | None:
    """None, or the number of a class, which need not be that of one of the predictions."""
    return None if value is None else checks.integer(name, value, at_least=-(2**31))


@of_tensors("sparse_categorical_crossentropy", "fashioncnn.ops.losses")
def sparse_categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Tensor:
    """``-log(probability of the label)``, for each row of the last axis.

    Args:
        y_true: (..., ) or (..., 1) integer labels in [0, C).
        y_pred: (..., C) probabilities, or logits.
        from_logits: Whether `y_pred` holds logits.
        ignore_class: A label, in [0, C) or not, whose rows have the loss 0.
        axis: Must be the last one.

    Raises:
        ValueError: If shapes or labels do not fit.

    Example:
        >>> sparse_categorical_crossentropy([1], [[0.25, 0.5, 0.25]]).round(4)
        array([0.6931], dtype=float32)
    """
    prediction = floating(y_pred)
    if axis not in (-1, prediction.ndim - 1):
        raise checks.unsupported("sparse_categorical_crossentropy", "axis", axis, "-1")
    given = np.asarray(y_true)
    labels = labels_for(given if ignore_class is None else np.where(given == ignore_class, 0, given), prediction)
    logarithms = log_softmax(prediction if from_logits else np.log(clipped(prediction)))
    values = -np.take_along_axis(logarithms, labels[..., None], axis=-1)[..., 0]
    counted = counted_labels(given, values.shape, ignore_class)
    return tensor(values if counted is None else np.where(counted, values, values.dtype.type(0)), None)


@of_tensors("categorical_crossentropy", "fashioncnn.ops.losses")
def categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """``-sum(target * log(probability))`` over the last axis.

    Args:
        y_true: (..., C) target probabilities, such as one-hot labels.
        y_pred: (..., C) probabilities (each row is divided by its sum), or logits.
        from_logits: Whether `y_pred` holds logits.
        label_smoothing: In [0, 1]: this part of each target is spread over all classes.
        axis: The axis of the classes.

    Raises:
        ValueError: If shapes do not fit.

    Example:
        >>> categorical_crossentropy([[0, 1, 0]], [[0.25, 0.5, 0.25]]).round(4)
        array([0.6931], dtype=float32)
    """
    axis = whole_axis("axis", axis)
    target, prediction = aligned(y_true, y_pred)
    warn_of_one_class(prediction)
    if from_logits:
        logarithms = log_softmax(prediction, axis)
    else:
        logarithms = np.log(clipped(prediction / prediction.sum(axis=axis, keepdims=True)))
    return tensor(-(smoothed(target, label_smoothing) * logarithms).sum(axis=axis), None)


@of_tensors("binary_crossentropy", "fashioncnn.ops.losses")
def binary_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """``-target * log(p) - (1 - target) * log(1 - p)``, the mean over an axis.

    Args:
        y_true: Targets in [0, 1].
        y_pred: Probabilities or logits, of the same shape.
        from_logits: Whether `y_pred` holds logits.
        label_smoothing: In [0, 1]: targets are moved towards 0.5 by this part.
        axis: The axis of the mean.

    Raises:
        ValueError: If shapes do not fit.

    Example:
        >>> binary_crossentropy([[1, 0]], [[0.5, 0.5]]).round(4)
        array([0.6931], dtype=float32)
    """
    axis = whole_axis("axis", axis)
    target, prediction = aligned(y_true, y_pred)
    warn_of_targets(target)
    return tensor(yes_or_no(smoothed_yes(target, label_smoothing), prediction, from_logits).mean(axis=axis), None)


@LOSSES.register(function=sparse_categorical_crossentropy)
class SparseCategoricalCrossentropy(Loss):
    """Crossentropy with integer labels: ``-log(probability of the label)``.

    Args:
        from_logits: Whether predictions are logits. A softmax in the last layer is computed together with the loss, so
            there is nothing to gain from leaving it out.
        ignore_class: A label, of a class or not, whose rows do not count: neither in sums nor in means.
        reduction: See `Loss`.
        axis: Must be the last one.
        name: A name for the loss.
        dtype: None or "float32".

    Shapes:
        y_true: (N, ...) or (N, ..., 1) integers; y_pred: (N, ..., C).

    Raises:
        ValueError: If an argument is not supported.

    Example:
        >>> round(SparseCategoricalCrossentropy()([1, 0], [[0.5, 0.5], [0.25, 0.75]]), 4)
        1.0397
    """

    takes_labels = True
    from_logits = Setting(checks.truth)
    ignore_class = Setting(optional_class)
    axis = Setting(whole_axis)

    def __init__(self, from_logits: bool = False, ignore_class: int | None = None,
                 reduction: str | None = "sum_over_batch_size", axis: int = -1,
                 name: str | None = "sparse_categorical_crossentropy", dtype: str | None = None) -> None:
        super().__init__(name, reduction, dtype)
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis

    def call(self, y_true: NDArray[Any], y_pred: Array) -> Tensor:
        return sparse_categorical_crossentropy(y_true, y_pred, self.from_logits, self.ignore_class, self.axis)

    def _counted(self, y_true: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
        return counted_labels(y_true, shape, self.ignore_class)

    def _core_config(self) -> dict[str, Any]:
        ignored = {} if self.ignore_class is None else {"ignore_class": self.ignore_class}
        return {"type": "sparse_categorical_crossentropy", "from_logits": self.from_logits, "axis": self.axis,
                **ignored}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "from_logits": self.from_logits, "ignore_class": self.ignore_class}


@LOSSES.register(function=categorical_crossentropy)
class CategoricalCrossentropy(Loss):
    """Crossentropy with probabilities as targets: ``-sum(target * log(probability))``.

    Args:
        from_logits: Whether predictions are logits.
        label_smoothing: In [0, 1]: this part of each target is spread over all classes.
        axis: The axis of the classes; a model is trained along the last one.
        reduction: See `Loss`.
        name: A name for the loss.
        dtype: None or "float32".

    Shapes:
        y_true: (N, ..., C); y_pred: (N, ..., C).

    Raises:
        ValueError: If an argument is out of its range or not supported.

    Example:
        >>> round(CategoricalCrossentropy()([[0, 1], [1, 0]], [[0.5, 0.5], [0.25, 0.75]]), 4)
        1.0397
    """

    from_logits = Setting(checks.truth)
    label_smoothing = Setting(checks.part)
    axis = Setting(whole_axis)

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
                 reduction: str | None = "sum_over_batch_size", name: str | None = "categorical_crossentropy",
                 dtype: str | None = None) -> None:
        super().__init__(name, reduction, dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def examine(self, targets: NDArray[Any]) -> None:
        warn_of_one_class(targets)

    def call(self, y_true: NDArray[Any], y_pred: Array) -> Tensor:
        return categorical_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing, self.axis)

    def _core_config(self) -> dict[str, Any]:
        return {
            "type": "categorical_crossentropy",
            "from_logits": self.from_logits,
            "label_smoothing": self.label_smoothing,
            "axis": self.axis,
        }

    def get_config(self) -> dict[str, Any]:
        own = {"from_logits": self.from_logits, "label_smoothing": self.label_smoothing, "axis": self.axis}
        return {**super().get_config(), **own}


@LOSSES.register(function=binary_crossentropy)
class BinaryCrossentropy(CategoricalCrossentropy):
    """Crossentropy of independent yes-or-no predictions: ``-target * log(p) - (1 - target) * log(1 - p)``.

    Args:
        from_logits: Whether predictions are logits.
        label_smoothing: In [0, 1]: targets are moved towards 0.5 by this part.
        axis: The axis of the mean; a model is trained along the last one.
        reduction: See `Loss`.
        name: A name for the loss.
        dtype: None or "float32".

    Shapes:
        y_true: (N, ..., C); y_pred: (N, ..., C).

    Raises:
        ValueError: If an argument is out of its range or not supported.

    Example:
        >>> round(BinaryCrossentropy()([[1], [0]], [[0.5], [0.75]]), 4)
        1.0397
    """

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
                 reduction: str | None = "sum_over_batch_size", name: str | None = "binary_crossentropy",
                 dtype: str | None = None) -> None:
        super().__init__(from_logits, label_smoothing, axis, reduction, name, dtype)

    def call(self, y_true: NDArray[Any], y_pred: Array) -> Tensor:
        return binary_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing, self.axis)

    def examine(self, targets: NDArray[Any]) -> None:
        warn_of_targets(targets)

    def _core_config(self) -> dict[str, Any]:
        return {**super()._core_config(), "type": "binary_crossentropy"}
