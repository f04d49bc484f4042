"""The loops over batches: one call of the core each, and as little Python as possible around it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import Network
from fashioncnn.callbacks import CallbackList
from fashioncnn.models.sources import Batch
from fashioncnn.models.tally import Tally

if TYPE_CHECKING:
    from fashioncnn.optimizers import Optimizer


class Computing(Protocol):
    """What the loops ask of a model."""

    stop_training: bool
    stop_evaluating: bool
    stop_predicting: bool
    steps_per_execution: int

    @property
    def optimizer(self) -> Optimizer | None: ...
    @property
    def built_network(self) -> Network: ...
    def _trainable_flags(self) -> list[bool]: ...
    def _packed_arrays(self, arrays: list[NDArray[np.float32]]) -> Any: ...


def train(model: Computing, batches: Iterable[Batch], tally: Tally, callbacks: CallbackList) -> int:
    """One update for each batch, until `model.stop_training`; returns their number."""
    network = model.built_network
    network.trainable = model._trainable_flags()
    train_step, add, shapes = network.train_step, tally.add, network.output_shapes
    watched, optimizer = callbacks.wants_train_batches, _optimizer_of(model)
    count, together = 0, model.steps_per_execution
    for batch in batches:
        if watched and count % together == 0:
            callbacks.on_train_batch_begin(count)
            network.trainable, optimizer = model._trainable_flags(), _optimizer_of(model)
        if optimizer.has_schedule:
            network.learning_rate = optimizer.rate_for_step(network.iterations)
        outputs = tally.room_for_outputs(batch, shapes)
        add(train_step(*batch, outputs), batch, outputs)
        count += 1
        if count % together == 0:
            if watched:
                callbacks.on_train_batch_end(count - 1, tally.logs())
            if model.stop_training:
                break
    if watched and count % together:
        callbacks.on_train_batch_end(_last_of(count, together), tally.logs())
    return count


def _last_of(count: int, together: int) -> int:
    """The number of the last batch, for callbacks, of batches that are run so many together: of a whole such run."""
    return count + -count % together - 1


def _optimizer_of(model: Computing) -> Optimizer:
    assert model.optimizer is not None, "training needs a compiled model"
    return model.optimizer


def test(model: Computing, batches: Iterable[Batch], tally: Tally, callbacks: CallbackList) -> int:
    """Loss and metrics of each batch, until `model.stop_evaluating`; returns their number."""
    network = model.built_network
    network.trainable = model._trainable_flags()  # for the penalties of regularizers
    test_step, add, shapes = network.test_step, tally.add, network.output_shapes
    watched = callbacks.wants_test_batches
    count, together = 0, model.steps_per_execution
    for batch in batches:
        if watched and count % together == 0:
            callbacks.on_test_batch_begin(count)
        outputs = tally.room_for_outputs(batch, shapes)
        add(test_step(*batch, outputs), batch, outputs)
        count += 1
        if count % together == 0:
            if watched:
                callbacks.on_test_batch_end(count - 1, tally.logs())
            if model.stop_evaluating:
                break
    if watched and count % together:
        callbacks.on_test_batch_end(_last_of(count, together), tally.logs())
    return count


def predict(model: Computing, batches: Iterable[Batch], rows: int | None,
            callbacks: CallbackList) -> list[NDArray[np.float32]]:
    """The model's outputs, one row for each row of the batches, until `model.stop_predicting`.

    Args:
        model: The model.
        batches: What to predict.
        rows: How many rows all batches have together, where they are parts of one array; None: not known.
        callbacks: Whom to tell.
    """
    network = model.built_network
    shapes = network.output_shapes
    watched = callbacks.wants_predict_batches
    whole = None if rows is None else tuple(np.empty((rows, *shape), np.float32) for shape in shapes)
    parts: list[list[NDArray[np.float32]]] = []
    count, together = 0, model.steps_per_execution
    for x, _, _, start, stop, _ in batches:
        if watched and count % together == 0:
            callbacks.on_predict_batch_begin(count)
        outputs = tuple(np.empty((stop, *shape), np.float32) for shape in shapes) if whole is None else whole
        network.predict(x, start, stop, outputs)
        parts.append([output[start:stop] for output in outputs])
        count += 1
        if count % together == 0:
            if watched:
                callbacks.on_predict_batch_end(count - 1, {"outputs": model._packed_arrays(_joined(parts[-together:]))})
            if model.stop_predicting:
                break
    if watched and (left := count % together):
        outputs_left = model._packed_arrays(_joined(parts[-left:]))
        callbacks.on_predict_batch_end(_last_of(count, together), {"outputs": outputs_left})
    if whole is not None:
        return [output[: sum(len(part[0]) for part in parts)] for output in whole]
    if not parts:
        return [np.empty((0, *shape), np.float32) for shape in shapes]
    return _joined(parts)


def _joined(parts: list[list[NDArray[np.float32]]]) -> list[NDArray[np.float32]]:
    """Each output's rows of several batches."""
    return parts[0] if len(parts) == 1 else [np.concatenate(output) for output in zip(*parts, strict=True)]
