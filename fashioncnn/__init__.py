"""A small, fast and reproducible trainer for convolutional networks on CPUs, with the face of Keras.

A Keras script runs with its import changed to ``import fashioncnn as keras``, and one that was written for TensorFlow
with ``import fashioncnn as tf``: `fashioncnn.keras` is this package. Parts are loaded at their first use.
"""

from __future__ import annotations

import importlib
import sys

from fashioncnn import _imports

TYPE_CHECKING = False  # as typing has it, which takes long to import
if TYPE_CHECKING:
    from typing import Any

    from fashioncnn import (
        activations,
        applications,
        backend,
        callbacks,
        config,
        constraints,
        datasets,
        dtype_policies,
        initializers,
        layers,
        losses,
        metrics,
        mixed_precision,
        models,
        optimizers,
        preprocessing,
        random,
        regularizers,
        saving,
        utils,
        visualization,
    )
    from fashioncnn import config as test
    from fashioncnn import data as data
    from fashioncnn import sklearn as sklearn
    from fashioncnn import testing as testing
    from fashioncnn._core import DataError, get_num_threads, set_num_threads
    from fashioncnn._tf import image as image
    from fashioncnn._tf import io as io
    from fashioncnn._tf import math as math
    from fashioncnn._tf import nn as nn
    from fashioncnn.initializers import Initializer
    from fashioncnn.layers import Input, Layer
    from fashioncnn.layers.symbolic import KerasTensor
    from fashioncnn.losses import Loss
    from fashioncnn.metrics import Metric
    from fashioncnn.models import Model, Sequential
    from fashioncnn.optimizers import Optimizer
    from fashioncnn.regularizers import Regularizer
    from fashioncnn.utils.policies import DTypePolicy
    from fashioncnn.utils.policies import DTypePolicy as FloatDTypePolicy
    from fashioncnn.utils.variable import Variable

# The first two numbers are those of the Keras whose API this is, the third counts our releases of it.
__version__ = "3.15.0"

__all__ = [
    "DTypePolicy",
    "DataError",
    "FloatDTypePolicy",
    "Initializer",
    "Input",
    "KerasTensor",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Regularizer",
    "Sequential",
    "Variable",
    "__version__",
    "activations",
    "applications",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "datasets",
    "dtype_policies",
    "get_num_threads",
    "initializers",
    "keras",
    "layers",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "nn",
    "ops",
    "optimizers",
    "preprocessing",
    "random",
    "regularizers",
    "saving",
    "set_num_threads",
    "test",
    "utils",
    "version",
    "visualization",
]

keras = sys.modules[__name__]
_imports.install(keras)
_homes = {"DTypePolicy": "dtype_policies", "DataError": "_core", "FloatDTypePolicy": "dtype_policies",
          "Initializer": "initializers", "Input": "layers", "KerasTensor": "layers.symbolic", "Layer": "layers",
          "Loss": "losses", "Metric": "metrics", "Model": "models", "Optimizer": "optimizers",
          "Regularizer": "regularizers", "Sequential": "models", "Variable": "utils.variable",
          "get_num_threads": "_core", "set_num_threads": "_core",
          **dict.fromkeys(("floor", "logical_and", "logical_not", "logical_or", "truediv"), "_tf.math")}
_modules = {"image": "_tf.image", "io": "_tf.io", "math": "_tf.math", "nn": "_tf.nn", "test": "config"}
# By name alone: `import *` does without what they need, and without what hides Python's own modules.
_asked_for = ("data", "image", "io", "math", "sklearn", "testing")


def version() -> str:
    """The version, as a function."""
    return __version__


version.VERSION = __version__  # type: ignore[attr-defined]  # TensorFlow has a module of this name


def __getattr__(name: str) -> Any:
    """Loads a part of the package when it is first asked for."""
    if name in _homes:
        value = getattr(importlib.import_module(f"fashioncnn.{_homes[name]}"), name)
    elif name in __all__ or name in _asked_for:
        value = importlib.import_module(f"fashioncnn.{_modules.get(name, name)}")
    else:
        value = _of_tensorflow(name)
    globals()[name] = value
    return value


def _of_tensorflow(name: str) -> Any:
    """A small name of TensorFlow; raises AttributeError for one that is not there."""
    from fashioncnn.utils import absent

    if not name.startswith("_") and name in absent.keras_names()["tensorflow"]:
        from fashioncnn._tf import names

        if name in names.__all__:
            return getattr(names, name)
    return absent.module_getattr(__name__)(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_asked_for})
