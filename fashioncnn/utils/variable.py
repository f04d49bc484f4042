"""A named array that can be assigned to: a layer's weight, a metric's total."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from fashioncnn._core import Network
from fashioncnn.utils import checks
from fashioncnn.utils.absent import SaysWhatIsAbsent
from fashioncnn.utils.arrays import read
from fashioncnn.utils.operators import RUNNING, UFUNCS, operation
from fashioncnn.utils.tensor import Tensor, tensor


class Place(NamedTuple):
    """Where a weight's values are, once its layer is part of a model: in a vector of that model's network."""

    network: Network
    offset: int
    vector: str = "weights"


class Variable(NDArrayOperatorsMixin, SaysWhatIsAbsent):
    """A named array that can be assigned to, and computes as an array does.

    Args:
        initializer: The values; or, with `shape`, the name of an initializer, or a function ``f(shape, dtype)``.
        shape: See `initializer`.
        dtype: The NumPy type; None: float32, or the values' own for integers and bools.
        trainable: Whether training may change a weight.
        name: A name.

    Attributes:
        regularizer: What a weight's layer has as such; of others None.
        constraint: The same.
        is_weight: Whether a layer has it as a weight.

    Raises:
        TypeError: If the values are not numbers.
        ValueError: If the values need a shape.

    Example:
        >>> total = Variable([1.0, 2.0], name="total")
        >>> total.assign_add([1, 1])
        array([2., 3.], dtype=float32)
        >>> total * 2
        array([4., 6.], dtype=float32)
        >>> total
        <Variable path=total, shape=(2,), dtype=float32, value=[2. 3.]>
    """

    def __init__(self, initializer: Any, shape: Any = None, dtype: Any = None, trainable: bool = True,
                 name: str | None = None) -> None:
        if isinstance(initializer, str):
            initializer = operation("get", "fashioncnn.initializers")(initializer)
        if shape is None and callable(initializer):
            raise ValueError(f"Variable() got the initializer {initializer!r}, which makes values of a shape: pass "
                             "shape=")
        if callable(initializer):
            extents = tuple(shape) if isinstance(shape, (list, tuple)) else (shape,)
            initializer = initializer(extents, dtype=dtype or "float32")
        values = read(initializer)
        if dtype is None and values.dtype.kind not in "biu":
            dtype = np.float32
        self.name = name or "variable"
        self.path = self.name
        self._trainable = checks.truth("trainable", trainable)
        self._values: NDArray[Any] | None = _numbers(self.path, values).astype(dtype or values.dtype)
        self._place: Place | None = None
        self._shape = self._values.shape
        self._dtype = self._values.dtype
        self.regularizer: Any = None
        self.constraint: Any = None
        self.is_weight = False
        self._taken_by: str | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape."""
        return self._shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self._shape)

    @property
    def size(self) -> int:
        """The number of values."""
        return int(np.prod(self._shape, dtype=np.int64))

    @property
    def dtype(self) -> str:
        """The name of the NumPy type."""
        return self._dtype.name

    @property
    def trainable(self) -> bool:
        """Whether training changes a weight: one of a layer that is trainable itself."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = checks.truth("trainable", value)

    @property
    def place(self) -> Place | None:
        """Where the values are in a network; None: the variable has them itself."""
        return self._place

    @property
    def value(self) -> Tensor:
        """A copy of the values."""
        return tensor(self.numpy(), self._dtype)

    def numpy(self) -> NDArray[Any]:
        """A copy of the values.

        Raises:
            NotImplementedError: While the code of a layer is traced, which would keep these numbers for ever.
        """
        self._refuse_in_trace("asks for the numbers of")
        return self._read()

    def _refuse_in_trace(self, what: str) -> None:
        """Raises NotImplementedError while the code of a layer is traced."""
        if RUNNING.get() is not None:
            raise NotImplementedError(
                f"'{RUNNING.get().layer.name}' {what} its variable '{self.path}' where it is called: that code runs "
                "once, and leaves a network behind. It may compute with the variable, by operators and functions of "
                "fashioncnn.ops")

    def _read(self) -> NDArray[Any]:
        if self._place is None:
            assert self._values is not None
            return self._values.copy()
        values = np.empty(self._shape, np.float32)
        self._place.network.read(self._place.vector, self._place.offset, values)
        return values

    def assign(self, value: Any) -> Tensor:
        """Replaces the values, and returns them.

        Raises:
            TypeError: If `value` is not made of numbers.
            ValueError: If its shape is not the variable's.
            NotImplementedError: While code is traced, and after a network has taken the numbers for constants.
        """
        self._refuse_in_trace("assigns to")
        if self._taken_by is not None:
            raise NotImplementedError(f"'{self.path}' is no weight of a layer, and '{self._taken_by}' was made a "
                                      "network of with its numbers: they stay. Make a layer's weight of it, by "
                                      "add_weight(); or make another variable, and compile() again")
        values = self.checked(value).astype(self._dtype)
        if self._place is None:
            self._values = values
        else:
            self._place.network.write(self._place.vector, self._place.offset, np.ascontiguousarray(values))
        return tensor(values, self._dtype)

    def taken_for_constants(self, by: str) -> NDArray[Any]:
        """The values, which a network that is made of the code of `by` has for ever: nobody may assign others."""
        self._taken_by = by
        return self._read()

    def assign_add(self, value: Any) -> Tensor:
        """Adds to the values, and returns them. Errors as for `assign`."""
        return self.assign(self.numpy() + np.asarray(value))

    def assign_sub(self, value: Any) -> Tensor:
        """Subtracts from the values, and returns them. Errors as for `assign`."""
        return self.assign(self.numpy() - np.asarray(value))

    def checked(self, value: Any) -> NDArray[Any]:
        """`value` as an array that `assign` accepts; the same errors."""
        array = _numbers(self.path, read(value))
        if array.shape != self._shape:
            raise ValueError(f"'{self.path}' got values of shape {array.shape}; expected {self._shape}")
        return array

    def move(self, place: Place) -> None:
        """From now on the values are those in a network."""
        self._place, self._values = place, None

    def take_to(self, place: Place | None) -> None:
        """From now on the values, as they are now, are in a network; None: the variable has them itself."""
        self.leave()
        if place is not None:
            values = self._read()
            self.move(place)
            self.assign(values)

    def leave(self) -> None:
        """From now on the variable has its values, as they are now, itself."""
        self._values, self._place = self._read(), None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_values": self._read(), "_place": None}

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError(f"the values of '{self.path}' can only be copied: ask for copy=None")
        values = self.numpy()
        return values if dtype is None else values.astype(dtype)

    def __dlpack__(self, *, copy: bool | None = None, **options: Any) -> Any:
        """A copy of the values for other libraries: ``torch.from_dlpack(variable)``."""
        if copy is False:
            raise BufferError(f"the values of '{self.path}' can only be copied: ask for copy=None")
        return self.numpy().__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        """The CPU, in DLPack's numbers."""
        return self.numpy().__dlpack_device__()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        if RUNNING.get() is not None and method == "__call__" and ufunc.__name__ in UFUNCS and not keywords:
            return operation(UFUNCS[ufunc.__name__])(*inputs)
        for out in keywords.get("out", ()):
            if isinstance(out, Variable):
                raise TypeError(f"'{out.path}' cannot be the `out` of {ufunc.__name__}(): it is a Variable; write "
                                f"assign({ufunc.__name__}(...))")
        values = [value.numpy() if isinstance(value, Variable) else value for value in inputs]
        result = getattr(ufunc, method)(*values, **keywords)
        return result.view(Tensor) if type(result) is np.ndarray and "out" not in keywords else result

    def __getitem__(self, key: Any) -> Any:
        return self.value[key] if RUNNING.get() is None else operation("get_item")(self, key)

    def __len__(self) -> int:
        return len(self._read())

    def __float__(self) -> float:
        return float(self.numpy())

    def __int__(self) -> int:
        return int(self.numpy())

    def __bool__(self) -> bool:
        return bool(self.numpy())

    def __format__(self, specification: str) -> str:
        return format(self.numpy()[()], specification) if specification else str(self)

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}, value={self._read()}>"


for _operator in ("add", "and", "floordiv", "lshift", "matmul", "mod", "mul", "or", "pow", "rshift", "sub", "truediv",
                  "xor"):
    # As in Keras ``v += 1`` makes an array, and the variable stays as it is.
    setattr(Variable, f"__i{_operator}__", getattr(NDArrayOperatorsMixin, f"__{_operator}__"))


def _numbers(path: str, array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind not in "biuf":
        raise checks.ArgumentError(f"'{path}' got values of dtype {array.dtype}; expected numbers")
    return array
