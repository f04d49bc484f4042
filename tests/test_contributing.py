"""CONTRIBUTING.md names files, targets and options that exist, and the hooks call what `make lint` calls."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
PLACEHOLDERS = ("NAME", "FILE", "*")


def test_the_files_that_it_names_exist():
    folders = "csrc|fashioncnn|tests|docs|benchmarks|conformance"
    paths = {path.rstrip(".") for path in re.findall(rf"(?:{folders})/[\w./*]+", TEXT)}
    named = [path for path in paths if not any(word in path for word in PLACEHOLDERS)]
    assert len(named) > 30
    assert [path for path in named if not (ROOT / path).exists()] == []
    alone = re.findall(r"`(\w+\.[ch])`", TEXT)
    known = {path.name for folder in ("csrc", "tests/c") for path in (ROOT / folder).rglob("*.[ch]")}
    assert set(alone) - known == set()


def test_the_targets_of_make_exist():
    targets = {word for words in re.findall(r"(?:`|^)make ([a-z-]+(?: [a-z-]+)*)", TEXT, re.MULTILINE)
               for word in words.split()}
    assert {"help", "test", "lint", "format", "build", "debug", "coverage", "conformance", "bench"} <= targets
    phony = " ".join(re.findall(r"\.PHONY: (.*)", MAKEFILE)).split()
    assert targets - set(phony) == set()


def test_each_name_in_capitals_is_in_the_file_that_is_to_be_edited():
    for path, names in re.findall(r"`(tests/[\w/]+\.py)`: ((?:`[A-Z_]+`(?:,| and )?\s*)+)", TEXT):
        for name in re.findall(r"`([A-Z_]+)`", names):
            assert re.search(rf"^{name}\b", (ROOT / path).read_text("utf-8"), re.MULTILINE), (path, name)


@pytest.mark.parametrize("tool", ["-m ruff check", "-m mypy", "--dry-run --Werror"])
def test_the_hooks_call_what_make_lint_calls(tool):
    hooks = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    assert tool in hooks
    assert tool in MAKEFILE


def test_a_build_writes_the_commands_that_editors_read():
    pytest.importorskip("ninja", reason="needs ninja: pip install ninja")
    command = [sys.executable, "setup.py", "-q", "build_programs", "--programs=tests/c/test_base.c"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert '"file": "csrc/base/attributes.c"' in (ROOT / "build/release/compile_commands.json").read_text("utf-8")
