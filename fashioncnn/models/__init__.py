"""Models: networks of layers that can be trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fashioncnn import layers
from fashioncnn.layers import Layer
from fashioncnn.models.model import Model
from fashioncnn.models.sequential import Sequential

__all__ = ["Model", "Sequential", "clone_model", "model_from_json"]


def model_from_json(json_string: str, custom_objects: Mapping[str, type[Layer]] | None = None) -> Model:
    """The model that `Model.to_json` or Keras described, without weights.

    Args:
        json_string: The description.
        custom_objects: Layer classes by name, besides those of `fashioncnn.layers`.

    Raises:
        TypeError: If a layer has an argument that is unknown.
        ValueError: If the description is malformed, or a class unknown.

    Example:
        >>> from fashioncnn import Input
        >>> model = Sequential([Input((4,)), layers.Dense(3)])
        >>> model_from_json(model.to_json()).output_shape
        (None, 3)
    """
    import json

    config = json.loads(json_string)
    if not isinstance(config, dict):
        raise ValueError(f"model_from_json() got {type(config).__name__}; expected the description of a model")
    model = layers.deserialize(config, custom_objects)
    if not isinstance(model, Model):
        raise ValueError(f"model_from_json() got the description of a layer: {model!r}")
    return model


def clone_model(model: Model, input_tensors: Any = None, clone_function: Any = None) -> Model:
    """A model with the same layers, but with weights of its own that start anew.

    Raises:
        ValueError: If an argument other than `model` is given.
    """
    if input_tensors is not None or clone_function is not None:
        raise ValueError("clone_model() with `input_tensors` or `clone_function` is not supported by fashioncnn; "
                         "supported: clone_model(model)")
    clone = layers.deserialize(layers.serialize(model))
    assert isinstance(clone, Model)
    return clone
