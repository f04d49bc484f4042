"""Two-dimensional convolution the other way round."""

from __future__ import annotations

from typing import Any

from fashioncnn.layers.graph import Graph
from fashioncnn.layers.transposed_layer import TransposedLayer
from fashioncnn.utils.registry import LAYERS


@LAYERS.register()
class Conv2DTranspose(TransposedLayer):
    """What a convolution does to gradients: each pixel adds its multiples of the kernel to a window of the output.

    With strides of more than 1 the output is larger than the input. Along each axis, k being the pixels that the kernel
    reaches over, the output has

    - "valid": ``(size - 1) * stride + k + output_padding``; without one ``(size - 1) * stride + max(k, stride)``;
    - "same": ``(size - 1) * stride + k % 2 + output_padding``; without one ``size * stride``.

    Args:
        filters: Number of output channels.
        kernel_size: An integer, or (height, width).
        strides: An integer, or (height, width).
        padding: "valid" or "same".
        output_padding: None, an integer, or (height, width), less than `strides`.
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
        dilation_rate: Distance between the kernel's taps: an integer, or (height, width).
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
        input (N, H, W, C), output (N, H', W', filters), kernel (height, width, filters, C), bias (filters,).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If an argument is out of range or not supported, or both strides and dilation are more than 1.

    Example:
        >>> import numpy as np
        >>> Conv2DTranspose(8, 3, strides=2, padding="same")(np.zeros((4, 14, 14, 16))).shape
        (4, 28, 28, 8)
    """

    def __init__(self, filters: int, kernel_size: int | tuple[int, int], strides: int | tuple[int, int] = (1, 1),
                 padding: str = "valid", output_padding: int | tuple[int, int] | None = None,
                 data_format: str | None = None, dilation_rate: int | tuple[int, int] = (1, 1), activation: Any = None,
                 use_bias: bool = True, kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
                 kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
                 kernel_constraint: Any = None, bias_constraint: Any = None, **options: Any) -> None:
        super().__init__(activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer,
                         bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint, **options)
        self.set_window(filters, kernel_size, strides, padding, output_padding, data_format, dilation_rate)

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return self.add_transposed(graph, *inputs)
