"""By how much predictions miss a margin. The formulas are those of `fashioncnn.losses`."""

from __future__ import annotations

from fashioncnn import losses
from fashioncnn.metrics.reduction import MeanMetricWrapper
from fashioncnn.utils.registry import METRICS


@METRICS.register(function=losses.hinge)
class Hinge(MeanMetricWrapper):
    """``mean(max(1 - target * prediction, 0))``, for targets of -1 and 1, or all 0 and 1.

    Args:
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> Hinge()([[0, 1]], [[0.5, 0.5]])
        array(1., dtype=float32)
    """

    _direction = "down"

    def __init__(self, name: str | None = "hinge", dtype: str | None = None) -> None:
        super().__init__(losses.hinge, name, dtype)


@METRICS.register(function=losses.squared_hinge)
class SquaredHinge(MeanMetricWrapper):
    """``mean(max(1 - target * prediction, 0)**2)``, for targets of -1 and 1, or all 0 and 1.

    Args:
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> SquaredHinge()([[0, 1]], [[0.5, 0.5]])
        array(1.25, dtype=float32)
    """

    _direction = "down"

    def __init__(self, name: str | None = "squared_hinge", dtype: str | None = None) -> None:
        super().__init__(losses.squared_hinge, name, dtype)


@METRICS.register(function=losses.categorical_hinge)
class CategoricalHinge(MeanMetricWrapper):
    """``max(other - own + 1, 0)``: see `losses.categorical_hinge`.

    Args:
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> CategoricalHinge()([[0, 1, 0]], [[0.25, 0.5, 0.25]])
        array(0.75, dtype=float32)
    """

    _direction = "down"

    def __init__(self, name: str | None = "categorical_hinge", dtype: str | None = None) -> None:
        super().__init__(losses.categorical_hinge, name, dtype)
