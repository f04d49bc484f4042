"""docs/compatibility.md: a row for each test file, what is absent, and what is wrong."""

from __future__ import annotations

import ast
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import files
import scope
from collect import Result

KINDS = ("passed", "absent", "wrong")
WORDS = ("file", "reason", "what it is", "feature", "out of scope")  # columns that hold no numbers
OFTEN = 5  # absent features that so many tests need have a line of their own
_OF_ONE_RUN = re.compile(rf" at 0x[0-9a-f]+|{re.escape(tempfile.gettempdir())}/\S+/")  # addresses and temporary folders

INTRODUCTION = """# Compatibility with Keras

Written by `make conformance`: the unit tests of Keras {version}, as they lie in its wheel, run against fashioncnn.
Nothing of them is copied: `conformance/` loads the test files of an installed Keras, and answers what they import from
Keras with fashioncnn's modules.

{summary}.

- *passed*: fashioncnn does what the test demands. Errors must be of the class that Keras raises; their wording is
  fashioncnn's own.
- *absent*: the test needs something that fashioncnn does not have, and the error names it. The features are listed
  below.
- *wrong*: anything else. A failing assertion, another class of error, a crash, or {seconds:g} seconds without an end.
- *out of scope*: what a trainer of convolutional networks for images is not to have; each reason is named below.

The checks that Keras makes of every layer are replaced by ones that need no symbolic tensors: a layer's description
must make an equal layer; `build`, `compute_output_shape` and a call must give the expected weights, shapes, types and
values; a step of training on random data must run and change the weights. NumPy stands in for `keras.ops` and
`keras.backend` where tests make their inputs or take results apart.
"""


def summary(results: Sequence[Result]) -> str:
    """The totals in a sentence."""
    counts = Counter(result.kind for result in results)
    tested = sum(counts[kind] for kind in KINDS)
    return (f"Of {tested:,} tests in scope {counts['passed']:,} pass, {counts['absent']:,} need something absent and "
            f"{counts['wrong']:,} are wrong; {counts['out of scope']:,} more in the same files are out of scope")


def tests_in(file: Path) -> int:
    """How many test functions a file defines, each counted once whatever its parameters are."""
    tree = ast.parse(file.read_text())
    return sum(isinstance(node, ast.FunctionDef) and node.name.startswith("test") for node in ast.walk(tree))


def files_out_of_scope(keras: Path) -> dict[str, list[int]]:
    """For each reason, the numbers of tests in the files that are out of scope as a whole."""
    found: dict[str, list[int]] = defaultdict(list)
    for file in sorted((keras / "src").rglob("*_test.py")):
        name = file.relative_to(keras / "src").as_posix()
        if name not in files.IN_SCOPE:
            found[files.reason_for_file(name)].append(tests_in(file))
    return found


def markdown(results: Sequence[Result], version: str, outside: dict[str, list[int]], seconds: float) -> str:
    """The whole document."""
    parts = [
        INTRODUCTION.format(version=version, summary=summary(results), seconds=seconds),
        "## Files\n\n" + _table(["file", "tests", "passed", "absent", "wrong", "out of scope"], _file_rows(results)),
        "## Wrong\n\n" + _wrong(results),
        "## Absent\n\n" + _absent(results),
        "## Out of scope\n\nTests in the files above, and whole files with their test functions.\n\n"
        + _table(["reason", "what it is", "tests", "files", "their tests"], _reason_rows(results, outside)),
    ]
    return "\n".join(parts)


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    ruler = "".join("---|" if name in WORDS else "---:|" for name in columns)
    lines = [f"| {' | '.join(columns)} |", f"|{ruler}", *(f"| {' | '.join(map(str, row))} |" for row in rows)]
    return "\n".join(lines) + "\n"


def _file_rows(results: Sequence[Result]) -> Iterable[Sequence[object]]:
    by_file: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_file[result.file].append(result)
    for file, own in by_file.items():
        counts = Counter(result.kind for result in own)
        yield [file.removesuffix("_test.py"), len(own), *(counts[kind] for kind in KINDS), _reasons(own)]
    totals = Counter(result.kind for result in results)
    yield [f"**{len(by_file)} files**", len(results), *(totals[kind] for kind in KINDS), totals["out of scope"]]


def _reasons(results: Sequence[Result]) -> str:
    counts = Counter(result.reason for result in results if result.kind == "out of scope")
    total = sum(counts.values())
    return f"{total}: " + ", ".join(f"{reason} {count}" for reason, count in counts.most_common()) if total else "0"


def _wrong(results: Sequence[Result]) -> str:
    wrong = [f"- `{result.file}::{result.test}`: {_plain(result.error)}"
             for result in results if result.kind == "wrong"]
    return "\n".join(wrong or ["None."]) + "\n"


def _plain(error: str) -> str:
    """An error in one line that says the same in every run, and is no markup."""
    return _OF_ONE_RUN.sub("", error)[:160].replace("`", "'").replace("|", "/").replace("<", "&lt;")


def _absent(results: Sequence[Result]) -> str:
    counts = Counter(result.reason for result in results if result.kind == "absent")
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    often = [(f"`{feature}`", count) for feature, count in ordered if count >= OFTEN]
    seldom = [f"`{feature}` {count}" for feature, count in ordered if count < OFTEN]
    text = "The feature that a test misses first, and how many tests do.\n\n" + _table(["feature", "tests"], often)
    text += f"\nFewer than {OFTEN} tests each: {', '.join(seldom)}.\n" if seldom else ""
    return text + _by_hand({f"{result.file}::{result.test}" for result in results if result.kind == "absent"})


def _by_hand(absent: set[str]) -> str:
    """The absent features that no error names."""
    lines = [f"- `{test}`: {feature}; {why}" for test, (feature, why) in scope.ABSENT.items() if test in absent]
    return "\nIn these tests no error names the feature:\n\n" + "\n".join(lines) + "\n" if lines else ""


def _reason_rows(results: Sequence[Result], outside: dict[str, list[int]]) -> Iterable[Sequence[object]]:
    inside = Counter(result.reason for result in results if result.kind == "out of scope")
    for reason, meaning in scope.REASONS.items():
        counts = outside.get(reason, [])
        if inside[reason] or counts:
            yield [reason, meaning, inside[reason], len(counts), sum(counts)]
