"""Crossentropies in which predictions that are nearly right count less."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fashioncnn.losses.crossentropy import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    clipped,
    log_softmax,
    smoothed,
    smoothed_yes,
    warn_of_one_class,
    warn_of_targets,
    yes_or_no,
)
from fashioncnn.losses.loss import Array, Loss, aligned, labels_for, whole_axis
from fashioncnn.utils import checks
from fashioncnn.utils.arrays import floating
from fashioncnn.utils.registry import LOSSES
from fashioncnn.utils.settings import Setting
from fashioncnn.utils.tensor import Tensor, tensor


def binary_focal_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0,
    from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
) -> Tensor:
    """`binary_crossentropy` of each number times ``(1 - p)**gamma``, with the probability p that is predicted for its
    target; the mean over an axis.

    Args:
        y_true: Targets in [0, 1].
        y_pred: Probabilities or logits, of the same shape.
        apply_class_balancing: Whether targets of 1 count `alpha` times, and those of 0 ``1 - alpha`` times.
        alpha: See there.
        gamma: How much what is nearly right is held down; 0: not at all.
        from_logits: Whether `y_pred` holds logits.
        label_smoothing: In [0, 1]: targets are moved towards 0.5 by this part.
        axis: The axis of the mean.

    Raises:
        ValueError: If shapes do not fit.

    Example:
        >>> binary_focal_crossentropy([[1, 0]], [[0.5, 0.5]]).round(4)
        array([0.1733], dtype=float32)
    """
    axis = whole_axis("axis", axis)
    target, prediction = aligned(y_true, y_pred)
    warn_of_targets(target)
    target = smoothed_yes(target, label_smoothing)
    values = yes_or_no(target, prediction, from_logits)
    p = np.exp(-np.logaddexp(prediction.dtype.type(0), -prediction)) if from_logits else prediction
    values = np.power(1.0 - (target * p + (1 - target) * (1 - p)), gamma) * values
    if apply_class_balancing:
        values = (target * alpha + (1 - target) * (1 - alpha)) * values
    return tensor(values.mean(axis=axis), None)


def categorical_focal_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False,
    label_smoothing: float = 0.0, axis: int = -1,
) -> Tensor:
    """``-sum(target * alpha * (1 - probability)**gamma * log(probability))`` over an axis.

    Args:
        y_true: (..., C) target probabilities, such as one-hot labels.
        y_pred: (..., C) probabilities (each row is divided by its sum), or logits.
        alpha: A factor.
        gamma: How much what is nearly right is held down; 0: not at all.
        from_logits: Whether `y_pred` holds logits.
        label_smoothing: In [0, 1]: this part of each target is spread over all classes.
        axis: The axis of the classes.

    Raises:
        ValueError: If shapes do not fit.

    Example:
        >>> categorical_focal_crossentropy([[0, 1, 0]], [[0.25, 0.5, 0.25]]).round(4)
        array([0.0433], dtype=float32)
    """
    axis = whole_axis("axis", axis)
    target, prediction = aligned(y_true, y_pred)
    warn_of_one_class(prediction)
    probabilities = np.exp(log_softmax(prediction, axis)) if from_logits else prediction
    p = clipped(probabilities / probabilities.sum(axis=axis, keepdims=True))
    values = -smoothed(target, label_smoothing) * np.log(p) * np.power(1.0 - p, gamma) * alpha
    return tensor(values.sum(axis=axis), None)


def categorical_generalized_cross_entropy(y_true: ArrayLike, y_pred: ArrayLike, q: float) -> Tensor:
    """``(1 - p**q) / q`` with the probability p of the label, for each row of the last axis; with small q nearly the
    crossentropy, with q near 1 nearly the absolute error, which labels that are wrong mislead less.

    Args:
        y_true: (..., ) or (..., 1) integer labels in [0, C).
        y_pred: (..., C) probabilities.
        q: Between 0 and 1.

    Raises:
        ValueError: If shapes or labels do not fit.

    Example:
        >>> categorical_generalized_cross_entropy([1], [[0.75, 0.25]], q=0.5)
        array([1.], dtype=float32)
    """
    prediction = floating(y_pred)
    labels = labels_for(y_true, prediction)
    own = np.take_along_axis(prediction, labels[..., None], axis=-1)[..., 0]
    return tensor((1 - np.power(own, q)) / q, None)


@LOSSES.register(function=binary_focal_crossentropy)
class BinaryFocalCrossentropy(BinaryCrossentropy):
    """Crossentropy of yes-or-no predictions, in which those that are nearly right count less: see
    `binary_focal_crossentropy`. It takes what goes into a last sigmoid as logits.

    Args:
        apply_class_balancing: Whether targets of 1 count `alpha` times, and those of 0 ``1 - alpha`` times.
        alpha: See there.
        gamma: How much what is nearly right is held down; 0: not at all.
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
        >>> round(BinaryFocalCrossentropy()([[1], [0]], [[0.5], [0.75]]), 4)
        0.4765
    """

    apply_class_balancing = Setting(checks.truth)
    alpha = Setting(checks.number)
    gamma = Setting(lambda name, value: checks.number(name, value, at_least=0))

    def __init__(self, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0,
                 from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
                 reduction: str | None = "sum_over_batch_size", name: str | None = "binary_focal_crossentropy",
                 dtype: str | None = None) -> None:
        super().__init__(from_logits, label_smoothing, axis, reduction, name, dtype)
        self.apply_class_balancing = apply_class_balancing
        self.alpha = alpha
        self.gamma = gamma

    def _own_config(self) -> dict[str, Any]:
        return {"apply_class_balancing": self.apply_class_balancing, "alpha": self.alpha, "gamma": self.gamma}

    def call(self, y_true: NDArray[Any], y_pred: Array) -> Tensor:
        return binary_focal_crossentropy(y_true, y_pred, from_logits=self.from_logits, axis=self.axis,
                                         label_smoothing=self.label_smoothing, **self._own_config())

    def _core_config(self) -> dict[str, Any]:
        return {**super()._core_config(), **self._own_config(), "type": "binary_focal_crossentropy"}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._own_config()}


@LOSSES.register(function=categorical_focal_crossentropy)
class CategoricalFocalCrossentropy(CategoricalCrossentropy):
    """Crossentropy with probabilities as targets, in which predictions that are nearly right count less: see
    `categorical_focal_crossentropy`.

    Args:
        alpha: A factor.
        gamma: How much what is nearly right is held down; 0: not at all.
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
        >>> round(CategoricalFocalCrossentropy()([[0, 1], [1, 0]], [[0.5, 0.5], [0.25, 0.75]]), 4)
        0.1191
    """

    alpha = Setting(checks.number)
    gamma = Setting(lambda name, value: checks.number(name, value, at_least=0))

    def __init__(self, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False,
                 label_smoothing: float = 0.0, axis: int = -1, reduction: str | None = "sum_over_batch_size",
                 name: str | None = "categorical_focal_crossentropy", dtype: str | None = None) -> None:
        super().__init__(from_logits, label_smoothing, axis, reduction, name, dtype)
        self.alpha = alpha
        self.gamma = gamma

    def call(self, y_true: NDArray[Any], y_pred: Array) -> Tensor:
        return categorical_focal_crossentropy(y_true, y_pred, self.alpha, self.gamma, self.from_logits,
                                              self.label_smoothing, self.axis)

    def _core_config(self) -> dict[str, Any]:
        own = {"type": "categorical_focal_crossentropy", "alpha": self.alpha, "gamma": self.gamma}
        return {**super()._core_config(), **own}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha, "gamma": self.gamma}


@LOSSES.register(function=categorical_generalized_cross_entropy)
class CategoricalGeneralizedCrossEntropy(Loss):
    """``(1 - p**q) / q`` with the probability p of an integer label: see `categorical_generalized_cross_entropy`.

    Args:
        q: Between 0 and 1.
        reduction: See `Loss`.
        name: A name for the loss.
        dtype: None or "float32".

    Shapes:
        y_true: (N, ...) or (N, ..., 1) integers; y_pred: (N, ..., C).

    Raises:
        ValueError: If `q` is not between 0 and 1.

    Example:
        >>> CategoricalGeneralizedCrossEntropy()([1], [[0.75, 0.25]])
        array(1., dtype=float32)
    """

    takes_labels = True
    q = Setting(lambda name, value: checks.number(name, value, above=0, below=1))

    def __init__(self, q: float = 0.5, reduction: str | None = "sum_over_batch_size",
                 name: str | None = "categorical_generalized_cross_entropy", dtype: str | None = None) -> None:
        super().__init__(name, reduction, dtype)
        self.q = q

    def call(self, y_true: NDArray[Any], y_pred: Array) -> Tensor:
        return categorical_generalized_cross_entropy(y_true, y_pred, self.q)

    def _core_config(self) -> dict[str, Any]:
        return {"type": "categorical_generalized_cross_entropy", "q": self.q}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "q": self.q}
