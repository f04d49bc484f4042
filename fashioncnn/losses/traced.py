"""Losses that users write: functions ``f(y_true, y_pred)``, and classes with `call`.

`fit` and `evaluate` run them once, on traced tensors: what they leave behind becomes part of the network.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fashioncnn.losses import symbolic
from fashioncnn.losses.loss import Loss, same_rank
from fashioncnn.utils.operators import Operators
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
        both = symbolic.same_rank if isinstance(y_pred, Operators) else same_rank
        return self.function(*both(y_true, y_pred))

    def _core_config(self) -> dict[str, Any]:
        return {"type": "value"}


def is_traced(loss: Loss | None) -> bool:
    """Whether a user wrote what a loss computes."""
    return isinstance(loss, LossFunction) or (loss is not None and bool(overridden(loss, ["call"])))
