"""Losses in NumPy: their values, reductions, configs and refusals. The core's are compared with Keras elsewhere."""

from __future__ import annotations

import inspect
import json
import math

import numpy as np
import pytest
from golden import face_cases as cases
from golden.face import GOLDEN

from fashioncnn import Input, Sequential, layers, losses
from fashioncnn.testing import check_gradients
from fashioncnn.utils.tensor import Tensor

NAMES = cases.SERIALIZED["losses"]


@pytest.mark.parametrize("case", range(len(cases.LOSSES)), ids=lambda case: "-".join(map(str, cases.LOSSES[case])))
def test_loss_equals_keras(case):
    name, arguments, kind, weighted = cases.LOSSES[case]
    y_true, y_pred, weights = cases.batch(kind)
    value = getattr(losses, name)(**arguments)(y_true, y_pred, weights if weighted else None)
    np.testing.assert_allclose(value, GOLDEN["losses"][case], rtol=2e-6, atol=1e-7)
    assert (type(value), value.dtype) == (Tensor, np.float32)


@pytest.mark.parametrize(("function", "arguments", "value"), [
    ("sparse_categorical_crossentropy", ([1], [[0.25, 0.5, 0.25]]), [math.log(2)]),
    ("sparse_categorical_crossentropy", ([0], [[0.0, 0.0]], True), [math.log(2)]),
    ("categorical_crossentropy", ([[0.5, 0.5]], [[0.25, 0.75]]), [-0.5 * math.log(0.25 * 0.75)]),
    ("categorical_crossentropy", ([[1.0, 0.0]], [[0.25, 0.75]], False, 1.0), [-0.5 * math.log(0.25 * 0.75)]),
    ("binary_crossentropy", ([[1.0, 0.0]], [[0.25, 0.75]]), [-math.log(0.25)]),
    ("binary_crossentropy", ([[1.0]], [[1000.0]], True), [0.0]),
    ("binary_crossentropy", ([[0.0]], [[1000.0]], True), [1000.0]),
    ("mean_squared_error", ([[1.0, 2.0]], [[3.0, 2.0]]), [2.0]),
    ("mean_absolute_error", ([[1.0, 2.0]], [[3.0, 2.0]]), [1.0]),
    ("huber", ([[1.0, 2.0]], [[3.0, 2.5]], 1.0), [(1.5 + 0.125) / 2]),
    ("sparse_categorical_crossentropy", ([1, 7], [[0.5, 0.5], [0.5, 0.5]], False, 7), [math.log(2), 0.0]),
    ("mean_absolute_percentage_error", ([[1.0, -2.0]], [[3.0, -2.0]]), [100.0]),
    ("mean_squared_logarithmic_error", ([[1.0, 3.0]], [[3.0, 3.0]]), [0.5 * math.log(2) ** 2]),
    ("log_cosh", ([[1.0, 2.0]], [[3.0, 2.0]]), [0.5 * math.log(math.cosh(2.0))]),
    ("poisson", ([[1.0, 0.0]], [[2.0 - 1e-7, 4.0 + 1e-7]]), [0.5 * (6.0 - math.log(2))]),
    ("kl_divergence", ([[0.25, 0.75]], [[0.5, 0.5]]), [0.25 * math.log(0.5) + 0.75 * math.log(1.5)]),
    ("cosine_similarity", ([[3.0, 4.0]], [[0.0, 2.0]]), [-0.8]),
    ("cosine_similarity", ([[3.0], [4.0]], [[0.0], [2.0]], 0), [-0.8]),
    ("hinge", ([[0.0, 1.0]], [[0.5, 0.5]]), [1.0]),
    ("hinge", ([[-1.0, 1.0]], [[0.5, 2.0]]), [0.75]),
    ("squared_hinge", ([[-1.0, 1.0]], [[0.5, 2.0]]), [1.125]),
    ("categorical_hinge", ([[0.0, 1.0, 0.0]], [[0.25, 0.5, -3.0]]), [0.75]),
    ("binary_focal_crossentropy", ([[1.0, 0.0]], [[0.25, 0.0]]), [-0.5 * 0.5625 * math.log(0.25)]),
    ("binary_focal_crossentropy", ([[1.0, 0.0]], [[0.5, 0.5]], True, 0.25, 0.0), [0.5 * math.log(2)]),
    ("binary_focal_crossentropy", ([[1.0]], [[0.0]], False, 0.25, 1.0, True), [0.5 * math.log(2)]),
    ("categorical_focal_crossentropy", ([[0.0, 1.0]], [[1.5, 0.5]], 1.0), [-0.5625 * math.log(0.25)]),
    ("categorical_focal_crossentropy", ([[0.0, 1.0]], [[0.0, 0.0]], 1.0, 1.0, True), [0.5 * math.log(2)]),
    ("categorical_generalized_cross_entropy", ([1], [[0.75, 0.25]], 0.5), [1.0]),
    ("dice", ([[1.0, 0.0, 1.0]], [[1.0, 1.0, 0.0]], -1), [1 - 2 / (4 + 1e-7)]),
    ("dice", ([[1.0], [1.0]], [[1.0], [0.0]]), 1 - 2 / (3 + 1e-7)),
    ("tversky", ([[1.0, 0.0, 0.0]], [[0.5, 0.5, 0.5]], 0.0, 0.5, 1), [1 - 0.5 / (1 + 1e-7)]),
])
def test_function_equals_value_computed_by_hand(function, arguments, value):
    y_true, y_pred, *options = arguments
    double = getattr(losses, function)(np.array(y_true), np.array(y_pred), *options)
    np.testing.assert_allclose(double, value, rtol=1e-12, atol=1e-12)
    single = getattr(losses, function)(y_true, y_pred, *options)
    np.testing.assert_allclose(single, value, rtol=1e-6, atol=1e-6)
    assert (type(single), single.dtype) == (Tensor, np.float32)


def test_huge_logits_neither_overflow_nor_lose_the_loss():
    logits = np.array([[1e4, 0.0, -1e4]], np.float32)
    with np.errstate(over="raise"):
        assert losses.SparseCategoricalCrossentropy(from_logits=True)([2], logits) == 2e4


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
@pytest.mark.parametrize("cls", [losses.SparseCategoricalCrossentropy, losses.CategoricalCrossentropy,
                                 losses.BinaryCrossentropy])
def test_what_goes_into_a_last_softmax_or_sigmoid_is_taken_as_logits(cls, activation, from_logits):
    x, labels = np.eye(3), np.array([0, 2, 1])
    y = labels if cls.takes_labels else np.eye(3)[labels]
    kernel = [[3.0, -1.0, 0.5], [-2.0, 1.0, 0.0], [0.0, 4.0, -1.0]]
    models = [Sequential([Input((3,)), layers.Dense(3, kind, use_bias=False)]) for kind in (activation, "linear")]
    for model, option in zip(models, (from_logits, True), strict=True):
        model.set_weights([kernel])
        model.compile("sgd", cls(from_logits=option))
        assert model.evaluate(x, y, verbose=0) == pytest.approx(cls(from_logits=True)(y, kernel), rel=1e-6)
        model.train_on_batch(x, y)
    assert np.array_equal(models[0].get_weights()[0], models[1].get_weights()[0])


def test_divisor_is_the_number_of_images_and_not_the_sum_of_weights():
    mse = losses.MeanSquaredError()
    assert mse([[0.0], [0.0]], [[1.0], [3.0]], sample_weight=[0.5, 0.0]) == 0.25
    by_weight = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    assert by_weight([[0.0], [0.0]], [[1.0], [3.0]], sample_weight=[0.5, 0.0]) == 1.0


@pytest.mark.parametrize("identifier", ["mse", "MSE", "mean_squared_error", "MeanSquaredError",
                                        losses.mean_squared_error, losses.MeanSquaredError, losses.MeanSquaredError(),
                                        {"class_name": "MeanSquaredError", "config": {}}])
def test_compile_understands(identifier):
    assert type(losses.resolve(identifier)) is losses.MeanSquaredError


def test_get_gives_what_keras_gives():
    assert losses.get("mse") is losses.mean_squared_error
    assert losses.get(losses.huber) is losses.huber
    assert type(losses.get("MeanSquaredError")) is losses.MeanSquaredError
    assert losses.get(None) is losses.resolve(None) is None


@pytest.mark.parametrize("axis", [None, 0, (0, 1), ()])
@pytest.mark.parametrize("cls", [losses.Dice, losses.Tversky])
def test_a_sum_over_the_batch_is_trained_with(cls, axis):
    x, y = np.random.default_rng(1).random((2, 12, 2, 2, 1)).astype(np.float32)
    model = Sequential([Input((2, 2, 1)), layers.Conv2D(1, 2, padding="same", activation="sigmoid")])
    model.compile("sgd", cls(axis=axis))
    expected = np.mean([np.mean(cls(axis=axis)(y[i : i + 4], model.predict(x[i : i + 4], verbose=0)))
                        for i in (0, 4, 8)])
    assert model.evaluate(x, y, batch_size=4, verbose=0) == pytest.approx(expected, rel=1e-5)
    check_gradients(model, x, y)


@pytest.mark.parametrize(("loss", "message"), [
    (losses.Dice(axis=-4), "the batch"), (losses.Dice(axis=4), "4 axes"),
    (losses.CosineSimilarity(axis=1), "last axis"), (losses.BinaryCrossentropy(axis=1), "last axis"),
    (losses.SparseCategoricalCrossentropy(axis=-2), "last axis")])
def test_an_axis_that_does_not_fit_the_output_is_refused(loss, message):
    model = Sequential([Input((2, 2, 3)), layers.Activation("sigmoid")])
    with pytest.raises(ValueError, match=message):
        model.compile("sgd", loss)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight", "none"])
def test_ignored_rows_count_neither_in_sums_nor_in_means(reduction):
    y_true, y_pred = np.array([[0, 9], [9, 1]]), np.full((2, 2, 2), 0.5)
    loss = losses.SparseCategoricalCrossentropy(ignore_class=9, reduction=reduction)
    expected = {"sum": 2.0, "none": [[1.0, 0.0], [0.0, 1.0]]}.get(reduction, 1.0)
    np.testing.assert_allclose(loss(y_true, y_pred) / math.log(2), expected, rtol=1e-6)
    weighted = {"sum": 4.0, "sum_over_batch_size": 2.0, "none": [[3.0, 0.0], [0.0, 1.0]]}.get(reduction, 1.0)
    np.testing.assert_allclose(loss(y_true, y_pred, [3.0, 1.0]) / math.log(2), weighted, rtol=1e-6)


def test_only_the_class_that_is_ignored_may_be_none():
    model = Sequential([Input((2,)), layers.Dense(3, "softmax")])
    model.compile("sgd", losses.SparseCategoricalCrossentropy(ignore_class=-1), metrics=["accuracy"])
    assert model.evaluate(np.ones((4, 2)), np.array([-1, -1, -1, -1]), verbose=0) == [0.0, 0.0]
    assert np.isfinite(model.train_on_batch(np.ones((4, 2)), np.array([-1, 0, -1, 2]))).all()
    with pytest.raises(ValueError, match="label -2 in row 2"):
        model.train_on_batch(np.ones((4, 2)), np.array([0, -1, -2, 2]))


@pytest.mark.parametrize(("alias", "cls"), [("bce", losses.BinaryCrossentropy), ("mae", losses.MeanAbsoluteError),
                                            ("huber", losses.Huber), ("KLD", losses.KLDivergence),
                                            ("mape", losses.MeanAbsolutePercentageError),
                                            ("MSLE", losses.MeanSquaredLogarithmicError),
                                            ("logcosh", losses.LogCosh), ("log_cosh", losses.LogCosh),
                                            ("kullback_leibler_divergence", losses.KLDivergence),
                                            ("sparse_categorical_crossentropy", losses.SparseCategoricalCrossentropy)])
def test_aliases(alias, cls):
    assert type(losses.resolve(alias)) is cls


@pytest.mark.parametrize("identifier", ["sparse_crossentropy", 3, {"class_name": "open"}])
def test_get_refuses(identifier):
    with pytest.raises(ValueError, match="loss"):
        losses.get(identifier)


@pytest.mark.parametrize(("name", "instead"), [("CTC", "crossentropies"), ("ctc", "crossentropies"),
                                               ("Circle", "CosineSimilarity"), ("circle", "CosineSimilarity")])
def test_a_loss_that_is_absent_says_what_to_do(name, instead):
    with pytest.raises(NotImplementedError, match=f"'{name}' of Keras is not in fashioncnn.*{instead}"):
        getattr(losses, name)([1], [[0.5, 0.5]])
    with pytest.raises(ValueError, match=f"'{name}' is not supported by fashioncnn: it .*{instead}"):
        losses.get(name)


@pytest.mark.parametrize(("loss", "then"), [
    (losses.CategoricalCrossentropy(from_logits=True), "as with from_logits=False"),
    (losses.CategoricalFocalCrossentropy(from_logits=True), "takes them as logits"),
    (losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0), "takes them as logits")])
def test_probabilities_where_logits_are_expected_are_warned_of(loss, then):
    model = Sequential([Input((2,)), layers.Dense(3, "softmax", use_bias=False)])
    model.set_weights([[[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]]])
    y = np.array([1, 2]) if loss.takes_labels else np.eye(3)[[1, 2]]
    taken = [[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]] if "as with" in then else model.predict(np.eye(2), verbose=0)
    model.compile("sgd", loss)
    with pytest.warns(UserWarning, match=then):
        history = model.fit(np.eye(2), y, verbose=0).history
    assert history["loss"] == pytest.approx([float(loss(y, taken))], rel=1e-6)


def test_sums_over_images_of_several_sizes():
    model = Sequential([Input((None, None, 2)), layers.Activation("sigmoid")])
    model.compile("sgd", losses.Dice(axis=(1, 2)))
    for size in (2, 3):
        x, y = np.full((2, size, size, 2), 1.0), np.ones((2, size, size, 2))
        expected = float(losses.Dice(axis=(1, 2))(y, 1 / (1 + np.exp(-x))))
        assert model.evaluate(x, y, verbose=0) == pytest.approx(expected, rel=1e-6)


def test_a_mistyped_loss_is_told_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'categorical_crossentropy'"):
        losses.get("categorical_crosentropy")
    with pytest.raises(ValueError, match=r"did you mean .*'binary_crossentropy'"):
        losses.get("crossentropy")
    with pytest.raises(ValueError, match="did you mean 'Huber'"):
        losses.get("Hubert")


def test_a_function_of_the_users_is_a_loss():
    def mine(y_true, y_pred):
        return np.abs(y_true - y_pred)

    assert losses.resolve(mine).name == "mine"
    assert losses.resolve(mine)([1.0, 2.0], [2.0, 4.0]) == 1.5


@pytest.mark.parametrize(("loss", "config"), [
    (losses.SparseCategoricalCrossentropy(from_logits=True),
     {"type": "sparse_categorical_crossentropy", "from_logits": True, "axis": -1}),
    (losses.SparseCategoricalCrossentropy(ignore_class=255),
     {"type": "sparse_categorical_crossentropy", "from_logits": False, "axis": -1, "ignore_class": 255}),
    (losses.CategoricalCrossentropy(label_smoothing=0.1),
     {"type": "categorical_crossentropy", "from_logits": False, "label_smoothing": 0.1, "axis": -1}),
    (losses.BinaryCrossentropy(axis=1),
     {"type": "binary_crossentropy", "from_logits": False, "label_smoothing": 0.0, "axis": 1}),
    (losses.BinaryFocalCrossentropy(True, gamma=3),
     {"type": "binary_focal_crossentropy", "from_logits": False, "label_smoothing": 0.0, "axis": -1,
      "apply_class_balancing": True, "alpha": 0.25, "gamma": 3.0}),
    (losses.CategoricalFocalCrossentropy(0.5),
     {"type": "categorical_focal_crossentropy", "from_logits": False, "label_smoothing": 0.0, "axis": -1,
      "alpha": 0.5, "gamma": 2.0}),
    (losses.CategoricalGeneralizedCrossEntropy(0.25),
     {"type": "categorical_generalized_cross_entropy", "q": 0.25}),
    (losses.CosineSimilarity(axis=2), {"type": "cosine_similarity", "axis": 2}),
    (losses.Dice(axis=(1, 2)), {"type": "dice", "axis": (1.0, 2.0)}),
    (losses.Tversky(axis=-1), {"type": "tversky", "alpha": 0.5, "beta": 0.5, "axis": (-1.0,)}),
    (losses.MeanSquaredError(reduction="mean"), {"type": "mean_squared_error"}),
    (losses.MeanAbsoluteError(), {"type": "mean_absolute_error"}),
    (losses.Huber(2), {"type": "huber", "delta": 2.0}),
])
def test_core_config_holds_what_the_core_expects(loss, config):
    assert loss.core_config() == {**config, "reduction": "sum_over_batch_size"}


def test_only_some_losses_take_labels():
    assert {name for name in NAMES if getattr(losses, name).takes_labels} == {
        "SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy"}


@pytest.mark.parametrize(("reduction", "name"), [
    ("sum", "sum"), ("none", "none"), (None, "none"), ("mean_with_sample_weight", "mean_with_sample_weight"),
    ("mean", "sum_over_batch_size")])
def test_core_gets_the_reduction(reduction, name):
    assert losses.MeanSquaredError(reduction=reduction).core_config()["reduction"] == name


def test_the_core_takes_the_numbers_of_a_loss_of_the_users_own():
    class Mine(losses.Loss):
        def call(self, y_true, y_pred):
            return np.abs(y_true - y_pred)

    assert Mine()([1.0, 2.0], [2.0, 4.0]) == 1.5
    assert Mine(reduction="sum").core_config() == {"type": "value", "reduction": "sum"}


@pytest.mark.parametrize(("cls", "arguments", "name"), [
    (losses.SparseCategoricalCrossentropy, {"ignore_class": 2.5}, "ignore_class"),
    (losses.SparseCategoricalCrossentropy, {"axis": 1.5}, "axis"),
    (losses.CategoricalCrossentropy, {"label_smoothing": 1.5}, "label_smoothing"),
    (losses.CategoricalCrossentropy, {"axis": True}, "axis"),
    (losses.BinaryCrossentropy, {"label_smoothing": -0.1}, "label_smoothing"),
    (losses.BinaryFocalCrossentropy, {"gamma": -1.0}, "gamma"),
    (losses.CategoricalFocalCrossentropy, {"alpha": "0.25"}, "alpha"),
    (losses.CategoricalGeneralizedCrossEntropy, {"q": 1.0}, "q"),
    (losses.Dice, {"axis": (1, 2.5)}, "axis"),
    (losses.Tversky, {"beta": None}, "beta"),
    (losses.Huber, {"delta": 0.0}, "delta"),
    (losses.MeanSquaredError, {"reduction": "average"}, "reduction"),
    (losses.MeanSquaredError, {"dtype": "float64"}, "dtype"),
])
def test_loss_refuses_and_names(cls, arguments, name):
    with pytest.raises(ValueError, match=name):
        cls(**arguments)


@pytest.mark.parametrize(("name", "y_true", "y_pred", "message"), [
    ("SparseCategoricalCrossentropy", [0, 3], np.ones((2, 3)), "labels from 0 to 3"),
    ("SparseCategoricalCrossentropy", [-1, 0], np.ones((2, 3)), "labels from -1"),
    ("SparseCategoricalCrossentropy", [0.5, 1], np.ones((2, 3)), "integer labels"),
    ("SparseCategoricalCrossentropy", [0, 1, 2], np.ones((2, 3)), "shape"),
    ("CategoricalCrossentropy", [0, 1], np.ones((2, 3)), "shape"),
    ("MeanSquaredError", np.ones((2, 1)), np.ones((2, 3)), "shape"),
])
def test_loss_refuses_targets_that_do_not_fit(name, y_true, y_pred, message):
    with pytest.raises(ValueError, match=message):
        getattr(losses, name)()(y_true, y_pred)


@pytest.mark.parametrize("name", cases.SIGNATURES["losses"])
def test_signature_is_that_of_keras(name):
    ours = [[p.name, repr(p.default)] for p in inspect.signature(getattr(losses, name)).parameters.values()]
    assert ours == GOLDEN["signatures"][f"losses.{name}"]


@pytest.mark.parametrize("name", NAMES)
def test_config_is_that_of_keras(name):
    config = json.loads(json.dumps(losses.serialize(getattr(losses, name)())))
    assert config == GOLDEN["configs"][f"losses.{name}"]
    assert type(losses.deserialize(GOLDEN["configs"][f"losses.{name}"])).__name__ == name


@pytest.mark.parametrize("loss", [losses.Huber(0.5), losses.CategoricalCrossentropy(True, 0.25, reduction="sum"),
                                  losses.SparseCategoricalCrossentropy(True, name="mine"),
                                  losses.SparseCategoricalCrossentropy(ignore_class=3),
                                  losses.BinaryFocalCrossentropy(True, 0.5, 1.0, axis=1),
                                  losses.CategoricalFocalCrossentropy(0.5, 3), losses.Dice(axis=(1, 2)),
                                  losses.Tversky(0.25, 0.75), losses.CategoricalGeneralizedCrossEntropy(0.25)])
def test_loss_survives_serialization(loss):
    assert losses.deserialize(losses.serialize(loss)).get_config() == loss.get_config()


def test_an_unknown_loss_suggests_all_whose_names_contain_it():
    with pytest.raises(ValueError, match="did you mean") as caught:
        losses.get("crossentropy")
    for name in ("binary_crossentropy", "'categorical_crossentropy'", "sparse_categorical_crossentropy"):
        assert name in str(caught.value)
