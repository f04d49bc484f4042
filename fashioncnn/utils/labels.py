"""Conversions of labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.utils import checks


def to_categorical(x: Any, num_classes: int | None = None) -> NDArray[np.float64]:
    """Turns class numbers into rows with a single 1, for `categorical_crossentropy`.

    Args:
        x: Class numbers, any shape; a last axis of length 1 is dropped.
        num_classes: Length of a row; None: the largest class number plus 1.

    Returns:
        An array of `x`'s shape with one more axis of `num_classes`.

    Raises:
        ArgumentError: If `x` does not hold numbers.
        ValueError: If a class number is negative or not below `num_classes`, or `x` is empty and `num_classes` None.

    Example:
        >>> to_categorical([0, 2, 1])
        array([[1., 0., 0.],
               [0., 0., 1.],
               [0., 1., 0.]])
    """
    classes = np.asarray(x)
    if classes.dtype.kind not in "biuf":
        raise checks.ArgumentError(f"to_categorical() got `x` of dtype {classes.dtype}; names of classes become "
                                   "numbers by `classes, numbers = np.unique(names, return_inverse=True)`")
    if not np.can_cast(classes.dtype, np.int64, "same_kind") and (classes != np.floor(classes)).any():
        raise ValueError("to_categorical() got numbers in `x` that are not whole")
    classes = classes.astype(np.int64)
    if classes.ndim > 1 and classes.shape[-1] == 1:
        classes = classes[..., 0]
    if num_classes is None:
        if classes.size == 0:
            raise ValueError("to_categorical() got an empty `x`; pass `num_classes`")
        num_classes = int(classes.max()) + 1
    num_classes = checks.integer("num_classes", num_classes, at_least=1)
    if classes.size and not 0 <= classes.min() <= classes.max() < num_classes:
        raise ValueError(f"to_categorical() got class numbers from {classes.min()} to {classes.max()} in `x`; "
                         f"with num_classes={num_classes} they must be 0 to {num_classes - 1}")
    result = np.zeros((classes.size, num_classes))
    result[np.arange(classes.size), classes.ravel()] = 1
    return result.reshape(*classes.shape, num_classes)
