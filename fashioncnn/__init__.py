"""A small, fast and reproducible trainer for convolutional networks on CPUs, with the face of Keras.

A Keras script runs with its import changed to ``import fashioncnn as keras``, and one that was written for TensorFlow
with ``import fashioncnn as tf``: `fashioncnn.keras` is this package.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from fashioncnn import _keras_alias
from fashioncnn._core import DataError, get_num_threads, set_num_threads

__version__ = "0.1.0"

keras = sys.modules[__name__]
_keras_alias.install(keras)

from fashioncnn import (  # noqa: E402
    activations,
    callbacks,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    saving,
    utils,
)
from fashioncnn import activations as nn  # noqa: E402
from fashioncnn.layers import Input, Layer  # noqa: E402
from fashioncnn.models import Model, Sequential  # noqa: E402

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


def __getattr__(name: str) -> Any:
    """Loads `datasets` at its first use."""
    if name == "datasets":
        return importlib.import_module("fashioncnn.datasets")
    raise AttributeError(f"module 'fashioncnn' has no attribute {name!r}")
