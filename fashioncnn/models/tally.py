"""The loss and the metrics of a pass over data, while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

from fashioncnn._core import Network
from fashioncnn.metrics import Mean, Metric
from fashioncnn.models.sources import Batch


class CompiledMetric(NamedTuple):
    """A metric of a compiled model."""

    name: str
    metric: Metric
    weighted: bool

    def core_config(self) -> dict[str, object] | None:
        """What the core's `Network.set_metrics` takes, or None where Python computes the metric."""
        config = self.metric.core_config()
        return None if config is None else {**config, "weighted": self.weighted}


class Tally:
    """Adds up batches; made anew for every pass, when the metrics have just been reset.

    Args:
        network: Counts the metrics that the core knows.
        metrics: All metrics.
    """

    def __init__(self, network: Network, metrics: Sequence[CompiledMetric]) -> None:
        self._network = network
        self._in_core = [cast(Mean, compiled.metric) for compiled in metrics if compiled.core_config() is not None]
        self._in_python = [compiled for compiled in metrics if compiled.core_config() is None]
        self._metrics = {compiled.name: compiled.metric for compiled in metrics}
        self._order = sorted(["loss", *self._metrics])
        self._loss = 0.0
        self._rows = 0

    def add(self, loss: float, batch: Batch) -> None:
        """Adds the batch that the network has just run."""
        rows = batch[4] - batch[3]
        self._loss += loss * rows
        self._rows += rows
        if self._in_python:
            self._update_in_python(batch)

    def _update_in_python(self, batch: Batch) -> None:
        _, y, order, start, stop, weights = batch
        rows = slice(start, stop) if order is None else order[start:stop]
        outputs = self._network.last_outputs()
        for _, metric, weighted in self._in_python:
            metric.update_state(y[rows], outputs, weights[rows] if weighted and weights is not None else None)

    def logs(self) -> dict[str, float]:
        """Loss and metrics of the batches so far, in alphabetical order as in Keras. The loss is the mean over rows."""
        for metric, totals in zip(self._in_core, self._network.metric_totals(), strict=True):
            metric.set_total(*totals)
        loss = self._loss / self._rows if self._rows else 0.0
        return {name: loss if name == "loss" else self._metrics[name].result() for name in self._order}
