"""Heads: what a network has beside the model's outputs, so that code of the user's decides what is made small.

A loss that a user wrote becomes nodes behind the prediction and a further input, the target; what `add_loss` was given
in a layer's `call` is a node already. Each is a further output, whose numbers are a part of the loss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fashioncnn._core import Network
from fashioncnn.layers.calls import Added
from fashioncnn.layers.graph import Graph
from fashioncnn.losses import Loss
from fashioncnn.losses.traced import is_traced
from fashioncnn.utils import checks, tracing

Shape = tuple[int, ...]


class Head(NamedTuple):
    """A further output of a network.

    Attributes:
        position: The node whose output it is.
        output: The number of the model's output that it judges; None: it is what a layer adds.
        target: The shape of a row of the target; None where there is none.
        joins: How the images' numbers become one, where the code says it itself: "mean" or "sum".
    """

    position: int
    output: int | None
    target: Shape | None
    joins: str | None


class _Owner:
    """Whose nodes those of a loss are."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._variables: dict[str, Any] = {}


def of_losses(graph: Graph, outputs: Sequence[int], losses: Sequence[Loss | None],
              targets: Sequence[Shape | None]) -> list[Head]:
    """Traces the losses that users wrote.

    Args:
        graph: The model's graph, to which nodes are added.
        outputs: Positions of the model's outputs.
        losses: One for each output.
        targets: Shapes of rows of their targets, which are None where there are none.

    Raises:
        ArgumentError: If a loss returns anything but a tensor.
        NotImplementedError: If it does what cannot be traced.
    """
    heads: list[Head] = []
    for number, (position, loss, target) in enumerate(zip(outputs, losses, targets, strict=True)):
        if loss is not None and target is not None and is_traced(loss):
            y_true = graph.input(target, f"target of {loss.name}")
            with tracing.running(tracing.Trace(graph, _Owner(loss.name), joins_batch=True)) as trace:
                tensors: list[Any] = [tracing.TracedTensor(trace, place) for place in (y_true, position)]
                result: Any = loss.call(*tensors)
                if not isinstance(result, tracing.TracedTensor) or not (result.batched or result.of_batch):
                    raise checks.ArgumentError(f"the loss '{loss.name}' must return a tensor that it makes of y_true "
                                               f"and y_pred, got {result!r}")
                if result.is_flat:  # whose mean is that of the images' means
                    result = tracing.TracedTensor(trace, result.position)
                column = trace.reshaped(result, (*result.image_shape, 1))
            heads.append(Head(column.position, number, target,
                              result.joins if result.batched else "mean"))
    return heads


def of_layers(added: Sequence[Added]) -> list[Head]:
    """What layers add to the loss: sums over the batch, unless they are means."""
    return [Head(each.position, None, None, each.joins or ("sum" if each.batched else "mean")) for each in added]


class HeadedNetwork:
    """A network with heads, which looks like one without: its calls take what `Network`'s do, and return the same.

    Args:
        network: The network: the model's outputs come first among its outputs, then the heads; targets come last among
            its inputs, in the order of the heads.
        outputs: How many outputs the model has.
        heads: The heads.
    """

    _network: Network
    _outputs: int
    _has_targets: list[Head]
    heads: list[Head]
    target_shapes: list[Shape | None]

    def __init__(self, network: Network, outputs: int, heads: Sequence[Head]) -> None:
        self.__dict__.update(_network=network, _outputs=outputs, heads=list(heads))
        judged = {head.output: head.target for head in heads if head.output is not None}
        self.__dict__.update(target_shapes=[judged.get(number) for number in range(outputs)],
                             _has_targets=[head for head in heads if head.target is not None])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._network, name, value)

    @property
    def input_shapes(self) -> list[Shape]:
        """Those of the model's inputs."""
        shapes = self._network.input_shapes
        return shapes[: len(shapes) - len(self._has_targets)]

    @property
    def output_shapes(self) -> list[Shape]:
        """Those of the model's outputs."""
        return self._network.output_shapes[: self._outputs]

    def set_objective(self, loss: Sequence[Mapping[str, Any] | None], metrics: Sequence[Any]) -> None:
        """See `Network.set_objective`: the loss of an output that a head judges is that of the head."""
        own = [None if shape is not None else each for each, shape in zip(loss, self.target_shapes, strict=True)]
        for head in self.heads:
            of_head = {"type": "value"} if head.output is None else dict(loss[head.output] or {})
            if head.joins is not None:
                of_head["reduction"] = {"mean": "sum_over_batch_size", "sum": "sum"}[head.joins]
            own.append(of_head)
        self._network.set_objective(tuple(own), (*metrics, *([] for _ in self.heads)))

    def train_step(self, *batch: Any) -> tuple[float, ...]:
        """See `Network.train_step`."""
        return self._scores(self._network.train_step(*self._with_heads(*batch)))

    def test_step(self, *batch: Any) -> tuple[float, ...]:
        """See `Network.test_step`."""
        return self._scores(self._network.test_step(*self._with_heads(*batch)))

    def compute_gradients(self, *batch: Any) -> tuple[float, ...]:
        """See `Network.compute_gradients`."""
        return self._scores(self._network.compute_gradients(*self._with_heads(*batch)))

    def predict(self, x: Any, start: int, stop: int, out: Any, training: bool | None = False) -> tuple[float, ...]:
        """See `Network.predict`: heads that judge are of no use there, and see targets of zeros.

        `out` may go on with arrays for what layers add to the loss.
        """
        inputs = x if isinstance(x, tuple) else (x,)
        zeros = tuple(_zeros(len(inputs[0]), head.target) for head in self._has_targets)
        outputs = out if isinstance(out, tuple) else (out,)
        added = iter(outputs[self._outputs :])
        of_heads = [next(added, None) if head.output is None else None for head in self.heads]
        return self._network.predict((*inputs, *zeros), start, stop, (*outputs[: self._outputs], *of_heads), training)

    def _with_heads(self, x: Any, y: Any, order: Any, start: int, stop: int, weights: Any = None,
                    outputs: Any = None) -> tuple[Any, ...]:
        """A batch as the network takes it: targets are inputs, and heads count as the outputs that they judge."""
        inputs = x if isinstance(x, tuple) else (x,)
        ys = y if isinstance(y, tuple) else (y,) * self._outputs
        given = weights if isinstance(weights, tuple) else (weights,) * self._outputs
        self._check_weights(given)
        targets = tuple(ys[head.output] for head in self._has_targets if head.output is not None)
        own = [None if shape is not None else each for each, shape in zip(ys, self.target_shapes, strict=True)]
        rows = len(inputs[0])
        own += [_zeros(rows, self._network.output_shapes[self._outputs + number])
                for number in range(len(self.heads))]
        of_own = [None if shape is not None else each for each, shape in zip(given, self.target_shapes, strict=True)]
        of_own += [None if head.output is None else given[head.output] for head in self.heads]
        filled = outputs if isinstance(outputs, tuple) else (outputs,) * self._outputs
        return ((*inputs, *targets), tuple(own), order, start, stop, tuple(of_own),
                (*filled, *(None for _ in self.heads)))

    def _check_weights(self, weights: Sequence[Any]) -> None:
        for head in self.heads:
            if head.output is not None and head.joins is not None and weights[head.output] is not None:
                raise NotImplementedError("sample weights do not go with a loss of your own that returns one number "
                                          "for the whole batch: return one for each image, ops.mean(..., axis=-1)")

    def _scores(self, results: tuple[float, ...]) -> tuple[float, ...]:
        """The results without those of the heads, but for their losses."""
        loss, count = results[0], self._outputs + len(self.heads)
        losses, metrics = list(results[1 : 1 + self._outputs]), results[1 + count:]
        for number, head in enumerate(self.heads):
            if head.output is not None:
                losses[head.output] = results[1 + self._outputs + number]
        return (loss, *(losses if self._outputs > 1 else ()), *metrics)


def _zeros(rows: int, shape: Shape | None) -> Any:
    """Zeros for so many rows, at the cost of one number."""
    return np.broadcast_to(np.float32(0), (rows, *(shape or ())))
