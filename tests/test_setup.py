"""setup.py: what it builds for which machine, and what it refuses."""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMPILER = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")

pytest.importorskip("setuptools", minversion="77")
pytest.importorskip("ninja")


def setup(*arguments: str, folder: Path = ROOT, code: str = "",
          **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs setup.py, in an interpreter that ran `code` before."""
    script = f"{code}\nimport runpy, sys\nsys.argv[0] = 'setup.py'\nrunpy.run_path('setup.py', run_name='__main__')"
    return subprocess.run([sys.executable, "-c", script, "-q", *arguments], cwd=folder, env=os.environ | environment,
                          capture_output=True, text=True)


@pytest.mark.parametrize(("target", "machine", "unknown", "builds"), [
    ("x86_64-linux-gnu", "x86_64", "-mnothing", {"baseline", "avx2", "avx512", "avx512bf16", "amx"}),
    ("x86_64-linux-gnu", "x86_64", "-mamx-bf16", {"baseline", "avx2", "avx512", "avx512bf16"}),
    ("x86_64-linux-gnu", "x86_64", "-mavx512bf16", {"baseline", "avx2", "avx512"}),
    ("aarch64-linux-gnu", "aarch64", "-mavx2", {"neon"}), ("arm64-apple-darwin23", "aarch64", "-mavx2", {"neon"}),
    ("riscv64-linux-gnu", "riscv64", "-mavx2", {"baseline"}),
])
def test_flags_and_folder_follow_the_compilers_target(target, machine, unknown, builds, tmp_path):
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("csrc", "fashioncnn"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "program.c").touch()
    compiler = tmp_path / "cc"
    compiler.write_text(f'#!/bin/sh\nif [ "$1" = -dumpmachine ]; then echo {target}; exit; fi\n'
                        f'case " $* " in *" {unknown} "*) exit 1;; esac\n'
                        'while [ $# -gt 1 ]; do if [ "$1" = -o ]; then : >"$2"; fi; shift; done\n')
    compiler.chmod(0o755)
    result = setup("build_programs", "--programs=program.c", folder=tmp_path, CC=str(compiler))
    assert result.returncode == 0, result.stderr
    native = platform.machine() in (machine, {"aarch64": "arm64"}.get(machine))
    folder = tmp_path / "build" / ("release" if native else f"{machine}-release")
    commands = [entry["command"] for entry in json.loads((folder / "compile_commands.json").read_text())]
    assert set(re.findall(r"FCNN_ISA=(\w+)", " ".join(commands))) == builds | {"reference"}
    assert any("-mavx" in command for command in commands) == ("avx2" in builds)


def test_a_compiler_that_is_not_there_is_named():
    result = setup("build_programs", CC="no-such-compiler")
    assert result.returncode == 1
    assert "the C compiler 'no-such-compiler' cannot be used" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_machine_of_32_bits_is_refused():
    def compiles(source: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*COMPILER, "-m32", "-fsyntax-only", "-x", "c", source], cwd=ROOT, capture_output=True,
                              text=True)

    if not shutil.which(COMPILER[0]) or compiles(os.devnull).returncode:
        pytest.skip("needs a C compiler that compiles for 32 bits too")
    result = compiles("csrc/base/sizes.h")
    assert result.returncode
    assert "fashioncnn needs a 64-bit machine" in result.stderr


@pytest.mark.parametrize(("package", "version", "wanted"), [("setuptools", "76.1.0", 77), ("numpy", "1.26.4", 2)])
def test_build_tools_that_are_too_old_are_refused_with_what_helps(package, version, wanted):
    result = setup("build_programs", "--extension", code=f"import {package}; {package}.__version__ = {version!r}")
    assert result.returncode == 1
    assert f"{package} {wanted} or newer, and this is {version}" in result.stderr
    assert f"pip install '{package}>={wanted}'" in result.stderr
