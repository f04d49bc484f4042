"""steps_per_execution: callbacks hear of several batches at once, and nothing else changes."""

import numpy as np
import pytest

from fashioncnn import Input, Sequential, callbacks, layers, saving, utils

X = np.random.default_rng(0).standard_normal((50, 4)).astype(np.float32)
Y = np.random.default_rng(1).integers(0, 3, 50)


class Hears(callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.heard, self.logs, self.rows = [], [], []

    def on_train_batch_begin(self, batch, logs=None):
        self.heard.append(("train begin", batch))

    def on_train_batch_end(self, batch, logs=None):
        self.heard.append(("train end", batch))
        self.logs.append(logs["loss"])

    def on_test_batch_begin(self, batch, logs=None):
        self.heard.append(("test begin", batch))

    def on_test_batch_end(self, batch, logs=None):
        self.heard.append(("test end", batch))

    def on_predict_batch_begin(self, batch, logs=None):
        self.heard.append(("predict begin", batch))

    def on_predict_batch_end(self, batch, logs=None):
        self.heard.append(("predict end", batch))
        self.rows.append(len(logs["outputs"]))


def network(together=1):
    utils.set_random_seed(1)
    model = Sequential([Input((4,)), layers.Dense(5, activation="relu"), layers.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], steps_per_execution=together)
    return model


def batches():
    """Seven of them, in memory that is used again."""
    x, y = np.empty((8, 4), np.float32), np.empty(8, np.int64)
    for start in range(0, 50, 8):
        rows = len(X[start : start + 8])
        x[:rows], y[:rows] = X[start : start + 8], Y[start : start + 8]
        yield x[:rows], y[:rows]


@pytest.mark.parametrize("together", [1, 3, 7, 100])
@pytest.mark.parametrize("data", ["arrays", "generator"])
def test_results_are_the_same_and_callbacks_hear_of_runs(together, data):
    model, plain, hears, every = network(together), network(), Hears(), Hears()
    for each, callback in ((model, hears), (plain, every)):
        source = (X, Y) if data == "arrays" else (batches(),)
        history = each.fit(*source, **({"batch_size": 8, "shuffle": False} if data == "arrays" else {}),
                           callbacks=[callback], verbose=0).history
        each.evaluate(X, Y, batch_size=8, callbacks=[callback], verbose=0)
        each.predict(X, batch_size=8, callbacks=[callback], verbose=0)
        each.history_of_test = history
    assert model.history_of_test == plain.history_of_test
    for a, b in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    numbers = list(range(0, 7, together))
    expected = [(f"{kind} {hook}", number + last) for kind in ("train", "test", "predict") for number in numbers
                for hook, last in (("begin", 0), ("end", together - 1))]
    assert hears.heard == expected
    assert sum(hears.rows) == 50
    np.testing.assert_array_equal(hears.logs[:-1], every.logs[together - 1 :: together][: len(hears.logs) - 1])
    assert hears.logs[-1] == every.logs[-1]


def test_an_epoch_of_some_steps_has_whole_runs():
    hears = Hears()
    model = network(2)
    model.fit(X, Y, batch_size=5, steps_per_epoch=3, epochs=2, shuffle=False, callbacks=[hears], verbose=0)
    assert model.optimizer.iterations == 8
    assert [batch for hook, batch in hears.heard if hook == "train begin"] == [0, 2, 0, 2]


def test_training_stops_after_a_run():
    class Stops(callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.model.stop_training = True

    model = network(3)
    model.fit(X, Y, batch_size=8, callbacks=[Stops()], verbose=0)
    assert model.optimizer.iterations == 3


def test_files_of_checkpoints_count_batches(tmp_path):
    model = network(3)
    model.fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=[
        callbacks.ModelCheckpoint(tmp_path / "{epoch}-{batch}.weights.h5", save_weights_only=True, save_freq=5)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1-6.weights.h5", "2-3.weights.h5", "2-9.weights.h5"]


def test_it_is_kept_in_files_and_copies(tmp_path):
    model = network(3)
    assert model.steps_per_execution == 3
    model.save(tmp_path / "m.keras")
    assert saving.load_model(tmp_path / "m.keras").steps_per_execution == 3
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert model.steps_per_execution == 1
