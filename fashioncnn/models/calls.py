"""A model's outputs for arrays, without callbacks and with as little in between as possible."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.layers.calls import outputs_of
from fashioncnn.models import forms, validation
from fashioncnn.models.sources import ArraySource
from fashioncnn.models.validation import Names
from fashioncnn.utils import structures
from fashioncnn.utils.arrays import as_array
from fashioncnn.utils.tensor import Tensor


def outputs_for(model: Any, caller: str, x: Any, training: bool | None) -> Any:
    """The outputs, in the form that the model has for them.

    Args:
        model: The model, which is built if need be.
        caller: For messages.
        x: Its inputs.
        training: See `Model.__call__`.

    Raises:
        ArgumentError, ValueError: If the inputs do not fit the model.
    """
    names = Names(caller)
    forms.learn(model, caller, x)
    is_single = type(x) is np.ndarray and model.network is not None and len(model.network.input_shapes) == 1
    parts = [x] if is_single else model._ports().split_inputs(caller, names.x, x)
    arrays = [as_array(caller, names.x, part, may_be_empty=True) for part in parts]
    if model.network is None or model._is_open:
        x = x if len(arrays[0]) else structures.mapped(lambda part: np.zeros((1, *np.shape(part)[1:])), x)
        model._prepare([ArraySource(names, x, ports=model._ports())], with_targets=False)
    network = model.built_network
    arrays = [validation.inputs(names, array, shape, False)
              for array, shape in zip(arrays, network.input_shapes, strict=True)]
    training = training if training is None and model._is_told else bool(training)
    if training is False:
        return model._packed_arrays(_computed(model, arrays, False))
    with _moving_statistics(model):
        return model._packed_arrays(_computed(model, arrays, training))


def _computed(model: Any, arrays: list[NDArray[Any]], training: bool | None) -> list[Tensor]:
    model._pull()
    network = model.built_network
    return outputs_of(network, arrays, network.output_shapes, training, model._penalized, model._added)


@contextmanager
def _moving_statistics(model: Any) -> Iterator[None]:
    """Statistics follow the batch, as in training, and live in this model's network meanwhile."""
    with model._holding_weights():
        model.built_network.trainable = model._trainable_flags()
        yield
