"""Saving a model while it is trained."""

from __future__ import annotations

import os
from typing import Any

from fashioncnn.callbacks.callback import Logs
from fashioncnn.callbacks.monitor import MonitorCallback
from fashioncnn.saving.weights import WEIGHT_FILE_ENDINGS
from fashioncnn.saving.whole import MODEL_FILE_ENDINGS
from fashioncnn.utils import checks, output


class ModelCheckpoint(MonitorCallback):
    """Saves the model or its weights, after every epoch or every so many batches. Missing folders are made.

    Args:
        filepath: The file; may have fields for `str.format`, filled with ``epoch`` (counted from 1), ``batch`` and the
            keys of the logs: "weights-{epoch:02d}-{val_loss:.2f}.npz". Weights go to names ending in .weights.h5,
            .npz or .safetensors, whole models to names ending in .keras, .h5 or .hdf5. Each file is replaced at once: a
            killed process leaves the one of before.
        monitor: The key in the logs that tells which model is best.
        verbose: 1 prints a line for every file.
        save_best_only: Whether to save only when the number is better than ever before.
        save_weights_only: Whether to save the weights alone.
        mode: "min" or "max": which way is better; "auto": down for losses, else what the metric of that name says.
        save_freq: "epoch", or a number of batches.
        initial_value_threshold: The value to beat first.

    Raises:
        ValueError: If an argument is not supported.

    Example:
        >>> ModelCheckpoint("best.npz", monitor="val_accuracy", save_best_only=True, save_weights_only=True).filepath
        'best.npz'
    """

    def __init__(self, filepath: str | bytes | os.PathLike[str], monitor: str = "val_loss", verbose: int = 0,
                 save_best_only: bool = False, save_weights_only: bool = False, mode: str = "auto",
                 save_freq: str | int = "epoch", initial_value_threshold: float | None = None) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath = os.fsdecode(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq if save_freq == "epoch" else checks.integer("save_freq", save_freq, at_least=1)
        self._epoch = 0
        self._batches, self._last = 0, -1  # since the last file; the number of the last one
        endings = WEIGHT_FILE_ENDINGS if save_weights_only else MODEL_FILE_ENDINGS
        if not self.filepath.endswith(endings):
            raise checks.unsupported(f"ModelCheckpoint with save_weights_only={save_weights_only}", "filepath",
                                     self.filepath, f"names ending in {' or '.join(endings)}")

    def _hears(self, hook: str) -> bool:
        return super()._hears(hook) and not (hook == "on_train_batch_end" and self.save_freq == "epoch")

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if isinstance(self.save_freq, int):
            self._batches += batch - self._last if batch > self._last else batch + 1
            self._last = batch
            if self._batches >= self.save_freq:
                self._batches = 0
                self._save(self._epoch, {"batch": batch + 1, **(logs or {})})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch, logs or {})

    def _save(self, epoch: int, logs: dict[str, Any]) -> None:
        path = self._path(epoch, logs)
        if not self._is_wanted(epoch, logs, path):
            return
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        self._tell(epoch, f"finished saving model to {path}")

    def _path(self, epoch: int, logs: dict[str, Any]) -> str:
        try:
            return self.filepath.format(epoch=epoch + 1, **logs)
        except KeyError as error:
            raise KeyError(f"ModelCheckpoint: filepath {self.filepath!r} has the field {error}, but the logs have only "
                           f"{', '.join(logs)}") from None

    def _is_wanted(self, epoch: int, logs: dict[str, Any], path: str) -> bool:
        if not self.save_best_only:
            self._tell(epoch, f"saving model to {path}")
            return True
        current = self.get_monitor_value(logs)
        if current is None:
            return True
        before = "None" if self.best is None else f"{self.best:.5f}"
        if not self._is_improvement(current, self.best):
            self._tell(epoch, f"{self.monitor} did not improve from {before}")
            return False
        self.best = current
        self._tell(epoch, f"{self.monitor} improved from {before} to {current:.5f}, saving model to {path}")
        return True

    def _tell(self, epoch: int, text: str) -> None:
        if self.verbose > 0:
            output.write_line(f"\nEpoch {epoch + 1}: {text}")
