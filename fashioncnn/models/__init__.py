"""Models: networks of layers that can be trained."""

from __future__ import annotations

from collections.abc import Mapping

from fashioncnn import _lazily
from fashioncnn.utils import absent
from fashioncnn.utils.registry import LAYERS

with _lazily.imports(__name__):
    from fashioncnn.layers import Layer
    from fashioncnn.models.cloning import clone_model
    from fashioncnn.models.model import Model
    from fashioncnn.models.sequential import Sequential
    from fashioncnn.saving.whole import load_model, save_model

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
        >>> from fashioncnn import Input, Sequential, layers
        >>> model = Sequential([Input((4,)), layers.Dense(3)])
        >>> model_from_json(model.to_json()).output_shape
        (None, 3)
    """
    import json

    from fashioncnn.models.model import Model

    config = json.loads(json_string)
    if not isinstance(config, dict):
        raise ValueError(f"model_from_json() got {type(config).__name__}; expected the description of a model")
    model = LAYERS.deserialize(config, custom_objects)
    if not isinstance(model, Model):
        raise ValueError(f"model_from_json() got the description of a layer: {model!r}")
    return model


__getattr__ = absent.module_getattr(__name__)
__dir__ = absent.module_dir(__name__)
