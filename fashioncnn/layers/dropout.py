"""Dropout."""

from __future__ import annotations

from typing import Any

from fashioncnn.layers.graph import Graph
from fashioncnn.layers.layer import Layer
from fashioncnn.utils import checks
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.seeds import key_of
from fashioncnn.utils.settings import Choice, Setting


@LAYERS.register()
class Dropout(Layer):
    """In training, sets a random part of the inputs to 0 and scales the others up to keep the sum.

    Every step of training has a new mask, and so has every call with ``training=True``.

    Args:
        rate: Which part: from 0 to 1.
        noise_shape: None.
        seed: An integer; None: the random numbers follow from `utils.set_random_seed`.
        options: See `Layer`.

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If `rate` is out of range or an argument is not supported.

    Example:
        >>> import numpy as np
        >>> Dropout(0.5)(np.ones((1, 4)))
        array([[1., 1., 1., 1.]], dtype=float32)

    Source: Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting, 2014.
    """

    rate = Setting(lambda name, value: checks.number(name, value, at_least=0, at_most=1))
    noise_shape = Choice(None)
    seed = Setting(lambda name, value: value)

    def __init__(self, rate: float, noise_shape: None = None, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.rate = rate
        self.noise_shape = noise_shape
        self.seed = seed
        self._key = key_of(seed)

    def _change_setting(self, name: str, value: Any) -> None:
        super()._change_setting(name, value)
        if name == "seed":
            self._key = key_of(value)

    def add_to(self, graph: Graph, *inputs: int) -> int:
        seed = (self._key.seed ^ self._key.stream << 32) % 2**63
        return graph.add(self, "dropout", *inputs, rate=self.rate, seed=seed)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": None}
