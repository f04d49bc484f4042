"""BackupAndRestore: a training that was broken off ends with the same bits as one that was not."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

import fashioncnn as k
from fashioncnn import DataError, callbacks, layers

pytest.importorskip("h5py")
RANDOM = np.random.default_rng(0)
X = RANDOM.random((50, 6))
Y = X[:, :2]


def make(seed=5):
    k.utils.clear_session()
    k.utils.set_random_seed(seed)
    model = k.Sequential([k.Input((6,)), layers.Dense(8, activation="relu"), layers.BatchNormalization(),
                          layers.Dropout(0.4), layers.Dense(2)])
    model.compile(k.optimizers.Adam(k.optimizers.schedules.ExponentialDecay(0.01, 3, 0.9)), "mse")
    return model


class Ends(callbacks.Callback):
    """Ends training at an update, by an exception or at once with the whole process."""

    def __init__(self, update, kill=False):
        self.update, self.kill = update, kill

    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.iterations == self.update:
            if self.kill:
                os.kill(os.getpid(), signal.SIGKILL)
            raise KeyboardInterrupt


def fit(model, *others, epochs=5):
    return model.fit(X, Y, epochs=epochs, verbose=0, callbacks=list(others))


def bits(model):
    return [array.tobytes() for array in [*model.get_weights(), *map(np.asarray, model.optimizer.variables)]]


@pytest.fixture(scope="module")
def uninterrupted():
    model = make()
    fit(model)
    return bits(model)


@pytest.mark.parametrize(("update", "first"), [(1, 0), (2, 0), (3, 1), (8, 3), (9, 4), (10, 4)])
def test_an_interrupted_training_ends_with_the_same_bits(update, first, uninterrupted, tmp_path):
    backup = callbacks.BackupAndRestore(tmp_path / "backup")
    with pytest.raises(KeyboardInterrupt):
        fit(make(), backup, Ends(update))
    model = make()
    assert fit(model, callbacks.BackupAndRestore(tmp_path / "backup")).epoch == list(range(first, 5))
    assert bits(model) == uninterrupted
    assert os.listdir(tmp_path) == []


def test_so_does_one_that_was_killed(uninterrupted, tmp_path):
    backup = callbacks.BackupAndRestore(tmp_path / "backup")
    child = os.fork()
    if child == 0:
        try:
            fit(make(), backup, Ends(7, kill=True))
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    model = make()
    assert fit(model, backup).epoch == [3, 4]
    assert bits(model) == uninterrupted


def test_backups_stay_where_that_is_wanted(tmp_path):
    backup = callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False, double_checkpoint=True)
    model = make()
    fit(model, backup, epochs=2)
    assert sorted(os.listdir(tmp_path)) == ["latest.weights.h5", "previous.weights.h5"]
    assert fit(make(), backup, epochs=3).epoch == [2]
    assert fit(make(), backup, epochs=3).epoch == []


def test_the_backup_before_is_used_where_the_last_one_is_damaged(tmp_path):
    fit(make(), callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False, double_checkpoint=True), epochs=3)
    path = tmp_path / "latest.weights.h5"
    path.write_bytes(path.read_bytes()[:-100])
    assert fit(make(), callbacks.BackupAndRestore(tmp_path)).epoch == [2, 3, 4]
    fit(make(), callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False), epochs=2)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="damaged file"):
        fit(make(), callbacks.BackupAndRestore(tmp_path))


def test_batches_are_backed_up(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        fit(make(), callbacks.BackupAndRestore(tmp_path / "backup", save_freq=1), Ends(4))
    model = make()
    assert fit(model, callbacks.BackupAndRestore(tmp_path / "backup", save_freq=1)).epoch == [1, 2, 3, 4]
    assert model.optimizer.iterations == 4 + 8


def test_other_random_numbers_are_told(tmp_path):
    fit(make(), callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False), epochs=1)
    with pytest.warns(UserWarning, match="does not begin with utils.set_random_seed"):
        fit(make(6), callbacks.BackupAndRestore(tmp_path))


@pytest.mark.parametrize("arguments", [{"backup_dir": ""}, {"backup_dir": "a", "save_freq": "batch"},
                                       {"backup_dir": "a", "save_freq": 0}, {"backup_dir": "a", "save_freq": False}])
def test_other_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=r"backup_dir|save_freq"):
        callbacks.BackupAndRestore(**arguments)


def test_weights_without_a_note_are_no_backup(tmp_path):
    make().save_weights(tmp_path / "latest.weights.h5")
    with pytest.raises(DataError, match="does not say how far"):
        fit(make(), callbacks.BackupAndRestore(tmp_path))
