"""Initializers that draw random numbers, with Keras's formulas."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import random_normal, random_uniform
from fashioncnn.initializers.initializer import RandomInitializer, empty
from fashioncnn.utils import checks
from fashioncnn.utils.registry import INITIALIZERS
from fashioncnn.utils.settings import Choice, Setting
from fashioncnn.utils.tensor import tensor

# Standard deviation of the normal distribution cut at two deviations.
TRUNCATED_DEVIATION = 0.87962566103423978


@INITIALIZERS.register("normal")
class RandomNormal(RandomInitializer):
    """Normally distributed weights.

    Args:
        mean: Their mean.
        stddev: Their standard deviation, at least 0.
        seed: See `RandomInitializer`.
    """

    mean = Setting(checks.number)
    stddev = Setting(lambda name, value: checks.number(name, value, at_least=0))

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean = mean
        self.stddev = stddev
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> NDArray[np.float32]:
        values = empty(shape, dtype)
        random_normal(values, *self._key, self.mean, self.stddev)
        return values

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, **super().get_config()}


@INITIALIZERS.register()
class TruncatedNormal(RandomNormal):
    """As `RandomNormal`, but values more than two standard deviations from the mean are drawn again."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> NDArray[np.float32]:
        values = empty(shape, dtype)
        random_normal(values, *self._key, self.mean, self.stddev, truncated=True)
        return values


@INITIALIZERS.register("uniform")
class RandomUniform(RandomInitializer):
    """Evenly distributed weights.

    Args:
        minval: Lower bound.
        maxval: Upper bound, at least `minval`.
        seed: See `RandomInitializer`.
    """

    minval = Setting(checks.number)
    maxval = Setting(checks.number)

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> None:
        self.minval = minval
        self.maxval = checks.number("maxval", maxval, at_least=self.minval)
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> NDArray[np.float32]:
        values = empty(shape, dtype)
        random_uniform(values, *self._key, self.minval, self.maxval)
        return values

    def get_config(self) -> dict[str, Any]:
        return {"minval": self.minval, "maxval": self.maxval, **super().get_config()}


@INITIALIZERS.register()
class VarianceScaling(RandomInitializer):
    """Weights whose variance is ``scale / n``, n being the number of inputs, outputs, or their mean.

    Args:
        scale: Positive.
        mode: "fan_in", "fan_out" or "fan_avg".
        distribution: "truncated_normal", "untruncated_normal" or "uniform".
        seed: See `RandomInitializer`.

    Raises:
        ValueError: If an argument is none of these.

    Example:
        >>> VarianceScaling(scale=2.0, mode="fan_out")((3, 3, 1, 32)).shape
        (3, 3, 1, 32)
    """

    scale = Setting(lambda name, value: checks.number(name, value, above=0))
    mode = Choice("fan_in", "fan_out", "fan_avg")
    distribution = Choice("truncated_normal", "untruncated_normal", "uniform")

    def __init__(self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal",
                 seed: int | None = None) -> None:
        distribution = str(distribution).lower()
        distribution = "truncated_normal" if distribution == "normal" else distribution
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> NDArray[np.float32]:
        values = empty(shape, dtype)
        fan_in, fan_out = fans(values.shape)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            random_uniform(values, *self._key, -limit, limit)
        elif self.distribution == "truncated_normal":
            random_normal(values, *self._key, 0.0, math.sqrt(variance) / TRUNCATED_DEVIATION, truncated=True)
        else:
            random_normal(values, *self._key, 0.0, math.sqrt(variance))
        return values

    def get_config(self) -> dict[str, Any]:
        return {"scale": self.scale, "mode": self.mode, "distribution": self.distribution, **super().get_config()}


class _NamedScaling(VarianceScaling):
    """A `VarianceScaling` with a name of its own, whose only argument is the seed."""

    _parameters: tuple[float, str, str]

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(*self._parameters, seed=seed)

    def get_config(self) -> dict[str, Any]:
        return RandomInitializer.get_config(self)


@INITIALIZERS.register()
class GlorotUniform(_NamedScaling):
    """Uniform in plus or minus ``sqrt(6 / (fan_in + fan_out))``. Source: Glorot and Bengio, 2010."""

    _parameters = (1.0, "fan_avg", "uniform")


@INITIALIZERS.register()
class GlorotNormal(_NamedScaling):
    """Truncated normal with variance ``2 / (fan_in + fan_out)``. Source: Glorot and Bengio, 2010."""

    _parameters = (1.0, "fan_avg", "truncated_normal")


@INITIALIZERS.register()
class HeUniform(_NamedScaling):
    """Uniform in plus or minus ``sqrt(6 / fan_in)``. Source: He et al., 2015."""

    _parameters = (2.0, "fan_in", "uniform")


@INITIALIZERS.register()
class HeNormal(_NamedScaling):
    """Truncated normal with variance ``2 / fan_in``. Source: He et al., 2015."""

    _parameters = (2.0, "fan_in", "truncated_normal")


@INITIALIZERS.register()
class LecunUniform(_NamedScaling):
    """Uniform in plus or minus ``sqrt(3 / fan_in)``. Source: LeCun et al., 1998."""

    _parameters = (1.0, "fan_in", "uniform")


@INITIALIZERS.register()
class LecunNormal(_NamedScaling):
    """Truncated normal with variance ``1 / fan_in``. Source: LeCun et al., 1998."""

    _parameters = (1.0, "fan_in", "truncated_normal")


@INITIALIZERS.register("OrthogonalInitializer")
class Orthogonal(RandomInitializer):
    """A random matrix with orthonormal columns or rows, whichever are fewer, times `gain`.

    Axes before the last count as rows.

    Args:
        gain: A number.
        seed: See `RandomInitializer`.

    Raises:
        ValueError: When called with a shape of fewer than two axes.

    Source: Saxe et al., Exact solutions to the nonlinear dynamics of learning in deep linear networks, 2014.
    """

    gain = Setting(checks.number)

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> NDArray[np.float32]:
        if len(shape) < 2:
            raise ValueError(f"Orthogonal needs a shape of at least two axes, got {tuple(shape)}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        values = empty((max(rows, columns), min(rows, columns)), dtype)
        random_normal(values, *self._key, 0.0, 1.0)
        q, r = np.linalg.qr(values)
        q *= self.gain * np.where(np.diag(r) < 0, -1, 1)
        return tensor(np.ascontiguousarray(q.T if rows < columns else q).reshape(shape))

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, **super().get_config()}


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """(inputs, outputs) of a unit whose weights have `shape`: (..., inputs, outputs), times the receptive field.

    Example:
        >>> fans((3, 3, 1, 32)), fans((1600, 128)), fans((5,))
        ((9, 288), (1600, 128), (5, 5))
    """
    if len(shape) < 2:
        size = math.prod(shape)
        return size, size
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field
