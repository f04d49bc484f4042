"""Penalties for the outputs of layers: what is added to losses and gradients, what `losses` tells, what is refused.

Golden cases compare training with Keras, random networks compare gradients with finite differences.
"""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from core import read

import fashioncnn
from fashioncnn import Input, Model, Sequential, layers, regularizers
from fashioncnn._core import Network

RANDOM = np.random.RandomState(8)
X = RANDOM.standard_normal((23, 6, 5, 2)).astype(np.float32)
Y = RANDOM.randint(0, 3, 23)
L1L2 = regularizers.L1L2(0.03, 0.2)


def compiled(model: Model, optimizer: Any = "sgd", **options: Any) -> Model:
    model.compile(optimizer, "sparse_categorical_crossentropy", **options)
    return model


def chain(penalty: Any = None, of_last: Any = None) -> list[layers.Layer]:
    return [layers.Conv2D(4, 3, activation="relu", activity_regularizer=penalty, name="conv"),
            layers.MaxPooling2D(name="pool"), layers.Flatten(name="flat"),
            layers.Dense(3, activation="softmax", activity_regularizer=of_last, name="dense")]


def network_of(penalty: Any = None, of_last: Any = None, **options: Any) -> Model:
    fashioncnn.utils.set_random_seed(3)
    return compiled(Sequential([Input((6, 5, 2)), *chain(penalty, of_last)]), **options)


def cost(regularizer: regularizers.Regularizer, outputs: Any) -> float:
    return float(regularizer(np.asarray(outputs, np.float64))) / len(outputs)


# ---- the loss ----


@pytest.mark.parametrize("penalty", [regularizers.L1(0.03), regularizers.L2(0.2), L1L2])
def test_the_loss_has_the_mean_over_the_images(penalty):
    plain, model = network_of(), network_of(penalty, regularizers.L2(0.5))
    hidden = Model(model.inputs, model.layers[0].output)(X)
    expected = plain.evaluate(X, Y, verbose=0) + cost(penalty, hidden) + cost(regularizers.L2(0.5), plain(X))
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(expected, rel=1e-6)
    assert model.evaluate(X, Y, verbose=0, batch_size=5) == pytest.approx(expected, rel=1e-6)
    assert model.test_on_batch(X, Y) == pytest.approx(expected, rel=1e-6)
    assert model.train_on_batch(X, Y) == pytest.approx(expected, rel=1e-6)


def test_predictions_are_those_without_penalties():
    plain, model = network_of(), network_of(L1L2, "l1")
    assert np.array_equal(model.predict(X, verbose=0), plain.predict(X, verbose=0))
    assert np.array_equal(model(X), plain(X))


def test_weights_of_images_and_factors_of_losses_leave_it_alone():
    weight = RANDOM.uniform(0, 2, len(X))
    plain, model = network_of(loss_weights=0.25), network_of(L1L2, loss_weights=0.25)
    penalty = model.evaluate(X, Y, verbose=0) - plain.evaluate(X, Y, verbose=0)
    with_weights = [each.evaluate(X, Y, sample_weight=weight, verbose=0) for each in (model, plain)]
    assert penalty > 0.01
    assert with_weights[0] - with_weights[1] == pytest.approx(penalty, rel=1e-5)


def test_a_layer_that_is_frozen_costs_the_same():
    model = network_of(L1L2)
    before = model.evaluate(X, Y, verbose=0)
    model.layers[0].trainable = False
    assert model.evaluate(X, Y, verbose=0) == before
    weights = model.layers[0].get_weights()
    model.fit(X, Y, verbose=0)
    assert np.array_equal(model.layers[0].get_weights()[0], weights[0])


def test_the_losses_of_outputs_are_without_penalties():
    x = Input((6, 5, 2))
    flat = layers.Flatten()(x)
    ends = [layers.Dense(3, activation="softmax", name=name, activity_regularizer="l2")(flat) for name in "ab"]
    model = compiled(Model(x, ends))
    total, a, b = model.evaluate(X, [Y, Y], batch_size=len(X), verbose=0)
    model(X)
    assert total == pytest.approx(a + b + sum(map(float, model.losses)), rel=1e-6)


def test_a_penalty_that_is_not_finite_is_a_loss_that_is_not_finite():
    """Behind the sigmoid all is finite: only the penalty of one image tells."""
    x = np.zeros((23, 2), np.float32)
    x[4] = 1
    penalized = layers.Dense(2, activity_regularizer="l2", kernel_initializer=fashioncnn.initializers.Constant(3e38),
                             name="penalized")
    model = Sequential([Input((2,)), penalized, layers.Activation("sigmoid"), layers.Dense(3, activation="softmax")])
    with pytest.raises(FloatingPointError, match=r"step 1 is inf; .* comes from layer 'penalized'"):
        compiled(model).train_on_batch(x, Y)
    assert np.all(penalized.kernel.numpy() == np.float32(3e38))


# ---- gradients ----


@pytest.mark.parametrize("unused", [0, 1])
def test_a_penalty_alone_trains_what_no_loss_depends_on(unused):
    """The penalized output has no loss; `unused`: nor has what is made of it."""
    x = Input((4,))
    inner = layers.Dense(3, use_bias=False, activity_regularizer=regularizers.L2(0.25))
    behind = layers.Dense(2)
    ends = [layers.Dense(3, activation="softmax")(x), behind(inner(x)) if unused else inner(x)]
    model = Model(x, ends)
    model.compile(fashioncnn.optimizers.SGD(0.5), ["sparse_categorical_crossentropy", None])
    data = X.reshape(len(X), -1)[:, :4]
    kernel = inner.kernel.numpy().astype(np.float64)
    others = behind.get_weights()
    for _ in range(3):
        model.train_on_batch(data, [Y, None])
        kernel -= 0.5 * data.T @ (0.5 * data @ kernel) / len(data)
    assert np.allclose(inner.kernel.numpy(), kernel, atol=1e-6)
    assert all(np.array_equal(*pair) for pair in zip(others, behind.get_weights(), strict=True))


def test_a_crossentropy_computes_from_logits_behind_a_penalty_of_probabilities():
    """Logits so far apart that the probabilities are 0 and 1: from these there would be no gradient."""
    model = Sequential([Input((1,)), layers.Dense(2, activation="softmax", use_bias=False,
                                                  activity_regularizer=regularizers.L2(1.0))])
    model.compile(fashioncnn.optimizers.SGD(1.0), "sparse_categorical_crossentropy")
    model.set_weights([np.array([[200.0, 0.0]])])
    assert model.train_on_batch([[1.0]], [1]) == pytest.approx(201.0)
    assert np.allclose(model.get_weights()[0], [[199.0, 1.0]])


@pytest.mark.parametrize("last", [layers.Softmax, lambda: layers.Activation("sigmoid")])
def test_the_core_takes_over_the_activation_behind_penalties_of_penalties(last):
    def gradients(*penalties):
        fashioncnn.utils.set_random_seed(3)
        model = Sequential([Input((6, 5, 2)), layers.Flatten(), layers.Dense(3), last(), *penalties])
        network = compiled(model).built_network
        network.compute_gradients(X, Y, None, 0, len(X))
        return read(network, "gradients")

    none = layers.ActivityRegularization
    assert np.array_equal(gradients(none(), none(), none()), gradients())


def test_batches_in_blocks_have_the_gradients_of_their_images():
    model = network_of(L1L2, "l2", optimizer=fashioncnn.optimizers.SGD(0.1))
    network, x, y = model.built_network, np.tile(X, (5, 1, 1, 1)), np.tile(Y, 5)
    network.compute_gradients(x, y, None, 0, len(x))
    whole = read(network, "gradients")
    network.compute_gradients(X, Y, None, 0, len(X))
    assert np.allclose(whole, read(network, "gradients"), atol=1e-6)


def test_results_do_not_depend_on_threads(automatic_threads):
    results = []
    for threads in (1, 2, 3, 7):
        fashioncnn.set_num_threads(threads)
        model = network_of(L1L2, "l1", optimizer="adam")
        history = model.fit(X, Y, epochs=2, batch_size=20, verbose=0).history["loss"]
        model(X)
        results.append((history, [weight.tobytes() for weight in model.get_weights()], list(map(float, model.losses))))
    assert all(result == results[0] for result in results)


# ---- losses ----


def test_losses_are_those_of_the_last_call():
    layer = layers.Conv2D(4, 3, activation="tanh", activity_regularizer=L1L2, kernel_regularizer="l2")
    assert layer.losses == []
    layer.build((None, 6, 5, 2))
    assert len(layer.losses) == 1
    for rows in (23, 7):
        penalty, of_kernel = (layer(X[:rows]), layer.losses)[1]
        assert float(penalty) == pytest.approx(cost(L1L2, layer(X[:rows])), rel=1e-6)
        assert float(of_kernel) == pytest.approx(0.01 * np.sum(layer.kernel.numpy() ** 2), rel=1e-6)
    assert penalty.dtype == np.float32
    layer.trainable = False
    assert len(layer.losses) == 1


def test_losses_of_more_images_than_are_kept_at_once():
    layer = layers.ActivityRegularization(0.5)
    x = RANDOM.standard_normal((2500, 3))
    layer(x)
    assert float(layer.losses[0]) == pytest.approx(0.5 * np.abs(x).sum() / 2500, rel=1e-6)


def test_losses_of_models_are_those_of_their_layers():
    inner = Sequential(chain(L1L2)[:3])
    shared = layers.Dense(4, activity_regularizer=regularizers.L2(0.5))
    image = Input((6, 5, 2))
    once = shared(layers.Dense(4)(inner(image)))
    model = Model(image, shared(once))
    a, b = Model(image, [once, model.output])(X)
    model(X)
    first, *twice = map(float, model.losses)
    assert twice == pytest.approx([cost(regularizers.L2(0.5), a), cost(regularizers.L2(0.5), b)], rel=1e-5)
    assert [first] == [float(loss) for loss in inner.losses]
    inner(X[:3])
    assert float(model.losses[0]) == float(inner.losses[0]) != first
    assert len(shared.losses) == 2


def test_training_and_predicting_are_no_calls():
    model = network_of(L1L2)
    model(X[:4])
    before = list(map(float, model.losses))
    model.fit(X, Y, verbose=0)
    model.predict(X, verbose=0)
    model.evaluate(X, Y, verbose=0)
    assert list(map(float, model.losses)) == before


def test_the_core_tells_what_predictions_cost():
    network = Network([{"type": "input", "name": "x", "inputs": (), "shape": (3,)},
                       {"type": "activity_regularization", "name": "a", "inputs": (0,), "l1": 2.0},
                       {"type": "activity_regularization", "name": "b", "inputs": (1,), "l2": 3.0}])
    out = np.empty((2, 3), np.float32)
    x = np.array([[1, -2, 0], [0, 0, 3]], np.float32)
    assert network.predict(x, 0, 2, out) == (6.0, 21.0)
    assert np.array_equal(out, x)
    assert network.predict(x, 1, 2, out) == (6.0, 27.0)
    assert Network([{"type": "input", "name": "x", "inputs": (), "shape": (3,)},
                    {"type": "softmax", "name": "s", "inputs": (0,)}]).predict(x, 0, 2, out) == ()


# ---- what users see ----


def test_nothing_of_it_is_seen():
    plain, model = network_of(), network_of(L1L2, "l1")
    assert [type(layer) for layer in model.layers] == [type(layer) for layer in plain.layers]
    assert [weight.name for weight in model.weights] == [weight.name for weight in plain.weights]
    assert model.layers[0].output.shape == (None, 4, 3, 4)
    assert model.layers[0].output_shape == (None, 4, 3, 4)
    assert model.count_params() == plain.count_params()
    texts = []
    for each in (plain, model):
        lines: list[str] = []
        each.summary(print_fn=lines.append)
        texts.append("\n".join(lines).split("\n", 1)[1])
    assert texts[0] == texts[1]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_have_the_penalties(copied):
    model = network_of(L1L2, "l1", optimizer="adam")
    model.fit(X, Y, verbose=0)
    again = copied(model)
    assert again.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    again(X)
    model(X)
    assert again.losses == model.losses
    assert again.fit(X, Y, verbose=0, shuffle=False).history == model.fit(X, Y, verbose=0, shuffle=False).history


def test_configs_tell_of_penalties():
    model = network_of(L1L2, "l1")
    again = fashioncnn.models.model_from_json(model.to_json())
    assert again.get_config() == model.get_config()
    assert type(again.layers[3].activity_regularizer) is regularizers.L1
    again.set_weights(model.get_weights())
    assert compiled(again).evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)


def test_a_penalty_that_is_set_later_acts_or_raises():
    layer = layers.ReLU()
    layer.activity_regularizer = regularizers.L1(0.5)
    layer(X)
    assert len(layer.losses) == 1
    with pytest.raises(AttributeError, match="activity_regularizer"):
        layer.activity_regularizer = None


# ---- refusals ----


@pytest.mark.parametrize(("penalty", "error", "part"), [
    ("orthogonal_regularizer", NotImplementedError, r"Dense: activity_regularizer=.*supported: L1, L2, L1L2 and None"),
    ("nonsense", ValueError, "'nonsense' is not supported"),
    (3, ValueError, "an instance of Regularizer"),
])
def test_other_penalties_are_refused(penalty, error, part):
    with pytest.raises(error, match=part):
        layers.Dense(3, activity_regularizer=penalty)(X)


def test_models_take_none():
    model = Sequential([layers.Dense(3)])
    model.activity_regularizer = regularizers.L2()
    with pytest.raises(ValueError, match="takes no `activity_regularizer`: give it to the layers"):
        model(X)
