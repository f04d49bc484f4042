"""Training, evaluating and predicting. The numbers are compared with Keras in test_golden.py."""

from __future__ import annotations

import tracemalloc
import warnings
from itertools import pairwise

import numpy as np
import pytest
from by_threads import by_threads

from fashioncnn import Input, Sequential, callbacks, layers, metrics, optimizers, utils

N, CLASSES = 50, 4


def data(count=N, seed=0):
    random = np.random.default_rng(seed)
    y = random.integers(0, CLASSES, count)
    x = random.random((count, 6, 6, 1)) + y[:, None, None, None] / 2
    return x, y


def network(dropout=0.0, **options):
    model = Sequential([
        Input((6, 6, 1)), layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(),
        layers.Dropout(dropout), layers.Dense(CLASSES, activation="softmax"),
    ])
    options = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **options}
    model.compile(**options)
    return model


def trained(seed=1, *, dropout=0.25, **options):
    """A model after some training, and what fit returned."""
    utils.set_random_seed(seed)
    model = network(dropout)
    history = model.fit(*data(), **{"epochs": 2, "batch_size": 8, "verbose": 0, **options})
    return model, history


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first.get_weights(), second.get_weights(), strict=True))


class Batches(callbacks.Callback):
    """Records what happens."""

    def __init__(self):
        self.events = []
        self.logs = []

    def on_epoch_begin(self, epoch, logs=None):
        self.events.append(f"epoch {epoch}")

    def on_train_batch_end(self, batch, logs=None):
        self.events.append(batch)
        self.logs.append(dict(logs))

    def on_test_begin(self, logs=None):
        self.events.append("test")

    def on_epoch_end(self, epoch, logs=None):
        self.logs.append(dict(logs))

    def batches(self):
        """Number of batches of each epoch."""
        marks = [i for i, event in enumerate(self.events) if str(event).startswith("epoch")] + [len(self.events)]
        return [sum(isinstance(event, int) for event in self.events[a:b]) for a, b in pairwise(marks)]


def test_training_learns():
    utils.set_random_seed(1)
    model = network(optimizer=optimizers.Adam(0.02))
    history = model.fit(*data(), epochs=40, verbose=0).history
    assert history["accuracy"][-1] > 0.8
    assert history["loss"][-1] < 0.6 * history["loss"][0]


def test_history_has_keras_keys_in_keras_order():
    model, history = trained(validation_split=0.2)
    assert list(history.history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert all(len(values) == 2 and isinstance(values[0], float) for values in history.history.values())
    assert history.epoch == [0, 1]
    assert history.params == {"verbose": 0, "epochs": 2, "steps": 5}
    assert model.history is history
    assert isinstance(history, callbacks.History)


def test_the_same_seed_gives_the_same_bits():
    first, second, other = trained(1), trained(1), trained(2)
    assert first[1].history == second[1].history
    assert same(first[0], second[0])
    assert not same(first[0], other[0])


def test_the_number_of_threads_does_not_change_a_bit():
    assert same(*by_threads(lambda: trained(1)[0], (1, 3)))


@pytest.mark.parametrize("convert", [
    np.float32, np.float16, np.longdouble, ">f8", lambda x: np.asfortranarray(x.astype("f8")),
    lambda x: np.repeat(x, 2, axis=0)[::2], lambda x: x[..., 0], lambda x: x.tolist(), lambda x: [x],
], ids=["float32", "float16", "longdouble", "swapped", "column-major", "strided", "no channels", "lists", "in a list"])
def test_the_same_numbers_in_another_form_give_the_same_bits(convert):
    x, y = data()
    x = np.round(x * 16) / 16
    results = []
    for images in (x, x.astype(convert) if not callable(convert) or isinstance(convert, type) else convert(x)):
        utils.set_random_seed(1)
        model = network()
        model.fit(images, y, batch_size=8, verbose=0)
        results.append(model)
    assert same(*results)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool])
def test_integers_are_taken_as_numbers(dtype):
    x = (np.random.default_rng(0).random((5, 6, 6, 1)) * 2).astype(dtype)
    model = network()
    assert np.array_equal(model(x), model(x.astype(np.float32)))


def test_truth_values_are_labels():
    x, y = data()
    model = network()
    assert model.evaluate(x, y > 1, verbose=0) == model.evaluate(x, (y > 1).astype(int), verbose=0)


@pytest.mark.parametrize("labels", [np.uint8, np.int16, np.uint64, lambda y: y[:, None], lambda y: y.tolist()])
def test_labels_of_any_integer_type_are_the_same(labels):
    x, y = data()
    results = []
    for targets in (y, y.astype(labels) if isinstance(labels, type) else labels(y)):
        utils.set_random_seed(1)
        model = network()
        model.fit(x, targets, verbose=0)
        results.append(model)
    assert same(*results)


def test_labels_and_their_rows_of_ones_and_zeros_give_the_same_losses():
    x, y = data()
    losses = {"sparse_categorical_crossentropy": y, "categorical_crossentropy": utils.to_categorical(y)}
    results = []
    for loss, targets in losses.items():
        utils.set_random_seed(1)
        results.append(network(loss=loss).fit(x, targets, verbose=0).history)
    assert results[0].keys() == results[1].keys()
    assert results[0]["loss"] == pytest.approx(results[1]["loss"], rel=1e-6)
    assert results[0]["accuracy"] == results[1]["accuracy"]


def test_a_channel_axis_that_the_model_does_not_have_is_dropped():
    model = Sequential([layers.Flatten(input_shape=(6, 6)), layers.Dense(CLASSES)])
    x, _ = data()
    assert np.array_equal(model(x), model(x[..., 0]))


def test_vectors_of_single_numbers_are_enough_for_a_line():
    utils.set_random_seed(1)
    model = Sequential([layers.Dense(units=1, input_shape=[1])])
    model.compile(optimizer="sgd", loss="mean_squared_error")
    xs = np.array([-1.0, 0.0, 1.0, 2.0, 3.0, 4.0])
    model.fit(xs, 2 * xs - 1, epochs=500, verbose=0)
    assert model.predict(np.array([10.0]), verbose=0)[0, 0] == pytest.approx(19, abs=0.2)


def test_fit_makes_no_copy_of_the_data():
    x = np.zeros((4000, 6, 6, 1))
    y = np.zeros(4000, np.uint8)
    model = network()
    model.fit(x[:64], y[:64], verbose=0)
    tracemalloc.start()
    try:
        model.fit(x, y, validation_split=0.1, verbose=0, class_weight={0: 2.0})
        model.evaluate(x, y, verbose=0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < x.nbytes / 4


def test_validation_split_takes_the_last_rows_before_shuffling():
    x, y = data()
    y[40:] = 3
    model = network(optimizer=optimizers.SGD(0.0))
    history = model.fit(x, y, validation_split=0.2, epochs=1, verbose=0).history
    loss, accuracy = model.evaluate(x[40:], y[40:], verbose=0)
    assert (history["val_loss"][0], history["val_accuracy"][0]) == (loss, accuracy)
    assert history["loss"][0] == pytest.approx(model.evaluate(x[:40], y[:40], verbose=0)[0], rel=1e-6)


def test_an_epochs_loss_is_weighted_by_the_sizes_of_its_batches():
    x, y = data(10)
    model = network(optimizer=optimizers.SGD(0.0))
    whole = model.evaluate(x, y, batch_size=10, verbose=0)
    assert model.fit(x, y, batch_size=4, verbose=0).history["loss"][0] == pytest.approx(whole[0], rel=1e-6)
    assert model.evaluate(x, y, batch_size=3, verbose=0) == pytest.approx(whole, rel=1e-6)


def test_sample_weights_divide_by_the_number_of_rows():
    x, y = data(10)
    model = network(metrics=["accuracy"], weighted_metrics=["accuracy"])
    weight = np.array([1.0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    alone = model.evaluate(x[:1], y[:1], verbose=0, return_dict=True)
    all_ten = model.evaluate(x, y, sample_weight=weight, verbose=0, return_dict=True)
    assert all_ten["loss"] == pytest.approx(alone["loss"] / 10, rel=1e-6)
    assert all_ten["weighted_accuracy"] == alone["accuracy"]
    assert all_ten["accuracy"] == model.evaluate(x, y, verbose=0, return_dict=True)["accuracy"]


def test_class_weights_are_the_sample_weights_of_the_labels():
    x, y = data()
    losses = {"sparse_categorical_crossentropy": y, "categorical_crossentropy": utils.to_categorical(y)}
    results = []
    for options in ({"class_weight": {1: 3.0, 2: 0.5}}, {"sample_weight": np.choose(y, [1.0, 3.0, 0.5, 1.0])}):
        for loss, targets in losses.items():
            utils.set_random_seed(1)
            results.append(network(loss=loss).fit(x, targets, verbose=0, **options).history)
    assert results[0] == results[2]
    assert results[1] == results[3]
    utils.set_random_seed(1)
    assert network().fit(x, y, verbose=0).history != results[0]


def test_without_shuffling_rows_come_in_order():
    utils.set_random_seed(1)
    ordered = network()
    ordered.fit(*data(), batch_size=8, shuffle=False, verbose=0)
    utils.set_random_seed(1)
    by_hand = network()
    x, y = data()
    for start in range(0, N, 8):
        by_hand.train_on_batch(x[start : start + 8], y[start : start + 8])
    assert same(ordered, by_hand)
    assert not same(ordered, trained(epochs=1, dropout=0.0)[0])


def test_every_epoch_shuffles_anew_and_sees_every_row_once():
    class Rows(metrics.Metric):
        seen = ()

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.seen += tuple(y_true)

        def result(self):
            return 0.0

        def reset_state(self):
            orders.append(self.seen)
            self.seen = ()

    orders = []
    x = np.zeros((N, 6, 6, 1))
    y = np.arange(N) % CLASSES
    network(metrics=[Rows()]).fit(x, y, epochs=3, verbose=0)
    epochs = [order for order in orders if order]
    assert all(sorted(order) == sorted(y) for order in epochs)
    assert len(set(epochs)) == len(epochs) >= 2


def test_a_function_can_be_a_metric():
    def largest(y_true, y_pred):
        return y_pred.max(axis=-1)

    x, y = data()
    model = network(metrics=["accuracy", largest])
    scores = model.evaluate(x, y, verbose=0, return_dict=True)
    assert scores["largest"] == pytest.approx(model.predict(x, verbose=0).max(axis=1).mean(), rel=1e-6)
    assert model.metrics_names == ["loss", "compile_metrics"]
    assert model.evaluate(x, y, verbose=0) == [scores[name] for name in ("loss", "accuracy", "largest")]


def test_evaluate_returns_what_keras_returns():
    x, y = data()
    loss, accuracy = network().evaluate(x, y, verbose=0)
    assert isinstance(loss, float)
    assert isinstance(accuracy, float)
    assert isinstance(network(metrics=None).evaluate(x, y, verbose=0), float)
    assert list(network().evaluate(x, y, verbose=0, return_dict=True)) == ["accuracy", "loss"]


def test_predictions_do_not_depend_on_batches():
    model, _ = trained()
    x, _ = data()
    expected = model.predict(x, verbose=0)
    assert expected.dtype == np.float32
    assert expected.shape == (N, CLASSES)
    for outputs in (model.predict(x, batch_size=7, verbose=0), model(x), model.predict_on_batch(x),
                    np.concatenate([model(x[i : i + 1]) for i in range(N)]),
                    model.predict((x[i : i + 20] for i in range(0, N, 20)), verbose=0)):
        assert np.array_equal(outputs, expected)
    assert np.array_equal(model.predict(x, batch_size=10, steps=2, verbose=0), expected[:20])


def test_predict_callbacks_get_the_outputs():
    got = []
    watcher = callbacks.LambdaCallback()
    watcher.on_predict_batch_end = lambda batch, logs: got.append((batch, logs["outputs"].shape))
    network().predict(data()[0], batch_size=20, verbose=0, callbacks=[watcher])
    assert got == [(0, (20, CLASSES)), (1, (20, CLASSES)), (2, (10, CLASSES))]


def test_train_on_batch_is_one_step_of_fit():
    x, y = data(8)
    utils.set_random_seed(1)
    model = network()
    scores = model.train_on_batch(x, y)
    utils.set_random_seed(1)
    other = network()
    history = other.fit(x, y, batch_size=8, shuffle=False, verbose=0).history
    assert scores == [history["loss"][0], history["accuracy"][0]]
    assert same(model, other)
    assert model.test_on_batch(x, y) == model.evaluate(x, y, verbose=0)
    assert model.train_on_batch(x, y, return_dict=True).keys() == {"accuracy", "loss"}
    assert model.optimizer.iterations == 2


class Dataset(utils.PyDataset):
    """The rows of `data` in batches of 10."""

    def __init__(self):
        super().__init__()
        self.seen = []
        self.events = []

    def __len__(self):
        return 5

    def __getitem__(self, index):
        self.seen.append(index)
        return tuple(array[10 * index : 10 * index + 10] for array in data())

    def on_epoch_begin(self):
        self.events.append("begin")

    def on_epoch_end(self):
        self.events.append("end")


def generator(epochs=1):
    for _ in range(epochs):
        for start in range(0, N, 10):
            yield tuple(array[start : start + 10] for array in data())


@pytest.mark.parametrize("source", [Dataset, generator, lambda: list(generator()).__iter__()],
                         ids=["PyDataset", "generator", "iterator"])
def test_batches_made_elsewhere_train_like_arrays(source):
    utils.set_random_seed(1)
    expected = network()
    history = expected.fit(*data(), batch_size=10, shuffle=False, verbose=0)
    utils.set_random_seed(1)
    model = network()
    assert model.fit(source(), shuffle=False, verbose=0).history == history.history
    assert same(model, expected)
    assert model.evaluate(source(), verbose=0) == model.evaluate(*data(), batch_size=10, verbose=0)


def test_a_model_without_shapes_is_built_by_batches():
    for source in (Dataset(), generator()):
        model = Sequential([layers.Flatten(), layers.Dense(CLASSES, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        seen = Batches()
        model.fit(source, verbose=0, callbacks=[seen])
        assert model.input_shape == (None, 6, 6, 1)
        assert seen.batches() == [5]


def test_a_dataset_is_shuffled_by_batches_and_told_about_epochs():
    dataset = Dataset()
    utils.set_random_seed(3)
    network().fit(dataset, epochs=2, verbose=0)
    assert sorted(dataset.seen[:5]) == sorted(dataset.seen[5:]) == list(range(5))
    assert dataset.seen[:5] != dataset.seen[5:]
    assert dataset.events == ["end", *["begin", "end"] * 2]


def test_a_dataset_gives_weights_and_takes_class_weights():
    batches = [(x, y, np.full(10, 2.0)) for x, y in generator()]
    plain, weighted = network(optimizer=optimizers.SGD(0.0)), network(optimizer=optimizers.SGD(0.0))
    weighted.set_weights(plain.get_weights())
    loss = plain.fit(generator(), verbose=0).history["loss"][0]
    assert weighted.fit(iter(batches), verbose=0).history["loss"][0] == pytest.approx(2 * loss, rel=1e-6)
    by_class = weighted.fit(generator(), class_weight=dict.fromkeys(range(CLASSES), 2.0), verbose=0)
    assert by_class.history["loss"][0] == pytest.approx(2 * loss, rel=1e-6)


def test_validation_by_a_dataset():
    model = network()
    history = model.fit(*data(), validation_data=Dataset(), verbose=0).history
    assert history["val_loss"][0] == pytest.approx(model.evaluate(*data(), verbose=0)[0], rel=1e-6)
    seen = Batches()
    model.fit(*data(), validation_data=generator(), validation_steps=2, verbose=0, callbacks=[seen])
    assert seen.events.count("test") == 1


def test_steps_per_epoch_cuts_epochs_and_goes_on_where_they_end():
    seen = Batches()
    network().fit(generator(3), steps_per_epoch=7, epochs=2, verbose=0, callbacks=[seen])
    assert seen.batches() == [7, 7]
    seen = Batches()
    network().fit(*data(), batch_size=10, steps_per_epoch=2, epochs=2, verbose=0, callbacks=[seen])
    assert seen.batches() == [2, 2]
    seen = Batches()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network().fit(*data(), batch_size=10, steps_per_epoch=5, epochs=2, verbose=0, callbacks=[seen])
    assert seen.batches() == [5, 5]
    seen = Batches()
    network().fit(*data(), steps_per_epoch=10, verbose=0, callbacks=[seen])
    assert seen.batches() == [10]
    assert network().evaluate(*data(), batch_size=10, steps=2, verbose=0) != []


def test_data_that_runs_out_warns_and_ends_training():
    seen = Batches()
    with pytest.warns(UserWarning, match="ran out after 0 batches"):
        history = network().fit(generator(), epochs=3, verbose=0, callbacks=[seen])
    assert seen.batches() == [5, 0]
    assert history.epoch == [0]
    seen = Batches()
    with pytest.warns(UserWarning, match="ran out after 5 batches"):
        network().fit(*data(), batch_size=10, steps_per_epoch=8, epochs=2, verbose=0, callbacks=[seen])
    assert seen.batches() == [5, 5]


def test_initial_epoch_validation_freq_and_epochs():
    _, history = trained(initial_epoch=3, epochs=5)
    assert history.epoch == [3, 4]
    for frequency, expected in [(2, ["test", "test"]), ([1, 4], ["test", "test"]), (5, [])]:
        seen = Batches()
        network().fit(*data(), epochs=4, validation_split=0.2, validation_freq=frequency, verbose=0, callbacks=[seen])
        assert [event for event in seen.events if event == "test"] == expected
    assert trained(epochs=0)[1].history == {}


def test_batch_logs_are_running_means():
    seen = Batches()
    model = network(optimizer=optimizers.SGD(0.0))
    x, y = data()
    model.fit(x, y, batch_size=20, shuffle=False, verbose=0, callbacks=[seen])
    for log, stop in zip(seen.logs, (20, 40, 50), strict=False):
        assert log["loss"] == pytest.approx(model.evaluate(x[:stop], y[:stop], verbose=0)[0], rel=1e-6)
        assert log["accuracy"] == pytest.approx(model.evaluate(x[:stop], y[:stop], verbose=0)[1])
    assert seen.logs[-2] == seen.logs[-1]


def test_stop_training_ends_the_epoch_and_the_training():
    class Stop(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 2

    model = network()
    history = model.fit(*data(), batch_size=8, epochs=5, verbose=0, callbacks=[Stop()])
    assert history.epoch == [0]
    assert model.optimizer.iterations == 3
    assert len(model.fit(*data(), epochs=2, verbose=0).epoch) == 2


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interruption_leaves_a_model_that_can_go_on(error):
    class Interrupt(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 3:
                raise error("stop")

    utils.set_random_seed(1)
    model = network()
    before = model.get_weights()
    with pytest.raises(error):
        model.fit(*data(), batch_size=8, verbose=0, callbacks=[Interrupt()])
    assert model.optimizer.iterations == 4
    assert np.isfinite(model.predict(data()[0], verbose=0)).all()
    assert not np.array_equal(before[0], model.get_weights()[0])
    assert len(model.fit(*data(), epochs=2, verbose=0).epoch) == 2
    assert model.network.check_finite


def test_the_learning_rate_can_be_set_between_and_during_epochs():
    model = network(optimizer=optimizers.SGD(0.1))
    model.optimizer.learning_rate = 0.0
    before = model.get_weights()
    model.fit(*data(), verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_a_schedule_decides_each_step():
    schedule = optimizers.schedules.PiecewiseConstantDecay([2], [0.5, 0.0])
    utils.set_random_seed(1)
    model = network(optimizer=optimizers.SGD(schedule))
    model.fit(*data(), batch_size=8, shuffle=False, verbose=0)
    utils.set_random_seed(1)
    other = network(optimizer=optimizers.SGD(0.5))
    x, y = data()
    for start in (0, 8, 16):
        other.train_on_batch(x[start : start + 8], y[start : start + 8])
    assert same(model, other)


def test_compiling_again_keeps_the_weights_and_starts_the_optimizer_anew():
    model, _ = trained()
    before = model.get_weights()
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert model.optimizer.iterations == 0
    assert isinstance(model.evaluate(*data(), verbose=0), float)


def test_a_compile_that_fails_changes_nothing():
    model, _ = trained()
    x, y = data()
    expected = model.evaluate(x, y, verbose=0)
    taken = network(optimizer=optimizers.SGD()).optimizer
    for options in ({"optimizer": taken, "loss": "categorical_crossentropy"},
                    {"loss": "nonsense"}, {"optimizer": "nonsense"}, {"metrics": ["nonsense"]}, {"metrics": "accuracy"},
                    {"loss": "mse", "metrics": ["sparse_categorical_accuracy"]}, {"loss_weights": [1, 2]},
                    {"steps_per_execution": 2.5}, {"check_finite": "yes"}):
        with pytest.raises((ValueError, TypeError)):
            model.compile(**{"optimizer": "adam", "loss": "sparse_categorical_crossentropy", **options})
        assert model.evaluate(x, y, verbose=0) == expected
        assert model.optimizer.iterations == 14


def test_an_optimizer_belongs_to_one_model():
    optimizer = optimizers.SGD()
    first = network(optimizer=optimizer)
    with pytest.raises(ValueError, match="another model"):
        network(optimizer=optimizer)
    first.fit(*data(), verbose=0)
    first.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match="trained with other weights"):
        network(optimizer=optimizer)
    unused = network(optimizer=optimizers.SGD()).optimizer
    unused.detach()
    network(optimizer=unused).fit(*data(), verbose=0)


def exploding(**options):
    """A model whose loss is infinite after one step."""
    model = Sequential([Input((6, 6, 1)), layers.Flatten(), layers.Dense(4), layers.Dense(1, name="second")])
    model.compile(optimizers.SGD(1e25), "mse", **options)
    return model


def test_a_loss_that_is_not_finite_names_what_made_it_and_changes_nothing():
    model = exploding()
    with pytest.raises(FloatingPointError, match="'second'"):
        model.fit(*data(), epochs=20, verbose=0)
    assert model.optimizer.iterations == 1
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


def test_terminate_on_nan_turns_the_error_into_an_end():
    model = exploding()
    history = model.fit(*data(), epochs=20, verbose=0, callbacks=[callbacks.TerminateOnNaN()])
    assert history.epoch == [0]
    assert model.network.check_finite


def test_check_finite_can_be_turned_off():
    history = exploding(check_finite=False).fit(*data(), epochs=3, verbose=0).history
    assert not np.isfinite(history["loss"]).any()


def test_verbose_2_prints_a_line_for_each_epoch(capsys):
    network().fit(*data(), epochs=2, verbose=2, validation_split=0.2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Epoch 1/2"
    assert lines[1].startswith("2/2 - ")
    assert "val_loss" in lines[1]
    assert len(lines) == 4


def test_verbose_0_is_silent(capsys):
    model = network()
    model.fit(*data(), verbose=0)
    model.evaluate(*data(), verbose=0)
    model.predict(data()[0], verbose=0)
    output = capsys.readouterr()
    assert output.out == output.err == ""
