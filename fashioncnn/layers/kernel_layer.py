"""What layers with a kernel and a bias have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn import activations, initializers
from fashioncnn.layers.graph import Graph, Shape
from fashioncnn.layers.layer import Layer
from fashioncnn.layers.variable import Variable


class KernelLayer(Layer):
    """A layer with weights "kernel" and, with `use_bias`, "bias", and an activation function after them.

    Args:
        activation: None, a name, or a function of `fashioncnn.activations`.
        use_bias: Whether there is a bias.
        kernel_initializer: How the kernel starts.
        bias_initializer: How the bias starts.
        kernel_regularizer: None; so are the other regularizers and the constraints.
        options: See `Layer`.

    Raises:
        TypeError: If a keyword is unknown.
        ValueError: If an argument is out of range or not supported.
    """

    def __init__(self, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
                 bias_initializer: Any = "zeros", kernel_regularizer: None = None, bias_regularizer: None = None,
                 activity_regularizer: None = None, kernel_constraint: None = None, bias_constraint: None = None,
                 **options: Any) -> None:
        super().__init__(**options)
        unsupported = {"kernel_regularizer": kernel_regularizer, "bias_regularizer": bias_regularizer,
                       "activity_regularizer": activity_regularizer, "kernel_constraint": kernel_constraint,
                       "bias_constraint": bias_constraint}
        for argument, value in unsupported.items():
            self._check_only(argument, value, None)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer or "glorot_uniform")
        self.bias_initializer = initializers.get(bias_initializer or "zeros")

    def add_activation(self, graph: Graph, position: int) -> int:
        """Adds the activation after the node at `position`, if there is one."""
        if self.activation is activations.linear:
            return position
        return activations.add_to(graph, self, self.activation, position)

    def initial_value(self, name: str, shape: Shape) -> NDArray[Any]:
        initializer = self.kernel_initializer if name == "kernel" else self.bias_initializer
        values = np.asarray(initializer(shape, dtype="float32"))
        if values.shape != shape:
            raise ValueError(f"{type(self).__name__} '{self.name}': {name}_initializer made an array of shape "
                             f"{values.shape}; expected {shape}")
        return values

    @property
    def kernel(self) -> Variable | None:
        """The kernel, once the layer is built."""
        return self.variable("kernel")

    @property
    def bias(self) -> Variable | None:
        """The bias, once the layer is built and if it has one."""
        return self.variable("bias")

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            **self._own_config(),
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": None,
            "bias_regularizer": None,
            "activity_regularizer": None,
            "kernel_constraint": None,
            "bias_constraint": None,
        }

    def _own_config(self) -> dict[str, Any]:
        """The arguments which only this class has."""
        return {}
