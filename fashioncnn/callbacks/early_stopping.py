"""Ending training when it no longer helps."""

from __future__ import annotations

from typing import Any

from fashioncnn.callbacks.callback import Logs
from fashioncnn.callbacks.monitor import MonitorCallback
from fashioncnn.utils import checks, output


class EarlyStopping(MonitorCallback):
    """Ends training when a number has not become better for some epochs.

    Args:
        monitor: The number's key in the logs.
        min_delta: How much better it must become to count.
        patience: Epochs without improvement after which training ends.
        verbose: 1 prints a line when training is ended.
        mode: "min" or "max": which way is better; "auto": down for losses, else what the metric of that name says.
        baseline: A value the number must beat for an epoch to count as an improvement.
        restore_best_weights: Whether the model ends with the weights of its best epoch, be it better than `baseline` or
            not.
        start_from_epoch: Epochs before this one do not count.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> EarlyStopping(monitor="val_accuracy", patience=3, restore_best_weights=True).patience
        3
    """

    def __init__(self, monitor: str = "val_loss", min_delta: float = 0, patience: int = 0, verbose: int = 0,
                 mode: str = "auto", baseline: float | None = None, restore_best_weights: bool = False,
                 start_from_epoch: int = 0) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience = checks.integer("patience", patience, at_least=0)
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = checks.integer("start_from_epoch", start_from_epoch, at_least=0)
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_epoch = 0
        self.best_weights: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        current = self.get_monitor_value(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self._is_improvement(current, self.best):
            self.best = current
            self.best_epoch = epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self._is_improvement(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch > 0 and self.verbose > 0:
            output.write_line(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose > 0:
                output.write_line(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)
