"""Layers that make images and sequences larger or smaller."""

from __future__ import annotations

from typing import Any

import numpy as np

from fashioncnn.layers import arguments, lines
from fashioncnn.layers.graph import Graph
from fashioncnn.layers.layer import Layer
from fashioncnn.layers.single_image import ImageLayer
from fashioncnn.utils import budget, checks
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Choice, Setting

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")


class Interpolation(Choice):
    """One of `INTERPOLATIONS`, in any letter case."""

    def __init__(self) -> None:
        super().__init__(*INTERPOLATIONS)

    def checked(self, instance: Any, value: Any) -> Any:
        return super().checked(instance, value.lower() if isinstance(value, str) else value)


def add_window(graph: Graph, layer: Layer, position: int, begin: tuple[int, int], size: tuple[int, int]) -> int:
    """Adds a node that cuts a window out of images."""
    shape = graph.shape(position)
    ends = [extent - first - length for extent, first, length in zip(shape, begin, size, strict=False)]
    return graph.add(layer, "cropping2d", position, cropping=(begin[0], ends[0], begin[1], ends[1]))


def add_middle(graph: Graph, layer: Layer, position: int, size: tuple[int, int]) -> int:
    """The same for the window in the middle."""
    height, width = graph.shape(position)[:2]
    return add_window(graph, layer, position, ((height - size[0]) // 2, (width - size[1]) // 2), size)


@LAYERS.register()
class UpSampling2D(Layer):
    """An image that is a whole number of times as large.

    Args:
        size: How many times: an integer, or (height, width).
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
        interpolation: "nearest" repeats each pixel; "bilinear", "bicubic", "lanczos3" and "lanczos5" weigh neighbours.
        options: See `Layer`.

    Shapes:
        input (N, H, W, C), output (N, H * size[0], W * size[1], C).

    Raises:
        ArgumentError: If `size` is not made of integers.
        ValueError: If one is not positive, or `interpolation` is something else.

    Example:
        >>> import numpy as np
        >>> UpSampling2D((1, 2))(np.array([[1, 2]]).reshape(1, 1, 2, 1))[0, 0, :, 0]
        array([1., 1., 2., 2.], dtype=float32)
    """

    size = Setting(arguments.pair)
    data_format = arguments.data_format()
    interpolation = Interpolation()

    def __init__(self, size: int | tuple[int, int] = (2, 2), data_format: str | None = None,
                 interpolation: str = "nearest", **options: Any) -> None:
        super().__init__(**options)
        self.size = size
        self.data_format = data_format
        self.interpolation = interpolation

    def add_to(self, graph: Graph, *inputs: int) -> int:
        if self.interpolation == "nearest":
            return graph.add(self, "up_sampling2d", *inputs, size=self.size)
        height, width = arguments.image_shape(self.name, graph.shape(inputs[0]))[:2]
        size = (height * self.size[0], width * self.size[1])
        return graph.add(self, "resizing", *inputs, size=size, interpolation=self.interpolation)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "data_format": self.data_format,
                "interpolation": self.interpolation}


@LAYERS.register()
class UpSampling1D(Layer):
    """Each step of a sequence several times.

    Args:
        size: How many times.
        options: See `Layer`.

    Shapes:
        input (N, steps, C), output (N, steps * size, C).

    Raises:
        ArgumentError: If `size` is not an integer.
        ValueError: If it is not positive.

    Example:
        >>> import numpy as np
        >>> UpSampling1D(2)(np.array([[[1], [2]]]))[0, :, 0]
        array([1., 1., 2., 2.], dtype=float32)
    """

    size = Setting(arguments.positive)

    def __init__(self, size: int = 2, **options: Any) -> None:
        super().__init__(**options)
        self.size = size

    def add_to(self, graph: Graph, *inputs: int) -> int:
        line = lines.add_line(graph, self, *inputs)
        return lines.add_sequence(graph, self, graph.add(self, "up_sampling2d", line, size=(1, self.size)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size}


@LAYERS.register()
class Resizing(ImageLayer):
    """Images of another size.

    Args:
        height: Of the output.
        width: Of the output.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        crop_to_aspect_ratio: Whether the largest window in the middle that has the output's proportions is taken, so
            that nothing is distorted.
        pad_to_aspect_ratio: Whether the image is put in the middle of the smallest frame that has them.
        fill_mode: "constant": the frame has one value.
        fill_value: That value.
        antialias: Whether what is too fine for a smaller image is smoothed away first.
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
        options: See `Layer`.

    Shapes:
        input (N, H, W, C) or, in a call, (H, W, C); output (N, height, width, C) or (height, width, C).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If an argument is out of range or not supported; when it is built, if the image is to be both
            cropped and padded.

    Example:
        >>> import numpy as np
        >>> Resizing(1, 2)(np.arange(4).reshape(1, 1, 4, 1))[0, 0, :, 0]
        array([0.5, 2.5], dtype=float32)
    """

    height = Setting(arguments.positive)
    width = Setting(arguments.positive)
    interpolation = Interpolation()
    crop_to_aspect_ratio = Setting(checks.truth)
    pad_to_aspect_ratio = Setting(checks.truth)
    fill_mode = Choice("constant")
    fill_value = Setting(lambda name, value: checks.number(name, value))
    antialias = Setting(checks.truth)
    data_format = arguments.data_format()

    def __init__(self, height: int, width: int, interpolation: str = "bilinear", crop_to_aspect_ratio: bool = False,
                 pad_to_aspect_ratio: bool = False, fill_mode: str = "constant", fill_value: float = 0.0,
                 antialias: bool = False, data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.height = height
        self.width = width
        self.interpolation = interpolation
        self.crop_to_aspect_ratio = crop_to_aspect_ratio
        self.pad_to_aspect_ratio = pad_to_aspect_ratio
        self.fill_mode = fill_mode
        self.fill_value = fill_value
        self.antialias = antialias
        self.data_format = data_format

    def add_to(self, graph: Graph, *inputs: int) -> int:
        if self.crop_to_aspect_ratio and self.pad_to_aspect_ratio:
            raise ValueError(f"Resizing '{self.name}': `crop_to_aspect_ratio` and `pad_to_aspect_ratio` cannot both be "
                             "True")
        height, width = arguments.image_shape(self.name, graph.shape(inputs[0]))[:2]
        budget.check_image(height, width, self.height, self.width)
        (position,) = inputs
        if self.crop_to_aspect_ratio:
            position = self._add_cropping(graph, position, height, width)
        if self.pad_to_aspect_ratio:
            position = self._add_frame(graph, position, height, width)
        return graph.add(self, "resizing", position, size=(self.height, self.width), interpolation=self.interpolation,
                         antialias=self.antialias)

    def _fitting(self, height: int, width: int) -> tuple[int, int]:
        """The height that fits the width in the output's proportions, and the width that fits the height."""
        return (_rounded_down(width * self.height, self.width), _rounded_down(height * self.width, self.height))

    def _add_cropping(self, graph: Graph, position: int, height: int, width: int) -> int:
        new_height, new_width = self._fitting(height, width)
        largest = (max(min(height, new_height), 1), max(min(width, new_width), 1))
        return position if largest == (height, width) else add_middle(graph, self, position, largest)

    def _add_frame(self, graph: Graph, position: int, height: int, width: int) -> int:
        new_height, new_width = self._fitting(height, width)
        top, left = (max(new_height, height) - height) // 2, (max(new_width, width) - width) // 2
        if top + left == 0:
            return position
        return graph.add(self, "zero_padding2d", position, padding=(top, top, left, left), value=self.fill_value)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height": self.height, "width": self.width,
                "interpolation": self.interpolation, "crop_to_aspect_ratio": self.crop_to_aspect_ratio,
                "pad_to_aspect_ratio": self.pad_to_aspect_ratio, "fill_mode": self.fill_mode,
                "fill_value": self.fill_value, "antialias": self.antialias, "data_format": self.data_format}


@LAYERS.register()
class CenterCrop(ImageLayer):
    """The window in the middle of images.

    An image that is smaller in a direction is cut to the window's proportions and resized, by bilinear interpolation.

    Args:
        height: Of the window.
        width: Of the window.
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
        options: See `Layer`.

    Shapes:
        input (N, H, W, C) or, in a call, (H, W, C); output (N, height, width, C) or (height, width, C).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If an extent is not positive; when it is built, if the input is not an image.

    Example:
        >>> import numpy as np
        >>> CenterCrop(1, 2)(np.arange(12).reshape(1, 3, 4, 1))[0, :, :, 0]
        array([[5., 6.]], dtype=float32)
    """

    height = Setting(arguments.positive)
    width = Setting(arguments.positive)
    data_format = arguments.data_format()

    def __init__(self, height: int, width: int, data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.height = height
        self.width = width
        self.data_format = data_format

    def add_to(self, graph: Graph, *inputs: int) -> int:
        (position,) = inputs
        height, width = arguments.image_shape(self.name, graph.shape(position))[:2]
        size = (self.height, self.width)
        if height >= self.height and width >= self.width:
            return add_middle(graph, self, position, size)
        budget.check_image(height, width, *size)
        largest = (max(min(height, width * self.height // self.width), 1),
                   max(min(width, height * self.width // self.height), 1))
        return graph.add(self, "resizing", add_middle(graph, self, position, largest), size=size,
                         interpolation="bilinear", antialias=False)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height": self.height, "width": self.width, "data_format": self.data_format}


def _rounded_down(product: int, divisor: int) -> int:
    """In single precision, as Keras computes it."""
    return int(np.float32(product) / np.float32(divisor))
