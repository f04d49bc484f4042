"""Golden cases: losses and gradients, weights after 20 steps of each optimizer, the reference's first losses."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from golden.common import flat_weights, random_of, small_images, small_network, table, targets

LOSSES: dict[str, tuple[str, dict[str, Any], str | None, str]] = {  # name -> class, options, activation, targets
    "sparse crossentropy of softmax": ("SparseCategoricalCrossentropy", {}, "softmax", "labels"),
    "sparse crossentropy from logits": ("SparseCategoricalCrossentropy", {"from_logits": True}, None, "labels"),
    "sparse crossentropy of probabilities": ("SparseCategoricalCrossentropy", {}, "probabilities", "labels"),
    "categorical crossentropy of softmax": ("CategoricalCrossentropy", {}, "softmax", "one-hot"),
    "categorical crossentropy from logits": ("CategoricalCrossentropy", {"from_logits": True}, None, "one-hot"),
    "categorical crossentropy of probabilities": ("CategoricalCrossentropy", {}, "probabilities", "one-hot"),
    "categorical crossentropy smoothed": ("CategoricalCrossentropy", {"label_smoothing": 0.1}, "softmax", "one-hot"),
    "categorical crossentropy of soft targets": ("CategoricalCrossentropy", {"from_logits": True}, None, "soft"),
    "binary crossentropy of sigmoid": ("BinaryCrossentropy", {}, "sigmoid", "binary"),
    "binary crossentropy from logits": ("BinaryCrossentropy", {"from_logits": True}, None, "binary"),
    "binary crossentropy of probabilities": ("BinaryCrossentropy", {}, "probabilities", "binary"),
    "binary crossentropy smoothed": ("BinaryCrossentropy", {"label_smoothing": 0.2}, "sigmoid", "binary"),
    "mean squared error": ("MeanSquaredError", {}, None, "numbers"),
    "mean squared error of tanh": ("MeanSquaredError", {}, "tanh", "numbers"),
    "mean absolute error": ("MeanAbsoluteError", {}, None, "numbers"),
    "huber": ("Huber", {}, None, "numbers"),
    "huber, delta 0.3": ("Huber", {"delta": 0.3}, None, "numbers"),
}


def loss(keras: ModuleType, name: str, weighted: bool) -> dict[str, Any]:
    """The gradient is what one step of SGD with rate 1 takes from the table of predictions."""
    class_name, options, activation_name, kind = LOSSES[name]
    random = random_of(name)
    rows, classes = 7, 5
    values = (1.5 * random.standard_normal((rows, classes))).astype("float32")
    if activation_name == "probabilities":
        activation_name, values = None, random.uniform(0.02, 0.98, (rows, classes)).astype("float32")
    y = targets(kind, rows, classes, random)
    weight = random.uniform(0, 2, rows).astype("float32") if weighted else None
    model = table(keras, values, activation_name, loss=getattr(keras.losses, class_name)(**options),
                  optimizer=keras.optimizers.SGD(1.0))  # fmt: skip
    value = model.train_on_batch(np.eye(rows, dtype="float32"), y, sample_weight=weight)
    return {"value": np.float64(value), "gradient": values - model.get_weights()[0]}


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "adam": lambda o: o.Adam(0.01),
    "adam by name": lambda o: "adam",
    "adam, own betas and epsilon": lambda o: o.Adam(0.02, beta_1=0.8, beta_2=0.95, epsilon=1e-3),
    "adam amsgrad": lambda o: o.Adam(0.05, beta_2=0.6, amsgrad=True),
    "adam clipnorm": lambda o: o.Adam(0.01, clipnorm=0.1),
    "adam global_clipnorm": lambda o: o.Adam(0.01, global_clipnorm=0.1),
    "adam clipvalue": lambda o: o.Adam(0.01, clipvalue=0.02),
    "adam weight_decay": lambda o: o.Adam(0.01, weight_decay=0.1),
    "adamw": lambda o: o.AdamW(0.01),
    "adamw, own decay": lambda o: o.AdamW(0.01, beta_2=0.8, weight_decay=0.2, amsgrad=True),
    "sgd": lambda o: o.SGD(0.1),
    "sgd momentum": lambda o: o.SGD(0.05, momentum=0.9),
    "sgd nesterov": lambda o: o.SGD(0.05, momentum=0.8, nesterov=True),
    "sgd weight_decay": lambda o: o.SGD(0.1, momentum=0.5, weight_decay=0.05),
    "sgd clipnorm": lambda o: o.SGD(0.5, clipnorm=0.2),
    "sgd global_clipnorm": lambda o: o.SGD(0.5, global_clipnorm=0.2),
    "sgd clipvalue": lambda o: o.SGD(0.5, clipvalue=0.05),
    "rmsprop": lambda o: o.RMSprop(0.01),
    "rmsprop, own rho and epsilon": lambda o: o.RMSprop(0.01, rho=0.7, epsilon=1e-2),
    "rmsprop centered momentum": lambda o: o.RMSprop(0.005, momentum=0.7, centered=True),
    "rmsprop momentum weight_decay": lambda o: o.RMSprop(0.005, momentum=0.5, weight_decay=0.1),
    "rmsprop global_clipnorm": lambda o: o.RMSprop(0.01, global_clipnorm=0.3),
    "nadam": lambda o: o.Nadam(0.01),
    "nadam, own betas and epsilon": lambda o: o.Nadam(0.02, beta_1=0.8, beta_2=0.95, epsilon=1e-3),
    "nadam weight_decay clipnorm": lambda o: o.Nadam(0.01, weight_decay=0.1, clipnorm=0.1),
    "adamax": lambda o: o.Adamax(0.02),
    "adamax, own betas and epsilon": lambda o: o.Adamax(0.02, beta_1=0.7, beta_2=0.8, epsilon=1e-2),
    "adamax weight_decay clipvalue": lambda o: o.Adamax(0.02, weight_decay=0.1, clipvalue=0.05),
    "adagrad": lambda o: o.Adagrad(0.1),
    "adagrad, own start and epsilon": lambda o: o.Adagrad(0.1, initial_accumulator_value=0.0, epsilon=1e-2),
    "adagrad weight_decay global_clipnorm": lambda o: o.Adagrad(0.1, weight_decay=0.1, global_clipnorm=0.3),
    "adadelta": lambda o: o.Adadelta(1.0),
    "adadelta, own rho and epsilon": lambda o: o.Adadelta(1.0, rho=0.7, epsilon=1e-3),
    "adadelta weight_decay clipnorm": lambda o: o.Adadelta(1.0, epsilon=1e-3, weight_decay=0.02, clipnorm=0.2),
    "lion": lambda o: o.Lion(0.005),
    "lion, own betas": lambda o: o.Lion(0.005, beta_1=0.7, beta_2=0.8),
    "lion weight_decay": lambda o: o.Lion(0.005, weight_decay=0.2),
    "ftrl": lambda o: o.Ftrl(0.2),
    "ftrl regularized": lambda o: o.Ftrl(0.2, initial_accumulator_value=0.3, l1_regularization_strength=0.05,
                                         l2_regularization_strength=0.02, l2_shrinkage_regularization_strength=0.01,
                                         beta=0.1),
    "ftrl, own power": lambda o: o.Ftrl(0.1, learning_rate_power=-0.7),
    "ftrl, power 0": lambda o: o.Ftrl(0.1, learning_rate_power=0.0),
    "sgd ema": lambda o: o.SGD(0.1, use_ema=True, ema_momentum=0.8),
    "adam ema overwriting": lambda o: o.Adam(0.02, use_ema=True, ema_momentum=0.7, ema_overwrite_frequency=3),
    "sgd accumulation": lambda o: o.SGD(0.2, momentum=0.5, gradient_accumulation_steps=4),
    "adam accumulation, a schedule": lambda o: o.Adam(
        o.schedules.ExponentialDecay(0.05, 4, 0.5), weight_decay=0.1, gradient_accumulation_steps=3
    ),
    "sgd accumulation clipnorm": lambda o: o.SGD(0.5, clipnorm=0.1, gradient_accumulation_steps=3),
    "rmsprop accumulation global_clipnorm": lambda o: o.RMSprop(
        0.01, global_clipnorm=0.2, gradient_accumulation_steps=2
    ),
    "nadam accumulation ema": lambda o: o.Nadam(
        0.02, use_ema=True, ema_momentum=0.6, ema_overwrite_frequency=2, gradient_accumulation_steps=3
    ),
    "a function as learning rate": lambda o: o.SGD(lambda: 0.05),
    "schedule exponential": lambda o: o.SGD(o.schedules.ExponentialDecay(0.2, 7, 0.5)),
    "schedule exponential staircase": lambda o: o.SGD(o.schedules.ExponentialDecay(0.2, 7, 0.5, staircase=True)),
    "schedule inverse time": lambda o: o.SGD(o.schedules.InverseTimeDecay(0.2, 5, 0.5)),
    "schedule piecewise": lambda o: o.Adam(o.schedules.PiecewiseConstantDecay([5, 12], [0.02, 0.01, 0.001])),
    "schedule polynomial": lambda o: o.SGD(o.schedules.PolynomialDecay(0.2, 9, 0.01, power=2.0)),
    "schedule polynomial cycle": lambda o: o.SGD(o.schedules.PolynomialDecay(0.2, 6, 0.01, cycle=True)),
    "schedule cosine": lambda o: o.SGD(o.schedules.CosineDecay(0.2, 15, alpha=0.1)),
    "schedule cosine warm-up": lambda o: o.AdamW(
        o.schedules.CosineDecay(0.001, 12, warmup_target=0.02, warmup_steps=5)
    ),
    "schedule cosine restarts": lambda o: o.SGD(o.schedules.CosineDecayRestarts(0.2, 6, t_mul=1.5, m_mul=0.8)),
}


def optimizer(keras: ModuleType, name: str) -> dict[str, Any]:
    random = random_of("optimizers")
    x, y = small_images(random, 20 * 8)
    model = small_network(keras, random)
    model.compile(OPTIMIZERS[name](keras.optimizers), "sparse_categorical_crossentropy")
    for start in range(0, len(x), 8):
        model.train_on_batch(x[start : start + 8], y[start : start + 8])
    slots = [value for value in model.optimizer.variables if np.ndim(value) > 0]
    return {
        "weights": flat_weights(model),
        "slots": np.concatenate([np.ravel(slot.numpy()) for slot in slots]) if slots else np.zeros(1),
        "learning_rate": np.float64(model.optimizer.learning_rate),
        "iterations": int(model.optimizer.iterations),
        "variables": [re.sub(r".*_(kernel|bias)_", r"\1 ", slot.path) for slot in slots],
    }


def averaged_fit(keras: ModuleType, **options: Any) -> dict[str, Any]:
    """What `fit` leaves behind where a moving average of the weights takes their place at its end."""
    random = random_of("averaged fit")
    x, y = small_images(random, 40)
    model = small_network(keras, random)
    model.compile(keras.optimizers.SGD(0.1, use_ema=True, **options), "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    return {"weights": flat_weights(model), "iterations": int(model.optimizer.iterations)}


def own_variables(keras: ModuleType, name: str) -> dict[str, Any]:
    """Updates of variables that belong to no model."""
    random = random_of(f"own variables, {name}")
    first = keras.Variable(random.standard_normal((3, 2)).astype("float32"), name="first")
    second = keras.Variable(random.standard_normal(4).astype("float32"), name="second")
    optimizer = APPLIED[name](keras.optimizers)
    for _ in range(7):
        gradients = [random.standard_normal(v.shape).astype("float32") for v in (first, second)]
        optimizer.apply_gradients(zip(gradients, (first, second), strict=True))
    return {"first": first.numpy(), "second": second.numpy(), "iterations": int(optimizer.iterations)}


def _decaying(o: Any) -> Any:
    optimizer = o.AdamW(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["sec"])
    return optimizer


APPLIED: dict[str, Callable[[Any], Any]] = {
    "adam": lambda o: o.Adam(0.1, clipnorm=1.0),
    "scaled": lambda o: o.SGD(0.1, momentum=0.9, loss_scale_factor=8.0),
    "averaged": lambda o: o.Adagrad(0.1, use_ema=True, ema_overwrite_frequency=3, gradient_accumulation_steps=2),
    "without decay of one": _decaying,
}


def reference_network(keras: ModuleType) -> dict[str, Any]:
    random = random_of("reference network")
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    weights = []
    for w in model.get_weights():
        limit = np.sqrt(6 / (np.prod(w.shape[:-2]) * (w.shape[-2] + w.shape[-1]))) if w.ndim > 1 else 0
        weights.append(random.uniform(-limit, limit, w.shape).astype("float32"))
    model.set_weights(weights)
    y = random.randint(0, 10, 21 * 32)
    patterns = random.randint(0, 256, (10, 7, 7, 1)).repeat(4, axis=1).repeat(4, axis=2)
    x = np.clip(patterns[y] + random.randint(-90, 91, (len(y), 28, 28, 1)), 0, 255) / 255.0
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    before = model.predict(x[-32:], verbose=0)
    losses = []
    for start in range(0, 20 * 32, 32):
        model.reset_metrics()
        losses.append(model.train_on_batch(x[start : start + 32], y[start : start + 32])[0])
    return {"before": before, "losses": np.array(losses, "float64"), "after": model.predict(x[-32:], verbose=0)}


LOSS = {
    name + suffix: partial(loss, name=name, weighted=weighted)
    for name in LOSSES
    for suffix, weighted in (("", False), (", sample_weight", True))
}
OPTIMIZER = {
    **{name: partial(optimizer, name=name) for name in OPTIMIZERS},
    "fit with ema": partial(averaged_fit, ema_momentum=0.9),
    "fit with ema, accumulating": partial(averaged_fit, ema_momentum=0.5, gradient_accumulation_steps=3),
    **{f"own variables, {name}": partial(own_variables, name=name) for name in APPLIED},
}
REFERENCE = {"first 20 losses": reference_network}
