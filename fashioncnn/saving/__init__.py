"""Files: a model's weights to and from .npz and .safetensors; models of other programs."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from fashioncnn.saving.weights import load_weights, save_weights
from fashioncnn.utils import absent

if TYPE_CHECKING:
    from fashioncnn.exchange import from_onnx, from_torch, to_torch

__all__ = ["from_onnx", "from_torch", "load_weights", "save_weights", "to_torch"]

_look_up = absent.module_getattr(__name__)


def __getattr__(name: str) -> Any:
    """Loads what is exchanged with other programs when it is first asked for: it needs models, and these need files."""
    if name in __all__:
        return getattr(importlib.import_module("fashioncnn.exchange"), name)
    return _look_up(name)
