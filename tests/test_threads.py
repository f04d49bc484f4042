"""One model, several threads and forks: everybody gets their own results, nobody waits for ever or holds Python up."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fashioncnn import Input, Sequential, layers, set_num_threads, utils
from fashioncnn.utils import locks

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.random((240, 8, 8, 1)).astype(np.float32), RANDOM.integers(0, 5, 240)
HANG_SECONDS = 60
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")


def make_model(**options: Any) -> Sequential:
    utils.set_random_seed(1)
    model = Sequential([Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D(),
                        layers.Flatten(), layers.Dense(5, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", **{"metrics": ["accuracy"], **options})
    return model


@contextmanager
def repeated(call: Callable[[], Any]) -> Iterator[None]:
    """Another thread makes the call again and again, from before the block begins until after it ends."""
    begun, end = threading.Event(), threading.Event()
    errors: list[BaseException] = []

    def repeat() -> None:
        while not end.is_set():
            begun.set()
            try:
                call()
            except BaseException as error:
                errors.append(error)
                return

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        assert begun.wait(HANG_SECONDS)
        yield
    finally:
        end.set()
        thread.join(HANG_SECONDS)
    assert not thread.is_alive()
    assert errors == []


def fit(model: Sequential, **options: Any) -> Any:
    return model.fit(X, Y, **{"batch_size": 16, "verbose": 0, **options})


# --- forks


def succeeds_in_a_child(call: Callable[[], Any]) -> bool:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            call()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    end = time.monotonic() + HANG_SECONDS
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status == 0
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def compile_again(model: Sequential) -> None:
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    fit(model)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("in_child", [
    lambda model: model.predict(X, verbose=0),
    lambda model: fit(model),
    compile_again,
    lambda model: model(X[:3]),
    lambda model: model.evaluate(X, Y, verbose=0),
    lambda model: model.set_weights(model.get_weights()),
    lambda model: setattr(model.optimizer, "learning_rate", 0.1),
    lambda model: fit(make_model()),
], ids=["predict", "fit", "compile", "call", "evaluate", "set_weights", "learning_rate", "another model"])
def test_a_child_forked_while_others_are_in_the_network_goes_on(in_child, automatic_threads):
    set_num_threads(2)
    model = make_model()
    with repeated(lambda: fit(model)), repeated(lambda: model.predict(X, verbose=0)):
        for _ in range(4):
            assert succeeds_in_a_child(lambda: in_child(model))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_forked_while_others_build_and_compile_goes_on():
    model = make_model()

    def change() -> None:
        fit(make_model(), epochs=1, steps_per_epoch=1)
        model.add(layers.Dense(5, activation="softmax"))
        model.pop()
        model.compile("sgd", "sparse_categorical_crossentropy")

    def use() -> None:
        if model.compiled:
            fit(model)
        model.predict(X, verbose=0)
        compile_again(make_model())

    with repeated(change):
        for _ in range(30):
            assert succeeds_in_a_child(use)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_takes_the_turn_of_a_thread_that_it_has_not():
    """A pass of its own updates the model's metrics there; one of the forking thread is still under way."""
    turn = locks.Turn()
    taker = threading.Thread(target=turn.take)
    taker.start()
    taker.join()
    assert not turn.take()
    assert succeeds_in_a_child(lambda: check(turn.take() and not turn.take()))
    turn.give_back()
    assert turn.take()
    assert succeeds_in_a_child(lambda: check(not turn.take()))


def check(condition: bool) -> None:
    assert condition


# --- results


def test_each_evaluation_counts_its_own_images():
    model = make_model(metrics=["accuracy", lambda y_true, y_pred: y_pred.max(axis=-1)])
    parts = [(X[:50], Y[:50]), (X[50:], Y[50:]), (X, Y)]
    expected = [model.evaluate(*part, batch_size=10, verbose=0) for part in parts]
    results: list[set[tuple[float, ...]]] = [set() for _ in parts]

    def evaluate(number: int) -> None:
        for _ in range(20):
            results[number].add(tuple(model.evaluate(*parts[number], batch_size=10, verbose=0)))

    threads = [threading.Thread(target=evaluate, args=(number,)) for number in range(len(parts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANG_SECONDS)
    assert results == [{tuple(one)} for one in expected]


def test_training_sees_its_own_outputs_while_others_predict():
    """The metric is a Python function, so the batch's outputs come out of the core; the others' batches grow."""
    seen: list[tuple[int, ...]] = []

    def shape_of(y_true: Any, y_pred: Any) -> Any:
        seen.append(y_pred.shape)
        return y_pred[:, 0] * 0

    model = make_model(metrics=[shape_of])
    sizes = iter(range(1, 10**9))
    with repeated(lambda: model.predict_on_batch(X[: 1 + next(sizes) % len(X)])):
        for _ in range(5):
            fit(model, batch_size=16)
    assert set(seen) == {(16, 5)}


# --- waiting


SETTERS: dict[str, Callable[[Sequential], Any]] = {
    "learning_rate": lambda model: setattr(model.optimizer, "learning_rate", 0.1),
    "learning_rate.assign": lambda model: model.optimizer.learning_rate.assign(0.1),
    "iterations": lambda model: model.optimizer.iterations.assign(3),
    "momentum": lambda model: setattr(model.optimizer, "beta_1", 0.5),
    "clipnorm": lambda model: setattr(model.optimizer, "clipnorm", 1.0),
    "trainable": lambda model: setattr(model.layers[0], "trainable", False),
    "network.trainable": lambda model: setattr(model.network, "trainable", model.network.trainable),
    "network.check_finite": lambda model: setattr(model.network, "check_finite", model.network.check_finite),
    "fork": lambda model: succeeds_in_a_child(lambda: None),
    "compile": lambda model: model.compile("sgd", "sparse_categorical_crossentropy"),
    "set_weights": lambda model: model.set_weights([np.zeros_like(weight) for weight in model.get_weights()]),
    "get_weights": lambda model: model.get_weights(),
    "reset_metrics": lambda model: model.reset_metrics(),
    "count_params": lambda model: model.count_params(),
    "model(x)": lambda model: model(np.zeros((1, 16, 16, 1))),
}


@pytest.mark.parametrize("name", SETTERS)
def test_who_waits_for_the_network_lets_python_go_on(name):
    model = Sequential([Input((16, 16, 1)), layers.Conv2D(32, 5, activation="tanh"), layers.Conv2D(32, 5),
                        layers.Flatten(), layers.Dense(5, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    x, y = np.zeros((1000, 16, 16, 1), np.float32), np.zeros(1000)
    ticks: list[float] = []

    def tick() -> None:
        time.sleep(0.001)
        ticks.append(time.perf_counter())

    with repeated(lambda: model.train_on_batch(x, y)), repeated(tick):
        for _ in range(3):
            time.sleep(0.01)
            SETTERS[name](model)
    gaps = np.diff(ticks)
    assert gaps[gaps > 0.1].sum() < gaps.sum() / 2


def test_a_long_prediction_can_be_interrupted():
    """Of large images, few are predicted in a call."""
    model = Sequential([Input((96, 96, 3)), layers.Conv2D(64, 3), layers.Conv2D(64, 3), layers.GlobalMaxPooling2D()])
    model.predict(np.zeros((1, 96, 96, 3), np.float32), verbose=0)
    calls = []
    network, names = model.built_network, ("input_shapes", "output_shapes", "node_shapes", "trainable")
    model.network = SimpleNamespace(
        **{name: getattr(network, name) for name in names},
        predict=lambda *given: (calls.append(given[2] - given[1]), network.predict(*given))[1])
    model.predict(np.zeros((200, 96, 96, 3), np.float32), verbose=0)
    assert sum(calls) == 200
    assert max(calls) < 100
