"""Metrics in NumPy, and how `compile`'s names find theirs. What the core counts is compared with Keras elsewhere."""

from __future__ import annotations

import inspect
import json
import math

import numpy as np
import pytest
from golden import face_cases as cases
from golden.face import GOLDEN

from fashioncnn import Input, Sequential, layers, losses, metrics
from fashioncnn.saving import load_model
from fashioncnn.utils.tensor import Tensor

NAMES = cases.SERIALIZED["metrics"]
SPARSE, CATEGORICAL = losses.SparseCategoricalCrossentropy(), losses.CategoricalCrossentropy()
BINARY, SQUARES = losses.BinaryCrossentropy(), losses.MeanSquaredError()


@pytest.mark.parametrize("case", range(len(cases.METRICS)), ids=lambda case: "-".join(map(str, cases.METRICS[case])))
def test_metric_over_three_batches_equals_keras(case):
    name, arguments, kind, weighted = cases.METRICS[case]
    metric = getattr(metrics, name)(**arguments)
    for seed in range(3):
        y_true, y_pred, weights = cases.batch(kind, seed)
        metric.update_state(y_true, y_pred, weights if weighted else None)
    assert metric.result() == pytest.approx(GOLDEN["metrics"][case], rel=3e-6)
    assert (type(metric.result()), metric.result().dtype) == (Tensor, np.float32)


@pytest.mark.parametrize("identifier", ["accuracy", "acc"])
@pytest.mark.parametrize(("loss", "output_shape", "cls"), [
    (SPARSE, (10,), metrics.SparseCategoricalAccuracy),
    (SPARSE, (4, 4, 10), metrics.SparseCategoricalAccuracy),
    (CATEGORICAL, (10,), metrics.CategoricalAccuracy),
    (BINARY, (10,), metrics.CategoricalAccuracy),
    (BINARY, (1,), metrics.BinaryAccuracy),
    (SQUARES, (1,), metrics.BinaryAccuracy),
    (SQUARES, (10,), metrics.CategoricalAccuracy),
])
def test_accuracy_is_chosen_as_keras_does(identifier, loss, output_shape, cls):
    metric = metrics.resolve(identifier, loss, output_shape)
    assert (type(metric), metric.name) == (cls, identifier)


@pytest.mark.parametrize(("loss", "output_shape", "cls"), [
    (SPARSE, (10,), metrics.SparseCategoricalCrossentropy), (CATEGORICAL, (10,), metrics.CategoricalCrossentropy),
    (BINARY, (1,), metrics.BinaryCrossentropy)])
def test_crossentropy_is_chosen_likewise(loss, output_shape, cls):
    metric = metrics.resolve("ce", loss, output_shape)
    assert (type(metric), metric.name) == (cls, "ce")


def test_crossentropy_reads_logits_where_the_loss_does():
    metric = metrics.resolve("crossentropy", losses.SparseCategoricalCrossentropy(from_logits=True), (2,))
    assert metric([0], [[0.0, 0.0]]) == pytest.approx(np.log(2))


@pytest.mark.parametrize(("identifier", "name", "cls"), [
    ("mse", "mse", metrics.MeanSquaredError),
    ("MSE", "MSE", metrics.MeanSquaredError),
    ("mean_absolute_error", "mean_absolute_error", metrics.MeanAbsoluteError),
    ("MeanAbsoluteError", "MeanAbsoluteError", metrics.MeanAbsoluteError),
    ("AUC", "AUC", metrics.AUC), ("precision", "precision", metrics.Precision), ("Recall", "Recall", metrics.Recall),
    ("binary_io_u", "binary_io_u", metrics.BinaryIoU), ("f_beta_score", "f_beta_score", metrics.FBetaScore),
    ("r2_score", "r2_score", metrics.R2Score), ("MAPE", "MAPE", metrics.MeanAbsolutePercentageError),
    ("log_cosh_error", "log_cosh_error", metrics.LogCoshError), ("hinge", "hinge", metrics.Hinge),
    (losses.poisson, "poisson", metrics.Poisson),
    (metrics.MeanSquaredError(name="mine"), "mine", metrics.MeanSquaredError),
    (metrics.MeanSquaredError, "mean_squared_error", metrics.MeanSquaredError),
    (losses.mean_squared_error, "mean_squared_error", metrics.MeanSquaredError),
    (metrics.categorical_accuracy, "categorical_accuracy", metrics.CategoricalAccuracy),
    ({"class_name": "BinaryAccuracy", "config": {"threshold": 0.25}}, "binary_accuracy", metrics.BinaryAccuracy),
])
def test_resolve_finds_metric_and_name(identifier, name, cls):
    metric = metrics.resolve(identifier, SQUARES, (3,))
    assert (type(metric), metric.name) == (cls, name)


def test_function_of_the_users_becomes_a_metric_of_its_name():
    def largest_error(y_true, y_pred):
        return np.abs(y_true - y_pred).max(axis=-1)

    metric = metrics.resolve(largest_error, SQUARES, (2,))
    assert (metric.name, metric.core_config()) == ("largest_error", None)
    metric.update_state(np.zeros((2, 2)), np.array([[1.0, 2.0], [3.0, 0.0]]))
    assert metric.result() == 2.5
    with pytest.raises(ValueError, match="cannot be serialized"):
        metrics.serialize(metric)


@pytest.mark.parametrize("identifier", ["accuracies", 3, None, {"class_name": "exec", "config": {}}])
def test_resolve_refuses(identifier):
    with pytest.raises(ValueError, match="metric"):
        metrics.resolve(identifier, SPARSE, (10,))


@pytest.mark.parametrize(("identifier", "loss"), [("sparse_categorical_accuracy", CATEGORICAL),
                                                  ("categorical_accuracy", SPARSE), ("binary_accuracy", SPARSE),
                                                  ("top_k_categorical_accuracy", SPARSE)])
def test_metric_that_cannot_compare_the_losss_targets_is_refused(identifier, loss):
    with pytest.raises(ValueError, match=f"{identifier}.*{loss.name}"):
        metrics.resolve(identifier, loss, (10,))


@pytest.mark.parametrize(("metric", "config"), [
    (metrics.SparseCategoricalAccuracy(), {"type": "sparse_categorical_accuracy"}),
    (metrics.CategoricalAccuracy(), {"type": "categorical_accuracy"}),
    (metrics.BinaryAccuracy(threshold=0.25), {"type": "binary_accuracy", "threshold": 0.25}),
    (metrics.SparseTopKCategoricalAccuracy(), {"type": "sparse_top_k_categorical_accuracy", "k": 5}),
    (metrics.TopKCategoricalAccuracy(k=3), {"type": "top_k_categorical_accuracy", "k": 3}),
    (metrics.Accuracy(), None), (metrics.Mean(), None), (metrics.MeanSquaredError(), None),
])
def test_core_config_holds_what_the_core_expects(metric, config):
    assert metric.core_config() == config


def test_result_of_what_the_core_counted():
    metric = metrics.SparseCategoricalAccuracy()
    metric.set_total(3.0, 4.0)
    assert metric.result() == 0.75
    metric.reset_state()
    assert metric.result() == 0.0


def test_mean_and_sum_with_weights():
    assert metrics.Mean()([1.0, 3.0], [3.0, 1.0]) == 1.5
    assert metrics.Sum()([1.0, 3.0], [3.0, 1.0]) == 6.0
    assert metrics.Mean()(2.5) == 2.5
    assert metrics.Mean()([[1.0, 3.0], [5.0, 7.0]], [1.0, 0.0]) == 2.0


def test_ties_are_decided_as_keras_does():
    assert metrics.sparse_categorical_accuracy([0, 1], [[0.5, 0.5], [0.5, 0.5]]).tolist() == [1.0, 0.0]
    assert metrics.sparse_top_k_categorical_accuracy([2], [[0.3, 0.3, 0.3, 0.1]], k=1).tolist() == [1.0]


@pytest.mark.parametrize(("cls", "arguments", "error"), [
    (metrics.TopKCategoricalAccuracy, {"k": 0}, ValueError), (metrics.TopKCategoricalAccuracy, {"k": 2.5}, TypeError),
    (metrics.BinaryAccuracy, {"threshold": "0.5"}, TypeError),
    (metrics.SparseTopKCategoricalAccuracy, {"from_sorted_ids": "yes"}, TypeError),
    (metrics.SparseCategoricalCrossentropy, {"ignore_class": 0.5}, TypeError),
    (metrics.CategoricalCrossentropy, {"axis": None}, TypeError),
    (metrics.Precision, {"thresholds": [0.5, 1.5]}, ValueError),
    (metrics.Recall, {"top_k": 0}, ValueError),
    (metrics.Precision, {"class_id": "cat"}, TypeError),
    (metrics.TruePositives, {"thresholds": -0.1}, ValueError),
    (metrics.SensitivityAtSpecificity, {"specificity": 1.5}, ValueError),
    (metrics.SpecificityAtSensitivity, {"sensitivity": -0.5}, ValueError),
    (metrics.PrecisionAtRecall, {"recall": 2}, ValueError),
    (metrics.RecallAtPrecision, {"precision": "high"}, TypeError),
    (metrics.AUC, {"num_thresholds": 1}, ValueError),
    (metrics.AUC, {"curve": "CURVE"}, ValueError),
    (metrics.AUC, {"summation_method": "simpson"}, ValueError),
    (metrics.AUC, {"num_labels": 3}, ValueError),
    (metrics.FBetaScore, {"beta": 1}, TypeError),
    (metrics.FBetaScore, {"average": "median"}, ValueError),
    (metrics.F1Score, {"threshold": 1.5}, ValueError),
    (metrics.BinaryIoU, {"target_class_ids": [2]}, ValueError),
    (metrics.MeanIoU, {"num_classes": 0}, ValueError),
    (metrics.R2Score, {"class_aggregation": "sum"}, ValueError),
    (metrics.R2Score, {"num_regressors": -1}, ValueError),
    (metrics.BinaryIoU, {"dtype": "float64"}, ValueError),
    (metrics.BinaryCrossentropy, {"label_smoothing": 2.0}, ValueError),
    (metrics.Mean, {"dtype": "float16"}, ValueError),
])
def test_metric_refuses_and_names(cls, arguments, error):
    with pytest.raises(error, match=next(iter(arguments))):
        cls(**arguments)


@pytest.mark.parametrize("name", cases.SIGNATURES["metrics"])
def test_signature_is_that_of_keras(name):
    parameters = inspect.signature(getattr(metrics, name)).parameters.values()
    ours = [[p.name, repr(p.default).replace("0.0", "0")] for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert ours == GOLDEN["signatures"][f"metrics.{name}"]


@pytest.mark.parametrize("name", NAMES)
def test_config_is_that_of_keras(name):
    config = json.loads(json.dumps(metrics.serialize(getattr(metrics, name)())))
    assert config == GOLDEN["configs"][f"metrics.{name}"]
    assert metrics.serialize(metrics.deserialize(config)) == config


def test_metric_of_the_users_own():
    class Largest(metrics.Metric):
        def __init__(self, name="largest"):
            super().__init__(name=name)
            self.reset_state()

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.value = max(self.value, float(np.max(y_pred)))

        def result(self):
            return self.value

        def reset_state(self):
            self.value = 0.0

    metric = metrics.resolve(Largest(), SPARSE, (10,))
    assert metric([0], [[0.25, 0.75]]) == 0.75
    assert metric.core_config() is None
    assert metrics.deserialize(metrics.serialize(metric) | {"config": {}}, {"Largest": Largest}).name == "largest"


class Count(metrics.Metric):
    def __init__(self, name="count"):
        super().__init__(name=name)
        self.rows = self.add_variable((), "zeros", name="rows")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.rows += len(y_true)

    def result(self):
        return self.rows


def test_numbers_set_in_place_of_a_variable_are_assigned_to_it():
    metric = Count()
    rows = metric.rows
    assert (float(metric([1, 2], 0)), float(metric([3], 0))) == (2.0, 3.0)
    assert metric.rows is rows
    assert metric.variables == [rows]
    model = Sequential([Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[metric])
    history = model.fit(np.ones((8, 2)), np.ones((8, 1)), epochs=2, batch_size=4, verbose=0).history
    assert history["count"] == [8.0, 8.0]
    mean = metrics.Mean()
    mean.update_state([3.0])
    mean.total += 1
    assert float(mean.result()) == 4.0
    with pytest.raises(ValueError, match="got values of shape"):
        mean.total = np.ones(2)


FLAGS, SCORES = np.array([0, 1, 0, 1, 1]), np.array([0.1, 0.2, 0.5, 0.6, np.nan], np.float32)


@pytest.mark.parametrize(("name", "thresholds", "expected"), [
    ("TruePositives", None, 1.0), ("FalsePositives", None, 0.0), ("TrueNegatives", None, 2.0),
    ("FalseNegatives", None, 2.0), ("TruePositives", [0.55, 0.15], [1.0, 2.0]),
    ("FalsePositives", [0.55, 0.15], [0.0, 1.0]), ("TrueNegatives", [0.0, 0.5, 1.0], [0.0, 2.0, 2.0]),
    ("FalseNegatives", [0.0, 0.5, 1.0], [1.0, 2.0, 3.0]), ("Precision", 0.15, 2 / 3),
    ("Recall", [0.55, 0.15], [1 / 3, 2 / 3]),
])
def test_counts_at_thresholds_which_nan_never_exceeds(name, thresholds, expected):
    metric = getattr(metrics, name)(thresholds=thresholds)
    np.testing.assert_allclose(metric(FLAGS, SCORES), expected, rtol=1e-6)


def test_of_equals_the_first_is_among_the_largest():
    y_true, y_pred = np.array([[1, 1, 0]]), np.array([[0.5, 0.5, 0.5]])
    assert metrics.Precision(top_k=1)(y_true, y_pred) == 1.0
    assert metrics.Precision(top_k=3)(y_true, y_pred) == pytest.approx(2 / 3)
    assert metrics.Recall(top_k=1, class_id=1)(y_true, y_pred) == 0.0


def test_a_row_of_zeros_predicts_no_class():
    assert metrics.F1Score()([[1, 0]], [[0.0, 0.0]]).tolist() == [0.0, 0.0]
    assert metrics.F1Score()([[1, 0]], [[0.5, 0.5]]).round(4).tolist() == [1.0, 0.0]


def test_many_images_are_still_counted():
    metric = metrics.TruePositives()
    metric.accumulator.assign([2.0**24])
    for _ in range(4):
        metric.update_state([1], [1.0])
    assert metric.accumulator.numpy() == [2.0**24 + 4]


@pytest.mark.parametrize(("curve", "method", "area"), [
    ("ROC", "interpolation", 0.75), ("ROC", "majoring", 1.0), ("ROC", "minoring", 0.5),
    ("PR", "majoring", 1.0), ("PR", "minoring", 0.25),
    ("PR", "interpolation", (1 / 3 * (1 + 2 / 3 * math.log(4)) + 1) / 2),  # with slopes of 1 / 3 and of 1
])
def test_area_of_three_thresholds_by_hand(curve, method, area):
    """Above 0 are all four, two of which are right; above 0.5 one, which is; above 1 none."""
    assert metrics.AUC(3, curve, method)([0, 0, 1, 1], [0.0, 0.4, 0.3, 0.9]) == pytest.approx(area, rel=1e-6)


def test_labels_of_several_have_areas_of_their_own():
    y_true, y_pred = np.array([[0, 1], [1, 0]]), np.array([[0.2, 0.2], [0.9, 0.9]])
    assert metrics.AUC(multi_label=True)(y_true, y_pred) == pytest.approx(0.5)
    assert metrics.AUC(multi_label=True, label_weights=[3, 1])(y_true, y_pred) == pytest.approx(0.75)
    metric = metrics.AUC(multi_label=True)
    assert (metric.variables, metric.result()) == ([], 0.0)
    with pytest.raises(ValueError, match=r"\(N, labels\)"):
        metric.update_state(y_true[0], y_pred[0])
    metric.update_state(y_true, y_pred)
    with pytest.raises(ValueError, match=r"has 1 labels, and 'auc.*' counts 2"):
        metric.update_state(y_true[:, :1], y_pred[:, :1])


def test_fractions_of_weights_need_float32():
    with pytest.warns(UserWarning, match="fractions"):
        assert metrics.MeanIoU(2)([0, 1], [0, 1], np.array([0.5, 1.5])) == pytest.approx(1.0)
    metric = metrics.IoU(2, [0, 1], dtype="float32")
    metric.update_state([0, 1], [0, 0], np.array([0.5, 1.5]))
    np.testing.assert_array_equal(metric.total_cm, [[0.5, 0.0], [1.5, 0.0]])
    metric = metrics.MeanIoU(2)
    metric.update_state([[0, 1], [1, 1]], [[0, 1], [0, 1]], [2, 3])
    np.testing.assert_array_equal(metric.total_cm, [[2, 0], [3, 5]])


def test_a_score_of_too_few_numbers_is_not_adjusted():
    y_true, y_pred = [[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]]
    with pytest.warns(UserWarning, match="more than 3 numbers and got 3"):
        assert metrics.R2Score(num_regressors=2)(y_true, y_pred) == pytest.approx(4 / 7)
    assert metrics.R2Score(num_regressors=1)(y_true, y_pred) == pytest.approx(1 - 3 / 7 * 2)


@pytest.mark.parametrize("metric", [
    metrics.Precision(), metrics.FalseNegatives(), metrics.AUC(), metrics.SensitivityAtSpecificity(0.5),
    metrics.F1Score(), metrics.R2Score(), metrics.MeanIoU(3), metrics.RootMeanSquaredError(), metrics.Hinge(),
    metrics.CosineSimilarity(), metrics.PearsonCorrelation()], ids=lambda metric: metric.name)
def test_shapes_that_do_not_fit_are_refused_and_named(metric):
    with pytest.raises(ValueError, match=r"\(4,\).*\(4, 3\)"):
        metric.update_state(np.array([0, 1, 2, 1]), np.ones((4, 3), np.float32))


@pytest.mark.parametrize("metric", [
    metrics.Precision([0.25, 0.5], top_k=2), metrics.Recall(0.25, class_id=1), metrics.TruePositives(0.75),
    metrics.PrecisionAtRecall(0.25, 10, class_id=2), metrics.AUC(thresholds=[0.5, 0.25], curve="PR"),
    metrics.AUC(50, multi_label=True, num_labels=3, label_weights=[1, 2, 3], from_logits=True),
    metrics.FBetaScore("macro", 2.0, 0.25), metrics.F1Score(threshold=0.5), metrics.IoU(3, [0, 2], ignore_class=1),
    metrics.BinaryIoU([1], 0.25), metrics.MeanIoU(4, sparse_y_pred=False), metrics.OneHotIoU(3, [1], dtype="float32"),
    metrics.OneHotMeanIoU(3, sparse_y_pred=True), metrics.R2Score(None, 3), metrics.PearsonCorrelation(axis=0),
    metrics.SparseTopKCategoricalAccuracy(3, from_sorted_ids=True),
    metrics.SparseCategoricalCrossentropy(ignore_class=2)], ids=lambda metric: metric.name)
def test_metric_survives_serialization(metric):
    config = json.loads(json.dumps(metrics.serialize(metric)))
    again = metrics.deserialize(config)
    assert json.loads(json.dumps(metrics.serialize(again))) == config
    assert [variable.shape for variable in again.variables] == [variable.shape for variable in metric.variables]


def test_weights_of_labels_are_read_as_keras_keeps_them():
    config = metrics.serialize(metrics.AUC(multi_label=True, label_weights=[1, 2]))
    weights = config["config"].pop("label_weights")
    tensor = {"class_name": "__tensor__", "config": {"value": weights, "dtype": "float32"}}
    metric = metrics.deserialize({**config, "config": {**config["config"], "label_weights": tensor}})
    assert metric.label_weights.tolist() == [1.0, 2.0]


def test_counted_metrics_are_kept_with_a_model(tmp_path):
    model = Sequential([Input((4,)), layers.Dense(3, "sigmoid")])
    model.compile("sgd", "binary_focal_crossentropy",
                  metrics=["AUC", "Precision", "BinaryIoU", metrics.F1Score("macro", name="f1"), metrics.R2Score()],
                  weighted_metrics=[metrics.Recall([0.25, 0.5], name="found")])
    random = np.random.default_rng(3)
    x, y = random.normal(size=(30, 4)), random.integers(0, 2, (30, 3))
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    for each in (model, again):
        each.results = each.evaluate(x, y, verbose=0, return_dict=True)
    assert list(model.results) == ["AUC", "BinaryIoU", "Precision", "f1", "found", "loss", "r2_score"]
    assert model.results.keys() == again.results.keys()
    for name, value in model.results.items():
        np.testing.assert_array_equal(value, again.results[name])
    assert np.shape(again.results["found"]) == (2,)


def test_masks_without_a_channel_axis_are_counted_as_those_with_one():
    random = np.random.default_rng(1)
    masks, found = random.integers(0, 2, (3, 4, 4)), random.random((3, 4, 4, 1), np.float32)
    metric, other = metrics.BinaryIoU([1]), metrics.BinaryIoU([1])
    assert metric(masks, found) == other(masks[..., None], found)


def test_a_function_that_returns_nothing_is_no_metric():
    with pytest.raises(TypeError, match="the metric 'nothing' returned None"):
        metrics.MeanMetricWrapper(lambda y_true, y_pred: None, "nothing")(np.ones(2), np.ones(2))


def test_integer_labels_are_told_what_a_score_of_classes_takes():
    with pytest.raises(ValueError, match="to_categorical"):
        metrics.F1Score()(np.ones(2, int), np.ones((2, 3), np.float32))
