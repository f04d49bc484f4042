"""Pooling: what is left of an image when its pixels are looked at in windows."""

from __future__ import annotations

from typing import Any, ClassVar

from fashioncnn.layers import arguments
from fashioncnn.layers.graph import Graph
from fashioncnn.layers.layer import Layer
from fashioncnn.utils import checks
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Setting


class Pooling(Layer):
    """One number for each window of an image and each channel."""

    _core_type: ClassVar[str]

    pool_size = Setting(arguments.pair)
    strides = Setting(arguments.pair)
    padding = arguments.Padding()
    data_format = arguments.data_format()

    def __init__(self, pool_size: int | tuple[int, ...] = (2, 2), strides: int | tuple[int, ...] | None = None,
                 padding: str = "valid", data_format: str | None = None, name: str | None = None,
                 **options: Any) -> None:
        super().__init__(name=name, **options)
        self.pool_size = pool_size
        self.strides = pool_size if strides is None else strides
        self.padding = padding
        self.data_format = data_format

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return graph.add(self, self._core_type, *inputs, pool_size=self.pool_size, strides=self.strides,
                         padding=self.padding)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "pool_size": self.pool_size, "padding": self.padding, "strides": self.strides,
                "data_format": self.data_format}


@LAYERS.register()
class MaxPooling2D(Pooling):
    """The largest number of each window.

    Args:
        pool_size: The window: an integer, or (height, width).
        strides: How far the window moves; None: `pool_size`.
        padding: "valid": whole windows only; "same": windows may reach over the edge.
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
        name: A name.
        options: See `Layer`.

    Shapes:
        input (N, H, W, C), output (N, H', W', C).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If an argument is out of range or not supported.

    Example:
        >>> import numpy as np
        >>> MaxPooling2D()(np.arange(16).reshape(1, 4, 4, 1))[0, :, :, 0]
        array([[ 5.,  7.],
               [13., 15.]], dtype=float32)
    """

    _core_type = "max_pooling2d"


@LAYERS.register()
class AveragePooling2D(Pooling):
    """The mean of each window, of the pixels inside the image. Arguments, shapes and errors as for `MaxPooling2D`.

    Example:
        >>> import numpy as np
        >>> AveragePooling2D()(np.arange(16).reshape(1, 4, 4, 1))[0, :, :, 0]
        array([[ 2.5,  4.5],
               [10.5, 12.5]], dtype=float32)
    """

    _core_type = "average_pooling2d"


class GlobalPooling(Layer):
    """One number for each channel of an image."""

    _core_type: ClassVar[str]

    data_format = arguments.data_format()
    keepdims = Setting(checks.truth)

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.data_format = data_format
        self.keepdims = keepdims

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return graph.add(self, self._core_type, *inputs, keepdims=self.keepdims)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format, "keepdims": self.keepdims}


@LAYERS.register()
class GlobalAveragePooling2D(GlobalPooling):
    """The mean of each channel.

    Args:
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
        keepdims: Whether height and width stay, as axes of length 1.
        options: See `Layer`.

    Shapes:
        input (N, H, W, C), output (N, C) or (N, 1, 1, C).

    Example:
        >>> import numpy as np
        >>> GlobalAveragePooling2D()(np.arange(8).reshape(1, 2, 2, 2))
        array([[3., 4.]], dtype=float32)
    """

    _core_type = "global_average_pooling2d"


@LAYERS.register()
class GlobalMaxPooling2D(GlobalPooling):
    """The largest number of each channel. Arguments and shapes as for `GlobalAveragePooling2D`.

    Example:
        >>> import numpy as np
        >>> GlobalMaxPooling2D(keepdims=True)(np.arange(8).reshape(1, 2, 2, 2))
        array([[[[6., 7.]]]], dtype=float32)
    """

    _core_type = "global_max_pooling2d"
