"""What convolutions the other way round have in common."""

from __future__ import annotations

from typing import Any

from fashioncnn import regularizers
from fashioncnn.layers import arguments
from fashioncnn.layers.graph import Graph
from fashioncnn.layers.kernel_layer import KernelLayer
from fashioncnn.utils.settings import Setting


def padding_of_image(name: str, value: Any) -> tuple[int, int] | None:
    """None, or what the output has more, down and across."""
    return None if value is None else arguments.pair(name, value, at_least=0)


def padding_of_sequence(name: str, value: Any) -> tuple[int] | None:
    """None, or what the output has more."""
    return None if value is None else arguments.single(name, value, at_least=0)


class TransposedLayer(KernelLayer):
    """A `KernelLayer` whose kernel makes windows of an image or a sequence from single pixels.

    A sequence's kernel size, strides, output padding and dilation rate have one number.
    """

    filters = Setting(arguments.positive)
    kernel_size = Setting(arguments.pair)
    strides = Setting(arguments.pair)
    padding = arguments.Padding()
    output_padding = Setting(padding_of_image)
    data_format = arguments.data_format()
    dilation_rate = Setting(arguments.pair)

    def set_window(self, filters: int, kernel_size: Any, strides: Any, padding: str, output_padding: Any,
                   data_format: str | None, dilation_rate: Any) -> None:
        """Keeps the arguments that are about the kernel, once it is known that they go together."""
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.padding = padding
        self.output_padding = output_padding
        self.data_format = data_format
        self.dilation_rate = dilation_rate
        arguments.check_taps(type(self).__name__, self.strides, self.dilation_rate)
        spare = self.output_padding or (0,) * len(self.strides)
        if any(more >= step for more, step in zip(spare, self.strides, strict=True)):
            raise ValueError("`output_padding` must be less than `strides` along each axis, got "
                             f"output_padding={spare} and strides={self.strides}")

    def add_transposed(self, graph: Graph, *inputs: int) -> int:
        """Adds the convolution and the activation; returns the position of the last node."""
        attributes: dict[str, Any] = {}
        if self.output_padding is not None:
            attributes["output_padding"] = (0,) * (2 - len(self.output_padding)) + self.output_padding
        convolution = graph.add(self, "conv2d_transpose", *inputs, filters=self.filters,
                                kernel_size=arguments.in_image(self.kernel_size), padding=self.padding,
                                strides=arguments.in_image(self.strides),
                                dilation_rate=arguments.in_image(self.dilation_rate), use_bias=self.use_bias,
                                **attributes)
        return self.add_activation(graph, convolution)

    def _own_config(self) -> dict[str, Any]:
        return {"filters": self.filters, "kernel_size": self.kernel_size, "strides": self.strides,
                "padding": self.padding, "output_padding": self.output_padding, "data_format": self.data_format,
                "dilation_rate": self.dilation_rate,
                "activity_regularizer": regularizers.serialize(self.activity_regularizer)}
