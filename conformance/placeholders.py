"""What stands where a name of Keras's, or of another framework's, has nothing behind it.

A test file must load even if half of the names that it imports are missing, because its other tests can run. So a
missing name becomes a `Placeholder`. While a file is loaded, whatever is done with one gives the placeholder again: it
is a decorator, a base class, a value in a list of parameters. Once tests run, its first use raises an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class AbsentFeature(Exception):
    """A test used something of Keras's that fashioncnn does not have; the message is its name."""


class OutOfScope(Exception):
    """A test used something that fashioncnn is never to have.

    Args:
        reason: Why.
        name: What it used.
    """

    def __init__(self, reason: str, name: str = "") -> None:
        super().__init__(f"{name}: {reason}")
        self.reason = reason


class _State:
    loading = False


@contextmanager
def loading() -> Iterator[None]:
    """While the block runs, the use of placeholders is not an error."""
    _State.loading = True
    try:
        yield
    finally:
        _State.loading = False


class Placeholder:
    """Stands for something missing.

    Args:
        error: `AbsentFeature` or `OutOfScope`.
        arguments: Those of the error.
    """

    def __init__(self, error: type[Exception], *arguments: str) -> None:
        self._error = error
        self._arguments = arguments

    def _used(self) -> Placeholder:
        if _State.loading:
            return self
        raise self._error(*self._arguments)

    def __call__(self, *args: Any, **kwargs: Any) -> Placeholder:
        return self._used()

    def __getattr__(self, name: str) -> Placeholder:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self._used()

    def __getitem__(self, key: Any) -> Placeholder:
        return self._used()

    def __iter__(self) -> Iterator[Any]:
        return iter((self._used(),))

    def __enter__(self) -> Placeholder:
        return self._used()

    def __exit__(self, *exception: object) -> None: ...

    def __instancecheck__(self, instance: Any) -> bool:
        self._used()
        return False

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        self._used()
        return (_base_class(self),)

    def __repr__(self) -> str:
        return f"<{'missing' if self._error is AbsentFeature else 'foreign'} {self._arguments[-1]}>"


def _base_class(placeholder: Placeholder) -> type:
    """A class to derive from in the place of one that is missing; making an object of it is a use."""

    class Missing:
        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            return placeholder._used()

        def __getattr__(self, name: str) -> Any:
            return placeholder._used()

    return Missing
