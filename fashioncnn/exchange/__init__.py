"""Models to and from other programs. `Model.export` and `saving` offer what is here."""

from __future__ import annotations

from fashioncnn.exchange.export import export
from fashioncnn.exchange.onnx_import import from_onnx
from fashioncnn.exchange.torch_state import from_torch, to_torch

__all__ = ["export", "from_onnx", "from_torch", "to_torch"]
