"""Models: networks of layers that can be trained."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from fashioncnn.layers import Layer
from fashioncnn.models.model import Model
from fashioncnn.models.sequential import Sequential
from fashioncnn.saving.whole import load_model, save_model
from fashioncnn.utils import absent, checks
from fashioncnn.utils.registry import LAYERS

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]


def model_from_json(json_string: str, custom_objects: Mapping[str, type[Layer]] | None = None) -> Model:
    """The model that `Model.to_json` or Keras described, without weights.

    Args:
        json_string: The description.
        custom_objects: Layer classes by name, besides those of `fashioncnn.layers`.

    Raises:
        ArgumentError: If a layer has an argument that is unknown.
        ValueError: If the description is malformed, or a class unknown.

    Example:
        >>> from fashioncnn import Input, layers
        >>> model = Sequential([Input((4,)), layers.Dense(3)])
        >>> model_from_json(model.to_json()).output_shape
        (None, 3)
    """
    import json

    config = json.loads(json_string)
    if not isinstance(config, dict):
        raise ValueError(f"model_from_json() got {type(config).__name__}; expected the description of a model")
    model = LAYERS.deserialize(config, custom_objects)
    if not isinstance(model, Model):
        raise ValueError(f"model_from_json() got the description of a layer: {model!r}")
    return model


def clone_model(model: Model, input_tensors: Any = None, clone_function: Any = None, call_function: Any = None,
                recursive: bool = False) -> Model:
    """A model with the same layers, but with weights of its own that start anew; compiled as the model is.

    Raises:
        ValueError: If an argument other than `model` is given.
    """
    options = {"input_tensors": input_tensors, "clone_function": clone_function, "call_function": call_function,
               "recursive": recursive}
    for name, value in options.items():
        if value is not None and value is not False:
            raise checks.unsupported("clone_model()", name, value, "clone_model(model)")
    custom_objects = {type(layer).__name__: type(layer) for layer in model._flatten_layers()}
    clone: Model = LAYERS.deserialize(LAYERS.serialize(model, compiled=False), custom_objects)
    if model._compile_arguments is not None:
        optimizer = model.optimizer
        arguments = {name: copy.deepcopy(value) for name, value in model._compile_arguments.items()
                     if name != "optimizer"}
        again = None if optimizer is None else type(optimizer).from_config(optimizer.get_config())
        clone.compile(**arguments, optimizer=again)
    return clone


__getattr__ = absent.module_getattr(__name__)
