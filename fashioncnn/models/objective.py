"""What `compile` is given: the loss and the metrics, found by their names and checked against each other."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fashioncnn import losses, metrics
from fashioncnn._core import Network
from fashioncnn.losses import Loss
from fashioncnn.metrics import Metric
from fashioncnn.utils import checks, overrides


class CompiledMetric(NamedTuple):
    """A metric of a compiled model.

    Attributes:
        name: Its name in logs.
        metric: The metric.
        weighted: Whether it takes sample weights into account.
        core_config: What the core's `Network.set_objective` takes, or None where Python computes the metric.
    """

    name: str
    metric: Metric
    weighted: bool
    core_config: Mapping[str, object] | None

    @classmethod
    def of(cls, name: str, metric: Metric, weighted: bool) -> CompiledMetric:
        """The entry of a metric; who computes it is decided here, and stays so whatever becomes of its class."""
        config = None if overrides.overridden(metric, metric._core_methods) else metric.core_config()
        return cls(name, metric, weighted, None if config is None else {**config, "weighted": weighted})


class CompileMetrics(Metric):
    """All metrics of a compiled model as one, as Keras has it among a model's `metrics`.

    Args:
        compiled: The metrics.
    """

    _instead = ""

    def __init__(self, compiled: Sequence[CompiledMetric]) -> None:
        super().__init__(name="compile_metrics")
        self.metrics = [entry.metric for entry in compiled]
        self._names = [entry.name for entry in compiled]

    @property
    def variables(self) -> list[Any]:
        return [variable for metric in self.metrics for variable in metric.variables]

    def reset_state(self) -> None:
        for metric in self.metrics:
            metric.reset_state()

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Refuses: `fit` and `evaluate` feed the metrics, some of them in the core."""
        raise NotImplementedError("the metrics of a compiled model are fed by fit() and evaluate()")

    def result(self) -> dict[str, Any]:
        """The result of each metric, by the name it has in logs."""
        return {name: metric.result() for name, metric in zip(self._names, self.metrics, strict=True)}


class Objective(NamedTuple):
    """A loss, and metrics as they were asked for; what names such as "accuracy" mean depends on the model's output."""

    loss: Loss | None
    factor: float
    wanted: tuple[tuple[Any, bool], ...]

    def resolve(self, output_shape: tuple[int, ...]) -> list[CompiledMetric]:
        """The metrics with their names in logs.

        As in Keras, a weighted one whose name is taken is called "weighted_...", and others are numbered.

        Raises:
            ValueError: If a name is unknown, or a metric cannot compare what the loss takes.
        """
        resolved: dict[str, CompiledMetric] = {}
        for identifier, weighted in self.wanted:
            metric = metrics.resolve(identifier, self.loss, output_shape)
            name = next(name for name in _names(metric.name, weighted) if name not in resolved and name != "loss")
            resolved[name] = CompiledMetric.of(name, metric, weighted)
        return list(resolved.values())

    def warn_of_probabilities(self, activation: str) -> None:
        """Warns where the loss is told to expect logits, and the model's last activation makes probabilities."""
        makes = "sigmoid" if isinstance(self.loss, losses.BinaryCrossentropy) else "softmax"
        if getattr(self.loss, "from_logits", False) and activation == makes:
            warnings.warn(f"the loss has from_logits=True, but the model ends in a {makes}, which makes probabilities; "
                          "it is trained as with from_logits=False", stacklevel=4)

    def apply(self, network: Network, compiled: Sequence[CompiledMetric]) -> None:
        """Tells the core: all of it, or nothing if something does not fit the model."""
        if self.loss is None:
            network.set_objective(None, [])
            return
        configs = [entry.core_config for entry in compiled]
        loss = {**self.loss.core_config(), "factor": self.factor}
        network.set_objective(loss, [config for config in configs if config is not None])


NOTHING = Objective(None, 1.0, ())


def read(loss: Any, loss_weights: Any, unweighted: Any, weighted: Any, output_name: str) -> Objective:
    """The objective for arguments of `compile`.

    Args:
        loss: A loss, or a list or dict of one.
        loss_weights: None, a number, or a list or dict of one.
        unweighted: None, or a list or dict of metrics, or lists of them.
        weighted: The same.
        output_name: The key of the dicts: what the model's output is called.

    Raises:
        ArgumentError: If an argument has the wrong type.
        NotImplementedError: If the loss is written in Python.
        ValueError: If a name is unknown, or there is more than one loss.
    """
    found = losses.resolve(_only_one("loss", loss, output_name))
    factor = _only_one("loss_weights", loss_weights, output_name)
    wanted = [(metric, False) for metric in _listed("metrics", unweighted, output_name)]
    wanted += [(metric, True) for metric in _listed("weighted_metrics", weighted, output_name)]
    return Objective(found, 1.0 if factor is None else checks.number("loss_weights", factor), tuple(wanted))


def _only_one(argument: str, value: Any, output_name: str) -> Any:
    """The value for the model's one output."""
    if isinstance(value, Mapping) and "class_name" not in value:
        _check_keys(argument, value, output_name)
        value = list(value.values())
    if not isinstance(value, (list, tuple)):
        return value
    if len(value) != 1:
        raise ValueError(f"compile() got {len(value)} values as `{argument}`; the model has one output")
    return value[0]


def _check_keys(argument: str, value: Mapping[str, Any], output_name: str) -> None:
    unknown = [key for key in value if key != output_name]
    if unknown:
        raise ValueError(f"compile() got `{argument}` for the output {unknown[0]!r}; the model's only output is "
                         f"{output_name!r}")


def _listed(argument: str, value: Any, output_name: str) -> Iterator[Any]:
    """The metrics in lists of lists, or in a dict of them."""
    if isinstance(value, Mapping):
        _check_keys(argument, value, output_name)
        yield from _flattened(list(value.values()))
    elif isinstance(value, (list, tuple)):
        yield from _flattened(value)
    elif value is not None:
        raise checks.ArgumentError(f"`{argument}` must be a list, got {value!r}")


def _flattened(metric: Any) -> Iterator[Any]:
    if isinstance(metric, (list, tuple)):
        for inner in metric:
            yield from _flattened(inner)
    elif metric is not None:
        yield metric


def _names(name: str, weighted: bool) -> Iterator[str]:
    """The names that a metric may have in logs, the best first."""
    yield name
    if weighted:
        name = f"weighted_{name}"
        yield name
    number = 1
    while True:
        yield f"{name}_{number}"
        number += 1
