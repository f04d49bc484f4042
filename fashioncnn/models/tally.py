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


def listed(logs: Logs, metrics: Sequence[CompiledMetric], losses: Sequence[Mean],
           outputs: int) -> float | list[float]:
    """The results without their names, in Keras's order: the metrics of several outputs as `logs` has them."""
    if not metrics and not losses:
        return float(logs["loss"])
    names = ["loss", *([] if outputs > 1 else [entry.name for entry in metrics]), *(loss.name for loss in losses)]
    known = [name for name in names if name in logs]
    return [logs[name] for name in (*known, *(name for name in logs if name not in known))]


class Tally:
    """Adds up the batches of one pass.

    Args:
        loss: Shows the mean loss, as the model's metrics do theirs.
        losses: Those of the outputs that have one, by their numbers, where there are several.
        metrics: All metrics. They are reset.
        others: Metrics that are shown, but fed by somebody else. They are reset, too.
        outputs: How many outputs the model has.
    """

    def __init__(self, loss: Mean, losses: Mapping[int, Mean], metrics: Sequence[CompiledMetric],
                 others: Sequence[Metric] = (), outputs: int = 1) -> None:
        self._tracker = loss
        self._losses = losses
        self._outputs = outputs
        self._metrics = metrics
        self._others = others
        counted = sorted((entry for entry in metrics if entry.core_config is not None), key=lambda entry: entry.output)
        self._in_core = [cast(Mean, entry.metric) for entry in counted]  # in the order of the core's results
        self._in_python = [entry for entry in metrics if entry.core_config is None]
        self._parts = outputs if outputs > 1 else 0  # losses of outputs among the core's results
        self._totals = [0.0] * (2 * len(self._in_core))
        self._loss = 0.0
        self._part_losses = [0.0] * self._parts
        self._rows = self._batches = 0
        for metric in (loss, *losses.values(), *(entry.metric for entry in metrics), *others):
            metric.reset_state()

    @classmethod
    def beside(cls, loss: Mean, losses: Mapping[int, Mean], metrics: Sequence[CompiledMetric], outputs: int) -> Tally:
        """A tally that counts in copies, for a pass beside or within another one."""
        copies = [entry._replace(metric=copy.deepcopy(entry.metric)) for entry in metrics]
        return cls(copy.deepcopy(loss), copy.deepcopy(dict(losses)), copies, outputs=outputs)

    def room_for_outputs(self, batch: Batch, shapes: Sequence[tuple[int, ...]]) -> Any:
        """Where the core is to put the batch's predictions; None where nobody looks at them."""
        if not self._in_python:
            return None
        return tuple(np.empty((batch[4] - batch[3], *shape), np.float32) for shape in shapes)

    def add(self, results: tuple[float, ...], batch: Batch, outputs: Sequence[NDArray[np.float32]] | None) -> None:
        """Adds a batch.

        Args:
            results: What the core returned: the loss, those of several outputs, and sum and weight of every metric that
                it counts.
            batch: The batch.
            outputs: The arrays that `room_for_outputs` made, filled.
        """
        first = 1 + self._parts
        if len(results) != first + len(self._totals):
            raise RuntimeError("the model was compiled anew during this pass, by a callback or in another thread")
        rows = batch[4] - batch[3]
        self._loss += results[0] * rows
        self._rows += rows
        for i in range(self._parts):
            self._part_losses[i] += results[i + 1]
        self._batches += 1
        for i in range(len(self._totals)):
            self._totals[i] += results[i + first]
        if outputs is not None:
            self._update_in_python(batch, outputs)

    def _update_in_python(self, batch: Batch, outputs: Sequence[NDArray[np.float32]]) -> None:
        _, y, order, start, stop, weights = batch
        rows = slice(start, stop) if order is None else order[start:stop]
        for entry in self._in_python:
            own_y, own_weights = _of_output(y, entry.output), _of_output(weights, entry.output)
            targets, predictions = own_y[rows].view(Tensor), outputs[entry.output].view(Tensor)
            if entry.weighted:
                own = None if own_weights is None else own_weights[rows]
                entry.metric.update_state(targets, predictions, sample_weight=own)
            else:
                entry.metric.update_state(targets, predictions)

    def logs(self) -> Logs:
        """Loss and metrics of the batches so far, in alphabetical order as in Keras.

        The loss is the mean over rows; those of single outputs are means over batches.
        """
        self._tracker.set_total(self._loss, self._rows)
        for i, mean in enumerate(self._in_core):
            mean.set_total(self._totals[2 * i], self._totals[2 * i + 1])
        found: Logs = {"loss": self._loss / self._rows if self._rows else 0.0}
        for number, tracker in self._losses.items():
            tracker.set_total(self._part_losses[number], self._batches)
            found[tracker.name] = self._part_losses[number] / self._batches if self._batches else 0.0
        shown = [(entry.name, entry.metric) for entry in self._metrics]
        for name, metric in (*shown, *((metric.name, metric) for metric in self._others)):
            result = metric.result()
            found.update(result if isinstance(result, Mapping) else {name: result})
        return {name: as_number(found[name]) for name in sorted(found)}


def _of_output(arrays: Any, output: int) -> Any:
    return arrays[output] if isinstance(arrays, tuple) else arrays


def as_number(value: Any) -> Any:
    """A float where `value` is a single number, else the value itself."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return value
