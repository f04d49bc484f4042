"""How much of what is predicted and what is there is not common, for masks of images."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, NDArray

from fashioncnn.losses.loss import EPSILON, Array, Loss, aligned, whole_axis
from fashioncnn.utils import checks
from fashioncnn.utils.operators import of_tensors
from fashioncnn.utils.registry import LOSSES
from fashioncnn.utils.settings import Setting
from fashioncnn.utils.tensor import Tensor, tensor

Axes = int | tuple[int, ...] | None


def _axes(name: str, value: Any) -> Axes:
    """One axis, several, or None."""
    if value is None:
        return None
    if isinstance(value, (list, tuple)):
        return tuple(whole_axis(name, axis) for axis in value)
    return whole_axis(name, value)


@of_tensors("dice", "fashioncnn.ops.losses")
def dice(y_true: ArrayLike, y_pred: ArrayLike, axis: Axes = None) -> Tensor:
    """``1 - 2 * sum(target * prediction) / (sum(target) + sum(prediction) + 1e-7)``.

    Args:
        y_true: Targets from 0 to 1.
        y_pred: Predictions of the same shape.
        axis: The axis or axes of the sums; None: all, those of images and the batch's.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> dice([[0.0, 1.0]], [[0.5, 0.5]], axis=-1)
        array([0.5], dtype=float32)
    """
    target, prediction = aligned(y_true, y_pred)
    both = target.sum(axis=axis) + prediction.sum(axis=axis) + EPSILON
    return tensor(1.0 - 2.0 * (target * prediction).sum(axis=axis) / both, prediction.dtype)


@of_tensors("tversky", "fashioncnn.ops.losses")
def tversky(y_true: ArrayLike, y_pred: ArrayLike, alpha: float = 0.5, beta: float = 0.5, axis: Axes = None) -> Tensor:
    """``1 - common / (common + alpha * missed + beta * wrong + 1e-7)``, with ``common = sum(target * prediction)``,
    ``missed = sum(target * (1 - prediction))`` and ``wrong = sum((1 - target) * prediction)``.

    Args:
        y_true: Targets from 0 to 1.
        y_pred: Predictions of the same shape.
        alpha: How much what is missed counts.
        beta: How much what is predicted wrongly counts.
        axis: The axis or axes of the sums; None: all, those of images and the batch's.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> tversky([[0.0, 1.0]], [[0.5, 0.5]], alpha=1.0, beta=0.0, axis=-1).round(4)
        array([0.5], dtype=float32)
    """
    target, prediction = aligned(y_true, y_pred)
    common = (target * prediction).sum(axis=axis)
    missed = (target * (1.0 - prediction)).sum(axis=axis)
    wrong = ((1.0 - target) * prediction).sum(axis=axis)
    return tensor(1.0 - common / (common + missed * alpha + wrong * beta + EPSILON), prediction.dtype)


def _joins_images(axis: Axes) -> bool:
    """Whether sums over the axis, or axes, are those of the whole batch."""
    axes = axis if isinstance(axis, tuple) else (axis,)
    return None in axes or 0 in axes or not axes


def _core_config(name: str, axis: Axes, **attributes: Any) -> dict[str, Any]:
    """Of sums over axes of each image; those of the whole batch are traced."""
    if _joins_images(axis):
        return {"type": "value"}
    axes = axis if isinstance(axis, tuple) else (axis,)
    return {"type": name, **attributes, "axis": tuple(float(each) for each in axes if each is not None)}


@LOSSES.register(function=dice)
class Dice(Loss):
    """One minus Dice's coefficient: see `dice`.

    Args:
        reduction: See `Loss`.
        name: A name for the loss.
        axis: The axis or axes of the sums; None: all, and the batch's as well. Sums over axes of each image, such as
            (1, 2, 3), cost less, and may be weighted by `sample_weight`.
        dtype: None or "float32".

    Shapes:
        y_true: (N, ..., C); y_pred: (N, ..., C).

    Example:
        >>> Dice()([[0.0, 1.0]], [[0.5, 0.5]])
        array(0.5, dtype=float32)
    """

    axis = Setting(_axes)

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "dice", axis: Axes = None,
                 dtype: str | None = None) -> None:
        super().__init__(name, reduction, dtype)
        self.axis = axis

    def call(self, y_true: NDArray[Any], y_pred: Array) -> Tensor:
        return dice(y_true, y_pred, self.axis)

    @property
    def joins_images(self) -> bool:
        return _joins_images(self.axis)

    def _core_config(self) -> dict[str, Any]:
        return _core_config("dice", self.axis)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


@LOSSES.register(function=tversky)
class Tversky(Loss):
    """One minus Tversky's index: see `tversky`.

    Args:
        alpha: How much what is missed counts.
        beta: How much what is predicted wrongly counts.
        reduction: See `Loss`.
        name: A name for the loss.
        axis: The axis or axes of the sums; None: all, and the batch's as well. Sums over axes of each image, such as
            (1, 2, 3), cost less, and may be weighted by `sample_weight`.
        dtype: None or "float32".

    Shapes:
        y_true: (N, ..., C); y_pred: (N, ..., C).

    Example:
        >>> round(Tversky(alpha=1.0, beta=0.0)([[0.0, 1.0]], [[0.5, 0.5]]), 4)
        0.5
    """

    alpha = Setting(checks.number)
    beta = Setting(checks.number)
    axis = Setting(_axes)

    def __init__(self, alpha: float = 0.5, beta: float = 0.5, reduction: str | None = "sum_over_batch_size",
                 name: str | None = "tversky", axis: Axes = None, dtype: str | None = None) -> None:
        super().__init__(name, reduction, dtype)
        self.alpha = alpha
        self.beta = beta
        self.axis = axis

    def call(self, y_true: NDArray[Any], y_pred: Array) -> Tensor:
        return tversky(y_true, y_pred, self.alpha, self.beta, self.axis)

    @property
    def joins_images(self) -> bool:
        return _joins_images(self.axis)

    def _core_config(self) -> dict[str, Any]:
        return _core_config("tversky", self.axis, alpha=self.alpha, beta=self.beta)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha, "beta": self.beta, "axis": self.axis}
