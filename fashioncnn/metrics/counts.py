"""How often predictions are on either side of thresholds, and rightly so: what several metrics are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fashioncnn.losses.loss import EPSILON, same_rank
from fashioncnn.utils.variable import Variable

Numbers = NDArray[Any]
NEVER = -1e10  # a prediction that is not among the largest, and the threshold that all others exceed


class Counts(NamedTuple):
    """Sums of weights for each threshold, on the first axis, and for each label, where they are told apart."""

    true_positives: Numbers
    false_positives: Numbers
    true_negatives: Numbers
    false_negatives: Numbers


class Thresholds:
    """Numbers that predictions exceed or do not.

    Args:
        values: The numbers.

    Example:
        >>> Thresholds([0.0, 0.5, 1.0]).exceeded(np.array([0.0, 0.5, 0.75], np.float32))
        array([-1,  0,  1])
    """

    def __init__(self, values: Sequence[float]) -> None:
        self.values = [float(value) for value in values]
        given = np.array(self.values, np.float32)
        self._order = np.argsort(given, kind="stable")
        self._sorted = given[self._order]
        self._even = len(given) > 2 and np.allclose(given, np.linspace(0, 1, len(given)), atol=2 * EPSILON)

    def __len__(self) -> int:
        return len(self.values)

    def exceeded(self, predictions: Numbers) -> NDArray[np.intp]:
        """The last threshold, in rising order, that each prediction exceeds, or -1. NaN exceeds none."""
        if self._even:
            step = np.ceil(np.clip(predictions, 0, 1) * np.float32(len(self) - 1)) - 1
            if self._sorted[0] < 0:
                step = np.maximum(step, 0)
        elif len(self) == 1:
            return np.asarray((predictions > self._sorted[0]).astype(np.intp) - 1)
        else:
            step = np.searchsorted(self._sorted, predictions, side="left") - 1
        return np.asarray(np.where(np.isnan(predictions), -1, step).astype(np.intp))

    def as_given(self, counts: Numbers) -> Numbers:
        """What was counted in rising order, in the order of the thresholds."""
        result = np.empty_like(counts)
        result[self._order] = counts
        return result


def batch(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None, top_k: int | None = None,
          class_id: int | None = None) -> tuple[NDArray[np.bool_], Numbers, Numbers | None]:
    """Targets, predictions and weights of one shape.

    Raises:
        ValueError: If the shapes do not fit.
    """
    prediction, target = same_rank(np.asarray(y_pred, np.float32), np.asarray(y_true))
    if target.shape != prediction.shape:
        raise ValueError(f"`y_true` of shape {target.shape} does not fit `y_pred` of shape {prediction.shape}: each "
                         "prediction is compared with a target of 0 or 1; integer labels become such ones by "
                         "utils.to_categorical()")
    weights = None
    if sample_weight is not None:
        weights = np.asarray(sample_weight, np.float32)[..., None]
        if weights.ndim == prediction.ndim + 1 and weights.shape[-1] == 1:
            weights = weights[..., 0]
        weights = np.broadcast_to(weights, prediction.shape)
    if top_k is not None:
        prediction = _largest(prediction, top_k)
    if class_id is not None:
        if prediction.ndim == 1:
            raise ValueError(f"class_id={class_id} needs predictions of several classes, (N, C); got the shape "
                             f"{prediction.shape}")
        target, prediction = target[..., class_id, None], prediction[..., class_id, None]
        weights = None if weights is None else weights[..., :1]
    return target.astype(bool), prediction, weights


def _largest(predictions: Numbers, k: int) -> Numbers:
    """The k largest of each row, of equals the first; NEVER for all others."""
    chosen = np.argsort(-predictions, axis=-1, kind="stable")[..., :k]
    result = np.full_like(predictions, NEVER)
    np.put_along_axis(result, chosen, np.take_along_axis(predictions, chosen, axis=-1), axis=-1)
    return result


def count(thresholds: Thresholds, target: NDArray[np.bool_], prediction: Numbers, weights: Numbers | None,
          by_label: bool = False) -> Counts:
    """The counts of a batch; with `by_label` one for each number of the last axis."""
    labels = prediction.shape[-1] if by_label else 1
    steps = len(thresholds) + 1  # how many thresholds are exceeded
    place = (thresholds.exceeded(prediction) + 1) * 2 + target
    if by_label:
        place = place * labels + np.arange(labels)
    found = np.bincount(place.reshape(-1), None if weights is None else weights.reshape(-1), 2 * steps * labels)
    sums = found.reshape(steps, 2, labels).astype(np.float64)
    below = thresholds.as_given(np.cumsum(sums, axis=0)[:-1])
    above = thresholds.as_given(np.cumsum(sums[::-1], axis=0)[-2::-1])
    if not by_label:
        below, above = below[..., 0], above[..., 0]
    return Counts(above[:, 1], above[:, 0], below[:, 0], below[:, 1])


def add(variables: dict[str, Variable], counts: Counts) -> None:
    """Adds the counts to the variables of these names."""
    for name, variable in variables.items():
        variable.assign_add(getattr(counts, name))


def ratio(part: Any, rest: Any) -> Numbers:
    """``part / (part + rest)``, 0 where that is nothing."""
    return divided(part, np.asarray(part) + np.asarray(rest))


def divided(a: Any, b: Any) -> Numbers:
    """``a / b``, 0 where b is 0."""
    numerator, denominator = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(b, np.float64))
    return np.asarray(np.divide(numerator, denominator, where=denominator != 0, out=np.zeros(numerator.shape)))
