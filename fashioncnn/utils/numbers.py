"""Numbers that belong to somebody and can be set: an optimizer's learning rate and its count of updates.

They are plain numbers in all respects, and have what Keras's variables of these names offer as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np

from fashioncnn.utils.tensor import Tensor, tensor

S = TypeVar("S", bound="_Settable")


class Owned(NamedTuple):
    """Whose a number is.

    Args:
        name: What Keras's variable is called.
        path: The name with the owner's.
        read: Gives the owner's number as it is now.
        assign: Sets it.
    """

    name: str
    path: str
    read: Callable[[], Any]
    assign: Callable[[Any], None]


class _Settable:
    """What both kinds have. `assign` sets the owner's number; this one, which was read before, stays."""

    dtype: str
    shape = ()
    _plain: type[Any]  # what it is apart from that
    _owned: Owned

    def __new__(cls: type[S], number: float, owned: Owned) -> S:
        self = super().__new__(cls, number)  # type: ignore[call-arg]
        self._owned = owned
        return self

    def __reduce__(self) -> Any:
        return (self._plain, (self._plain(self),))

    @property
    def name(self) -> str:
        """What Keras's variable is called."""
        return self._owned.name

    @property
    def path(self) -> str:
        """The name with the owner's: "adam/learning_rate"."""
        return self._owned.path

    def numpy(self) -> Any:
        """The number as NumPy's."""
        return np.dtype(self.dtype).type(self)

    @property
    def value(self) -> Tensor:
        """The number as an array without axes."""
        return tensor(self.numpy(), self.dtype)

    def assign(self, value: Any) -> Any:
        """Sets the owner's number, and returns it."""
        self._owned.assign(value)
        return self._owned.read()

    def assign_add(self, value: Any) -> Any:
        """Adds to the owner's number as it is now, and returns it."""
        return self.assign(self._owned.read() + value)

    def assign_sub(self, value: Any) -> Any:
        """Subtracts from the owner's number as it is now, and returns it."""
        return self.assign(self._owned.read() - value)


class SettableFloat(_Settable, float):
    """A float.

    Example:
        >>> from fashioncnn.optimizers import SGD
        >>> optimizer = SGD(0.5)
        >>> optimizer.learning_rate, optimizer.learning_rate.numpy()
        (0.5, np.float32(0.5))
        >>> optimizer.learning_rate.assign(0.25)
        0.25
        >>> optimizer.learning_rate
        0.25
    """

    dtype = "float32"
    _plain = float


class SettableInt(_Settable, int):
    """An integer: see `SettableFloat`."""

    dtype = "int64"
    _plain = int
