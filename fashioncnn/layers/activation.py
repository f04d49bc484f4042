"""Activation functions as layers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from fashioncnn import activations
from fashioncnn.activations.elementwise import relu_node
from fashioncnn.layers import arguments
from fashioncnn.layers.axes import along, axis_or_axes
from fashioncnn.layers.call_arguments import BY_NAME
from fashioncnn.layers.graph import Graph
from fashioncnn.layers.layer import Layer
from fashioncnn.utils import checks
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Setting


@LAYERS.register()
class Activation(Layer):
    """Applies an activation function.

    Args:
        activation: A name, or a function of `fashioncnn.activations`.
        options: See `Layer`.

    Raises:
        ValueError: If the function is unknown.

    Example:
        >>> Activation("relu")([[-3.0, 2.0]])
        array([[0., 2.]], dtype=float32)
    """

    activation = Setting(lambda name, value: activations.get(value))

    def __init__(self, activation: Any, **options: Any) -> None:
        super().__init__(**options)
        self.activation = activation

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return activations.add_to(graph, self, self.activation, inputs[0])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


@LAYERS.register()
class ReLU(Layer):
    """``max(x, 0)``, with options.

    Args:
        max_value: None, or at least 0: outputs stop growing there.
        negative_slope: At least 0: the slope below `threshold`.
        threshold: At least 0: where the slope changes.
        options: See `Layer`.

    Raises:
        ArgumentError: If an argument is not a number or a keyword is unknown.
        ValueError: If an argument is negative.

    Example:
        >>> ReLU(max_value=6, negative_slope=0.5)([[-2.0, 3.0, 9.0]])
        array([[-1.,  3.,  6.]], dtype=float32)
    """

    max_value = Setting(lambda name, value: checks.optional_number(name, value, at_least=0))
    negative_slope = Setting(arguments.not_negative)
    threshold = Setting(arguments.not_negative)

    def __init__(self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0,
                 **options: Any) -> None:
        super().__init__(**options)
        self.max_value = max_value
        self.negative_slope = negative_slope
        self.threshold = threshold

    def add_to(self, graph: Graph, *inputs: int) -> int:
        node = relu_node(self.negative_slope, self.max_value, self.threshold)
        return graph.add(self, "activation", *inputs, **node)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "max_value": self.max_value, "negative_slope": self.negative_slope,
                "threshold": self.threshold}


@LAYERS.register()
class LeakyReLU(Layer):
    """``x`` where it is positive, else ``negative_slope * x``.

    Args:
        negative_slope: At least 0.
        alpha: The older name of `negative_slope`.
        options: See `Layer`.

    Raises:
        ArgumentError: If `negative_slope` is not a number or a keyword is unknown.
        ValueError: If it is negative.

    Example:
        >>> LeakyReLU()([[-10.0, 10.0]])
        array([[-3., 10.]], dtype=float32)
    """

    negative_slope = Setting(arguments.not_negative)

    def __init__(self, negative_slope: float = 0.3, alpha: float | None = None, **options: Any) -> None:
        super().__init__(**options)
        if alpha is not None:
            warnings.warn("`alpha` of LeakyReLU is an old name; write `negative_slope`", stacklevel=2)
        self.negative_slope = negative_slope if alpha is None else alpha

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return graph.add(self, "activation", *inputs, **relu_node(self.negative_slope, None, 0.0))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "negative_slope": self.negative_slope}


@LAYERS.register()
class ELU(Layer):
    """``x`` where it is positive, else ``alpha * (exp(x) - 1)``.

    Args:
        alpha: A number.
        options: See `Layer`.

    Raises:
        ArgumentError: If `alpha` is not a number or a keyword is unknown.

    Example:
        >>> ELU(alpha=2.0)([[1.0]])
        array([[1.]], dtype=float32)
    """

    alpha = Setting(checks.number)

    def __init__(self, alpha: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.alpha = alpha

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return graph.add(self, "activation", *inputs, function="elu", alpha=self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


@LAYERS.register()
class Softmax(Layer):
    """``exp(x) / sum(exp(x))``, with the sum along some axes.

    Args:
        axis: An axis, or several in a list or a tuple; the batch axis, axis 0, cannot be one.
        options: See `Layer`.

    Raises:
        ArgumentError: If `axis` is not made of integers or a keyword is unknown.
        ValueError: When it is built, if the input does not have one of the axes; when it is called with a mask.

    Example:
        >>> Softmax()([[0.0, 0.0]])
        array([[0.5, 0.5]], dtype=float32)
    """

    axis = Setting(lambda name, value: type(value)(axes) if isinstance(axes := axis_or_axes(name, value), list)
                   else axes)

    def __init__(self, axis: int | Sequence[int] = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis

    def __call__(self, inputs: Any = BY_NAME, /, *arguments: Any, mask: Any = None, **options: Any) -> Any:
        """As of every layer; a `mask` is refused."""
        if mask is not None:
            raise ValueError("Softmax(mask=) is not supported by fashioncnn; give masked numbers -1e9, so that they "
                             "have no part in the softmax")
        return super().__call__(inputs, *arguments, **options)

    def add_to(self, graph: Graph, *inputs: int) -> int:
        axes = along("Softmax", self.axis, graph.shape(inputs[0]))
        return graph.add(self, "softmax", *inputs, along=axes)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
