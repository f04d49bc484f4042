"""Files: a model's weights to and from .npz and .safetensors."""

from __future__ import annotations

from fashioncnn.saving.weights import load_weights, save_weights
from fashioncnn.utils import absent

__all__ = ["load_weights", "save_weights"]

__getattr__ = absent.module_getattr(__name__)
