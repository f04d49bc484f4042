"""Elements of data sets: tensors, and tuples and dicts of them; as in tf.data a list is one tensor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.utils import arrays, checks
from fashioncnn.utils.tensor import Tensor

Array = NDArray[Any]


@dataclass(frozen=True)
class TensorSpec:
    """The shape and the type of a tensor; None is an extent, or a shape, that differs.

    Example:
        >>> TensorSpec((None, 28, 28), np.dtype("float32")).shape
        (None, 28, 28)
    """

    shape: tuple[int | None, ...] | None
    dtype: Any = np.float32
    name: str | None = None


def is_part(value: Any) -> bool:
    """Whether a value is a structure, and not a leaf."""
    return isinstance(value, (tuple, dict, Mapping))


def mapped(function: Callable[..., Any], first: Any, *others: Any) -> Any:
    """A structure of the same form, with `function` of the leaves that have the same place in all of them.

    Raises:
        ValueError: If the structures differ.

    Example:
        >>> mapped(max, (1, {"a": 5}), (2, {"a": 3}))
        (2, {'a': 5})
    """
    kind = type(first)
    if not others:  # the quick way, for each element of a pass
        if kind is Tensor:
            return function(first)
        if kind is tuple:
            return tuple([function(item) if type(item) is Tensor else mapped(function, item) for item in first])
    if not is_part(first):
        if any(map(is_part, others)):
            raise ValueError(f"elements of different structures: {_form(first)} and {_form(others[0])}")
        return function(first, *others)
    for other in others:
        same = is_part(other) and isinstance(first, Mapping) == isinstance(other, Mapping) and len(first) == len(other)
        if not same or (isinstance(first, Mapping) and set(first) != set(other)):
            raise ValueError(f"elements of different structures: {_form(first)} and {_form(other)}")
    if isinstance(first, Mapping):
        return {key: mapped(function, first[key], *(other[key] for other in others)) for key in first}
    parts = [mapped(function, *items) for items in zip(first, *others, strict=True)]
    return kind(*parts) if hasattr(first, "_fields") else tuple(parts)


def _form(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a dict of " + (", ".join(map(repr, value)) or "nothing")
    return f"a tuple of {len(value)}" if isinstance(value, tuple) else "a single tensor"


def leaves(structure: Any) -> list[Any]:
    """The leaves of a structure in order; those of a dict by their sorted keys."""
    if isinstance(structure, Mapping):
        return [leaf for key in sorted(structure) for leaf in leaves(structure[key])]
    if is_part(structure):
        return [leaf for item in structure for leaf in leaves(item)]
    return [structure]


def element_of(caller: str, value: Any) -> Any:
    """What a caller gave or returned, as an element: Python's floats are float32, its integers int32, texts are bytes.

    Args:
        caller: For messages.
        value: A structure of whatever can be an array; None may be a part.

    Raises:
        ArgumentError: If something cannot be an array.
        ValueError: If a list's rows differ in length.
    """
    return mapped(lambda leaf: leaf if type(leaf) is Tensor else _tensor(caller, leaf), value)


def _tensor(caller: str, value: Any) -> Any:
    if value is None:
        return value
    try:
        array = arrays.read(value)
    except ValueError as error:
        raise ValueError(f"{caller} got a value that is not an array: {error}") from None
    except (BufferError, RuntimeError, TypeError) as error:
        raise checks.ArgumentError(f"{caller} got a value of type {type(value).__name__}, which cannot be read as an "
                                   f"array: {error}") from None
    if array.dtype.kind in "US":
        return _bytes(array).view(Tensor)
    if not hasattr(value, "dtype") and not hasattr(value, "__array_interface__"):
        array = _of_python(array)
    if array.dtype.kind not in "biufc" and not all(isinstance(item, (bytes, str)) for item in array.flat):
        raise checks.ArgumentError(f"{caller} got a value of type {type(value).__name__}; elements are numbers, texts, "
                                   "and tuples and dicts of them")
    return _bytes(array).view(Tensor) if array.dtype.kind == "O" else array.view(Tensor)


def _of_python(array: Array) -> Array:
    """An array that Python's numbers made, in the types that they have in TensorFlow."""
    if array.dtype.kind == "f":
        return array.astype(np.float32)
    if array.dtype.kind == "i" and (array.size == 0 or (abs(array.min()) < 2**31 and array.max() < 2**31)):
        return array.astype(np.int32)
    return array


def _bytes(array: Array) -> Array:
    """Texts, or bytes, as Python's bytes: what `numpy()` gives in TensorFlow."""
    encoded = np.empty(array.shape, object)
    for place, item in enumerate(array.flat):
        encoded.flat[place] = item.encode() if isinstance(item, str) else bytes(item)
    return encoded


def rows_of(structure: Any) -> int:
    """How many rows the arrays of a structure have.

    Raises:
        ValueError: If there is none, one has no rows, or they differ.
    """
    found = [np.shape(leaf) for leaf in leaves(structure) if leaf is not None]
    if not found:
        raise ValueError("from_tensor_slices() got nothing to slice")
    if not all(found):
        raise ValueError("from_tensor_slices() got a single number, which has no rows; from_tensors() takes one")
    counts: list[int] = sorted({shape[0] for shape in found})
    if len(counts) > 1:
        raise ValueError(f"from_tensor_slices() got arrays of {' and '.join(map(str, counts))} rows; all must have the "
                         "same number")
    return counts[0]


def row(structure: Any, position: int) -> Any:
    """One row of the arrays of a structure, which may be changed."""
    return mapped(lambda leaf: None if leaf is None else leaf[position, ...].copy(), structure)


def first_rows(structure: Any, count: int) -> Any:
    """The first rows of the arrays of a structure, which are not copied."""
    return mapped(lambda leaf: None if leaf is None else leaf[:count], structure)


def some_rows(structure: Any, positions: range | Sequence[int]) -> Any:
    """Rows of the arrays of a structure, which may be changed."""
    if isinstance(positions, range) and positions.step == 1:
        span = slice(positions.start, positions.stop)
        return mapped(lambda leaf: None if leaf is None else leaf[span].copy(), structure)
    index = np.asarray(positions, np.intp)
    return mapped(lambda leaf: None if leaf is None else leaf.take(index, 0), structure)


def stacked(items: Sequence[Any]) -> Any:
    """Elements, one after the other along a new axis.

    Raises:
        ValueError: If their shapes, types or structures differ.
    """
    return mapped(_stack, *items)


def _stack(*values: Any) -> Any:
    first = values[0]
    if first is None:
        return None
    if any(value.shape != first.shape for value in values):
        other = next(value for value in values if value.shape != first.shape)
        raise ValueError(f"batch() got elements of the shapes {first.shape} and {other.shape}, and those of a batch "
                         "must be equal; let map() bring them to one size")
    result = np.empty((len(values), *first.shape), first.dtype).view(Tensor)
    for place, value in enumerate(values):
        if value.dtype != first.dtype:
            raise ValueError(f"batch() got elements of the types {first.dtype} and {value.dtype}, and those of a "
                             "batch must be equal")
        result[place, ...] = value
    return result


def copied(element: Any) -> Any:
    """An element that may be changed while another keeps it."""
    return mapped(lambda leaf: None if leaf is None else leaf.copy(), element)


def in_numpy(element: Any) -> Any:
    """An element of plain arrays and numbers."""
    return mapped(lambda leaf: None if leaf is None else leaf.numpy(), element)


def spec_of(element: Any) -> Any:
    """The `TensorSpec` of each tensor."""
    return mapped(lambda leaf: None if leaf is None else TensorSpec(leaf.shape, leaf.dtype), element)


def reshaped(spec: Any, change: Callable[[tuple[int | None, ...]], tuple[int | None, ...]]) -> Any:
    """The specs with another shape each; a shape that is not known stays so."""
    return mapped(lambda leaf: leaf if leaf is None or leaf.shape is None
                  else TensorSpec(change(tuple(leaf.shape)), leaf.dtype), spec)


def agrees(spec: TensorSpec, shape: Sequence[int]) -> bool:
    """Whether a shape is one of those that a spec allows."""
    return spec.shape is None or (len(spec.shape) == len(shape) and all(
        wanted is None or wanted == found for wanted, found in zip(spec.shape, shape, strict=True)))
