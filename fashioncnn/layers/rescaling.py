"""Rescaling of inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from fashioncnn.layers.graph import Graph
from fashioncnn.layers.layer import Layer
from fashioncnn.utils import checks
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Setting

Scale = float | tuple[float, ...]


def _scale(name: str, value: Any) -> Scale:
    """A number, or one for each channel."""
    if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim == 1):
        if len(value) == 0:
            raise ValueError(f"`{name}` must hold a number for each channel, got {value!r}")
        return tuple(checks.number(name, number) for number in value)
    return checks.number(name, value)


@LAYERS.register()
class Rescaling(Layer):
    """``y = x * scale + offset``; put first in a model, it lets the model take raw pixels.

    Args:
        scale: A number, such as ``1 / 255``; or a list of one for each channel, which is the last axis.
        offset: The same.
        options: See `Layer`.

    Raises:
        ArgumentError: If an argument is not a number or a keyword is unknown.
        ValueError: When it is built, if there are not as many numbers as channels.

    Example:
        >>> import numpy as np
        >>> Rescaling(1 / 128, offset=-1)(np.array([[0, 255]], np.uint8))
        array([[-1.       ,  0.9921875]], dtype=float32)
        >>> Rescaling([1, 10], offset=[0, 5])([[1, 1]])
        array([[ 1., 15.]], dtype=float32)
    """

    scale = Setting(_scale)
    offset = Setting(_scale)

    def __init__(self, scale: Any, offset: Any = 0.0, **options: Any) -> None:
        super().__init__(**options)
        self.scale = scale
        self.offset = offset

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return graph.add(self, "rescaling", *inputs, scale=self.scale, offset=self.offset)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": _listed(self.scale), "offset": _listed(self.offset)}


def _listed(scale: Scale) -> float | list[float]:
    return list(scale) if isinstance(scale, tuple) else scale
