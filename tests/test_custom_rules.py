"""Regularizers and constraints that users write do what those of the package do."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from by_threads import by_threads

import fashioncnn as keras
from fashioncnn import constraints, layers, losses, ops, optimizers, regularizers, saving

X = np.random.default_rng(0).random((40, 8, 8, 1), dtype=np.float32)
Y = np.arange(40) % 3


def squares(w):
    return 0.05 * ops.sum(ops.square(w))


def not_negative(w):
    return w * ops.cast(ops.greater_equal(w, 0.0), w.dtype)


def of_norm_one(w):
    return w / ops.sqrt(ops.sum(ops.square(w), axis=(0, 1, 2), keepdims=True))


@saving.register_keras_serializable("tests")
class Squares(regularizers.Regularizer):
    def __init__(self, factor=0.05):
        self.factor = factor

    def __call__(self, x):
        return self.factor * ops.sum(x * x)

    def get_config(self):
        return {"factor": self.factor}


@saving.register_keras_serializable("tests")
class NotNegative(constraints.Constraint):
    def __call__(self, w):
        return ops.maximum(w, 0.0)


PAIRS = {
    "a function": ({"kernel_regularizer": squares}, {"kernel_regularizer": regularizers.L2(0.05)}),
    "a class": ({"kernel_regularizer": Squares()}, {"kernel_regularizer": regularizers.L2(0.05)}),
    "a bias": ({"bias_regularizer": lambda b: 0.1 * ops.sum(ops.abs(b)), "bias_initializer": "ones"},
               {"bias_regularizer": regularizers.L1(0.1), "bias_initializer": "ones"}),
    "outputs": ({"activity_regularizer": squares}, {"activity_regularizer": regularizers.L2(0.05)}),
    "a constraint": ({"kernel_constraint": not_negative}, {"kernel_constraint": constraints.NonNeg()}),
    "a class of constraints": ({"kernel_constraint": NotNegative()}, {"kernel_constraint": constraints.NonNeg()}),
    "norms": ({"kernel_constraint": of_norm_one}, {"kernel_constraint": constraints.UnitNorm(axis=(0, 1, 2))}),
    "all": ({"kernel_regularizer": squares, "activity_regularizer": squares, "kernel_constraint": not_negative},
            {"kernel_regularizer": regularizers.L2(0.05), "activity_regularizer": regularizers.L2(0.05),
             "kernel_constraint": constraints.NonNeg()}),
}


def network(optimizer=None, trainable=True, **rules):
    keras.utils.set_random_seed(3)
    model = keras.Sequential([
        layers.Input((8, 8, 1)),
        layers.Conv2D(4, 3, activation="relu", trainable=trainable, name="ruled", **rules),
        layers.Flatten(),
        layers.Dense(3),
    ])
    model.compile(optimizer or optimizers.Adam(0.01, global_clipnorm=1.0),
                  losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


def course(model):
    keras.utils.set_random_seed(4)
    history = model.fit(X, Y, batch_size=16, epochs=3, validation_data=(X[:20], Y[:20]), verbose=0).history
    return [*history["loss"], *history["val_loss"]]


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("make", [optimizers.Adam, lambda: optimizers.SGD(0.1, momentum=0.9, clipnorm=0.5),
                                  lambda: optimizers.AdamW(0.01, use_ema=True)], ids=["Adam", "clipped", "averaged"])
def test_training_is_that_with_the_rules_of_the_package(pair, make):
    written, known = network(make(), **pair[0]), network(make(), **pair[1])
    np.testing.assert_allclose(course(written), course(known), rtol=1e-5)
    for ours, theirs in zip(written.get_weights(), known.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    np.testing.assert_allclose(written.losses, known.losses, rtol=1e-5)


def test_the_penalty_counts():
    assert course(network(kernel_regularizer=squares))[0] > course(network())[0] + 0.01


@pytest.mark.parametrize("rule", [{"kernel_regularizer": squares}, {"kernel_constraint": lambda w: 0.0 * w}])
def test_what_is_not_trained_obeys_nothing(rule):
    frozen = network(trainable=False, **rule)
    before = frozen.layers[0].get_weights()[0]
    assert course(frozen) == course(network(trainable=False))
    np.testing.assert_array_equal(frozen.layers[0].get_weights()[0], before)
    frozen.layers[0].trainable = True
    frozen.compile("sgd", frozen.loss)
    frozen.fit(X, Y, verbose=0)
    assert not np.array_equal(frozen.layers[0].get_weights()[0], before)


def test_train_on_batch_and_test_on_batch_count_it_too():
    written, plain = network(kernel_regularizer=squares), network()
    assert written.test_on_batch(X, Y)[0] == pytest.approx(plain.test_on_batch(X, Y)[0] + float(written.losses[0]))
    assert written.train_on_batch(X, Y)[0] > plain.train_on_batch(X, Y)[0]


def test_the_bits_are_those_of_any_number_of_threads():
    def train():
        model = network(**PAIRS["all"][0])
        return course(model), [weight.tobytes() for weight in model.get_weights()]

    found = by_threads(train, (1, 2, 3))
    assert found[0] == found[1] == found[2]


def test_weights_of_layers_of_ones_own_have_them():
    class Scale(layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight((input_shape[-1],), "ones", regularizer=squares, constraint=not_negative)

        def call(self, inputs):
            return inputs * self.scale

    model = keras.Sequential([layers.Input((4,)), Scale()])
    model.compile(optimizers.SGD(0.5), "mean_squared_error")
    x = np.eye(4, dtype=np.float32)
    # The mean of (w - target)^2 / 4 over the images, whose other numbers are 0, and 0.05 of the squares of four ones.
    assert model.evaluate(x, 3 * x, verbose=0) == pytest.approx(1.0 + 0.2)
    model.fit(x, -3 * x, epochs=20, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], 0.0)


def test_files_name_classes_and_functions(tmp_path):
    model = network(kernel_regularizer=Squares(0.5), kernel_constraint=NotNegative(), bias_regularizer=squares)
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "own.keras")
    with pytest.raises(ValueError, match=r"'squares' is not known as a regularizer.*custom_objects"):
        saving.load_model(tmp_path / "own.keras")
    again = saving.load_model(tmp_path / "own.keras", custom_objects={"squares": squares})
    assert again.layers[0].kernel_regularizer.factor == 0.5
    assert again.layers[0].bias_regularizer is squares
    assert again.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    assert course(again) == course(model)


def test_a_lambda_has_no_name_for_a_file(tmp_path):
    model = network(kernel_regularizer=lambda w: ops.sum(w * w))
    with pytest.raises(NotImplementedError, match="a lambda has no name"):
        model.save(tmp_path / "own.keras")
    assert list(tmp_path.iterdir()) == []
    model.save_weights(tmp_path / "own.weights.h5")


def test_copies_obey_too():
    model = network(kernel_regularizer=squares, kernel_constraint=not_negative)
    with saving.custom_object_scope({"squares": squares, "not_negative": not_negative}):
        copies = [copy.deepcopy(model), pickle.loads(pickle.dumps(model)), keras.models.clone_model(model)]
    copies[2].set_weights(model.get_weights())
    copies[2].compile(optimizers.Adam(0.01, global_clipnorm=1.0), model.loss, metrics=["accuracy"])
    expected = model.evaluate(X, Y, verbose=0)
    assert [each.evaluate(X, Y, verbose=0) for each in copies] == [expected] * 3
    assert all(each.layers[0].kernel_constraint is not_negative for each in copies)


@pytest.mark.parametrize(("rule", "message"), [
    ({"kernel_regularizer": lambda w: w}, r"the regularizer '<lambda>' must return one number, got a tensor of shape "
                                          r"\(3, 3, 1, 4\): ops.sum\(\) makes one"),
    ({"kernel_constraint": lambda w: w[0]}, r"must return finite numbers of its shape \(3, 3, 1, 4\)"),
    ({"kernel_constraint": lambda w: w / 0.0}, "must return finite numbers"),
    ({"activity_regularizer": lambda y: y}, r"must return a sum over all numbers, ops.sum"),
    ({"activity_regularizer": ops.mean}, r"must return a sum over all numbers, ops.sum"),
], ids=["no number", "another shape", "not finite", "not a sum", "a mean"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_they_must_return(rule, message):
    with pytest.raises(keras.utils.checks.ArgumentError, match=message):
        course(network(**rule))


def test_what_cannot_be_traced_says_so():
    with pytest.raises(NotImplementedError, match="ops"):
        network(kernel_regularizer=lambda w: float(np.sum(w)))
    with pytest.raises(NotImplementedError, match=r"ops\.where"):
        network(kernel_regularizer=lambda w: ops.sum(w) if ops.sum(w) > 0 else 0.0)
