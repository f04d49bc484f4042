"""Losses that are 0 where a prediction is on its target's side by a margin."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fashioncnn.losses.loss import Array, FunctionLoss, aligned
from fashioncnn.utils.registry import LOSSES
from fashioncnn.utils.tensor import Tensor, tensor


def _sides(target: Array) -> Array:
    """-1 for 0 where all targets are 0 or 1."""
    is_binary = bool(((target == 0) | (target == 1)).all())
    return 2.0 * target - 1.0 if is_binary else target


def hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """``mean(max(1 - target * prediction, 0))`` over the last axis, for targets of -1 and 1, or all 0 and 1.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> hinge([[0, 1]], [[0.5, 0.5]])
        array([1.], dtype=float32)
    """
    target, prediction = aligned(y_true, y_pred)
    return tensor(np.maximum(1.0 - _sides(target) * prediction, 0.0).mean(axis=-1), None)


def squared_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """``mean(max(1 - target * prediction, 0)**2)`` over the last axis, for targets of -1 and 1, or all 0 and 1.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> squared_hinge([[0, 1]], [[0.5, 0.5]])
        array([1.25], dtype=float32)
    """
    target, prediction = aligned(y_true, y_pred)
    return tensor(np.square(np.maximum(1.0 - _sides(target) * prediction, 0.0)).mean(axis=-1), None)


def categorical_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """``max(other - own + 1, 0)`` with ``own = sum(target * prediction)`` and ``other = max((1 - target) *
    prediction)``, over the last axis.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> categorical_hinge([[0, 1, 0]], [[0.25, 0.5, 0.25]])
        array([0.75], dtype=float32)
    """
    target, prediction = aligned(y_true, y_pred)
    own, other = (target * prediction).sum(axis=-1), ((1.0 - target) * prediction).max(axis=-1)
    return tensor(np.maximum(other - own + 1.0, 0.0), None)


@LOSSES.register(function=hinge)
class Hinge(FunctionLoss):
    """``mean(max(1 - target * prediction, 0))``, for targets of -1 and 1, or all 0 and 1.

    Args:
        reduction: See `Loss`.
        name: A name for the loss.
        dtype: None or "float32".

    Shapes:
        y_true: (N, ..., C); y_pred: (N, ..., C).

    Example:
        >>> Hinge()([[0, 1]], [[0.5, 0.5]])
        array(1., dtype=float32)
    """

    _function = hinge

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "hinge",
                 dtype: str | None = None) -> None:
        super().__init__(name, reduction, dtype)


@LOSSES.register(function=squared_hinge)
class SquaredHinge(FunctionLoss):
    """``mean(max(1 - target * prediction, 0)**2)``, for targets of -1 and 1, or all 0 and 1.

    Args:
        reduction: See `Loss`.
        name: A name for the loss.
        dtype: None or "float32".

    Shapes:
        y_true: (N, ..., C); y_pred: (N, ..., C).

    Example:
        >>> SquaredHinge()([[0, 1]], [[0.5, 0.5]])
        array(1.25, dtype=float32)
    """

    _function = squared_hinge

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "squared_hinge",
                 dtype: str | None = None) -> None:
        super().__init__(name, reduction, dtype)


@LOSSES.register(function=categorical_hinge)
class CategoricalHinge(FunctionLoss):
    """``max(other - own + 1, 0)``, what the largest of other classes and the own one are predicted: see
    `categorical_hinge`.

    Args:
        reduction: See `Loss`.
        name: A name for the loss.
        dtype: None or "float32".

    Shapes:
        y_true: (N, ..., C); y_pred: (N, ..., C).

    Example:
        >>> CategoricalHinge()([[0, 1, 0]], [[0.25, 0.5, 0.25]])
        array(0.75, dtype=float32)
    """

    _function = categorical_hinge

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "categorical_hinge",
                 dtype: str | None = None) -> None:
        super().__init__(name, reduction, dtype)
