"""The record of a training run."""

from __future__ import annotations

from fashioncnn.callbacks.callback import Callback, Logs


class History(Callback):
    """Keeps every epoch's logs; `fit` returns one.

    Attributes:
        history: For each key of the logs the list of its values.
        epoch: The epochs' numbers.

    Example:
        >>> record = History()
        >>> record.on_epoch_end(0, {"loss": 0.5})
        >>> record.on_epoch_end(1, {"loss": 0.25})
        >>> record.history
        {'loss': [0.5, 0.25]}
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)
        if self.model is not None:
            self.model.history = self
