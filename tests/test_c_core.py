"""Builds and runs the programs of tests/c: as they are, under the address and undefined-behaviour sanitizers, and those
that start threads under the thread sanitizer; and the extension under both, with many callers at once."""

from __future__ import annotations

import gzip
import json
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import mutate
import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
PROGRAMS = sorted(path.stem for path in (ROOT / "tests" / "c").glob("test_*.c"))
THREADED_PROGRAMS = ("test_calls", "test_profile", "test_rules", "test_threads", "test_training")
COMPILER = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")

pytest.importorskip("ninja", reason="needs ninja: pip install ninja")
pytestmark = pytest.mark.skipif(not shutil.which(COMPILER[0]), reason="needs a C compiler")


def succeed(command: list[str], **environment: str) -> None:
    result = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert result.returncode == 0, f"{shlex.join(command)}\n{result.stdout[-4000:]}\n{result.stderr[-8000:]}"


def has_sanitizer(name: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "empty.c")
        source.write_text("int main(void) { return 0; }\n")
        flags = [f"-fsanitize={name}", str(source), "-o", str(Path(folder, "empty"))]
        return subprocess.run([*COMPILER, *flags], capture_output=True, check=False).returncode == 0


def build(sanitizers: str = "") -> Path:
    if sanitizers and not has_sanitizer(sanitizers):
        pytest.skip(f"the compiler has no sanitizer for {sanitizers}")
    options = [f"--sanitize={sanitizers}"] if sanitizers else []
    succeed([sys.executable, "setup.py", "-q", "build_programs", "--extension", *options])
    return ROOT / "build" / (sanitizers or "release")


@pytest.fixture(scope="module")
def programs() -> Path:
    return build()


@pytest.fixture(scope="module")
def memory_checked_programs() -> Path:
    return build("address,undefined")


@pytest.fixture(scope="module")
def race_checked_programs() -> Path:
    return build("thread")


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_succeeds(programs, program):
    succeed([str(programs / program)])


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_succeeds_under_the_address_and_undefined_behaviour_sanitizers(memory_checked_programs, program):
    succeed(
        [str(memory_checked_programs / program)],
        ASAN_OPTIONS="abort_on_error=1:detect_leaks=1",
        UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1",
    )


@pytest.mark.parametrize("program", THREADED_PROGRAMS)
def test_program_is_free_of_data_races(race_checked_programs, program):
    succeed([str(race_checked_programs / program)], TSAN_OPTIONS="die_after_fork=0:halt_on_error=1")


# The sanitizer's library, which must be there before Python starts, and its options. Python itself leaks.
RUNTIMES = {
    "address,undefined": ("libasan.so", {"ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "halt_on_error=1"}),
    "thread": ("libtsan.so", {"TSAN_OPTIONS": "die_after_fork=0:halt_on_error=1"}),
}


def sanitized(request: pytest.FixtureRequest, folder: Path, sanitizers: str) -> dict[str, str]:
    """The environment in which Python has the package with the extension that checks itself, made in a folder."""
    fixture = "race_checked_programs" if sanitizers == "thread" else "memory_checked_programs"
    (extension,) = request.getfixturevalue(fixture).glob("_core*.so")
    shutil.copytree(ROOT / "fashioncnn", folder / "fashioncnn", ignore=shutil.ignore_patterns("*.so", "*.pyd"))
    shutil.copy(extension, folder / "fashioncnn")
    library, options = RUNTIMES[sanitizers]
    answer = subprocess.run([*COMPILER, f"-print-file-name={library}"], capture_output=True, text=True, check=True)
    if not os.path.isabs(answer.stdout):
        pytest.skip(f"the compiler has no {library} to load before Python")
    return {**options, "PYTHONPATH": str(folder), "LD_PRELOAD": answer.stdout.strip()}


@pytest.mark.parametrize("sanitizers", RUNTIMES)
def test_callers_of_every_kind_share_a_model(request, tmp_path, sanitizers):
    succeed([sys.executable, str(ROOT / "tests" / "callers_worker.py"), "5"],
            **sanitized(request, tmp_path, sanitizers))


def test_damaged_idx_files_do_no_harm_under_the_address_and_undefined_behaviour_sanitizers(request, tmp_path):
    environment = sanitized(request, tmp_path, "address,undefined")
    allowed = {"DataError", "the same", "not damaged", "MiB"}
    array = np.arange(600, dtype=">i2").reshape(20, 5, 6)
    content = bytes([0, 0, 0x0b, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()
    (tmp_path / "packed.idx.gz").write_bytes(gzip.compress(content))
    assert mutate.in_children(tmp_path / "packed.idx.gz", **environment).keys() <= allowed
    (tmp_path / "plain.idx").write_bytes(content)
    assert mutate.in_children(tmp_path / "plain.idx", **environment).keys() <= allowed | {"other numbers"}


@pytest.mark.skipif(not shutil.which("clang"), reason="needs clang")
def test_clang_warns_of_nothing(programs):
    for entry in json.loads((programs / "compile_commands.json").read_text()):
        command = shlex.split(entry["command"])
        flags = command[command.index("-std=gnu11"):command.index("-MMD")]
        succeed(["clang", *flags, "-fsyntax-only", "-Werror", entry["file"]])


def test_what_is_not_run_on_arm_is_named(tmp_path):
    for name in ("sh", "basename"):
        (tmp_path / name).symlink_to(shutil.which(name))
    (tmp_path / "uname").write_text("#!/bin/sh\necho x86_64\n")
    (tmp_path / "uname").chmod(0o755)
    result = subprocess.run(["sh", "tools/test_arm.sh", sys.executable], cwd=ROOT, env={"PATH": str(tmp_path)},
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("skipped: tests/c/test_") == len(PROGRAMS)
    assert "there is no aarch64-linux-gnu-gcc qemu-aarch64" in result.stdout
    assert "apt-get install gcc-aarch64-linux-gnu" in result.stdout
