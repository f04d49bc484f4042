"""What layers with a kernel and a bias have in common."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from fashioncnn import activations, constraints, initializers, regularizers
from fashioncnn.layers import arguments
from fashioncnn.layers.graph import Graph, Shape
from fashioncnn.layers.initial import first_values
from fashioncnn.layers.layer import Layer
from fashioncnn.utils import checks
from fashioncnn.utils.settings import Setting
from fashioncnn.utils.variable import Variable


class KernelLayer(Layer):
    """A layer with weights "kernel" and, with `use_bias`, "bias", and an activation function after them.

    Args:
        activation: None, a name, or a function of `fashioncnn.activations`.
        use_bias: Whether there is a bias.
        kernel_initializer: How the kernel starts.
        bias_initializer: How the bias starts.
        kernel_regularizer: None, or a penalty for the kernel: see `fashioncnn.regularizers`.
        bias_regularizer: The same for the bias.
        activity_regularizer: See `Layer`.
        kernel_constraint: None, or what the kernel is brought back to after each update: see `fashioncnn.constraints`.
        bias_constraint: The same for the bias.
        options: See `Layer`.

    Raises:
        ArgumentError: If a keyword is unknown or an argument has the wrong type.
        ValueError: If an argument is out of range or not supported.
    """

    has_weights = True
    activation = Setting(lambda name, value: activations.get(value))
    use_bias = Setting(checks.truth)
    kernel_initializer = Setting(lambda name, value: initializers.get(value) or initializers.GlorotUniform())
    bias_initializer = Setting(lambda name, value: initializers.get(value) or initializers.Zeros())
    kernel_regularizer = arguments.regularizer()
    bias_regularizer = arguments.regularizer()
    kernel_constraint = arguments.constraint()
    bias_constraint = arguments.constraint()

    def __init__(self, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
                 bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None,
                 activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None,
                 **options: Any) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **options)
        self.activation = activation
        self.use_bias = use_bias
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer
        self.kernel_regularizer = kernel_regularizer
        self.bias_regularizer = bias_regularizer
        self.kernel_constraint = kernel_constraint
        self.bias_constraint = bias_constraint

    def add_convolution(self, graph: Graph, *inputs: int, groups: int, **attributes: Any) -> int:
        """Adds the node of a convolution whose channels and filters are divided into groups; returns its position."""
        if groups == 1:
            return graph.add(self, "conv2d", *inputs, **attributes, **self.precision)
        return graph.add(self, "grouped_conv2d", *inputs, groups=groups, **attributes)

    def add_activation(self, graph: Graph, position: int) -> int:
        """Adds the activation after the node at `position`, if there is one."""
        if self.activation is activations.linear:
            return position
        return activations.add_to(graph, self, self.activation, position)

    def initial_value(self, name: str, shape: Shape) -> NDArray[Any]:
        return first_values(self, name, self._initializer_of(name), shape)

    def _initializer_of(self, name: str) -> initializers.Initializer:
        """How the weight `name` starts."""
        initializer: initializers.Initializer = self.bias_initializer if name == "bias" else self.kernel_initializer
        return initializer

    @property
    def kernel(self) -> Variable | None:
        """The kernel, once the layer is built."""
        return self._variables.get("kernel")

    @property
    def bias(self) -> Variable | None:
        """The bias, once the layer is built and if it has one."""
        return self._variables.get("bias")

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            **self._own_config(),
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
        }

    def _own_config(self) -> dict[str, Any]:
        """The arguments which only this class has."""
        return {}
