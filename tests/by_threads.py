"""What a function returns on several numbers of threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import fashioncnn

T = TypeVar("T")


def by_threads(make: Callable[[], T], counts: Sequence[int] = (1, 2, 3, 7)) -> list[T]:
    """What `make` returns with each number of threads; then there are as many as before."""
    before = fashioncnn.get_num_threads()
    found = []
    try:
        for count in counts:
            fashioncnn.set_num_threads(count)
            found.append(make())
    finally:
        fashioncnn.set_num_threads(before)
    return found
