"""Layers that change the values of pixels at random in training: brightness, contrast, erasing."""

from __future__ import annotations

from typing import Any

import numpy as np

from fashioncnn.layers import arguments
from fashioncnn.layers.augmentation import Augmentation, Factor, floats, value_range
from fashioncnn.layers.graph import Graph
from fashioncnn.utils import checks
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Setting


def _fill(name: str, value: Any) -> Any:
    """None, a number, or three."""
    if isinstance(value, (list, tuple)):
        if len(value) != 3:
            raise ValueError(f"The `{name}` argument should be a number (or a list of three numbers). Received: "
                             f"{name}={value}")
        for number in value:
            checks.number(name, number)
    else:
        checks.optional_number(name, value)
    return value


class _ValueLayer(Augmentation):
    """A layer that leaves pixels where they are."""

    changes_masks = False
    value_range = Setting(value_range)
    data_format = arguments.data_format()

    def __init__(self, value_range: Any, seed: int | None, data_format: str | None = None, **options: Any) -> None:
        super().__init__(seed, **options)
        self.value_range = value_range
        self.data_format = data_format

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format, "value_range": self.value_range,
                "seed": self.seed}


@LAYERS.register()
class RandomBrightness(_ValueLayer):
    """In training, a number is added to all pixels of an image, and what leaves the range is cut off.

    Args:
        factor: The number, as a part of the range: a number from 0 to 1 stands for both directions, (low, high) for
            what is between; -1 makes an image black, 1 white.
        value_range: The range of values: (0, 255), or (0, 1).
        seed: An integer; None: the random numbers follow from `utils.set_random_seed`.
        options: See `Layer`; `data_format` is None, "channels_last" or "channels_first".

    Shapes:
        input and output (N, H, W, C).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If `factor` is out of range, or `value_range` is not two numbers; when it is built, if the input is
            not an image.

    Example:
        >>> import numpy as np
        >>> lighter = RandomBrightness((0.5, 0.5), value_range=(0, 1))
        >>> lighter(np.array([0.25, 0.75]).reshape(1, 1, 2, 1))[0, 0, :, 0]
        array([0.75, 1.  ], dtype=float32)
    """

    factor = Factor(-1, 1)

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **options: Any) -> None:
        super().__init__(value_range, seed, **options)
        self.factor = factor or 0.0

    def add_moving(self, graph: Graph, position: int, **instead: Any) -> int:
        low, high = floats(self.value_range)
        first, last = self.factor
        return self.add_random(graph, "random_brightness", position, value_range=(low, high),
                               factor=(first * (high - low), last * (high - low)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor, "value_range": sorted(self.value_range)}


@LAYERS.register()
class RandomContrast(_ValueLayer):
    """In training, ``y = mean + f * (x - mean)``, with each channel's mean over the image; then the range is kept.

    Args:
        factor: f is drawn from 1 to 1 + factor, or for (low, high) from 1 - low to 1 + high, as in Keras. From 0 to 1.
        value_range: The range of values: (0, 255), or (0, 1).
        seed: An integer; None: the random numbers follow from `utils.set_random_seed`.
        options: See `Layer`; `data_format` is None, "channels_last" or "channels_first".

    Shapes:
        input and output (N, H, W, C).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If `factor` is out of range, or `value_range` is not two numbers; when it is built, if the input is
            not an image.

    Example:
        >>> import numpy as np
        >>> harder = RandomContrast((-1.0, 1.0))  # f is 2
        >>> harder(np.array([30, 50]).reshape(1, 1, 2, 1))[0, 0, :, 0]
        array([20., 60.], dtype=float32)
    """

    factor = Factor(0, 1)

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **options: Any) -> None:
        super().__init__(value_range, seed, **options)
        self.factor = factor

    def add_moving(self, graph: Graph, position: int, **instead: Any) -> int:
        low, high = self.factor
        return self.add_random(graph, "random_contrast", position, factor=(1.0 - low, 1.0 + high),
                               value_range=floats(self.value_range))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


@LAYERS.register()
class RandomErasing(_ValueLayer):
    """In training, a rectangle of an image gets other values.

    Args:
        factor: How probable that is for an image: a number p stands for a probability that is drawn from 0 to p,
            (low, high) for one from low to high.
        scale: The rectangle's area, as a part of the image's: height and width are each the image's times the root of
            a number from `scale`, (low, high) or from 0 to a number.
        fill_value: The values: a number, or three for the channels of a colour image; None: normal noise with mean 0
            and the range's upper end as its deviation. They are cut to the range.
        value_range: The range of values: (0, 255), or (0, 1).
        seed: An integer; None: the random numbers follow from `utils.set_random_seed`.
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
        options: See `Layer`.

    Shapes:
        input and output (N, H, W, C).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If an argument is out of range; when it is built, if the input is not an image, or has not as many
            channels as there are values.

    Example:
        >>> import numpy as np
        >>> hole = RandomErasing((1.0, 1.0), scale=(0.25, 0.25), fill_value=9, seed=1)
        >>> int((hole(np.zeros((1, 4, 4, 1))) == 9).sum())
        4

    Source: Zhong et al., Random erasing data augmentation, 2020.
    """

    factor = Factor(0, 1)
    scale = Factor(0, 1)
    fill_value = Setting(_fill)

    def __init__(self, factor: Any = 1.0, scale: Any = (0.02, 0.33), fill_value: Any = None,
                 value_range: Any = (0, 255), seed: int | None = None, data_format: str | None = None,
                 **options: Any) -> None:
        super().__init__(value_range, seed, data_format, **options)
        self.factor = factor
        self.scale = scale
        self.fill_value = fill_value

    def add_moving(self, graph: Graph, position: int, **instead: Any) -> int:
        fill = ({"deviation": abs(self.value_range[1])} if self.fill_value is None
                else {"fill_value": tuple(map(float, np.atleast_1d(self.fill_value)))})
        return self.add_random(graph, "random_erasing", position, factor=floats(self.factor), scale=floats(self.scale),
                               value_range=floats(self.value_range), **fill)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor, "scale": self.scale, "fill_value": self.fill_value}
