"""One-dimensional convolution of each channel alone."""

from __future__ import annotations

from typing import Any

from fashioncnn.layers import arguments, lines
from fashioncnn.layers.depthwise_layer import DepthwiseLayer
from fashioncnn.layers.graph import Graph, Shape
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Setting


@LAYERS.register()
class DepthwiseConv1D(DepthwiseLayer):
    """Convolution in which each channel has filters of its own; channels are not added up.

    With M for `depth_multiplier`::

        y[..., c * M + m] = activation(x[..., c] * kernel[:, c, m] + bias[c * M + m])

    Args:
        kernel_size: An integer.
        strides: An integer.
        padding: "valid": no padding; "same": zeros on both sides, so that with strides of 1 its length is kept.
        depth_multiplier: Filters of each channel.
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
        dilation_rate: Distance between the kernel's taps: an integer.
        activation: None, a name, or a function of `fashioncnn.activations`.
        use_bias: Whether a bias is added to each channel of the output.
        depthwise_initializer: How the kernel starts.
        bias_initializer: How the bias starts.
        depthwise_regularizer: None, or a penalty for the kernel: see `fashioncnn.regularizers`.
        bias_regularizer: The same for the bias.
        activity_regularizer: See `Layer`.
        depthwise_constraint: None, or what that kernel is brought back to after each update: see
            `fashioncnn.constraints`.
        bias_constraint: The same for the bias.
        options: See `Layer`.

    Shapes:
        input (N, steps, C), output (N, steps', C * M), kernel (kernel_size, C, M), bias (C * M,).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If an argument is out of range or not supported; when it is built, if the kernel does not fit the
            sequence.

    Example:
        >>> import numpy as np
        >>> DepthwiseConv1D(3, strides=2, padding="same", depth_multiplier=2)(np.zeros((4, 28, 16))).shape
        (4, 14, 32)
    """

    kernel_size = Setting(arguments.single)
    strides = Setting(arguments.single)
    dilation_rate = Setting(arguments.single)

    def __init__(self, kernel_size: int | tuple[int], strides: int | tuple[int] = 1,
                 padding: str = "valid", depth_multiplier: int = 1, data_format: str | None = None,
                 dilation_rate: int | tuple[int] = 1, activation: Any = None, use_bias: bool = True,
                 depthwise_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
                 depthwise_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
                 depthwise_constraint: Any = None, bias_constraint: Any = None, **options: Any) -> None:
        super().__init__(activation, use_bias, depthwise_initializer, bias_initializer, depthwise_regularizer,
                         bias_regularizer, activity_regularizer, depthwise_constraint, bias_constraint, **options)
        self.set_window(kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate)

    def add_to(self, graph: Graph, *inputs: int) -> int:
        convolution = self.add_depthwise(graph, lines.add_line(graph, self, *inputs), use_bias=self.use_bias)
        return lines.add_sequence(graph, self, self.add_activation(graph, convolution))

    def weight_shape(self, name: str, shape: Shape) -> Shape:
        return shape if name == "bias" else shape[1:]
