"""Base class of the losses, and how losses of single images become one number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fashioncnn.utils import checks
from fashioncnn.utils.arrays import floating
from fashioncnn.utils.operators import Operators, operation
from fashioncnn.utils.overrides import overridden
from fashioncnn.utils.registry import LOSSES, snake_case
from fashioncnn.utils.settings import Configured, Setting
from fashioncnn.utils.tensor import Tensor, tensor

Array = NDArray[np.floating[Any]]
EPSILON = 1e-7


REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None)


def _reduction(name: str, value: Any) -> str | None:
    if value is not None and value not in REDUCTIONS:
        raise ValueError(f"`{name}` must be one of {', '.join(map(repr, REDUCTIONS))}, got {value!r}")
    return None if value is None else str(value)


@LOSSES.base
class Loss(Configured):
    """What training makes small.

    In `fit` and `evaluate` the core computes the loss and its gradient, from `core_config`. Calling a loss computes the
    same value in NumPy.

    Args:
        name: A name for the loss.
        reduction: How the losses of images become one number. "sum_over_batch_size" (or "mean"):
            ``sum(weight * loss) / N``; "sum"; "mean_with_sample_weight": ``sum(weight * loss) / sum(weight)``; "none"
            or None: not at all; in training as "sum", the mean being shown.
        dtype: None or "float32".

    Raises:
        ValueError: If `reduction` is none of these.
    """

    name: str
    dtype: str
    takes_labels: ClassVar[bool] = False
    reduction = Setting(_reduction)
    _frozen_because = "a model may be compiled with it; make another loss, and compile again"
    _core_methods = ("__call__",)
    _users_methods = frozenset(("call", "from_config", "get_config"))
    _instead = "A loss of your own has a call(y_true, y_pred), which computes with functions of fashioncnn.ops."

    def __init__(self, name: str | None = None, reduction: str | None = "sum_over_batch_size",
                 dtype: str | None = None) -> None:
        self.name = name or snake_case(type(self).__name__)
        self.reduction = reduction
        self.dtype = checks.float32(type(self).__name__, dtype)

    @property
    def joins_images(self) -> bool:
        """Whether it makes one sum of the whole batch, so that no image has a loss of its own."""
        return False

    def __call__(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> Tensor:
        """The reduced loss.

        Args:
            y_true: Targets.
            y_pred: Predictions; the last axis is classes or values.
            sample_weight: A weight for each image (or for each loss of `call`).

        Returns:
            An array without axes, or with reduction "none" one of the losses.
        """
        if any(isinstance(value, Operators) for value in (y_true, y_pred)):
            return self._of_tensors(y_true, y_pred, sample_weight)  # type: ignore[no-any-return]
        targets = np.asarray(y_true)
        values = np.asarray(self.call(targets, np.asarray(y_pred, np.float32)), np.float32)
        weights = None if sample_weight is None else np.asarray(sample_weight, np.float32)
        counted = self._counted(targets, values.shape)
        if counted is not None:
            weights = weights_of_counted(counted, weights)
        if weights is not None:
            values, weights = same_rank(values, weights)
            values = values * weights
        if self.reduction in ("none", None):
            return tensor(values)
        total = float(values.sum(dtype=np.float64))
        if self.reduction == "sum":
            return tensor(total)
        by_weight = self.reduction == "mean_with_sample_weight" and weights is not None
        number = values.size if counted is None else int(counted.sum())
        divisor = float(weights.sum(dtype=np.float64)) if by_weight and weights is not None else number
        return tensor(total / divisor if divisor else 0.0)

    def _of_tensors(self, y_true: Any, y_pred: Any, sample_weight: Any) -> Any:
        """The reduced loss in code that is traced: a number for the batch, or with reduction "none" for each image."""
        values = self.call(y_true, y_pred)
        if sample_weight is not None:
            values = operation("multiply")(values, sample_weight)
        if self.reduction in ("none", None):
            return values
        return operation("sum" if self.reduction == "sum" else "mean")(values)

    def examine(self, targets: NDArray[Any]) -> None:
        """Warns where targets are unlikely to be meant."""

    def call(self, y_true: NDArray[Any], y_pred: Array) -> NDArray[Any]:
        """The loss along the last axis of `y_pred`."""
        raise NotImplementedError(f"{type(self).__name__} must define call(self, y_true, y_pred)")

    def _counted(self, y_true: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
        """Which of the losses, of this shape, count; None: all."""
        return None

    def core_config(self) -> dict[str, Any]:
        """What the core's `Network.set_objective` takes.

        Raises:
            NotImplementedError: If the loss is written in Python.
        """
        self.refuse_overrides()
        reduction = {None: "none", "mean": "sum_over_batch_size"}.get(self.reduction, self.reduction)
        config = {"type": "value"} if overridden(self, ["call"]) else self._core_config()
        return {**config, "reduction": reduction}

    def _core_config(self) -> dict[str, Any]:
        raise NotImplementedError(f"{type(self).__name__} is no loss of its own. {self._instead}")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Loss:
        """The loss that `get_config` described."""
        return cls(**config)


class FunctionLoss(Loss):
    """A loss without options of its own: a function of targets and predictions, which the core knows by its name."""

    _function: ClassVar[Callable[[ArrayLike, ArrayLike], Tensor]]

    def call(self, y_true: NDArray[Any], y_pred: Array) -> Tensor:
        return type(self)._function(y_true, y_pred)

    def _core_config(self) -> dict[str, Any]:
        return {"type": type(self)._function.__name__}


def whole_axis(name: str, value: Any) -> int:
    """An axis, counted from 0 or below 0 from the end; a bool is none."""
    return checks.integer(name, value, at_least=-32)


def weights_of_counted(counted: NDArray[np.bool_], weights: NDArray[Any] | None) -> NDArray[Any]:
    """The weights, where they are None 1, of what counts, and 0 of what does not."""
    if weights is None:
        return counted.astype(np.float32)
    if weights.ndim == counted.ndim + 1 and weights.shape[-1] == 1:
        weights = weights[..., 0]
    return weights.reshape(weights.shape + (1,) * (counted.ndim - weights.ndim)) * counted


def same_rank(a: NDArray[Any], b: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both arrays, a last axis of 1 added or taken away where their ranks differ by one, as Keras does."""
    if a.ndim == b.ndim + 1 and a.shape[-1] == 1:
        return (a, b[..., None]) if b.ndim == 1 else (a[..., 0], b)
    if b.ndim == a.ndim + 1 and b.shape[-1] == 1:
        return (a[..., None], b) if a.ndim == 1 else (a, b[..., 0])
    return a, b


def aligned(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[Array, Array]:
    """Targets and predictions as floats of one shape.

    Raises:
        ValueError: If their shapes differ by more than a last axis of 1.
    """
    prediction = floating(y_pred)
    target, prediction = same_rank(np.asarray(y_true, prediction.dtype), prediction)
    if target.shape != prediction.shape:
        raise ValueError(f"`y_true` of shape {target.shape} does not fit `y_pred` of shape {prediction.shape}")
    return target, prediction


def labels_for(y_true: ArrayLike, y_pred: Array) -> NDArray[np.int64]:
    """The integer labels of `y_true`, one for each row of `y_pred`'s last axis.

    Raises:
        ValueError: If the shapes do not fit, or a label is not a whole number or out of range.
    """
    given = np.asarray(y_true)
    if given.ndim == y_pred.ndim and given.shape[-1] == 1:
        given = given[..., 0]
    if given.shape != y_pred.shape[:-1]:
        raise ValueError(f"`y_true` of shape {given.shape} does not fit `y_pred` of shape {y_pred.shape}: one integer "
                         "label is expected where `y_pred` has a row")
    labels = given.astype(np.int64)
    if not np.array_equal(labels, given):
        raise ValueError("`y_true` must hold integer labels")
    classes = y_pred.shape[-1]
    if labels.size and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(f"`y_true` has labels from {labels.min()} to {labels.max()}, but `y_pred` has {classes} "
                         f"classes: labels must be 0 to {classes - 1}")
    return labels
