"""Compiles exported C files and runs them, for tests."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

STRICT = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Wconversion", "-Wshadow", "-Werror"]
SANITIZED = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)] or ["cc"]


def build(path: Path, flags: list[str] = SANITIZED, compiler: str = COMPILERS[0]) -> Path:
    """The program that the file is with its `main`."""
    program = path.with_suffix("")
    subprocess.run([compiler, *STRICT, *flags, f"-D{path.stem.upper()}_MAIN", str(path), "-lm", "-o", str(program)],
                   check=True)
    return program


def check_with(compiler: str, path: Path) -> None:
    """Fails where the compiler warns of anything."""
    subprocess.run([compiler, *STRICT, "-fsyntax-only", str(path)], check=True)


def run(program: Path, inputs: list[np.ndarray[Any, Any]], shapes: list[tuple[int, ...]]) -> list[np.ndarray[Any, Any]]:
    """The outputs, of these shapes, for inputs (N, ...)."""
    rows = np.concatenate([array.reshape(len(array), -1) for array in inputs], axis=1).astype(np.float32)
    made = subprocess.run([program], input=rows.tobytes(), stdout=subprocess.PIPE, check=True).stdout
    outputs = np.frombuffer(made, np.float32).reshape(len(rows), -1)
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    assert outputs.shape[1] == ends[-1]
    return [part.reshape(len(rows), *shape)
            for part, shape in zip(np.split(outputs, ends[:-1], axis=1), shapes, strict=True)]
