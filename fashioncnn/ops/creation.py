"""Functions that make tensors of numbers that are known: zeros, ones, numbers in a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from fashioncnn.backend.conversion import array
from fashioncnn.ops.elementwise import equal, not_equal
from fashioncnn.ops.operation import operation
from fashioncnn.utils.tensor import Tensor, tensor
from fashioncnn.utils.tracing import current, is_running, is_traced


def _filled(name: str, value: float, shape: Any, dtype: Any) -> Any:
    extents = tuple(shape) if isinstance(shape, (list, tuple)) else (shape,)
    if extents[:1] == (None,) and None not in extents[1:] and is_running():
        return current().for_each_image(current().constant(np.full(extents[1:], value)))
    if None in extents:
        raise ValueError(f"ops.{name}() got shape={shape!r}; every extent must be known, but that of the batch where "
                         "code is traced")
    return tensor(np.full(extents, value), dtype or np.float32)


def zeros(shape: Any, dtype: Any = None) -> Any:
    """Zeros, of float32 unless told otherwise. Where code is traced the first extent may be the batch's, None.

    Raises:
        ValueError: If an extent is not known.
    """
    return _filled("zeros", 0.0, shape, dtype)


def ones(shape: Any, dtype: Any = None) -> Any:
    """Ones, as `zeros` makes zeros.

    Example:
        >>> ones((2, 2))
        array([[1., 1.],
               [1., 1.]], dtype=float32)
    """
    return _filled("ones", 1.0, shape, dtype)


@operation
def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Zeros in the shape of `x`, and its type."""
    return not_equal(x, x) if is_traced(x) else tensor(np.zeros_like(array(x), subok=False), dtype or array(x).dtype)


@operation
def ones_like(x: Any, dtype: Any = None) -> Any:
    """Ones in the shape of `x`, and its type."""
    return equal(x, x) if is_traced(x) else tensor(np.ones_like(array(x), subok=False), dtype or array(x).dtype)


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Tensor:
    """Numbers from 0 or `start`, up to but without `stop`: integers, if these are.

    Example:
        >>> arange(3)
        array([0, 1, 2], dtype=int32)
    """
    values = np.arange(start) if stop is None else np.arange(start, stop, 1 if step is None else step)
    return tensor(values, dtype or (np.int32 if values.dtype.kind == "i" else np.float32))
