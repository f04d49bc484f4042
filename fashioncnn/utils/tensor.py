"""What models, losses and metrics return: NumPy arrays that have Keras's ``.numpy()`` as well."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_NUMPY_1 = np.__version__.startswith("1.")  # does not tell __array_wrap__ whether a number is wanted

_NARROW = frozenset(map(np.dtype, ("uint8", "int8", "uint16", "int16")))


class Tensor(np.ndarray):
    """A NumPy array with `numpy`. It prints and computes as arrays do; its elements and results of arithmetic are
    Tensors again, also those without axes; what NumPy's functions reduce to one number is a number of NumPy's.

    Example:
        >>> probabilities = tensor([[0.25, 0.75]])
        >>> probabilities
        array([[0.25, 0.75]], dtype=float32)
        >>> probabilities.numpy().argmax()
        np.int64(1)
        >>> probabilities[0, 1].numpy()
        np.float32(0.75)
    """

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return found if isinstance(found, np.ndarray) else np.asarray(found).view(Tensor)

    def __hash__(self) -> int:  # type: ignore[override]  # as of the number, so that elements may be keys
        if self.ndim:
            raise TypeError(f"unhashable type: 'Tensor' of shape {self.shape}")
        return hash(self.item())

    def numpy(self) -> Any:
        """The same numbers as a plain array, or as a NumPy number where there are no axes."""
        return np.asarray(self)[()]

    def get_shape(self) -> TensorShape:
        """The shape, with TensorFlow's methods."""
        return TensorShape(self.shape)

    def set_shape(self, shape: Any) -> None:
        """Does nothing where the array has the shape, in which None is any extent.

        Raises:
            ValueError: If it has another.
        """
        wanted = TensorShape(shape)
        if len(wanted) != self.ndim or any(want not in (None, extent)
                                           for want, extent in zip(wanted, self.shape, strict=True)):
            raise ValueError(f"set_shape() got {tuple(wanted)} for a tensor of shape {self.shape}")

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        """Reductions to one number give NumPy's numbers, as those of plain arrays do; arithmetic does not."""
        is_number = context is None and (return_scalar or (_NUMPY_1 and array.ndim == 0))
        return np.asarray(array)[()] if is_number else array.view(Tensor)

    def __truediv__(self, other: Any) -> Any:
        """Pixels of at most 16 bits give float32, as in TensorFlow."""
        return np.true_divide(self.astype(np.float32) if self.dtype in _NARROW else self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return np.true_divide(other, self.astype(np.float32) if self.dtype in _NARROW else self)

    def __repr__(self) -> str:
        return repr(np.asarray(self))

    def __str__(self) -> str:
        return str(np.asarray(self))

    def __round__(self, digits: int | None = None) -> Any:
        return round(self.item(), digits)

    def __reduce__(self) -> Any:
        return (tensor, (np.asarray(self), self.dtype))


class TensorShape(tuple[int | None, ...]):
    """A shape: a tuple with methods of TensorFlow's.

    Example:
        >>> TensorShape([28, None]).as_list(), TensorShape([28, None]).rank
        ([28, None], 2)
    """

    def __new__(cls, dims: Any = ()) -> TensorShape:
        return super().__new__(cls, (None if extent is None else int(extent) for extent in dims))

    def as_list(self) -> list[int | None]:
        """The extents; None: any."""
        return list(self)

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self)

    @property
    def ndims(self) -> int:
        """The same, by its older name."""
        return len(self)


class Number(float):
    """A float with `numpy`.

    Example:
        >>> Number(0.5), Number(0.5).numpy()
        (0.5, np.float32(0.5))
    """

    def numpy(self) -> np.float32:
        """The number as NumPy's."""
        return np.float32(self)


def tensor(values: ArrayLike, dtype: Any = np.float32) -> Tensor:
    """The values as a Tensor; copied only where their type is another one."""
    array: NDArray[Any] = np.asarray(values, dtype)
    return array.view(Tensor)
