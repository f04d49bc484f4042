"""Callbacks, driven by hand on a small fake model: what Keras's do, these do."""

from __future__ import annotations

import inspect
import os
import stat
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
from golden import face_cases as cases
from golden.face import GOLDEN

from fashioncnn import Input, Sequential, callbacks, layers, optimizers, utils
from fashioncnn.callbacks import CallbackList, History, LambdaCallback, ModelCheckpoint, ProgbarLogger


class Model(cases.Model):
    """The fake model of the golden cases, with what files and metrics need."""

    def __init__(self, metrics=()):
        super().__init__()
        self.metrics = list(metrics)
        self.history = None

    def save_weights(self, path, overwrite=True):
        with open(path, "w") as file:
            file.write(str(self.epoch))


def run(callback, epochs, model=None, batches=0, **params):
    """Calls `callback` as `fit` would, with one dict of logs for each epoch; returns the model and the list."""
    model = model or Model()
    hooks = CallbackList([callback], model, {"verbose": 0, "epochs": len(epochs), "steps": batches, **params})
    hooks.on_train_begin()
    for epoch, logs in enumerate(epochs):
        model.epoch = epoch
        hooks.on_epoch_begin(epoch)
        for batch in range(batches):
            hooks.on_train_batch_begin(batch)
            hooks.on_train_batch_end(batch, logs)
        hooks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    hooks.on_train_end()
    return model, hooks


@pytest.mark.parametrize("case", range(len(cases.CALLBACKS)))
def test_callback_does_what_keras_does(case):
    name, arguments, key, values = cases.CALLBACKS[case]
    assert cases.run_callback(callbacks, name, arguments, key, values) == GOLDEN["callbacks"][case]


@pytest.mark.parametrize("case", range(len(cases.CSV)))
def test_csv_file_is_that_of_keras(case, tmp_path):
    arguments, runs = cases.CSV[case]
    path = tmp_path / "log.csv"
    for rows in runs:
        run(callbacks.CSVLogger(path, **arguments), rows)
    assert path.read_bytes().decode() == GOLDEN["csv"][case]
    assert os.listdir(tmp_path) == ["log.csv"]


def test_csv_file_that_cannot_be_written_is_noticed_before_training(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing/log\.csv"):
        callbacks.CSVLogger(tmp_path / "missing" / "log.csv").on_train_begin()


def log_two_epochs(path, **arguments):
    run(callbacks.CSVLogger(path, **arguments), [{"loss": 0.5, "val_loss": 0.75}, {"loss": 0.25, "val_loss": 0.5}])


HEADER, ROWS = "epoch,loss,val_loss\r\n", "0,0.5,0.75\r\n1,0.25,0.5\r\n"


def test_csv_row_is_in_the_file_when_its_epoch_is_over(tmp_path):
    seen = []
    path = tmp_path / "log.csv"
    look = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(path.read_bytes().decode()))
    run([callbacks.CSVLogger(path), look], [{"loss": 0.5, "val_loss": 0.75}, {"loss": 0.25, "val_loss": 0.5}])
    assert seen == [HEADER + ROWS.partition("\n")[0] + "\n", HEADER + ROWS]


def test_csv_file_is_the_same_file_throughout(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("old")
    with open(path, "rb") as tail:
        log_two_epochs(path)
        assert tail.read().decode() == HEADER + ROWS


def test_csv_values_that_are_no_numbers_are_written_as_keras_writes_them(tmp_path):
    values = {"array": np.array([1, 2]), "empty": [], "list": [1, 2.5], "matrix": np.array([[1.5, 2], [3, 4]]),
              "none": None, "scalar": np.float32(0.1), "text": "high, low", "zero": np.array(0.5)}
    run(callbacks.CSVLogger(tmp_path / "log.csv"), [{"loss": 0.5, "val_loss": 0.5} | values])
    assert (tmp_path / "log.csv").read_bytes().splitlines()[1] == (
        b'0,"""[1, 2]""","""[]""","""[1, 2.5]""",0.5,"""[[1.5 2. ], [3. 4.]]""",,0.1,"high, low",0.5,0.5')


@pytest.mark.parametrize(("before", "after"), [
    ("", HEADER), ("epoch,lo", HEADER), (HEADER[:-1], HEADER), (HEADER, HEADER),
    (HEADER + "0,0.9", HEADER + "0,0.9\r\n"), (HEADER + "0,0.9,1.0\r", HEADER + "0,0.9,1.0\r\n"),
    ("epoch,accuracy\n0,0.5\n", "epoch,accuracy\n0,0.5\n"),
])
def test_csv_line_that_was_cut_off_is_ended_before_rows_are_added(before, after, tmp_path):
    (tmp_path / "log.csv").write_bytes(before.encode())
    log_two_epochs(tmp_path / "log.csv", append=True)
    assert (tmp_path / "log.csv").read_bytes().decode() == after + ROWS


@pytest.mark.parametrize("append", [False, True])
def test_csv_goes_into_a_fifo(append, tmp_path):
    fifo, received = tmp_path / "fifo", []
    os.mkfifo(fifo)
    reader = threading.Thread(target=lambda: received.append(fifo.read_bytes().decode()), daemon=True)
    writer = threading.Thread(target=log_two_epochs, args=[fifo], kwargs={"append": append}, daemon=True)
    for thread in (reader, writer):
        thread.start()
    for thread in (reader, writer):
        thread.join(5)
    assert received == [HEADER + ROWS]
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_csv_goes_into_a_device_which_stays_one(tmp_path):
    null = tmp_path / "null"
    try:
        os.mknod(null, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        null.write_bytes(b"")
    except OSError:
        pytest.skip("only root can make devices, and not everywhere")
    log_two_epochs(null)
    assert stat.S_ISCHR(null.stat().st_mode)
    assert os.listdir(tmp_path) == ["null"]


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
def test_csv_goes_where_standard_output_goes(name, tmp_path):
    if not os.path.exists("/proc/self/fd"):
        pytest.skip("needs Linux")
    (tmp_path / "link").symlink_to("/dev/stdout")
    code = f"""
from fashioncnn.callbacks import CSVLogger
print("before", flush=True)
logger = CSVLogger({name!r})
logger.on_train_begin()
logger.on_epoch_end(0, {{"loss": 0.5, "val_loss": 0.75}})
print("between", flush=True)
logger.on_epoch_end(1, {{"loss": 0.25, "val_loss": 0.5}})
logger.on_train_end()
print("after")
"""
    with open(tmp_path / "out", "wb") as out:
        subprocess.run([sys.executable, "-c", code], check=True, stdout=out, cwd=tmp_path,
                       env=os.environ | {"PYTHONPATH": str(Path(callbacks.__file__).parents[2])})
    assert (tmp_path / "out").read_text().split() == [
        "before", "epoch,loss,val_loss", "0,0.5,0.75", "between", "1,0.25,0.5", "after"]


def test_csv_write_that_fails_names_the_file():
    if not os.path.exists("/dev/full"):
        pytest.skip("needs Linux")
    with pytest.raises(OSError, match=r"No space left.*/dev/full"):
        log_two_epochs("/dev/full")


@pytest.mark.parametrize("name", cases.SIGNATURES["callbacks"])
def test_signature_is_that_of_keras(name):
    parameters = inspect.signature(getattr(callbacks, name)).parameters.values()
    ours = [[p.name, repr(p.default)] for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert ours == GOLDEN["signatures"][f"callbacks.{name}"]


# --- the list


class Recorder(callbacks.Callback):
    """Writes down every call."""

    def __init__(self, calls):
        self.calls = calls

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append((epoch, dict(logs)))


def test_list_calls_in_order_with_the_same_logs():
    calls, history = [], History()
    adds = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(added=float(epoch)))
    model, _ = run([adds, Recorder(calls), [history]], [{"loss": 0.5}, {"loss": 0.25}])
    assert calls == [(0, {"loss": 0.5, "added": 0.0}), (1, {"loss": 0.25, "added": 1.0})]
    assert history.history == {"loss": [0.5, 0.25], "added": [0.0, 1.0]}
    assert (history.epoch, model.history) == ([0, 1], history)


@pytest.mark.parametrize(("hook", "wanted"), [
    ("on_epoch_end", (False, False, False)), ("on_train_batch_begin", (True, False, False)),
    ("on_train_batch_end", (True, False, False)), ("on_batch_end", (True, False, False)),
    ("on_test_batch_end", (False, True, False)), ("on_predict_batch_begin", (False, False, True)),
])
def test_list_wants_batches_only_where_somebody_listens(hook, wanted):
    by_function = LambdaCallback(**{hook: lambda *args, **kwargs: None})
    by_class = type("Listening", (callbacks.Callback,), {hook: lambda *args, **kwargs: None})()
    for callback in (by_function, by_class):
        hooks = CallbackList([History(), callback])
        assert (hooks.wants_train_batches, hooks.wants_test_batches, hooks.wants_predict_batches) == wanted


def test_batches_reach_both_names_of_a_hook():
    seen = []

    class Both(callbacks.Callback):
        def on_batch_end(self, batch, logs=None):
            seen.append(("older", batch, logs["loss"]))

        def on_train_batch_begin(self, batch, logs=None):
            seen.append(("begin", batch))

    run(Both(), [{"loss": 0.5}], batches=2)
    assert seen == [("begin", 0), ("older", 0, 0.5), ("begin", 1), ("older", 1, 0.5)]


@pytest.mark.parametrize("hook", [name for name in dir(callbacks.Callback) if name.startswith("on_")])
def test_list_passes_every_hook_on(hook):
    seen = []
    hooks = CallbackList([LambdaCallback(**{hook: lambda *args, **kwargs: seen.append(args)})])
    arguments = list(inspect.signature(getattr(callbacks.Callback, hook)).parameters)[1:-1]
    reached = {"on_batch_begin": "on_train_batch_begin", "on_batch_end": "on_train_batch_end"}.get(hook, hook)
    getattr(hooks, reached)(*[7 for _ in arguments], {})
    assert len(seen) == 1
    assert seen[0][: len(arguments)] == (7,) * len(arguments)


@pytest.mark.parametrize("bad", [3, "history", [None, object()], History])
def test_list_refuses_what_is_no_callback(bad):
    with pytest.raises(TypeError, match="callbacks"):
        CallbackList(bad)


def test_list_adds_history_and_progress_once():
    hooks = CallbackList([History()], add_history=True, add_progbar=True)
    assert [type(callback) for callback in hooks.callbacks] == [History, ProgbarLogger]


def test_lambda_callback_refuses_unknown_methods():
    for name in ("on_epoch_ended", "set_model"):
        with pytest.raises(TypeError, match=name):
            LambdaCallback(**{name: print})


# --- watching a number


class Metric:
    def __init__(self, name, direction):
        self.name, self._direction = name, direction


def test_auto_mode_asks_the_metric():
    values = [{"val_accuracy": value} for value in (0.5, 0.4, 0.3)]
    model, _ = run(callbacks.EarlyStopping("val_accuracy", patience=1), values, Model([Metric("accuracy", "up")]))
    assert (model.epoch, model.stop_training) == (1, True)
    model, _ = run(callbacks.EarlyStopping("val_accuracy", patience=1), values, Model([Metric("accuracy", "down")]))
    assert not model.stop_training


def test_auto_mode_of_an_unknown_number_is_an_error():
    for name, near in (("val_acc", "val_accuracy"), ("acc", "accuracy")):
        with pytest.raises(ValueError, match=rf"'{name}'.*mode='max'.*did you mean '{near}'\?$"):
            run(callbacks.EarlyStopping(name), [{"val_accuracy": 0.5}], Model([Metric("accuracy", "up")]))
    with pytest.raises(ValueError, match=r"mode='min'$"):
        run(callbacks.EarlyStopping("val_xyz"), [{"val_accuracy": 0.5}], Model([Metric("accuracy", "up")]))


def test_missing_number_warns_and_does_not_stop():
    with pytest.warns(UserWarning, match=r"'val_loss', only loss(, learning_rate)?; fit\(\) makes it with v"):
        model, _ = run(callbacks.EarlyStopping(patience=0), [{"loss": 0.5}, {"loss": 0.7}])
    assert not model.stop_training


def test_unknown_mode_warns_and_is_auto():
    with pytest.warns(UserWarning, match="'minimum' is unknown"):
        assert callbacks.EarlyStopping(mode="minimum").mode == "auto"


def test_early_stopping_can_be_used_again():
    callback = callbacks.EarlyStopping(patience=1, restore_best_weights=True)
    for _ in range(2):
        model, _ = run(callback, [{"val_loss": value} for value in (0.3, 0.2, 0.4, 0.1)])
        assert (model.epoch, callback.stopped_epoch) == (1, 2)


# --- learning rates


@pytest.mark.parametrize("schedule", [lambda epoch: 0.5 / (epoch + 1), lambda epoch, rate: rate / 2 if epoch else 0.5,
                                      [0.5, 0.25].__getitem__])
def test_learning_rate_scheduler_with_one_argument_or_two(schedule, capsys):
    history = History()
    model, _ = run([callbacks.LearningRateScheduler(schedule, verbose=1), history], [{"loss": 1.0}, {"loss": 1.0}])
    assert model.optimizer.learning_rate == 0.25
    assert history.history["learning_rate"] == [0.5, 0.25]
    assert capsys.readouterr().out == (
        "\nEpoch 1: LearningRateScheduler setting learning rate to 0.5.\n"
        "\nEpoch 2: LearningRateScheduler setting learning rate to 0.25.\n")


def test_type_error_inside_a_schedule_is_not_swallowed():
    def broken(epoch, rate):
        raise TypeError("inside")

    with pytest.raises(TypeError, match="inside"):
        run(callbacks.LearningRateScheduler(broken), [{}])


@pytest.mark.parametrize(("rate", "error"), [("0.1", TypeError), (None, TypeError), (-0.1, ValueError),
                                             (float("nan"), ValueError)])
def test_schedule_must_return_a_rate(rate, error):
    with pytest.raises(error, match="schedule"):
        run(callbacks.LearningRateScheduler(lambda epoch: rate), [{}])


@pytest.mark.parametrize(("arguments", "error"), [({"factor": 1.0}, ValueError), ({"factor": -0.5}, ValueError),
                                                  ({"patience": -1}, ValueError), ({"cooldown": 0.5}, TypeError),
                                                  ({"min_lr": -1.0}, ValueError), ({"epsilon": 0.1}, TypeError)])
def test_reduce_lr_refuses_and_names(arguments, error):
    with pytest.raises(error, match=next(iter(arguments))):
        callbacks.ReduceLROnPlateau(**arguments)


# --- a lost loss


def test_terminate_on_nan_ends_quietly(capsys):
    model, _ = run(callbacks.TerminateOnNaN(), [{"loss": 1.0}, {"loss": float("inf")}, {"loss": 1.0}], batches=1)
    assert model.epoch == 1
    assert capsys.readouterr().out == "Batch 0: Invalid loss, terminating training\n"


def test_terminate_on_nan_can_raise():
    with pytest.raises(RuntimeError, match="batch 1: the loss is nan"):
        callbacks.TerminateOnNaN(raise_error=True).on_train_batch_end(1, {"loss": float("nan")})


# --- checkpoints


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_checkpoint_after_every_epoch_formats_its_name(tmp_path, capsys):
    callback = ModelCheckpoint(tmp_path / "new" / "{epoch:02d}-{val_loss:.2f}.npz", save_weights_only=True, verbose=1)
    run(callback, [{"val_loss": 0.5}, {"val_loss": 0.25}])
    assert names(tmp_path / "new") == ["01-0.50.npz", "02-0.25.npz"]
    path = tmp_path / "new" / "01-0.50.npz"
    assert capsys.readouterr().out.startswith(
        f"\nEpoch 1: saving model to {path}\n\nEpoch 1: finished saving model to {path}\n")


def test_checkpoint_keeps_the_best(tmp_path, capsys):
    path = tmp_path / "best.npz"
    callback = ModelCheckpoint(path, save_weights_only=True, save_best_only=True, verbose=1)
    run(callback, [{"val_loss": value} for value in (0.5, 0.25, 0.375)])
    assert path.read_text() == "1"
    lines = capsys.readouterr().out.splitlines()
    assert f"Epoch 2: val_loss improved from 0.50000 to 0.25000, saving model to {path}" in lines
    assert lines[-1] == "Epoch 3: val_loss did not improve from 0.25000"


def test_checkpoint_beats_its_threshold_first(tmp_path):
    path = tmp_path / "best.npz"
    callback = ModelCheckpoint(path, save_weights_only=True, save_best_only=True, initial_value_threshold=0.375)
    run(callback, [{"val_loss": 0.5}])
    assert not path.exists()
    run(callback, [{"val_loss": 0.25}])
    assert path.exists()


def test_checkpoint_after_batches(tmp_path):
    name = os.fsencode(tmp_path / "{epoch}-{batch}.npz")
    callback = ModelCheckpoint(name, save_weights_only=True, save_freq=3)
    run(callback, [{"loss": 0.5}, {"loss": 0.25}], batches=4)
    assert names(tmp_path) == ["1-3.npz", "2-2.npz"]


def test_checkpoint_by_epochs_does_not_slow_the_batches_down(tmp_path):
    assert not CallbackList([ModelCheckpoint(tmp_path / "a.npz", save_weights_only=True)]).wants_train_batches


def test_checkpoint_without_the_number_warns_and_saves(tmp_path):
    path = tmp_path / "best.npz"
    with pytest.warns(UserWarning, match="val_loss"):
        run(ModelCheckpoint(path, save_weights_only=True, save_best_only=True), [{"loss": 0.5}])
    assert path.exists()


def test_checkpoint_names_the_missing_field(tmp_path):
    with pytest.raises(KeyError, match="val_accuracy"):
        run(ModelCheckpoint(tmp_path / "{val_accuracy}.npz", save_weights_only=True), [{"loss": 0.5}])


@pytest.mark.parametrize(("arguments", "message"), [
    ({"filepath": "a.h5", "save_weights_only": True}, r"\.weights\.h5 or \.npz or \.safetensors"),
    ({"filepath": "a.npz"}, r"\.keras"),
    ({"filepath": "a.npz", "save_weights_only": True, "save_freq": 0}, "save_freq"),
])
def test_checkpoint_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        ModelCheckpoint(**arguments)


def test_checkpoint_saves_the_whole_model(tmp_path):
    class Saving(Model):
        def save(self, path, overwrite=True):
            self.saved = path

    model, _ = run(ModelCheckpoint(tmp_path / "{epoch}.keras"), [{"loss": 0.5}], Saving())
    assert model.saved == str(tmp_path / "1.keras")


def test_no_callback_warns_without_reason(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run([callbacks.EarlyStopping(), callbacks.ReduceLROnPlateau(), callbacks.CSVLogger(tmp_path / "a.csv"),
             callbacks.TerminateOnNaN()], [{"loss": 0.5, "val_loss": 0.5}], batches=2)


# --- on a real model


def real_model(optimizer="sgd", metrics=("accuracy",)):
    utils.set_random_seed(1)
    model = Sequential([Input((4,)), layers.Dense(3, activation="softmax")])
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=list(metrics))
    return model


def data(rows=40):
    random = np.random.default_rng(1)
    x = random.normal(size=(rows, 4)).astype(np.float32)
    return x, x[:, :3].argmax(axis=1)


def fit(model, callback, epochs=4, **options):
    x, y = data()
    return model.fit(x, y, batch_size=10, epochs=epochs, verbose=0, validation_data=data(20), callbacks=callback,
                     **options)


def test_early_stopping_restores_the_real_models_best_weights():
    weights = []
    model = real_model()
    scores = iter([0.5, 0.2, 0.3, 0.4, 0.1])
    told = LambdaCallback(on_epoch_end=lambda epoch, logs: (logs.update(score=next(scores)),
                                                            weights.append(model.get_weights())))
    stopping = callbacks.EarlyStopping("score", mode="min", patience=2, restore_best_weights=True)
    history = fit(model, [told, stopping], epochs=9)
    assert history.epoch == [0, 1, 2, 3]
    for ours, best in zip(model.get_weights(), weights[1], strict=True):
        np.testing.assert_array_equal(ours, best)


def test_auto_mode_finds_the_real_models_metric():
    callback = callbacks.EarlyStopping("val_accuracy", patience=9)
    fit(real_model(), callback, epochs=1)
    assert callback.mode == "max"


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_checkpoint_of_a_real_model_can_be_loaded(ending, tmp_path):
    pytest.importorskip("safetensors")
    path = tmp_path / f"weights.{ending}"
    model, other = real_model(), real_model()
    fit(model, ModelCheckpoint(path, save_weights_only=True))
    other.load_weights(path)
    for ours, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_learning_rates_reach_the_core():
    rates = []
    model = real_model(optimizers.SGD(0.5))
    spy = LambdaCallback(on_train_batch_end=lambda batch, logs: rates.append(model.network.learning_rate))
    history = fit(model, [callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2), spy], epochs=2)
    assert rates == [0.25] * 4 + [0.125] * 4
    assert history.history["learning_rate"] == [0.25, 0.125]


def test_schedule_is_followed_step_by_step():
    rates = []
    model = real_model(optimizers.SGD(optimizers.schedules.PolynomialDecay(0.5, 8, 0.0)))
    spy = LambdaCallback(on_train_batch_end=lambda batch, logs: rates.append(model.network.learning_rate))
    fit(model, spy, epochs=2)
    assert rates == [0.5 - step / 16 for step in range(8)]


def test_plateau_halves_the_real_rate():
    model = real_model(optimizers.SGD(0.5))
    history = fit(model, callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=1, min_delta=100), epochs=4)
    assert history.history["learning_rate"] == [0.5, 0.5, 0.25, 0.125]
    assert model.optimizer.learning_rate == model.network.learning_rate == 0.0625


def test_schedule_cannot_be_reduced():
    model = real_model(optimizers.SGD(optimizers.schedules.ExponentialDecay(0.5, 8, 0.5)))
    with pytest.raises(TypeError, match="LearningRateSchedule"):
        fit(model, callbacks.ReduceLROnPlateau("val_loss", patience=0, min_delta=100))


def test_loss_that_is_lost_ends_a_real_training(capsys):
    x, y = data()
    arguments = {"batch_size": 10, "epochs": 3, "verbose": 0}
    with pytest.raises(FloatingPointError):
        real_model().fit(x * 1e30, y, **arguments)
    history = real_model().fit(x * 1e30, y, callbacks=[callbacks.TerminateOnNaN()], **arguments)
    assert history.epoch == [0]
    assert "Invalid loss, terminating training\n" in capsys.readouterr().out


@pytest.mark.parametrize("value", [np.array([1, 2]), [1, 2], None, "text", {"a": 1}])
@pytest.mark.parametrize("verbose", [1, 2])
def test_what_a_callback_logs_does_not_stop_a_real_training(value, verbose, tmp_path, capsys):
    adds = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(added=value))
    x, y = data()
    history = real_model().fit(x, y, epochs=2, verbose=verbose,
                               callbacks=[adds, callbacks.CSVLogger(tmp_path / "log.csv")])
    assert [one is value for one in history.history["added"]] == [True, True]
    assert capsys.readouterr().out.count(" - added: ") == 2
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 3


def test_csv_file_of_a_real_training(tmp_path):
    fit(real_model(), callbacks.CSVLogger(tmp_path / "log.csv"), epochs=2)
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines[0] == "epoch,accuracy,loss,val_accuracy,val_loss"
    assert [line.split(",")[0] for line in lines[1:]] == ["0", "1"]


def test_optimizer_of_one_model_is_refused_by_another():
    optimizer = optimizers.Adam()
    real_model(optimizer)
    with pytest.raises(ValueError, match="already belongs to another model"):
        real_model(optimizer)


def test_metrics_of_core_and_python_agree_on_a_real_model():
    def by_hand(y_true, y_pred):
        return (y_pred.argmax(axis=-1) == np.ravel(y_true)).astype(np.float32)

    model = real_model(metrics=("accuracy", by_hand, "sparse_categorical_crossentropy"))
    scores = model.evaluate(*data(), batch_size=7, verbose=0, return_dict=True)
    assert scores["by_hand"] == pytest.approx(scores["accuracy"])
    assert scores["sparse_categorical_crossentropy"] == pytest.approx(scores["loss"], rel=1e-6)
