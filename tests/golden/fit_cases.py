"""Golden cases: histories of fit, results of evaluate, and what metrics count."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from golden.common import flat_weights, random_of, small_images, small_network, table, targets

ROWS, BATCH = 50, 16  # the last batch is a short one


def one_hot(y: np.ndarray, classes: int = 3) -> np.ndarray:
    return np.eye(classes, dtype="float32")[y]


def weights_for(rows: int) -> np.ndarray:
    return np.linspace(0.2, 1.8, rows).astype("float32")


def history(model: Any, x: np.ndarray, y: np.ndarray, **options: Any) -> dict[str, Any]:
    options = {"batch_size": BATCH, "epochs": 3, "verbose": 0, "shuffle": False, **options}
    result = model.fit(x, y, **options)
    values = {f"history {key}": np.array(value, "float64") for key, value in result.history.items()}
    return {"keys": ", ".join(result.history), "epoch": str(result.epoch), "weights": flat_weights(model), **values}


def fit(
    keras: ModuleType,
    compile_options: Callable[[ModuleType], dict[str, Any]],
    fit_options: Callable[[ModuleType, np.ndarray, np.ndarray], dict[str, Any]],
    prepare: Callable[[np.ndarray], np.ndarray] = lambda y: y,
    units: int = 3,
    last: str | None = "softmax",
) -> dict[str, Any]:
    random = random_of("fit")
    x, y = small_images(random, ROWS)
    y = prepare(y)
    model = small_network(keras, random, units, last)
    model.compile(**{"optimizer": keras.optimizers.Adam(0.01), **compile_options(keras)})
    return history(model, x, y, **fit_options(keras, x, y))


def sparse(**options: Any) -> Callable[[ModuleType], dict[str, Any]]:
    return lambda keras: {"loss": "sparse_categorical_crossentropy", **options}


def plain(**options: Any) -> Callable[..., dict[str, Any]]:
    return lambda keras, x, y: options


def evaluate(keras: ModuleType) -> dict[str, Any]:
    """What evaluate and test_on_batch return, with and without metrics, sample weights and return_dict."""
    random = random_of("evaluate")
    x, y = small_images(random, ROWS)
    model = small_network(keras, random)
    weight = weights_for(ROWS)
    model.compile("sgd", "sparse_categorical_crossentropy")
    alone = model.evaluate(x, y, batch_size=BATCH, verbose=0)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"],
                  weighted_metrics=["sparse_categorical_accuracy"])  # fmt: skip
    several = model.evaluate(x, y, batch_size=BATCH, sample_weight=weight, verbose=0)
    named = model.evaluate(x, y, batch_size=BATCH, sample_weight=weight, verbose=0, return_dict=True)
    return {
        "alone": np.float64(alone),
        "several": np.array(several, "float64"),
        "names": ", ".join(named),
        "named": np.array(list(named.values()), "float64"),
        "types": f"{type(alone).__name__}, {type(several).__name__}",
    }


def on_batch(keras: ModuleType) -> dict[str, Any]:
    """train_on_batch and test_on_batch return running means until reset_metrics."""
    random = random_of("on batch")
    x, y = small_images(random, 4 * BATCH)
    model = small_network(keras, random)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    values = []
    for start in range(0, len(x), BATCH):
        values.append(model.train_on_batch(x[start : start + BATCH], y[start : start + BATCH]))
    model.reset_metrics()
    values.append(model.test_on_batch(x[:BATCH], y[:BATCH]))
    values.append(model.test_on_batch(x[BATCH : BATCH + 3], y[BATCH : BATCH + 3], sample_weight=weights_for(3)))
    return {"values": np.array(values, "float64"), "predictions": np.asarray(model.predict_on_batch(x[:3]))}


FITS: dict[str, Callable[[ModuleType], dict[str, Any]]] = {
    name: partial(fit, compile_options=arguments[0], fit_options=arguments[1], **keywords)
    for name, (arguments, keywords) in {
        "loss alone": ((sparse(), plain()), {}),
        "accuracy": ((sparse(metrics=["accuracy"]), plain()), {}),
        "validation_split": ((sparse(metrics=["accuracy"]), plain(validation_split=0.25)), {}),
        "validation_split of a third": ((sparse(metrics=["acc"]), plain(validation_split=1 / 3)), {}),
        "validation_data": (
            (sparse(metrics=["accuracy"]), lambda k, x, y: {"validation_data": (x[:11], y[:11])}),
            {},
        ),
        "validation_data with weights": (
            (
                sparse(weighted_metrics=["accuracy"]),
                lambda k, x, y: {"validation_data": (x[:11], y[:11], weights_for(11)), "validation_batch_size": 4},
            ),
            {},
        ),
        "validation_freq 2": (
            (sparse(metrics=["accuracy"]), plain(validation_split=0.2, validation_freq=2, epochs=4)),
            {},
        ),
        "initial_epoch": ((sparse(), plain(initial_epoch=2, epochs=5)), {}),
        "class_weight": ((sparse(metrics=["accuracy"]), plain(class_weight={0: 0.5, 1: 2.0, 2: 1.0})), {}),
        "class_weight, one-hot": (
            (
                lambda k: {"loss": "categorical_crossentropy", "weighted_metrics": ["accuracy"]},
                plain(class_weight={0: 0.5, 1: 2.0, 2: 1.0}),
            ),
            {"prepare": one_hot},
        ),
        "sample_weight": (
            (
                sparse(metrics=["accuracy"], weighted_metrics=["accuracy"]),
                plain(sample_weight=weights_for(ROWS)),
            ),
            {},
        ),
        "sample_weight and validation_split": (
            (sparse(weighted_metrics=["accuracy"]), plain(sample_weight=weights_for(ROWS), validation_split=0.3)),
            {},
        ),
        "one-hot, smoothed": (
            (
                lambda k: {
                    "loss": k.losses.CategoricalCrossentropy(label_smoothing=0.1),
                    "metrics": ["accuracy", k.metrics.TopKCategoricalAccuracy(k=2)],
                },
                plain(),
            ),
            {"prepare": one_hot},
        ),
        "binary": (
            (lambda k: {"loss": "binary_crossentropy", "metrics": ["accuracy"]}, plain(validation_split=0.2)),
            {"prepare": lambda y: (y > 0).astype("float32"), "units": 1, "last": "sigmoid"},
        ),
        "regression": (
            (lambda k: {"loss": "mse", "metrics": ["mae", "mse"]}, plain(sample_weight=weights_for(ROWS))),
            {"prepare": lambda y: y.astype("float32")[:, None], "units": 1, "last": None},
        ),
        "logits": (
            (
                lambda k: {
                    "loss": k.losses.SparseCategoricalCrossentropy(from_logits=True),
                    "metrics": [k.metrics.SparseCategoricalAccuracy(name="right")],
                },
                plain(),
            ),
            {"last": None},
        ),
        "learning rate scheduler": (
            (
                sparse(),
                lambda k, x, y: {"callbacks": [k.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)]},
            ),
            {},
        ),
        "reduce on plateau": (
            (
                sparse(optimizer="sgd"),
                lambda k, x, y: {
                    "epochs": 6,
                    "callbacks": [k.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=0.5)],
                },
            ),
            {},
        ),
        "early stopping, best weights": (
            (
                sparse(),
                lambda k, x, y: {
                    "epochs": 9,
                    "validation_split": 0.2,
                    "callbacks": [
                        k.callbacks.EarlyStopping(patience=2, min_delta=0.2, restore_best_weights=True),
                    ],
                },
            ),
            {},
        ),
    }.items()
}
FITS["evaluate"] = evaluate
FITS["train_on_batch, test_on_batch, predict_on_batch"] = on_batch


METRIC_SETS: dict[str, tuple[str, str, str | None, Callable[[Any], list[Any]]]] = {
    # name -> loss, targets, activation, metrics
    "accuracy of labels": ("sparse_categorical_crossentropy", "labels", "softmax", lambda m: ["accuracy"]),
    "acc of one-hot": ("categorical_crossentropy", "one-hot", "softmax", lambda m: ["acc"]),
    "accuracy of binary rows": ("binary_crossentropy", "binary", "sigmoid", lambda m: ["accuracy"]),
    "accuracy of one-hot with a regression loss": ("mse", "one-hot", "softmax", lambda m: ["accuracy"]),
    "accuracy of labels in a column": ("sparse_categorical_crossentropy", "column", "softmax", lambda m: ["accuracy"]),
    "top-k of labels": (
        "sparse_categorical_crossentropy",
        "labels",
        "softmax",
        lambda m: [m.SparseTopKCategoricalAccuracy(k=k, name=f"top_{k}") for k in (1, 2, 3, 6)],
    ),
    "top-k of one-hot": (
        "categorical_crossentropy",
        "one-hot",
        "softmax",
        lambda m: [m.TopKCategoricalAccuracy(k=k, name=f"top_{k}") for k in (1, 2, 5)],
    ),
    "top-k by name": (
        "sparse_categorical_crossentropy",
        "labels",
        "softmax",
        lambda m: ["sparse_top_k_categorical_accuracy", "sparse_categorical_accuracy"],
    ),
    "binary accuracy with a threshold": (
        "binary_crossentropy",
        "binary",
        "sigmoid",
        lambda m: [m.BinaryAccuracy(threshold=0.3, name="above_0.3"), "binary_accuracy"],
    ),
    "errors": ("mse", "numbers", None, lambda m: ["mae", "mse"]),
}


def metric(keras: ModuleType, name: str) -> dict[str, Any]:
    """Results of evaluate in batches of 7 of 23 rows, unweighted and weighted."""
    loss, kind, activation, metrics = METRIC_SETS[name]
    random = random_of(name)
    rows, classes = 23, 6
    values = random.standard_normal((rows, classes)).astype("float32")
    y = targets(kind, rows, classes, random)
    model = table(keras, values, activation, optimizer="sgd", loss=loss, metrics=metrics(keras.metrics),
                  weighted_metrics=metrics(keras.metrics))  # fmt: skip
    result = model.evaluate(
        np.eye(rows, dtype="float32"), y, batch_size=7, sample_weight=weights_for(rows), verbose=0, return_dict=True
    )
    return {"names": ", ".join(result), "values": np.array(list(result.values()), "float64")}


METRICS = {name: partial(metric, name=name) for name in METRIC_SETS}
