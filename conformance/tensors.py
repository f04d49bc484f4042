"""Arrays, variables and nests of them in the place of Keras's tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

_TYPES = {bool: "bool", int: "int32", float: "float32", str: "string"}


def standardize_dtype(dtype: Any) -> str:
    """The name of a type; None is float32."""
    if dtype is None:
        return "float32"
    if dtype in _TYPES:
        return _TYPES[dtype]
    name = getattr(dtype, "name", None) or getattr(dtype, "__name__", None) or str(dtype)
    return "bool" if name == "bool_" else str(name)


def convert_to_numpy(x: Any) -> np.ndarray:
    """Any array, variable or nest of numbers as a NumPy array."""
    value = x.numpy() if hasattr(x, "numpy") else x
    return np.asarray([convert_to_numpy(part) for part in value] if isinstance(value, (list, tuple)) else value)


def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> np.ndarray:
    """An array; Python's own numbers become float32 and int32."""
    array = convert_to_numpy(x)
    if dtype is not None:
        return array.astype(standardize_dtype(dtype))
    has_type = hasattr(x, "dtype") or (isinstance(x, (list, tuple)) and any(hasattr(part, "dtype") for part in x))
    return array if has_type else array.astype({"f": "float32", "i": "int32"}.get(array.dtype.kind, array.dtype))


def shape(x: Any) -> tuple[int, ...]:
    return tuple(x.shape) if hasattr(x, "shape") else np.shape(x)


def cast(x: Any, dtype: Any) -> np.ndarray:
    return convert_to_numpy(x).astype(standardize_dtype(dtype))


def is_tensor(x: Any) -> bool:
    return isinstance(x, (np.ndarray, np.generic))


def is_float_dtype(dtype: Any) -> bool:
    return "float" in standardize_dtype(dtype)


def is_int_dtype(dtype: Any) -> bool:
    return "int" in standardize_dtype(dtype)


class Variable:
    """A number or an array of them that can be changed."""

    def __init__(self, initializer: Any, shape: Any = None, dtype: Any = None, trainable: bool = True,
                 autocast: bool = True, aggregation: Any = None, synchronization: Any = None,
                 name: str | None = None, **options: Any) -> None:
        value = initializer(shape, dtype=dtype) if callable(initializer) else initializer
        self.value = convert_to_tensor(value, dtype)
        if self.value.dtype == np.float64:
            self.value = self.value.astype("float32")
        self.trainable = trainable
        self.name = self.path = name or "variable"
        self.overwrite_with_gradient = False
        self.constraint = self.regularizer = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def ndim(self) -> int:
        return self.value.ndim

    @property
    def dtype(self) -> str:
        return self.value.dtype.name

    def numpy(self) -> np.ndarray:
        return self.value.copy()

    def assign(self, value: Any) -> np.ndarray:
        array = convert_to_numpy(value)
        if array.shape != self.shape:
            raise ValueError(f"a value of shape {array.shape} does not fit a variable of shape {self.shape}")
        self.value = array.astype(self.dtype)
        return self.value

    def assign_add(self, value: Any) -> np.ndarray:
        return self.assign(self.value + convert_to_numpy(value))

    def assign_sub(self, value: Any) -> np.ndarray:
        return self.assign(self.value - convert_to_numpy(value))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.value.astype(dtype or self.value.dtype)

    def __getitem__(self, key: Any) -> Any:
        return self.value[key]

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __repr__(self) -> str:
        return f"<Variable {self.name}, shape={self.shape}, dtype={self.dtype}>"


def _operator(name: str) -> Callable[..., Any]:
    def apply(self: Variable, other: Any) -> Any:
        return getattr(self.value, name)(convert_to_numpy(other))

    return apply


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "matmul", "lt", "gt"):
    setattr(Variable, f"__{_name}__", _operator(f"__{_name}__"))


def map_structure(function: Callable[..., Any], first: Any, *others: Any) -> Any:
    """`function` of the leaves at the same place of each nest, in a nest of the first one's kind."""
    if isinstance(first, Mapping):
        return {key: map_structure(function, first[key], *(other[key] for other in others)) for key in first}
    if isinstance(first, (list, tuple)):
        parts = [map_structure(function, *leaves) for leaves in zip(first, *others, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    return function(first, *others)


def flatten(structure: Any) -> list[Any]:
    """The leaves of a nest, dictionaries in order of keys."""
    if isinstance(structure, Mapping):
        structure = [structure[key] for key in sorted(structure)]
    if isinstance(structure, (list, tuple)):
        return [leaf for part in structure for leaf in flatten(part)]
    return [structure]
