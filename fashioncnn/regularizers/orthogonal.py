"""The regularizer that keeps the rows or columns of a matrix apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from fashioncnn.config import epsilon
from fashioncnn.regularizers.regularizer import Regularizer, factor
from fashioncnn.utils.arrays import floating
from fashioncnn.utils.registry import REGULARIZERS
from fashioncnn.utils.settings import Setting
from fashioncnn.utils.tensor import Tensor, tensor

MODES = ("rows", "columns")


def _mode(name: str, value: Any) -> str:
    if value not in MODES:
        raise ValueError(f"`{name}` must be 'rows' or 'columns', got {value!r}")
    return str(value)


@REGULARIZERS.register()
class OrthogonalRegularizer(Regularizer):
    """A penalty for rows (or columns) of a matrix that are not orthogonal to each other.

    With each row divided by its norm, it is the mean of ``factor * abs(row @ other)`` over all pairs of rows.

    Args:
        factor: At least 0.
        mode: "rows" or "columns".

    Raises:
        ArgumentError: If `factor` is not a number.
        ValueError: If it is negative or not finite, or if `mode` is something else; when a layer is built, or it is
            called, with anything but a matrix of at least two rows (or columns).

    Example:
        >>> OrthogonalRegularizer(factor=0.5)([[1.0, 0.0], [3.0, 4.0]])
        array(0.3, dtype=float32)
    """

    factor = Setting(lambda name, value: float(np.float32(factor(name, value))))  # as Keras's config has it
    mode = Setting(_mode)

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = factor
        self.mode = mode

    def __call__(self, inputs: Any) -> Tensor:
        array = floating(inputs)
        if array.ndim != 2 or array.shape[self.mode == "columns"] < 2:
            raise ValueError(f"OrthogonalRegularizer takes a matrix of at least two {self.mode}, got an array of shape "
                             f"{array.shape}")
        rows = (array if self.mode == "rows" else array.T).astype(np.float64)
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), epsilon())
        products = np.abs(rows @ rows.T)
        np.fill_diagonal(products, 0.0)
        return tensor(self.factor * products.sum() / (len(rows) * (len(rows) - 1)), array.dtype)

    def _core_config(self) -> dict[str, Any] | None:
        return {"type": "orthogonal", "factor": self.factor, "mode": self.mode} if self.factor else None

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}
