"""Which methods of an object are not this package's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

PACKAGE = __name__.partition(".")[0]


def overridden(value: Any, methods: Iterable[str]) -> list[str]:
    """Those of the methods that a user defined: in a subclass, in one of several base classes, or on the object.

    Example:
        >>> from fashioncnn import metrics
        >>> class Loud(metrics.Mean):
        ...     def result(self):
        ...         return super().result()
        >>> overridden(Loud(), ["update_state", "result"])
        ['result']
    """
    return [method for method in methods if _home_of(value, method) != PACKAGE]


def _home_of(value: Any, method: str) -> str:
    """The top-level package of the function that a call would reach; ours where there is none."""
    if method in vars(value):
        function = vars(value)[method]
    else:
        function = next((vars(cls)[method] for cls in type(value).__mro__ if method in vars(cls)), None)
    if function is None or function is object.__dict__.get(method):
        return PACKAGE
    for inner in ("fget", "func", "__func__"):  # of a property, a cached one, a class method
        function = getattr(function, inner, None) or function
    # Not __module__, which a decorator copies from the method that it replaces.
    home = getattr(function, "__globals__", {}).get("__name__") or type(function).__module__
    return str(home).partition(".")[0]
