"""Functions that make tensors of numbers that are known: zeros, ones, numbers in a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from fashioncnn.backend.conversion import array
from fashioncnn.ops.elementwise import equal, not_equal
from fashioncnn.ops.operation import operation
from fashioncnn.utils.tensor import Tensor, tensor
from fashioncnn.utils.tracing import is_traced


def _extents(name: str, shape: Any) -> tuple[int, ...]:
    extents = tuple(shape) if isinstance(shape, (list, tuple)) else (shape,)
    if any(extent is None for extent in extents):
        raise ValueError(f"ops.{name}() got shape={shape!r}: the extent of the batch is not known where code is "
                         f"traced; write 1 for it, or ops.{name}_like")
    return tuple(int(extent) for extent in extents)


def zeros(shape: Any, dtype: Any = None) -> Tensor:
    """Zeros, of float32 unless told otherwise.

    Raises:
        ValueError: If an extent is not known.
    """
    return tensor(np.zeros(_extents("zeros", shape)), dtype or np.float32)


def ones(shape: Any, dtype: Any = None) -> Tensor:
    """Ones, of float32 unless told otherwise. Errors as of `zeros`.

    Example:
        >>> ones((2, 2))
        array([[1., 1.],
               [1., 1.]], dtype=float32)
    """
    return tensor(np.ones(_extents("ones", shape)), dtype or np.float32)


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
