"""Layers that move numbers without changing them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fashioncnn.layers import arguments, lines, unknown
from fashioncnn.layers.graph import Description, Graph, Use
from fashioncnn.layers.layer import Layer
from fashioncnn.layers.symbolic import Extents
from fashioncnn.utils import checks
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Setting


@LAYERS.register()
class Flatten(Layer):
    """All numbers of an image in one row.

    Args:
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
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
        return {**super().get_config(), "data_format": self.data_format}


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

    def _described(self, shapes: Sequence[Extents]) -> Description:
        if unknown.is_known(shapes) or -1 in self.target_shape:
            return super()._described(shapes)
        return Description([Use(self, shapes, [self.target_shape])], [])  # whether it fits, the data will tell

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
class Permute(Layer):
    """The axes of an input in another order.

    Args:
        dims: Which axis comes where; the first one is 1, and the batch's axis is not counted.
        options: See `Layer`.

    Raises:
        ArgumentError: If `dims` is not a tuple of integers.
        ValueError: If `dims` does not name each axis once.

    Example:
        >>> import numpy as np
        >>> Permute((2, 1))(np.zeros((4, 10, 64))).shape
        (4, 64, 10)
    """

    dims = Setting(lambda name, value: _order(name, value))

    def __init__(self, dims: Sequence[int], **options: Any) -> None:
        super().__init__(**options)
        self.dims = dims

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return graph.add(self, "permute", *inputs, dims=tuple(axis - 1 for axis in self.dims))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dims": self.dims}


@LAYERS.register()
class RepeatVector(Layer):
    """A vector several times: a sequence of equal steps.

    Args:
        n: How often.
        options: See `Layer`.

    Shapes:
        input (N, C), output (N, n, C).

    Raises:
        ArgumentError: If `n` is not an integer.
        ValueError: If it is not positive; when it is built, if the input is not a vector.

    Example:
        >>> import numpy as np
        >>> RepeatVector(3)(np.zeros((4, 32))).shape
        (4, 3, 32)
    """

    n = Setting(arguments.positive)

    def __init__(self, n: int, **options: Any) -> None:
        super().__init__(**options)
        self.n = n

    def add_to(self, graph: Graph, *inputs: int) -> int:
        shape = graph.shape(inputs[0])
        if len(shape) != 1:
            raise ValueError(f"RepeatVector '{self.name}' expects vectors (channels,), got shape {shape}")
        pixel = graph.add(self, "reshape", *inputs, target_shape=(1, 1, *shape))
        repeated = graph.add(self, "up_sampling2d", pixel, size=(1, self.n))
        return lines.add_sequence(graph, self, repeated)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}


@LAYERS.register()
class Identity(Layer):
    """The input, unchanged.

    Args:
        options: See `Layer`.

    Example:
        >>> import numpy as np
        >>> Identity()(np.ones((1, 2)))
        array([[1., 1.]], dtype=float32)
    """

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return graph.add(self, "activation", *inputs, function="linear")


def _target_shape(name: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise checks.ArgumentError(f"`{name}` must be a tuple of integers, got {value!r}")
    shape = tuple(checks.integer(name, extent, at_least=-1) for extent in value)
    if shape.count(-1) > 1 or 0 in shape:
        raise ValueError(f"`{name}` must hold positive integers and at most one -1, got {shape}")
    return shape


def _order(name: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise checks.ArgumentError(f"`{name}` must be a tuple of integers, got {value!r}")
    order = tuple(checks.integer(name, axis, at_least=1) for axis in value)
    if sorted(order) != list(range(1, len(order) + 1)):
        raise ValueError(f"`{name}` must hold each of the integers from 1 to {len(order)} once, got {order}")
    return order
