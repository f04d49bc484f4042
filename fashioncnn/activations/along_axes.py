"""Activation functions of all numbers along an axis, or along several."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.activations.run import of_rows
from fashioncnn.utils import checks
from fashioncnn.utils.operators import Operators, operation
from fashioncnn.utils.tensor import tensor

Axes = int | tuple[int, ...] | None


def softmax(x: Any, axis: Axes = -1) -> Any:
    """``exp(x) / sum(exp(x))``

    Args:
        x: Numbers.
        axis: What the sum runs over: an axis, a tuple of them, or None for all.

    Raises:
        ValueError: If `x` does not have such an axis.

    Example:
        >>> softmax([[0.0, 0.0]])
        array([[0.5, 0.5]], dtype=float32)
    """
    if isinstance(x, Operators):
        return _along("softmax", x, axis)
    x = np.atleast_1d(np.asarray(x))
    if isinstance(axis, int) and -x.ndim <= axis < x.ndim:
        checks.warn_of_one_unit(x.shape[axis])
    return _along("softmax", x, axis)


def log_softmax(x: Any, axis: Axes = -1) -> Any:
    """``log(softmax(x))``; arguments and errors as for `softmax`.

    Example:
        >>> log_softmax([[0.0, 0.0]]).round(4)
        array([[-0.6931, -0.6931]], dtype=float32)
    """
    return _along("log_softmax", x, axis)


def sparsemax(x: Any, axis: int = -1) -> Any:
    """``max(x - tau, 0)``, with a ``tau`` that only the largest numbers along `axis` exceed.

    ``tau`` is Keras's. Where several numbers exceed it, that is not the one of the paper, and the sum is not 1.

    Example:
        >>> sparsemax([[0.1, 2.0, 0.5]])
        array([[0., 1., 0.]], dtype=float32)
    """
    return _along("sparsemax", x, axis)


def glu(x: Any, axis: int = -1) -> Any:
    """``a * sigmoid(b)``, where ``a`` and ``b`` are the halves of ``x`` along `axis`.

    Raises:
        ValueError: If that axis cannot be halved, or `x` does not have it.

    Example:
        >>> glu([[1.0, 2.0, 0.0, 0.0]])
        array([[0.5, 1. ]], dtype=float32)
    """
    return _along("glu", x, axis)


def _along(node_type: str, x: Any, axis: Axes) -> Any:
    """What a node of the core makes of the numbers along some axes, which become a last one for it."""
    if isinstance(x, Operators):
        return operation("activate_along")(x, node_type, axis)
    x = np.atleast_1d(np.asarray(x))
    chosen = tuple(range(x.ndim)) if axis is None else checks.axes("axis", axis, x.ndim)
    last = tuple(range(x.ndim - len(chosen), x.ndim))
    moved: NDArray[Any] = np.moveaxis(x, chosen, last)
    others, along = moved.shape[: last[0]], moved.shape[last[0]:]
    rows = of_rows({"type": node_type}, moved.reshape(math.prod(others), math.prod(along)))
    if rows.shape[1] != math.prod(along):
        along = rows.shape[1:]
    return tensor(np.ascontiguousarray(np.moveaxis(rows.reshape(*others, *along), last, chosen)))
