"""`utils.split_dataset`: a data set, or arrays, in two."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from fashioncnn.data import elements
from fashioncnn.data.dataset import Dataset
from fashioncnn.utils import checks
from fashioncnn.utils.arrays import is_array


def split_dataset(dataset: Any, left_size: Any = None, right_size: Any = None, shuffle: bool = False,
                  seed: int | None = None, preferred_backend: str | None = None) -> tuple[Dataset, Dataset]:
    """Two data sets: the first elements, and the last ones.

    Args:
        dataset: A `data.Dataset`, which is gone through once; an array, or a tuple or list of arrays with as many rows;
            or something with a length and numbered items, as PyTorch's data sets.
        left_size: The number of elements, or their part as a float; None: all that the other one does not have.
        right_size: The same of the second one.
        shuffle: Whether the elements are brought into a random order first.
        seed: Of that order; None: it follows from Python's global seed.
        preferred_backend: None or "tensorflow".

    Raises:
        ArgumentError: If an argument has the wrong type.
        ValueError: If a size is out of range, or both are None.

    Example:
        >>> left, right = split_dataset(np.arange(10), left_size=0.8)
        >>> len(left), [int(x) for x in right]
        (8, [8, 9])
    """
    checks.one_of("split_dataset()", "preferred_backend", preferred_backend, (None, "tensorflow"))
    batch_size = getattr(getattr(dataset, "_step", None), "size", None)  # of a data set that ends with batch()
    arrays = _arrays(dataset if batch_size is None else dataset.unbatch())
    rows = elements.rows_of(arrays)
    left, right = _sizes(rows, left_size, right_size)
    places: Any = range(rows)
    if shuffle:
        places = list(places)
        (random.Random(seed) if seed is not None else random).shuffle(places)
    first, second = (Dataset.from_tensor_slices(_rows(arrays, part))
                     for part in (places[:left], places[rows - right :]))
    return (first, second) if batch_size is None else (first.batch(batch_size), second.batch(batch_size))


def _arrays(dataset: Any) -> Any:
    """Arrays whose rows are the elements."""
    if isinstance(dataset, Dataset):
        if dataset.is_infinite:
            raise ValueError("split_dataset() got a data set that repeats without end; take() makes one that ends")
        found = list(dataset)
    elif is_array(dataset) or (isinstance(dataset, (list, tuple)) and len(dataset) and is_array(dataset[0])):
        given = tuple(dataset) if isinstance(dataset, (list, tuple)) else dataset
        return elements.element_of("split_dataset()", given)
    elif hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__"):
        found = [elements.element_of("split_dataset()", dataset[place]) for place in range(len(dataset))]
    else:
        raise checks.ArgumentError("split_dataset() takes a Dataset, arrays, or something with numbered items, got "
                                   f"{type(dataset).__name__}")
    if not found:
        raise ValueError("split_dataset() got nothing to split")
    return elements.stacked(found)


def _rows(arrays: Any, places: Any) -> Any:
    """Rows of arrays; those that lie together stay where they are."""
    if isinstance(places, range):
        return elements.mapped(lambda leaf: leaf[places.start : places.stop], arrays)
    return elements.some_rows(arrays, places)


def _sizes(total: int, left: Any, right: Any) -> tuple[int, int]:
    if left is None and right is None:
        raise ValueError("split_dataset() needs `left_size` or `right_size`")
    counts = [_count(name, size, total) for name, size in (("left_size", left), ("right_size", right))]
    first, second = counts
    if first is None:
        assert second is not None
        first = total - second
    elif second is None:
        second = total - first
    if first + second > total:
        raise ValueError(f"split_dataset() got left_size={left} and right_size={right}, which are more than the "
                         f"{total} elements")
    if 0 in (first, second):
        raise ValueError(f"split_dataset() got left_size={left} and right_size={right}, which leaves one part of the "
                         f"{total} elements empty")
    return first, second


def _count(name: str, size: Any, total: int) -> int | None:
    if size is None:
        return None
    if isinstance(size, (float, np.floating)):
        return round(checks.part(name, size) * total)
    count = checks.integer(name, size, at_least=1)
    if count >= total + 1:
        raise ValueError(f"`{name}` must be at most {total}, the number of elements, got {count}")
    return count
