"""Imports that wait until somebody asks for the name: ``from fashioncnn import layers`` loads no layer.

    with _lazily.imports(__name__):
        from fashioncnn.layers.dense import Dense

So tools that read the code, and people, see usual imports. In the block they bind nothing and load nothing: what they
would have bound is noted, and `find`, which a module's ``__getattr__`` asks, makes the import when a name is wanted.
Code of the module itself finds such names only by importing them where it needs them.
"""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, NamedTuple


class Home(NamedTuple):
    """Where a name is to be had."""

    module: str
    name: str


class _Part:
    """Stands for a module in the block: each of its names is its home."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Home:
        return Home(self._module, name)


_homes: dict[str, dict[str, Home]] = {}  # by module
_hooked = Lock()


@contextmanager
def imports(module: str) -> Iterator[None]:
    """A block of from-imports at the top of a module of this package, which are made later.

    Args:
        module: The module's name.
    """
    scope = vars(sys.modules[module])

    def note(name: str, *arguments: Any, **keywords: Any) -> Any:
        return _Part(name) if (arguments and arguments[0] is scope) else python(name, *arguments, **keywords)

    with _hooked:
        python, builtins.__import__ = builtins.__import__, note
        try:
            yield
        finally:
            builtins.__import__ = python
    homes = {name: value for name, value in scope.items() if isinstance(value, Home)}
    for name in homes:
        del scope[name]
    _homes.setdefault(module, {}).update(homes)


def find(module: str, name: str) -> Any:
    """What a module was to import by this name, which it has from now on; None where that is nothing."""
    home = _homes.get(module, {}).get(name)
    if home is None:
        return None
    value = getattr(importlib.import_module(home.module), home.name)
    setattr(sys.modules[module], name, value)
    return value


def names(module: str) -> list[str]:
    """What a module imports later, or has imported so."""
    importlib.import_module(module)
    return list(_homes.get(module, ()))


def load(module: str) -> None:
    """Makes all imports of a module that wait."""
    for name in names(module):
        if name not in vars(sys.modules[module]):
            find(module, name)
