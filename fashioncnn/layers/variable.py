"""A layer's weight as Python sees it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Variable:
    """One weight: a name and a view of the core's memory.

    Args:
        name: "kernel", "bias", ...
        layer_name: The layer that it belongs to.
        value: The values; not copied.

    Example:
        >>> import numpy as np
        >>> bias = Variable("bias", "dense", np.zeros(2, np.float32))
        >>> bias.assign([1, 2])
        >>> bias
        <Variable path=dense/bias, shape=(2,), dtype=float32>
        >>> bias.numpy()
        array([1., 2.], dtype=float32)
    """

    dtype = "float32"

    def __init__(self, name: str, layer_name: str, value: NDArray[np.float32]) -> None:
        self.name = name
        self.path = f"{layer_name}/{name}"
        self.value = value
        self.trainable = True
        # Whose network `value` lies in: any object that stands for a model, or None for the layer alone.
        self.home: object | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the weight."""
        return self.value.shape

    def numpy(self) -> NDArray[np.float32]:
        """A copy of the values."""
        return self.value.copy()

    def assign(self, value: Any) -> None:
        """Replaces the values.

        Raises:
            TypeError: If `value` is not made of numbers.
            ValueError: If its shape is not the variable's.
        """
        self.value[...] = self.checked(value)

    def checked(self, value: Any) -> NDArray[Any]:
        """`value` as an array that `assign` accepts; the same errors."""
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"'{self.path}' got values of dtype {array.dtype}; expected numbers")
        if array.shape != self.shape:
            raise ValueError(f"'{self.path}' got values of shape {array.shape}; expected {self.shape}")
        return array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.value.astype(dtype) if dtype is not None else self.value.copy()

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}>"
