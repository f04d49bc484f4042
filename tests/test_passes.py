"""Passes over data: which batches they have, whose totals they count, when they end, and who is told."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest

from fashioncnn import Input, Sequential, callbacks, layers, metrics, optimizers, utils

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.random((200, 4)), RANDOM.integers(0, 3, 200)


def network(rate=0.0, **options):
    model = Sequential([Input((4,)), layers.Dense(3, activation="softmax")])
    options = {"metrics": ["accuracy"], **options}
    model.compile(optimizers.SGD(rate), "sparse_categorical_crossentropy", **options)
    return model


class Batches(utils.PyDataset):
    """Batches of eight rows; writes down what is asked of it."""

    def __init__(self, count, events=None, name="", **options):
        super().__init__(**options)
        self.count, self.events, self.name = count, [] if events is None else events, name

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        return X[8 * index : 8 * index + 8], Y[8 * index : 8 * index + 8]

    def on_epoch_begin(self):
        self.events.append(f"{self.name}B")

    def on_epoch_end(self):
        self.events.append(f"{self.name}E")


class Told(callbacks.Callback):
    def __init__(self, events):
        self.events = events

    def on_epoch_begin(self, epoch, logs=None):
        self.events.append(f"begin{epoch}")

    def on_epoch_end(self, epoch, logs=None):
        self.events.append(f"end{epoch}")


# --- validation_steps


@pytest.mark.parametrize("kind", ["arrays", "split", "PyDataset", "generator", "iterable", "reused arrays"])
def test_a_validation_of_some_steps_has_the_same_first_batches_each_time(kind):
    def generator():
        for index in range(25):
            yield X[8 * index : 8 * index + 8], Y[8 * index : 8 * index + 8]

    def in_one_array():
        x, y = np.empty((8, 4)), np.empty(8, int)
        for index in range(25):
            x[:], y[:] = X[8 * index : 8 * index + 8], Y[8 * index : 8 * index + 8]
            yield x, y

    class Iterable:
        def __iter__(self):
            return generator()

    options = {
        "arrays": {"validation_data": (X, Y), "validation_batch_size": 8},
        "split": {"validation_split": 0.5, "validation_batch_size": 8},
        "PyDataset": {"validation_data": Batches(25)},
        "generator": {"validation_data": generator()},
        "iterable": {"validation_data": Iterable()},
        "reused arrays": {"validation_data": in_one_array()},
    }[kind]
    model = network()
    history = model.fit(X, Y, batch_size=32, epochs=4, validation_steps=2, verbose=0, **options).history
    first = slice(100, 116) if kind == "split" else slice(0, 16)
    loss, accuracy = model.evaluate(X[first], Y[first], batch_size=8, verbose=0)
    assert history["val_loss"] == [loss] * 4
    assert history["val_accuracy"] == [accuracy] * 4


def test_the_case_of_the_report():
    """200 rows in batches of 32, of which every validation has the first two."""
    model = network()
    history = model.fit(X, Y, batch_size=32, epochs=4, validation_data=(X, Y), validation_steps=2, verbose=0).history
    assert history["val_loss"] == [model.evaluate(X[:64], Y[:64], batch_size=32, verbose=0)[0]] * 4


def test_evaluate_with_steps_has_the_first_batches():
    model = network()
    assert model.evaluate(Batches(5), steps=2, verbose=0) == model.evaluate(X[:16], Y[:16], batch_size=8, verbose=0)


# --- totals belong to a pass


def test_an_evaluation_within_training_mixes_nothing():
    class Inner(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            inner.append(self.model.evaluate(X[:50], Y[:50], verbose=0))
            running.append(logs["accuracy"])

    class PerBatch(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            alone.append(logs["accuracy"])

    inner, running, alone = [], [], []
    counted = metrics.SparseCategoricalAccuracy(name="counted")
    model = network(metrics=["accuracy", counted])
    plain = model.fit(X, Y, batch_size=20, shuffle=False, verbose=0, callbacks=[PerBatch()]).history
    total = float(counted.result())
    history = model.fit(X, Y, batch_size=20, shuffle=False, verbose=0, callbacks=[Inner()]).history
    assert history == plain
    assert running == alone
    assert inner == [model.evaluate(X[:50], Y[:50], verbose=0)] * 10
    assert float(counted.result()) == pytest.approx(model.evaluate(X[:50], Y[:50], verbose=0)[2])
    assert history["counted"] == [total]


def test_threads_that_evaluate_at_once_mix_nothing():
    def largest(y_true, y_pred):
        return y_pred.max(axis=-1)

    model = network(metrics=["accuracy", largest, "sparse_categorical_crossentropy"])
    parts = [(X[start : start + 40], Y[start : start + 40]) for start in range(0, 200, 40)]
    expected = [model.evaluate(x, y, batch_size=3, verbose=0) for x, y in parts]
    found = [[] for _ in parts]

    def run(number):
        for _ in range(10):
            found[number].append(model.evaluate(*parts[number], batch_size=3, verbose=0))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(parts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [[scores] * 10 for scores in expected]


def test_a_metric_of_the_users_has_the_last_pass():
    metric = metrics.SparseCategoricalAccuracy()
    model = network(metrics=[metric])
    for rows in (50, 200):
        accuracy = model.evaluate(X[:rows], Y[:rows], verbose=0)[1]
        assert metric.result().numpy() == np.float32(accuracy)
        assert metric.count.numpy() == rows


def test_batches_do_not_add_up():
    model = network()
    for rows in (50, 200):
        loss, accuracy = model.train_on_batch(X[:rows], Y[:rows])
        assert [loss, accuracy] == pytest.approx(model.evaluate(X[:rows], Y[:rows], batch_size=rows, verbose=0))


def test_metrics_that_are_attributes_are_shown_and_reset():
    class Counting(Sequential):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.epochs_seen = metrics.Sum(name="epochs_seen")

    class Count(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.epochs_seen.update_state(1.0)

    model = Counting([Input((4,)), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    history = model.fit(X, Y, epochs=2, batch_size=50, verbose=0, callbacks=[Count()]).history
    assert history["epochs_seen"] == [4.0, 4.0]


def test_a_metric_may_have_several_results_and_any_shape():
    class Counts(metrics.Metric):
        def __init__(self):
            super().__init__(name="counts")
            self.counts = self.add_variable((3,), "zeros", "int64")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.counts.assign_add(np.bincount(y_true, minlength=3))

        def result(self):
            return {"zeros": self.counts[0], "all": self.counts.value}

    model = network(metrics=[Counts(), "accuracy"])
    scores = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert list(scores) == ["accuracy", "all", "loss", "zeros"]
    assert scores["zeros"] == (Y == 0).sum()
    assert np.array_equal(scores["all"], np.bincount(Y))
    assert len(model.evaluate(X, Y, verbose=0)) == 4


# --- the end


def test_stop_evaluating_and_stop_predicting_end_an_endless_pass():
    class Stop(callbacks.Callback):
        def on_test_batch_end(self, batch, logs=None):
            self.model.stop_evaluating = batch == 2

        def on_predict_batch_end(self, batch, logs=None):
            self.model.stop_predicting = batch == 2

    endless = itertools.cycle([(X[:8], Y[:8])])
    model = network()
    assert len(model.predict(endless, verbose=0, callbacks=[Stop()])) == 24
    loss = model.evaluate(endless, verbose=0, callbacks=[Stop()])[0]
    assert loss == pytest.approx(model.evaluate(X[:8], Y[:8], verbose=0)[0])
    assert len(model.predict(X[:80], batch_size=8, verbose=0, callbacks=[Stop()])) == 24
    assert len(model.predict(X[:80], batch_size=8, verbose=0)) == 80


def test_callbacks_get_a_dict_of_logs_each_time():
    class Seen(callbacks.Callback):
        pass

    hooks = [name for name in dir(callbacks.Callback) if name.startswith("on_")]
    for hook in hooks:
        setattr(Seen, hook, lambda self, *arguments, logs=None, hook=hook: seen.append((hook, arguments[-1:], logs)))
    seen = []
    model = network()
    model.fit(X, Y, epochs=1, validation_split=0.5, verbose=0, callbacks=[Seen()])
    model.predict(X, verbose=0, callbacks=[Seen()])
    for hook, arguments, logs in seen:
        given = logs if logs is not None else arguments[0]
        assert isinstance(given, dict), hook
    assert {hook for hook, _, _ in seen} == set(hooks) - {"on_batch_begin", "on_batch_end"}


# --- data sets


@pytest.mark.parametrize("workers", [1, 3])
def test_a_dataset_is_told_about_epochs_as_often_and_when_keras_tells_it(workers):
    """The order of events is that of Keras 3.15 on TensorFlow, but for batches that it fetches in advance."""
    def fit(**options):
        events = []
        data = {"validation_data": Batches(2, events, "v", workers=workers)} if options.pop("validation", 1) else {}
        network().fit(Batches(3, events, "d", workers=workers), verbose=0, shuffle=False, callbacks=[Told(events)],
                      **data, **options)
        return " ".join(events)

    assert fit(epochs=2) == "dE begin0 dB dE vE vB vE end0 begin1 dB dE vE vB vE end1"
    assert fit(epochs=2, validation_freq=2) == "dE begin0 dB dE end0 begin1 dB dE vE vB vE end1"
    assert fit(epochs=2, steps_per_epoch=1, validation=0) == "dE begin0 dB dE end0 begin1 dB dE end1"
    assert fit(epochs=1, validation_steps=1) == "dE begin0 dB dE vE vB vE end0"
    for method, expected in (("evaluate", "EBE"), ("predict", "BE")):
        events = []
        getattr(network(), method)(Batches(3, events, workers=workers), verbose=0)
        assert "".join(events) == expected


def test_threads_make_batches_in_order_and_not_too_many_in_advance():
    class Slow(Batches):
        def __getitem__(self, index):
            with lock:
                fetched.append(index)
                names.add(threading.current_thread().name)
            barrier.wait(10) if index < 4 else None
            return super().__getitem__(index)

    class Furthest(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            with lock:
                ahead.append(max(fetched) - batch)

    lock, barrier, names, fetched, ahead = threading.Lock(), threading.Barrier(4), set(), [], []
    data = Slow(25, workers=4, max_queue_size=6)
    model, expected = network(rate=0.1), network(rate=0.1)
    expected.set_weights(model.get_weights())
    model.fit(data, shuffle=False, verbose=0, callbacks=[Furthest()])
    expected.fit(X, Y, batch_size=8, shuffle=False, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), expected.get_weights(), strict=True))
    assert len(names) == 4
    assert sorted(fetched) == list(range(25))
    assert max(ahead) <= 6


def test_an_error_in_a_thread_reaches_the_caller_and_the_threads_end():
    class Broken(Batches):
        def __getitem__(self, index):
            if index == 2:
                raise RuntimeError("no such picture")
            return super().__getitem__(index)

    model = network()
    before = threading.active_count()
    with pytest.raises(RuntimeError, match="no such picture"):
        model.fit(Broken(25, workers=3), shuffle=False, verbose=0)
    assert threading.active_count() == before
    assert model.optimizer.iterations == 2


def test_a_dataset_whose_constructor_forgets_keras_works():
    class Forgetful(Batches):
        def __init__(self):
            self.count, self.events, self.name = 2, [], ""

    assert len(network().predict(Forgetful(), verbose=0)) == 16


def test_a_dataset_may_say_its_number_of_batches_otherwise():
    class Numbered(utils.PyDataset):
        count = 3
        num_batches = property(lambda self: self.count)

        def __getitem__(self, index):
            return X[:8], Y[:8]

    class Endless(Numbered):
        count = None

    model = network()
    model.fit(Numbered(), epochs=2, verbose=0)
    assert model.optimizer.iterations == 6
    model.fit(Endless(), steps_per_epoch=5, epochs=2, verbose=0)
    assert model.optimizer.iterations == 16
    assert len(list(Numbered())) == 3
    assert len(list(itertools.islice(Endless(), 10))) == 10


def test_a_loader_whose_length_is_unknown_counts_as_such():
    """PyTorch's DataLoader over an IterableDataset has a len() that raises TypeError."""
    class Loader:
        def __len__(self):
            raise TypeError("object of type 'Stream' has no len()")

        def __iter__(self):
            return iter([(X[:8], Y[:8])] * 3)

    model = network()
    assert len(model.fit(Loader(), epochs=2, validation_data=Loader(), verbose=0).history["val_loss"]) == 2
    assert model.optimizer.iterations == 6
    assert len(model.predict(Loader(), verbose=0)) == 24
    assert model.evaluate(Loader(), verbose=0) == pytest.approx(model.evaluate(X[:8], Y[:8], verbose=0))


def test_a_list_of_a_single_array_is_that_array():
    model = network()
    assert model.evaluate([X], [Y], verbose=0) == model.evaluate(X, Y, verbose=0)
    assert np.array_equal(model.predict([X], verbose=0), model.predict(X, verbose=0))
    history = model.fit([X], [Y], validation_data=([X], [Y]), batch_size=200, verbose=0).history
    assert history["val_loss"] == pytest.approx(history["loss"])
    assert model.train_on_batch([X], [Y]) == pytest.approx(model.evaluate(X, Y, batch_size=200, verbose=0))
