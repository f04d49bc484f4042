"""Fully connected layer."""

from __future__ import annotations

from typing import Any

from fashioncnn.layers import arguments
from fashioncnn.layers.graph import Graph
from fashioncnn.layers.kernel_layer import KernelLayer
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Choice, Setting


@LAYERS.register()
class Dense(KernelLayer):
    """Every output depends on every input of the last axis: ``y = activation(x kernel + bias)``.

    Args:
        units: Number of outputs.
        activation: None, a name, or a function of `fashioncnn.activations`.
        use_bias: Whether a bias is added to each output.
        kernel_initializer: How the kernel starts.
        bias_initializer: How the bias starts.
        kernel_regularizer: None, or a penalty for the kernel: see `fashioncnn.regularizers`.
        bias_regularizer: The same for the bias.
        activity_regularizer: See `Layer`.
        kernel_constraint: None, or what the kernel is brought back to after each update: see `fashioncnn.constraints`.
        bias_constraint: The same for the bias.
        quantization_config: None.
        options: See `Layer`.

    Shapes:
        input (N, ..., I), output (N, ..., units), kernel (I, units), bias (units,).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If an argument is out of range or not supported.

    Example:
        >>> import numpy as np
        >>> Dense(10, activation="softmax")(np.zeros((1, 128)))[0, 0].round(4)
        np.float32(0.1)
    """

    units = Setting(arguments.positive)
    quantization_config = Choice(None)

    def __init__(self, units: int, activation: Any = None, use_bias: bool = True,
                 kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
                 kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
                 kernel_constraint: Any = None, bias_constraint: Any = None, quantization_config: None = None,
                 **options: Any) -> None:
        super().__init__(activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer,
                         bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint, **options)
        self.units = units
        self.quantization_config = quantization_config

    def add_to(self, graph: Graph, *inputs: int) -> int:
        dense = graph.add(self, "dense", *inputs, units=self.units, use_bias=self.use_bias,
                          **self.precision)
        return self.add_activation(graph, dense)

    def _own_config(self) -> dict[str, Any]:
        return {"units": self.units}
