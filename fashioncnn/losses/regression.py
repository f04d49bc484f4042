"""Losses of differences between numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fashioncnn.losses.loss import Array, Loss, aligned
from fashioncnn.losses.symbolic import also_symbolic
from fashioncnn.utils import checks
from fashioncnn.utils.registry import LOSSES
from fashioncnn.utils.settings import Setting
from fashioncnn.utils.tensor import Tensor, tensor


@also_symbolic
def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """``mean((target - prediction)**2)`` over the last axis.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> mean_squared_error([[0.0, 1.0]], [[1.0, 3.0]])
        array([2.5], dtype=float32)
    """
    target, prediction = aligned(y_true, y_pred)
    return tensor(np.square(target - prediction).mean(axis=-1), None)


@also_symbolic
def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """``mean(abs(target - prediction))`` over the last axis.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> mean_absolute_error([[0.0, 1.0]], [[1.0, 3.0]])
        array([1.5], dtype=float32)
    """
    target, prediction = aligned(y_true, y_pred)
    return tensor(np.abs(target - prediction).mean(axis=-1), None)


@also_symbolic
def huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0) -> Tensor:
    """The mean over the last axis of ``d**2 / 2`` where ``d = abs(target - prediction) <= delta``, else
    ``delta * d - delta**2 / 2``.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> huber([[0.0, 1.0]], [[1.0, 3.0]])
        array([1.], dtype=float32)
    """
    target, prediction = aligned(y_true, y_pred)
    distance = np.abs(prediction - target)
    values = np.where(distance <= delta, 0.5 * np.square(distance), delta * distance - 0.5 * delta**2)
    return tensor(values.mean(axis=-1), None)


@LOSSES.register(function=mean_squared_error)
class MeanSquaredError(Loss):
    """``mean((target - prediction)**2)``.

    Args:
        reduction: See `Loss`.
        name: A name for the loss.
        dtype: None or "float32".

    Shapes:
        y_true: (N, ..., C); y_pred: (N, ..., C).

    Example:
        >>> MeanSquaredError()([[0.0, 1.0]], [[1.0, 3.0]])
        array(2.5, dtype=float32)
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "mean_squared_error",
                 dtype: str | None = None) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: NDArray[Any], y_pred: Array) -> Tensor:
        return mean_squared_error(y_true, y_pred)

    def _core_config(self) -> dict[str, Any]:
        return {"type": "mean_squared_error"}


@LOSSES.register(function=mean_absolute_error)
class MeanAbsoluteError(Loss):
    """``mean(abs(target - prediction))``.

    Args:
        reduction: See `Loss`.
        name: A name for the loss.
        dtype: None or "float32".

    Shapes:
        y_true: (N, ..., C); y_pred: (N, ..., C).

    Example:
        >>> MeanAbsoluteError()([[0.0, 1.0]], [[1.0, 3.0]])
        array(1.5, dtype=float32)
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "mean_absolute_error",
                 dtype: str | None = None) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: NDArray[Any], y_pred: Array) -> Tensor:
        return mean_absolute_error(y_true, y_pred)

    def _core_config(self) -> dict[str, Any]:
        return {"type": "mean_absolute_error"}


@LOSSES.register(function=huber)
class Huber(Loss):
    """A square near the target, a straight line farther away: see `huber`.

    Args:
        delta: Positive; where the square ends.
        reduction: See `Loss`.
        name: A name for the loss.
        dtype: None or "float32".

    Shapes:
        y_true: (N, ..., C); y_pred: (N, ..., C).

    Raises:
        ValueError: If `delta` is not positive.

    Example:
        >>> Huber()([[0.0, 1.0]], [[1.0, 3.0]])
        array(1., dtype=float32)
    """

    delta = Setting(lambda name, value: checks.number(name, value, above=0))

    def __init__(self, delta: float = 1.0, reduction: str | None = "sum_over_batch_size",
                 name: str | None = "huber_loss", dtype: str | None = None) -> None:
        super().__init__(name, reduction, dtype)
        self.delta = delta

    def call(self, y_true: NDArray[Any], y_pred: Array) -> Tensor:
        return huber(y_true, y_pred, self.delta)

    def _core_config(self) -> dict[str, Any]:
        return {"type": "huber", "delta": self.delta}

    def get_config(self) -> dict[str, Any]:
        own = {} if self.delta == 1.0 else {"delta": self.delta}  # Keras's config never has it
        return {**super().get_config(), **own}
