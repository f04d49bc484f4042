"""Files: whole models and weights, Keras's own formats among them; and the names that objects have in them.

`docs/files.md` tells what each kind of file keeps.
"""

from __future__ import annotations

from fashioncnn import _lazily
from fashioncnn.utils import absent

with _lazily.imports(__name__):
    # What makes models of others' files, and stands above this package.
    from fashioncnn.exchange.onnx_import import from_onnx
    from fashioncnn.exchange.torch_state import from_torch, to_torch
    from fashioncnn.saving.objects import deserialize_keras_object, serialize_keras_object
    from fashioncnn.saving.weights import load_weights, save_weights
    from fashioncnn.saving.whole import load_model, save_model
    from fashioncnn.utils.custom_objects import (
        CustomObjectScope,
        custom_object_scope,
        get_custom_objects,
        get_registered_name,
        get_registered_object,
        register_keras_serializable,
    )

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "deserialize_keras_object",
    "from_onnx",
    "from_torch",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
    "to_torch",
]

__getattr__ = absent.module_getattr(__name__)
__dir__ = absent.module_dir(__name__)
