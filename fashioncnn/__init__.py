"""A small, fast and reproducible trainer for convolutional networks on CPUs, with the face of Keras.

A Keras script runs with its import changed to ``import fashioncnn as keras``, and one that was written for TensorFlow
with ``import fashioncnn as tf``: `fashioncnn.keras` is this package. Parts are loaded at their first use.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from fashioncnn import _keras_alias
from fashioncnn._core import DataError, get_num_threads, set_num_threads

if TYPE_CHECKING:
    from fashioncnn import (
        activations,
        callbacks,
        datasets,
        initializers,
        layers,
        losses,
        metrics,
        models,
        optimizers,
        saving,
        utils,
    )
    from fashioncnn import activations as nn
    from fashioncnn.layers import Input, Layer
    from fashioncnn.models import Model, Sequential

__version__ = "0.1.0"

__all__ = [
    "DataError",
    "Input",
    "Layer",
    "Model",
    "Sequential",
    "__version__",
    "activations",
    "callbacks",
    "datasets",
    "get_num_threads",
    "initializers",
    "keras",
    "layers",
    "losses",
    "metrics",
    "models",
    "nn",
    "optimizers",
    "saving",
    "set_num_threads",
    "utils",
]

keras = sys.modules[__name__]
_keras_alias.install(keras)
_homes = {"Input": "layers", "Layer": "layers", "Model": "models", "Sequential": "models"}


def __getattr__(name: str) -> Any:
    """Loads a part of the package when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module 'fashioncnn' has no attribute {name!r}")
    if name in _homes:
        value = getattr(importlib.import_module(f"fashioncnn.{_homes[name]}"), name)
    else:
        value = importlib.import_module("fashioncnn.activations" if name == "nn" else f"fashioncnn.{name}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
