"""Classes and functions of the user's that files name: registered for good, or known within a block."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from types import FunctionType
from typing import Any, TypeVar

from fashioncnn.utils import checks

T = TypeVar("T", bound=Callable[..., Any])

HOW_TO_NAME = "pass it in `custom_objects`, or decorate it with saving.register_keras_serializable()"
_BY_NAME: dict[str, Any] = {}
_NAMES: dict[Any, str] = {}
_NOTHING: Mapping[str, Any] = {}
_IN_SCOPE: ContextVar[Mapping[str, Any]] = ContextVar("custom_objects", default=_NOTHING)


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[T], T]:
    """Decorates a class or function that files may name: as "package>name".

    Args:
        package: Whose it is.
        name: What it is called there; None: its own name.

    Raises:
        ValueError: If a class has no `get_config`.

    Example:
        >>> from fashioncnn import initializers
        >>> @register_keras_serializable("shop")
        ... class Ramp(initializers.Constant):
        ...     pass
        >>> get_registered_name(Ramp), get_registered_object("shop>Ramp") is Ramp
        ('shop>Ramp', True)
    """
    def register(what: T) -> T:
        if inspect.isclass(what) and not hasattr(what, "get_config"):
            raise ValueError(f"Cannot register a class that does not have a get_config() method, {what.__name__}: that "
                             "says how to make another object like it")
        registered = f"{package}>{what.__name__ if name is None else name}"
        _BY_NAME[registered] = what
        _NAMES[what] = registered
        return what

    return register


def get_registered_name(obj: Any) -> str:
    """The name that a class or function was registered under; else its own."""
    known = _NAMES.get(obj)
    return str(obj.__name__) if known is None else known


def get_registered_object(name: str, custom_objects: Mapping[str, Any] | None = None,
                          module_objects: Mapping[str, Any] | None = None) -> Any:
    """The class or function of this name; None if there is none.

    Args:
        name: Its name.
        custom_objects: Where to look for what is neither registered nor known within a `custom_object_scope`.
        module_objects: Where to look then.
    """
    for known in (_IN_SCOPE.get(), _BY_NAME, custom_objects or {}, module_objects or {}):
        if name in known:
            return known[name]
    return None


def describe_function(function: Any) -> dict[str, Any]:
    """How files name a function.

    Raises:
        ArgumentError: If it is none, and cannot be described otherwise.
        NotImplementedError: If it is a lambda.
    """
    if not callable(function) or not hasattr(function, "__name__"):
        raise checks.ArgumentError(f"{function!r} of type {type(function).__name__} cannot be described: it has no "
                                   "get_config()")
    if isinstance(function, FunctionType) and function.__name__ == "<lambda>":
        raise NotImplementedError(f"{function!r} cannot be described: a lambda has no name, and files with code in "
                                  "them are not supported by fashioncnn; use a function, and pass it in "
                                  "`custom_objects` when the file is read")
    return {"module": "builtins", "class_name": "function", "config": get_registered_name(function),
            "registered_name": "function"}


def get_custom_objects() -> dict[str, Any]:
    """What is registered, by name; what is put into this dict is so, too."""
    return _BY_NAME


class CustomObjectScope:
    """A block in which classes and functions of the user's are known by name. Blocks add to those around them.

    Args:
        custom_objects: The classes and functions by name.

    Example:
        >>> with CustomObjectScope({"Mine": dict}):
        ...     get_registered_object("Mine")
        <class 'dict'>
        >>> get_registered_object("Mine") is None
        True
    """

    def __init__(self, custom_objects: Mapping[str, Any] | None) -> None:
        self.custom_objects = dict(custom_objects or {})
        self._tokens: list[Token[Mapping[str, Any]]] = []

    def __enter__(self) -> CustomObjectScope:
        self._tokens.append(_IN_SCOPE.set({**_IN_SCOPE.get(), **self.custom_objects}))
        return self

    def __exit__(self, *error: object) -> None:
        _IN_SCOPE.reset(self._tokens.pop())


custom_object_scope = CustomObjectScope
