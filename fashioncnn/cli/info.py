"""`fashioncnn info`: what this installation is, runs on and finds."""

from __future__ import annotations

import argparse
import platform
from importlib import metadata
from typing import Any

import numpy as np

import fashioncnn
from fashioncnn._core import cpu_features, instruction_set
from fashioncnn.datasets import fashion_mnist
from fashioncnn.utils import output

EXTRAS = ("matplotlib", "Pillow", "pooch", "safetensors", "tqdm")


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "info",
        help="show versions, CPU and data",
        description="Print versions, CPU features, the instruction set in use, threads, and where the data is.",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    for name, value in describe().items():
        output.write_line(f"{name:<16} {value}")
    return 0


def describe() -> dict[str, object]:
    """Each line of the command's output: its name and its value."""
    return {
        "fashioncnn": fashioncnn.__version__,
        "Python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "NumPy": np.__version__,
        "CPU features": cpu_features(),
        "instruction set": instruction_set(),
        "threads": fashioncnn.get_num_threads(),
        "Winograd": "on" if fashioncnn.config.winograd() else "off",
        "Fashion-MNIST": fashion_mnist.find() or "not found; the first use downloads it",
        **{name: _version(name) for name in EXTRAS},
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed (optional)"
