"""What the functions of the backend take and return: arrays of numbers, of the types that TensorFlow gives them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.utils import checks
from fashioncnn.utils.tensor import Tensor, tensor

# What Python's numbers, and lists of them, become.
_TYPES_OF_PYTHON = {"f": np.float32, "i": np.int32}


def array(x: Any) -> NDArray[Any]:
    """`x` as an array. Python's floats become float32, its integers int32.

    Raises:
        ArgumentError: If it is not made of numbers, such as the output of a layer that has no values yet.
    """
    if isinstance(x, np.ndarray | np.generic):
        values = np.asarray(x)
    else:
        values = np.asarray(x.numpy() if hasattr(x, "numpy") else x)
        if not hasattr(x, "dtype") and values.dtype.kind in _TYPES_OF_PYTHON:
            values = values.astype(_TYPES_OF_PYTHON[values.dtype.kind])
    if values.dtype.kind not in "biufc":
        raise checks.ArgumentError(f"the functions of the backend compute with NumPy arrays at once; got "
                                   f"{type(x).__name__}. Between layers use layers, such as those of fashioncnn.layers")
    return values


def operand(x: Any, values: NDArray[Any]) -> Any:
    """What is computed with `values`: a Python number in their type, if they are floats, and all else as an array."""
    if isinstance(x, bool | int | float):
        return np.asarray(x, values.dtype) if values.dtype.kind == "f" else x
    return array(x)


def floats(x: Any, caller: str) -> NDArray[Any]:
    """`x` as an array of floats.

    Raises:
        ArgumentError: If it has another type, as in TensorFlow.
    """
    values = array(x)
    if values.dtype.kind not in "fc":
        raise checks.ArgumentError(f"backend.{caller}() takes floats, and got {values.dtype}: write "
                                   "backend.cast(x, 'float32')")
    return values


def numbers(x: Any, caller: str) -> NDArray[Any]:
    """`x` as an array of numbers, which bools are not.

    Raises:
        ArgumentError: If it holds bools, as in TensorFlow.
    """
    values = array(x)
    if values.dtype.kind == "b":
        raise checks.ArgumentError(f"backend.{caller}() takes numbers, and got bools: write "
                                   "backend.cast(x, 'float32')")
    return values


def wrapped(values: Any) -> Tensor:
    """The result of a function."""
    result = np.asarray(values)
    return tensor(result, result.dtype)
