"""Golden cases: the losses beyond the usual ones, with their gradients, of rows and of whole images."""

from __future__ import annotations

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


SCORE = {
    **{name: partial(loss, name=name, weighted=False) for name in LOSSES},
    **{f"{name}, sample_weight": partial(loss, name=name, weighted=True) for name in ONE_A_ROW},
}
