"""Two-dimensional convolution."""

from __future__ import annotations

from typing import Any

from fashioncnn import regularizers
from fashioncnn.layers import arguments
from fashioncnn.layers.graph import Graph
from fashioncnn.layers.kernel_layer import KernelLayer
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Setting


@LAYERS.register()
class Conv2D(KernelLayer):
    """Convolution of images with a bank of filters: ``y = activation(x * kernel + bias)``.

    Args:
        filters: Number of output channels.
        kernel_size: An integer, or (height, width).
        strides: An integer, or (height, width).
        padding: "valid": no padding; "same": zeros around the image, so that with strides of 1 it keeps its size.
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
        dilation_rate: Distance between the kernel's taps: an integer, or (height, width).
        groups: Into how many groups the channels and the filters are divided; a filter sees those of its group alone.
        activation: None, a name, or a function of `fashioncnn.activations`.
        use_bias: Whether a bias is added to each channel.
        kernel_initializer: How the kernel starts.
        bias_initializer: How the bias starts.
        kernel_regularizer: None, or a penalty for the kernel: see `fashioncnn.regularizers`.
        bias_regularizer: The same for the bias.
        activity_regularizer: See `Layer`.
        kernel_constraint: None, or what the kernel is brought back to after each update: see `fashioncnn.constraints`.
        bias_constraint: The same for the bias.
        options: See `Layer`.

    Shapes:
        input (N, H, W, C), output (N, H', W', filters), kernel (height, width, C / groups, filters), bias
        (filters,).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If an argument is out of range or not supported, `groups` does not divide `filters`, or both strides
            and dilation are more than 1; when it is built, if the kernel does not fit the image, or `groups` does not
            divide its channels.

    Example:
        >>> import numpy as np
        >>> Conv2D(32, (3, 3), activation="relu")(np.zeros((4, 28, 28, 1))).shape
        (4, 26, 26, 32)
    """

    filters = Setting(arguments.positive)
    kernel_size = Setting(arguments.pair)
    strides = Setting(arguments.pair)
    padding = arguments.Padding()
    data_format = arguments.data_format()
    dilation_rate = Setting(arguments.pair)
    groups = Setting(arguments.positive)

    def __init__(self, filters: int, kernel_size: int | tuple[int, int], strides: int | tuple[int, int] = (1, 1),
                 padding: str = "valid", data_format: str | None = None, dilation_rate: int | tuple[int, int] = (1, 1),
                 groups: int = 1, activation: Any = None, use_bias: bool = True,
                 kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
                 kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
                 kernel_constraint: Any = None, bias_constraint: Any = None, **options: Any) -> None:
        super().__init__(activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer,
                         bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint, **options)
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.padding = padding
        self.data_format = data_format
        self.dilation_rate = dilation_rate
        self.groups = groups
        arguments.check_taps("Conv2D", self.strides, self.dilation_rate)
        arguments.check_groups("Conv2D", self.filters, self.groups)

    def add_to(self, graph: Graph, *inputs: int) -> int:
        convolution = self.add_convolution(graph, *inputs, groups=self.groups, filters=self.filters,
                                           kernel_size=self.kernel_size, strides=self.strides, padding=self.padding,
                                           dilation_rate=self.dilation_rate, use_bias=self.use_bias)
        return self.add_activation(graph, convolution)

    def _own_config(self) -> dict[str, Any]:
        return {"filters": self.filters, "kernel_size": self.kernel_size, "strides": self.strides,
                "padding": self.padding, "data_format": self.data_format, "dilation_rate": self.dilation_rate,
                "groups": self.groups, "activity_regularizer": regularizers.serialize(self.activity_regularizer)}
