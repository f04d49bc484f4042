"""Layers that move numbers without changing them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fashioncnn.layers.graph import Graph
from fashioncnn.layers.layer import Layer
from fashioncnn.utils import checks


class Flatten(Layer):
    """All numbers of an image in one row.

    Args:
        data_format: None or "channels_last".
        options: See `Layer`.

    Shapes:
        input (N, ...), output (N, product of the others).

    Example:
        >>> import numpy as np
        >>> Flatten()(np.zeros((4, 5, 5, 64))).shape
        (4, 1600)
    """

    def __init__(self, data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._check_only("data_format", data_format, None, "channels_last")

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return graph.add(self, "reshape", *inputs, target_shape=(math.prod(graph.shape(inputs[0])),))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": "channels_last"}


class Reshape(Layer):
    """The same numbers under another shape.

    Args:
        target_shape: Without the batch axis; one extent may be -1: what is left over.
        options: See `Layer`.

    Shapes:
        input (N, ...), output (N, *target_shape).

    Raises:
        TypeError: If `target_shape` is not a tuple of integers.
        ValueError: If more than one extent is -1; when it is built, if the sizes differ.

    Example:
        >>> import numpy as np
        >>> Reshape((28, 28, -1))(np.zeros((4, 784))).shape
        (4, 28, 28, 1)
    """

    def __init__(self, target_shape: Sequence[int], **options: Any) -> None:
        super().__init__(**options)
        if not isinstance(target_shape, Sequence) or isinstance(target_shape, str):
            raise TypeError(f"`target_shape` must be a tuple of integers, got {target_shape!r}")
        self.target_shape = tuple(checks.integer("target_shape", extent, at_least=-1) for extent in target_shape)
        if self.target_shape.count(-1) > 1 or 0 in self.target_shape:
            raise ValueError(f"`target_shape` must hold positive integers and at most one -1, got {self.target_shape}")

    def add_to(self, graph: Graph, *inputs: int) -> int:
        known = math.prod(extent for extent in self.target_shape if extent != -1)
        shape = graph.shape(inputs[0])
        left, rest = divmod(math.prod(shape), known)
        if rest or (left != 1 and -1 not in self.target_shape):
            raise ValueError(f"Reshape '{self.name}': an input of shape {shape} cannot become {self.target_shape}")
        resolved = tuple(left if extent == -1 else extent for extent in self.target_shape)
        return graph.add(self, "reshape", *inputs, target_shape=resolved)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target_shape": self.target_shape}


class ZeroPadding2D(Layer):
    """Zeros around an image.

    Args:
        padding: An integer; (height, width); or ((top, bottom), (left, right)).
        data_format: None or "channels_last".
        options: See `Layer`.

    Shapes:
        input (N, H, W, C), output (N, top + H + bottom, left + W + right, C).

    Raises:
        TypeError: If `padding` is not made of integers.
        ValueError: If one is negative, or there are not as many as above.

    Example:
        >>> import numpy as np
        >>> ZeroPadding2D(((1, 0), (2, 3)))(np.zeros((4, 8, 8, 1))).shape
        (4, 9, 13, 1)
    """

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._check_only("data_format", data_format, None, "channels_last")
        vertical, horizontal = _two("padding", padding)
        self.padding = (_margin(vertical), _margin(horizontal))

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return graph.add(self, "zero_padding2d", *inputs, padding=(*self.padding[0], *self.padding[1]))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": self.padding, "data_format": "channels_last"}


def _margin(value: Any) -> tuple[int, int]:
    before, after = (checks.integer("padding", margin, at_least=0) for margin in _two("padding", value))
    return before, after


def _two(name: str, value: Any) -> tuple[Any, Any]:
    if not isinstance(value, (tuple, list)):
        return value, value
    if len(value) != 2:
        raise ValueError(f"`{name}` must be an integer, (height, width) or ((top, bottom), (left, right)), got "
                         f"{value!r}")
    return value[0], value[1]
