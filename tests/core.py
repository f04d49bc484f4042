"""A network's vectors as arrays, and the memory of a process, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import Network


def read(network: Network, vector: str = "weights") -> NDArray[np.float32]:
    """All numbers of a vector: "weights", "gradients" or an optimizer's slot."""
    values = np.empty(sum(int(np.prod(shape)) for _, _, shape, _ in network.parameters), np.float32)
    network.read(vector, 0, values)
    return values


def write(network: Network, values: Any, vector: str = "weights") -> None:
    """Replaces all numbers of a vector."""
    network.write(vector, 0, np.ascontiguousarray(values, np.float32))


def peak_megabytes() -> float:
    """The most memory that this process has had. (The ru_maxrss of getrusage begins with that of its parent.)"""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024
