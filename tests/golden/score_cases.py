"""Golden cases: the losses beyond the usual ones, with their gradients, of rows and of whole images; and metrics that
count, over several batches and in models."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from golden.common import random_of

ROWS = 7
VECTOR, IMAGE = (5,), (2, 3, 2)
LOGITS = {"from_logits": True}
# name -> class, options, activation (None: the numbers; "probabilities": numbers from 0 to 1), targets, shape
LOSSES: dict[str, tuple[str, dict[str, Any], str | None, str, tuple[int, ...]]] = {
    "percentage error": ("MeanAbsolutePercentageError", {}, None, "numbers", VECTOR),
    "percentage error of small targets": ("MeanAbsolutePercentageError", {}, None, "binary", VECTOR),
    "squared logarithmic error": ("MeanSquaredLogarithmicError", {}, "relu", "soft", VECTOR),
    "log cosh": ("LogCosh", {}, None, "numbers", VECTOR),
    "poisson": ("Poisson", {}, "softplus", "labels of numbers", VECTOR),
    "kl divergence": ("KLDivergence", {}, "softmax", "soft", VECTOR),
    "kl divergence beyond its clips": ("KLDivergence", {}, None, "one-hot", VECTOR),
    "cosine similarity": ("CosineSimilarity", {}, None, "numbers", VECTOR),
    "cosine similarity along the only axis": ("CosineSimilarity", {"axis": 1}, None, "numbers", VECTOR),
    "cosine similarity of pixels": ("CosineSimilarity", {}, None, "numbers", IMAGE),
    "hinge": ("Hinge", {}, "tanh", "sides", VECTOR),
    "hinge of yes and no": ("Hinge", {}, "tanh", "binary", VECTOR),
    "hinge of three sides": ("Hinge", {}, "tanh", "three sides", VECTOR),
    "squared hinge": ("SquaredHinge", {}, "tanh", "sides", VECTOR),
    "squared hinge of yes and no": ("SquaredHinge", {}, "tanh", "binary", VECTOR),
    "categorical hinge": ("CategoricalHinge", {}, None, "one-hot", VECTOR),
    "categorical hinge of pixels": ("CategoricalHinge", {}, None, "soft", IMAGE),
    "binary focal of sigmoid": ("BinaryFocalCrossentropy", {}, "sigmoid", "binary", VECTOR),
    "binary focal from logits": ("BinaryFocalCrossentropy", {**LOGITS, "gamma": 1.5}, None, "binary", VECTOR),
    "binary focal of probabilities": ("BinaryFocalCrossentropy", {}, "probabilities", "binary", VECTOR),
    "binary focal, balanced and smoothed": (
        "BinaryFocalCrossentropy",
        {"apply_class_balancing": True, "alpha": 0.3, "gamma": 0.5, "label_smoothing": 0.1},
        "probabilities",
        "binary",
        VECTOR,
    ),
    "binary focal of pixels": ("BinaryFocalCrossentropy", {"gamma": 3.0}, "sigmoid", "binary", IMAGE),
    "categorical focal of softmax": ("CategoricalFocalCrossentropy", {}, "softmax", "one-hot", VECTOR),
    "categorical focal from logits": (
        "CategoricalFocalCrossentropy", {**LOGITS, "alpha": 0.6, "gamma": 1.5}, None, "one-hot", VECTOR
    ),
    "categorical focal of probabilities": ("CategoricalFocalCrossentropy", {}, "probabilities", "one-hot", VECTOR),
    "categorical focal smoothed": (
        "CategoricalFocalCrossentropy", {"label_smoothing": 0.2}, "softmax", "one-hot", VECTOR
    ),
    "generalized crossentropy": ("CategoricalGeneralizedCrossEntropy", {}, "softmax", "labels", VECTOR),
    "generalized crossentropy, q 0.9": (
        "CategoricalGeneralizedCrossEntropy", {"q": 0.9}, "probabilities", "labels", VECTOR
    ),
    "dice of images": ("Dice", {"axis": (1, 2, 3)}, "sigmoid", "binary", IMAGE),
    "dice of channels": ("Dice", {"axis": (1, 2)}, "sigmoid", "binary", IMAGE),
    "dice of rows": ("Dice", {"axis": -1}, "softmax", "one-hot", VECTOR),
    "tversky of images": ("Tversky", {"alpha": 0.3, "beta": 0.8, "axis": [1, 2, 3]}, "sigmoid", "binary", IMAGE),
    "tversky of columns": ("Tversky", {"alpha": 0.7, "axis": (1, 3)}, "sigmoid", "binary", IMAGE),
    "tversky of columns, summed": ("Tversky", {"axis": (1, -1), "reduction": "sum"}, "sigmoid", "binary", IMAGE),
    "ignoring a class": ("SparseCategoricalCrossentropy", {"ignore_class": 2}, "softmax", "labels", VECTOR),
    "ignoring what is no class": (
        "SparseCategoricalCrossentropy", {**LOGITS, "ignore_class": -1}, None, "labels or -1", VECTOR
    ),
    "ignoring pixels": ("SparseCategoricalCrossentropy", {"ignore_class": 255}, "softmax", "labels or 255", (3, 4)),
    "ignoring pixels, summed": (
        "SparseCategoricalCrossentropy",
        {**LOGITS, "ignore_class": 255, "reduction": "sum"},
        None,
        "labels or 255",
        (3, 4),
    ),
    "ignoring, by weights": (
        "SparseCategoricalCrossentropy",
        {**LOGITS, "ignore_class": 0, "reduction": "mean_with_sample_weight"},
        None,
        "labels",
        VECTOR,
    ),
}
ONE_A_ROW = [name for name, case in LOSSES.items() if case[-1] == VECTOR or "of images" in name]


def _targets(kind: str, shape: tuple[int, ...], random: np.random.RandomState) -> np.ndarray:
    rows, classes = (ROWS, *shape[:-1]), shape[-1]
    kind, _, other = kind.partition(" or ")
    if kind == "labels":
        labels = random.randint(0, classes, rows)
        return np.where(random.uniform(size=rows) < 0.4, int(other), labels) if other else labels
    if kind == "one-hot":
        return np.eye(classes, dtype="float32")[random.randint(0, classes, rows)]
    if kind == "soft":
        numbers = np.exp(random.standard_normal((*rows, classes)))
        return (numbers / numbers.sum(axis=-1, keepdims=True)).astype("float32")
    choices = {"binary": [0, 1], "sides": [-1, 1], "three sides": [-1, 0, 1], "labels of numbers": [0, 1, 2, 3]}
    if kind in choices:
        return random.choice(choices[kind], (*rows, classes)).astype("float32")
    return random.standard_normal((*rows, classes)).astype("float32")


def loss(keras: ModuleType, name: str, weighted: bool) -> dict[str, Any]:
    """The gradient is what one step of SGD with rate 1 takes from the table of predictions."""
    class_name, options, activation, kind, shape = LOSSES[name]
    random = random_of(name)
    values = (1.5 * random.standard_normal((ROWS, int(np.prod(shape))))).astype("float32")
    if activation == "probabilities":
        activation, values = None, random.uniform(0.02, 0.98, values.shape).astype("float32")
    y = _targets(kind, shape, random)
    weight = random.uniform(0, 2, ROWS).astype("float32") if weighted else None
    layers = keras.layers
    model = keras.Sequential([layers.Input((ROWS,)), layers.Dense(values.shape[1], use_bias=False),
                              layers.Reshape(shape), layers.Activation(activation or "linear")])  # fmt: skip
    model.set_weights([values])
    model.compile(keras.optimizers.SGD(1.0), getattr(keras.losses, class_name)(**options))
    value = model.train_on_batch(np.eye(ROWS, dtype="float32"), y, sample_weight=weight)
    return {"value": np.float64(value), "gradient": values - model.get_weights()[0]}


# name -> the metric, and what it gets: see `_batches`
METRICS: dict[str, tuple[Callable[[Any], Any], str]] = {
    **{
        f"{name}{' at thresholds' if thresholds else ''} of {kind}": (
            lambda m, name=name, thresholds=thresholds: getattr(m, name)(thresholds=thresholds, name="metric"),
            kind,
        )
        for name in ("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives", "Precision", "Recall")
        for thresholds, kind in ((None, "numbers of a row"), ([0.8, 0.25, 0.5], "several"), ([0.0, 0.5, 1.0], "pixels"))
    },
    "precision of the largest": (lambda m: m.Precision(top_k=2, name="metric"), "several"),
    "recall of the largest above": (lambda m: m.Recall(thresholds=0.6, top_k=1, name="metric"), "several"),
    "precision of a class": (lambda m: m.Precision(class_id=1, name="metric"), "several"),
    "recall of the last class, among the largest": (
        lambda m: m.Recall(thresholds=[0.3, 0.6], top_k=2, class_id=-1, name="metric"), "several"
    ),
    "sensitivity at specificity": (lambda m: m.SensitivityAtSpecificity(0.6, name="metric"), "numbers of a row"),
    "sensitivity at specificity of a class": (
        lambda m: m.SensitivityAtSpecificity(0.4, num_thresholds=11, class_id=2, name="metric"), "several"
    ),
    "specificity at sensitivity": (lambda m: m.SpecificityAtSensitivity(0.6, name="metric"), "several"),
    "precision at recall": (lambda m: m.PrecisionAtRecall(0.6, num_thresholds=1, name="metric"), "several"),
    "recall at precision": (lambda m: m.RecallAtPrecision(0.6, num_thresholds=7, name="metric"), "pixels"),
    **{
        f"auc {curve} {method} of {kind}": (
            lambda m, options=(("curve", curve), ("summation_method", method)): m.AUC(**dict(options), name="metric"),
            kind,
        )
        for curve in ("ROC", "PR", "PRGAIN")
        for method, kind in (("interpolation", "several"), ("majoring", "numbers of a row"), ("minoring", "pixels"))
    },
    "auc of three thresholds": (lambda m: m.AUC(num_thresholds=3, name="metric"), "several"),
    "auc of own thresholds": (lambda m: m.AUC(thresholds=[0.9, 0.2, 0.55], curve="PR", name="metric"), "several"),
    "auc of own even thresholds": (lambda m: m.AUC(thresholds=[0.25, 0.5, 0.75], name="metric"), "several"),
    "auc of logits": (lambda m: m.AUC(from_logits=True, name="metric"), "logits"),
    "auc of labels": (lambda m: m.AUC(multi_label=True, name="metric"), "several"),
    "auc of labels of own thresholds": (
        lambda m: m.AUC(multi_label=True, num_labels=3, thresholds=[0.3, 0.4], curve="PR", name="metric"), "several"
    ),
    "auc of weighted labels": (
        lambda m: m.AUC(multi_label=True, label_weights=[0.5, 2.0, 1.0], curve="PRGAIN", name="metric"), "several"
    ),
    "auc of weighted columns": (lambda m: m.AUC(label_weights=[0.5, 2.0, 1.0], name="metric"), "several"),
    **{
        f"f score {average} {threshold}": (
            lambda m, average=average, threshold=threshold: m.FBetaScore(average, 0.5, threshold, name="metric"),
            "several",
        )
        for average in (None, "micro", "macro", "weighted")
        for threshold in (None, 0.4)
    },
    "f1 score": (lambda m: m.F1Score(name="metric"), "several"),
    "iou": (lambda m: m.IoU(3, [0, 2], name="metric"), "labels"),
    "iou in float32": (lambda m: m.IoU(3, [0, 2], dtype="float32", name="metric"), "labels"),
    "iou of what is ignored": (lambda m: m.IoU(4, [3, 1, 0], ignore_class=1, name="metric"), "labels"),
    "iou of channels": (
        lambda m: m.IoU(3, [1], sparse_y_true=True, sparse_y_pred=False, axis=-1, name="metric"), "labels and scores"
    ),
    "binary iou": (lambda m: m.BinaryIoU([1], 0.4, name="metric"), "several"),
    "binary iou in float32": (lambda m: m.BinaryIoU(dtype="float32", name="metric"), "pixels"),
    "mean iou": (lambda m: m.MeanIoU(3, name="metric"), "labels"),
    "mean iou of classes that are not there": (lambda m: m.MeanIoU(7, ignore_class=0, name="metric"), "labels"),
    "one-hot iou": (lambda m: m.OneHotIoU(3, [0, 1], name="metric"), "several"),
    "one-hot mean iou": (lambda m: m.OneHotMeanIoU(3, dtype="float32", name="metric"), "several"),
    "r2 score": (lambda m: m.R2Score(name="metric"), "targets"),
    "r2 score of columns": (lambda m: m.R2Score(None, name="metric"), "targets"),
    "r2 score adjusted": (lambda m: m.R2Score("variance_weighted_average", 4, name="metric"), "targets"),
    "top k of sorted ids": (
        lambda m: m.SparseTopKCategoricalAccuracy(2, from_sorted_ids=True, name="metric"), "sorted ids"
    ),
}
# Keras takes a weight for each label there, and not one for each row.
NOT_BY_ROWS = ("iou", "mean iou", "binary iou")
WEIGHTED = [name for name, case in METRICS.items() if case[1] != "pixels" and not name.startswith(NOT_BY_ROWS)]


def _batches(kind: str, random: np.random.RandomState) -> list[tuple[np.ndarray, np.ndarray]]:
    """Three batches of targets and predictions; some of these are the same as thresholds."""
    rows, batches = 12, []
    for _ in range(3):
        shape = {"numbers of a row": (rows,), "pixels": (rows, 3, 2)}.get(kind, (rows, 3))
        scores = np.round(random.uniform(0, 1, shape), 2).astype("float32")
        scores.flat[:3] = [0.0, 0.5, 1.0]
        flags = random.randint(0, 2, shape).astype("float32")
        labels = [random.randint(0, 4, (rows, 5)) for _ in range(2)]
        batches.append({
            "logits": (flags, 4 * scores - 2),
            "labels": tuple(labels),
            "labels and scores": (labels[0][:, 0], scores),
            "targets": (random.standard_normal(shape).astype("float32"), scores),
            "sorted ids": (labels[0][:, :1], np.argsort(-random.uniform(size=(rows, 4))).astype("float32")),
        }.get(kind, (flags, scores)))  # fmt: skip
    return batches


def metric(keras: ModuleType, name: str, weighted: bool) -> dict[str, Any]:
    """Its results after each of three batches, what it counted, and its config."""
    make, kind = METRICS[name]
    random = random_of(name)
    one = make(keras.metrics)
    results = []
    for y_true, y_pred in _batches(kind, random):
        weights = random.randint(0, 4, len(y_true)).astype("float32" if one.dtype == "float32" else "int64")
        one.update_state(y_true, y_pred, sample_weight=weights if weighted else None)
        results.append(np.asarray(one.result(), "float64"))
    found = {f"counted {i}": np.asarray(v.numpy(), "float64") for i, v in enumerate(one.variables)}
    config = {key: value for key, value in one.get_config().items() if key != "label_weights"}
    one.reset_state()
    left = sum(np.abs(np.asarray(variable.numpy(), "float64")).sum() for variable in one.variables)
    return {"results": np.array(results), **found, "left": float(left), "names": [v.name for v in one.variables],
            "config": json.dumps(config, sort_keys=True, default=float)}  # fmt: skip


def several_outputs(keras: ModuleType) -> dict[str, Any]:
    """Metrics by name and as objects, of two outputs, weighted or not, in evaluate, and fit with validation."""
    layers, metrics, random = keras.layers, keras.metrics, random_of("several outputs")
    inputs = layers.Input((5,))
    first = layers.Dense(3, activation="sigmoid", name="first")(inputs)
    second = layers.Dense(2, name="second")(inputs)
    model = keras.Model(inputs, [first, second])
    model.set_weights([random.uniform(-1, 1, w.shape).astype("float32") for w in model.get_weights()])
    model.compile(
        keras.optimizers.SGD(0.1),
        ["binary_focal_crossentropy", "log_cosh"],
        metrics=[["AUC", "Precision", metrics.Recall(name="found"), "binary_io_u"], ["r2_score", "cosine_similarity"]],
        weighted_metrics=[["AUC", metrics.F1Score("macro", name="f1")], [metrics.RootMeanSquaredError(name="rmse")]],
    )
    x = random.standard_normal((40, 5)).astype("float32")
    y = [random.randint(0, 2, (40, 3)).astype("float32"), random.standard_normal((40, 2)).astype("float32")]
    weights = [random.uniform(0, 2, 40).astype("float32") for _ in y]
    evaluated = model.evaluate(x, y, 16, sample_weight=weights, verbose=0, return_dict=True)
    history = model.fit(x[:32], [each[:32] for each in y], 8, 3, shuffle=False, verbose=0,
                        validation_data=(x[32:], [each[32:] for each in y])).history  # fmt: skip
    return {
        "evaluated": ", ".join(evaluated),
        "values": np.array(list(evaluated.values()), "float64"),
        "history": ", ".join(history),
        "epochs": np.array([values for name, values in history.items()], "float64"),
    }


SCORE = {
    **{name: partial(loss, name=name, weighted=False) for name in LOSSES},
    **{f"{name}, sample_weight": partial(loss, name=name, weighted=True) for name in ONE_A_ROW},
    **{name: partial(metric, name=name, weighted=False) for name in METRICS},
    **{f"{name}, sample_weight": partial(metric, name=name, weighted=True) for name in WEIGHTED},
    "several outputs": several_outputs,
}
