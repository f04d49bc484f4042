"""Layers that are in several models of one description: written with a number, and made once when they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

KEY = "shared_object_id"
_NUMBERS: ContextVar[Mapping[int, int] | None] = ContextVar("numbers of shared objects", default=None)
_OBJECTS: ContextVar[dict[Any, Any] | None] = ContextVar("shared objects by number", default=None)


@contextmanager
def written(shared: list[Any]) -> Iterator[None]:
    """While it lasts, the descriptions of these objects have a number each."""
    token = _NUMBERS.set({id(each): number for number, each in enumerate(shared, 1)})
    try:
        yield
    finally:
        _NUMBERS.reset(token)


@contextmanager
def read() -> Iterator[None]:
    """While it lasts, descriptions with the same number stand for one object."""
    token = _OBJECTS.set({})
    try:
        yield
    finally:
        _OBJECTS.reset(token)


def mark(value: Any) -> dict[str, int]:
    """What is added to an object's description."""
    number = (_NUMBERS.get() or {}).get(id(value))
    return {} if number is None else {KEY: number}


def known(description: Mapping[str, Any]) -> Any:
    """The object that was made of a description with the same number; None if there is none."""
    return (_OBJECTS.get() or {}).get(description.get(KEY))


def note(description: Mapping[str, Any], value: Any) -> None:
    """Keeps an object for descriptions with the same number."""
    objects = _OBJECTS.get()
    if objects is not None and isinstance(description.get(KEY), int):
        objects[description[KEY]] = value
