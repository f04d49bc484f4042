"""Metrics: numbers that describe predictions. Each accuracy is a class for `compile` and a function of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fashioncnn import _lazily
from fashioncnn.metrics.metric import Metric
from fashioncnn.utils import absent
from fashioncnn.utils.registry import METRICS

with _lazily.imports(__name__):
    from fashioncnn.losses import (
        Loss,
        binary_crossentropy,
        binary_focal_crossentropy,
        categorical_crossentropy,
        categorical_focal_crossentropy,
        categorical_hinge,
        hinge,
        huber,
        kl_divergence,
        log_cosh,
        mean_absolute_error,
        mean_absolute_percentage_error,
        mean_squared_error,
        mean_squared_logarithmic_error,
        poisson,
        sparse_categorical_crossentropy,
        squared_hinge,
    )
    from fashioncnn.metrics.accuracy import (
        Accuracy,
        BinaryAccuracy,
        CategoricalAccuracy,
        SparseCategoricalAccuracy,
        SparseTopKCategoricalAccuracy,
        TopKCategoricalAccuracy,
        binary_accuracy,
        categorical_accuracy,
        sparse_categorical_accuracy,
        sparse_top_k_categorical_accuracy,
        top_k_categorical_accuracy,
    )
    from fashioncnn.metrics.auc import AUC
    from fashioncnn.metrics.confusion import (
        FalseNegatives,
        FalsePositives,
        Precision,
        Recall,
        TrueNegatives,
        TruePositives,
    )
    from fashioncnn.metrics.correlation import (
        ConcordanceCorrelation,
        PearsonCorrelation,
        concordance_correlation,
        pearson_correlation,
    )
    from fashioncnn.metrics.f_score import F1Score, FBetaScore
    from fashioncnn.metrics.iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
    from fashioncnn.metrics.loss_metrics import (
        BinaryCrossentropy,
        CategoricalCrossentropy,
        KLDivergence,
        Poisson,
        SparseCategoricalCrossentropy,
    )
    from fashioncnn.metrics.margins import CategoricalHinge, Hinge, SquaredHinge
    from fashioncnn.metrics.r2_score import R2Score
    from fashioncnn.metrics.reduction import Mean, MeanMetricWrapper, Sum
    from fashioncnn.metrics.regression import (
        CosineSimilarity,
        LogCoshError,
        MeanAbsoluteError,
        MeanAbsolutePercentageError,
        MeanSquaredError,
        MeanSquaredLogarithmicError,
        RootMeanSquaredError,
    )
    from fashioncnn.metrics.trade_offs import (
        PrecisionAtRecall,
        RecallAtPrecision,
        SensitivityAtSpecificity,
        SpecificityAtSensitivity,
    )

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "IoU",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "concordance_correlation",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "pearson_correlation",
    "poisson",
    "resolve",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]


def get(identifier: Any) -> Metric | None:
    """The metric that a name, function ``f(y_true, y_pred)``, class, config or metric stands for; None for None.

    Raises:
        ValueError: If it stands for none.

    Example:
        >>> get("mse").name
        'mean_squared_error'
    """
    if identifier is None:
        return None
    if callable(identifier) and not isinstance(identifier, (Metric, type)):
        from fashioncnn.metrics.reduction import MeanMetricWrapper

        METRICS.all_classes()
        known = METRICS.by_function.get(identifier)
        return known() if known else MeanMetricWrapper(identifier)
    metric: Metric = METRICS.get(identifier)
    return metric


def resolve(identifier: Any, loss: Loss | None, output_shape: tuple[int, ...],
            takes_labels: bool | None = None) -> Metric:
    """The metric that `compile` means by `identifier`, as `get`, and by names that depend on the model.

    "accuracy" (or "acc") is binary accuracy for a model with one output, sparse categorical accuracy for a loss that
    takes integer labels, and categorical accuracy otherwise; "crossentropy" (or "ce") likewise. A name given as a
    string becomes the metric's.

    Args:
        identifier: See `get`.
        loss: The model's.
        output_shape: The model's, without the batch axis.
        takes_labels: Whether targets are integer labels; None: as the loss takes them.

    Raises:
        ValueError: If `identifier` stands for no metric, or for one that cannot compare this loss's targets.

    Example:
        >>> from fashioncnn.losses import SparseCategoricalCrossentropy
        >>> resolve("accuracy", SparseCategoricalCrossentropy(), (10,)).core_config()
        {'type': 'sparse_categorical_accuracy'}
    """
    name = identifier.lower() if isinstance(identifier, str) else None
    metric: Metric | None
    if takes_labels is None:
        takes_labels = loss is not None and loss.takes_labels
    if name in ("accuracy", "acc"):
        metric = METRICS.find(f"{_kind(takes_labels, output_shape)}_accuracy")()
    elif name in ("crossentropy", "ce"):
        crossentropy = METRICS.find(f"{_kind(takes_labels, output_shape)}_crossentropy")
        metric = crossentropy(from_logits=getattr(loss, "from_logits", False))
    else:
        metric = get(identifier)
    if metric is None:
        raise ValueError("a metric must be a name, a function or an instance of Metric, got None")
    if isinstance(identifier, str):
        metric.name = identifier
    if loss is not None and metric.takes_labels is not None and metric.takes_labels != takes_labels:
        kinds = {True: "integer labels", False: "targets of the output's shape"}
        raise ValueError(f"metric {metric.name!r} compares {kinds[metric.takes_labels]}, but the loss {loss.name!r} "
                         f"takes {kinds[takes_labels]}; use 'accuracy' for the metric that fits")
    return metric


def _kind(takes_labels: bool, output_shape: tuple[int, ...]) -> str:
    if output_shape[-1] == 1:
        return "binary"
    return "sparse_categorical" if takes_labels else "categorical"


def serialize(metric: Metric) -> dict[str, Any]:
    """A JSON-compatible description of a metric."""
    return METRICS.serialize(metric)


def deserialize(config: Mapping[str, Any], custom_objects: Mapping[str, type[Metric]] | None = None) -> Metric:
    """The metric that `serialize` described."""
    metric: Metric = METRICS.deserialize(config, custom_objects)
    return metric


__getattr__ = absent.module_getattr(__name__)
__dir__ = absent.module_dir(__name__)
