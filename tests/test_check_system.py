"""tools/check_system.sh: names what is missing on a machine, and what installs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "tools" / "check_system.sh"


def check(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", str(SCRIPT), *arguments], env=os.environ | {"PYTHON": sys.executable} | environment,
                          capture_output=True, text=True)


@pytest.fixture
def bin_with_apt(tmp_path):
    """A folder for PATH with a shell, printf and an apt-get, and nothing else."""
    for name in ("sh", "printf"):
        (tmp_path / name).symlink_to(shutil.which(name))
    apt = tmp_path / "apt-get"
    apt.write_text("#!/bin/sh\nexit 1\n")
    apt.chmod(0o755)
    return tmp_path


def test_a_machine_that_built_this_package_lacks_nothing():
    result = check()
    assert (result.returncode, result.stderr) == (0, "")
    assert check("--packages").stdout == ""


@pytest.mark.parametrize(("user", "sudo"), [(0, ""), (1000, "sudo ")])
def test_missing_compiler_is_named_with_the_command_that_installs_it(bin_with_apt, user, sudo):
    (bin_with_apt / "id").write_text(f"#!/bin/sh\necho {user}\n")
    (bin_with_apt / "id").chmod(0o755)
    result = check(PATH=str(bin_with_apt), CC="gcc")
    assert result.returncode == 1
    assert "'gcc' is not a command here" in result.stderr
    assert f"\n  {sudo}apt-get update && {sudo}apt-get install -y gcc libc6-dev" in result.stderr


@pytest.mark.parametrize(("compiler", "package"), [("cc", "gcc"), ("gcc -m64", "gcc"), ("clang", "clang")])
def test_a_compiler_gets_its_package(bin_with_apt, compiler, package):
    assert package in check("--packages", PATH=str(bin_with_apt), CC=compiler).stdout.split()


@pytest.mark.parametrize("command", ["no-such-command", "/nowhere/python3.12", "python3foo"])
@pytest.mark.parametrize("variable", ["PYTHON", "CC"])
def test_a_command_that_no_package_brings_is_named_and_nothing_to_install(variable, command):
    result = check(**{variable: command})
    assert result.returncode == 1
    assert f"'{command}' is not a command here (choose another with {variable}=...)" in result.stderr
    assert "install" not in result.stderr.lower()
    assert check("--packages", **{variable: command}).stdout == ""


def test_missing_python_is_named_with_its_packages(bin_with_apt):
    result = check("--packages", PATH=str(bin_with_apt), PYTHON="python3")
    assert {"python3", "python3-venv", "python3-dev"} <= set(result.stdout.split())


def test_a_versioned_python_gets_the_packages_of_its_version(bin_with_apt):
    result = check("--packages", PATH=str(bin_with_apt), PYTHON="python3.13")
    assert {"python3.13", "python3.13-venv", "python3.13-dev"} <= set(result.stdout.split())


def test_python_that_is_too_old_is_named_with_its_version(tmp_path):
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\ncase "$2" in pass) exit 0 ;; *print*version*) echo 3.9.2 ;; *) exit 1 ;; esac\n')
    old.chmod(0o755)
    result = check(PYTHON=str(old))
    assert result.returncode == 1
    assert "3.10 or newer" in result.stderr
    assert "3.9.2" in result.stderr


@pytest.mark.parametrize(("header", "package"), [("zlib.h", "zlib1g-dev"), ("stdio.h", "libc6-dev")])
def test_missing_headers_are_named_with_their_package(bin_with_apt, header, package):
    compiler = bin_with_apt / "cc"
    compiler.write_text(f'#!/bin/sh\nread -r line\ncase "$line" in *{header}*) exit 1 ;; *) exit 0 ;; esac\n')
    compiler.chmod(0o755)
    result = check(PATH=str(bin_with_apt), CC=str(compiler))
    assert result.returncode == 1
    assert header in result.stderr
    assert package in result.stderr
