"""First values of weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fashioncnn.layers.graph import Shape
    from fashioncnn.layers.layer import Layer


def first_values(layer: Layer, name: str, initializer: Any, shape: Shape) -> NDArray[Any]:
    """What the initializer of the weight `name` makes.

    Raises:
        ValueError: If it has another shape.
    """
    values = np.asarray(initializer(shape, dtype="float32"))
    if values.shape != shape:
        raise ValueError(f"{type(layer).__name__} '{layer.name}': {name}_initializer made an array of shape "
                         f"{values.shape}; expected {shape}")
    return values
