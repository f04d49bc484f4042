"""Going on with a training that was broken off."""

from __future__ import annotations

import os
import warnings
from contextlib import suppress
from typing import Any

from fashioncnn.callbacks.callback import Callback, Logs
from fashioncnn.saving import progress
from fashioncnn.saving.progress import Progress
from fashioncnn.utils import checks, seeds


class BackupAndRestore(Callback):
    """Backs up a training, so that the same script, started again, goes on after the last backup.

    A backup has the weights, the state of the optimizer, the epoch, and where the random numbers were that order rows
    and drop units. So a script that begins with `utils.set_random_seed`, and is killed at any moment, ends with the
    same bits as if it had not been. (What callbacks and generators of yours remember is not in it.) The model must be
    built and compiled before `fit`. Needs the extra "hdf5".

    Args:
        backup_dir: A folder for the backup alone; it is made if need be.
        save_freq: "epoch", or a number of batches. An epoch that was backed up in its middle begins again, with the
            weights as they were then; so only with "epoch" the bits are the same.
        double_checkpoint: Whether the backup before the last one is kept, too, and used where the last one is damaged.
        delete_checkpoint: Whether the backups are deleted at the end of training.

    Raises:
        ArgumentError: If `save_freq` is neither "epoch" nor an integer.
        ValueError: If `backup_dir` is empty.

    Example:
        >>> import tempfile
        >>> from fashioncnn import Input, Sequential, layers
        >>> model = Sequential([Input((2,)), layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> backup = BackupAndRestore(tempfile.mkdtemp())
        >>> history = model.fit([[1.0, 2.0]], [[0.5]], epochs=2, verbose=0, callbacks=[backup])
        >>> history.epoch
        [0, 1]
    """

    def __init__(self, backup_dir: str | bytes | os.PathLike[str], save_freq: str | int = "epoch",
                 double_checkpoint: bool = False, delete_checkpoint: bool = True) -> None:
        if not backup_dir:
            raise ValueError("BackupAndRestore: Empty `backup_dir`; it must name a folder")
        self.backup_dir = os.fsdecode(backup_dir)
        self.save_freq = save_freq if save_freq == "epoch" else checks.integer("save_freq", save_freq, at_least=1)
        self.double_checkpoint = checks.truth("double_checkpoint", double_checkpoint)
        self.delete_checkpoint = checks.truth("delete_checkpoint", delete_checkpoint)
        self._epoch = 0
        self._batches, self._last = 0, -1  # since the last file; the number of the last one

    @property
    def _path(self) -> str:
        return os.path.join(self.backup_dir, "latest.weights.h5")

    @property
    def _previous(self) -> str:
        return os.path.join(self.backup_dir, "previous.weights.h5")

    def _hears(self, hook: str) -> bool:
        return super()._hears(hook) and not (hook == "on_train_batch_end" and self.save_freq == "epoch")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._epoch, self._batches, self._last = 0, 0, -1
        found = self._restored()
        if found is None:
            return
        self._epoch = self.model._initial_epoch = found.epoch
        self.model.built_network.random_step = found.random_step
        seeds.go_to(found.seed, found.drawn)
        if found.layers != _layer_keys(self.model):
            warnings.warn("BackupAndRestore: layers with random numbers draw others than before: the script does not "
                          "begin with utils.set_random_seed, or has changed", stacklevel=2)

    def _restored(self) -> Progress | None:
        """How far the backup had come, whose weights the model has now; None where there is none."""
        optimizer = self.model.optimizer
        optimizer.build(self.model.trainable_variables)
        paths = [path for path in (self._path, self._previous) if os.path.exists(path)]
        for path in paths:
            try:
                return progress.read(path, self.model)
            except (OSError, ValueError):
                if path == paths[-1]:
                    raise
        return None

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if isinstance(self.save_freq, int):
            self._batches += batch - self._last if batch > self._last else batch + 1
            self._last = batch
            if self._batches >= self.save_freq:
                self._batches = 0
                self._save()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch + 1
        if self.save_freq == "epoch":
            self._save()

    def _save(self) -> None:
        os.makedirs(self.backup_dir, exist_ok=True)
        if self.double_checkpoint and os.path.exists(self._path):
            with suppress(FileNotFoundError):
                os.unlink(self._previous)
            os.link(self._path, self._previous)
        seed, drawn = seeds.position()
        now = Progress(self._epoch, self.model.built_network.random_step, seed, drawn, _layer_keys(self.model))
        progress.write(self._path, self.model, now)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if not self.delete_checkpoint:
            return
        for path in (self._path, self._previous):
            with suppress(FileNotFoundError):
                os.unlink(path)
        with suppress(OSError):
            os.rmdir(self.backup_dir)


def _layer_keys(model: Any) -> list[list[int]]:
    """Where the random numbers of layers come from."""
    keys = [getattr(layer, "_key", None) for layer in model._flatten_layers()]
    return [list(key) for key in keys if key is not None]
