"""Builds and runs the programs of tests/c: as they are, under the address and undefined-behaviour sanitizers, and the
thread pool's under the thread sanitizer."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROGRAMS = sorted(path.stem for path in (ROOT / "tests" / "c").glob("test_*.c"))
COMPILER = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")

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


def is_current(programs: list[Path]) -> bool:
    sources = [ROOT / "setup.py", *(ROOT / "csrc").rglob("*.[ch]"), *(ROOT / "tests" / "c").glob("*.[ch]")]
    newest = max(path.stat().st_mtime for path in sources)
    return all(path.exists() and path.stat().st_mtime > newest for path in programs)


def build(sanitizers: str = "") -> Path:
    folder = ROOT / "build" / (f"tests_c_{sanitizers}" if sanitizers else "tests_c")
    if not is_current([folder / name for name in PROGRAMS]):
        options = [f"--sanitize={sanitizers}"] if sanitizers else []
        succeed([sys.executable, "setup.py", "-q", "build_c_tests", *options])
    return folder


@pytest.fixture(scope="module")
def programs() -> Path:
    return build()


@pytest.fixture(scope="module")
def sanitized_programs() -> Path:
    if not has_sanitizer("address,undefined"):
        pytest.skip("the compiler has no address sanitizer")
    return build("address,undefined")


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_succeeds(programs, program):
    succeed([str(programs / program)])


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_succeeds_under_the_address_and_undefined_behaviour_sanitizers(sanitized_programs, program):
    succeed(
        [str(sanitized_programs / program)],
        ASAN_OPTIONS="abort_on_error=1:detect_leaks=1",
        UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1",
    )


def test_thread_pool_is_free_of_data_races(tmp_path):
    if not has_sanitizer("thread"):
        pytest.skip("the compiler has no thread sanitizer")
    sources = [*sorted((ROOT / "csrc" / "base").glob("*.c")), ROOT / "tests" / "c" / "test_threads.c"]
    flags = ["-std=gnu11", "-O2", "-g", "-fsanitize=thread", "-pthread", f"-I{ROOT / 'csrc'}"]
    program = str(tmp_path / "test_threads")
    succeed([*COMPILER, *flags, *map(str, sources), "-o", program, "-lm"])
    succeed([program], TSAN_OPTIONS="die_after_fork=0:halt_on_error=1")
