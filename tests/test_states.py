"""What a call leaves behind: everything when it succeeds, nothing when it is refused, no more than was asked for."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from core import read

from fashioncnn import Input, Sequential, callbacks, layers, losses, metrics, optimizers, utils

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.random((40, 8)), RANDOM.integers(0, 3, 40)


def network(shapes=True, **options):
    stack = [layers.Dense(8, activation="relu", name="a"), layers.Dense(3, activation="softmax", name="b")]
    model = Sequential([Input((8,)), *stack] if shapes else stack)
    model.compile(**{"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"],
                     **options})
    return model


def state(model):
    """All that can be seen of a model."""
    network, optimizer = model.network, model.optimizer
    return {
        "layers": [(layer.name, layer.built) for layer in model.layers], "compiled": model.compiled,
        "loss": model.loss, "metrics": model.metrics_names, "weights": [w.tolist() for w in model.get_weights()],
        "iterations": optimizer.iterations, "learning_rate": optimizer.learning_rate, "history": model.history,
        "slots": [] if network is None else [read(network, slot).tolist() for slot in network.optimizer_slots],
        "built": model.built, "network": network, "names": sorted(vars(model)),
    }


REFUSALS = {
    "add of a layer that does not fit": lambda m: m.add(layers.Conv2D(3, 3)),
    "add of a name that is taken": lambda m: m.add(layers.Dense(3, name="a")),
    "add of no layer": lambda m: m.add(3),
    "add of itself": lambda m: m.add(m),
    "add of one of its layers": lambda m: m.add(m.layers[0]),
    "fit of bad labels": lambda m: m.fit(X, Y + 1, verbose=0),
    "fit of NaN": lambda m: m.fit(X * np.nan, Y, verbose=0),
    "fit of another shape": lambda m: m.fit(X[:, None], Y, verbose=0),
    "fit of a bad validation": lambda m: m.fit(X, Y, validation_data=(X, Y - 1), verbose=0),
    "fit of bad batches": lambda m: m.fit(iter([(X, Y + 1)]), verbose=0),
    "fit of NaN batches": lambda m: m.fit(iter([(X * np.nan, Y)]), verbose=0),
    "evaluate of bad labels": lambda m: m.evaluate(X, Y + 1, verbose=0),
    "evaluate of NaN": lambda m: m.evaluate(X * np.nan, Y, verbose=0),
    "predict of NaN": lambda m: m.predict(X * np.nan, verbose=0),
    "predict of NaN batches": lambda m: m.predict(iter([X * np.nan]), verbose=0),
    "a call of NaN": lambda m: m(X * np.nan),
    "predict_on_batch of NaN": lambda m: m.predict_on_batch(X * np.nan),
    "train_on_batch of NaN": lambda m: m.train_on_batch(X * np.nan, Y),
    "train_on_batch of bad weights": lambda m: m.train_on_batch(X, Y, sample_weight=np.full(40, np.inf)),
    "test_on_batch of bad labels": lambda m: m.test_on_batch(X, Y + 0.5),
    "build for another shape": lambda m: m.build((None, 4, "a")),
    "compile": lambda m: m.compile("sgd", "no such loss"),
    "compile with a bad metric": lambda m: m.compile("sgd", "mse", metrics=["no such metric"]),
    "compile with another's optimizer": lambda m: m.compile(network().optimizer, "mse"),
    "compile with a loss that does not go with a metric": lambda m: m.compile("sgd", "mse", metrics=[
        metrics.SparseCategoricalAccuracy()]),
    "set_weights": lambda m: m.set_weights([np.zeros(3)]),
    "load_weights": lambda m: m.load_weights("/nowhere/at/all.npz"),
}


SEEN_WHEN_BUILT = ("compile with another's optimizer", "add of a layer that does not fit")


@pytest.mark.parametrize(("name", "trained"), [
    (name, trained) for name in REFUSALS for trained in ("unbuilt", "built", "trained")
    if trained != "unbuilt" or name not in SEEN_WHEN_BUILT])
def test_a_refused_call_leaves_everything_as_it_was(name, trained):
    model = network(shapes=trained != "unbuilt")
    if trained == "trained":
        model.fit(X, Y, epochs=2, verbose=0)
    before = state(model)
    with pytest.raises((ValueError, TypeError, OSError)):
        REFUSALS[name](model)
    if trained != "unbuilt" and name.endswith("batches"):
        model.history = before["history"]  # training had begun
    assert state(model) == before
    model.fit(X, Y, verbose=0)
    assert model.optimizer.iterations == before["iterations"] + 2


def test_an_optimizer_of_another_model_is_refused_when_the_model_is_built():
    model = network(shapes=False, optimizer=network().optimizer)
    with pytest.raises(ValueError, match="already belongs to another model"):
        model.fit(X, Y, verbose=0)
    assert not model.built


# --- one layer, one place


def test_one_layer_in_two_places_has_the_same_weights():
    shared = layers.Dense(8)
    model = Sequential([Input((8,)), shared, Sequential([layers.ReLU(), shared])])
    assert len(model.weights) == 2
    assert model.count_params() == 72
    x = np.arange(16.0).reshape(2, 8) / 16
    np.testing.assert_array_equal(model.predict(x, verbose=0), shared(np.maximum(shared(x), 0)))


def test_a_model_cannot_be_part_of_itself():
    model = Sequential([layers.Dense(8)])
    with pytest.raises(ValueError, match="part of itself"):
        model.add(model)
    outer = Sequential([model])
    with pytest.raises(ValueError, match="part of itself"):
        model.add(outer)
    assert len(model.layers) == 1


def test_a_model_within_a_built_model_cannot_change():
    inner = Sequential([Input((8,)), layers.Dense(8)], name="inner")
    outer = Sequential([inner, layers.Dense(3)], name="outer")
    for change in (lambda: inner.add(layers.ReLU()), inner.pop):
        with pytest.raises(ValueError, match="'inner' is part of model 'outer', which is built"):
            change()
    del outer
    inner.add(layers.ReLU())
    assert len(inner.layers) == 2


# --- compiling again


def test_the_models_own_optimizer_goes_on_and_another_begins():
    model, plain = network(), network()
    plain.set_weights(model.get_weights())
    for each in (model, plain):
        each.fit(X, Y, epochs=3, shuffle=False, verbose=0)
    model.compile(model.optimizer, "sparse_categorical_crossentropy", metrics=["sparse_categorical_accuracy"])
    assert model.optimizer.iterations == 6
    for each in (model, plain):
        each.fit(X, Y, shuffle=False, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), plain.get_weights(), strict=True))
    model.compile("adam", "sparse_categorical_crossentropy")
    assert model.optimizer.iterations == 0
    assert not any(read(model.network, slot).any() for slot in model.network.optimizer_slots)


def test_an_optimizer_that_leaves_and_comes_back_has_its_moments():
    model = network()
    model.fit(X, Y, verbose=0)
    adam, moments = model.optimizer, read(model.network, "velocity")
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.compile(adam, "sparse_categorical_crossentropy")
    assert (adam.iterations, model.optimizer) == (2, adam)
    assert np.array_equal(read(model.network, "velocity"), moments)


def test_loss_is_what_was_passed():
    for loss in ("mse", losses.mean_squared_error, losses.MeanSquaredError(), ["mse"], {"b": "mse"}):
        assert network(loss=loss, metrics=[]).loss is loss


def test_dicts_name_the_output():
    model = network(loss={"b": "sparse_categorical_crossentropy"}, loss_weights={"b": 0.5}, metrics={"b": ["accuracy"]})
    other = network(loss_weights=0.5)
    other.set_weights(model.get_weights())
    assert model.evaluate(X, Y, verbose=0) == other.evaluate(X, Y, verbose=0)
    with pytest.raises(ValueError, match="the model's only output is 'b'"):
        network(loss={"a": "mse"})


# --- dropout


def test_every_mask_is_another_one():
    ones = np.ones((4, 100))
    first, second = layers.Dropout(0.5), layers.Dropout(0.5)
    masks = [first(ones, training=True), first(ones, training=True), second(ones, training=True)]
    model = Sequential([Input((100,)), layers.Dropout(0.5), layers.Dropout(0.5)])
    masks += [model(ones, training=True), model(ones, training=True)]
    for one in range(len(masks)):
        for other in range(one):
            assert not np.array_equal(masks[one], masks[other])
    assert np.array_equal(first(ones), ones)
    kept = model(ones, training=True).numpy()
    assert (kept == 4).mean() == pytest.approx(0.25, abs=0.08)  # two masks of one half each
    assert len({tuple(row) for row in masks[0].tolist()}) == 4  # another one for each image


def test_monte_carlo_dropout_by_layers_varies():
    model = network()
    dropout = layers.Dropout(0.5)
    hidden = model.layers[0](X)
    outputs = np.stack([model.layers[1](dropout(hidden, training=True)) for _ in range(20)])
    assert (outputs.std(axis=0) > 0).all()


def test_a_layer_alone_draws_other_masks_than_its_model():
    model = Sequential([Input((100,)), layers.Dropout(0.5)])
    ones = np.ones((4, 100))
    assert not np.array_equal(model.layers[0](ones, training=True), model(ones, training=True))


def test_masks_follow_from_seeds():
    ones = np.ones((2, 50))

    def masks(seed=None):
        utils.set_random_seed(3)
        layer = layers.Dropout(0.5, seed=seed)
        return [layer(ones, training=True).tolist() for _ in range(3)]

    assert masks() == masks()
    assert masks(1) == masks(1) != masks(2)
    whole = layers.Dropout(1.0)
    assert not whole(ones, training=True).any()
    assert np.array_equal(whole(ones), ones)


# --- numbers that grow beyond all bounds


def test_adam_does_not_leap_where_a_square_overflows():
    """As Keras: the infinite second moment makes the step 0. (Held to be finite, the update is refused.)"""
    model = Sequential([Input((1,)), layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(optimizers.Adam(0.02), "mae", check_finite=False)
    model.train_on_batch([[1e25]], [[0.0]])
    assert model.get_weights()[0] == 1.0
    model.compile(optimizers.Adam(0.02), "mae")
    with pytest.raises(FloatingPointError, match="numbers that are not finite, first in layer 'dense"):
        model.train_on_batch([[1e25]], [[0.0]])
    assert model.get_weights()[0] == 1.0


def test_an_update_that_overflows_is_refused_as_a_whole():
    model = Sequential([Input((1,)), layers.Dense(1, kernel_initializer="ones", name="big")])
    model.compile(optimizers.SGD(1e20), "mse")
    with pytest.raises(FloatingPointError, match="'big'"):
        model.fit([[1e19]], [[0.0]], epochs=3, verbose=0)
    assert [weight.ravel().tolist() for weight in model.get_weights()] == [[1.0], [0.0]]
    assert model.optimizer.iterations == 0
    model.optimizer.learning_rate = 1e-40
    assert model.fit([[1.0]], [[0.5]], verbose=0).history["loss"] == [0.25]


@pytest.mark.parametrize("kind", ["compile", "TerminateOnNaN"])
def test_infinite_targets_reach_the_loss_where_it_need_not_be_finite(kind, capsys):
    y = np.array([[1.0], [np.inf]])
    model = Sequential([Input((1,)), layers.Dense(1)])
    model.compile("sgd", "mse", check_finite=kind != "compile")
    stop = [] if kind == "compile" else [callbacks.TerminateOnNaN()]
    history = model.fit([[1.0], [2.0]], y, epochs=3, verbose=0, callbacks=stop)
    assert len(history.epoch) == (3 if kind == "compile" else 1)
    assert not np.isfinite(history.history["loss"][0])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="infinity in `y`, first in row 1"):
        model.fit([[1.0], [2.0]], y, verbose=0)


# --- class weights


def test_class_weights_take_no_memory_for_classes_that_are_not_there():
    import tracemalloc

    model = Sequential([Input((8,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    tracemalloc.start()
    y = np.full((40, 1), 3e8)
    model.evaluate(X, y, verbose=0)
    model.fit(X, y, class_weight={0: 2.0, 300000000: 0.0, -1: 5.0}, verbose=0)
    model.fit(X, np.linspace(-5, 5, 40)[:, None], class_weight={-1: 3.0, -5: 2.0}, verbose=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6


def test_class_weights_are_looked_up_by_class():
    """Negative classes are themselves, and not those counted from the end."""
    def loss(y, **options):
        model = Sequential([Input((8,)), layers.Dense(1, kernel_initializer="zeros")])
        model.compile(optimizers.SGD(0.0), "mse")
        return model.fit(X[:4], np.reshape(y, (-1, 1)), verbose=0, **options).history["loss"][0]

    weights = {-1: 10.0, 1: 0.5, 0.0: 7.0}
    assert loss([-1.0, 1.0, 1.0, -5.0], class_weight=weights) == pytest.approx((10 + 0.5 + 0.5 + 25) / 4)
    assert loss([-1.2, 0.9, 2.0, 0.0], class_weight=weights) == pytest.approx((14.4 + 0.405 + 4 + 0) / 4)




def test_a_refused_optimizer_is_not_wired_to_the_model():
    """Its rate is no number at the step that it would begin with, which is seen before anything is changed."""
    model = network()
    model.fit(X, Y, verbose=0)
    before = model.optimizer
    refused = optimizers.SGD(optimizers.schedules.ExponentialDecay(1e29, 1, 1e9))
    refused.iterations = 3
    with pytest.raises(ValueError, match="`learning_rate` must be >= 0"):
        model.compile(refused, model.loss)
    assert model.optimizer is before
    slots = model.network.optimizer_slots
    refused.momentum = 0.9
    assert model.network.optimizer_slots == slots
    refused.learning_rate = optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
    assert model.network.learning_rate == before.learning_rate
    network(optimizer=refused).fit(X, Y, verbose=0)
    with pytest.raises(ValueError, match=r"must be >= 0 and < 1e\+30, got 1e\+30"):
        optimizers.SGD(1e30)


def test_a_compilation_with_another_loss_trains_as_a_new_model_does():
    """Two losses of which the second is computed together with the softmax, so that the plan is another."""
    one_hot = np.eye(3, dtype=np.float32)[Y]
    used, new = network(optimizer="sgd", loss="mse", metrics=None), network()
    weights = used.get_weights()
    used.fit(X, one_hot, verbose=0)
    for model in (used, new):
        model.set_weights(weights)
        model.compile(optimizers.SGD(0.5), "categorical_crossentropy")
        model.fit(X, one_hot, shuffle=False, epochs=3, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(used.get_weights(), new.get_weights(), strict=True))


@pytest.mark.parametrize("weight", [1e39, -1e39, float("nan"), float("inf")])
def test_a_class_weight_beyond_float32_is_refused_before_training(weight):
    model = network()
    with pytest.raises(ValueError, match=r"`class_weight\[1\]` must be "):
        model.fit(X, Y, class_weight={1: weight}, verbose=0)
    assert model.optimizer.iterations == 0


@pytest.mark.parametrize("kind", ["training", "validation"])
def test_data_may_wait_for_a_thread_that_builds_a_model(kind):
    """The first batch of an unbuilt model's data is fetched with no lock held."""
    class Waiting(utils.PyDataset):
        def __len__(self):
            return 1

        def __getitem__(self, index):
            thread = threading.Thread(target=lambda: network(shapes=False).fit(X, Y, verbose=0))
            thread.start()
            thread.join(60)
            assert not thread.is_alive()
            return X, Y

    model = network(shapes=False)
    if kind == "training":
        model.fit(Waiting(), verbose=0)
    else:
        model.fit(X, Y, validation_data=Waiting(), verbose=0)
    assert model.built
