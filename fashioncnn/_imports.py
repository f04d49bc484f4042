"""What import statements of Keras scripts find here.

``from fashioncnn.keras.layers import Dense`` would load a second copy of `fashioncnn.layers`: `fashioncnn.keras`, and
everything below it, stands for `fashioncnn`. And a module or a name that Keras has and fashioncnn has not is found, or
refused with a sentence that helps: see `fashioncnn.utils.absent`. So is the C core where nobody built it.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

PACKAGE = "fashioncnn"
ALIAS = f"{PACKAGE}.keras"
CORE = f"{PACKAGE}._core"


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


class _AbsentFinder:
    """Asked last, for modules of this package that nobody else finds.

    ``from fashioncnn.layers import Convv2D`` asks for a module of that name too, when the package has no such
    attribute: so what is raised here is what the user reads.
    """

    def find_spec(self, name: str, path: Sequence[str] | None = None,
                  target: ModuleType | None = None) -> ModuleSpec | None:
        if name == CORE:
            raise ImportError(
                f"fashioncnn's C core is not built in {os.path.dirname(__file__)} for Python "
                f"{sys.version_info[0]}.{sys.version_info[1]}. These are its sources: run `make build` there; or, if "
                "fashioncnn is installed, start Python in another folder")
        if not name.startswith(f"{PACKAGE}.") or name.rpartition(".")[2].startswith("_"):
            return None
        from fashioncnn.utils import absent

        if name.removeprefix(f"{PACKAGE}.") in absent.keras_names()["modules"]:
            return ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]
        parent, _, last = name.rpartition(".")
        raise ModuleNotFoundError(absent.unknown_name(parent, last))  # with a name a from-import would swallow it

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        from fashioncnn.utils import absent

        return absent.absent_module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """An absent module is whole when it is made."""


def install(package: ModuleType) -> None:
    """Makes both known to Python's import."""
    sys.modules[ALIAS] = package
    sys.meta_path.insert(0, _AliasFinder())
    sys.meta_path.append(_AbsentFinder())
