"""The crossentropies: with labels, with probabilities, and binary.

Probabilities are clipped to [1e-7, 1 - 1e-7], as in Keras. Where a model ends in a softmax or a sigmoid, training and
evaluating take what goes into it as logits, also as in Keras: `from_logits` then makes no difference.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fashioncnn.losses.loss import EPSILON, Array, Loss, aligned, labels_for
from fashioncnn.losses.symbolic import also_symbolic
from fashioncnn.utils import checks
from fashioncnn.utils.arrays import floating
from fashioncnn.utils.registry import LOSSES
from fashioncnn.utils.settings import Choice, Setting
from fashioncnn.utils.tensor import Tensor, tensor


def _log_softmax(logits: Array) -> Array:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def _clipped(probabilities: Array) -> Array:
    return np.clip(probabilities, EPSILON, 1 - EPSILON)


def check_axis(owner: str, axis: int) -> None:
    if axis != -1:
        raise checks.unsupported(owner, "axis", axis, "-1")


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


def check_ignore_class(owner: str, ignore_class: int | None) -> None:
    if ignore_class is not None:
        raise checks.unsupported(owner, "ignore_class", ignore_class, "None")


@also_symbolic
def sparse_categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Tensor:
    """``-log(probability of the label)``, for each row of the last axis.

    Args:
        y_true: (..., ) or (..., 1) integer labels in [0, C).
        y_pred: (..., C) probabilities, or logits.
        from_logits: Whether `y_pred` holds logits.
        ignore_class: Must be None.
        axis: Must be -1.

    Raises:
        ValueError: If shapes or labels do not fit.

    Example:
        >>> sparse_categorical_crossentropy([1], [[0.25, 0.5, 0.25]]).round(4)
        array([0.6931], dtype=float32)
    """
    check_ignore_class("sparse_categorical_crossentropy", ignore_class)
    check_axis("sparse_categorical_crossentropy", axis)
    prediction = floating(y_pred)
    labels = labels_for(y_true, prediction)
    logarithms = _log_softmax(prediction if from_logits else np.log(_clipped(prediction)))
    return tensor(-np.take_along_axis(logarithms, labels[..., None], axis=-1)[..., 0], None)


@also_symbolic
def categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """``-sum(target * log(probability))`` over the last axis.

    Args:
        y_true: (..., C) target probabilities, such as one-hot labels.
        y_pred: (..., C) probabilities (each row is divided by its sum), or logits.
        from_logits: Whether `y_pred` holds logits.
        label_smoothing: In [0, 1]: this part of each target is spread over all classes.
        axis: Must be -1.

    Raises:
        ValueError: If shapes do not fit.

    Example:
        >>> categorical_crossentropy([[0, 1, 0]], [[0.25, 0.5, 0.25]]).round(4)
        array([0.6931], dtype=float32)
    """
    check_axis("categorical_crossentropy", axis)
    target, prediction = aligned(y_true, y_pred)
    warn_of_one_class(prediction)
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / target.shape[-1]
    if from_logits:
        logarithms = _log_softmax(prediction)
    else:
        logarithms = np.log(_clipped(prediction / prediction.sum(axis=-1, keepdims=True)))
    return tensor(-(target * logarithms).sum(axis=-1), None)


@also_symbolic
def binary_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """``-target * log(p) - (1 - target) * log(1 - p)``, the mean over the last axis.

    Args:
        y_true: Targets in [0, 1].
        y_pred: Probabilities or logits, of the same shape.
        from_logits: Whether `y_pred` holds logits.
        label_smoothing: In [0, 1]: targets are moved towards 0.5 by this part.
        axis: Must be -1.

    Raises:
        ValueError: If shapes do not fit.

    Example:
        >>> binary_crossentropy([[1, 0]], [[0.5, 0.5]]).round(4)
        array([0.6931], dtype=float32)
    """
    check_axis("binary_crossentropy", axis)
    target, prediction = aligned(y_true, y_pred)
    warn_of_targets(target)
    if label_smoothing:
        target = target * (1 - label_smoothing) + 0.5 * label_smoothing
    if from_logits:
        values = np.maximum(prediction, 0) - prediction * target + np.log1p(np.exp(-np.abs(prediction)))
    else:
        p = _clipped(prediction)
        values = -(target * np.log(p) + (1 - target) * np.log(1 - p))
    return tensor(values.mean(axis=-1), None)


@LOSSES.register(function=sparse_categorical_crossentropy)
class SparseCategoricalCrossentropy(Loss):
    """Crossentropy with integer labels: ``-log(probability of the label)``.

    Args:
        from_logits: Whether predictions are logits. A softmax in the last layer is computed together with the loss, so
            there is nothing to gain from leaving it out.
        ignore_class: Must be None.
        reduction: See `Loss`.
        axis: Must be -1.
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
    ignore_class = Choice(None)
    axis = Choice(-1)

    def __init__(self, from_logits: bool = False, ignore_class: int | None = None,
                 reduction: str | None = "sum_over_batch_size", axis: int = -1,
                 name: str | None = "sparse_categorical_crossentropy", dtype: str | None = None) -> None:
        super().__init__(name, reduction, dtype)
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis

    def call(self, y_true: NDArray[Any], y_pred: Array) -> Tensor:
        return sparse_categorical_crossentropy(y_true, y_pred, self.from_logits)

    def _core_config(self) -> dict[str, Any]:
        return {"type": "sparse_categorical_crossentropy", "from_logits": self.from_logits}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "from_logits": self.from_logits, "ignore_class": None}


@LOSSES.register(function=categorical_crossentropy)
class CategoricalCrossentropy(Loss):
    """Crossentropy with probabilities as targets: ``-sum(target * log(probability))``.

    Args:
        from_logits: Whether predictions are logits.
        label_smoothing: In [0, 1]: this part of each target is spread over all classes.
        axis: Must be -1.
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
    label_smoothing = Setting(lambda name, value: checks.number(name, value, at_least=0, at_most=1))
    axis = Choice(-1)

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
        return categorical_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing)

    def _core_config(self) -> dict[str, Any]:
        return {
            "type": "categorical_crossentropy",
            "from_logits": self.from_logits,
            "label_smoothing": self.label_smoothing,
        }

    def get_config(self) -> dict[str, Any]:
        own = {"from_logits": self.from_logits, "label_smoothing": self.label_smoothing, "axis": -1}
        return {**super().get_config(), **own}


@LOSSES.register(function=binary_crossentropy)
class BinaryCrossentropy(CategoricalCrossentropy):
    """Crossentropy of independent yes-or-no predictions: ``-target * log(p) - (1 - target) * log(1 - p)``.

    Args:
        from_logits: Whether predictions are logits.
        label_smoothing: In [0, 1]: targets are moved towards 0.5 by this part.
        axis: Must be -1.
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
        return binary_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing)

    def examine(self, targets: NDArray[Any]) -> None:
        warn_of_targets(targets)

    def _core_config(self) -> dict[str, Any]:
        return {**super()._core_config(), "type": "binary_crossentropy"}
