"""What `compile` is given: the loss and the metrics, found by their names and checked against each other."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fashioncnn import losses, metrics
from fashioncnn._core import Network
from fashioncnn.losses import Loss
from fashioncnn.losses.traced import is_traced
from fashioncnn.metrics import Metric
from fashioncnn.utils import checks, overrides


class CompiledMetric(NamedTuple):
    """A metric of a compiled model.

    Attributes:
        name: Its name in logs.
        metric: The metric.
        weighted: Whether it takes sample weights into account.
        core_config: What the core's `Network.set_objective` takes, or None where Python computes the metric.
        output: The number of the output that it judges.
    """

    name: str
    metric: Metric
    weighted: bool
    core_config: Mapping[str, object] | None
    output: int = 0

    @classmethod
    def of(cls, name: str, metric: Metric, weighted: bool, output: int) -> CompiledMetric:
        """The entry of a metric; who computes it is decided here, and stays so whatever becomes of its class."""
        config = None if overrides.overridden(metric, metric._core_methods) else metric.core_config()
        return cls(name, metric, weighted, None if config is None else {**config, "weighted": weighted}, output)


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


class Aim(NamedTuple):
    """What one output is trained for: a loss, or None, and its weight; and metrics as they were asked for.

    What names such as "accuracy" mean depends on the output's shape.
    """

    loss: Loss | None = None
    factor: float = 1.0
    wanted: tuple[tuple[Any, bool], ...] = ()  # metrics, and whether they are weighted


class Objective(NamedTuple):
    """What a model is trained for: an `Aim` for each output, and the outputs' names, which metrics begin with where
    there are several."""

    aims: tuple[Aim, ...]
    output_names: tuple[str, ...]

    @property
    def losses(self) -> list[Loss | None]:
        """The loss of each output."""
        return [aim.loss for aim in self.aims]

    @property
    def has_loss(self) -> list[bool]:
        """Which outputs have a loss."""
        return [aim.loss is not None for aim in self.aims]

    @property
    def traces(self) -> bool:
        """Whether a loss was written by a user: then the network has heads. See `models.heads`."""
        return any(map(is_traced, self.losses))

    @property
    def loss_names(self) -> dict[int, str]:
        """The outputs whose losses are shown, where there are several, by name in logs."""
        numbers = [number for number, has in enumerate(self.has_loss) if has]
        return {number: f"{self.output_names[number]}_loss" for number in numbers} if len(numbers) > 1 else {}

    def resolve(self, output_shapes: Sequence[tuple[int, ...]],
                targets: Sequence[tuple[int, ...] | None] | None = None) -> list[CompiledMetric]:
        """The metrics with their names in logs.

        Args:
            output_shapes: Without the batch axis.
            targets: The shapes of rows of targets, where they are known: what a user's loss takes follows from them.

        As in Keras, a weighted one whose name is taken is called "weighted_...", and others are numbered.

        Raises:
            ValueError: If a name is unknown, or a metric cannot compare what the loss takes.
        """
        resolved: dict[str, CompiledMetric] = {}
        for weighted in (False, True):
            for output, (aim, shape) in enumerate(zip(self.aims, output_shapes, strict=True)):
                for identifier, is_weighted in aim.wanted:
                    if is_weighted is not weighted:
                        continue
                    target = targets[output] if targets is not None else None
                    metric = _metric(identifier, aim.loss, shape, target)
                    prefix = f"{self.output_names[output]}_" if len(self.aims) > 1 else ""
                    name = next(name for name in _names(metric.name, weighted, prefix)
                                if name not in resolved and name != "loss")
                    compiled = CompiledMetric.of(name, metric, weighted, output)
                    resolved[name] = compiled._replace(core_config=None) if is_traced(aim.loss) else compiled
        return list(resolved.values())

    def warn_of_probabilities(self, activations: Sequence[str]) -> None:
        """Warns where a loss is told to expect logits, and the last activation before it makes probabilities."""
        for loss, activation in zip(self.losses, activations, strict=True):
            makes = "sigmoid" if isinstance(loss, losses.BinaryCrossentropy) else "softmax"
            if getattr(loss, "from_logits", False) and activation == makes:
                reads = (isinstance(loss, losses.CategoricalFocalCrossentropy)
                         or getattr(loss, "ignore_class", None) is not None)
                then = "the loss takes them as logits" if reads else "it is trained as with from_logits=False"
                warnings.warn(f"the loss has from_logits=True, but the model ends in a {makes}, which makes "
                              f"probabilities; {then}", stacklevel=4)

    def apply(self, network: Network, compiled: Sequence[CompiledMetric]) -> None:
        """Tells the core: all of it, or nothing if something does not fit the model."""
        if not any(self.has_loss):
            nothing: list[Mapping[str, object]] = []
            count = len(network.output_shapes)
            network.set_objective((None,) * count, (nothing,) * count)
            return
        headed = getattr(network, "target_shapes", (None,) * len(self.aims))
        configs = tuple(None if aim.loss is None or (is_traced(aim.loss) and target is None)
                        else {**aim.loss.core_config(), "factor": aim.factor}
                        for aim, target in zip(self.aims, headed, strict=True))
        counted = tuple([entry.core_config for entry in compiled if entry.output == output
                         and entry.core_config is not None] for output in range(len(self.aims)))
        network.set_objective(configs, counted)


NOTHING = Objective((Aim(),), ("",))


def read(loss: Any, loss_weights: Any, unweighted: Any, weighted: Any, output_names: Sequence[str]) -> Objective:
    """The objective for arguments of `compile`.

    Args:
        loss: A loss for all outputs, or a list of one for each, or a dict by output; None for an output without one.
        loss_weights: None, a number, or a list or dict of them.
        unweighted: None, or a list of metrics; for several outputs a list of one or more for each, or a dict by output.
        weighted: The same.
        output_names: The names of the model's outputs.

    Raises:
        ArgumentError: If an argument has the wrong type.
        ValueError: If a name is unknown, or there are not as many losses as outputs.
    """
    found = [losses.resolve(each) for each in _for_each_output("loss", loss, output_names)]
    factors = _for_each_output("loss_weights", loss_weights, output_names)
    plain = _metrics_for_each("metrics", unweighted, output_names)
    heavy = _metrics_for_each("weighted_metrics", weighted, output_names)
    aims = []
    for each, factor, first, second in zip(found, factors, plain, heavy, strict=True):
        number = 1.0 if factor is None else checks.number("loss_weights", factor)
        wanted = [(metric, False) for metric in first] + [(metric, True) for metric in second]
        aims.append(Aim(each, number, tuple(wanted)))
    return Objective(tuple(aims), tuple(output_names))


def _for_each_output(argument: str, value: Any, output_names: Sequence[str]) -> list[Any]:
    """One value for each output."""
    if isinstance(value, Mapping) and "class_name" not in value:
        _check_keys(argument, value, output_names)
        return [_only_one(argument, value.get(name)) for name in output_names]
    if not isinstance(value, (list, tuple)):
        return [value] * len(output_names)
    if len(value) != len(output_names):
        outputs = "one output" if len(output_names) == 1 else f"{len(output_names)} outputs"
        raise ValueError(f"compile() got {len(value)} values as `{argument}`; the model has {outputs}")
    return [_only_one(argument, each) for each in value]


def _only_one(argument: str, value: Any) -> Any:
    """The value, or that in a list of one.

    Raises:
        NotImplementedError: If it is a structure itself, which Keras takes for an output that is one.
        ValueError: If it is a list of several.
    """
    if isinstance(value, Mapping) and "class_name" not in value:
        raise NotImplementedError(f"compile(): several losses for one output are not supported by fashioncnn (yet), as "
                                  f"the dict {value!r} in `{argument}`: give each output one, in a list or a dict")
    if isinstance(value, (list, tuple)) and len(value) != 1:
        raise ValueError(f"compile() got {len(value)} values as `{argument}` for one output; it can have one")
    return value[0] if isinstance(value, (list, tuple)) else value


def _check_keys(argument: str, value: Mapping[str, Any], output_names: Sequence[str]) -> None:
    unknown = [key for key in value if key not in output_names]
    if unknown and len(output_names) == 1:
        raise ValueError(f"compile() got `{argument}` for the output {unknown[0]!r}; the model's only output is "
                         f"{output_names[0]!r}")
    if unknown:
        raise ValueError(f"compile() got `{argument}` for the output {unknown[0]!r}; the model's outputs are "
                         f"{', '.join(map(repr, output_names))}")


def _metrics_for_each(argument: str, value: Any, output_names: Sequence[str]) -> list[list[Any]]:
    """The metrics of each output."""
    if isinstance(value, Mapping):
        _check_keys(argument, value, output_names)
        return [list(_flattened(value.get(name))) for name in output_names]
    if value is None:
        return [[] for _ in output_names]
    if not isinstance(value, (list, tuple)):
        raise checks.ArgumentError(f"`{argument}` must be a list, got {value!r}")
    if len(output_names) == 1:
        return [list(_flattened(value))]
    if value and len(value) != len(output_names):
        raise ValueError(f"compile() got {len(value)} entries as `{argument}`; the model has {len(output_names)} "
                         "outputs: pass a list of metrics for each, or a dict by output")
    return [list(_flattened(each)) for each in value] or [[] for _ in output_names]


def _flattened(metric: Any) -> Iterator[Any]:
    if isinstance(metric, (list, tuple)):
        for inner in metric:
            yield from _flattened(inner)
    elif metric is not None:
        yield metric


def _metric(identifier: Any, loss: Loss | None, shape: tuple[int, ...], target: tuple[int, ...] | None) -> Metric:
    if not is_traced(loss):
        return metrics.resolve(identifier, loss, shape)
    is_sparse = target is not None and (len(target) < len(shape) or (target[-1:] == (1,) != shape[-1:]))
    return metrics.resolve(identifier, None, shape, is_sparse)


def _names(name: str, weighted: bool, prefix: str) -> Iterator[str]:
    """The names that a metric may have in logs, the best first."""
    yield f"{prefix}{name}"
    if weighted:
        name = f"weighted_{name}"
        yield f"{prefix}{name}"
    number = 1
    while True:
        yield f"{prefix}{name}_{number}"
        number += 1
