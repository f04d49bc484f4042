"""Layers that put a border around an image or a sequence, or take one away."""

from __future__ import annotations

from typing import Any

from fashioncnn.layers import arguments, lines
from fashioncnn.layers.graph import Graph
from fashioncnn.layers.layer import Layer
from fashioncnn.utils import checks
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Setting

Margin = tuple[int, int]


def margin(name: str, value: Any) -> Margin:
    """An integer of at least 0, or two: before and after."""
    before, after = (checks.integer(name, width, at_least=0) for width in _two(name, value))
    return before, after


def margins(name: str, value: Any) -> tuple[Margin, Margin]:
    """((top, bottom), (left, right)) of an integer, two integers or two pairs."""
    vertical, horizontal = _two(name, value)
    return margin(name, vertical), margin(name, horizontal)


def _two(name: str, value: Any) -> tuple[Any, Any]:
    if not isinstance(value, (tuple, list)):
        return value, value
    if len(value) != 2:
        raise ValueError(f"`{name}` must be an integer, a pair or, for an image, two pairs such as ((top, bottom), "
                         f"(left, right)); got {value!r}")
    return value[0], value[1]


@LAYERS.register()
class ZeroPadding2D(Layer):
    """Zeros around an image.

    Args:
        padding: An integer; (height, width); or ((top, bottom), (left, right)).
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
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

    padding = Setting(margins)
    data_format = arguments.data_format()

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.padding = padding
        self.data_format = data_format

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return graph.add(self, "zero_padding2d", *inputs, padding=(*self.padding[0], *self.padding[1]))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": self.padding, "data_format": self.data_format}


@LAYERS.register()
class Cropping2D(Layer):
    """An image without its border.

    Args:
        cropping: An integer; (height, width); or ((top, bottom), (left, right)).
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
        options: See `Layer`.

    Shapes:
        input (N, H, W, C), output (N, H - top - bottom, W - left - right, C).

    Raises:
        ArgumentError: If `cropping` is not made of integers.
        ValueError: If one is negative, or there are not as many as above; when it is built, if nothing is left.

    Example:
        >>> import numpy as np
        >>> Cropping2D(((1, 0), (2, 3)))(np.zeros((4, 8, 8, 1))).shape
        (4, 7, 3, 1)
    """

    cropping = Setting(margins)
    data_format = arguments.data_format()

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.cropping = cropping
        self.data_format = data_format

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return graph.add(self, "cropping2d", *inputs, cropping=(*self.cropping[0], *self.cropping[1]))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cropping": self.cropping, "data_format": self.data_format}


@LAYERS.register()
class ZeroPadding1D(Layer):
    """Zeros before and after a sequence.

    Args:
        padding: An integer, or (before, after).
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
        options: See `Layer`.

    Shapes:
        input (N, steps, C), output (N, before + steps + after, C).

    Raises:
        ArgumentError: If `padding` is not made of integers.
        ValueError: If one is negative, or there are not as many as above.

    Example:
        >>> import numpy as np
        >>> ZeroPadding1D((1, 0))(np.ones((1, 2, 1)))[0, :, 0]
        array([0., 1., 1.], dtype=float32)
    """

    padding = Setting(margin)
    data_format = arguments.data_format()

    def __init__(self, padding: Any = 1, data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.padding = padding
        self.data_format = data_format

    def add_to(self, graph: Graph, *inputs: int) -> int:
        line = lines.add_line(graph, self, *inputs)
        return lines.add_sequence(graph, self, graph.add(self, "zero_padding2d", line, padding=(0, 0, *self.padding)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": self.padding, "data_format": self.data_format}


@LAYERS.register()
class Cropping1D(Layer):
    """A sequence without its first and last steps.

    Args:
        cropping: An integer, or (before, after).
        options: See `Layer`.

    Shapes:
        input (N, steps, C), output (N, steps - before - after, C).

    Raises:
        ArgumentError: If `cropping` is not made of integers.
        ValueError: If one is negative, or there are not as many as above; when it is built, if nothing is left.

    Example:
        >>> import numpy as np
        >>> Cropping1D((1, 0))(np.arange(3).reshape(1, 3, 1))[0, :, 0]
        array([1., 2.], dtype=float32)
    """

    cropping = Setting(margin)

    def __init__(self, cropping: Any = (1, 1), **options: Any) -> None:
        super().__init__(**options)
        self.cropping = cropping

    def add_to(self, graph: Graph, *inputs: int) -> int:
        line = lines.add_line(graph, self, *inputs)
        return lines.add_sequence(graph, self, graph.add(self, "cropping2d", line, cropping=(0, 0, *self.cropping)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cropping": self.cropping}
