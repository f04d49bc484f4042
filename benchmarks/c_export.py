"""Networks as C: ours beside keras2c's and emlearn's, in bytes and in microseconds of processor time an image.

    python benchmarks/c_export.py --keras2c PYTHON --keras2c-include FOLDER --emlearn PYTHON

Each PYTHON has the package of that name: `keras2c` with TensorFlow and "pydantic<2", and the folder `include` of its
repository, which is not in the package; `emlearn` with `keras`, `jax` and `scipy`. Without them only ours is measured.
Networks have random weights; rounds are in turn, and medians are printed.
"""

from __future__ import annotations

import argparse
import platform
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import fashioncnn
from fashioncnn import Input, Sequential, layers

HERE = Path(__file__).parent
FLAGS = ["-O3", "-march=native"]
OURS = "void net_predict(const float *, float *);\nvoid predict(const float *x, float *y) {{ net_predict(x, y); }}\n"
KERAS2C = """#include "net.h"
void predict(const float *x, float *y)
{{
    k2c_tensor input = {{(float *)x, {rank}, 784, {{{shape}}}}};
    k2c_tensor output = {{y, 1, 10, {{10, 1, 1, 1, 1}}}};
    net(&input, &output);
}}
"""
EMLEARN = """#include "net.h"
void predict(const float *x, float *y) {{ eml_net_predict_proba(&net, x, 784, y, 10); }}
"""


def network_of(kind: str) -> Sequential:
    convolutions = [layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(),
                    layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten()]
    return Sequential([Input((784,) if kind == "dense" else (28, 28, 1)),
                       *([] if kind == "dense" else convolutions),
                       layers.Dense(128, activation="relu"), layers.Dense(10, activation="softmax")])


class Program:
    """One network by one maker: its sources are in `folder`, and `predict` in wrapper.c."""

    def __init__(self, name: str, folder: Path, wrapper: str, sources: list[str], options: list[str]) -> None:
        self.name, self.folder, self.times = name, folder, list[float]()
        (folder / "wrapper.c").write_text(wrapper)
        self.compile(["wrapper.c", *sources, str(HERE / "c_export.c")], [*FLAGS, *options], "program")
        self.compile([str(HERE / "c_export.c"), "empty.c"], FLAGS, "empty")

    def compile(self, sources: list[str], options: list[str], output: str) -> None:
        (self.folder / "empty.c").write_text("void predict(const float *x, float *y) { y[0] = x[0]; }\n")
        subprocess.run(["cc", "-w", *options, "-fstack-usage", "-ffunction-sections", "-fdata-sections",
                        "-Wl,--gc-sections", *sources, "-lm", "-o", output], cwd=self.folder, check=True)

    def bytes(self) -> tuple[int, int]:
        """Code and constants; static memory and the largest frame on the stack."""
        read_only, static = (own - none for own, none in zip(self.sections("program"), self.sections("empty"),
                                                              strict=True))
        frames = [int(line.split("\t")[1]) for path in self.folder.glob("program-*.su")
                  for line in path.read_text().splitlines()]
        return read_only, static + max(frames)

    def sections(self, program: str) -> tuple[int, int]:
        _, numbers = subprocess.run(["size", program], cwd=self.folder, check=True, capture_output=True,
                                    text=True).stdout.splitlines()
        text, data, bss = map(int, numbers.split()[:3])
        return text + data, bss

    def run(self, images: Path, passes: int) -> np.ndarray[Any, Any]:
        result = subprocess.run(["./program", str(images), "outputs", str(passes)], cwd=self.folder, check=True,
                                capture_output=True, text=True)
        self.times.append(float(result.stdout))
        return np.fromfile(self.folder / "outputs", np.float32).reshape(-1, 10)


def programs_of(kind: str, folder: Path, options: argparse.Namespace, images: np.ndarray[Any, Any]) -> list[Program]:
    fashioncnn.utils.set_random_seed(1)
    model = network_of(kind)
    np.savez(folder / "weights.npz", *model.get_weights())
    x = images.reshape(-1, *model.input_shape[1:])
    found = []
    for name, more in (("fashioncnn", {}), ("fashioncnn int8", {"quantize": "int8", "calibration_data": x})):
        own = folder / name.replace(" ", "_")
        own.mkdir()
        model.export(own / "net.c", **more)
        found.append(Program(name, own, OURS.format(), ["net.c"], []))
    shape = "784, 1, 1, 1, 1" if kind == "dense" else "28, 28, 1, 1, 1"
    for name, python, wrapper in (("keras2c", options.keras2c, KERAS2C), ("emlearn", options.emlearn, EMLEARN)):
        if python is None:
            continue
        own = folder / name
        own.mkdir()
        made = subprocess.run([python, HERE / "workers" / "c_worker.py", name, kind, folder / "weights.npz", own],
                              capture_output=True, text=True, check=False)
        if made.returncode:
            print(f"{name} makes no C of the {kind} network: {made.stderr.strip().splitlines()[-1]}")
        elif name == "keras2c":
            (own / "include").symlink_to(Path(options.keras2c_include).resolve())
            sources = ["net.c", *(str(path) for path in sorted((own / "include").glob("*.c")))]
            found.append(Program(name, own, wrapper.format(rank=1 if kind == "dense" else 3, shape=shape), sources, []))
        else:
            include = subprocess.run([python, "-c", "import emlearn; print(emlearn.includedir)"], check=True,
                                     capture_output=True, text=True).stdout.strip()
            found.append(Program(name, own, wrapper.format(), [], [f"-I{include}"]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keras2c", metavar="PYTHON")
    parser.add_argument("--keras2c-include", metavar="FOLDER")
    parser.add_argument("--emlearn", metavar="PYTHON")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE) \
        if sys.platform == "linux" else None
    print(f"CPU: {cpu.group(1) if cpu else platform.processor()}; cc {shlex.join(FLAGS)}; medians of {options.rounds} "
          "rounds in turn")
    images = np.random.RandomState(0).uniform(0, 1, (64, 784)).astype(np.float32)
    for kind in ("reference", "dense"):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            images.tofile(folder / "images")
            programs = programs_of(kind, folder, options, images)
            first = [program.run(folder / "images", 1) for program in programs]
            for program in programs:
                program.times.clear()
            for _ in range(options.rounds):
                for program in programs:
                    program.run(folder / "images", 8 if kind == "reference" else 64)
            print(f"\n| {kind} network | code and weights, bytes | memory, bytes | us / image | largest difference |")
            print("|---|---:|---:|---:|---:|")
            for program, outputs in zip(programs, first, strict=True):
                read_only, memory = program.bytes()
                print(f"| {program.name} | {read_only:,} | {memory:,} | {statistics.median(program.times):,.1f} | "
                      f"{np.abs(outputs - first[0]).max():.1e} |")


if __name__ == "__main__":
    main()
