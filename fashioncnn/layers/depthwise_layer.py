"""What layers whose kernel has filters for each channel alone have in common."""

from __future__ import annotations

from typing import Any

from fashioncnn import constraints, initializers, regularizers
from fashioncnn.layers import arguments
from fashioncnn.layers.graph import Graph
from fashioncnn.layers.kernel_layer import KernelLayer
from fashioncnn.utils.settings import Alias, Setting
from fashioncnn.utils.variable import Variable

_CALLED = {f"kernel_{what}": f"depthwise_{what}" for what in ("initializer", "regularizer", "constraint")}


class DepthwiseLayer(KernelLayer):
    """A `KernelLayer` whose arguments say "depthwise" for the kernel, and which moves it over an image or a sequence.

    A sequence's kernel size, strides and dilation rate have one number.
    """

    kernel_size = Setting(arguments.pair)
    strides = Setting(arguments.pair)
    padding = arguments.Padding()
    depth_multiplier = Setting(arguments.positive)
    data_format = arguments.data_format()
    dilation_rate = Setting(arguments.pair)
    depthwise_initializer = Alias("kernel_initializer")
    depthwise_regularizer = Alias("kernel_regularizer")
    depthwise_constraint = Alias("kernel_constraint")

    def set_window(self, kernel_size: Any, strides: Any, padding: str, depth_multiplier: int, data_format: str | None,
                   dilation_rate: Any) -> None:
        """Keeps the arguments that are about the depthwise kernel."""
        self.kernel_size = kernel_size
        self.strides = strides
        self.padding = padding
        self.depth_multiplier = depth_multiplier
        self.data_format = data_format
        self.dilation_rate = dilation_rate

    def add_depthwise(self, graph: Graph, *inputs: int, use_bias: bool) -> int:
        """Adds the node that is about each channel alone; returns its position."""
        return graph.add(self, "depthwise_conv2d", *inputs, depth_multiplier=self.depth_multiplier,
                         kernel_size=arguments.in_image(self.kernel_size), strides=arguments.in_image(self.strides),
                         padding=self.padding, dilation_rate=arguments.in_image(self.dilation_rate), use_bias=use_bias)

    def get_config(self) -> dict[str, Any]:
        return {_CALLED.get(name, name): value for name, value in super().get_config().items()}

    def _own_config(self) -> dict[str, Any]:
        return {"kernel_size": self.kernel_size, "strides": self.strides, "padding": self.padding,
                "depth_multiplier": self.depth_multiplier, "data_format": self.data_format,
                "dilation_rate": self.dilation_rate,
                "activity_regularizer": regularizers.serialize(self.activity_regularizer)}


class SeparableLayer(DepthwiseLayer):
    """A `DepthwiseLayer` without a bias, and a 1x1 convolution of what it makes."""

    filters = Setting(arguments.positive)
    pointwise_initializer = Setting(lambda name, value: initializers.get(value) or initializers.GlorotUniform())
    pointwise_regularizer = arguments.regularizer()
    pointwise_constraint = arguments.constraint()

    def set_pointwise(self, filters: int, initializer: Any, regularizer: Any, constraint: Any) -> None:
        """Keeps the arguments that are about the 1x1 convolution."""
        self.filters = filters
        self.pointwise_initializer = initializer
        self.pointwise_regularizer = regularizer
        self.pointwise_constraint = constraint

    def add_separable(self, graph: Graph, *inputs: int) -> int:
        """Adds both convolutions and the activation; returns the position of the last node."""
        depthwise = self.add_depthwise(graph, *inputs, use_bias=False)
        pointwise = graph.add(self, "conv2d", depthwise, filters=self.filters, kernel_size=(1, 1), strides=(1, 1),
                              padding="valid", dilation_rate=(1, 1), use_bias=self.use_bias, **self.precision)
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
                "pointwise_regularizer": regularizers.serialize(self.pointwise_regularizer),
                "pointwise_constraint": constraints.serialize(self.pointwise_constraint)}

    def _own_config(self) -> dict[str, Any]:
        return {"filters": self.filters, **super()._own_config()}
