"""The cosine of the angle between predictions and targets, as a loss."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fashioncnn.losses.loss import EPSILON, Array, Loss, aligned, whole_axis
from fashioncnn.utils.operators import of_tensors
from fashioncnn.utils.registry import LOSSES
from fashioncnn.utils.settings import Setting
from fashioncnn.utils.tensor import Tensor, tensor


def _of_length_one(x: Array, axis: int) -> Array:
    with np.errstate(divide="ignore"):
        inverse = 1.0 / np.sqrt(np.square(x).sum(axis=axis, keepdims=True))
    return np.asarray(x * np.minimum(inverse, 1.0 / EPSILON))


@of_tensors("cosine_similarity", "fashioncnn.ops.losses")
def cosine_similarity(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Tensor:
    """``-sum(target * prediction)`` along an axis, of both divided by their lengths: -1 for the same direction.

    Args:
        y_true: Targets.
        y_pred: Predictions of the same shape.
        axis: The axis of the vectors.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> cosine_similarity([[0.0, 1.0], [1.0, 1.0]], [[1.0, 0.0], [2.0, 2.0]]).round(4)
        array([-0., -1.], dtype=float32)
    """
    target, prediction = aligned(y_true, y_pred)
    products = _of_length_one(target, axis) * _of_length_one(prediction, axis)
    return tensor(-products.sum(axis=axis), None)


@LOSSES.register(function=cosine_similarity)
class CosineSimilarity(Loss):
    """``-sum(target * prediction)``, of both divided by their lengths: -1 for the same direction.

    Args:
        axis: The axis of the vectors; a model is trained along the last one. As in Keras the config does not have it.
        reduction: See `Loss`.
        name: A name for the loss.
        dtype: None or "float32".

    Shapes:
        y_true: (N, ..., C); y_pred: (N, ..., C).

    Example:
        >>> round(CosineSimilarity()([[0.0, 1.0], [1.0, 1.0]], [[1.0, 0.0], [2.0, 2.0]]), 4)
        -0.5
    """

    axis = Setting(whole_axis)

    def __init__(self, axis: int = -1, reduction: str | None = "sum_over_batch_size",
                 name: str | None = "cosine_similarity", dtype: str | None = None) -> None:
        super().__init__(name, reduction, dtype)
        self.axis = axis

    def call(self, y_true: NDArray[Any], y_pred: Array) -> Tensor:
        return cosine_similarity(y_true, y_pred, self.axis)

    def _core_config(self) -> dict[str, Any]:
        return {"type": "cosine_similarity", "axis": self.axis}
