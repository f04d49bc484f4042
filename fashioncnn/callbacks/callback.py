"""Base class of the callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fashioncnn.utils.absent import SaysWhatIsAbsent

Logs = dict[str, Any]


class Callback(SaysWhatIsAbsent):
    """Something to be done at given moments of training, evaluating or predicting.

    Derive from this class and define the methods that are wanted. `logs` holds the numbers known at the moment, as
    floats (and a batch's "outputs" where predicting); what a callback adds to the logs of an epoch's end, later
    callbacks and the history see. Set ``self.model.stop_training = True`` to end training.

    Attributes:
        model: The model at work.
        params: A mapping with "verbose", "epochs" and "steps".

    Example:
        >>> class PrintLoss(Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         print(epoch, logs["loss"])
        >>> PrintLoss().on_epoch_end(0, {"loss": 0.5})
        0 0.5
    """

    model: Any = None
    params: Mapping[str, Any] | None = None

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Called first of all, with the settings of the run."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Called before everything starts, with the model."""
        self.model = model

    def __getstate__(self) -> dict[str, Any]:
        """A copy or a pickle of a callback does not bring its model."""
        return {name: value for name, value in vars(self).items() if name != "model"}

    def _hears(self, hook: str) -> bool:
        """Whether the method called `hook` does anything."""
        return hook in vars(self) or getattr(type(self), hook) is not getattr(Callback, hook)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before training."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After training; `logs` are those of the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before epoch `epoch`, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After epoch `epoch` and its validation; `logs` are the epoch's numbers."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """The older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """The older name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before training on batch `batch`, counted from 0 in each epoch."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After training on a batch; `logs` are the running numbers of the epoch."""
        self.on_batch_end(batch, logs=logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before evaluating or validating."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After evaluating or validating; `logs` are its numbers."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before evaluating a batch."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After evaluating a batch; `logs` are the running numbers."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before predicting."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After predicting."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before predicting a batch."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After predicting a batch."""
