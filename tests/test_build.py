"""The package as it is shipped: what the wheel holds, what importing costs, what the files give away."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command, cwd=ROOT):
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    pytest.importorskip("setuptools", minversion="77")
    pytest.importorskip("ninja")
    folder = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "setup.py", "-q", "egg_info", "--egg-base", str(folder), "sdist", "--dist-dir", str(folder))
    (path,) = folder.glob("*.tar.gz")
    return path


@pytest.fixture(scope="module")
def wheel(sdist, tmp_path_factory):
    """A wheel built from the source distribution, which therefore must hold all that a build needs."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", str(sdist), cwd=folder)
    (path,) = folder.glob("*.whl")
    return path


def project_files():
    """The files of the project, as git knows them: committed, or about to be."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a git checkout, or no git")
    listing = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                             capture_output=True, text=True)
    if listing.returncode:
        pytest.skip(f"git cannot be asked here: {listing.stderr}")
    return [name for name in listing.stdout.split("\0")[:-1] if (ROOT / name).is_file()]


def test_the_source_distribution_holds_the_whole_project_and_nothing_else(sdist):
    with tarfile.open(sdist) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    made = {name for name in names if name in ("PKG-INFO", "setup.cfg") or name.startswith("fashioncnn.egg-info/")}
    assert sorted(names - made) == sorted(project_files())


def test_the_wheel_is_small(wheel):
    assert wheel.stat().st_size < 3 * 1024 * 1024


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"fashioncnn"}
    committed = [str(path.relative_to(ROOT)) for path in (ROOT / "fashioncnn").rglob("*.py")]
    assert set(committed) <= set(names)
    for wanted in (r"_core\..*\.so", r"_core\.pyi", r"py\.typed", r"datasets/sample/.+"):
        assert any(re.fullmatch(f"fashioncnn/{wanted}", name) for name in names), wanted


def test_the_wheel_works_where_it_is_installed(wheel, tmp_path):
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path), str(wheel))
    script = ("import fashioncnn; from fashioncnn.cli.main import main; print(fashioncnn.__file__); "
              "main(['train', '--sample', '--epochs', '1', '--filters', '4'])")
    output = run(sys.executable, "-c", script, cwd=tmp_path)
    assert output.startswith(str(tmp_path))
    assert "test accuracy" in output


def test_import_brings_nothing_heavy_beyond_numpy():
    script = "import sys, numpy; before = set(sys.modules); import fashioncnn; print(*set(sys.modules) - before)"
    loaded = {name.split(".")[0] for name in run(sys.executable, "-c", script).split()}
    heavy = {"matplotlib", "PIL", "pooch", "tqdm", "safetensors", "h5py", "requests", "setuptools",
             "argparse", "asyncio", "ctypes", "http", "multiprocessing", "ssl", "unittest", "urllib"}
    assert "fashioncnn" in loaded
    assert loaded & heavy == set()


def test_lines_are_short():
    """Comments in C, Makefile and shell scripts too, which no formatter breaks."""
    written = re.compile(r"(.*/)?(Makefile|[^/]+\.(c|h|sh|py|pyi|md|toml|yml|yaml))")
    by_programs = ("docs/benchmarks.md", "docs/compatibility.md", "docs/stages-")
    by_hand = [name for name in project_files() if written.fullmatch(name) and not name.startswith(by_programs)]
    long = [f"{name}:{number}" for name in by_hand
            for number, line in enumerate((ROOT / name).read_text("utf-8").splitlines(), 1) if len(line) > 120]
    assert long == []


def test_no_committed_file_names_a_path_of_a_machine():
    machine_path = re.compile(rb"(?<![\w.$}])/(?:home|root|tmp|work|Users|opt)/\w")
    assert [name for name in project_files() if machine_path.search((ROOT / name).read_bytes())] == []
