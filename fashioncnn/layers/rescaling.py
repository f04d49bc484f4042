"""Rescaling of inputs."""

from __future__ import annotations

from typing import Any

from fashioncnn.layers.graph import Graph
from fashioncnn.layers.layer import Layer
from fashioncnn.utils import checks


class Rescaling(Layer):
    """``y = x * scale + offset``; put first in a model, it lets the model take raw pixels.

    Args:
        scale: A number, such as ``1 / 255``.
        offset: A number.
        options: See `Layer`.

    Raises:
        TypeError: If an argument is not a number or a keyword is unknown.

    Example:
        >>> import numpy as np
        >>> Rescaling(1 / 128, offset=-1)(np.array([[0, 255]], np.uint8))
        array([[-1.       ,  0.9921875]], dtype=float32)
    """

    def __init__(self, scale: float, offset: float = 0.0, **options: Any) -> None:
        super().__init__(**options)
        self.scale = checks.number("scale", scale)
        self.offset = checks.number("offset", offset)

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return graph.add(self, "rescaling", *inputs, scale=self.scale, offset=self.offset)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}
