"""A learning rate for each epoch."""

from __future__ import annotations

from collections.abc import Callable

from fashioncnn.callbacks.callback import Callback, Logs
from fashioncnn.utils import checks, output


class LearningRateScheduler(Callback):
    """Asks a function for the learning rate at the beginning of every epoch. Adds "learning_rate" to the logs.

    Args:
        schedule: ``schedule(epoch, learning_rate)``, or ``schedule(epoch)``, with the epoch counted from 0; returns the
            new rate, a number of at least 0.
        verbose: 1 prints the rate of every epoch.

    Example:
        >>> LearningRateScheduler(lambda epoch, rate: rate if epoch < 10 else rate * 0.9).verbose
        0
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        self.schedule = schedule
        self.verbose = verbose
        self._takes_rate = _takes_two(schedule)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        arguments = (epoch, float(optimizer.learning_rate)) if self._takes_rate else (epoch,)
        rate = checks.number("schedule(epoch)", self.schedule(*arguments), at_least=0)
        optimizer.learning_rate = rate
        if self.verbose > 0:
            output.write_line(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


def _takes_two(function: Callable[..., float]) -> bool:
    """Whether `function` says that it takes two arguments."""
    import inspect

    try:
        inspect.signature(function).bind(0, 0.0)
    except (TypeError, ValueError):
        return False
    return True
