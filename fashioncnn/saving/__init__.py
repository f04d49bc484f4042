"""Files: whole models and weights, Keras's own formats among them; and the names that objects have in them.

`docs/files.md` tells what each kind of file keeps.
"""

from __future__ import annotations

from fashioncnn.saving.objects import deserialize_keras_object, serialize_keras_object
from fashioncnn.saving.weights import load_weights, save_weights
from fashioncnn.saving.whole import load_model, save_model
from fashioncnn.utils import absent
from fashioncnn.utils.custom_objects import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)

# What makes models of others' files, and stands above this package.
_HOMES = {"from_onnx": "exchange.onnx_import", "from_torch": "exchange.torch_state",
          "to_torch": "exchange.torch_state"}

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
    *_HOMES,
]

__getattr__ = absent.module_getattr(__name__, _HOMES)
__dir__ = absent.module_dir(__name__)
