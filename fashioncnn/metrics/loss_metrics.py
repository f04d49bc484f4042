"""The means of losses of probabilities and of rates as metrics. The formulas are those of `fashioncnn.losses`."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fashioncnn import losses
from fashioncnn.losses.crossentropy import counted_labels, optional_class
from fashioncnn.losses.loss import weights_of_counted, whole_axis
from fashioncnn.metrics.reduction import MeanMetricWrapper
from fashioncnn.utils import checks
from fashioncnn.utils.registry import METRICS


@METRICS.register("bce", function=losses.binary_crossentropy)
class BinaryCrossentropy(MeanMetricWrapper):
    """The mean of `losses.binary_crossentropy`.

    Args:
        name: A name for the metric.
        dtype: None or "float32".
        from_logits: Whether predictions are logits.
        label_smoothing: In [0, 1]: targets are moved towards 0.5 by this part.

    Example:
        >>> round(BinaryCrossentropy()([[1], [0]], [[0.5], [0.75]]), 4)
        1.0397
    """

    _direction = "down"

    def __init__(self, name: str | None = "binary_crossentropy", dtype: str | None = None, from_logits: bool = False,
                 label_smoothing: float = 0.0) -> None:
        logits = checks.truth("from_logits", from_logits)
        smoothing = checks.part("label_smoothing", label_smoothing)
        super().__init__(losses.binary_crossentropy, name, dtype, from_logits=logits,
                         label_smoothing=smoothing)


@METRICS.register(function=losses.categorical_crossentropy)
class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean of `losses.categorical_crossentropy`.

    Args:
        name: A name for the metric.
        dtype: None or "float32".
        from_logits: Whether predictions are logits.
        label_smoothing: In [0, 1]: this part of each target is spread over all classes.
        axis: The axis of the classes.

    Example:
        >>> round(CategoricalCrossentropy()([[0, 1], [1, 0]], [[0.5, 0.5], [0.25, 0.75]]), 4)
        1.0397
    """

    _direction = "down"

    def __init__(self, name: str | None = "categorical_crossentropy", dtype: str | None = None,
                 from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1) -> None:
        logits = checks.truth("from_logits", from_logits)
        smoothing = checks.part("label_smoothing", label_smoothing)
        super().__init__(losses.categorical_crossentropy, name, dtype, from_logits=logits,
                         label_smoothing=smoothing, axis=whole_axis("axis", axis))


@METRICS.register(function=losses.sparse_categorical_crossentropy)
class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean of `losses.sparse_categorical_crossentropy`.

    Args:
        name: A name for the metric.
        dtype: None or "float32".
        from_logits: Whether predictions are logits.
        ignore_class: A label, of a class or not, whose rows have the value 0, and with sample weights do not count.
        axis: Must be the last one.

    Example:
        >>> round(SparseCategoricalCrossentropy()([1, 0], [[0.5, 0.5], [0.25, 0.75]]), 4)
        1.0397
    """

    _direction = "down"

    def __init__(self, name: str | None = "sparse_categorical_crossentropy", dtype: str | None = None,
                 from_logits: bool = False, ignore_class: int | None = None, axis: int = -1) -> None:
        logits = checks.truth("from_logits", from_logits)
        super().__init__(losses.sparse_categorical_crossentropy, name, dtype, from_logits=logits,
                         ignore_class=optional_class("ignore_class", ignore_class), axis=whole_axis("axis", axis))

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike,  # type: ignore[override]
                     sample_weight: ArrayLike | None = None) -> None:
        counted = counted_labels(y_true, np.shape(y_pred)[:-1], self._fn_kwargs["ignore_class"])
        if sample_weight is not None and counted is not None:
            sample_weight = weights_of_counted(counted, np.asarray(sample_weight))
        super().update_state(y_true, y_pred, sample_weight)


@METRICS.register("kld", function=losses.kl_divergence)
class KLDivergence(MeanMetricWrapper):
    """``sum(target * log(target / prediction))``, the mean over rows: see `losses.kl_divergence`.

    Args:
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> round(KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]), 4)
        0.1438
    """

    _direction = "down"

    def __init__(self, name: str | None = "kl_divergence", dtype: str | None = None) -> None:
        super().__init__(losses.kl_divergence, name, dtype)


@METRICS.register(function=losses.poisson)
class Poisson(MeanMetricWrapper):
    """``mean(prediction - target * log(prediction + 1e-7))``, of predicted rates and counts.

    Args:
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> round(Poisson()([[0.0, 1.0]], [[1.0, 2.0]]), 4)
        1.1534
    """

    _direction = "down"

    def __init__(self, name: str | None = "poisson", dtype: str | None = None) -> None:
        super().__init__(losses.poisson, name, dtype)
