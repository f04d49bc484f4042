"""One-dimensional convolution."""

from __future__ import annotations

from typing import Any

from fashioncnn import regularizers
from fashioncnn.layers import arguments, lines
from fashioncnn.layers.graph import Graph, Shape
from fashioncnn.layers.kernel_layer import KernelLayer
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Setting


@LAYERS.register()
class Conv1D(KernelLayer):
    """Convolution of sequences with a bank of filters: ``y = activation(x * kernel + bias)``.

    Args:
        filters: Number of output channels.
        kernel_size: An integer, alone or in a tuple.
        strides: The same.
        padding: "valid": no padding; "same": zeros on both sides, so that with strides of 1 the sequence keeps its
            length; "causal": zeros before the sequence alone, so that no step depends on later ones.
        data_format: None or "channels_last"; "channels_first": the channels come before the other axes.
        dilation_rate: Distance between the kernel's taps; above 1 only with strides of 1.
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
        input (N, steps, C), output (N, steps', filters), kernel (size, C / groups, filters), bias (filters,).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If an argument is out of range or not supported, or `groups` does not divide `filters`; when it is
            built, if the kernel does not fit the sequence, or `groups` does not divide its channels.

    Example:
        >>> import numpy as np
        >>> Conv1D(32, 3, activation="relu")(np.zeros((4, 10, 8))).shape
        (4, 8, 32)
    """

    filters = Setting(arguments.positive)
    kernel_size = Setting(arguments.single)
    strides = Setting(arguments.single)
    padding = arguments.Padding("causal")
    data_format = arguments.data_format()
    dilation_rate = Setting(arguments.single)
    groups = Setting(arguments.positive)

    def __init__(self, filters: int, kernel_size: int | tuple[int], strides: int | tuple[int] = 1,
                 padding: str = "valid", data_format: str | None = None, dilation_rate: int | tuple[int] = 1,
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
        arguments.check_taps("Conv1D", self.strides, self.dilation_rate)
        arguments.check_groups("Conv1D", self.filters, self.groups)

    def add_to(self, graph: Graph, *inputs: int) -> int:
        line = lines.add_line(graph, self, *inputs)
        if self.padding == "causal":
            before = self.dilation_rate[0] * (self.kernel_size[0] - 1)
            line = graph.add(self, "zero_padding2d", line, padding=(0, 0, before, 0))
        convolution = self.add_convolution(graph, line, groups=self.groups, filters=self.filters,
                                           kernel_size=(1, *self.kernel_size), strides=(1, *self.strides),
                                           dilation_rate=(1, *self.dilation_rate), use_bias=self.use_bias,
                                           padding="valid" if self.padding == "causal" else self.padding)
        return lines.add_sequence(graph, self, self.add_activation(graph, convolution))

    def weight_shape(self, name: str, shape: Shape) -> Shape:
        return shape[1:] if name == "kernel" else shape

    def _own_config(self) -> dict[str, Any]:
        return {"filters": self.filters, "kernel_size": self.kernel_size, "strides": self.strides,
                "padding": self.padding, "data_format": self.data_format, "dilation_rate": self.dilation_rate,
                "groups": self.groups, "activity_regularizer": regularizers.serialize(self.activity_regularizer)}
