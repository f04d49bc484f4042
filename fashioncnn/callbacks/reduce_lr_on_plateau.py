"""Smaller steps when training no longer helps."""

from __future__ import annotations

from fashioncnn.callbacks.callback import Logs
from fashioncnn.callbacks.monitor import MonitorCallback
from fashioncnn.utils import checks, output


class ReduceLROnPlateau(MonitorCallback):
    """Reduces the learning rate when a number has not become better for some epochs. Adds "learning_rate" to the logs.

    Args:
        monitor: The number's key in the logs.
        factor: In [0, 1); what the rate is multiplied by.
        patience: Epochs without improvement after which the rate is reduced.
        verbose: 1 prints a line when the rate is reduced.
        mode: "min" or "max": which way is better; "auto": down for losses, else what the metric of that name says.
        min_delta: How much better the number must become to count.
        cooldown: Epochs after a reduction that do not count.
        min_lr: The rate is not reduced below this.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> ReduceLROnPlateau(factor=0.5, patience=3, min_lr=1e-5).factor
        0.5
    """

    def __init__(self, monitor: str = "val_loss", factor: float = 0.1, patience: int = 10, verbose: int = 0,
                 mode: str = "auto", min_delta: float = 1e-4, cooldown: int = 0, min_lr: float = 0.0) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.factor = checks.number("factor", factor, at_least=0, below=1)
        self.patience = checks.integer("patience", patience, at_least=0)
        self.verbose = verbose
        self.cooldown = checks.integer("cooldown", cooldown, at_least=0)
        self.min_lr = checks.number("min_lr", min_lr, at_least=0)
        self._reset()

    def _reset(self) -> None:
        self.best = None
        self.cooldown_counter = 0
        self.wait = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._reset()

    def in_cooldown(self) -> bool:
        """Whether the last reduction is too recent for another."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        current = self.get_monitor_value(logs)
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_improvement(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        optimizer = self.model.optimizer
        if optimizer.learning_rate > self.min_lr:
            optimizer.learning_rate = max(optimizer.learning_rate * self.factor, self.min_lr)
            if self.verbose > 0:
                output.write_line(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to "
                                  f"{optimizer.learning_rate}.")
            self.cooldown_counter = self.cooldown
            self.wait = 0
