"""Keras's own sources: where they are, and what they say about a name that a test asked for."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path


class KerasSources:
    """Keras's modules as text, and what its public modules export."""

    folder: Path | None = None  # that of the package `keras`

    @classmethod
    def path(cls, module: str) -> Path | None:
        """The file or the folder of a module such as ``keras.src.layers``, or None."""
        assert cls.folder is not None, "the folder is set first"
        path = cls.folder.joinpath(*module.split(".")[1:])
        file = path.with_suffix(".py")
        return path if path.is_dir() else file if file.is_file() else None

    @classmethod
    def has_attribute(cls, name: str, file: str | None = None) -> bool:
        """Whether there is such a method, property or value, somewhere or in a file below `keras/src`."""
        return _finds(rf"\bdef {name}\(|self\.{name}\b *[,=:]", cls.folder, file)

    @classmethod
    def has_argument(cls, name: str) -> bool:
        """Whether a function has such an argument with a default."""
        return _finds(rf"^ +{name}(?:: [^=\n]+)?=|[(,] *{name}=", cls.folder)

    @classmethod
    def has_name(cls, name: str) -> bool:
        """Whether there is such a class, a function, or an object known by such a name."""
        return _finds(rf"^(?:class|def) {name}\b|[\"']{name}[\"']", cls.folder)

    @classmethod
    def exports(cls, area: str, name: str) -> bool:
        """Whether users can write ``keras.<area>.<name>``."""
        return name in _exported(cls.folder, area)

    @classmethod
    def exported(cls, area: str, name: str) -> str | None:
        """What is exported under a name, in any letter case and with or without underscores."""
        plain = name.lower().replace("_", "")
        return next((known for known in _exported(cls.folder, area) if known.lower() == plain), None)


@cache
def _text(folder: Path | None, file: str | None) -> str:
    if folder is None:
        return ""
    paths = sorted((folder / "src").rglob("*.py")) if file is None else [folder / "src" / file]
    return "\n".join(path.read_text() for path in paths if path.is_file() and not path.name.endswith("_test.py"))


@cache
def _finds(pattern: str, folder: Path | None, file: str | None = None) -> bool:
    return re.search(pattern, _text(folder, file), re.MULTILINE) is not None


@cache
def _exported(folder: Path | None, area: str) -> tuple[str, ...]:
    listing = None if folder is None else folder.joinpath(*area.split("."), "__init__.py")
    return tuple(re.findall(r" as (\w+)", listing.read_text())) if listing and listing.is_file() else ()
