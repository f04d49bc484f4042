"""The loss and the metrics of a pass over data, while it runs."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from fashioncnn.metrics import Mean, Metric
from fashioncnn.models.objective import CompiledMetric
from fashioncnn.models.sources import Batch
from fashioncnn.utils.tensor import Tensor

Logs = dict[str, Any]


class Tally:
    """Adds up the batches of one pass.

    Args:
        loss: Shows the mean loss, as the model's metrics do theirs.
        metrics: All metrics. They are reset.
        others: Metrics that are shown, but fed by somebody else. They are reset, too.
    """

    def __init__(self, loss: Mean, metrics: Sequence[CompiledMetric], others: Sequence[Metric] = ()) -> None:
        self._tracker = loss
        self._metrics = metrics
        self._others = others
        self._in_core = [cast(Mean, entry.metric) for entry in metrics if entry.core_config is not None]
        self._in_python = [entry for entry in metrics if entry.core_config is None]
        self._totals = [0.0] * (2 * len(self._in_core))
        self._loss = 0.0
        self._rows = 0
        for metric in (loss, *(entry.metric for entry in metrics), *others):
            metric.reset_state()

    @classmethod
    def beside(cls, loss: Mean, metrics: Sequence[CompiledMetric]) -> Tally:
        """A tally that counts in copies, for a pass beside or within another one."""
        return cls(copy.deepcopy(loss), [entry._replace(metric=copy.deepcopy(entry.metric)) for entry in metrics])

    def room_for_outputs(self, batch: Batch, shape: tuple[int, ...]) -> NDArray[np.float32] | None:
        """Where the core is to put the batch's predictions; None where nobody looks at them."""
        return np.empty((batch[4] - batch[3], *shape), np.float32) if self._in_python else None

    def add(self, results: tuple[float, ...], batch: Batch, outputs: NDArray[np.float32] | None) -> None:
        """Adds a batch.

        Args:
            results: What the core returned: the loss, and sum and weight of every metric that it counts.
            batch: The batch.
            outputs: The array that `room_for_outputs` made, filled.
        """
        if len(results) != 1 + len(self._totals):
            raise RuntimeError("the model was compiled anew during this pass, by a callback or in another thread")
        rows = batch[4] - batch[3]
        self._loss += results[0] * rows
        self._rows += rows
        for i in range(len(self._totals)):
            self._totals[i] += results[i + 1]
        if outputs is not None:
            self._update_in_python(batch, outputs)

    def _update_in_python(self, batch: Batch, outputs: NDArray[np.float32]) -> None:
        _, y, order, start, stop, weights = batch
        rows = slice(start, stop) if order is None else order[start:stop]
        targets, outputs = y[rows].view(Tensor), outputs.view(Tensor)
        for entry in self._in_python:
            if entry.weighted:
                entry.metric.update_state(targets, outputs, sample_weight=None if weights is None else weights[rows])
            else:
                entry.metric.update_state(targets, outputs)

    def logs(self) -> Logs:
        """Loss and metrics of the batches so far, in alphabetical order as in Keras. The loss is the mean over rows."""
        self._tracker.set_total(self._loss, self._rows)
        for i, mean in enumerate(self._in_core):
            mean.set_total(self._totals[2 * i], self._totals[2 * i + 1])
        found: Logs = {"loss": self._loss / self._rows if self._rows else 0.0}
        shown = [(entry.name, entry.metric) for entry in self._metrics]
        for name, metric in (*shown, *((metric.name, metric) for metric in self._others)):
            result = metric.result()
            found.update(result if isinstance(result, Mapping) else {name: result})
        return {name: as_number(found[name]) for name in sorted(found)}


def as_number(value: Any) -> Any:
    """A float where `value` is a single number, else the value itself."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return value
