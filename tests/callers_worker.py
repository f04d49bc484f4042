"""Calls of every kind from several threads on one model: run under the thread sanitizer by test_c_core.py.

    python tests/callers_worker.py SECONDS
"""

from __future__ import annotations

import copy
import pickle
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from fashioncnn import Input, Sequential, layers, optimizers, set_num_threads

SECONDS = float(sys.argv[1])
ROWS, CLASSES = 60, 5
RANDOM = np.random.default_rng(0)
X, Y = RANDOM.random((ROWS, 8, 8, 1)).astype(np.float32), RANDOM.integers(0, CLASSES, ROWS)


def make_model() -> Any:
    model = Sequential([
        Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(),
        layers.Dropout(0.3), layers.Dense(16, activation="relu"), layers.Dense(CLASSES, activation="softmax")])
    model.compile(optimizers.SGD(0.01, momentum=0.5), "sparse_categorical_crossentropy",
                  metrics=["accuracy", largest])
    return model


def largest(y_true: Any, y_pred: Any) -> Any:
    return y_pred.max(axis=-1)


def set_numbers(model: Any, count: int) -> None:
    optimizer = model.optimizer
    optimizer.learning_rate = 0.01 + 0.001 * (count % 3)
    optimizer.momentum = 0.5 + 0.1 * (count % 3)
    optimizer.clipnorm = (None, 1.0)[count % 2]
    model.layers[0].trainable = bool(count % 2)
    optimizer.iterations.assign_add(1)


def look_at(model: Any, count: int) -> None:
    model.set_weights(model.get_weights())
    pickle.loads(pickle.dumps(model)).predict(X[:3], verbose=0)
    copy.copy(model.optimizer)
    assert model.optimizer.iterations >= 0
    assert model.network.optimizer_slots == ["momentum"]
    assert model.count_params() > 0


def use_the_core(model: Any, count: int) -> None:
    """What the model itself calls rarely, or never."""
    network = model.network
    network.compute_gradients(X, Y, None, 0, 8)
    network.apply_gradients()
    network.set_objective({"type": "sparse_categorical_crossentropy", "factor": 1.0 + count % 2},
                          [{"type": "sparse_categorical_accuracy"}])
    assert len(network.trainable) == len(network.parameters)


CALLS: list[Callable[[Any, int], Any]] = [
    lambda model, count: model.fit(X, Y, batch_size=16, epochs=1, verbose=0, validation_split=0.2),
    lambda model, count: model.predict_on_batch(X[: 1 + count % ROWS]),
    lambda model, count: model.predict(X, batch_size=7, verbose=0),
    lambda model, count: model(X[:5], training=True),
    lambda model, count: model.evaluate(X, Y, batch_size=9, verbose=0),
    lambda model, count: model.train_on_batch(X[:9], Y[:9], sample_weight=np.ones(9)),
    lambda model, count: model.test_on_batch(X[:11], Y[:11]),
    set_numbers,
    look_at,
    use_the_core,
    lambda model, count: set_num_threads(1 + count % 3),
]


def main() -> None:
    model = make_model()
    errors: list[BaseException] = []
    end = time.monotonic() + SECONDS

    def repeat(call: Callable[[Any, int], Any]) -> None:
        count = 0
        try:
            while time.monotonic() < end:
                call(model, count)
                count += 1
        except BaseException as error:
            errors.append(error)
        assert count or errors

    threads = [threading.Thread(target=repeat, args=(call,)) for call in CALLS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    outputs = model.predict(X, verbose=0)
    assert np.isfinite(outputs).all()


if __name__ == "__main__":
    main()
