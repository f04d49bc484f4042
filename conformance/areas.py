"""NumPy in the place of `keras.ops`, `keras.random`, `keras.backend` and others, as far as tests need them.

Tests make their inputs and take their results apart with these. They are no part of what is tested: files that test
them are out of scope.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import scope
import tensors
from placeholders import OutOfScope
from tensors import convert_to_numpy, convert_to_tensor, standardize_dtype


def _full(value: Any, shape: Any, dtype: Any) -> np.ndarray:
    return np.full(shape, value, standardize_dtype(dtype))


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None) -> np.ndarray:
    rows = np.eye(num_classes, dtype=standardize_dtype(dtype))[convert_to_numpy(x).astype(int)]
    return np.moveaxis(rows, -1, axis)


def _arange(*args: Any, dtype: Any = None) -> np.ndarray:
    return convert_to_tensor(list(np.arange(*args).tolist()), dtype)


def _for_tensors(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy's that takes variables too, and gives Python's numbers Keras's types."""

    def call(*args: Any, **kwargs: Any) -> Any:
        arrays = [convert_to_tensor(value) if hasattr(value, "numpy") or isinstance(value, list) else value
                  for value in args]
        return function(*arrays, **kwargs)

    call.__name__ = function.__name__
    return call


class Ops:
    """`keras.ops`: what converts, and whatever NumPy has under the same name."""

    convert_to_numpy = staticmethod(convert_to_numpy)
    convert_to_tensor = array = staticmethod(convert_to_tensor)
    shape = staticmethod(tensors.shape)
    cast = staticmethod(tensors.cast)
    is_tensor = staticmethod(tensors.is_tensor)
    one_hot = staticmethod(one_hot)
    arange = staticmethod(_arange)
    stop_gradient = staticmethod(lambda x: x)
    dtype = staticmethod(lambda x: standardize_dtype(x.dtype))

    @staticmethod
    def zeros(shape: Any, dtype: Any = None) -> np.ndarray:
        return _full(0, shape, dtype)

    @staticmethod
    def ones(shape: Any, dtype: Any = None) -> np.ndarray:
        return _full(1, shape, dtype)

    @staticmethod
    def full(shape: Any, fill_value: Any, dtype: Any = None) -> np.ndarray:
        return _full(fill_value, shape, dtype)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not callable(getattr(np, name, None)):
            raise AttributeError(name)
        function = _for_tensors(getattr(np, name))
        setattr(self, name, function)
        return function


class Random:
    """`keras.random`, for inputs. A seed gives the same numbers each time."""

    @staticmethod
    def _generator(seed: Any) -> np.random.Generator:
        return np.random.default_rng(np.random.randint(2**31) if seed is None else zlib.crc32(repr(seed).encode()))

    def normal(self, shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
        return self._generator(seed).normal(mean, stddev, shape).astype(standardize_dtype(dtype))

    def uniform(self, shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
        return self._generator(seed).uniform(minval, maxval, shape).astype(standardize_dtype(dtype))

    def randint(self, shape: Any, minval: int, maxval: int, dtype: Any = "int32", seed: Any = None) -> Any:
        return self._generator(seed).integers(minval, maxval, shape).astype(standardize_dtype(dtype))


class Backend:
    """`keras.backend` and the functions of `keras.config` that tests read."""

    Variable = tensors.Variable
    SUPPORTS_SPARSE_TENSORS = SUPPORTS_RAGGED_TENSORS = SUPPORTS_COMPLEX_DTYPES = False
    convert_to_numpy = staticmethod(convert_to_numpy)
    convert_to_tensor = staticmethod(convert_to_tensor)
    standardize_dtype = staticmethod(standardize_dtype)
    is_float_dtype = staticmethod(tensors.is_float_dtype)
    is_int_dtype = staticmethod(tensors.is_int_dtype)
    is_tensor = staticmethod(tensors.is_tensor)
    shape = staticmethod(tensors.shape)
    cast = staticmethod(tensors.cast)
    name = "fashioncnn"
    floatx = staticmethod(lambda: "float32")
    epsilon = staticmethod(lambda: 1e-7)
    image_data_format = staticmethod(lambda: "channels_last")
    standardize_data_format = staticmethod(lambda value: value or "channels_last")

    def backend(self) -> str:
        return self.name

    @staticmethod
    def set_floatx(value: str) -> None:
        if value != "float32":
            raise OutOfScope(scope.DTYPES, f"a policy of {value}")

    @staticmethod
    @contextlib.contextmanager
    def device(name: str) -> Iterator[None]:
        yield


def assert_same_structure(a: Any, b: Any) -> None:
    """ValueError unless both nests differ in their leaves only."""
    tensors.map_structure(lambda x, y: None, a, b)
    tensors.map_structure(lambda x, y: None, b, a)


tree = SimpleNamespace(map_structure=tensors.map_structure, flatten=tensors.flatten,
                       assert_same_structure=assert_same_structure)
ops, random, backend = Ops(), Random(), Backend()


class DTypePolicies:
    """`keras.dtype_policies`, as far as a test asks which policy is in force and sets it again afterwards."""

    class dtype_policy:
        @staticmethod
        def dtype_policy() -> str:
            return "float32"

        @staticmethod
        def set_dtype_policy(policy: str) -> None:
            if policy != "float32":
                raise OutOfScope(scope.DTYPES, f"a policy of {policy}")


dtype_policies = DTypePolicies()
