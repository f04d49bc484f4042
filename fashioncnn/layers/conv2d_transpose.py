"""Two-dimensional convolution the other way round."""

from __future__ import annotations

from typing import Any

from fashioncnn.layers import arguments
from fashioncnn.layers.graph import Graph
from fashioncnn.layers.kernel_layer import KernelLayer
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Setting


def _output_padding(name: str, value: Any) -> tuple[int, int] | None:
    if value is None:
        return None
    return arguments.pair(name, value, at_least=0)


@LAYERS.register()
class Conv2DTranspose(KernelLayer):
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
        data_format: None or "channels_last".
        dilation_rate: Distance between the kernel's taps: an integer, or (height, width).
        activation: None, a name, or a function of `fashioncnn.activations`.
        use_bias: Whether a bias is added to each channel.
        kernel_initializer: How the kernel starts.
        bias_initializer: How the bias starts.
        kernel_regularizer: None; so are the other regularizers and the constraints.
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

    filters = Setting(arguments.positive)
    kernel_size = Setting(arguments.pair)
    strides = Setting(arguments.pair)
    padding = arguments.Padding()
    output_padding = Setting(_output_padding)
    data_format = arguments.data_format()
    dilation_rate = Setting(arguments.pair)

    def __init__(self, filters: int, kernel_size: int | tuple[int, int], strides: int | tuple[int, int] = (1, 1),
                 padding: str = "valid", output_padding: int | tuple[int, int] | None = None,
                 data_format: str | None = None, dilation_rate: int | tuple[int, int] = (1, 1), activation: Any = None,
                 use_bias: bool = True, kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
                 kernel_regularizer: None = None, bias_regularizer: None = None, activity_regularizer: None = None,
                 kernel_constraint: None = None, bias_constraint: None = None, **options: Any) -> None:
        super().__init__(activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer,
                         bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint, **options)
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.padding = padding
        self.output_padding = output_padding
        self.data_format = data_format
        self.dilation_rate = dilation_rate
        arguments.check_taps("Conv2DTranspose", self.strides, self.dilation_rate)
        spare = self.output_padding or (0, 0)
        if spare[0] >= self.strides[0] or spare[1] >= self.strides[1]:
            raise ValueError("`output_padding` must be less than `strides` along each axis, got "
                             f"output_padding={spare} and strides={self.strides}")

    def add_to(self, graph: Graph, *inputs: int) -> int:
        spare = {} if self.output_padding is None else {"output_padding": self.output_padding}
        convolution = graph.add(self, "conv2d_transpose", *inputs, filters=self.filters, kernel_size=self.kernel_size,
                                strides=self.strides, padding=self.padding, dilation_rate=self.dilation_rate,
                                use_bias=self.use_bias, **spare)
        return self.add_activation(graph, convolution)

    def _own_config(self) -> dict[str, Any]:
        return {"filters": self.filters, "kernel_size": self.kernel_size, "strides": self.strides,
                "padding": self.padding, "output_padding": self.output_padding, "data_format": "channels_last",
                "dilation_rate": self.dilation_rate}
