"""Golden cases: training with penalties for the outputs of layers, and what `losses` of layers and models tell."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from golden.common import Case, flat_weights, random_of, set_random_weights, small_images

BATCH = 8
STEPS = 20  # half of them in fit; more would show what rounding does to corners of relu and of l1
Body = Callable[[Any, Any], list[Any]]  # keras.layers and keras.regularizers -> layers behind an input of (6, 6, 1)

BODIES: dict[str, Body] = {
    "l1 of a convolution": lambda k, r: [
        k.Conv2D(3, 3, activation="relu", activity_regularizer=r.L1(0.01)), k.MaxPooling2D(), k.Flatten(),
        k.Dense(3, activation="softmax")],
    "l2 of a dense layer": lambda k, r: [
        k.Flatten(), k.Dense(7, activation="tanh", activity_regularizer=r.L2(0.05)), k.Dense(3, activation="softmax")],
    "l1_l2 of the last layer": lambda k, r: [
        k.Conv2D(3, 3, activation="relu"), k.Flatten(),
        k.Dense(3, activation="softmax", activity_regularizer=r.L1L2(0.1, 0.3))],
    "all": lambda k, r: [
        k.Conv2D(3, 3, padding="same", use_bias=False, activity_regularizer="l2", kernel_regularizer="l2"),
        k.BatchNormalization(activity_regularizer=r.L1L2(0.002, 0.01)),
        k.Activation("relu", activity_regularizer=r.L2(0.003)),
        k.MaxPooling2D(activity_regularizer=r.L1L2(0.001, 0.002)),
        k.DepthwiseConv2D(2, depth_multiplier=2, activation="gelu", activity_regularizer="l1"),
        k.Dropout(0.0, activity_regularizer=r.L2(0.02)),
        k.Flatten(activity_regularizer=r.L1(0.002)),
        k.Dense(3, activity_regularizer=r.L2(0.03)),
        k.Softmax(activity_regularizer=r.L2(0.2))],
    "a layer that only penalizes": lambda k, r: [
        k.ActivityRegularization(l1=0.01), k.SeparableConv2D(4, 3, activation="elu", activity_regularizer="l1l2"),
        k.ActivityRegularization(l1=0.003, l2=0.01), k.GlobalAveragePooling2D(), k.Dense(3, activation="softmax"),
        k.ActivityRegularization(l2=0.2)],
    "transposed and normalized": lambda k, r: [
        k.Conv2DTranspose(5, 3, strides=2, activity_regularizer=r.L2(0.001)),
        k.LayerNormalization(activity_regularizer=r.L1L2(0.001, 0.01)), k.PReLU(activity_regularizer=r.L2(0.002)),
        k.GlobalMaxPooling2D(activity_regularizer=r.L1(0.02)), k.Dense(3, activation="softmax")],
}  # fmt: skip


def model_of(keras: ModuleType, name: str) -> Any:
    model = keras.Sequential([keras.layers.Input((6, 6, 1)), *BODIES[name](keras.layers, keras.regularizers)])
    set_random_weights(model, random_of(f"penalties {name}"))
    model.set_weights([np.abs(np.asarray(weight)) if weight.name == "moving_variance" else np.asarray(weight)
                       for weight in model.weights])  # fmt: skip
    return model


def trained(keras: ModuleType, name: str, make_optimizer: Callable[[Any], Any], frozen: bool = False,
            last: bool = False) -> dict[str, Any]:  # fmt: skip
    """The losses and weights of some steps; `frozen`: all but the last two layers are not trainable."""
    x, y = small_images(random_of("penalties"), STEPS // 2 * BATCH - (5 if last else 0))
    model = model_of(keras, name)
    for layer in model.layers[:-2] if frozen else ():
        layer.trainable = False
    model.compile(make_optimizer(keras.optimizers), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, batch_size=BATCH, shuffle=False, verbose=0, validation_data=(x[:21], y[:21]),
                        validation_batch_size=9).history  # fmt: skip
    steps = [model.train_on_batch(x[i : i + BATCH], y[i : i + BATCH]) for i in range(0, len(x), BATCH)]
    return {**{key: np.array(values, "float64") for key, values in history.items()},
            "steps": np.array(steps, "float64"), "tested": np.array(model.test_on_batch(x, y), "float64"),
            "weights": flat_weights(model), "losses": losses_after_a_call(model, x[:5])}  # fmt: skip


def losses_after_a_call(model: Any, *x: np.ndarray) -> np.ndarray:
    """What `losses` has after a call with arrays: two calls leave no more than one."""
    model(x[0] if len(x) == 1 else list(x))
    model(x[0] if len(x) == 1 else list(x))
    return np.array([np.asarray(loss) for loss in model.losses], "float64")


def with_several_outputs(keras: ModuleType) -> dict[str, Any]:
    """A shared layer, two outputs of which one has no loss, weights of the images, and factors of the losses."""
    k, random = keras.layers, random_of("several outputs")
    a, b = keras.Input((5,), name="a"), keras.Input((5,), name="b")
    shared = k.Dense(5, activation="tanh", activity_regularizer=keras.regularizers.L1L2(0.01, 0.1), name="shared")
    left, right = shared(shared(a)), shared(b)
    both = k.Add(activity_regularizer=keras.regularizers.L2(0.02), name="both")([left, right])
    first = k.Dense(3, activation="softmax", activity_regularizer=keras.regularizers.L2(0.4), name="first")(both)
    second = k.Dense(2, activity_regularizer=keras.regularizers.L1(0.1), name="second")(left)
    third = k.Dense(2, activity_regularizer=keras.regularizers.L2(0.1), name="third")(right)
    model = keras.Model([a, b], [first, second, third])
    set_random_weights(model, random)
    model.compile(keras.optimizers.Adam(0.01), ["sparse_categorical_crossentropy", "mse", None],
                  loss_weights=[0.5, 2.0, 1.0])  # fmt: skip
    xs = [random.standard_normal((37, 5)).astype("float32") for _ in range(2)]
    y = [random.randint(0, 3, 37), *random.standard_normal((2, 37, 2)).astype("float32")]
    weight = list(random.uniform(0.2, 2, (3, 37)).astype("float32"))
    history = model.fit(xs, y, sample_weight=weight, batch_size=BATCH, epochs=3, shuffle=False, verbose=0).history
    return {**{key: np.array(values, "float64") for key, values in history.items()}, "weights": flat_weights(model),
            "losses": np.sort(losses_after_a_call(model, *xs))}  # fmt: skip


def in_another_model(keras: ModuleType) -> dict[str, Any]:
    """Penalties in a model that is part of another one, and frozen there."""
    x, y = small_images(random_of("penalties"), 40)
    inner = model_of(keras, "l1 of a convolution")
    model = keras.Sequential([keras.layers.Input((6, 6, 1)), inner, keras.layers.Dense(
        3, activation="softmax", activity_regularizer="l2", kernel_regularizer="l1")])  # fmt: skip
    set_random_weights(model, random_of("in another model"))
    inner.trainable = False
    model.compile("adam", "sparse_categorical_crossentropy")
    history = model.fit(x, y, batch_size=BATCH, epochs=3, shuffle=False, verbose=0).history["loss"]
    return {"history": np.array(history, "float64"), "weights": flat_weights(model),
            "losses": losses_after_a_call(model, x), "inner": losses_after_a_call(inner, x)}  # fmt: skip


def accumulated(keras: ModuleType) -> dict[str, Any]:
    return trained(keras, "l1 of a convolution", lambda o: o.SGD(0.1, gradient_accumulation_steps=3))


def of_layers(keras: ModuleType) -> dict[str, Any]:
    """What `losses` of a layer has after calls."""
    random, k, r = random_of("of layers"), keras.layers, keras.regularizers
    x = random.standard_normal((5, 6, 6, 2)).astype("float32")
    found = {}
    for layer in (
        k.ActivityRegularization(0.1, 0.2), k.ActivityRegularization(), k.Flatten(activity_regularizer=r.L2(0.0)),
        k.ReLU(activity_regularizer=r.L1(0.3)), k.MaxPooling2D(activity_regularizer=r.L1L2(0.3, 0.2)),
        k.Conv2D(2, 3, kernel_initializer="ones", activation="tanh", activity_regularizer="l2", bias_regularizer="l1"),
    ):  # fmt: skip
        layer(x)
        layer(x[:3])
        found[f"{len(found)} {type(layer).__name__}"] = np.array([np.asarray(loss) for loss in layer.losses], "float64")
    return found


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda o: o.SGD(0.05, momentum=0.9),
    "adam": lambda o: o.Adam(0.01),
    "clipnorm": lambda o: o.Adam(0.01, clipnorm=0.3),
}
PENALTY: dict[str, Case] = {
    **{f"{name}, {by}": partial(trained, name=name, make_optimizer=optimizer)
       for name in BODIES for by, optimizer in OPTIMIZERS.items() if by != "clipnorm" or name == "all"},
    "all, frozen": partial(trained, name="all", make_optimizer=OPTIMIZERS["adam"], frozen=True),
    "all, a short batch": partial(trained, name="all", make_optimizer=OPTIMIZERS["sgd"], last=True),
    "accumulated": accumulated,
    "several outputs": with_several_outputs,
    "in another model": in_another_model,
    "of layers": of_layers,
}  # fmt: skip
