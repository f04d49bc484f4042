"""Losses that users write: functions ``f(y_true, y_pred)``, and classes with `call`.

`fit` and `evaluate` run them once, on traced tensors: what they leave behind becomes part of the network.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fashioncnn.losses.loss import Loss, same_rank
from fashioncnn.utils.operators import Operators, operation
from fashioncnn.utils.overrides import overridden


class LossFunction(Loss):
    """A function of targets and predictions as a loss.

    Args:
        function: ``function(y_true, y_pred)`` returns a number or several for each image, or their mean over the batch.
        name: A name; None: the function's.
        reduction: See `Loss`.
        dtype: See `Loss`.
    """

    def __init__(self, function: Callable[[Any, Any], Any], name: str | None = None,
                 reduction: str | None = "sum_over_batch_size", dtype: str | None = None) -> None:
        super().__init__(name or getattr(function, "__name__", type(function).__name__), reduction, dtype)
        self.function = function

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """What the function makes of both, once their ranks are the same where Keras makes them so."""
        return self.function(*same_ranks(y_true, y_pred))

    def _core_config(self) -> dict[str, Any]:
        return {"type": "value"}


def same_ranks(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Both, a last axis of 1 added or taken away where their ranks differ by one, as Keras does."""
    if not isinstance(y_pred, Operators):
        return same_rank(y_true, y_pred)
    if len(y_true.shape) == len(y_pred.shape) + 1 and y_true.shape[-1] == 1:
        if len(y_pred.shape) == 1:
            return y_true, operation("expand_dims")(y_pred, -1)
        return operation("squeeze")(y_true, -1), y_pred
    if len(y_pred.shape) == len(y_true.shape) + 1 and y_pred.shape[-1] == 1:
        if len(y_true.shape) == 1:
            return operation("expand_dims")(y_true, -1), y_pred
        return y_true, operation("squeeze")(y_pred, -1)
    return y_true, y_pred


def is_traced(loss: Loss | None) -> bool:
    """Whether what a loss computes is traced: a user wrote it, or it makes one sum of the whole batch."""
    if loss is None:
        return False
    return isinstance(loss, LossFunction) or loss.joins_images or bool(overridden(loss, ["call"]))
