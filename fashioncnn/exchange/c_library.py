"""The C functions that an exported file is made of: real C files beside this module, of which it takes what is used.

A file is a list of definitions with an empty line between any two; nothing else stands at the beginning of a line after
an empty one. What a definition needs is found by the names in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import NamedTuple

FOLDER = "c"


class Definition(NamedTuple):
    """A function or a type, with the comment before it; the system headers are those that its file includes."""

    name: str
    text: str
    headers: tuple[str, ...]

    def needs(self, names: Iterable[str]) -> list[str]:
        """Which of `names` it uses: a function is called, a type is named."""
        code = re.sub(r"/\*.*?\*/", "", self.text, flags=re.DOTALL)
        used = set(re.findall(r"(?<![.\w>])(\w+)\b", code))
        called = set(re.findall(r"\b(\w+)\(", code))
        definitions = _definitions()
        return [name for name in names
                if name != self.name and name in (called if definitions[name].is_function else used)]

    @property
    def is_function(self) -> bool:
        return "\nstatic " in f"\n{self.text}"


@cache
def _definitions() -> dict[str, Definition]:
    found: dict[str, Definition] = {}
    for path in sorted(resources.files(__package__).joinpath(FOLDER).iterdir(), key=lambda path: path.name):
        if not path.name.endswith((".c", ".h")):
            continue
        source = path.read_text(encoding="utf-8")
        headers = tuple(re.findall(r"^#include <(.*)>$", source, re.MULTILINE))
        for block in re.split(r"\n\n(?=\S)", source):
            text = re.sub(r"^#.*\n?", "", block, flags=re.MULTILINE).strip()
            code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL).strip()
            if code:
                name = _name_of(code)
                found[name] = Definition(name, text, headers)
    return found


def _name_of(code: str) -> str:
    """What is defined: `static int f(...) {...}`, `typedef struct t {...} t;` or `enum { N = 1 };`."""
    pattern = r"enum \{ (\w+)" if code.startswith("enum") else r"(\w+);$" if code.startswith("typedef") else r"(\w+)\("
    found = re.search(pattern, code)
    assert found is not None, f"no name in {code!r}"
    return found.group(1)


def definitions_for(names: Iterable[str]) -> list[Definition]:
    """The definitions called `names` and all that they need, each after what it needs itself."""
    known = _definitions()
    ordered: dict[str, Definition] = {}

    def take(name: str) -> None:
        if name not in ordered:
            for needed in known[name].needs(known):
                take(needed)
            ordered[name] = known[name]

    for name in sorted(names):
        take(name)
    return list(ordered.values())


def words_of(definitions: Iterable[Definition]) -> set[str]:
    """All names in them, which nothing else in a file may have."""
    return {word for definition in definitions for word in re.findall(r"[A-Za-z_]\w*", definition.text)}


def is_defined(name: str) -> bool:
    """Whether there is a definition called `name`."""
    return name in _definitions()
