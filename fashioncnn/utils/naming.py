"""Names of layers and models that were not given one: conv2d, conv2d_1, conv2d_2, ..."""

from __future__ import annotations

from collections import Counter

from fashioncnn.saving.registry import snake_case

_used: Counter[str] = Counter()


def auto_name(class_name: str) -> str:
    """The next free name for an object of the class, as Keras counts."""
    name = snake_case(class_name)
    number = _used[name]
    _used[name] += 1
    return f"{name}_{number}" if number else name


def clear_session() -> None:
    """Starts the counting of names afresh."""
    _used.clear()
