"""Layers that disturb their input in training: dropout, of several kinds, and noise."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from fashioncnn.layers import arguments
from fashioncnn.layers.graph import Graph
from fashioncnn.layers.layer import Layer
from fashioncnn.utils import checks
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.seeds import key_of
from fashioncnn.utils.settings import Setting

NoiseShape = tuple[int | None, ...]


def _part(name: str, value: Any) -> float:
    return checks.number(name, value, at_least=0, at_most=1)


def _noise_shape(name: str, value: Any) -> NoiseShape | None:
    """None, or a tuple of positive integers and None."""
    if value is None:
        return None
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise checks.ArgumentError(f"`{name}` must be a tuple of integers, got {value!r}")
    return arguments.extents(name, tuple(value))


class RandomLayer(Layer):
    """A layer with random numbers of its own, which are others in every step of training."""

    seed = Setting(lambda name, value: value)

    def __init__(self, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.seed = seed
        self._key = key_of(seed)

    def _change_setting(self, name: str, value: Any) -> None:
        super()._change_setting(name, value)
        if name == "seed":
            self._key = key_of(value)

    @property
    def core_seed(self) -> int:
        """The seed as the core takes it."""
        return (self._key.seed ^ self._key.stream << 32) % 2**63


class _MaskLayer(RandomLayer):
    """A layer that drops some of its inputs."""

    _core_type: ClassVar[str]

    rate = Setting(_part)
    noise_shape = Setting(_noise_shape)

    def __init__(self, rate: float, noise_shape: Iterable[int | None] | None = None, seed: int | None = None,
                 **options: Any) -> None:
        super().__init__(seed, **options)
        self.rate = rate
        self.noise_shape = noise_shape

    def _noise(self, shape: tuple[int, ...]) -> NoiseShape | None:
        """The noise's shape for inputs of `shape`, which has no batch axis. None: the same."""
        given: NoiseShape | None = self.noise_shape
        return given

    def add_to(self, graph: Graph, *inputs: int) -> int:
        shape = graph.shape(inputs[0])
        wanted = self._noise(shape)
        attributes: dict[str, Any] = {"rate": self.rate, "seed": self.core_seed}
        if wanted is not None:
            if len(wanted) != len(shape) + 1:
                raise ValueError(f"{type(self).__name__} '{self.name}': noise_shape={wanted} does not fit inputs of "
                                 f"shape {(None, *shape)}")
            attributes["noise_shape"] = tuple(given or own for given, own in zip(wanted[1:], shape, strict=True))
            attributes["one_for_all"] = wanted[0] == 1
        return graph.add(self, self._core_type, *inputs, **attributes)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}


@LAYERS.register()
class Dropout(_MaskLayer):
    """In training, sets a random part of the inputs to 0 and scales the others up to keep the sum.

    Every step of training has a new mask, and so has every call with ``training=True``.

    Args:
        rate: Which part: from 0 to 1.
        noise_shape: The mask's shape, with the batch axis: 1 where all share a number of it, else the input's extent or
            None. A batch axis of 1 means one mask for all images; any other number, one for each. None: the input's.
        seed: An integer; None: the random numbers follow from `utils.set_random_seed`.
        options: See `Layer`.

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If `rate` is out of range; when it is built, if `noise_shape` does not fit the input.

    Example:
        >>> import numpy as np
        >>> Dropout(0.5)(np.ones((1, 4)))
        array([[1., 1., 1., 1.]], dtype=float32)

    Source: Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting, 2014.
    """

    _core_type = "dropout"


@LAYERS.register()
class AlphaDropout(_MaskLayer):
    """Dropout for networks with SELU: in training, a random part of the inputs is set to the function's lower limit.

    Then all numbers are scaled and shifted, so that mean and variance stay 0 and 1 where they were.

    Args:
        rate: Which part: from 0 to 1; 1 cannot be built.
        noise_shape: See `Dropout`.
        seed: An integer; None: the random numbers follow from `utils.set_random_seed`.
        options: See `Layer`.

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If `rate` is out of range; when it is built, if `noise_shape` does not fit the input.

    Example:
        >>> import numpy as np
        >>> AlphaDropout(0.5)(np.ones((1, 4)))
        array([[1., 1., 1., 1.]], dtype=float32)

    Source: Klambauer et al., Self-normalizing neural networks, 2017.
    """

    _core_type = "alpha_dropout"


class _SpatialDropout(Dropout):
    """Dropout of whole channels."""

    _axes: ClassVar[int]

    def __init__(self, rate: float, seed: int | None = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(rate, seed=seed, name=name, dtype=dtype)

    def _noise(self, shape: tuple[int, ...]) -> NoiseShape:
        if len(shape) != self._axes + 1:
            raise ValueError(f"{type(self).__name__} '{self.name}' expects inputs of {self._axes + 2} axes, with the "
                             f"batch's and the channels', got shape {(None, *shape)}")
        return (None, *[1] * self._axes, shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {"rate": self.rate, "seed": self.seed, "name": self.name, "dtype": self.dtype}


@LAYERS.register()
class SpatialDropout1D(_SpatialDropout):
    """Dropout of whole channels of a sequence.

    Args:
        rate: Which part of the channels: from 0 to 1.
        seed: An integer; None: the random numbers follow from `utils.set_random_seed`.
        name: A name.
        dtype: None or "float32".

    Shapes:
        input and output (N, steps, C).

    Raises:
        ArgumentError: If an argument has the wrong type.
        ValueError: If `rate` is out of range; when it is built, if the input is not a sequence.

    Example:
        >>> import numpy as np
        >>> SpatialDropout1D(0.5)(np.ones((1, 2, 3))).shape
        (1, 2, 3)

    Source: Tompson et al., Efficient object localization using convolutional networks, 2015.
    """

    _axes = 1


@LAYERS.register()
class SpatialDropout2D(_SpatialDropout):
    """Dropout of whole channels of an image.

    Args:
        rate: Which part of the channels: from 0 to 1.
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
        seed: An integer; None: the random numbers follow from `utils.set_random_seed`.
        name: A name.
        dtype: None or "float32".

    Shapes:
        input and output (N, H, W, C).

    Raises:
        ArgumentError: If an argument has the wrong type.
        ValueError: If `rate` is out of range or `data_format` is something else; when it is built, if the input is not
            an image.

    Example:
        >>> import numpy as np
        >>> SpatialDropout2D(0.5)(np.ones((1, 2, 2, 3))).shape
        (1, 2, 2, 3)

    Source: Tompson et al., Efficient object localization using convolutional networks, 2015.
    """

    _axes = 2
    data_format = arguments.data_format()

    def __init__(self, rate: float, data_format: str | None = None, seed: int | None = None, name: str | None = None,
                 dtype: Any = None) -> None:
        super().__init__(rate, seed=seed, name=name, dtype=dtype)
        self.data_format = data_format

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


@LAYERS.register()
class GaussianNoise(RandomLayer):
    """In training, adds normal noise with mean 0.

    Args:
        stddev: Its standard deviation: from 0 to 1.
        seed: An integer; None: the random numbers follow from `utils.set_random_seed`.
        options: See `Layer`.

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If `stddev` is out of range.

    Example:
        >>> import numpy as np
        >>> GaussianNoise(0.1)(np.ones((1, 4)))
        array([[1., 1., 1., 1.]], dtype=float32)
    """

    stddev = Setting(_part)

    def __init__(self, stddev: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(seed, **options)
        self.stddev = stddev

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return graph.add(self, "gaussian_noise", *inputs, stddev=self.stddev, seed=self.core_seed)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}


@LAYERS.register()
class GaussianDropout(RandomLayer):
    """In training, multiplies by normal noise with mean 1 and standard deviation ``sqrt(rate / (1 - rate))``.

    Args:
        rate: From 0 to 1; 1 cannot be built.
        seed: An integer; None: the random numbers follow from `utils.set_random_seed`.
        options: See `Layer`.

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If `rate` is out of range.

    Example:
        >>> import numpy as np
        >>> GaussianDropout(0.5)(np.ones((1, 4)))
        array([[1., 1., 1., 1.]], dtype=float32)

    Source: Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting, 2014.
    """

    rate = Setting(_part)

    def __init__(self, rate: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(seed, **options)
        self.rate = rate

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return graph.add(self, "gaussian_dropout", *inputs, rate=self.rate, seed=self.core_seed)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
