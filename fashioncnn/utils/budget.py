"""What may be made while a file is read: a description may ask for more than there is memory for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

LARGEST_IMAGE = 1 << 14  # lines or columns of an image that is resized, and of what it becomes

_LEFT: ContextVar[list[int] | None] = ContextVar("numbers of weights that are left", default=None)


@contextmanager
def weights_at_most(count: int) -> Iterator[None]:
    """While it lasts, layers make no more than so many numbers of weights in all."""
    token = _LEFT.set([count])
    try:
        yield
    finally:
        _LEFT.reset(token)


def check(count: int) -> None:
    """Raises ValueError if so many are more than may be made."""
    left = _LEFT.get()
    if left is not None and count > left[0]:
        raise ValueError(f"the weights of a layer would be {count} numbers, and the file has {left[0]} more at most")


def spend(count: int) -> None:
    """Makes so many. Errors as of `check`."""
    check(count)
    left = _LEFT.get()
    if left is not None:
        left[0] -= count


def check_image(*extents: int) -> None:
    """Raises ValueError if an image that is resized is larger than one of a file may be."""
    if _LEFT.get() is not None and max(extents) > LARGEST_IMAGE:
        raise ValueError(f"an image of {max(extents)} lines or columns is resized; files may ask for {LARGEST_IMAGE}")
