"""Models, layers, optimizers, metrics and histories: copied, pickled, and freed."""

from __future__ import annotations

import copy
import gc
import json
import multiprocessing
import pickle
import weakref

import numpy as np
import pytest

from fashioncnn import Input, Sequential, callbacks, initializers, layers, losses, metrics, models, optimizers, utils

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.random((40, 6, 6, 1)), RANDOM.integers(0, 3, 40)
WAYS = {"pickle": lambda value: pickle.loads(pickle.dumps(value)), "deepcopy": copy.deepcopy, "copy": copy.copy}


def network(optimizer="adam", **options):
    utils.set_random_seed(0)
    model = Sequential([Input((6, 6, 1)), layers.Conv2D(2, 3, activation="relu"), layers.Flatten(), layers.Dropout(0.5),
                        layers.Dense(3, activation="softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy", **{"metrics": ["accuracy"], **options})
    return model


def same_weights(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", optimizers.SGD(0.1, momentum=0.9),
                                       optimizers.Adam(optimizers.schedules.CosineDecay(0.1, 100), amsgrad=True),
                                       *map(optimizers.get, ["nadam", "adamax", "adagrad", "adadelta", "lion"]),
                                       optimizers.Ftrl(0.1, initial_accumulator_value=1e-6),
                                       optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)],
                         ids=["adam", "rmsprop", "momentum", "schedule", "nadam", "adamax", "adagrad", "adadelta",
                              "lion", "ftrl", "average"])
def test_a_copy_of_a_trained_model_goes_on_as_the_model_would(way, optimizer):
    model = network(copy.deepcopy(optimizer))
    model.fit(X, Y, batch_size=8, epochs=2, verbose=0)
    other = WAYS[way](model)
    assert same_weights(model, other)
    assert other.optimizer.iterations == 10
    assert (other.compiled, other.loss, other.name) == (True, model.loss, model.name)
    before = model.get_weights()
    histories = [each.fit(X, Y, batch_size=8, shuffle=False, verbose=0).history for each in (other, model)]
    assert histories[0] == histories[1]
    assert same_weights(model, other)
    assert not np.array_equal(before[0], model.get_weights()[0])
    other.set_weights([np.zeros_like(weight) for weight in before])
    assert any(weight.any() for weight in model.get_weights())


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_has_the_gradients_that_are_added_up(way):
    model = network(optimizers.Nadam(0.01, gradient_accumulation_steps=4, use_ema=True, ema_overwrite_frequency=2))
    model.fit(X, Y, batch_size=8, verbose=0)  # five batches: the next update wants three more
    other = WAYS[way](model)
    assert other.optimizer.iterations == 1
    for each in (model, other):
        each.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    assert same_weights(model, other)
    assert model.optimizer.iterations == other.optimizer.iterations == 3


def test_a_trained_model_goes_through_a_file_of_joblib(tmp_path):
    joblib = pytest.importorskip("joblib", reason="needs joblib: pip install joblib")
    model = network()
    model.fit(X, Y, batch_size=8, epochs=2, verbose=0)
    joblib.dump(model, tmp_path / "model.joblib")
    other = joblib.load(tmp_path / "model.joblib")
    assert same_weights(model, other)
    histories = [each.fit(X, Y, batch_size=8, shuffle=False, verbose=0).history for each in (other, model)]
    assert histories[0] == histories[1]
    assert same_weights(model, other)


@pytest.mark.parametrize("way", WAYS)
def test_models_that_are_not_built_or_compiled_are_copied_too(way):
    unbuilt = Sequential([layers.Flatten(), layers.Dense(3, activation="softmax", trainable=False)])
    assert not WAYS[way](unbuilt).built
    unbuilt.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    other = WAYS[way](unbuilt)
    with pytest.warns(UserWarning, match="the model does not have any trainable weights"):
        other.fit(X, Y, verbose=0)
    assert not unbuilt.built
    built = Sequential([Input((2,)), layers.Dense(3)])
    assert same_weights(WAYS[way](built), built)
    assert not WAYS[way](built).compiled


@pytest.mark.parametrize("way", WAYS)
def test_a_model_within_a_model_is_copied_with_it(way):
    inner = Sequential([Input((6, 6, 1)), layers.Flatten(), layers.Dense(4, activation="relu")], name="inner")
    model = Sequential([inner, layers.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, Y, verbose=0)
    other = WAYS[way](model)
    assert same_weights(model, other)
    other.fit(X, Y, verbose=0)
    assert not np.array_equal(other.layers[0].get_weights()[0], inner.get_weights()[0])
    assert np.array_equal(other.get_weights()[0], other.layers[0].get_weights()[0])
    assert np.array_equal(other.layers[0].predict(X, verbose=0) @ other.layers[1].kernel.numpy() > 0,
                          inner_products(other) > 0)


def inner_products(model):
    return model.layers[0](X).numpy() @ model.layers[1].get_weights()[0]


def test_metrics_and_a_history_come_along():
    def largest(y_true, y_pred):
        return y_pred.max(axis=-1)

    model = network(metrics=["accuracy", metrics.SparseTopKCategoricalAccuracy(2, name="two"), largest])
    model.fit(X, Y, epochs=2, verbose=0)
    other = copy.deepcopy(model)
    assert other.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    assert other.history.history == model.history.history
    assert other.history.model is other
    assert other.metrics[1].metrics[1] is not model.metrics[1].metrics[1]


@pytest.mark.parametrize("way", WAYS)
def test_a_history_is_copied_without_its_model(way):
    model = network()
    history = model.fit(X, Y, epochs=2, validation_split=0.25, verbose=0)
    assert history.model is model
    other = WAYS[way](history)
    assert (other.history, other.epoch, other.model) == (history.history, history.epoch, None)
    assert json.loads(json.dumps(other.history)) == history.history


def test_a_pickle_of_a_callback_does_not_bring_the_model():
    stop = callbacks.EarlyStopping("loss", patience=3)
    network().fit(X, Y, verbose=0, callbacks=[stop])
    assert len(pickle.dumps(stop)) < 1000
    assert pickle.loads(pickle.dumps(stop)).patience == 3


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("layer", [layers.Dense(3), layers.Conv2D(2, 3, name="c"), layers.Dropout(0.5, seed=3),
                                   layers.ReLU(6), layers.Rescaling([1, 2])], ids=lambda layer: layer.name)
def test_a_layer_is_copied_with_its_weights(way, layer):
    image = np.ones((2, 4, 4, 2))
    outputs = layer(image)
    other = WAYS[way](layer)
    assert np.array_equal(other(image), outputs)
    assert other.get_config() == layer.get_config()
    if layer.weights:
        other.weights[0].assign(np.zeros(other.weights[0].shape))
        assert np.array_equal(layer(image), outputs)
        assert not np.array_equal(other(image), outputs)


def test_a_layer_of_a_model_is_copied_out_of_it():
    model = network()
    layer = copy.copy(model.layers[0])
    layer.kernel.assign(np.zeros(layer.kernel.shape))
    assert model.layers[0].kernel.numpy().any()
    other = Sequential([Input((6, 6, 1)), layer])
    assert not other(X).numpy().any()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("value", [losses.Huber(2.0), initializers.HeNormal(seed=3), initializers.Constant([1.0, 2.0]),
                                   metrics.BinaryAccuracy(threshold=0.2), optimizers.SGD(0.5, momentum=0.5),
                                   optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)],
                         ids=lambda value: type(value).__name__)
def test_other_objects_are_copied(way, value):
    other = WAYS[way](value)
    assert type(other) is type(value)
    assert other.get_config() == value.get_config()


def test_a_copy_of_a_metric_counts_for_itself():
    metric = metrics.Mean()
    metric.update_state([1.0, 3.0])
    other = copy.copy(metric)
    other.update_state([8.0])
    assert (metric.result(), other.result()) == (2.0, 4.0)


def predict_in_another_process(model, x):
    return model.predict(x, verbose=0), model.optimizer.iterations


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_a_model_goes_to_another_process_and_back(method):
    model = network()
    model.fit(X, Y, verbose=0)
    with multiprocessing.get_context(method).Pool(1) as pool:
        outputs, iterations = pool.apply_async(predict_in_another_process, (model, X)).get(timeout=120)
    assert np.array_equal(outputs, model.predict(X, verbose=0))
    assert iterations == model.optimizer.iterations


def test_clones_have_new_weights_and_are_compiled_alike():
    model = network(optimizers.SGD(0.5, momentum=0.5), metrics=["accuracy", "crossentropy"],
                    loss_weights=0.5)
    model.fit(X, Y, verbose=0)
    clone = models.clone_model(model)
    assert (clone.compiled, clone.optimizer.get_config()["momentum"], clone.optimizer.iterations) == (True, 0.5, 0)
    assert clone.optimizer is not model.optimizer
    assert not same_weights(model, clone)
    clone.set_weights(model.get_weights())
    assert clone.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    assert not models.clone_model(Sequential([layers.Dense(3)])).compiled


# --- memory


@pytest.fixture
def without_collector():
    """What is freed within is freed by its last reference."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("use", [
    lambda model: None,
    lambda model: model.fit(X, Y, epochs=2, validation_split=0.5, verbose=0),
    lambda model: model.fit(X, Y, verbose=0, callbacks=[callbacks.EarlyStopping("loss"), callbacks.History()]),
    lambda model: (model.evaluate(X, Y, verbose=0), model.predict(X, verbose=0), model(X), model.train_on_batch(X, Y)),
    lambda model: model.compile("sgd", "sparse_categorical_crossentropy", metrics=[lambda a, b: b.max(axis=-1)]),
    lambda model: copy.deepcopy(model), lambda model: models.clone_model(model), lambda model: model.summary(),
], ids=["nothing", "fit", "callbacks", "passes", "compile", "deepcopy", "clone", "summary"])
def test_a_model_is_freed_with_its_last_reference(use, without_collector, capsys):
    model = network()
    kept = use(model)
    seen = [weakref.ref(model), weakref.ref(model.optimizer), *(weakref.ref(layer) for layer in model.layers)]
    del model
    assert [reference() for reference in seen] == [None] * len(seen)
    del kept


def test_the_memory_of_dead_models_is_used_again(without_collector):
    """60 models of two million weights: 615 MB where they pile up."""
    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096

    def build_and_fit():
        model = Sequential([Input((1000,)), layers.Dense(2000, kernel_initializer="zeros"), layers.Dense(2)])
        model.compile("adam", "mse")
        model.fit(np.ones((2, 1000), np.float32), np.zeros((2, 2)), verbose=0)

    for _ in range(3):
        build_and_fit()
    before = resident()
    for _ in range(20):
        build_and_fit()
    assert resident() - before < 60e6


def test_a_history_outlives_its_model(without_collector):
    history = network().fit(X, Y, verbose=0)
    assert history.model is None
    assert len(history.history["loss"]) == 1
