"""Nested lists, tuples and dicts of things: a model's inputs and outputs, and all that is said of each of them.

The leaves of a dict come in the order of its sorted keys, as in Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


def is_nested(value: Any) -> bool:
    """Whether `value` is a list, a tuple or a dict."""
    return isinstance(value, (list, tuple, Mapping))


def leaves(structure: Any) -> list[Any]:
    """The things in a structure, in order.

    Example:
        >>> leaves([1, {"b": 2, "a": 3}, (4,)])
        [1, 3, 2, 4]
    """
    return list(_walk(structure))


def _walk(structure: Any) -> Iterator[Any]:
    if isinstance(structure, Mapping):
        for key in sorted(structure):
            yield from _walk(structure[key])
    elif isinstance(structure, (list, tuple)):
        for item in structure:
            yield from _walk(item)
    else:
        yield structure


def mapped(function: Callable[[Any], Any], structure: Any) -> Any:
    """A structure of the same form, with `function` of each leaf.

    Example:
        >>> mapped(abs, [-1, {"a": -2}])
        [1, {'a': 2}]
    """
    return filled(structure, map(function, leaves(structure)))


def filled(structure: Any, values: Iterator[Any]) -> Any:
    """A structure of the same form with other leaves.

    Example:
        >>> filled({"b": 0, "a": 0}, iter([1, 2]))
        {'b': 2, 'a': 1}
    """
    if isinstance(structure, Mapping):
        found = {key: filled(structure[key], values) for key in sorted(structure)}
        return {key: found[key] for key in structure}
    if isinstance(structure, (list, tuple)):
        items = [filled(item, values) for item in structure]
        return items if isinstance(structure, list) else tuple(items)
    return next(values)


def single(items: list[Any]) -> Any:
    """The item of a list of one, else the list."""
    return items[0] if len(items) == 1 else items
