"""A network's vectors as arrays, for tests."""

from __future__ import annotations

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
