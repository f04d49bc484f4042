"""Same seed, same bits: for every number of threads, instruction set, grouping and caller."""

from __future__ import annotations

import functools
import json
import multiprocessing
import os
import subprocess
import sys
import threading
from typing import Any

import determinism_worker
import numpy as np
import pytest

import fashioncnn
from fashioncnn import _core

THREADS = ("1", "2", "3", "4", "7", "16")
FEATURES = {"baseline": "x86-64", "avx2": "avx2", "avx512": "avx512vl", "neon": "neon"}
INSTRUCTION_SETS = [name for name, feature in FEATURES.items() if feature in _core.cpu_features().split()]
FORK_SECONDS = 60


@pytest.fixture(scope="module")
def hashes() -> dict[str, str]:
    """Of the weights after training with the instruction set and the threads that this machine chooses."""
    return {name: determinism_worker.hash_of(determinism_worker.train(name)) for name in determinism_worker.OPTIMIZERS}


@functools.cache
def hashes_with(instruction_set: str) -> dict[str, dict[str, str]]:
    """Optimizer -> number of threads -> hash, from a process that runs with the instruction set."""
    command = [sys.executable, determinism_worker.__file__, *THREADS]
    environment = {**os.environ, "FASHIONCNN_CPU": instruction_set}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("instruction_set", INSTRUCTION_SETS)
def test_any_number_of_threads_gives_the_same_weights(instruction_set: str) -> None:
    for name, by_threads in hashes_with(instruction_set).items():
        assert by_threads == dict.fromkeys(THREADS, by_threads["1"]), name


@pytest.mark.skipif("avx512" not in INSTRUCTION_SETS, reason="this machine has one instruction set with FMA at most")
def test_instruction_sets_with_fma_give_the_same_weights() -> None:
    assert hashes_with("avx512") == hashes_with("avx2")


def test_two_runs_give_the_same_weights_and_another_seed_others(hashes: dict[str, str]) -> None:
    assert determinism_worker.hash_of(determinism_worker.train("adam")) == hashes["adam"]
    assert determinism_worker.hash_of(determinism_worker.train("adam", seed=6)) != hashes["adam"]


def test_predictions_do_not_depend_on_the_grouping_of_images() -> None:
    model = determinism_worker.train("sgd")
    x, _ = determinism_worker.images(70)
    whole = model.predict(x, batch_size=70, verbose=0)
    for batch_size in (1, 3, 16, 32):
        np.testing.assert_array_equal(model.predict(x, batch_size=batch_size, verbose=0), whole)
    in_calls_of_seven = [model.predict(x[i : i + 7], verbose=0) for i in range(0, 70, 7)]
    np.testing.assert_array_equal(np.concatenate(in_calls_of_seven), whole)
    np.testing.assert_array_equal(model.predict(x[::-1], verbose=0)[::-1], whole)


def test_python_threads_that_share_a_model_get_right_answers() -> None:
    model = determinism_worker.train("rmsprop")
    x, _ = determinism_worker.images(64)
    right = model.predict(x, verbose=0)
    wrong = []

    def predict(first: int) -> None:
        for _ in range(20):
            if not np.array_equal(model.predict(x[first : first + 16], verbose=0), right[first : first + 16]):
                wrong.append(first)

    run_together([threading.Thread(target=predict, args=(first,)) for first in (0, 16, 32, 48)])
    assert not wrong


def test_python_threads_that_train_a_model_each_get_the_same_weights(automatic_threads: None) -> None:
    random = np.random.RandomState(2)
    x, y = random.uniform(size=(160, 6, 6, 1)).astype("float32"), random.randint(0, 4, 160)

    def build() -> Any:
        layers = fashioncnn.layers
        model = fashioncnn.Sequential(
            [layers.Input((6, 6, 1)), layers.Conv2D(8, 3, activation="relu"), layers.Flatten(), layers.Dense(4)]
        )
        model.compile("adam", fashioncnn.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    models = [build() for _ in range(4)]
    for model in models:
        model.set_weights(models[0].get_weights())
    fashioncnn.set_num_threads(3)
    fit = {"batch_size": 16, "epochs": 3, "shuffle": False, "verbose": 0}
    run_together([threading.Thread(target=model.fit, args=(x, y), kwargs=fit) for model in models])
    assert len({determinism_worker.hash_of(model) for model in models}) == 1


def run_together(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not any(thread.is_alive() for thread in threads)


def train_and_report(queue: Any) -> None:
    queue.put(determinism_worker.hash_of(determinism_worker.train("adam")))


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_trains_and_so_does_its_parent(hashes: dict[str, str], automatic_threads: None) -> None:
    fashioncnn.set_num_threads(3)
    determinism_worker.train("adam")  # the pool of threads exists now
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=train_and_report, args=(queue,))
    child.start()
    child.join(FORK_SECONDS)
    if child.is_alive():
        child.kill()
        pytest.fail(f"the child hung for {FORK_SECONDS} seconds")
    assert child.exitcode == 0
    assert queue.get() == hashes["adam"]
    assert determinism_worker.hash_of(determinism_worker.train("adam")) == hashes["adam"]


def test_predictions_do_not_depend_on_what_was_predicted_before() -> None:
    """Pools leave borders unread, from the last one back to the first, and nobody may read what nobody wrote."""
    layers = fashioncnn.layers
    fashioncnn.utils.set_random_seed(3)
    convolutions = [(layers.Conv2D(filters, 3, activation="relu"), layers.MaxPooling2D()) for filters in (32, 64, 64)]
    stack = [layer for pair in convolutions for layer in pair]
    end = [layers.Flatten(), layers.Dense(4096), layers.Dense(3)]
    model = fashioncnn.Sequential([layers.Input((28, 28, 1)), *stack, *end])
    x = np.random.RandomState(0).rand(40, 28, 28, 1).astype("float32")
    before = model.predict(x[:1], verbose=0)
    model.predict(x * 1e9, verbose=0)
    np.testing.assert_array_equal(model.predict(x[:1], verbose=0), before)
    np.testing.assert_array_equal(model.predict(x, verbose=0)[:1], before)
