"""Whether weights and arrays are the same to the last bit, and in what they differ."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.models import Model

SHOWN = 5  # arrays in a message


def weights_digest(model: Model) -> str:
    """The SHA-256 of the names, shapes and bytes of all weights, in hexadecimal digits.

    Names count the layers of each class, so the digest does not depend on what else was made in the process.

    Args:
        model: A built model.

    Raises:
        ValueError: If the model has no weights yet.

    Example:
        >>> from fashioncnn import Input, Sequential, layers
        >>> zeros = Sequential([Input((2,)), layers.Dense(1, kernel_initializer="zeros")])
        >>> weights_digest(zeros)[:16]
        '9dfc345ddaeca97d'
    """
    digest = hashlib.sha256()
    for name, weight in model._weight_items():
        digest.update(f"{name} {weight.shape}\n".encode())
        digest.update(weight.numpy().astype("<f4", copy=False).tobytes())
    return digest.hexdigest()


def assert_same_bits(first: Any, second: Any) -> None:
    """Raises AssertionError unless both have the same bits, and says where they differ, and by how much.

    NaN is the same as NaN of the same bits; 0.0 and -0.0 differ.

    Args:
        first: A model, whose weights are compared; or an array; or a list or dict of arrays.
        second: The same.

    Raises:
        AssertionError: If something differs. A difference of 1 ULP is one between neighbouring floats.

    Example:
        >>> assert_same_bits(np.float32([1, 2, 3]), np.float32([1, 2, 3]))
        >>> assert_same_bits(np.float32([1, 2, 3]), np.float32([1, 2.0000002, 3.5]))
        Traceback (most recent call last):
            ...
        AssertionError: the array: 2 of 3 numbers differ, first at [1]: 2.0 and 2.0000002; the largest difference is
            0.5, 2097152 ULPs, at [2]: 3.0 and 3.5
    """
    __tracebackhide__ = True
    one, other = _named_arrays(first), _named_arrays(second)
    if list(one) != list(other):
        only = [name for name in one if name not in other], [name for name in other if name not in one]
        raise AssertionError(f"the names differ: only the first has {_listed(only[0])}, only the second "
                             f"{_listed(only[1])}" if any(only) else "the same names come in another order")
    differences = [f"{name}: {text}" for name in one if (text := difference(one[name], other[name]))]
    if differences:
        rest = f"\n... and {len(differences) - SHOWN} more" if len(differences) > SHOWN else ""
        raise AssertionError("\n".join(differences[:SHOWN]) + rest)


def difference(first: NDArray[Any], second: NDArray[Any]) -> str:
    """In what two arrays differ; nothing if they do not."""
    for what in ("dtype", "shape"):
        if getattr(first, what) != getattr(second, what):
            return f"the {what} is {getattr(first, what)} and {getattr(second, what)}"
    differs = np.asarray(_bits(first) != _bits(second))
    count = int(differs.sum())
    if count == 0:
        return ""
    text = (f"{count} of {first.size} numbers differ, first at "
            f"{_pair(first, second, np.unravel_index(int(differs.argmax()), first.shape))}")
    if first.dtype.kind not in "iuf":
        return text
    with np.errstate(invalid="ignore", over="ignore"):
        sizes = np.asarray(np.abs(first.astype(np.float64) - second.astype(np.float64)))
    sizes[differs & ~np.isfinite(sizes)] = np.inf
    sizes[~differs] = -1
    worst = np.unravel_index(int(sizes.argmax()), first.shape)
    return (f"{text}; the largest difference is {sizes[worst]:.6g}{_ulps(first[worst], second[worst])}, at "
            f"{_pair(first, second, worst)}")


def _named_arrays(value: Any) -> dict[str, NDArray[Any]]:
    if isinstance(value, Model):
        return {name: weight.numpy() for name, weight in value._weight_items()}
    if isinstance(value, Mapping):
        return {str(name): np.asarray(array) for name, array in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return {f"array {number}": np.asarray(array) for number, array in enumerate(value)}
    return {"the array": np.asarray(value)}


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"


def _pair(first: NDArray[Any], second: NDArray[Any], index: tuple[Any, ...]) -> str:
    return f"[{', '.join(map(str, index))}]: {first[index]!s} and {second[index]!s}"


def _bits(array: NDArray[Any]) -> NDArray[Any]:
    """Integers that are the same where the bits are."""
    if array.dtype.kind == "f" and array.dtype.itemsize <= 8:
        return np.ascontiguousarray(array).reshape(array.shape).view(f"u{array.dtype.itemsize}")
    return array


def _ulps(first: Any, second: Any) -> str:
    if first.dtype.kind != "f" or first.dtype.itemsize > 8 or not np.isfinite([first, second]).all():
        return ""
    return f", {abs(_rank(first) - _rank(second))} ULPs"


def _rank(number: Any) -> int:
    """Counts floats in their order: neighbours differ by 1, -0.0 and 0.0 by nothing."""
    size = number.dtype.itemsize
    bits = int(number.view(f"u{size}"))
    sign = 1 << (8 * size - 1)
    return sign - bits if bits >= sign else bits
