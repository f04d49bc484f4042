"""Base classes of the initializers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.utils import checks
from fashioncnn.utils.registry import INITIALIZERS
from fashioncnn.utils.seeds import Key, SeedGenerator, key_of, seed_or_generator
from fashioncnn.utils.settings import Configured, Setting
from fashioncnn.utils.tensor import Tensor


@INITIALIZERS.base
class Initializer(Configured):
    """How the first values of a layer's weights are chosen.

    Derive from this class for an initializer of your own: `__call__` gets a shape and returns an array of it.

    Example:
        >>> import numpy as np
        >>> from fashioncnn import layers
        >>> class Halves(Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return np.full(shape, 0.5)
        >>> layer = layers.Dense(2, kernel_initializer=Halves())
        >>> layer.build((None, 1))
        >>> layer.get_weights()[0]
        array([[0.5, 0.5]], dtype=float32)
    """

    def _change_setting(self, name: str, value: Any) -> None:
        self.__dict__[name] = value

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> NDArray[Any]:
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, shape, dtype=None)")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Initializer:
        """The initializer that `get_config` described."""
        return cls(**{name: value for name, value in config.items() if name not in ("input_axes", "output_axes")})


class RandomInitializer(Initializer):
    """An initializer that draws numbers: the same ones each time one object is called.

    Args:
        seed: An integer, for the same numbers in every run; None for numbers that follow from `utils.set_random_seed`;
            a `random.SeedGenerator`, for other numbers in each call.
    """

    seed = Setting(seed_or_generator)

    def __init__(self, seed: int | SeedGenerator | None = None) -> None:
        self.seed = seed
        self._own_key = self._key_of(self.seed)

    @staticmethod
    def _key_of(seed: Any) -> Key | None:
        return None if isinstance(seed, SeedGenerator) else key_of(seed)

    @property
    def _key(self) -> Key:
        """What the next call draws with."""
        return self.seed.next() if self._own_key is None else self._own_key

    def _change_setting(self, name: str, value: Any) -> None:
        super()._change_setting(name, value)
        if name == "seed":
            self._own_key = self._key_of(value)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed.described() if isinstance(self.seed, SeedGenerator) else self.seed}


def empty(shape: Sequence[int], dtype: Any) -> Tensor:
    """An array to fill.

    Raises:
        ValueError: If `dtype` is neither None nor float32.
    """
    if dtype is not None and np.dtype(dtype) != np.float32:
        raise checks.unsupported("initializer", "dtype", str(dtype), "'float32'")
    return np.empty(tuple(shape), np.float32).view(Tensor)
