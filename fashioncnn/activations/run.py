"""Runs one node of the core on an array."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import Network
from fashioncnn.utils.operators import Operators, operation
from fashioncnn.utils.tensor import tensor
from fashioncnn.utils.tracing import current, is_traced


def elementwise(x: Any, **node: Any) -> Any:
    """A function of each number, described as the core takes it: of an array at once, of a tensor as a node."""
    if is_traced(x):
        return current().node("activation", current().operand(x), **node)
    if isinstance(x, Operators):
        return operation("activate")(x, **node)
    x = np.asarray(x)
    return tensor(of_rows({"type": "activation", **node}, x.reshape(1, -1)).reshape(x.shape))


def of_rows(node: Mapping[str, Any], rows: NDArray[Any]) -> NDArray[np.float32]:
    """The node's output for each of the rows (N, n)."""
    if rows.shape[1] == 0:
        return np.empty(rows.shape, np.float32)
    network = Network([
        {"type": "input", "name": "x", "inputs": (), "shape": rows.shape[1:]},
        {"name": "activation", "inputs": (0,), **node},
    ])
    outputs = np.empty((len(rows), *network.output_shapes[-1]), np.float32)
    if len(rows):
        network.predict(rows, 0, len(rows), outputs)
    return outputs
