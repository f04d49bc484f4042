"""One-dimensional convolution the other way round."""

from __future__ import annotations

from typing import Any

from fashioncnn.layers import arguments, lines
from fashioncnn.layers.graph import Graph, Shape
from fashioncnn.layers.transposed_layer import TransposedLayer, padding_of_sequence
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Setting


@LAYERS.register()
class Conv1DTranspose(TransposedLayer):
    """What a convolution does to gradients: each step adds its multiples of the kernel to a window of the output.

    With strides of more than 1 the output is larger than the input. k being the steps that the kernel reaches over, it
    has

    - "valid": ``(size - 1) * stride + k + output_padding``; without one ``(size - 1) * stride + max(k, stride)``;
    - "same": ``(size - 1) * stride + k % 2 + output_padding``; without one ``size * stride``.

    Args:
        filters: Number of output channels.
        kernel_size: An integer.
        strides: An integer.
        padding: "valid" or "same".
        output_padding: None, or an integer less than `strides`.
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
        dilation_rate: Distance between the kernel's taps: an integer.
        activation: None, a name, or a function of `fashioncnn.activations`.
        use_bias: Whether a bias is added to each channel.
        kernel_initializer: How the kernel starts.
        bias_initializer: How the bias starts.
        kernel_regularizer: None, or a penalty for the kernel: see `fashioncnn.regularizers`.
        bias_regularizer: The same for the bias.
        activity_regularizer: See `Layer`.
        kernel_constraint: None, or what that kernel is brought back to after each update: see
            `fashioncnn.constraints`.
        bias_constraint: The same for the bias.
        options: See `Layer`.

    Shapes:
        input (N, steps, C), output (N, steps', filters), kernel (kernel_size, filters, C), bias (filters,).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If an argument is out of range or not supported, or both strides and dilation are more than 1.

    Example:
        >>> import numpy as np
        >>> Conv1DTranspose(8, 3, strides=2, padding="same")(np.zeros((4, 14, 16))).shape
        (4, 28, 8)
    """

    kernel_size = Setting(arguments.single)
    strides = Setting(arguments.single)
    output_padding = Setting(padding_of_sequence)
    dilation_rate = Setting(arguments.single)

    def __init__(self, filters: int, kernel_size: int | tuple[int], strides: int | tuple[int] = 1,
                 padding: str = "valid", output_padding: int | tuple[int] | None = None,
                 data_format: str | None = None, dilation_rate: int | tuple[int] = 1, activation: Any = None,
                 use_bias: bool = True, kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
                 kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
                 kernel_constraint: Any = None, bias_constraint: Any = None, **options: Any) -> None:
        super().__init__(activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer,
                         bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint, **options)
        self.set_window(filters, kernel_size, strides, padding, output_padding, data_format, dilation_rate)

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return lines.add_sequence(graph, self, self.add_transposed(graph, lines.add_line(graph, self, *inputs)))

    def weight_shape(self, name: str, shape: Shape) -> Shape:
        return shape if name == "bias" else shape[1:]
