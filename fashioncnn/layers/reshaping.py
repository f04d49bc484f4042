"""Layers that move numbers without changing them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fashioncnn.layers import arguments
from fashioncnn.layers.graph import Graph
from fashioncnn.layers.layer import Layer
from fashioncnn.utils import checks
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Setting


@LAYERS.register()
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

    data_format = arguments.data_format()

    def __init__(self, data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.data_format = data_format

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return graph.add(self, "reshape", *inputs, target_shape=(math.prod(graph.shape(inputs[0])),))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": "channels_last"}


@LAYERS.register()
class Reshape(Layer):
    """The same numbers under another shape.

    Args:
        target_shape: Without the batch axis; one extent may be -1: what is left over.
        options: See `Layer`.

    Shapes:
        input (N, ...), output (N, *target_shape).

    Raises:
        ArgumentError: If `target_shape` is not a tuple of integers.
        ValueError: If more than one extent is -1; when it is built, if the sizes differ.

    Example:
        >>> import numpy as np
        >>> Reshape((28, 28, -1))(np.zeros((4, 784))).shape
        (4, 28, 28, 1)
    """

    target_shape = Setting(lambda name, value: _target_shape(name, value))

    def __init__(self, target_shape: Sequence[int], **options: Any) -> None:
        super().__init__(**options)
        self.target_shape = target_shape

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


@LAYERS.register()
class ZeroPadding2D(Layer):
    """Zeros around an image.

    Args:
        padding: An integer; (height, width); or ((top, bottom), (left, right)).
        data_format: None or "channels_last".
        options: See `Layer`.

    Shapes:
        input (N, H, W, C), output (N, top + H + bottom, left + W + right, C).

    Raises:
        ArgumentError: If `padding` is not made of integers.
        ValueError: If one is negative, or there are not as many as above.

    Example:
        >>> import numpy as np
        >>> ZeroPadding2D(((1, 0), (2, 3)))(np.zeros((4, 8, 8, 1))).shape
        (4, 9, 13, 1)
    """

    padding = Setting(lambda name, value: _margins(name, value))
    data_format = arguments.data_format()

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.padding = padding
        self.data_format = data_format

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return graph.add(self, "zero_padding2d", *inputs, padding=(*self.padding[0], *self.padding[1]))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": self.padding, "data_format": "channels_last"}


def _target_shape(name: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise checks.ArgumentError(f"`{name}` must be a tuple of integers, got {value!r}")
    shape = tuple(checks.integer(name, extent, at_least=-1) for extent in value)
    if shape.count(-1) > 1 or 0 in shape:
        raise ValueError(f"`{name}` must hold positive integers and at most one -1, got {shape}")
    return shape


def _margins(name: str, value: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    vertical, horizontal = _two(name, value)
    return _margin(name, vertical), _margin(name, horizontal)


def _margin(name: str, value: Any) -> tuple[int, int]:
    before, after = (checks.integer(name, margin, at_least=0) for margin in _two(name, value))
    return before, after


def _two(name: str, value: Any) -> tuple[Any, Any]:
    if not isinstance(value, (tuple, list)):
        return value, value
    if len(value) != 2:
        raise ValueError(f"`{name}` must be an integer, (height, width) or ((top, bottom), (left, right)), got "
                         f"{value!r}")
    return value[0], value[1]
