"""What a user's class redefines is done, or refused by name; and so is what is set later. Nothing is ignored."""

from __future__ import annotations

import functools
from itertools import pairwise

import numpy as np
import pytest

from fashioncnn import Input, Sequential, activations, callbacks, initializers, layers, losses, metrics, optimizers

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.random((60, 4)), RANDOM.integers(0, 3, 60)


def compiled(model=None, **options):
    model = model or Sequential([Input((4,)), layers.Dense(3, activation="softmax")])
    model.compile(**{"optimizer": "sgd", "loss": "sparse_categorical_crossentropy", **options})
    return model


def overriding(base, *methods):
    return type("Mine", (base,), {method: lambda self, *arguments, **options: None for method in methods})


# --- layers and models


@pytest.mark.parametrize("method", ["__call__", "build", "compute_output_shape", "trainable_weights"])
@pytest.mark.parametrize("use", [
    lambda layer: Sequential([Input((4,)), layer]), lambda layer: Sequential([layer]).predict(X, verbose=0),
    lambda layer: compiled(Sequential([layer])).fit(X, Y, verbose=0)], ids=["Input", "predict", "fit"])
def test_an_override_of_a_layer_is_refused_by_name(method, use):
    with pytest.raises(NotImplementedError, match=rf"Mine defines {method}\(\).*In a layer of your own"):
        use(overriding(layers.Dense, method)(3))


def test_a_layer_called_by_itself_refuses_overrides_too():
    class Twice(layers.Dense):
        def call(self, inputs):
            return 2 * super().call(inputs)

    layer = Twice(3)
    np.testing.assert_allclose(layer(X), 2 * (X.astype(np.float32) @ layer.kernel), rtol=1e-5, atol=1e-6)
    assert layer.compute_output_shape((None, 4)) == (None, 3)
    mine = overriding(Twice, "trainable_weights")(3)
    for use in (lambda: mine(X), lambda: mine.compute_output_shape((None, 4))):
        with pytest.raises(NotImplementedError, match=r"Mine defines trainable_weights\(\)"):
            use()


@pytest.mark.parametrize("method", ["train_step", "test_step", "predict_step", "compute_loss", "compute_metrics",
                                    "make_train_function", "metrics"])
def test_an_override_of_a_model_is_refused_by_name(method):
    with pytest.raises(NotImplementedError, match=rf"Mine defines {method}\(\).*In a model of your own"):
        compiled(overriding(Sequential, method)([Input((4,)), layers.Dense(3)]))
    with pytest.raises(NotImplementedError, match=method):
        overriding(Sequential, method)([layers.Dense(3)]).predict(X, verbose=0)


def test_an_override_in_one_of_several_base_classes_is_found():
    class Steps:
        def train_step(self, data):
            raise AssertionError("not called")

    class Mine(Steps, Sequential):
        pass

    with pytest.raises(NotImplementedError, match=r"train_step\(\)"):
        compiled(Mine([Input((4,)), layers.Dense(3)]))


def test_a_method_that_is_set_on_an_object_is_refused_at_once():
    model = compiled()
    for owner, method in ((model, "train_step"), (model, "call"), (model.layers[0], "call"), (model.layers[0], "build"),
                          (model.optimizer, "update_step"), (metrics.Mean(), "update_state")):
        with pytest.raises(NotImplementedError, match=method):
            setattr(owner, method, lambda *arguments: None)


def test_other_methods_may_be_redefined():
    class Mine(Sequential):
        def summary(self, *arguments, **options):
            return "short"

        def fit(self, *arguments, **options):
            return super().fit(*arguments, verbose=0, **options)

    class Named(layers.Dense):
        def get_config(self):
            return {**super().get_config(), "extra": 1}

    model = compiled(Mine([Input((4,)), Named(3, activation="softmax")]))
    assert model.summary() == "short"
    assert len(model.fit(X, Y).epoch) == 1


@pytest.mark.parametrize("copied", ["wraps", "module", "partial"])
def test_a_decorator_does_not_hide_an_override(copied):
    def call(self, inputs, training=None):
        return 0 * inputs

    if copied == "wraps":
        call = functools.wraps(layers.Dense.call)(call)
    elif copied == "partial":
        call = functools.partialmethod(layers.Dense.call, training=True)
    else:
        call.__module__ = layers.Dense.__module__
    layer = type("Mine", (layers.Dense,), {"call": call})(3)
    assert layer.is_custom
    assert np.any(layer(X)) == (copied == "partial")

    class Mine(metrics.SparseCategoricalAccuracy):
        @functools.wraps(metrics.SparseCategoricalAccuracy.update_state)
        def update_state(self, *arguments, **options):
            self.total.assign(7)
            self.count.assign(1)

    assert compiled(metrics=[Mine(name="mine")]).evaluate(X, Y, verbose=0, return_dict=True)["mine"] == 7


@pytest.mark.parametrize("method", ["__call__", "build", "add_weight"])
@pytest.mark.parametrize("use", [
    lambda relu: Sequential([Input((4,)), layers.Dense(3, activation=relu)]),
    lambda relu: layers.Dense(3, activation=relu)(X), lambda relu: layers.Activation(relu)(X)])
def test_an_override_of_an_activation_that_is_a_layer_is_refused(method, use):
    with pytest.raises(NotImplementedError, match=rf"Mine defines {method}\(\)"):
        use(overriding(layers.ReLU, method)())


@pytest.mark.parametrize("name", ["add_weight", "compute_output_spec", "symbolic_call", "add_loss",
                                  "quantize"])
def test_an_override_of_what_only_keras_calls_is_refused(name):
    with pytest.raises(NotImplementedError, match=rf"Mine defines {name}\(\)"):
        Sequential([Input((4,)), overriding(layers.Dense, name)(3)])


@pytest.mark.parametrize(("base", "name"), [(layers.Dense, "kernel"), (layers.Dense, "trainable"),
                                            (layers.Dropout, "losses"), (layers.Conv2D, "weights")])
def test_a_property_that_replaces_one_of_a_layer_is_refused(base, name):
    mine = type("Mine", (base,), {name: property(lambda self: None, lambda self, value: None)})
    arguments = {layers.Dense: (3,), layers.Dropout: (0.5,), layers.Conv2D: (2, 3)}[base]
    with pytest.raises(NotImplementedError, match=rf"Mine defines {name}, which"):
        Sequential([Input((6, 6, 1)), mine(*arguments)])


@pytest.mark.parametrize("name", ["assign_sub", "scale_loss", "finalize_variable_values", "learning_rate"])
def test_an_override_of_what_keras_s_optimizer_uses_is_refused(name):
    with pytest.raises(NotImplementedError, match=f"Mine defines {name}"):
        compiled(optimizer=overriding(optimizers.SGD, name)())


def test_a_validation_by_an_evaluate_of_the_users_is_refused():
    class Mine(Sequential):
        def evaluate(self, *arguments, **options):
            return super().evaluate(*arguments, **options)

    model = compiled(Mine([Input((4,)), layers.Dense(3, activation="softmax")]))
    model.fit(X, Y, verbose=0)
    assert model.evaluate(X, Y, verbose=0) > 0
    unbuilt = compiled(Mine([layers.Dense(3, activation="softmax")]))
    for each in (model, unbuilt):
        with pytest.raises(NotImplementedError, match=r"Mine defines evaluate\(\)"):
            each.fit(X, Y, validation_split=0.5, verbose=0)
    assert not unbuilt.built


# --- losses, metrics, optimizers


def test_an_override_of_a_loss_is_followed():
    class Mine(losses.SparseCategoricalCrossentropy):
        def call(self, y_true, y_pred):
            return 2 * super().call(y_true, y_pred)

    assert Mine()(Y, np.full((60, 3), 1 / 3)) == pytest.approx(2 * np.log(3), rel=1e-6)
    model = compiled()
    expected = 2 * model.evaluate(X, Y, verbose=0)
    assert compiled(model, loss=Mine()).evaluate(X, Y, verbose=0) == pytest.approx(expected, rel=1e-6)
    with pytest.raises(NotImplementedError, match=r"Mine defines __call__\(\).*A loss of your own"):
        model.compile("sgd", overriding(losses.MeanSquaredError, "__call__")())


def test_an_override_of_an_optimizer_is_refused_by_compile():
    class Mine(optimizers.SGD):
        def update_step(self, gradient, variable, learning_rate):
            raise AssertionError("not called")

    for model in (Sequential([layers.Dense(3)]), Sequential([Input((4,)), layers.Dense(3)])):
        with pytest.raises(NotImplementedError, match=r"Mine defines update_step\(\).*Optimizers of your own"):
            compiled(model, optimizer=Mine())


def test_an_override_of_a_metric_is_followed():
    """A metric that counts 9 out of 10 as wrong."""
    class Nine(metrics.SparseCategoricalAccuracy):
        def update_state(self, y_true, y_pred, sample_weight=None):
            super().update_state(y_true, y_pred, sample_weight=np.asarray(y_true) == 2)

    class Cumulative(metrics.SparseCategoricalAccuracy):
        def reset_state(self):
            pass

    class Percent(metrics.SparseCategoricalAccuracy):
        def result(self):
            return 100 * super().result()

    model = compiled(metrics=["accuracy", Nine(name="nine"), Cumulative(name="cumulative"), Percent(name="percent")])
    right = model.predict(X, verbose=0).argmax(axis=1) == Y
    first = model.evaluate(X, Y, batch_size=7, verbose=0, return_dict=True)
    second = model.evaluate(X[:20], Y[:20], verbose=0, return_dict=True)
    assert first["accuracy"] == pytest.approx(right.mean())
    assert first["nine"] == pytest.approx(right[Y == 2].mean())
    assert first["percent"] == pytest.approx(100 * right.mean(), rel=1e-6)
    assert second["cumulative"] == pytest.approx((right.sum() + right[:20].sum()) / 80)
    assert second["accuracy"] == pytest.approx(right[:20].mean())


def test_who_computes_a_metric_is_decided_when_the_model_is_compiled():
    class Accuracy(metrics.SparseCategoricalAccuracy):
        pass

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign(1)
        self.count.assign(4)

    model = Sequential([Input((2,)), layers.Dense(3)])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=[Accuracy(name="a")])
    x, y = np.ones((8, 2)), model.predict(np.ones((8, 2)), verbose=0).argmax(axis=1)
    Accuracy.update_state = update_state
    assert model.evaluate(x, y, verbose=0)[1] == 1.0
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=[Accuracy(name="a")])
    assert model.evaluate(x, y, verbose=0)[1] == 0.25


def test_a_metric_gets_weights_only_where_they_are_asked_for():
    class Seen(metrics.Metric):
        def update_state(self, y_true, y_pred, **options):
            seen.append((self.name, y_true.numpy().shape, y_pred.numpy().shape, sorted(options)))

        def result(self):
            return 0.0

    seen = []
    model = compiled(metrics=[Seen(name="a")], weighted_metrics=[Seen(name="b")])
    model.evaluate(X, Y, sample_weight=np.ones(60), batch_size=60, verbose=0)
    assert seen == [("a", (60,), (60, 3), []), ("b", (60,), (60, 3), ["sample_weight"])]


def test_hooks_of_callbacks_that_keras_calls_are_called():
    class Mine(callbacks.EarlyStopping):
        def get_monitor_value(self, logs):
            return len(seen) if seen.append(logs["loss"]) is None else None

    seen = []
    stop = Mine(monitor="anything", mode="min")
    assert len(compiled().fit(X, Y, epochs=9, verbose=0, callbacks=[stop]).epoch) == 2
    assert len(seen) == 2


# --- attributes that are set later


@pytest.mark.parametrize(("layer", "name", "value"), [
    (layers.Dense(3), "activation", "relu"), (layers.Dense(3), "units", 4), (layers.Dense(3), "use_bias", False),
    (layers.Dense(3), "kernel_initializer", "zeros"), (layers.Conv2D(2, 2), "padding", "same"),
    (layers.Conv2D(2, 2), "strides", 2), (layers.Conv2D(2, 2), "filters", 3), (layers.Conv2D(2, 2), "kernel_size", 1),
    (layers.Conv2D(2, 2), "dilation_rate", 2), (layers.MaxPooling2D(2), "pool_size", 3),
    (layers.MaxPooling2D(2), "padding", "same"), (layers.GlobalMaxPooling2D(), "keepdims", True),
    (layers.Dropout(0.5), "rate", 0.2), (layers.Dropout(0.5), "seed", 3), (layers.ReLU(), "max_value", 6),
    (layers.ReLU(), "negative_slope", 0.1), (layers.ReLU(), "threshold", 1), (layers.LeakyReLU(), "negative_slope", 1),
    (layers.ELU(), "alpha", 2), (layers.Activation("relu"), "activation", "tanh"),
    (layers.Rescaling(2), "scale", 3), (layers.Rescaling(2), "offset", 3), (layers.Rescaling([1, 2]), "scale", [1, 3]),
    (layers.Reshape((-1,)), "target_shape", (2, -1)), (layers.ZeroPadding2D(1), "padding", 2)],
    ids=lambda value: value.name if isinstance(value, layers.Layer) else str(value))
def test_an_argument_of_a_layer_acts_until_it_is_built_and_raises_afterwards(layer, name, value):
    image = np.arange(32.0).reshape(1, 4, 4, 2)
    made = type(layer).from_config({**layer.get_config(), name: value})
    before = getattr(layer, name)
    setattr(layer, name, value)
    assert getattr(layer, name) == getattr(made, name) or name.endswith("initializer")
    for each in (layer, made):
        Sequential([Input((4, 4, 2)), each])
    assert layer.output_shape == made.output_shape
    if not layer.weights:
        assert np.array_equal(layer(image, training=True), made(image, training=True)) or name == "rate"
    setattr(layer, name, getattr(layer, name))  # no change is no error
    with pytest.raises(AttributeError, match=rf"{name} cannot be set any more.*make another layer"):
        setattr(layer, name, before)


@pytest.mark.parametrize(("layer", "name", "value"), [
    (layers.Dense(3), "units", 2.5), (layers.Dense(3), "units", 0), (layers.Dense(3), "use_bias", None),
    (layers.Dense(3), "quantization_config", "int8"), (layers.Conv2D(2, 2), "groups", 0),
    (layers.Conv2D(2, 2), "data_format", "NCHW"), (layers.Dropout(0.5), "rate", 2),
    (layers.Dense(3), "activation", "no")])
def test_a_bad_argument_set_later_is_refused_as_in_the_constructor(layer, name, value):
    before = getattr(layer, name)
    with pytest.raises(ValueError, match=name):
        setattr(layer, name, value)
    assert getattr(layer, name) == before


@pytest.mark.parametrize(("name", "value"), [("momentum", 0.9), ("clipnorm", 0.01), ("weight_decay", 0.5),
                                             ("nesterov", True), ("learning_rate", 0.5)])
def test_an_argument_of_an_optimizer_acts_from_the_next_step_of_a_model_on(name, value):
    start = Sequential([Input((4,)), layers.Dense(3, activation="softmax")]).get_weights()
    results = []
    for late in (False, True):
        optimizer = optimizers.SGD(0.1, momentum=0.1)
        if not late:
            setattr(optimizer, name, value)
        model = compiled(optimizer=optimizer)
        model.set_weights(start)
        if late:
            setattr(optimizer, name, value)
        for _ in range(3):
            model.train_on_batch(X, Y)
        results.append(model.get_weights()[0])
    assert np.array_equal(*results)


@pytest.mark.parametrize(("owner", "name", "value"), [
    (losses.SparseCategoricalCrossentropy(), "from_logits", True), (losses.Huber(), "delta", 2.0),
    (losses.CategoricalCrossentropy(), "label_smoothing", 0.1), (losses.MeanSquaredError(), "reduction", "sum"),
    (metrics.BinaryAccuracy(), "threshold", 0.1), (metrics.TopKCategoricalAccuracy(), "k", 2)])
def test_arguments_of_losses_and_metrics_cannot_be_set_later(owner, name, value):
    with pytest.raises(AttributeError, match=f"{name} cannot be set any more.*compile again"):
        setattr(owner, name, value)


def test_arguments_of_initializers_act_when_they_are_set():
    initializer = initializers.RandomNormal(seed=1)
    first = initializer((5,))
    initializer.seed = 2
    assert not np.array_equal(initializer((5,)), first)
    assert np.array_equal(initializer((5,)), initializers.RandomNormal(seed=2)((5,)))
    initializer.stddev = 0.0
    assert not initializer((5,)).any()
    with pytest.raises(ValueError, match="stddev"):
        initializer.stddev = -1


def test_freezing_acts_on_the_next_batch():
    class Freeze(callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            kernels.append(self.model.layers[0].kernel.numpy())
            self.model.layers[0].trainable = batch != 1

    kernels, model = [], compiled()
    model.fit(X, Y, batch_size=20, verbose=0, callbacks=[Freeze()])
    assert [np.array_equal(a, b) for a, b in pairwise(kernels)] == [False, True]


def test_what_cannot_be_set_says_so():
    model = compiled()
    for owner, name in ((model, "layers"), (model, "weights"), (model, "metrics_names"), (model.layers[0], "kernel"),
                        (model.layers[0], "dtype"), (model.layers[0], "output_shape")):
        with pytest.raises((AttributeError, NotImplementedError), match=name):
            setattr(owner, name, None)


@pytest.mark.parametrize(("make", "name"), [
    (compiled, "jit_compile"), (lambda: layers.Dense(3), "supports_jit"), (optimizers.SGD, "lr")],
    ids=lambda value: value if isinstance(value, str) else "")
def test_attributes_that_only_keras_has_cannot_be_set_in_vain(make, name):
    with pytest.raises(AttributeError, match=name):
        setattr(make(), name, True)


def test_attributes_of_ones_own_can_be_set():
    for owner in (compiled(), layers.Dense(3), optimizers.SGD(), metrics.Mean(), losses.MeanSquaredError()):
        owner.notes = "mine"
        assert owner.notes == "mine"


def test_a_layer_may_say_that_it_supports_masking():
    class Masked(layers.Dense):
        def __init__(self, units):
            super().__init__(units)
            self.supports_masking = True

    assert Masked(3).supports_masking


@pytest.mark.parametrize("value", [None, "yes", 1, 0, 2.5])
def test_trainable_is_true_or_false(value):
    for make in (lambda: layers.Dense(3, trainable=value), lambda: Sequential(trainable=value),
                 lambda: setattr(layers.Dense(3), "trainable", value), lambda: setattr(compiled(), "trainable", value)):
        with pytest.raises(ValueError, match="`trainable` must be True or False"):
            make()
    assert layers.Dense(3, trainable=np.False_).trainable is False


@pytest.mark.parametrize("name", ["negative_slope", "threshold"])
def test_relu_takes_no_none(name):
    with pytest.raises(ValueError, match=name):
        layers.ReLU(**{name: None})
    with pytest.raises(ValueError, match=name):
        activations.relu([1.0], **{name: None})


def test_an_optimizer_that_is_set_makes_the_next_update():
    model = compiled(optimizer=optimizers.SGD(0.1))
    before = model.get_weights()
    first, model.optimizer = model.optimizer, optimizers.SGD(0.0)
    model.fit(X, Y, verbose=0)
    assert np.array_equal(model.get_weights()[0], before[0])
    assert (model.optimizer.iterations, first.iterations) == (2, 0)
    for value, error in (("sgd", "must be an optimizer, got 'sgd'"), (None, "must be an optimizer, got None"),
                         (compiled().optimizer, "belongs to another model")):
        with pytest.raises(ValueError, match=error):
            model.optimizer = value
    with pytest.raises(ValueError, match="is not compiled"):
        Sequential([layers.Dense(3)]).optimizer = optimizers.SGD()
    unbuilt = compiled(Sequential([layers.Dense(3, activation="softmax")]))
    unbuilt.optimizer = optimizers.SGD(0.0)
    unbuilt.fit(X, Y, verbose=0)
    assert unbuilt.optimizer.iterations == 2


def test_an_optimizer_that_is_set_while_a_model_trains_makes_the_next_update():
    schedule = optimizers.schedules.PiecewiseConstantDecay([100], [0.0, 0.5])

    class Change(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 0:
                self.weights = self.model.get_weights()
                self.model.optimizer = optimizers.SGD(schedule)

    model, change = compiled(optimizer=optimizers.SGD(0.1)), Change()
    model.fit(X, Y, batch_size=10, verbose=0, callbacks=[change])
    assert np.array_equal(model.get_weights()[0], change.weights[0])
    assert model.optimizer.iterations == 5


def test_numbers_of_an_optimizer_add_to_what_it_has_now():
    optimizer = optimizers.SGD(0.1)
    rate, count = optimizer.learning_rate, optimizer.iterations
    assert rate.assign(0.25) == 0.25
    assert rate.assign_sub(0.05) == pytest.approx(0.2)
    assert rate.assign_add(0.1) == pytest.approx(0.3) == optimizer.learning_rate
    assert (count.assign(3), count.assign_add(2), optimizer.iterations) == (3, 5, 5)
    assert (rate.name, rate.path, count.name) == ("learning_rate", f"{optimizer.name}/learning_rate", "iteration")


def test_a_weight_is_trainable_or_not():
    weight = compiled().layers[0].kernel
    for value in ("yes", None, 2):
        with pytest.raises(ValueError, match="`trainable` must be True or False"):
            weight.trainable = value
    weight.trainable = False
    assert weight.trainable is False


def trainable(model):
    return ([layer.trainable for layer in model.layers], len(model.trainable_weights),
            len(model.non_trainable_weights))


def test_models_and_layers_are_frozen_as_in_keras():
    """What real Keras 3.15 answered."""
    def two(**options):
        return Sequential([Input((4,)), layers.Dense(3), layers.Dense(2)], **options)

    model = two()
    model.layers[0].trainable = False
    model.trainable = True  # as it was: nothing is handed on
    assert trainable(model) == ([False, True], 2, 2)
    model = two()
    model.trainable = False
    model.layers[0].trainable = True
    assert trainable(model) == ([True, False], 0, 4)
    before = model.get_weights()
    with pytest.warns(UserWarning, match="not have any trainable weights"):
        compiled(model, loss="mse").fit(X, X[:, :2], verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    model.trainable = True
    assert trainable(model) == ([True, True], 4, 0)
    model = two(trainable=False)
    model.add(layers.Dense(3))
    assert trainable(model) == ([True, True, True], 0, 6)
    model = two()
    model.layers[0].kernel.trainable = False
    model.layers[0].trainable = True
    assert trainable(model) == ([True, True], 3, 1)
    model = two()
    model.layers[0].trainable = False
    model.layers[0].kernel.trainable = True
    assert trainable(model) == ([False, True], 3, 1)
    assert (model.layers[0].trainable_weights, len(model.layers[0].non_trainable_weights)) == ([], 2)
