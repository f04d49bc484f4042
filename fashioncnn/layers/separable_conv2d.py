"""Two-dimensional convolution in two steps: each channel alone, then the channels of each pixel."""

from __future__ import annotations

from typing import Any

from fashioncnn import initializers
from fashioncnn.layers import arguments
from fashioncnn.layers.depthwise_layer import DepthwiseLayer
from fashioncnn.layers.graph import Graph
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Choice, Setting
from fashioncnn.utils.variable import Variable


@LAYERS.register()
class SeparableConv2D(DepthwiseLayer):
    """A `DepthwiseConv2D` without a bias, and a 1x1 convolution of what it makes.

    Args:
        filters: Number of output channels.
        kernel_size: An integer, or (height, width).
        strides: An integer, or (height, width).
        padding: "valid": no padding; "same": zeros around the image, so that with strides of 1 it keeps its size.
        data_format: None or "channels_last".
        dilation_rate: Distance between the depthwise kernel's taps: an integer, or (height, width).
        depth_multiplier: Filters of each channel in the first step.
        activation: None, a name, or a function of `fashioncnn.activations`.
        use_bias: Whether a bias is added to each channel of the output.
        depthwise_initializer: How the depthwise kernel starts.
        pointwise_initializer: How the kernel of the 1x1 convolution starts.
        bias_initializer: How the bias starts.
        depthwise_regularizer: None; so are the other regularizers and the constraints.
        options: See `Layer`.

    Shapes:
        input (N, H, W, C), output (N, H', W', filters), depthwise_kernel (height, width, C, depth_multiplier),
        pointwise_kernel (1, 1, C * depth_multiplier, filters), bias (filters,).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If an argument is out of range or not supported; when it is built, if the kernel does not fit the
            image.

    Example:
        >>> import numpy as np
        >>> SeparableConv2D(32, 3, padding="same")(np.zeros((4, 28, 28, 16))).shape
        (4, 28, 28, 32)
    """

    filters = Setting(arguments.positive)
    pointwise_initializer = Setting(lambda name, value: initializers.get(value) or initializers.GlorotUniform())
    pointwise_regularizer = Choice(None)
    pointwise_constraint = Choice(None)

    def __init__(self, filters: int, kernel_size: int | tuple[int, int], strides: int | tuple[int, int] = (1, 1),
                 padding: str = "valid", data_format: str | None = None, dilation_rate: int | tuple[int, int] = (1, 1),
                 depth_multiplier: int = 1, activation: Any = None, use_bias: bool = True,
                 depthwise_initializer: Any = "glorot_uniform", pointwise_initializer: Any = "glorot_uniform",
                 bias_initializer: Any = "zeros", depthwise_regularizer: None = None,
                 pointwise_regularizer: None = None, bias_regularizer: None = None, activity_regularizer: None = None,
                 depthwise_constraint: None = None, pointwise_constraint: None = None, bias_constraint: None = None,
                 **options: Any) -> None:
        super().__init__(activation, use_bias, depthwise_initializer, bias_initializer, depthwise_regularizer,
                         bias_regularizer, activity_regularizer, depthwise_constraint, bias_constraint, **options)
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.padding = padding
        self.data_format = data_format
        self.dilation_rate = dilation_rate
        self.depth_multiplier = depth_multiplier
        self.pointwise_initializer = pointwise_initializer
        self.pointwise_regularizer = pointwise_regularizer
        self.pointwise_constraint = pointwise_constraint

    def add_to(self, graph: Graph, *inputs: int) -> int:
        depthwise = self.add_depthwise(graph, *inputs, use_bias=False)
        pointwise = graph.add(self, "conv2d", depthwise, filters=self.filters, kernel_size=(1, 1), strides=(1, 1),
                              padding="valid", dilation_rate=(1, 1), use_bias=self.use_bias)
        graph.rename(depthwise, "kernel", "depthwise_kernel")
        graph.rename(pointwise, "kernel", "pointwise_kernel")
        return self.add_activation(graph, pointwise)

    def _initializer_of(self, name: str) -> initializers.Initializer:
        initializer: initializers.Initializer = self.pointwise_initializer
        return initializer if name == "pointwise_kernel" else super()._initializer_of(name)

    @property
    def depthwise_kernel(self) -> Variable | None:
        """The kernel of the first step, once the layer is built."""
        return self._variables.get("depthwise_kernel")

    @property
    def pointwise_kernel(self) -> Variable | None:
        """The kernel of the second step, once the layer is built."""
        return self._variables.get("pointwise_kernel")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "pointwise_initializer": initializers.serialize(self.pointwise_initializer),
                "pointwise_regularizer": None, "pointwise_constraint": None}

    def _own_config(self) -> dict[str, Any]:
        return {"filters": self.filters, **super()._own_config()}
