"""Pooling of sequences: that of images which are one line high."""

from __future__ import annotations

from typing import Any

from fashioncnn.layers import arguments, lines
from fashioncnn.layers.graph import Graph
from fashioncnn.layers.pooling import GlobalPooling, Pooling
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Setting


class _Pooling1D(Pooling):
    """One number for each window of a sequence and each channel."""

    pool_size = Setting(arguments.single)
    strides = Setting(arguments.single)

    def add_to(self, graph: Graph, *inputs: int) -> int:
        line = lines.add_line(graph, self, *inputs)
        pooled = graph.add(self, self._core_type, line, pool_size=(1, *self.pool_size), strides=(1, *self.strides),
                           padding=self.padding)
        return lines.add_sequence(graph, self, pooled)


@LAYERS.register()
class MaxPooling1D(_Pooling1D):
    """The largest number of each window.

    Args:
        pool_size: The window: an integer, alone or in a tuple.
        strides: How far the window moves; None: `pool_size`.
        padding: "valid": whole windows only; "same": windows may reach over the ends.
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
        name: A name.
        options: See `Layer`.

    Shapes:
        input (N, steps, C), output (N, steps', C).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If an argument is out of range or not supported.

    Example:
        >>> import numpy as np
        >>> MaxPooling1D()(np.arange(6).reshape(1, 6, 1))[0, :, 0]
        array([1., 3., 5.], dtype=float32)
    """

    _core_type = "max_pooling2d"

    def __init__(self, pool_size: int | tuple[int] = 2, strides: int | tuple[int] | None = None,
                 padding: str = "valid", data_format: str | None = None, name: str | None = None,
                 **options: Any) -> None:
        super().__init__(pool_size, strides, padding, data_format, name, **options)


@LAYERS.register()
class AveragePooling1D(_Pooling1D):
    """The mean of each window, of the steps inside the sequence. Arguments, shapes and errors as for `MaxPooling1D`.

    Example:
        >>> import numpy as np
        >>> AveragePooling1D(2)(np.arange(6).reshape(1, 6, 1))[0, :, 0]
        array([0.5, 2.5, 4.5], dtype=float32)
    """

    _core_type = "average_pooling2d"

    def __init__(self, pool_size: int | tuple[int], strides: int | tuple[int] | None = None, padding: str = "valid",
                 data_format: str | None = None, name: str | None = None, **options: Any) -> None:
        super().__init__(pool_size, strides, padding, data_format, name, **options)


class _GlobalPooling1D(GlobalPooling):
    """One number for each channel of a sequence."""

    def add_to(self, graph: Graph, *inputs: int) -> int:
        pooled = super().add_to(graph, lines.add_line(graph, self, *inputs))
        return lines.add_sequence(graph, self, pooled) if self.keepdims else pooled


@LAYERS.register()
class GlobalAveragePooling1D(_GlobalPooling1D):
    """The mean of each channel.

    Args:
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
        keepdims: Whether the steps stay, as an axis of length 1.
        options: See `Layer`.

    Shapes:
        input (N, steps, C), output (N, C) or (N, 1, C).

    Example:
        >>> import numpy as np
        >>> GlobalAveragePooling1D()(np.arange(6).reshape(1, 3, 2))
        array([[2., 3.]], dtype=float32)
    """

    _core_type = "global_average_pooling2d"


@LAYERS.register()
class GlobalMaxPooling1D(_GlobalPooling1D):
    """The largest number of each channel. Arguments and shapes as for `GlobalAveragePooling1D`.

    Example:
        >>> import numpy as np
        >>> GlobalMaxPooling1D(keepdims=True)(np.arange(6).reshape(1, 3, 2))
        array([[[4., 5.]]], dtype=float32)
    """

    _core_type = "global_max_pooling2d"
