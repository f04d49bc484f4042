"""Builds the C core: every kernel once for each instruction set, everything else once, for the baseline.

The kernels' objects are linked into the extension as they are; the dispatcher and all other code are compiled without
any instruction-set flag and without link-time optimisation, so that nothing newer than the baseline can run before the
check.

``python setup.py build_c_tests`` builds the programs of tests/c into build/tests_c.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import ClassVar

from setuptools import Command, Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).parent
CSRC = Path("csrc")
PLAIN_KERNEL_SOURCES = [str(CSRC / "kernels" / name) for name in ("contract.c", "dispatch.c")]
FLAGS = ["-std=gnu11", "-O3", "-ffp-contract=off", "-fno-math-errno", "-fvisibility=hidden", "-pthread", "-g0",
         "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wno-sign-conversion"]
INSTRUCTION_SETS = {
    "x86_64": {
        "baseline": [],
        "avx2": ["-mavx2", "-mfma", "-mbmi", "-mtune=haswell"],
        "avx512": ["-mavx512f", "-mavx512vl", "-mavx512bw", "-mavx512dq", "-mavx2", "-mfma", "-mbmi",
                   "-mprefer-vector-width=512", "-mtune=icelake-server"],
    },
    "aarch64": {"neon": []},
}


def instruction_sets() -> dict[str, list[str]]:
    machine = {"AMD64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    return INSTRUCTION_SETS.get(machine, {"baseline": []})


def sources(*folders: str) -> list[str]:
    return [str(path.relative_to(ROOT)) for folder in folders for path in sorted((ROOT / CSRC / folder).glob("*.c"))]


def kernel_builds() -> dict[str, tuple[list[str], list[str]]]:
    """For each build of the kernels its sources and flags. "reference" is the plain specification, for tests."""
    paths = [path for path in sources("kernels") if path not in PLAIN_KERNEL_SOURCES]
    reference = [path for path in paths if Path(path).name.startswith("reference")]
    table = str(CSRC / "kernels" / "table.c")
    kernels = [path for path in paths if path not in reference]
    builds = {name: (kernels, flags) for name, flags in instruction_sets().items()}
    return {**builds, "reference": ([*reference, table], [])}


def plain_sources() -> list[str]:
    folders = ("base", "layers", "losses", "metrics", "optimizers", "network", "data")
    return [*PLAIN_KERNEL_SOURCES, *sources(*folders)]


def macros() -> list[tuple[str, str]]:
    return [(f"FCNN_HAVE_{name.upper()}", "1") for name in instruction_sets()]


def compile_kernels(compiler, temp: str, depends: list[str]) -> list[str]:
    """Objects of every build of the kernels."""
    objects = []
    for name, (paths, flags) in kernel_builds().items():
        objects += compiler.compile(paths, output_dir=os.path.join(temp, name), depends=depends,
                                    macros=[("FCNN_ISA", name)], extra_postargs=[*FLAGS, *flags])
    return objects


def headers() -> list[str]:
    return [str(path.relative_to(ROOT)) for path in sorted((ROOT / CSRC).glob("*/*.h"))]


class BuildCore(build_ext):
    """build_ext that compiles the kernels first and hands their objects to the linker."""

    def build_extension(self, ext: Extension) -> None:
        import numpy

        ext.include_dirs.append(numpy.get_include())
        ext.extra_objects = compile_kernels(self.compiler, self.build_temp, headers())
        super().build_extension(ext)


class BuildCTests(Command):
    """Builds tests/c/test_*.c, or other programs, against the core, without Python."""

    description = "build the C tests into build/tests_c"
    user_options: ClassVar = [("sanitize=", None, "a value for -fsanitize, e.g. address,undefined or thread"),
                              ("programs=", None, "pattern of the C files to build instead")]

    def initialize_options(self) -> None:
        self.sanitize = ""
        self.programs = "tests/c/test_*.c"

    def finalize_options(self) -> None:
        pass

    def run(self) -> None:
        from setuptools._distutils.ccompiler import new_compiler
        from setuptools._distutils.sysconfig import customize_compiler

        compiler = new_compiler()
        customize_compiler(compiler)
        extra = [f"-fsanitize={self.sanitize}", "-g", "-O0"] if self.sanitize else []
        temp = os.path.join("build", f"tests_c_{self.sanitize}" if self.sanitize else "tests_c")
        FLAGS.extend(extra)
        objects = compile_kernels(compiler, temp, headers())
        objects += compiler.compile(plain_sources(), output_dir=temp, depends=headers(), macros=macros(),
                                    extra_postargs=FLAGS)
        for path in sorted(ROOT.glob(self.programs)):
            test = compiler.compile([str(path.relative_to(ROOT))], output_dir=temp, depends=headers(),
                                    include_dirs=["csrc"], extra_postargs=FLAGS)
            compiler.link_executable([*test, *objects], path.stem, output_dir=temp, libraries=["z", "m", "pthread"],
                                     extra_postargs=extra)


setup(
    ext_modules=[
        Extension(
            "fashioncnn._core",
            sources=[*plain_sources(), *sources("python")],
            depends=[*headers(), *sources("kernels")],
            define_macros=[*macros(), ("NPY_NO_DEPRECATED_API", "NPY_1_25_API_VERSION"),
                           ("NPY_TARGET_VERSION", "NPY_1_25_API_VERSION")],
            extra_compile_args=FLAGS,
            libraries=["z", "m"],
            extra_link_args=["-pthread", "-Wl,-O1,--as-needed"],
        )
    ],
    cmdclass={"build_ext": BuildCore, "build_c_tests": BuildCTests},
)
