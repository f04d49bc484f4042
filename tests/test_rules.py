"""Regularizers and constraints: what layers take and refuse; what becomes of losses, gradients and weights."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest
from core import read
from test_gradients import GRADIENT_TOLERANCE

import fashioncnn
from fashioncnn import Input, Sequential, constraints, layers, regularizers
from fashioncnn._core import Network

RANDOM = np.random.RandomState(5)
X, Y = RANDOM.standard_normal((24, 4)), RANDOM.randint(0, 3, 24)


def model_of(*chain: Any, optimizer: Any = "sgd", shape: tuple[int, ...] = (4,)) -> Sequential:
    model = Sequential([Input(shape), *chain])
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


def dense(units: int = 3, **options: Any) -> layers.Dense:
    return layers.Dense(units, activation="softmax" if units == 3 else None, **options)


# ---- what stands for one ----


@pytest.mark.parametrize(("name", "cls"), [
    ("l1", regularizers.L1), ("L2", regularizers.L2), ("l1l2", regularizers.L1L2), ("L1L2", regularizers.L1L2),
    ("l1_l2", regularizers.L1L2), ("orthogonal_regularizer", regularizers.OrthogonalRegularizer)])
def test_names_stand_for_regularizers(name, cls):
    assert type(regularizers.get(name)) is cls
    assert type(layers.Dense(2, kernel_regularizer=name).kernel_regularizer) is cls


@pytest.mark.parametrize(("name", "cls"), [
    ("max_norm", constraints.MaxNorm), ("MinMaxNorm", constraints.MinMaxNorm), ("non_neg", constraints.NonNeg),
    ("unit_norm", constraints.UnitNorm), ("constraint", constraints.Constraint)])
def test_names_stand_for_constraints(name, cls):
    assert type(constraints.get(name)) is cls
    assert type(layers.Conv2D(2, 2, bias_constraint=name).bias_constraint) is cls


def test_old_names_are_the_classes():
    assert regularizers.l1 is regularizers.L1
    assert regularizers.l1_l2 is regularizers.L1L2
    assert constraints.max_norm is constraints.MaxNorm
    assert fashioncnn.Regularizer is regularizers.Regularizer


@pytest.mark.parametrize("kind", [regularizers, constraints])
def test_get_takes_what_keras_takes(kind):
    known = kind.get("l2" if kind is regularizers else "max_norm")
    assert kind.get(None) is None
    assert kind.serialize(None) is None
    assert kind.get(known) is known
    assert kind.get(kind.serialize(known)).get_config() == known.get_config()
    assert type(kind.get(type(known))) is type(known)
    assert kind.get(abs) is abs
    with pytest.raises(ValueError, match="'typo' is not supported"):
        kind.get("typo")
    assert kind.serialize(abs)["config"] == "abs"
    with pytest.raises(NotImplementedError, match="a lambda has no name"):
        kind.serialize(lambda w: w)


@pytest.mark.parametrize("value", [
    regularizers.L1(0.1), regularizers.L2(0.1), regularizers.L1L2(0.1, 0.2),
    regularizers.OrthogonalRegularizer(0.1, "columns"), constraints.MaxNorm(3, axis=[0, 1]),
    constraints.MinMaxNorm(0.1, 2, 0.5, -1), constraints.UnitNorm(None), constraints.NonNeg()])
def test_configs_make_equal_objects(value):
    kind = regularizers if isinstance(value, regularizers.Regularizer) else constraints
    described = json.loads(json.dumps(kind.serialize(value)))
    assert described["module"] == f"keras.{kind.__name__.rpartition('.')[2]}"
    again = kind.deserialize(described)
    assert type(again) is type(value)
    assert again.get_config() == value.get_config()
    assert type(value).from_config(value.get_config()).get_config() == value.get_config()


def test_a_model_made_from_its_config_obeys_the_same():
    model = model_of(dense(kernel_regularizer=regularizers.L1L2(0.1, 0.2), bias_constraint=constraints.MaxNorm(2)))
    again = fashioncnn.models.model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    assert again.layers[0].get_config() == model.layers[0].get_config()
    assert again.losses == model.losses


@pytest.mark.parametrize("how", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_obey_the_same(how):
    model = model_of(dense(kernel_regularizer="l2", kernel_constraint=constraints.MaxNorm(0.1)))
    twin = how(model)
    assert twin.train_on_batch(X, Y) == model.train_on_batch(X, Y)
    assert np.array_equal(twin.get_weights()[0], model.get_weights()[0])
    assert np.linalg.norm(twin.get_weights()[0], axis=0).max() < 0.1 + 1e-6


def test_weights_have_the_rules_of_their_layer():
    layer = dense(kernel_regularizer="l2", bias_constraint="non_neg")
    layer.build((None, 4))
    assert layer.kernel.regularizer is layer.kernel_regularizer
    assert layer.kernel.constraint is None
    assert layer.bias.constraint is layer.bias_constraint


def test_rules_go_by_the_name_of_the_parameter():
    layer = layers.Dense(2)
    layer.__dict__.update(depthwise_regularizer=regularizers.L2(), gamma_constraint=constraints.NonNeg())
    assert layer.rules_of("depthwise_kernel") == (layer.depthwise_regularizer, None)
    assert layer.rules_of("gamma") == (None, layer.gamma_constraint)
    assert layer.rules_of("beta") == (None, None)


# ---- what is refused ----


@pytest.mark.parametrize(("make", "part"), [
    (lambda: regularizers.L1(-1), "`l1` must be >= 0"),
    (lambda: regularizers.L2("much"), "`l2` must be a number"),
    (lambda: regularizers.L1L2(l2=float("nan")), "`l2` must be finite"),
    (lambda: regularizers.OrthogonalRegularizer(mode="diagonals"), "`mode` must be 'rows' or 'columns'"),
    (lambda: regularizers.OrthogonalRegularizer()(np.ones((1, 3))), "at least two rows"),
    (lambda: constraints.MaxNorm("2"), "`max_value` must be a number"),
    (lambda: constraints.MaxNorm(axis=0.5), "`axis` must be an integer"),
    (lambda: constraints.MinMaxNorm(rate=1.5), "`rate` must be >= 0 and <= 1"),
    (lambda: constraints.UnitNorm(axis=2)(np.ones((2, 2))), r"UnitNorm: axis=2 does not fit weights of shape \(2, 2\)"),
    (lambda: model_of(dense(bias_constraint=constraints.MaxNorm(axis=1))), "axis=1 does not fit weights of shape"),
    (lambda: model_of(dense(bias_regularizer="orthogonal_regularizer")), "at least two rows"),
])
def test_bad_arguments_are_named(make, part):
    with pytest.raises(ValueError, match=part):
        make()


def test_the_core_refuses_rules_that_do_not_fit():
    network = Network([{"type": "input", "name": "x", "inputs": (), "shape": (2,)},
                       {"type": "dense", "name": "d", "inputs": (0,), "units": 2, "use_bias": True}])
    with pytest.raises(ValueError, match="needs 2 regularizers, one a parameter; got 1"):
        network.set_rules([None], [None, None])
    with pytest.raises(ValueError, match="`factor` is missing"):
        network.set_rules([{"type": "orthogonal"}, None], [None, None])
    with pytest.raises(TypeError, match="takes regularizers and constraints"):
        network.set_rules([None, None])
    with pytest.raises(TypeError):
        network.set_rules(None, [None, None])
    network.set_rules([None, None], [None, None])


# ---- losses ----


def test_losses_of_layers_and_models_are_their_penalties():
    inner = Sequential([dense(4, kernel_regularizer=regularizers.L2(0.5), bias_regularizer="l1")])
    model = model_of(inner, dense(kernel_regularizer="l1"))
    kernel, bias, last, _ = model.get_weights()
    expected = [0.5 * np.sum(kernel**2), 0.01 * np.sum(np.abs(bias)), 0.01 * np.sum(np.abs(last))]
    assert np.allclose(model.losses, expected, 1e-6)
    assert np.allclose(inner.losses, expected[:2], 1e-6)
    inner.trainable = False
    assert np.allclose(model.losses, expected[2:], 1e-6)
    assert dense(kernel_regularizer="l2").losses == []


def test_the_reported_loss_is_the_sum():
    model, plain = model_of(dense(kernel_regularizer=regularizers.L2(0.3))), model_of(dense())
    plain.set_weights(model.get_weights())
    total = plain.evaluate(X, Y, verbose=0) + float(model.losses[0])
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(total, rel=1e-6)
    assert model.evaluate(X, Y, batch_size=5, verbose=0) == pytest.approx(total, rel=1e-6)
    assert model.test_on_batch(X, Y) == pytest.approx(total, rel=1e-6)
    assert model.train_on_batch(X, Y) == pytest.approx(total, rel=1e-6)


def test_freezing_takes_the_penalty_out_of_the_loss_of_evaluate():
    model = model_of(dense(kernel_regularizer=regularizers.L2(0.3)))
    with_penalty = model.evaluate(X, Y, verbose=0)
    penalty = float(model.losses[0])
    model.layers[0].trainable = False
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(with_penalty - penalty, rel=1e-6)


def test_a_penalty_that_is_not_finite_is_a_loss_that_is_not_finite():
    model = model_of(dense(kernel_regularizer="l2"))
    model.layers[0].kernel.assign(np.full((4, 3), np.inf))
    with pytest.raises(FloatingPointError, match="the loss of training step 1"):
        model.train_on_batch(X, Y)


# ---- gradients ----


def numerical_gradient(function, weights, step=1e-6):
    gradient = np.empty_like(weights)
    for index in np.ndindex(weights.shape):
        up, down = weights.copy(), weights.copy()
        up[index] += step
        down[index] -= step
        gradient[index] = (function(up) - function(down)) / (2 * step)
    return gradient


@pytest.mark.parametrize("clipping", [{}, {"clipnorm": 0.1}, {"global_clipnorm": 0.1}, {"clipvalue": 0.02}])
@pytest.mark.parametrize("regularizer", [
    regularizers.L1(0.5), regularizers.L2(0.5), regularizers.L1L2(0.2, 0.3), regularizers.OrthogonalRegularizer(0.7),
    regularizers.OrthogonalRegularizer(0.7, "columns")], ids=lambda value: type(value).__name__)
def test_the_gradient_is_that_of_loss_and_penalty_before_it_is_clipped(regularizer, clipping):
    """What SGD with rate 1 takes away, against finite differences in float64."""
    model = model_of(dense(kernel_regularizer=regularizer), optimizer=fashioncnn.optimizers.SGD(1.0, **clipping))
    model.set_weights([RANDOM.uniform(-1, 1, (4, 3)), RANDOM.uniform(-1, 1, 3)])
    kernel, bias = (weight.astype(np.float64) for weight in model.get_weights())

    def total(kernel, bias):
        probabilities = softmax(X @ kernel + bias)
        return -np.log(probabilities[np.arange(len(Y)), Y]).mean() + float(regularizer(kernel))

    expected = [numerical_gradient(lambda value: total(value, bias), kernel),
                numerical_gradient(lambda value: total(kernel, value), bias)]
    model.train_on_batch(X, Y)
    actual = [before - after for before, after in zip((kernel, bias), model.get_weights(), strict=True)]
    for mine, theirs in zip(actual, clipped(expected, **clipping), strict=True):
        assert np.abs(mine - theirs).max() <= 10 * GRADIENT_TOLERANCE * max(np.abs(theirs).max(), 1e-2)


def softmax(logits):
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def clipped(gradients, clipnorm=None, global_clipnorm=None, clipvalue=None):
    if clipnorm:
        return [g * min(1.0, clipnorm / np.linalg.norm(g)) for g in gradients]
    if global_clipnorm:
        norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
        return [g * min(1.0, global_clipnorm / norm) for g in gradients]
    return [np.clip(g, -clipvalue, clipvalue) for g in gradients] if clipvalue else gradients


def test_gradients_that_are_asked_for_have_the_penalty_once():
    network = Network([{"type": "input", "name": "x", "inputs": (), "shape": (4,)},
                       {"type": "dense", "name": "d", "inputs": (0,), "units": 3, "use_bias": False}])
    network.set_objective({"type": "mean_squared_error"}, [])
    network.set_optimizer({"type": "sgd", "momentum": 0.0})
    network.learning_rate = 0.5
    weights = RANDOM.uniform(-1, 1, 12).astype(np.float32)
    network.write("weights", 0, weights)
    y = np.zeros((24, 3), np.float32)
    network.compute_gradients(X, y, None, 0, 24)
    plain = read(network, "gradients")
    network.set_rules([{"type": "l1_l2", "l1": 0.0, "l2": 0.25}], [None])
    network.compute_gradients(X, y, None, 0, 24)
    both = read(network, "gradients")
    assert np.allclose(both, plain + 0.5 * weights, atol=1e-6)
    network.apply_gradients()
    assert np.allclose(read(network), weights - 0.5 * both, atol=1e-6)


# ---- constraints ----


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop", fashioncnn.optimizers.Adam(0.1, clipnorm=1)])
def test_constraints_hold_after_every_update(optimizer):
    model = model_of(
        layers.Conv2D(5, 3, kernel_constraint=constraints.MaxNorm(0.5, [0, 1, 2]), bias_constraint="non_neg"),
        layers.Flatten(), dense(kernel_constraint=constraints.UnitNorm(), bias_constraint="unit_norm"),
        optimizer=optimizer, shape=(5, 5, 2))
    x = RANDOM.standard_normal((24, 5, 5, 2))
    for _ in range(3):
        model.train_on_batch(x, Y)
        filters, offsets, kernel, bias = model.get_weights()
        assert np.sqrt((filters**2).sum(axis=(0, 1, 2))).max() <= 0.5 + 1e-6
        assert offsets.min() >= 0
        assert np.allclose(np.linalg.norm(kernel, axis=0), 1, atol=1e-3)
        assert np.linalg.norm(bias) == pytest.approx(1, abs=1e-3)


def test_a_frozen_layer_is_not_constrained():
    frozen = dense(4, kernel_constraint=constraints.MaxNorm(0.01))
    model = model_of(frozen, dense(kernel_constraint=constraints.MaxNorm(0.01)))
    frozen.trainable = False
    before = frozen.get_weights()
    model.train_on_batch(X, Y)
    assert np.array_equal(frozen.get_weights()[0], before[0])
    assert np.linalg.norm(model.get_weights()[2], axis=0).max() < 0.01 + 1e-6


def test_without_rules_nothing_changes():
    plain = model_of(dense())
    model = model_of(dense(kernel_regularizer=regularizers.L2(0.0), bias_constraint="constraint"))
    plain.set_weights(model.get_weights())
    assert model.train_on_batch(X, Y) == plain.train_on_batch(X, Y)
    assert all(np.array_equal(mine, theirs)
               for mine, theirs in zip(model.get_weights(), plain.get_weights(), strict=True))


# ---- other layers, other models ----


def test_axes_are_those_of_the_weight_whatever_the_core_makes_of_it():
    """The kernel of a Conv1D is one of a Conv2D in the core."""
    for axis in (0, 1, 2, -1, [0, 1], [1, 2], None):
        constraint = constraints.MaxNorm(0.3, axis)
        model = model_of(layers.Conv1D(3, 2, kernel_constraint=constraint), layers.Flatten(), dense(),
                         optimizer=fashioncnn.optimizers.SGD(0.0), shape=(6, 4))
        kernel = model.get_weights()[0]
        model.train_on_batch(RANDOM.standard_normal((24, 6, 4)), Y)
        assert np.allclose(model.get_weights()[0], constraint(kernel), atol=1e-6)


EVERYWHERE = [
    (lambda **rules: layers.DepthwiseConv2D(2, **rules), {"depthwise": "kernel", "bias": "bias"}),
    (lambda **rules: layers.SeparableConv2D(3, 2, **rules),
     {"depthwise": "depthwise_kernel", "pointwise": "pointwise_kernel", "bias": "bias"}),
    (lambda **rules: layers.Conv2DTranspose(3, 2, **rules), {"kernel": "kernel", "bias": "bias"}),
    (lambda **rules: layers.LayerNormalization(**rules), {"gamma": "gamma", "beta": "beta"}),
    (lambda **rules: layers.GroupNormalization(2, **rules), {"gamma": "gamma", "beta": "beta"}),
    (lambda **rules: layers.PReLU(shared_axes=[1, 2], **rules), {"alpha": "alpha"}),
]


@pytest.mark.parametrize(("make", "weights"), EVERYWHERE)
def test_every_kind_of_weights_obeys_the_rules_that_are_called_after_it(make, weights):
    """Penalties are reported by the core as they are by Python, and norms hold after an update."""
    rules: dict[str, Any] = {f"{name}_regularizer": regularizers.L2(0.25) for name in weights}
    rules.update((f"{name}_constraint", constraints.MaxNorm(0.5, axis=None)) for name in weights)
    layer = make(**rules)
    model = model_of(layer, layers.Flatten(), dense(), shape=(4, 4, 2))
    model.set_weights([RANDOM.uniform(-1, 1, weight.shape) for weight in model.weights])
    found = {weight.name: weight for weight in layer.weights}
    assert set(found) == set(weights.values())
    config = layer.get_config()
    for name, rule in rules.items():
        assert config[name] == (regularizers if name.endswith("_regularizer") else constraints).serialize(rule)
    assert len(model.losses) == len(weights)
    x = RANDOM.standard_normal((24, 4, 4, 2))
    plain = model_of(make(), layers.Flatten(), dense(), shape=(4, 4, 2))
    plain.set_weights(model.get_weights())
    total = plain.evaluate(x, Y, verbose=0) + sum(map(float, model.losses))
    assert model.train_on_batch(x, Y) == pytest.approx(total, rel=1e-5)
    assert all(np.linalg.norm(weight.numpy()) <= 0.5 + 1e-6 for weight in layer.weights)


def test_batch_normalization_obeys_rules():
    layer = layers.BatchNormalization(gamma_regularizer=regularizers.L2(0.5), beta_constraint="non_neg",
                                      gamma_constraint=constraints.MaxNorm(0.5))
    model = model_of(layer, dense(), optimizer=fashioncnn.optimizers.SGD(0.5))
    assert layer.get_config()["beta_constraint"] == constraints.serialize(constraints.NonNeg())
    assert model.losses == [2.0]
    model.train_on_batch(X, Y)
    assert layer.beta.numpy().min() >= 0
    assert np.linalg.norm(layer.gamma.numpy()) == pytest.approx(0.5, abs=1e-5)
    assert [weight.regularizer for weight in layer.weights] == [layer.gamma_regularizer, None, None, None]


def test_a_shared_layer_is_penalized_once():
    x = Input((4,))
    shared = layers.Dense(4, kernel_regularizer=regularizers.L2(0.5), kernel_constraint=constraints.MaxNorm(0.1))
    model = fashioncnn.Model(x, dense()(shared(shared(x))))
    model.compile(fashioncnn.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    assert [float(loss) for loss in model.losses] == pytest.approx([0.5 * np.sum(shared.kernel.numpy() ** 2)])
    with_penalty = model.evaluate(X, Y, verbose=0)
    penalty = float(model.losses[0])
    model.train_on_batch(X, Y)
    assert np.linalg.norm(shared.kernel.numpy(), axis=0).max() < 0.1 + 1e-6
    shared.trainable = False
    assert model.evaluate(X, Y, verbose=0) != with_penalty
    assert penalty > 0


@pytest.mark.parametrize("clipping", [{}, {"clipnorm": 1e6}, {"global_clipnorm": 1e6}])
def test_a_penalty_alone_trains_what_no_loss_depends_on(clipping):
    x = Input((4,))
    seen, unseen = dense(name="seen"), dense(name="unseen", kernel_regularizer=regularizers.L2(0.25),
                                             kernel_constraint=constraints.MaxNorm(0.7))
    model = fashioncnn.Model(x, [seen(x), unseen(x)])
    model.compile(fashioncnn.optimizers.SGD(0.5, **clipping), ["sparse_categorical_crossentropy", None])
    kernel, bias = (weight.numpy() for weight in unseen.weights)
    for _ in range(3):
        model.train_on_batch(X, [Y, Y])
        kernel = constraints.MaxNorm(0.7)(kernel - 0.5 * 0.5 * kernel)
    assert np.allclose(unseen.kernel.numpy(), kernel, atol=1e-6)
    assert np.array_equal(unseen.bias.numpy(), bias)


def test_the_losses_of_outputs_are_without_penalties():
    x = Input((4,))
    layer = dense(name="left", kernel_regularizer="l2")
    model = fashioncnn.Model(x, [layer(x), dense(name="right")(x)])
    model.compile("sgd", "sparse_categorical_crossentropy")
    total, left, right = model.evaluate(X, [Y, Y], batch_size=24, verbose=0)
    assert total == pytest.approx(left + right + float(model.losses[0]), rel=1e-5)
