"""Metrics in NumPy, and how `compile`'s names find theirs. What the core counts is compared with Keras elsewhere."""

from __future__ import annotations

import inspect
import json

import numpy as np
import pytest
from golden import face_cases as cases
from golden.face import GOLDEN

from fashioncnn import Input, Sequential, layers, losses, metrics
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
