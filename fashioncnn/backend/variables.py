"""Variables, their values and their types, and random arrays: `K.get_value`, `K.set_value`, `K.variable` and the like.

A number that belongs to somebody, such as an optimizer's learning rate, is set by `set_value` as a variable is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from fashioncnn.backend.conversion import array, wrapped
from fashioncnn.config import floatx
from fashioncnn.initializers import RandomNormal, RandomUniform, TruncatedNormal
from fashioncnn.layers.symbolic import KerasTensor
from fashioncnn.utils import checks
from fashioncnn.utils.tensor import Tensor
from fashioncnn.utils.variable import Variable

_TYPES = ("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "float32",
          "float64")


def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Variable:
    """A variable, of float32 where no type is given."""
    checks.one_of("variable()", "constraint", constraint, [None])
    return Variable(array(value), dtype=dtype or floatx(), name=name)


def zeros(shape: Any, dtype: Any = None, name: str | None = None) -> Variable:
    """A variable of zeros."""
    return variable(np.zeros(shape), dtype, name)


def ones(shape: Any, dtype: Any = None, name: str | None = None) -> Variable:
    """A variable of ones."""
    return variable(np.ones(shape), dtype, name)


def eye(size: int, dtype: Any = None, name: str | None = None) -> Variable:
    """A variable with ones on its diagonal."""
    return variable(np.eye(size), dtype, name)


def get_value(x: Any) -> Any:
    """A variable's or a tensor's values as NumPy's; anything else as it is.

    Example:
        >>> from fashioncnn.optimizers import Adam
        >>> optimizer = Adam(0.5)
        >>> set_value(optimizer.learning_rate, 0.25)
        >>> get_value(optimizer.learning_rate)
        np.float32(0.25)
    """
    return x.numpy() if hasattr(x, "numpy") else x


eval = get_value


def set_value(x: Any, value: Any) -> None:
    """Sets what has `assign`: a variable, or a number such as an optimizer's learning rate.

    Raises:
        ArgumentError: If `x` is something else.
    """
    if not hasattr(x, "assign"):
        raise checks.ArgumentError(f"set_value() got {type(x).__name__}, which cannot be set: expected a variable, or "
                                   "a number such as optimizer.learning_rate")
    x.assign(value)


def batch_get_value(tensors: Iterable[Any]) -> list[Any]:
    """The values of several."""
    return [get_value(each) for each in tensors]


def batch_set_value(tuples: Iterable[tuple[Any, Any]]) -> None:
    """Sets several: pairs of a variable and its values."""
    for each, value in tuples:
        set_value(each, value)


def update(x: Any, new_x: Any) -> Any:
    """Sets a variable, and returns its values."""
    return x.assign(new_x)


def update_add(x: Any, increment: Any) -> Any:
    """Adds to a variable, and returns its values."""
    return x.assign_add(increment)


def update_sub(x: Any, decrement: Any) -> Any:
    """Subtracts from a variable, and returns its values."""
    return x.assign_sub(decrement)


def dtype(x: Any) -> str:
    """The name of an array's type."""
    return str(np.dtype(getattr(x, "dtype", None) or array(x).dtype))


def standardize_dtype(dtype: Any) -> str:
    """The name of a type; that of float32 for None.

    Raises:
        ValueError: If it is none that images may have.
    """
    name = floatx() if dtype is None else getattr(dtype, "__name__", None) or str(dtype)
    return str(checks.one_of("standardize_dtype()", "dtype", {"int": "int64", "float": floatx()}.get(name, name),
                             _TYPES))


def is_float_dtype(dtype: Any) -> bool:
    """Whether it is a type of floats."""
    return standardize_dtype(dtype).startswith("float")


def is_int_dtype(dtype: Any) -> bool:
    """Whether it is a type of integers."""
    return "int" in standardize_dtype(dtype)


def is_keras_tensor(x: Any) -> bool:
    """Whether it is a symbolic tensor: what `Input`, and layers called on one, return."""
    return isinstance(x, KerasTensor)


def is_sparse(tensor: Any) -> bool:
    """Whether most of it is left out: no."""
    return False


def to_dense(tensor: Any) -> Any:
    """The same, as there is nothing else."""
    return tensor


def _seed(seed: int | None) -> int:
    """`seed`, or one from NumPy's own random numbers, as Keras takes it."""
    return int(np.random.randint(10_000_000)) if seed is None else seed


def random_normal(shape: Sequence[int], mean: float = 0.0, stddev: float = 1.0, dtype: Any = None,
                  seed: int | None = None) -> Tensor:
    """Normally distributed numbers."""
    return wrapped(np.asarray(RandomNormal(mean, stddev, _seed(seed))(tuple(shape))).astype(dtype or floatx()))


def truncated_normal(shape: Sequence[int], mean: float = 0.0, stddev: float = 1.0, dtype: Any = None,
                     seed: int | None = None) -> Tensor:
    """Normally distributed numbers, at most two standard deviations from the mean."""
    return wrapped(np.asarray(TruncatedNormal(mean, stddev, _seed(seed))(tuple(shape))).astype(dtype or floatx()))


def random_uniform(shape: Sequence[int], minval: float = 0.0, maxval: float = 1.0, dtype: Any = None,
                   seed: int | None = None) -> Tensor:
    """Evenly distributed numbers."""
    return wrapped(np.asarray(RandomUniform(minval, maxval, _seed(seed))(tuple(shape))).astype(dtype or floatx()))


def random_bernoulli(shape: Sequence[int], p: float = 0.0, dtype: Any = None, seed: int | None = None) -> Tensor:
    """1 with the probability `p`, else 0."""
    return wrapped((random_uniform(shape, seed=seed) <= p).astype(dtype or floatx()))


def random_normal_variable(shape: Sequence[int], mean: float, scale: float, dtype: Any = None, name: str | None = None,
                           seed: int | None = None) -> Variable:
    """A variable of `random_normal`."""
    return variable(random_normal(shape, mean, scale, dtype, seed), dtype, name)


def random_uniform_variable(shape: Sequence[int], low: float, high: float, dtype: Any = None, name: str | None = None,
                            seed: int | None = None) -> Variable:
    """A variable of `random_uniform`."""
    return variable(random_uniform(shape, low, high, dtype, seed), dtype, name)
