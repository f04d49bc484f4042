"""Imports of `keras` answered by fashioncnn.

`install` makes every module of the installed Keras importable without running a line of it: a stand-in takes its place,
and a name that is asked of the stand-in is looked for in fashioncnn, then in `areas` and `testcase`. A name that is
in none of them becomes a placeholder. Only test files are loaded from Keras itself.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import areas
import package
import scope
import testcase
import trainer
from placeholders import AbsentFeature, OutOfScope, Placeholder
from sources import KerasSources

TESTS = "_test"
# Where Keras exports what its tests take from inside.
ELSEWHERE = {
    "trainers.data_adapters.py_dataset_adapter.PyDataset": "utils.PyDataset",
    "backend.Variable": "Variable",
    "backend.KerasTensor": "KerasTensor",
    "backend.common.keras_tensor.KerasTensor": "KerasTensor",
}
# What files are made of: tests know these names of members, which are no secret, under names with an underscore.
MEMBERS = {
    "saving.saving_lib._CONFIG_FILENAME": "config.json",
    "saving.saving_lib._METADATA_FILENAME": "metadata.json",
    "saving.saving_lib._VARS_FNAME_H5": "model.weights.h5",
}
# Areas that are found inside others as well.
INNER = {"backend.random": "random", "backend.numpy": "ops", "ops.random": "random"}


class StandIn(ModuleType):
    """A module of Keras's whose names are looked for when they are asked for."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = self._find(name)
        setattr(self, name, value)
        return value

    def _find(self, name: str) -> Any:
        path = self.__name__.removeprefix("keras").removeprefix(".src").removeprefix(".")
        parts = path.split(".") if path else []
        full = ".".join([*parts, name])
        if full in MEMBERS:
            return MEMBERS[full]
        if full in INNER:
            return StandIn(f"keras.src.{INNER[full]}")
        if full in ELSEWHERE:
            *area, last = ELSEWHERE[full].split(".")
            found = _in_package(area, last)
            if found is not None:
                return found
        for find in (_in_helpers, _in_package) if parts[:1] == ["backend"] else (_in_package, _in_helpers):
            found = find(parts, name)
            if found is not None:
                return found
        if KerasSources.path(f"{self.__name__}.{name}"):
            return importlib.import_module(f"{self.__name__}.{name}")
        return missing(parts, name)


def missing(parts: list[str], name: str) -> Placeholder:
    """What stands for a name that neither fashioncnn nor this adapter has."""
    full = ".".join([*parts, name])
    reason = scope.reason_for_name(full)
    if reason:
        return Placeholder(OutOfScope, reason, full)
    area = next((area for area in (".".join(parts[:2]), *parts[:1], "")
                if KerasSources.exports(area, name)), None)
    if area is None:
        return Placeholder(OutOfScope, scope.INTERNALS, full)
    return Placeholder(AbsentFeature, f"{area}.{name}".lstrip("."))


def _in_package(parts: list[str], name: str) -> Any:
    """What fashioncnn has under a name of Keras's, or None."""
    if name.startswith("_"):
        return None
    for depth in range(len(parts), min(len(parts), 1) - 1, -1):
        value = package.find(".".join(parts[:depth]), name)
        if value is not None and not isinstance(value, ModuleType):
            return value
    return None


def _in_helpers(parts: list[str], name: str) -> Any:
    """What this adapter provides, or None."""
    homes = {"ops": areas.ops, "random": areas.random, "tree": areas.tree, "testing": testcase,
             "backend": areas.backend, "config": areas.backend, "dtype_policies": areas.dtype_policies}
    if not parts or parts[0] not in homes or name.startswith("_"):
        return None
    return trainer.Trainer if name == "TensorFlowTrainer" else getattr(homes[parts[0]], name, None)


class KerasFinder:
    """Finds the modules of Keras's tree: stand-ins, and test files as they are."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name.split(".")[0] != "keras":
            return None
        file = KerasSources.path(name)
        if file is None:
            return None
        if name.endswith(TESTS):
            return importlib.util.spec_from_file_location(name, file)
        return ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None: ...


class _Stranger(ModuleType):
    """A package that is not to be used: whatever is taken from it is out of scope."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []
        self.__dict__["_reason"] = reason

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Placeholder(OutOfScope, self._reason, f"{self.__name__}.{name}")


class StrangerFinder:
    """Finds packages that are not to be loaded, or that could not be found."""

    def __init__(self, packages: dict[str, str]) -> None:
        self.packages = packages

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        known = name.split(".")[0] in self.packages
        return ModuleSpec(name, self, is_package=True) if known else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Stranger(spec.name, self.packages[spec.name.split(".")[0]])

    def exec_module(self, module: ModuleType) -> None: ...


def install(folder: Path) -> None:
    """Redirects every later import of `keras`.

    Args:
        folder: That of the package `keras`.
    """
    KerasSources.folder = folder
    sys.meta_path[:0] = [KerasFinder(), StrangerFinder(scope.FRAMEWORKS)]  # type: ignore[list-item]
    sys.meta_path.append(StrangerFinder(scope.OPTIONAL_PACKAGES))  # type: ignore[arg-type]
    conftest = ModuleType("conftest")
    conftest.__dict__["skip_if_backend"] = testcase.skip_if_backend
    sys.modules["conftest"] = conftest
