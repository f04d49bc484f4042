"""Golden cases: what compile and fit take beyond names in a list: reductions, dicts, several of a kind, odd weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from golden.common import flat_weights, random_of, small_images, small_network
from golden.fit_cases import BATCH, ROWS, fit, history, one_hot, plain, sparse, weights_for

REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "none", None, "mean_with_sample_weight")


def signed(rows: int) -> np.ndarray:
    """Weights of which some are negative."""
    return np.linspace(-0.5, 1.5, rows).astype("float32")


def reduced(keras: ModuleType, reduction: str | None, weighted: bool, pixels: bool = False) -> dict[str, Any]:
    """Training and evaluating with a loss that reduces in another way; over images of several outputs each."""
    random = random_of("reduced")
    x, y = small_images(random, ROWS)
    model = small_network(keras, random)
    loss = keras.losses.SparseCategoricalCrossentropy(reduction=reduction)
    if pixels:
        model = keras.Sequential([keras.layers.Input((6, 6, 1)), keras.layers.Conv2D(2, 3)])
        model.set_weights([random.uniform(-1, 1, w.shape).astype("float32") for w in model.get_weights()])
        loss, y = keras.losses.MeanSquaredError(reduction=reduction), random.uniform(-1, 1, (ROWS, 4, 4, 2))
    model.compile(keras.optimizers.SGD(0.001), loss)
    weight = weights_for(ROWS) if weighted else None
    trained = history(model, x, y, sample_weight=weight)
    scores = model.evaluate(x, y, batch_size=BATCH, sample_weight=weight, verbose=0)
    return {**trained, "evaluate": np.float64(scores), "batch": np.float64(model.test_on_batch(x, y, weight))}


class _Batches:
    """The rows in batches, as a data set of Keras's."""

    @staticmethod
    def of(keras: ModuleType, x: np.ndarray, y: np.ndarray) -> Any:
        class Batches(keras.utils.PyDataset):  # type: ignore[misc,name-defined]
            def __len__(self) -> int:
                return -(-len(x) // BATCH)

            def __getitem__(self, index: int) -> Any:
                return x[index * BATCH : (index + 1) * BATCH], y[index * BATCH : (index + 1) * BATCH]

        return Batches()


def _generator(x: np.ndarray, y: np.ndarray) -> Iterator[Any]:
    while True:
        for start in range(0, len(x), BATCH):
            yield x[start : start + BATCH], y[start : start + BATCH]


def own_metric(keras: ModuleType) -> dict[str, Any]:
    """A metric whose class redefines what the core counts, and one that is a class of the user's."""

    class Nine(keras.metrics.SparseCategoricalAccuracy):  # type: ignore[misc,name-defined]
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            super().update_state(0 * y_true, y_pred)

    class Largest(keras.metrics.Metric):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__(name="largest")
            self.total = self.add_weight(name="total", initializer="zeros")
            self.count = self.add_variable(shape=(), initializer="zeros", name="count")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            outputs = np.asarray(y_pred)
            self.total.assign(self.total + outputs.max(axis=-1).sum())
            self.count.assign_add(len(outputs))

        def result(self) -> Any:
            return self.total / self.count

    random = random_of("own metric")
    x, y = small_images(random, ROWS)
    model = small_network(keras, random)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy", Nine(name="nine"), Largest()],
                  run_eagerly=True)
    return history(model, x, y, validation_split=0.3)


def compiled_again(keras: ModuleType) -> dict[str, Any]:
    """The model's own optimizer goes on where it was."""
    random = random_of("compiled again")
    x, y = small_images(random, ROWS)
    model = small_network(keras, random)
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=BATCH, epochs=2, shuffle=False, verbose=0)
    model.compile(model.optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    again = history(model, x, y)
    return {**again, "iterations": int(model.optimizer.iterations)}


def saturated(keras: ModuleType) -> dict[str, Any]:
    """Adam where the squares of gradients are infinite: the steps are 0."""
    random = random_of("saturated")
    x, y = small_images(random, ROWS)
    model = keras.Sequential([keras.layers.Input((6, 6, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    model.set_weights([random.uniform(-1, 1, w.shape).astype("float32") for w in model.get_weights()])
    model.compile(keras.optimizers.Adam(0.01), keras.losses.MeanAbsoluteError())
    model.fit(x, 1e3 * y[:, None].astype("float32"), sample_weight=np.full(ROWS, 1e15, "float32"), batch_size=ROWS,
              verbose=0)
    return {"weights": flat_weights(model)}


def keras_of(options: dict[str, Any]) -> Callable[[ModuleType], dict[str, Any]]:
    return lambda keras: options


COMPILES: dict[str, Callable[[ModuleType], dict[str, Any]]] = {
    **{f"reduction {reduction}, {'weighted' if weighted else 'plain'}":
       partial(reduced, reduction=reduction, weighted=weighted)
       for reduction in REDUCTIONS for weighted in (False, True)},
    **{f"reduction {reduction} of pixels": partial(reduced, reduction=reduction, weighted=False, pixels=True)
       for reduction in ("sum_over_batch_size", "sum", "none", "mean_with_sample_weight")},
    **{name: partial(fit, compile_options=options, fit_options=plain(**fit_options), **keywords)
       for name, options, fit_options, keywords in [
        ("loss_weights", sparse(loss_weights=0.3, metrics=["accuracy"]), {"validation_split": 0.2}, {}),
        ("loss_weights in a list", sparse(loss_weights=[2.0]), {}, {}),
        ("loss in a list", keras_of({"loss": ["sparse_categorical_crossentropy"]}), {}, {}),
        ("metrics in lists", sparse(metrics=[["accuracy", "sparse_categorical_crossentropy"]]), {}, {}),
        ("equal metrics", sparse(metrics=["accuracy", "accuracy"]), {}, {}),
        ("equal metrics, one weighted", sparse(metrics=["accuracy"], weighted_metrics=["accuracy"]),
         {"sample_weight": weights_for(ROWS)}, {}),
        ("negative sample weights", sparse(weighted_metrics=["accuracy"]), {"sample_weight": signed(ROWS)}, {}),
        ("class weights of floats", sparse(), {"class_weight": {0.0: 0.5, 2.0: 3.0}}, {}),
        ("class weights of classes that are not there", sparse(), {"class_weight": {1: 2.0, 7: 9.0, -1: 5.0}}, {}),
        ("class weights of a regression", keras_of({"loss": "mse"}), {"class_weight": {0: 2.0, 1: 0.5}},
         {"prepare": lambda y: y.astype("float32")[:, None] + 0.2, "units": 1, "last": None}),
        ("labels of floats", sparse(metrics=["accuracy"]), {"validation_split": 0.2},
         {"prepare": lambda y: y.astype("float32")}),
        ("labels of floats in a column", sparse(metrics=["accuracy"]), {},
         {"prepare": lambda y: y.astype("float64")[:, None]}),
        ("rows of integers", keras_of({"loss": "categorical_crossentropy", "metrics": ["accuracy"]}), {},
         {"prepare": lambda y: one_hot(y).astype("int64")}),
        ("accuracy by its old name", sparse(metrics=["acc"]), {"validation_split": 0.2}, {}),
    ]},
    "validation steps of arrays": partial(
        fit, compile_options=sparse(metrics=["accuracy"]),
        fit_options=lambda k, x, y: {"validation_data": (x, y), "validation_steps": 2}),
    "validation steps of a split": partial(
        fit, compile_options=sparse(), fit_options=plain(validation_split=0.8, validation_steps=1, batch_size=8)),
    "validation steps of a data set": partial(
        fit, compile_options=sparse(),
        fit_options=lambda k, x, y: {"validation_data": _Batches.of(k, x, y), "validation_steps": 2}),
    "validation steps of a generator": partial(
        fit, compile_options=sparse(),
        fit_options=lambda k, x, y: {"validation_data": _generator(x, y), "validation_steps": 2}),
    "metric of the user's": own_metric,
    "compiled again": compiled_again,
    "Adam of huge gradients": saturated,
}
