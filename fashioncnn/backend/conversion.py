"""What the functions of the backend take and return: arrays of numbers, of the types that TensorFlow gives them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from fashioncnn.utils import checks, structures
from fashioncnn.utils.operators import RUNNING, Operators, operation
from fashioncnn.utils.tensor import Tensor, tensor

F = TypeVar("F", bound=Callable[..., Any])

# What Python's numbers, and lists of them, become.
_TYPES_OF_PYTHON = {"f": np.float32, "i": np.int32}


def of_tensors(name: str, **renamed: str) -> Callable[[F], F]:
    """Makes a function of arrays that of `fashioncnn.ops` called `name` where it is called on symbolic tensors.

    Args:
        name: The name there.
        renamed: What arguments are called there that have other names. That of the result is left out.
    """
    def decorate(function: F) -> F:
        @functools.wraps(function)
        def call(*arguments: Any, **keywords: Any) -> Any:
            if is_symbolic(*arguments, *keywords.values()):
                keywords = {renamed.get(key, key): value for key, value in keywords.items() if key != "name"}
                return operation(name)(*arguments, **keywords)
            return function(*arguments, **keywords)

        return cast(F, call)

    return decorate


def is_symbolic(*values: Any) -> bool:
    """Whether values are symbolic tensors, or lists of them, or code is traced."""
    return RUNNING.get() is not None or any(isinstance(leaf, Operators) for leaf in structures.leaves(values))


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
