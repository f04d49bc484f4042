"""Arrays scaled to a norm of 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.utils import checks


def normalize(x: Any, axis: int = -1, order: int | float = 2) -> NDArray[Any]:
    """``x / norm(x)``: what lies along an axis gets the norm 1; zeros stay.

    Args:
        x: Numbers.
        axis: The axis.
        order: Of the norm, as `numpy.linalg.norm` has it: 2 for the root of the sum of squares, 1 for the sum of sizes.

    Raises:
        TypeError: If `x` does not hold numbers.

    Example:
        >>> normalize(np.array([[3.0, 4.0], [0.0, 0.0]]))
        array([[0.6, 0.8],
               [0. , 0. ]])
    """
    values = np.asarray(x)
    if values.dtype.kind not in "biuf":
        raise checks.ArgumentError(f"normalize() got `x` of dtype {values.dtype}; expected numbers")
    norms = np.linalg.norm(values, order, axis, keepdims=True)
    scaled: NDArray[Any] = values / np.where(norms == 0, 1, norms).astype(norms.dtype)
    return scaled
