"""Losses that users write; beside Keras's: tests/golden/custom_cases.py. Layers and models: test_custom.py."""

import operator

import numpy as np
import pytest
from by_threads import by_threads

import fashioncnn
from fashioncnn import Input, Model, Sequential, layers, losses, ops, utils
from fashioncnn.testing import assert_same_bits, check_gradients

X = np.random.default_rng(3).standard_normal((24, 6)).astype(np.float32)
Y = np.random.default_rng(4).standard_normal((24, 2)).astype(np.float32)


def compiled(model, loss="mse"):
    model.compile("adam", loss)
    return model


def test_a_loss_may_need_another_shape_than_the_output():
    def pinball(y_true, y_pred):
        error = y_true - y_pred
        return ops.mean(ops.maximum(0.1 * error, -0.9 * error), axis=-1)

    def labels(y_true, y_pred):
        return -ops.sum(ops.one_hot(y_true, 2) * ops.log_softmax(y_pred), axis=-1)

    model = Sequential([Input((6,)), layers.Dense(2)])
    compiled(model, pinball).fit(X, Y, verbose=0)
    model.compile("adam", labels, metrics=["accuracy"])
    classes = (Y[:, 0] > 0).astype(int)
    history = model.fit(X, classes, epochs=30, verbose=0, validation_data=(X, classes)).history
    assert sorted(history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert history["loss"][-1] < history["loss"][0]
    model.compile("adam", losses.SparseCategoricalCrossentropy(from_logits=True))
    expected = model.evaluate(X, classes, verbose=0)
    model.compile("adam", labels)
    assert model.evaluate(X, classes, verbose=0) == pytest.approx(expected, rel=1e-6)
    check_gradients(model, X, classes)


@pytest.mark.parametrize(("loss", "options"), [
    (losses.mean_squared_error, {}), (losses.mean_absolute_error, {}), (losses.huber, {"delta": 0.3}),
    (losses.mean_absolute_percentage_error, {}), (losses.mean_squared_logarithmic_error, {}), (losses.log_cosh, {}),
    (losses.poisson, {}), (losses.kl_divergence, {}), (losses.cosine_similarity, {}),
    (losses.binary_crossentropy, {"label_smoothing": 0.1}), (losses.binary_crossentropy, {"from_logits": True}),
    (losses.categorical_crossentropy, {"label_smoothing": 0.1}),
    (losses.categorical_crossentropy, {"from_logits": True}),
    (losses.sparse_categorical_crossentropy, {"ignore_class": 1}),
    (losses.sparse_categorical_crossentropy, {"from_logits": True}),
    (losses.dice, {"axis": (1,)}), (losses.tversky, {"axis": (1,), "alpha": 0.3})])
def test_losses_of_ours_may_be_parts_of_ones_own(loss, options):
    generator = np.random.default_rng(6)
    y = generator.integers(0, 3, 24) if "sparse" in loss.__name__ else generator.uniform(0.1, 0.9, (24, 3))
    last = "sigmoid" if "binary" in loss.__name__ else "softmax"  # whose logits are taken, whichever it is, as in Keras
    model = Sequential([Input((6,)), layers.Dense(3, None if options.get("from_logits") else last)])
    compiled(model, lambda y_true, y_pred: 0.5 * loss(y_true, y_pred, **options) + 1.0)
    expected = 0.5 * float(np.mean(loss(y, model.predict(X, verbose=0), **options))) + 1.0
    assert model.evaluate(X, y, batch_size=24, verbose=0) == pytest.approx(expected, rel=1e-5)
    check_gradients(model, X, y)


def test_losses_of_several_outputs():
    x = Input((6,))
    a, b = layers.Dense(2, name="a")(x), layers.Dense(2, name="b")(x)

    def model():
        utils.set_random_seed(5)
        return fashioncnn.models.clone_model(Model(x, [a, b]))

    def mse(y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1)

    histories = []
    for first in ("mse", mse):
        one = model()
        one.compile("sgd", [first, "mae"], loss_weights=[0.3, 2.0], metrics=[["mae"], ["mse"]])
        histories.append(one.fit(X, [Y, Y], epochs=2, verbose=0, shuffle=False).history)
    assert histories[0].keys() == histories[1].keys()
    for key, values in histories[0].items():
        np.testing.assert_allclose(histories[1][key], values, rtol=1e-5)


def test_a_loss_of_ones_own_works_on_arrays():
    class Mine(losses.Loss):
        def call(self, y_true, y_pred):
            return ops.mean(ops.square(y_true - y_pred), axis=-1)

    np.testing.assert_allclose(Mine()(Y, X[:, :2]), losses.MeanSquaredError()(Y, X[:, :2]), rtol=1e-6)
    assert Mine(reduction="sum")(Y, Y) == 0


@pytest.mark.parametrize(("loss", "error", "message"), [
    (lambda y, p: 1.0, TypeError, "must return a tensor"),
    (lambda y, p: ops.matmul(p, ops.transpose(p)), NotImplementedError, "axis of the batch stays"),
    (lambda y, p: ops.max(ops.reshape(p, (-1,))), NotImplementedError, "axis of the batch, 0, is not"),
    (lambda y, p: ops.reshape(p, (-1,)) * p, ValueError, "all images in one axis, cannot be broadcast"),
    (lambda y, p: ops.reshape(p, (-1,))[:2], NotImplementedError, "axis of the batch, 0, is not"),
    (lambda y, p: y if p > 0 else p, NotImplementedError, "ops.where"),
    (lambda y, p: y if ops.sum(y) == 0 else p, NotImplementedError, "ops.where"),
    (lambda y, p: (y * p).sum(), AttributeError, r"'sum': write ops.sum\(x, ...\)"),
    (lambda y, p: p.view(-1), AttributeError, "'view': write ops.reshape"),
    (lambda y, p: p.xyzzy, AttributeError, "no attribute 'xyzzy'$"),
    (lambda y, p: y.numpy(), AttributeError, r"numpy\(\) of a symbolic tensor"),
    (lambda y, p: p.__setitem__((slice(None), 0), 1), TypeError, "cannot be set: make a new one, by ops.where"),
])
def test_what_a_loss_cannot_do_is_said(loss, error, message):
    model = compiled(Sequential([Input((6,)), layers.Dense(2)]), loss)
    with pytest.raises(error, match=message):
        model.fit(X, Y, verbose=0)
    assert compiled(model).fit(X, Y, verbose=0).history["loss"]


def test_a_tensor_is_not_none_and_may_be_a_key():
    def loss(y, p):
        assert not operator.eq(p, None)
        return {p: p}[p] - y

    assert np.isfinite(compiled(Sequential([Input((6,)), layers.Dense(2)]), loss).evaluate(X, Y, verbose=0))


def test_weights_do_not_go_with_a_loss_of_the_whole_batch():
    model = compiled(Sequential([Input((6,)), layers.Dense(2)]), lambda y, p: ops.mean(ops.square(y - p)))
    with pytest.raises(NotImplementedError, match="sample weights do not go"):
        model.fit(X, Y, sample_weight=np.ones(24), verbose=0)


def test_same_bits_for_any_number_of_threads_where_a_loss_looks_at_the_batch():
    def spread(y, p):
        away = p - ops.mean(p, axis=0)
        rows = ops.cast(ops.shape(y)[0], "float32")
        return ops.sqrt(ops.mean(ops.square(away))) + ops.mean(ops.square(y - p)) ** 2 / rows

    def train():
        utils.set_random_seed(5)
        model = compiled(Sequential([Input((6,)), layers.Dense(5, "tanh"), layers.Dense(2)]), spread)
        history = model.fit(X, Y, batch_size=10, epochs=2, verbose=0).history["loss"]
        return [*model.get_weights(), np.array([*history, model.evaluate(X, Y, batch_size=10, verbose=0)])]

    alone, *others = by_threads(train)
    for other in others:
        assert_same_bits(alone, other)


def test_a_loss_looks_at_each_batch_of_an_evaluation():
    model = compiled(Sequential([Input((6,)), layers.Dense(2)]), lambda y, p: ops.sqrt(ops.mean(ops.square(y - p))))
    errors = ((model.predict(X, verbose=0) - Y) ** 2).mean(axis=1)
    expected = sum(np.sqrt(errors[i : i + 10].mean()) * len(errors[i : i + 10]) for i in (0, 10, 20)) / 24
    assert model.evaluate(X, Y, batch_size=10, verbose=0) == pytest.approx(expected, rel=1e-5)


def test_gradients_of_a_loss_of_the_whole_batch():
    def loss(y, p):
        flat = ops.reshape(p, (-1,))
        return ops.sum(flat * ops.reshape(y, (-1,))) / ops.sqrt(ops.sum(ops.square(flat)) + 1.0) + ops.var(p, axis=0)[1]

    check_gradients(compiled(Sequential([Input((6,)), layers.Dense(4, "tanh"), layers.Dense(2)]), loss), X, Y)


def test_a_variable_of_nobodys_is_taken_for_constants():
    weights = fashioncnn.Variable([1.0, 3.0])
    model = compiled(Sequential([Input((6,)), layers.Dense(2)]), lambda y, p: ops.square(y - p) * weights)
    expected = (np.square(model.predict(X, verbose=0) - Y) * [1.0, 3.0]).mean()
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(expected, rel=1e-5)
    with pytest.raises(NotImplementedError, match="make another variable"):
        weights.assign([1.0, 1.0])


@pytest.mark.parametrize("loss", [
    lambda y, p: fashioncnn.nn.softmax_cross_entropy_with_logits(y, p),
    lambda y, p: fashioncnn.nn.sigmoid_cross_entropy_with_logits(y, p),
    lambda y, p: fashioncnn.nn.sparse_softmax_cross_entropy_with_logits(fashioncnn.argmax(y, axis=1), p),
    lambda y, p: fashioncnn.gather(fashioncnn.constant([1.0, 2.0]), fashioncnn.argmax(y, axis=1)) * p[:, 0],
    lambda y, p: fashioncnn.math.l2_normalize(p, axis=1, epsilon=1e-4)[:, 1],
    lambda y, p: fashioncnn.math.reduce_logsumexp(p, axis=1),
    lambda y, p: fashioncnn.backend.sum(fashioncnn.backend.cumsum(p, axis=1), axis=1),
    lambda y, p: fashioncnn.backend.l2_normalize(p, axis=1)[:, 0],
    lambda y, p: ops.where(y == 1, p, 1 - p),
    lambda y, p: ops.where(operator.eq(1.0, y), p, 1 - p),
    lambda y, p: ops.where(y == ops.round(p), p, 1 - p),
])
def test_functions_of_tensorflow_and_the_backend_and_equal_signs_work_in_losses(loss):
    model = compiled(Sequential([Input((6,)), layers.Dense(2)]), loss)
    hot = np.eye(2, dtype=np.float32)[np.arange(24) % 2]
    expected = np.mean(loss(hot, np.asarray(model.predict(X, verbose=0))))
    assert model.evaluate(X, hot, verbose=0) == pytest.approx(float(expected), rel=1e-5)


def test_shapes_that_tensorflow_tells_are_those_of_a_batch():
    def loss(y, p):
        return fashioncnn.reduce_sum(fashioncnn.reshape(y - p, [fashioncnn.shape(p)[0], -1]), axis=1)

    model = compiled(Sequential([Input((6,)), layers.Dense(2)]), loss)
    expected = np.mean(np.sum(Y - model.predict(X, verbose=0), axis=1))
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(float(expected), rel=1e-4)
