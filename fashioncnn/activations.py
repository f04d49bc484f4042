"""Activation functions. Formulas and defaults are Keras's; the core computes them.

Each is a function of an array, so that it can be tried out, and is what a layer's `activation` argument means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn import _core
from fashioncnn.utils import checks

if TYPE_CHECKING:
    from fashioncnn.layers.graph import Graph
    from fashioncnn.layers.layer import Layer

Array = NDArray[np.float32]
Function = Callable[..., Array]


def linear(x: Any) -> Array:
    """``x``"""
    return _elementwise(x, function="linear")


def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Array:
    """``max(x, 0)``; in full: ``max_value`` where ``x >= max_value``, ``x`` where ``x >= threshold``, else
    ``negative_slope * (x - threshold)``.

    Example:
        >>> relu([-1.0, 0.5, 2.0])
        array([0. , 0.5, 2. ], dtype=float32)
    """
    return _elementwise(x, **relu_node(negative_slope, max_value, threshold))


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Array:
    """``x`` where it is positive, else ``negative_slope * x``."""
    return relu(x, negative_slope)


def relu6(x: Any) -> Array:
    """``min(max(x, 0), 6)``"""
    return relu(x, max_value=6.0)


def sigmoid(x: Any) -> Array:
    """``1 / (1 + exp(-x))``"""
    return _elementwise(x, function="sigmoid")


def tanh(x: Any) -> Array:
    """``(exp(x) - exp(-x)) / (exp(x) + exp(-x))``"""
    return _elementwise(x, function="tanh")


def elu(x: Any, alpha: float = 1.0) -> Array:
    """``x`` where it is positive, else ``alpha * (exp(x) - 1)``."""
    return _elementwise(x, function="elu", alpha=checks.number("alpha", alpha))


def selu(x: Any) -> Array:
    """``1.0507 * elu(x, 1.67326)``, with all digits."""
    return _elementwise(x, function="selu")


def softplus(x: Any) -> Array:
    """``log(1 + exp(x))``"""
    return _elementwise(x, function="softplus")


def softsign(x: Any) -> Array:
    """``x / (1 + |x|)``"""
    return _elementwise(x, function="softsign")


def gelu(x: Any, approximate: bool = False) -> Array:
    """``x / 2 * (1 + erf(x / sqrt(2)))``; with `approximate`, tanh takes the place of erf."""
    return _elementwise(x, function="gelu_tanh" if approximate else "gelu")


def silu(x: Any) -> Array:
    """``x * sigmoid(x)``, also known as swish."""
    return _elementwise(x, function="silu")


def exponential(x: Any) -> Array:
    """``exp(x)``"""
    return _elementwise(x, function="exponential")


def hard_sigmoid(x: Any) -> Array:
    """``min(max(x / 6 + 1 / 2, 0), 1)``"""
    return _elementwise(x, function="hard_sigmoid")


def softmax(x: Any, axis: int = -1) -> Array:
    """``exp(x) / sum(exp(x))`` over the last axis.

    Raises:
        ValueError: If `axis` is not the last one.

    Example:
        >>> softmax([[0.0, 0.0]])
        array([[0.5, 0.5]], dtype=float32)
    """
    x = np.atleast_1d(np.asarray(x))
    if axis not in (-1, x.ndim - 1):
        raise checks.unsupported("softmax", "axis", axis, "-1")
    return _run({"type": "softmax"}, x.reshape(-1, x.shape[-1])).reshape(x.shape)


def relu_node(negative_slope: float, max_value: float | None, threshold: float) -> dict[str, Any]:
    """The attributes of the core's rectifier.

    Raises:
        TypeError: If an argument is not a number.
        ValueError: If `max_value` or `negative_slope` is negative.
    """
    node = {"function": "relu", "negative_slope": checks.number("negative_slope", negative_slope, at_least=0),
            "threshold": checks.number("threshold", threshold)}
    if max_value is not None:
        node["max_value"] = checks.number("max_value", max_value, at_least=0)
    return node


_nodes: dict[Function, dict[str, Any]] = {
    relu: {"function": "relu"},
    leaky_relu: relu_node(0.2, None, 0.0),
    relu6: relu_node(0.0, 6.0, 0.0),
    **{function: {"function": function.__name__}
       for function in (linear, sigmoid, tanh, elu, selu, softplus, softsign, gelu, silu, exponential, hard_sigmoid)},
}
_functions: dict[str, Function] = {function.__name__: function for function in (*_nodes, softmax)}
_functions["swish"] = silu
swish = silu


def get(identifier: Any) -> Function | Layer:
    """The function that a name or a function stands for; None is `linear`. A layer is returned as is.

    Raises:
        ValueError: If it is none of these, or the name is unknown.

    Example:
        >>> get("relu") is relu
        True
    """
    from fashioncnn.layers.layer import Layer

    if identifier is None:
        return linear
    if isinstance(identifier, Layer):
        return identifier
    name = identifier
    if isinstance(identifier, Mapping):
        from fashioncnn import layers

        if identifier.get("class_name") != "function":
            return layers.deserialize(identifier)
        name = identifier.get("config")
    if isinstance(name, str) and name in _functions:
        return _functions[name]
    if callable(identifier) and identifier in _functions.values():
        return identifier  # type: ignore[no-any-return]
    raise ValueError(f"activation {identifier!r} is not supported by fashioncnn; supported: "
                     f"{', '.join(sorted(_functions))}")


def serialize(activation: Function | Layer) -> Any:
    """A function's name, or a layer's config."""
    from fashioncnn.layers.layer import Layer

    if isinstance(activation, Layer):
        from fashioncnn import layers

        return layers.serialize(activation)
    return activation.__name__


deserialize = get


def add_to(graph: Graph, layer: Layer, activation: Function | Layer, position: int) -> int:
    """Adds the node that applies `activation` to the node at `position`, as a part of `layer`; returns its position."""
    from fashioncnn.layers.layer import Layer

    if isinstance(activation, Layer):
        return activation.add_to(graph, position)
    if activation is softmax:
        return graph.add(layer, "softmax", position)
    return graph.add(layer, "activation", position, **_nodes[activation])


def _elementwise(x: Any, **node: Any) -> Array:
    x = np.asarray(x)
    return _run({"type": "activation", **node}, x.reshape(1, -1)).reshape(x.shape)


def _run(node: Mapping[str, Any], rows: NDArray[Any]) -> Array:
    """The outputs of one node of the core for (N, n) inputs."""
    outputs = np.empty(rows.shape, np.float32)
    if rows.size:
        network = _core.Network([
            {"type": "input", "name": "x", "inputs": (), "shape": rows.shape[1:]},
            {"name": "activation", "inputs": (0,), **node},
        ])
        network.predict(rows, 0, len(rows), outputs)
    return outputs
