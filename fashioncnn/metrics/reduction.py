"""Metrics that add up or average numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fashioncnn.losses.loss import Array, same_rank
from fashioncnn.metrics.metric import Metric
from fashioncnn.utils.registry import METRICS
from fashioncnn.utils.tensor import Tensor, tensor
from fashioncnn.utils.variable import Variable

Reduce = Callable[..., Any]


def _for_each_image(values: ArrayLike, sample_weight: ArrayLike | None, reduce: Reduce) -> tuple[Array, Array]:
    """Values and weights reduced to one for each image, the values multiplied by the weights."""
    array = np.asarray(values, np.float64)
    if sample_weight is None:
        weights = np.ones(array.shape[:1])
    else:
        array, weights = same_rank(array, np.asarray(sample_weight, np.float64))
    if array.ndim > weights.ndim:
        array = reduce(array, axis=tuple(range(weights.ndim, array.ndim)))
    weights = np.broadcast_to(weights, array.shape)
    inner = tuple(range(1, array.ndim))
    return (reduce(array * weights, axis=inner), reduce(weights, axis=inner)) if inner else (array * weights, weights)


@METRICS.register()
class Sum(Metric):
    """The (weighted) sum of the values it is given.

    Args:
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> Sum()([1.0, 2.0, 4.0])
        array(7., dtype=float32)
    """

    total: Variable

    def __init__(self, name: str | None = "sum", dtype: str | None = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable((), "zeros", "float64", name="total")

    def update_state(self, values: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        products, _ = _for_each_image(values, sample_weight, np.sum)
        self.total.assign_add(products.sum())

    def result(self) -> Tensor:
        return tensor(self.total)


@METRICS.register()
class Mean(Metric):
    """The (weighted) mean of the values it is given: ``sum(weight * value) / sum(weight)``.

    Args:
        name: A name for the metric.
        dtype: None or "float32".

    Example:
        >>> Mean()([1.0, 3.0, 5.0, 7.0], sample_weight=[1, 1, 0, 0])
        array(2., dtype=float32)
    """

    total: Variable
    count: Variable

    def __init__(self, name: str | None = "mean", dtype: str | None = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable((), "zeros", "float64", name="total")
        self.count = self.add_variable((), "zeros", "float64", name="count")

    def update_state(self, values: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        products, weights = _for_each_image(values, sample_weight, np.mean)
        self.set_total(self.total + products.sum(), self.count + weights.sum())

    def set_total(self, total: Any, count: Any) -> None:
        """Takes over what somebody else has counted since the last reset."""
        self.total.assign(total)
        self.count.assign(count)

    def result(self) -> Tensor:
        return tensor(self.total / self.count if self.count else 0.0)


class MeanMetricWrapper(Mean):
    """The mean of a function ``fn(y_true, y_pred)``.

    Args:
        fn: Returns a value for each image, or several.
        name: A name for the metric; None: the function's.
        dtype: None or "float32".
        kwargs: Passed to `fn` with each batch.

    Example:
        >>> def error(y_true, y_pred):
        ...     return abs(y_true - y_pred)
        >>> metric = MeanMetricWrapper(error)
        >>> metric.name, metric(np.array([1.0, 2.0]), np.array([1.5, 3.5]))
        ('error', array(1., dtype=float32))
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: str | None = None,
                 **kwargs: Any) -> None:
        super().__init__(name or getattr(fn, "__name__", None) or type(fn).__name__, dtype)
        self._fn = fn
        self._fn_kwargs = kwargs

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike,  # type: ignore[override]
                     sample_weight: ArrayLike | None = None) -> None:
        """Adds a batch.

        Args:
            y_true: Targets.
            y_pred: Predictions.
            sample_weight: A weight for each image.

        Raises:
            TypeError: If the function returns nothing.
        """
        values = self._fn(y_true, y_pred, **self._fn_kwargs)
        if values is None:
            raise TypeError(f"the function of the metric '{self.name}' returned None; expected a value for each image, "
                            "or one for all")
        super().update_state(values, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments.

        Raises:
            ValueError: For a function of the user's, which no config can hold.
        """
        if type(self) is MeanMetricWrapper:
            raise ValueError(f"the metric {self.name!r} is a Python function, which cannot be serialized")
        return {**super().get_config(), **self._fn_kwargs}
