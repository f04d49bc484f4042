"""Builds the C core with ninja: every kernel once for each instruction set, everything else once, for the baseline.

Kernels are linked as they are; the dispatcher and all other code are compiled without any instruction-set flag and
without link-time optimisation, so that nothing newer than the baseline can run before the check. ninja compiles on all
cores, and again only what depends on a file that was changed, or whose flags were.

    python setup.py build_ext --inplace                 the extension, beside the Python files
    python setup.py build_programs                      tests/c/test_*.c -> build/release/test_*
    python setup.py build_programs --debug              the same without optimisation and with asserts -> build/debug
    python setup.py build_programs --sanitize=thread    -> build/thread; any value that -fsanitize takes
    python setup.py build_programs --extension ...      also the extension, in the same folder

CC chooses the compiler, and so the machine to compile for: CC=aarch64-linux-gnu-gcc builds in build/aarch64-release
elsewhere than on Arm. CFLAGS and LDFLAGS are added to the flags.
"""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import setuptools
from setuptools import Command, Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).parent.resolve()
OLDEST = {"setuptools": 77, "numpy": 2}
FOLDERS = ("base", "layers", "losses", "metrics", "optimizers", "regularizers", "constraints", "network")
PLAIN_KERNEL_SOURCES = ("csrc/kernels/contract.c", "csrc/kernels/dispatch.c")
FLAGS = ["-std=gnu11", "-ffp-contract=off", "-fno-math-errno", "-fvisibility=hidden", "-fPIC", "-pthread", "-Wall",
         "-Wextra", "-Wconversion", "-Wshadow", "-Wno-sign-conversion"]
INSTRUCTION_SETS = {
    "x86_64": {
        "baseline": [],
        "avx2": ["-mavx2", "-mfma", "-mbmi", "-mtune=haswell"],
        "avx512": ["-mavx512f", "-mavx512vl", "-mavx512bw", "-mavx512dq", "-mavx2", "-mfma", "-mbmi",
                   "-mprefer-vector-width=512", "-mtune=icelake-server"],
    },
    "aarch64": {"neon": []},
}
# What builds of the kernels for bfloat16 need beside an instruction set, and the source that takes the place of
# another. Compilers that do not know the flags build without them.
BFLOAT16_UNITS = {
    "avx512bf16": ("avx512", ["-mavx512bf16"], {}),
    "amx": ("avx512", ["-mavx512bf16", "-mamx-tile", "-mamx-bf16"],
            {"csrc/kernels/bfloat16_multiply.c": "csrc/kernels/bfloat16_amx.c"}),
}


def refuse_older(package: str, version: str) -> None:
    if int(version.split(".")[0]) < OLDEST[package]:
        raise SystemExit(f"fashioncnn is built with {package} {OLDEST[package]} or newer, and this is {version}. Let "
                         "pip find what it needs (without --no-build-isolation), or: "
                         f"pip install '{package}>={OLDEST[package]}'")


def words(name: str, default: str = "") -> list[str]:
    """A variable of the environment, or of Python's own build, as a list of words."""
    return shlex.split(os.environ.get(name) or sysconfig.get_config_var(default) or "")


def target_of(compiler: list[str]) -> str:
    """What the compiler compiles for: "x86_64-linux-gnu"."""
    try:
        answer = subprocess.run([*compiler, "-dumpmachine"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        name = shlex.join(compiler)
        raise SystemExit(f"the C compiler {name!r} cannot be used ({error}); CC chooses another") from None
    return answer.stdout.strip()


def family_of(machine: str) -> str:
    """One name for a kind of processor that systems call differently."""
    return machine.lower().replace("arm64", "aarch64").replace("amd64", "x86_64")


class Variant(NamedTuple):
    """One way to compile everything, in a folder of its own."""

    name: str
    flags: list[str]
    is_sanitized: bool = False


def choose_variant(debug: bool = False, coverage: bool = False, sanitize: str = "") -> Variant:
    if sanitize:
        return Variant(sanitize, [f"-fsanitize={sanitize}", "-fno-omit-frame-pointer", "-g", "-O0"], is_sanitized=True)
    if coverage:
        return Variant("coverage", ["--coverage", "-fprofile-update=atomic", "-g", "-O0"])
    return Variant("debug", ["-g3", "-O0"]) if debug else Variant("release", ["-DNDEBUG", "-g0", "-O3"])


class CoreBuild:
    """Describes to ninja what is made from what, and has it made.

    Args:
        variant: How to compile.
    """

    def __init__(self, variant: Variant) -> None:
        from ninja import ninja_syntax

        self.variant = variant
        self.compiler = words("CC", "CC") or ["cc"]
        target = target_of(self.compiler)
        machine = family_of(target.split("-")[0])
        self.is_foreign = machine != family_of(platform.machine())
        self.folder = f"build/{machine}-{variant.name}" if self.is_foreign else f"build/{variant.name}"
        (ROOT / self.folder).mkdir(parents=True, exist_ok=True)
        self.is_linux = "linux" in target
        self.instruction_sets = INSTRUCTION_SETS.get(machine, {"baseline": []})
        self.units = [unit for unit, (isa, flags, _) in BFLOAT16_UNITS.items()
                      if isa in self.instruction_sets and self.knows(flags)]
        self.writer = ninja_syntax.Writer(open(ROOT / self.folder / "build.ninja", "w"), width=119)  # noqa: SIM115
        self.write_rules()
        self.library = self.make_library()

    def knows(self, flags: list[str]) -> bool:
        """Whether the compiler takes these flags."""
        command = [*self.compiler, *flags, "-x", "c", "-c", os.devnull, "-o", os.devnull]
        return subprocess.run(command, capture_output=True).returncode == 0

    def write_rules(self) -> None:
        compiler = shlex.join(self.compiler)
        flags = shlex.join([*FLAGS, *self.variant.flags, *words("CFLAGS")])
        link_flags = shlex.join([*self.variant.flags, "-pthread", *words("LDFLAGS")])
        shared = shlex.join(words("LDSHARED", "LDSHARED")[1:])
        self.writer.variable("builddir", self.folder)
        self.writer.rule("compile", f"{compiler} {flags} $own -MMD -MF $out.d -c $in -o $out", depfile="$out.d",
                         deps="gcc", description="$out")
        self.writer.rule("archive", "rm -f $out && ar rcs $out $in", description="$out")
        self.writer.rule("link_program", f"{compiler} {link_flags} $in -lm -o $out", description="$out")
        self.writer.rule("link_extension", f"{compiler} {shared} {link_flags} $own $in -lz -lm -o $out",
                         description="$out")

    def compile(self, source: str, build: str = "", flags: list[str] | None = None) -> str:
        """The object made from `source`; those of one `build` have a folder of their own."""
        target = f"{self.folder}/objects/{build}{'/' if build else ''}{Path(source).with_suffix('.o')}"
        self.writer.build(target, "compile", source, variables={"own": shlex.join(flags or [])})
        return target

    def make_library(self) -> str:
        """What the Python extension and all programs are linked with. It needs nothing that is not part of C."""
        have = [f"-DFCNN_HAVE_{name.upper()}=1" for name in (*self.instruction_sets, *self.units)]
        objects = [self.compile(source, name, [f"-DFCNN_ISA={name}", *flags])
                   for name, (paths, flags) in kernel_builds(self.instruction_sets, self.units).items()
                   for source in paths]
        objects += [self.compile(source, flags=have) for source in (*PLAIN_KERNEL_SOURCES, *sources(*FOLDERS))]
        library = f"{self.folder}/libfashioncnn.a"
        self.writer.build(library, "archive", objects)
        return library

    def make_extension(self) -> Path:
        """The Python extension, in the variant's folder; only it reads files, with zlib."""
        import numpy

        refuse_older("numpy", numpy.__version__)
        flags = [f"-I{sysconfig.get_path('include')}", f"-I{numpy.get_include()}",
                 "-DNPY_NO_DEPRECATED_API=NPY_1_25_API_VERSION", "-DNPY_TARGET_VERSION=NPY_1_25_API_VERSION"]
        objects = [self.compile(source, flags=flags) for source in sources("python", "data")]
        target = f"{self.folder}/_core{sysconfig.get_config_var('EXT_SUFFIX')}"
        linux = "-Wl,-O1,--as-needed" if self.is_linux else ""
        self.writer.build(target, "link_extension", [*objects, self.library], variables={"own": linux})
        return ROOT / target

    def make_programs(self, pattern: str) -> None:
        """A program of each C file, in the variant's folder.

        They need no speed, what counts is linked in; and at -O3 gcc 12 for Arm fails on two of the tests.
        """
        own = ["-Icsrc", f"-DSANITIZED={self.variant.is_sanitized:d}", f"-DEMULATED={self.is_foreign:d}",
               *(["-O1"] if self.variant.name == "release" else [])]
        paths = sorted(ROOT.glob(pattern))
        if not paths:
            raise SystemExit(f"no C file is called {pattern!r}; it is seen from the project's folder")
        for path in paths:
            program = self.compile(str(path.relative_to(ROOT)), flags=own)
            self.writer.build(f"{self.folder}/{path.stem}", "link_program", [program, self.library])

    def run(self) -> None:
        """Makes everything that was described; on a terminal ninja shows how far it is."""
        import ninja

        self.writer.close()
        command = [os.path.join(ninja.BIN_DIR, "ninja"), "-C", str(ROOT), "-f", f"{self.folder}/build.ninja"]
        if subprocess.run([*command, *(() if sys.stdout.isatty() else ("--quiet",))]).returncode:
            raise SystemExit("fashioncnn could not be built: the compiler's messages are above")
        database = subprocess.run([*command, "-t", "compdb", "compile"], capture_output=True, text=True, check=True)
        (ROOT / self.folder / "compile_commands.json").write_text(database.stdout)


def sources(*folders: str) -> list[str]:
    paths = [path for folder in folders for path in sorted((ROOT / "csrc" / folder).glob("*.c"))]
    return [str(path.relative_to(ROOT)) for path in paths]


def kernel_builds(instruction_sets: dict[str, list[str]], units: list[str]) -> dict[str, tuple[list[str], list[str]]]:
    """For each build of the kernels its sources and flags. "reference" is the plain specification, for tests."""
    paths = [path for path in sources("kernels") if path not in PLAIN_KERNEL_SOURCES]
    reference = [path for path in paths if Path(path).name.startswith("reference")]
    instead = {own: of_all for _, _, replaced in BFLOAT16_UNITS.values() for of_all, own in replaced.items()}
    kernels = [path for path in paths if path not in reference and path not in instead]
    bfloat16 = [path for path in kernels if Path(path).name.startswith("bfloat16")]
    builds = {name: (kernels, flags) for name, flags in instruction_sets.items()}
    for unit in units:
        isa, flags, replaced = BFLOAT16_UNITS[unit]
        builds[unit] = [replaced.get(path, path) for path in bfloat16], [*instruction_sets[isa], *flags]
    tables = [path for path in kernels if Path(path).stem.endswith("table")]
    return {**builds, "reference": ([*reference, *tables], [])}


class BuildExtension(build_ext):
    """build_ext by ninja."""

    def build_extension(self, ext: Extension) -> None:
        build = CoreBuild(choose_variant(debug=bool(self.debug)))
        made = build.make_extension()
        build.run()
        target = Path(self.get_ext_fullpath(ext.name))
        target.parent.mkdir(parents=True, exist_ok=True)  # an editable install's is a folder that nobody made yet
        self.copy_file(str(made), str(target))


class BuildPrograms(Command):
    """Builds programs in C against the core: its tests, or others."""

    description = "build the C tests into build/<variant>"
    user_options: ClassVar[list[Any]] = [
        ("debug", None, "without optimisation, with asserts"),
        ("coverage", None, "counts which lines run, for gcov"),
        ("sanitize=", None, "a value for -fsanitize: address,undefined or thread"),
        ("programs=", None, "pattern of the C files"),
        ("extension", None, "build the Python extension too"),
    ]
    boolean_options: ClassVar[list[str]] = ["debug", "coverage", "extension"]

    def initialize_options(self) -> None:
        self.debug = self.coverage = self.extension = False
        self.sanitize = ""
        self.programs = "tests/c/test_*.c"

    def finalize_options(self) -> None:
        pass

    def run(self) -> None:
        build = CoreBuild(choose_variant(self.debug, self.coverage, self.sanitize))
        build.make_programs(self.programs)
        if self.extension:
            build.make_extension()
        build.run()


refuse_older("setuptools", setuptools.__version__)
setup(
    ext_modules=[Extension("fashioncnn._core", sources=[])],
    cmdclass={"build_ext": BuildExtension, "build_programs": BuildPrograms},
)
