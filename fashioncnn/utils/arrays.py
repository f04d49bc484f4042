"""Arrays from whatever a caller passes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fashioncnn.utils import checks


def as_array(caller: str, name: str, value: Any) -> NDArray[Any]:
    """`value` as an array of numbers with rows: as it is, unless its number type is one that processors do not have.

    A list or a dict of a single array stands for that array, as it does in Keras.

    Raises:
        ArgumentError: If its elements are not numbers, or it is a dict of several arrays.
        ValueError: If its rows differ in length, or it has none.
    """
    if isinstance(value, (list, tuple)) and len(value) == 1 and isinstance(value[0], np.ndarray):
        value = value[0]
    if isinstance(value, Mapping):
        if len(value) != 1:
            keys = ", ".join(map(repr, value)) or "nothing"
            raise checks.ArgumentError(f"{caller}() got {name} as a dict of {keys}; a model has one input and one "
                                       "output")
        (value,) = value.values()
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{caller}() got {name} that is not an array: {error}") from None
    if array.dtype.kind not in "biuf":
        raise checks.ArgumentError(f"{caller}() got {name} of dtype {array.dtype}; expected numbers")
    if array.ndim == 0:
        raise ValueError(f"{caller}() got a single number as {name}; expected an array with one row for each image")
    if len(array) == 0:
        raise ValueError(f"{caller}() got {name} of shape {array.shape}, which has no rows")
    if not array.dtype.isnative or not array.flags.aligned or array.dtype.itemsize > 8:
        return array.astype(array.dtype.newbyteorder("=") if array.dtype.itemsize <= 8 else np.float64)
    return array


def floating(values: ArrayLike) -> NDArray[np.floating[Any]]:
    """The values as floats: those of an array as they are, all others as float32."""
    array = np.asarray(values)
    is_array = isinstance(values, np.ndarray) and array.dtype.kind == "f"
    return array if is_array else array.astype(np.float32)
