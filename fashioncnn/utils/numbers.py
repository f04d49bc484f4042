"""Numbers that belong to somebody and can be set: an optimizer's learning rate and its count of updates.

They are plain numbers in all respects, and have what Keras's variables of these names offer as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fashioncnn.utils.tensor import Tensor, tensor

Assign = Callable[[Any], None]


class _Settable:
    """What both kinds have. `assign` sets the owner's number; this one, which was read before, stays."""

    dtype: str
    shape = ()
    _assign: Assign

    def numpy(self) -> Any:
        """The number as NumPy's."""
        return np.dtype(self.dtype).type(self)

    @property
    def value(self) -> Tensor:
        """The number as an array without axes."""
        return tensor(self.numpy(), self.dtype)

    def assign(self, value: Any) -> None:
        """Sets the owner's number."""
        self._assign(value)

    def assign_add(self, value: Any) -> None:
        """Adds to the owner's number."""
        self._assign(self + value)

    def assign_sub(self, value: Any) -> None:
        """Subtracts from the owner's number."""
        self._assign(self - value)


class SettableFloat(_Settable, float):
    """A float.

    Example:
        >>> from fashioncnn.optimizers import SGD
        >>> optimizer = SGD(0.5)
        >>> optimizer.learning_rate, optimizer.learning_rate.numpy()
        (0.5, np.float32(0.5))
        >>> optimizer.learning_rate.assign(0.25)
        >>> optimizer.learning_rate
        0.25
    """

    dtype = "float32"

    def __new__(cls, number: float, assign: Assign) -> SettableFloat:
        self = super().__new__(cls, number)
        self._assign = assign
        return self

    def __reduce__(self) -> Any:
        return (float, (float(self),))


class SettableInt(_Settable, int):
    """An integer: see `SettableFloat`."""

    dtype = "int64"

    def __new__(cls, number: int, assign: Assign) -> SettableInt:
        self = super().__new__(cls, number)
        self._assign = assign
        return self

    def __reduce__(self) -> Any:
        return (int, (int(self),))
