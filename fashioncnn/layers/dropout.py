"""Dropout."""

from __future__ import annotations

from typing import Any

from fashioncnn.layers.graph import Graph
from fashioncnn.layers.layer import Layer
from fashioncnn.utils import checks
from fashioncnn.utils.seeds import key_of


class Dropout(Layer):
    """In training, sets a random part of the inputs to 0 and scales the others up to keep the sum.

    Args:
        rate: Which part: from 0 to below 1.
        noise_shape: None.
        seed: An integer; None: the random numbers follow from `utils.set_random_seed`. Where a model has several of
            these layers, the first one's seed decides for all.
        options: See `Layer`.

    Raises:
        TypeError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If `rate` is out of range or an argument is not supported.

    Example:
        >>> import numpy as np
        >>> Dropout(0.5)(np.ones((1, 4)))
        array([[1., 1., 1., 1.]], dtype=float32)

    Source: Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting, 2014.
    """

    def __init__(self, rate: float, noise_shape: None = None, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._check_only("noise_shape", noise_shape, None)
        self.rate = checks.number("rate", rate, at_least=0, below=1)
        self.seed = seed
        self.key = key_of(seed)

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return graph.add(self, "dropout", *inputs, rate=self.rate)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": None}
