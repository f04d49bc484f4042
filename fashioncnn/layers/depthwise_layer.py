"""What layers whose kernel has filters for each channel alone have in common."""

from __future__ import annotations

from typing import Any

from fashioncnn.layers import arguments
from fashioncnn.layers.graph import Graph
from fashioncnn.layers.kernel_layer import KernelLayer
from fashioncnn.utils.settings import Alias, Setting

_CALLED = {f"kernel_{what}": f"depthwise_{what}" for what in ("initializer", "regularizer", "constraint")}


class DepthwiseLayer(KernelLayer):
    """A `KernelLayer` whose arguments say "depthwise" for the kernel, and which moves it over an image."""

    kernel_size = Setting(arguments.pair)
    strides = Setting(arguments.pair)
    padding = arguments.Padding()
    depth_multiplier = Setting(arguments.positive)
    data_format = arguments.data_format()
    dilation_rate = Setting(arguments.pair)
    depthwise_initializer = Alias("kernel_initializer")
    depthwise_regularizer = Alias("kernel_regularizer")
    depthwise_constraint = Alias("kernel_constraint")

    def add_depthwise(self, graph: Graph, *inputs: int, use_bias: bool) -> int:
        """Adds the node that is about each channel alone; returns its position."""
        return graph.add(self, "depthwise_conv2d", *inputs, depth_multiplier=self.depth_multiplier,
                         kernel_size=self.kernel_size, strides=self.strides, padding=self.padding,
                         dilation_rate=self.dilation_rate, use_bias=use_bias)

    def get_config(self) -> dict[str, Any]:
        return {_CALLED.get(name, name): value for name, value in super().get_config().items()}

    def _own_config(self) -> dict[str, Any]:
        return {"kernel_size": self.kernel_size, "strides": self.strides, "padding": self.padding,
                "depth_multiplier": self.depth_multiplier, "data_format": "channels_last",
                "dilation_rate": self.dilation_rate}
