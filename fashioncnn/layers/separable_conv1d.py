"""One-dimensional convolution in two steps: each channel alone, then the channels of each step."""

from __future__ import annotations

from typing import Any

from fashioncnn.layers import arguments, lines
from fashioncnn.layers.depthwise_layer import SeparableLayer
from fashioncnn.layers.graph import Graph, Shape
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Setting


@LAYERS.register()
class SeparableConv1D(SeparableLayer):
    """A `DepthwiseConv1D` without a bias, and a convolution of kernel size 1 of what it makes.

    Args:
        filters: Number of output channels.
        kernel_size: An integer.
        strides: An integer.
        padding: "valid": no padding; "same": zeros on both sides, so that with strides of 1 its length is kept.
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
        dilation_rate: Distance between the depthwise kernel's taps: an integer.
        depth_multiplier: Filters of each channel in the first step.
        activation: None, a name, or a function of `fashioncnn.activations`.
        use_bias: Whether a bias is added to each channel of the output.
        depthwise_initializer: How the depthwise kernel starts.
        pointwise_initializer: How the kernel of the second step starts.
        bias_initializer: How the bias starts.
        depthwise_regularizer: None, or a penalty for the depthwise kernel: see `fashioncnn.regularizers`.
        pointwise_regularizer: The same for the kernel of the second step.
        bias_regularizer: The same for the bias.
        activity_regularizer: See `Layer`.
        depthwise_constraint: None, or what that kernel is brought back to after each update: see
            `fashioncnn.constraints`.
        pointwise_constraint: The same for the kernel of the second step.
        bias_constraint: The same for the bias.
        options: See `Layer`.

    Shapes:
        input (N, steps, C), output (N, steps', filters), depthwise_kernel (kernel_size, C, depth_multiplier),
        pointwise_kernel (1, C * depth_multiplier, filters), bias (filters,).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If an argument is out of range or not supported; when it is built, if the kernel does not fit the
            sequence.

    Example:
        >>> import numpy as np
        >>> SeparableConv1D(32, 3, padding="same")(np.zeros((4, 28, 16))).shape
        (4, 28, 32)
    """

    kernel_size = Setting(arguments.single)
    strides = Setting(arguments.single)
    dilation_rate = Setting(arguments.single)

    def __init__(self, filters: int, kernel_size: int | tuple[int], strides: int | tuple[int] = 1,
                 padding: str = "valid", data_format: str | None = None, dilation_rate: int | tuple[int] = 1,
                 depth_multiplier: int = 1, activation: Any = None, use_bias: bool = True,
                 depthwise_initializer: Any = "glorot_uniform", pointwise_initializer: Any = "glorot_uniform",
                 bias_initializer: Any = "zeros", depthwise_regularizer: Any = None,
                 pointwise_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
                 depthwise_constraint: Any = None, pointwise_constraint: Any = None, bias_constraint: Any = None,
                 **options: Any) -> None:
        super().__init__(activation, use_bias, depthwise_initializer, bias_initializer, depthwise_regularizer,
                         bias_regularizer, activity_regularizer, depthwise_constraint, bias_constraint, **options)
        self.set_window(kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate)
        self.set_pointwise(filters, pointwise_initializer, pointwise_regularizer, pointwise_constraint)

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return lines.add_sequence(graph, self, self.add_separable(graph, lines.add_line(graph, self, *inputs)))

    def weight_shape(self, name: str, shape: Shape) -> Shape:
        return shape if name == "bias" else shape[1:]
