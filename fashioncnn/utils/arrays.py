"""Arrays from whatever a caller passes: lists, and the arrays, tensors, columns and tables of other libraries.

None of these libraries is imported: they are asked by the array interface, DLPack, and methods that they share.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fashioncnn.utils import checks


def as_array(caller: str, name: str, value: Any, may_be_empty: bool = False) -> NDArray[Any]:
    """`value` as an array of numbers with rows: as it is, unless its number type is one that processors do not have.

    A list or a dict of a single array stands for that array, as it does in Keras.

    Raises:
        ArgumentError: If its elements are not numbers, it cannot be read, or it is a dict of several arrays.
        ValueError: If its rows differ in length, or it has none and must have some.
    """
    try:
        array = value if type(value) is np.ndarray else read(_single(caller, name, value))
    except ValueError as error:
        hint = ("; all rows must have one shape: images of several sizes are brought to one by utils.load_img(..., "
                "target_size=) or ops.image.resize()") if "inhomogeneous" in str(error) else ""
        raise ValueError(f"{caller}() got {name} that is not an array: {error}{hint}") from None
    except (BufferError, RuntimeError, TypeError) as error:
        raise checks.ArgumentError(f"{caller}() got {name} of type {type(value).__name__}, which cannot be read as an "
                                   f"array: {error}") from None
    if array.dtype.kind not in "biuf":
        if value is None or callable(value):
            what = "None" if value is None else "a function, which has to be called to give something"
            raise checks.ArgumentError(f"{caller}() got {name} that is {what}; expected numbers")
        hint = ("; names of classes become numbers by `classes, numbers = np.unique(names, return_inverse=True)`, and "
                "files images by utils.load_img() and utils.img_to_array()") if _has_texts(array) else ""
        raise checks.ArgumentError(f"{caller}() got {name} of dtype {array.dtype}; expected numbers{hint}")
    if array.ndim == 0:
        raise ValueError(f"{caller}() got a single number as {name}; expected an array with one row for each image")
    if len(array) == 0 and not may_be_empty:
        raise ValueError(f"{caller}() got {name} of shape {array.shape}, which has no rows")
    if not array.dtype.isnative or not array.flags.aligned or array.dtype.itemsize > 8:
        return array.astype(array.dtype.newbyteorder("=") if array.dtype.itemsize <= 8 else np.float64)
    return array


def _single(caller: str, name: str, value: Any) -> Any:
    """The array that a list or a dict of a single one stands for; anything else as it is."""
    if isinstance(value, (list, tuple)) and len(value) == 1 and is_array(value[0]) and getattr(value[0], "ndim", 1) > 0:
        value = value[0]
    if not isinstance(value, Mapping):
        return value
    if len(value) != 1:
        keys = ", ".join(map(repr, value)) or "nothing"
        raise checks.ArgumentError(f"{caller}() got {name} as a dict of {keys}; a model has one input and one output")
    return next(iter(value.values()))


def _has_texts(array: NDArray[Any]) -> bool:
    return array.dtype.kind in "UST" or (array.dtype.kind == "O" and isinstance(next(array.flat, None), str))


def is_array(value: Any) -> bool:
    """Whether a value is an array, tensor, column or table of some library."""
    protocols = ("__array__", "__array_interface__", "__dlpack__")
    return _is_sparse(value) or any(hasattr(value, protocol) for protocol in protocols)


def _is_sparse(value: Any) -> bool:
    """Whether a value is one of SciPy's sparse arrays or matrices."""
    return hasattr(value, "toarray") and hasattr(value, "tocsr")


def read(value: Any) -> NDArray[Any]:
    """`value` as an array, which shares the value's memory wherever NumPy can express its layout.

    Missing numbers of tables become NaN.

    Raises:
        BufferError, RuntimeError, TypeError, ValueError: Whatever the library says, if it cannot be read.

    Example:
        >>> class Tensor:
        ...     def __init__(self, array):
        ...         self.__dlpack__, self.__dlpack_device__ = array.__dlpack__, array.__dlpack_device__
        >>> numbers = np.arange(6.0)
        >>> np.shares_memory(read(Tensor(numbers)), numbers)
        True
    """
    if type(value) is np.ndarray:
        return value
    if isinstance(value, np.ndarray) or hasattr(value, "__array_interface__"):
        if isinstance(value, np.ndarray) and np.any(getattr(value, "mask", False)):
            raise TypeError("some of its numbers are masked, and would be used: pass its filled(...)")
        return np.asarray(value)
    if _is_sparse(value):
        raise TypeError("it is sparse, and fashioncnn computes with all numbers: pass its toarray()")
    if hasattr(value, "__dlpack__"):
        return _from_dlpack(value)
    if hasattr(value, "to_numpy_ndarray"):  # Arrow's tensors
        return np.asarray(value.to_numpy_ndarray())
    array = np.asarray(value)
    if array.dtype.kind == "O" and hasattr(value, "to_numpy"):  # pandas' nullable types, and columns of several types
        return _with_nan(value, array)
    return array


def _from_dlpack(value: Any) -> NDArray[Any]:
    kind, number = value.__dlpack_device__() if hasattr(value, "__dlpack_device__") else (_CPU, 0)
    if kind not in _READABLE:
        raise TypeError(f"it is on the device {getattr(value, 'device', (int(kind), number))}, and fashioncnn computes "
                        "on the CPU: move it there first")
    if getattr(value, "requires_grad", False):
        raise TypeError("it requires gradients, which would not come back: pass its detach()")
    try:
        return np.asarray(np.from_dlpack(value))
    except (BufferError, RuntimeError, TypeError, ValueError):  # DLPack has fewer types than some libraries
        if not hasattr(value, "__array__"):
            raise
        return np.asarray(value)


# Devices of DLPack whose memory the CPU reads: its own, and that of CUDA and ROCm on the host.
_CPU = 1
_READABLE = (_CPU, 3, 11)


def _with_nan(value: Any, array: NDArray[Any]) -> NDArray[Any]:
    """The numbers of a column or table as float64; `array` where there are others."""
    try:
        return np.asarray(value.to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError):
        return array


def floating(values: ArrayLike) -> NDArray[np.floating[Any]]:
    """The values as floats: those of an array as they are, all others as float32."""
    array = np.asarray(values)
    is_array = isinstance(values, np.ndarray) and array.dtype.kind == "f"
    return array if is_array else array.astype(np.float32)
