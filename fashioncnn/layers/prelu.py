"""A rectifier whose slope below 0 is learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from fashioncnn import constraints, initializers, regularizers
from fashioncnn.layers.arguments import constraint, positive, regularizer
from fashioncnn.layers.axes import along
from fashioncnn.layers.graph import Graph, Shape
from fashioncnn.layers.initial import first_values
from fashioncnn.layers.layer import Layer
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Setting
from fashioncnn.utils.variable import Variable


def _shared_axes(name: str, value: Any) -> list[int] | None:
    if value is None:
        return None
    return [positive(name, axis) for axis in (value if isinstance(value, (list, tuple)) else [value])]


@LAYERS.register()
class PReLU(Layer):
    """``x`` where it is positive, else ``alpha * x``, with an ``alpha`` that is learned for each number of an image.

    Args:
        alpha_initializer: How alpha starts.
        alpha_regularizer: None, or a penalty for alpha: see `fashioncnn.regularizers`.
        alpha_constraint: None, or what alpha is brought back to: see `fashioncnn.constraints`.
        shared_axes: An axis, or a list of them, along which alpha is the same; ``[1, 2]`` leaves one for each channel.
            The batch axis counts as axis 0.
        options: See `Layer`.

    Shapes:
        input (N, ...), output the same, alpha (...) with 1 for each shared axis.

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If an argument is not supported; when it is built, if the input does not have a shared axis.

    Example:
        >>> PReLU(alpha_initializer="ones")([[-3.0, 2.0]])
        array([[-3.,  2.]], dtype=float32)
    """

    has_weights = True
    alpha_initializer = Setting(lambda name, value: initializers.get(value) or initializers.Zeros())
    alpha_regularizer = regularizer()
    alpha_constraint = constraint()
    shared_axes = Setting(_shared_axes)

    def __init__(self, alpha_initializer: Any = "Zeros", alpha_regularizer: Any = None, alpha_constraint: Any = None,
                 shared_axes: int | Sequence[int] | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.alpha_initializer = alpha_initializer
        self.alpha_regularizer = alpha_regularizer
        self.alpha_constraint = alpha_constraint
        self.shared_axes = shared_axes

    def add_to(self, graph: Graph, *inputs: int) -> int:
        shape = graph.shape(inputs[0])
        shared = along("PReLU", self.shared_axes, shape, "shared_axes") if self.shared_axes else (0,) * len(shape)
        return graph.add(self, "prelu", *inputs, along=tuple(1 - flag for flag in shared))

    def initial_value(self, name: str, shape: Shape) -> NDArray[Any]:
        return first_values(self, name, self.alpha_initializer, shape)

    @property
    def alpha(self) -> Variable | None:
        """The slopes, once the layer is built."""
        return self._variables.get("alpha")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha_initializer": initializers.serialize(self.alpha_initializer),
                "alpha_regularizer": regularizers.serialize(self.alpha_regularizer),
                "alpha_constraint": constraints.serialize(self.alpha_constraint), "shared_axes": self.shared_axes}
