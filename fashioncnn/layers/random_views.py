"""Layers that move images at random in training: flips, translations, rotations, zooms, crops."""

from __future__ import annotations

from typing import Any

from fashioncnn.layers import arguments
from fashioncnn.layers.augmentation import Augmentation, Factor, Interval, floats, interval
from fashioncnn.layers.graph import Graph
from fashioncnn.layers.resampling import add_window
from fashioncnn.utils import checks
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Setting

FILL_MODES = ("reflect", "wrap", "constant", "nearest")
INTERPOLATIONS = ("nearest", "bilinear")
MODES = ("horizontal", "vertical", "horizontal_and_vertical")


class _Known(Setting):
    """One of a few texts; another one is NotImplementedError, as in Keras."""

    def __init__(self, *options: str) -> None:
        super().__init__(lambda name, value: value)
        self._options = options

    def checked(self, instance: Any, value: Any) -> Any:
        if value not in self._options:
            raise NotImplementedError(f"Unknown `{self._name}` {value}. Expected of one {self._options}.")
        return value


class _Shift(Setting):
    """A factor of one direction, kept as it was given."""

    def __init__(self, low: float, high: float, optional: bool = False, above: bool = False) -> None:
        super().__init__(lambda name, value: value)
        self._bounds, self._optional, self._above = (low, high), optional, above

    def checked(self, instance: Any, value: Any) -> Any:
        if value is None and self._optional:
            return None
        found = interval(self._name, value, *self._bounds, beyond=False)
        if self._above and self._bounds[0] in (found if isinstance(value, (list, tuple)) else (value,)):
            raise ValueError(f"The `{self._name}` argument should be a number (or a list of two numbers) in the range "
                             f"({self._bounds[0]}, {self._bounds[1]}]. Received: {self._name}={value!r}")
        return value


def _found(factor: Any) -> Interval:
    return floats(interval("factor", factor, -1.0, 1.0, beyond=False))


@LAYERS.register()
class RandomFlip(Augmentation):
    """In training, half of the images are turned over.

    Args:
        mode: "horizontal": left and right change places; "vertical": top and bottom; "horizontal_and_vertical": both,
            of the same images.
        seed: An integer; None: the random numbers follow from `utils.set_random_seed`.
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
        options: See `Layer`.

    Shapes:
        input and output (N, H, W, C).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If `mode` or `data_format` is something else; when it is built, if the input is not an image.

    Example:
        >>> import numpy as np
        >>> flip = RandomFlip("horizontal", seed=5)
        >>> flip(np.arange(12).reshape(4, 1, 3, 1))[:, 0, :, 0]
        array([[ 2.,  1.,  0.],
               [ 3.,  4.,  5.],
               [ 8.,  7.,  6.],
               [11., 10.,  9.]], dtype=float32)
    """

    mode = Setting(lambda name, value: checks.one_of("RandomFlip", name, value, MODES))
    data_format = arguments.data_format()

    def __init__(self, mode: str = "horizontal_and_vertical", seed: int | None = None, data_format: str | None = None,
                 **options: Any) -> None:
        super().__init__(seed, **options)
        self.mode = mode
        self.data_format = data_format

    def add_moving(self, graph: Graph, position: int, **instead: Any) -> int:
        return self.add_random(graph, "random_flip", position, horizontal="horizontal" in self.mode,
                               vertical="vertical" in self.mode)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format, "seed": self.seed, "mode": self.mode}


class _Resampled(Augmentation):
    """A layer that shows images through a transform."""

    fill_mode = _Known(*FILL_MODES)
    interpolation = _Known(*INTERPOLATIONS)
    fill_value = Setting(lambda name, value: value if checks.number(name, value) == value else None)
    data_format = arguments.data_format()

    def __init__(self, fill_mode: str, interpolation: str, seed: int | None, fill_value: float,
                 data_format: str | None, **options: Any) -> None:
        super().__init__(seed, **options)
        self.fill_mode = fill_mode
        self.interpolation = interpolation
        self.fill_value = fill_value
        self.data_format = data_format

    def _add_resampling(self, graph: Graph, node_type: str, position: int, interpolation: str | None = None,
                        **factors: Any) -> int:
        given = {name: factor for name, factor in factors.items() if factor is not None}
        return self.add_random(graph, node_type, position, fill_mode=self.fill_mode, fill_value=float(self.fill_value),
                               interpolation=interpolation or self.interpolation, **given)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format, "fill_mode": self.fill_mode,
                "interpolation": self.interpolation, "seed": self.seed, "fill_value": self.fill_value}


@LAYERS.register()
class RandomTranslation(_Resampled):
    """In training, images are moved.

    Args:
        height_factor: How far down, as a part of the height; negative: up. A number stands for both directions,
            (low, high) for what is between. From -1 to 1.
        width_factor: How far to the right, as a part of the width; the same.
        fill_mode: What lies beyond the border, where pixels are a b c d: "reflect" b a a b c d d c, "wrap"
            c d a b c d a b, "constant" k k a b c d k k, "nearest" a a a b c d d d.
        interpolation: "bilinear", or "nearest".
        seed: An integer; None: the random numbers follow from `utils.set_random_seed`.
        fill_value: The constant k.
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
        options: See `Layer`.

    Shapes:
        input and output (N, H, W, C).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        NotImplementedError: If `fill_mode` or `interpolation` is something else.
        ValueError: If a factor is out of range; when it is built, if the input is not an image.

    Example:
        >>> import numpy as np
        >>> down = RandomTranslation((0.5, 0.5), 0, fill_mode="constant")
        >>> down(np.array([[1, 2], [3, 4]]).reshape(1, 2, 2, 1))[0, :, :, 0]
        array([[0., 0.],
               [1., 2.]], dtype=float32)
    """

    height_factor = _Shift(-1.0, 1.0)
    width_factor = _Shift(-1.0, 1.0)

    def __init__(self, height_factor: Any, width_factor: Any, fill_mode: str = "reflect",
                 interpolation: str = "bilinear", seed: int | None = None, fill_value: float = 0.0,
                 data_format: str | None = None, **options: Any) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **options)
        self.height_factor = height_factor
        self.width_factor = width_factor

    def add_moving(self, graph: Graph, position: int, **instead: Any) -> int:
        return self._add_resampling(graph, "random_translation", position, height_factor=_found(self.height_factor),
                                    width_factor=_found(self.width_factor), **instead)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height_factor": self.height_factor, "width_factor": self.width_factor}


@LAYERS.register()
class RandomRotation(_Resampled):
    """In training, images are turned about their middle.

    Args:
        factor: How far, as a part of a full turn; positive: counterclockwise. A number stands for both directions,
            (low, high) for what is between.
        fill_mode: What lies beyond the border: see `RandomTranslation`.
        interpolation: "bilinear", or "nearest".
        seed: An integer; None: the random numbers follow from `utils.set_random_seed`.
        fill_value: Of the border, where `fill_mode` is "constant".
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
        options: See `Layer`.

    Shapes:
        input and output (N, H, W, C).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        NotImplementedError: If `fill_mode` or `interpolation` is something else.
        ValueError: If `factor` is out of range; when it is built, if the input is not an image.

    Example:
        >>> import numpy as np
        >>> quarter = RandomRotation((0.25, 0.25), interpolation="nearest")
        >>> quarter(np.array([[1, 2], [3, 4]]).reshape(1, 2, 2, 1))[0, :, :, 0]
        array([[2., 4.],
               [1., 3.]], dtype=float32)
    """

    factor = Factor(-1, 1)

    def __init__(self, factor: Any, fill_mode: str = "reflect", interpolation: str = "bilinear",
                 seed: int | None = None, fill_value: float = 0.0, data_format: str | None = None,
                 **options: Any) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **options)
        self.factor = factor or 0.0

    def add_moving(self, graph: Graph, position: int, **instead: Any) -> int:
        return self._add_resampling(graph, "random_rotation", position, factor=floats(self.factor), **instead)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


@LAYERS.register()
class RandomZoom(_Resampled):
    """In training, images are seen from nearer or farther away.

    Args:
        height_factor: How much more of the height is seen, as a part of it: 0.2 means that the image becomes smaller,
            -0.2 larger. A number stands for both directions, (low, high) for what is between. Above -1, up to 1.
        width_factor: The same of the width; None: as of the height, so that proportions stay.
        fill_mode: What lies beyond the border: see `RandomTranslation`.
        interpolation: "bilinear", or "nearest".
        seed: An integer; None: the random numbers follow from `utils.set_random_seed`.
        fill_value: Of the border, where `fill_mode` is "constant".
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
        options: See `Layer`.

    Shapes:
        input and output (N, H, W, C).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        NotImplementedError: If `fill_mode` or `interpolation` is something else.
        ValueError: If a factor is out of range; when it is built, if the input is not an image.

    Example:
        >>> import numpy as np
        >>> closer = RandomZoom((-0.5, -0.5))
        >>> closer(np.arange(3.0).reshape(1, 1, 3, 1))[0, 0, :, 0]
        array([0.5, 1. , 1.5], dtype=float32)
    """

    height_factor = _Shift(-1.0, 1.0, above=True)
    width_factor = _Shift(-1.0, 1.0, optional=True, above=True)

    def __init__(self, height_factor: Any, width_factor: Any = None, fill_mode: str = "reflect",
                 interpolation: str = "bilinear", seed: int | None = None, fill_value: float = 0.0,
                 data_format: str | None = None, **options: Any) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **options)
        self.height_factor = height_factor
        self.width_factor = width_factor

    def add_moving(self, graph: Graph, position: int, **instead: Any) -> int:
        width = None if self.width_factor is None else _found(self.width_factor)
        return self._add_resampling(graph, "random_zoom", position, height_factor=_found(self.height_factor),
                                    width_factor=width, **instead)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height_factor": self.height_factor, "width_factor": self.width_factor}


@LAYERS.register()
class RandomCrop(Augmentation):
    """In training, a window of each image, anywhere; in inference the one in the middle.

    An image that is not larger than the window in both directions is cut to the window's proportions and resized, in
    training, too. Each image has a window of its own (Keras cuts the same out of all images of a batch), and in
    inference Keras leaves the images whole.

    Args:
        height: Of the window.
        width: Of the window.
        seed: An integer; None: the random numbers follow from `utils.set_random_seed`.
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
        options: See `Layer`.

    Shapes:
        input (N, H, W, C), output (N, height, width, C).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If an extent is not positive; when it is built, if the input is not an image.

    Example:
        >>> import numpy as np
        >>> crop = RandomCrop(1, 2, seed=3)
        >>> crop(np.arange(15).reshape(1, 3, 5, 1), training=False)[0, :, :, 0]
        array([[6., 7.]], dtype=float32)
    """

    height = Setting(arguments.positive)
    width = Setting(arguments.positive)
    data_format = arguments.data_format()

    def __init__(self, height: int, width: int, seed: int | None = None, data_format: str | None = None,
                 name: str | None = None, **options: Any) -> None:
        super().__init__(seed, name=name, **options)
        self.height = height
        self.width = width
        self.data_format = data_format

    def add_moving(self, graph: Graph, position: int, **instead: Any) -> int:
        height, width = arguments.image_shape(self.name, graph.shape(position))[:2]
        if height > self.height and width > self.width:
            return self.add_random(graph, "random_crop", position, size=(self.height, self.width))
        return self._add_fitted(graph, position, height, width, **instead)

    def _add_fitted(self, graph: Graph, position: int, height: int, width: int,
                    interpolation: str = "bilinear") -> int:
        """The window of Keras for an image that is too small for a choice, and then the size that is wanted."""
        top = (height - max(min(height, width * self.height // self.width), 1)) // 2
        left = (width - max(min(width, height * self.width // self.height), 1)) // 2
        cut = (min(self.height, height - top), min(self.width, width - left))
        position = add_window(graph, self, position, (top, left), cut)
        if cut == (self.height, self.width):
            return position
        return graph.add(self, "resizing", position, size=(self.height, self.width), interpolation=interpolation,
                         antialias=False)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format, "height": self.height, "width": self.width,
                "seed": self.seed}
