"""Which methods of an object are not this package's own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
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
    homes = [vars(value)]
    if not is_ours(type(value)):
        homes += map(vars, type(value).__mro__)
    elif homes[0].keys().isdisjoint(methods):
        return []
    return [method for method in methods if not is_our_method(_first(method, homes))]


def is_written(value: Any) -> bool:
    """Whether a user wrote what is called: a function, or the `__call__` of a class; None is not called.

    Example:
        >>> from fashioncnn import regularizers
        >>> is_written(regularizers.L2()), is_written(lambda w: 0.0), is_written(None)
        (False, True, False)
    """
    return value is not None and (not is_ours(type(value)) or bool(overridden(value, ["__call__"])))


def is_ours(cls: type) -> bool:
    """Whether a class is one of this package's."""
    return cls.__module__.partition(".")[0] == PACKAGE


def redefined(cls: type, allowed: Iterable[str], is_known: Callable[[type, str], bool]) -> list[str]:
    """The methods and properties that a user's class defines though this package's class, or Keras's, has them.

    Args:
        cls: The class, or one of this package's, which redefines nothing.
        allowed: Those that only the user calls.
        is_known: ``is_known(ours, name)`` tells whether the class of ours, or Keras's, has an attribute.
    """
    users = list(itertools.takewhile(lambda base: not is_ours(base), cls.__mro__))
    if not users:
        return []
    ours = cls.__mro__[len(users)]
    return [name for base in users for name, value in vars(base).items()
            if not name.startswith("_") and name not in allowed and (callable(value) or hasattr(value, "__get__"))
            and is_known(ours, name)]


def _first(name: str, homes: list[Any]) -> Any:
    for home in homes:
        if name in home:
            return home[name]
    return None


def is_our_method(attribute: Any) -> bool:
    """Whether a method or a property comes from this package, or there is none."""
    if attribute is None:
        return True
    if isinstance(attribute, property):
        attribute = attribute.fget
    attribute = getattr(attribute, "__func__", attribute)
    if getattr(attribute, "is_users", False):
        return False
    # Not __module__, which a decorator copies from the method that it replaces.
    home = getattr(attribute, "__globals__", {}).get("__name__") or type(attribute).__module__
    return str(home).partition(".")[0] == PACKAGE
