"""Functions of neural networks: activations, convolutions and pools, normalizations, crossentropies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fashioncnn import activations, layers
from fashioncnn.ops.elementwise import clip, divide, log, maximum, multiply, rsqrt, square, subtract
from fashioncnn.ops.operation import axes_of, of_image, operation
from fashioncnn.ops.reductions import mean, sum
from fashioncnn.utils import absent, checks
from fashioncnn.utils.arrays import read
from fashioncnn.utils.tracing import TracedTensor, current, is_traced
from fashioncnn.utils.variable import Variable

EPSILON = 1e-7  # Keras's backend.epsilon()

celu = operation(activations.celu)
elu = operation(activations.elu)
glu = operation(activations.glu)
hard_shrink = operation(activations.hard_shrink)
hard_sigmoid = operation(activations.hard_sigmoid)
hard_silu = hard_swish = operation(activations.hard_silu)
hard_tanh = operation(activations.hard_tanh)
leaky_relu = operation(activations.leaky_relu)
log_sigmoid = operation(activations.log_sigmoid)
log_softmax = operation(activations.log_softmax)
relu6 = operation(activations.relu6)
selu = operation(activations.selu)
sigmoid = operation(activations.sigmoid)
silu = swish = operation(activations.silu)
soft_shrink = operation(activations.soft_shrink)
softmax = operation(activations.softmax)
softplus = operation(activations.softplus)
softsign = operation(activations.softsign)
sparse_plus = operation(activations.sparse_plus)
sparse_sigmoid = operation(activations.sparse_sigmoid)
sparsemax = operation(activations.sparsemax)
squareplus = operation(activations.squareplus)
tanh_shrink = operation(activations.tanh_shrink)
threshold = operation(activations.threshold)


@operation
def gelu(x: Any, approximate: bool = True) -> Any:
    """``x / 2 * (1 + erf(x / sqrt(2)))``; with `approximate`, as is the default here in Keras, tanh in place of erf."""
    return activations.gelu(x, approximate)


@operation
def relu(x: Any) -> Any:
    """``max(x, 0)``"""
    return activations.relu(x)


@operation
def activate(x: Any, **node: Any) -> Any:
    """An elementwise activation function of `fashioncnn.activations`, which describes its node."""
    return current().node("activation", current().operand(x), **node)


@operation
def activate_along(x: Any, node_type: str, axis: Any) -> Any:
    """An activation function of the numbers along some axes; see `activate`."""
    operand = current().operand(x)
    chosen = [of_image(node_type, operand, each) for each in axes_of(node_type, axis, operand.ndim)]
    if node_type == "glu":
        return current().node("glu", operand, axis=chosen[0])
    return current().node(node_type, operand,
                          along=tuple(int(number in chosen) for number in range(len(operand.image_shape))))


def _pair(name: str, value: Any) -> tuple[int, int]:
    pair = value if isinstance(value, (list, tuple)) else (value, value)
    height, width = (checks.integer(name, each, at_least=1) for each in pair)
    return height, width


def _check_format(name: str, data_format: Any) -> None:
    if data_format not in (None, "channels_last"):
        raise checks.unsupported(f"ops.{name}", "data_format", data_format, "None and 'channels_last'")


@operation
def max_pool(inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: Any = None) -> Any:
    """The largest number of each window of images (N, H, W, C).

    Example:
        >>> max_pool([[[[1.0], [2.0]], [[3.0], [4.0]]]], 2)
        array([[[[4.]]]], dtype=float32)
    """
    return _pool("max_pool", layers.MaxPooling2D, inputs, pool_size, strides, padding, data_format)


@operation
def average_pool(inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid",
                 data_format: Any = None) -> Any:
    """The mean of each window of images (N, H, W, C)."""
    return _pool("average_pool", layers.AveragePooling2D, inputs, pool_size, strides, padding, data_format)


def _pool(name: str, layer: Callable[..., Any], inputs: Any, pool_size: Any, strides: Any, padding: str,
          data_format: Any) -> Any:
    _check_format(name, data_format)
    if not is_traced(inputs):
        return layer(pool_size, strides, padding)(read(inputs))
    node_type = {"max_pool": "max_pooling2d", "average_pool": "average_pooling2d"}[name]
    size = _pair("pool_size", pool_size)
    return current().node(node_type, current().operand(inputs), pool_size=size, padding=padding,
                          strides=size if strides is None else _pair("strides", strides))


@operation
def conv(inputs: Any, kernel: Any, strides: Any = 1, padding: str = "valid", data_format: Any = None,
         dilation_rate: Any = 1) -> Any:
    """The convolution of images (N, H, W, C) with a kernel (height, width, C, filters).

    Raises:
        NotImplementedError: In a model, if the kernel is no weight of the layer.
    """
    _check_format("conv", data_format)
    attributes = {"kernel_size": tuple(kernel.shape[:2]), "filters": int(kernel.shape[-1]), "padding": padding,
                  "strides": _pair("strides", strides), "dilation_rate": _pair("dilation_rate", dilation_rate)}
    if not is_traced(inputs, kernel):
        return _conv_at_once(read(inputs), read(kernel), attributes)
    if not isinstance(kernel, Variable):
        raise NotImplementedError("ops.conv() in a model takes a kernel that is a weight of the layer, made by "
                                  "add_weight()")
    operand = current().operand(inputs)
    groups, rest = divmod(operand.shape[-1] or 0, kernel.shape[2])
    if rest or groups < 1 or kernel.ndim != 4 or operand.ndim != 4:
        raise ValueError(f"ops.conv(): a kernel of shape {kernel.shape} does not fit images of shape {operand.shape}")
    if groups > 1:
        attributes["groups"] = groups
    return current().weight(kernel, "grouped_conv2d" if groups > 1 else "conv2d", "kernel", operand, use_bias=False,
                            **attributes)


def _conv_at_once(inputs: Any, kernel: Any, attributes: dict[str, Any]) -> Any:
    layer = layers.Conv2D(**attributes, use_bias=False, groups=inputs.shape[-1] // kernel.shape[2])
    layer.build(inputs.shape)
    layer.set_weights([kernel])
    return layer(inputs)


@operation
def moments(x: Any, axes: Any, keepdims: bool = False) -> tuple[Any, Any]:
    """The mean and the variance along some axes."""
    middle = mean(x, axes, True)
    return mean(x, axes, keepdims), mean(square(subtract(x, middle)), axes, keepdims)


@operation
def normalize(x: Any, axis: int = -1, order: int = 2, epsilon: float | None = None) -> Any:
    """`x` divided by its norm along an axis: the root of the sum of squares, at least that of `epsilon`.

    Raises:
        NotImplementedError: If `order` is not 2.
    """
    if order != 2:
        raise NotImplementedError(f"ops.normalize(): order={order!r} is not supported by fashioncnn (yet); supported: "
                                  "2")
    least = EPSILON**2 if epsilon is None else epsilon**2
    return multiply(x, rsqrt(maximum(sum(square(x), axis, True), least)))


def logits_of(output: Any) -> Any:
    """What `output` is the softmax or the sigmoid of, where a layer with one of them has just made it; else None.

    From that the crossentropies are computed, whichever of the two it is: so does Keras.
    """
    if not isinstance(output, TracedTensor) or output.is_flat or output.joins is not None:
        return None
    if not output.trace.graph.is_of_a_layer(output.position):
        return None
    node = output.trace.graph.nodes[output.position]
    is_made = node["type"] == "softmax" or (node["type"] == "activation" and node["function"] == "sigmoid")
    return TracedTensor(output.trace, node["inputs"][0], output.batched) if is_made else None


@operation
def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """``-sum(target * log(output))`` along an axis; with `from_logits` of its softmax."""
    logits = output if from_logits else logits_of(output)
    if logits is not None:
        return -sum(multiply(target, log_softmax(logits, axis)), axis)
    output = divide(output, sum(output, axis, True))
    return -sum(multiply(target, log(clip(output, EPSILON, 1 - EPSILON))), axis)


@operation
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """``-target * log(output) - (1 - target) * log(1 - output)``; with `from_logits` of its sigmoid."""
    logits = output if from_logits else logits_of(output)
    if logits is not None:
        return softplus(logits) - multiply(target, logits)
    output = clip(output, EPSILON, 1 - EPSILON)
    return -multiply(target, log(output)) - multiply(subtract(1.0, target), log(subtract(1.0, output)))


__getattr__ = absent.module_getattr(__name__)
