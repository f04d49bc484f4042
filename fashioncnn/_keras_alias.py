"""Lets `fashioncnn.keras`, and everything below it, stand for `fashioncnn`, so that TensorFlow's import lines work too.

``from fashioncnn.keras.layers import Dense`` would otherwise load a second copy of `fashioncnn.layers`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

PACKAGE = "fashioncnn"
ALIAS = f"{PACKAGE}.keras"


class _AliasFinder:
    """Finds the modules whose names begin with the alias: they are those of the package."""

    def find_spec(self, name: str, path: Sequence[str] | None = None,
                  target: ModuleType | None = None) -> ModuleSpec | None:
        return ModuleSpec(name, self) if name.startswith(f"{ALIAS}.") else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> None:
        """Leaves it to Python to make an empty module, which `exec_module` replaces."""

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        sys.modules[name] = importlib.import_module(PACKAGE + name.removeprefix(ALIAS))


def install(package: ModuleType) -> None:
    """Makes the alias known to Python's import."""
    sys.modules[ALIAS] = package
    sys.meta_path.insert(0, _AliasFinder())
