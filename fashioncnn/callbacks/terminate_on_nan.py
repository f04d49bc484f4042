"""Ending training when the loss is lost."""

from __future__ import annotations

import math

from fashioncnn.callbacks.callback import Callback, Logs
from fashioncnn.utils import output


class TerminateOnNaN(Callback):
    """Ends training quietly when the loss is NaN or infinite.

    Without it such a loss makes `fit` raise FloatingPointError before any weight is changed.

    Args:
        raise_error: Whether to raise RuntimeError in place of the quiet end.

    Example:
        >>> TerminateOnNaN(raise_error=True).on_batch_end(3, {"loss": float("nan")})
        Traceback (most recent call last):
            ...
        RuntimeError: batch 3: the loss is nan
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(f"batch {batch}: the loss is {loss}")
        output.write_line(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True
