"""A layer that only penalizes what it is given."""

from __future__ import annotations

from typing import Any

from fashioncnn.layers.graph import Graph
from fashioncnn.layers.layer import Layer
from fashioncnn.regularizers import L1L2
from fashioncnn.regularizers.regularizer import factor
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Setting


@LAYERS.register()
class ActivityRegularization(Layer):
    """Hands its inputs on, with a penalty of ``l1 * sum(abs(x)) + l2 * sum(x**2)`` for them, for each image.

    The mean over the images of a batch is part of the batch's loss, in training and in evaluating.

    Args:
        l1: At least 0.
        l2: At least 0.
        options: See `Layer`.

    Raises:
        ArgumentError: If a factor is not a number or a keyword is unknown.
        ValueError: If one is negative or not finite.

    Example:
        >>> import numpy as np
        >>> layer = ActivityRegularization(l1=0.5)
        >>> layer(np.array([[1.0, -3.0], [0.0, 0.0]])).shape
        (2, 2)
        >>> layer.losses
        [array(1., dtype=float32)]
    """

    l1 = Setting(factor)
    l2 = Setting(factor)

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **options: Any) -> None:
        super().__init__(activity_regularizer=L1L2(l1, l2), **options)
        self.l1 = l1
        self.l2 = l2

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return inputs[0]

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "l1": self.l1, "l2": self.l2}
        del config["activity_regularizer"]
        return config
