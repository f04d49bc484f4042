"""Names of objects that were not given one: conv2d, conv2d_1, conv2d_2, ...; and in whose code weights are made."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from fashioncnn.utils.registry import snake_case

_used: Counter[str] = Counter()
_scope: ContextVar[tuple[str, ...]] = ContextVar("names of the layers whose code makes weights", default=())


def auto_name(class_name: str) -> str:
    """The next free name for an object of the class, as Keras counts."""
    name = snake_case(class_name)
    number = _used[name]
    _used[name] += 1
    return f"{name}_{number}" if number else name


def get_uid(prefix: str = "") -> int:
    """The next number of a prefix, from 1. Names that are given automatically count with it."""
    _used[prefix] += 1
    return _used[prefix]


def checked_name(name: Any, class_name: str) -> str:
    """`name`, or for None the next free one.

    Raises:
        ValueError: If it is not a string, or empty, or holds a slash.
    """
    if name is None:
        return auto_name(class_name)
    if not isinstance(name, str) or not name or "/" in name:
        raise ValueError(f"`name` must be a string without '/', got {name!r}")
    return name


def clear_session(free_memory: bool = True) -> None:
    """Starts the counting of names afresh.

    Args:
        free_memory: Whether Python looks for objects that only refer to each other, too. A model's memory is free
            when its last user is gone.
    """
    _used.clear()
    if free_memory:
        gc.collect()


def scope(*inner: str) -> tuple[str, ...]:
    """The names of the layers in whose code a weight is made, with an inner one, which may be the last itself."""
    around = _scope.get()
    return around if around[len(around) - len(inner):] == inner else (*around, *inner)


@contextmanager
def scoped(names: Sequence[str]) -> Iterator[None]:
    """While weights are made in the code of layers: their names, from the outermost on."""
    token = _scope.set(tuple(names))
    try:
        yield
    finally:
        _scope.reset(token)
