"""Golden cases: steps with regularizers and constraints, the losses that are reported, and what arrays become."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from golden.common import flat_weights, random_of, set_random_weights, small_images

Rules = Callable[[Any], dict[str, Any]]
Optimizer = Callable[[Any], Any]


def on_kernels(make: Callable[[Any], Any], kind: str) -> Rules:
    return lambda keras: {f"kernel_{kind}": make(keras)}


# Those of the convolution, then those of the dense layer.
RULES: dict[str, tuple[Rules, Rules]] = {
    "l1": (on_kernels(lambda k: k.regularizers.L1(0.02), "regularizer"),) * 2,
    "l2": (on_kernels(lambda k: k.regularizers.L2(0.05), "regularizer"),) * 2,
    "l1_l2": (on_kernels(lambda k: k.regularizers.L1L2(l1=0.01, l2=0.03), "regularizer"),) * 2,
    "biases": (lambda k: {"bias_regularizer": "l2"},
               lambda k: {"bias_regularizer": k.regularizers.L1(0.1), "bias_constraint": "unit_norm"}),
    "orthogonal rows": (lambda k: {},
                        on_kernels(lambda k: k.regularizers.OrthogonalRegularizer(0.3), "regularizer")),
    "orthogonal columns": (
        on_kernels(lambda k: k.regularizers.L2(0.1), "regularizer"),
        on_kernels(lambda k: k.regularizers.OrthogonalRegularizer(0.3, mode="columns"), "regularizer"),
    ),
    "max_norm": (on_kernels(lambda k: k.constraints.MaxNorm(0.7, axis=[0, 1, 2]), "constraint"),
                 on_kernels(lambda k: k.constraints.MaxNorm(0.5), "constraint")),
    "non_neg": (on_kernels(lambda k: "non_neg", "constraint"),) * 2,
    "unit_norm": (on_kernels(lambda k: k.constraints.UnitNorm(axis=[0, 2]), "constraint"),
                  on_kernels(lambda k: k.constraints.UnitNorm(axis=-1), "constraint")),
    "min_max_norm": (
        on_kernels(lambda k: k.constraints.MinMaxNorm(0.3, 0.6, rate=0.4, axis=1), "constraint"),
        on_kernels(lambda k: k.constraints.MinMaxNorm(0.2, 0.5, axis=None), "constraint"),
    ),
    "both": (lambda k: {"kernel_regularizer": k.regularizers.L2(0.05), "bias_regularizer": k.regularizers.L1(0.02),
                        "kernel_constraint": k.constraints.MaxNorm(1.0, axis=(0, 1, 2))},
             lambda k: {"kernel_regularizer": k.regularizers.L1L2(0.01, 0.02), "bias_constraint": "non_neg"}),
}
OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": lambda o: o.SGD(0.1),
    "momentum": lambda o: o.SGD(0.05, momentum=0.9),
    "adam": lambda o: o.Adam(0.01),
    "clipnorm": lambda o: o.Adam(0.01, clipnorm=0.3),
    "global_clipnorm": lambda o: o.SGD(0.2, global_clipnorm=0.5),
    "clipvalue": lambda o: o.RMSprop(0.01, clipvalue=0.05),
    "weight_decay": lambda o: o.AdamW(0.01, weight_decay=0.1),
}


def network(keras: ModuleType, name: str) -> Any:
    random = random_of(f"rules {name}")
    of_convolution, of_dense = RULES[name]
    model = keras.Sequential(
        [
            keras.layers.Input((6, 6, 1)),
            keras.layers.Conv2D(3, 3, activation="relu", **of_convolution(keras)),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax", **of_dense(keras)),
        ]
    )
    set_random_weights(model, random)
    return model


def trained(keras: ModuleType, name: str, optimizer: Optimizer, frozen: bool = False) -> dict[str, Any]:
    x, y = small_images(random_of("rules"), 20 * 8)
    model = network(keras, name)
    model.layers[0].trainable = not frozen
    model.compile(optimizer(keras.optimizers), "sparse_categorical_crossentropy")
    losses = []
    for start in range(0, len(x), 8):
        model.reset_metrics()
        losses.append(model.train_on_batch(x[start : start + 8], y[start : start + 8]))
    model.reset_metrics()
    return {
        "weights": flat_weights(model),
        "losses": np.array(losses, "float64"),
        "penalties": np.array([np.asarray(loss) for loss in model.losses], "float64"),
        "tested": np.float64(model.test_on_batch(x, y)),
    }


def fitted(keras: ModuleType) -> dict[str, Any]:
    """The losses of fit and of evaluate, with another reduction, a factor and weights, which leave penalties alone."""
    x, y = small_images(random_of("rules"), 50)
    model = network(keras, "both")
    model.compile(keras.optimizers.SGD(0.01), keras.losses.SparseCategoricalCrossentropy(reduction="sum"),
                  loss_weights=0.5, metrics=["accuracy"])  # fmt: skip
    weight = np.linspace(0.2, 1.8, 50).astype("float32")
    history = model.fit(x, y, batch_size=16, epochs=3, shuffle=False, sample_weight=weight, validation_split=0.3,
                        verbose=0).history  # fmt: skip
    return {**{key: np.array(values, "float64") for key, values in history.items()},
            "evaluate": np.array(model.evaluate(x, y, batch_size=16, verbose=0), "float64")}  # fmt: skip


def in_another_model(keras: ModuleType) -> dict[str, Any]:
    """Penalties of a model in a model, part of which is frozen."""
    x, y = small_images(random_of("rules"), 32)
    inner = network(keras, "both")
    model = keras.Sequential([keras.layers.Input((6, 6, 1)), inner,
                              keras.layers.Dense(3, activation="softmax", kernel_regularizer="l2")])  # fmt: skip
    set_random_weights(model, random_of("in another model"))
    inner.layers[0].trainable = False
    model.compile("adam", "sparse_categorical_crossentropy")
    before = model.test_on_batch(x, y)
    history = model.fit(x, y, batch_size=16, epochs=3, shuffle=False, verbose=0).history["loss"]
    return {"before": np.float64(before), "losses": np.array(history, "float64"), "weights": flat_weights(model),
            "penalties": np.array([np.asarray(loss) for loss in model.losses], "float64")}  # fmt: skip


def called(keras: ModuleType) -> dict[str, Any]:
    """What regularizers and constraints return for arrays."""
    random = random_of("called")
    matrix = keras.Variable(random.standard_normal((5, 4)).astype("float32"))
    filters = random.standard_normal((3, 2, 4, 5)).astype("float32")
    regularizers, constraints = keras.regularizers, keras.constraints
    penalties = {
        "l1": regularizers.L1(0.3), "l2": regularizers.L2(0.3), "l1_l2": regularizers.L1L2(0.1, 0.2),
        "default l1": regularizers.get("l1"), "default l2": regularizers.get("l2"), "l1l2": regularizers.get("l1l2"),
        "rows": regularizers.OrthogonalRegularizer(0.3), "columns": regularizers.OrthogonalRegularizer(mode="columns"),
    }  # fmt: skip
    limits = {
        "max": constraints.MaxNorm(), "max of one axis": constraints.MaxNorm(1.5, axis=-1),
        "max of some": constraints.MaxNorm(1.5, axis=[1, 3]), "unit": constraints.UnitNorm(axis=[0, 1, 2]),
        "min max": constraints.MinMaxNorm(1.9, 2.1, 0.3, axis=2), "none": constraints.Constraint(),
        "non neg": constraints.NonNeg(),
    }  # fmt: skip
    return {**{name: np.asarray(penalty(matrix)) for name, penalty in penalties.items()},
            **{name: np.asarray(limit(filters)) for name, limit in limits.items()}}  # fmt: skip


def described(keras: ModuleType) -> dict[str, Any]:
    """Configs and signatures, as texts."""
    texts = {}
    for module, names in CLASSES.items():
        kind = getattr(keras, module)
        for name in names:
            parameters = inspect.signature(getattr(kind, name)).parameters.values()
            texts[f"{name} takes"] = ", ".join(f"{p.name}={p.default!r}" for p in parameters
                                               if p.kind is p.POSITIONAL_OR_KEYWORD)  # fmt: skip
            texts[name] = json.dumps(kind.serialize(getattr(kind, name)()), sort_keys=True)
    layers, regularizers, constraints = keras.layers, keras.regularizers, keras.constraints
    for layer in (
        layers.Dense(2, kernel_regularizer=regularizers.L1(0.1), bias_constraint=constraints.MaxNorm(3, axis=[0])),
        layers.Conv2D(2, 2, bias_regularizer="l2", kernel_constraint=constraints.MinMaxNorm(0.1, 2, 0.5, axis=None)),
        layers.Dense(2, activity_regularizer=regularizers.OrthogonalRegularizer(0.1)),
        layers.Flatten(activity_regularizer=regularizers.L1L2(0.1)),
        layers.ActivityRegularization(0.1, 0.2),
    ):
        config = {key: value for key, value in layer.get_config().items()
                  if key.endswith(("_regularizer", "_constraint")) or key in ("l1", "l2")}  # fmt: skip
        texts[f"{len(texts)} {type(layer).__name__}"] = json.dumps(config, sort_keys=True)
    return texts


CLASSES = {
    "regularizers": ["L1", "L2", "L1L2", "OrthogonalRegularizer"],
    "constraints": ["Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"],
}
TRAINED = {
    f"{name}, {by}": partial(trained, name=name, optimizer=optimizer)
    for name in RULES
    for by, optimizer in OPTIMIZERS.items()
    if by in ("sgd", "adam") or name in ("both", "l1_l2", "orthogonal columns")
}
RULE = {
    **TRAINED,
    "both, frozen": partial(trained, name="both", optimizer=OPTIMIZERS["adam"], frozen=True),
    "fit and evaluate": fitted,
    "in another model": in_another_model,
    "called": called,
    "described": described,
}
