"""The networks that estimators make where they are given none."""

from __future__ import annotations

from fashioncnn import layers
from fashioncnn.layers import Input, Layer
from fashioncnn.models import Sequential

FILTERS = (32, 64)
SMALLEST = 4  # pixels that a convolution and a pool need


def default(input_shape: tuple[int, ...], n_outputs: int, activation: str | None) -> Sequential:
    """For images the reference network, as many of its convolutions as fit; for all else a hidden layer.

    Args:
        input_shape: Of a row: (features,), (height, width), or (height, width, channels).
        n_outputs: Units of the last layer.
        activation: Its activation.

    Example:
        >>> [type(layer).__name__ for layer in default((8, 8), 10, "softmax").layers]
        ['Conv2D', 'MaxPooling2D', 'Flatten', 'Dense', 'Dense']
        >>> [layer.units for layer in default((30,), 3, "softmax").layers]
        [128, 3]
    """
    shape = (*input_shape, 1) if len(input_shape) == 2 else input_shape
    stack = _convolutions(shape) if len(shape) == 3 else []
    if len(shape) > 1:
        stack.append(layers.Flatten())
    return Sequential([Input(shape), *stack, layers.Dense(128, activation="relu"),
                       layers.Dense(n_outputs, activation=activation)])


def _convolutions(shape: tuple[int, ...]) -> list[Layer]:
    stack: list[Layer] = []
    side = min(shape[:2])
    for filters in FILTERS:
        if side < SMALLEST:
            break
        stack += [layers.Conv2D(filters, 3, activation="relu"), layers.MaxPooling2D(2)]
        side = (side - 2) // 2
    return stack
