"""Activation functions. Formulas and defaults are Keras's; the core computes them.

Each is a function of an array, so that it can be tried out, and is what a layer's `activation` argument means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn import _core
from fashioncnn.utils import absent, checks
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.tensor import Tensor, tensor

if TYPE_CHECKING:
    from fashioncnn.layers.graph import Graph
    from fashioncnn.layers.layer import Layer

Function = Callable[..., Tensor]


def linear(x: Any) -> Tensor:
    """``x``"""
    return _elementwise(x, function="linear")


def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """``max(x, 0)``; in full: ``max_value`` where ``x >= max_value``, ``x`` where ``x >= threshold``, else
    ``negative_slope * (x - threshold)``.

    Example:
        >>> relu([-1.0, 0.5, 2.0])
        array([0. , 0.5, 2. ], dtype=float32)
    """
    return _elementwise(x, **relu_node(negative_slope, max_value, threshold))


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Tensor:
    """``x`` where it is positive, else ``negative_slope * x``."""
    return relu(x, negative_slope)


def relu6(x: Any) -> Tensor:
    """``min(max(x, 0), 6)``"""
    return relu(x, max_value=6.0)


def sigmoid(x: Any) -> Tensor:
    """``1 / (1 + exp(-x))``"""
    return _elementwise(x, function="sigmoid")


def tanh(x: Any) -> Tensor:
    """``(exp(x) - exp(-x)) / (exp(x) + exp(-x))``"""
    return _elementwise(x, function="tanh")


def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """``x`` where it is positive, else ``alpha * (exp(x) - 1)``."""
    return _elementwise(x, function="elu", alpha=checks.number("alpha", alpha))


def selu(x: Any) -> Tensor:
    """``1.0507 * elu(x, 1.67326)``, with all digits."""
    return _elementwise(x, function="selu")


def softplus(x: Any) -> Tensor:
    """``log(1 + exp(x))``"""
    return _elementwise(x, function="softplus")


def softsign(x: Any) -> Tensor:
    """``x / (1 + |x|)``"""
    return _elementwise(x, function="softsign")


def gelu(x: Any, approximate: bool = False) -> Tensor:
    """``x / 2 * (1 + erf(x / sqrt(2)))``; with `approximate`, tanh takes the place of erf."""
    return _elementwise(x, function="gelu_tanh" if approximate else "gelu")


def silu(x: Any) -> Tensor:
    """``x * sigmoid(x)``, also known as swish."""
    return _elementwise(x, function="silu")


def exponential(x: Any) -> Tensor:
    """``exp(x)``"""
    return _elementwise(x, function="exponential")


def hard_sigmoid(x: Any) -> Tensor:
    """``min(max(x / 6 + 1 / 2, 0), 1)``"""
    return _elementwise(x, function="hard_sigmoid")


def softmax(x: Any, axis: int = -1) -> Tensor:
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
    checks.warn_of_one_unit(x.shape[-1])
    return _run({"type": "softmax"}, x.reshape(-1, x.shape[-1]), x.shape)


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
    if identifier is None:
        return linear
    if LAYERS.is_member(identifier):
        return identifier  # type: ignore[no-any-return]
    name = identifier
    if isinstance(identifier, Mapping):
        if identifier.get("class_name") != "function":
            return LAYERS.deserialize(identifier)  # type: ignore[no-any-return]
        name = identifier.get("config")
    if isinstance(name, str) and name in _functions:
        return _functions[name]
    if callable(identifier) and identifier in _functions.values():
        return identifier  # type: ignore[no-any-return]
    raise ValueError(f"activation {identifier!r} is not supported by fashioncnn{_near(name)}; supported: "
                     f"{', '.join(sorted(_functions))}")


def _near(name: Any) -> str:
    close = get_close_matches(name, _functions, 1, 0.6) if isinstance(name, str) else []
    return f" (did you mean {close[0]!r}?)" if close else ""


def serialize(activation: Function | Layer) -> Any:
    """A function's name, or a layer's config."""
    return LAYERS.serialize(activation) if LAYERS.is_member(activation) else activation.__name__


deserialize = get


def add_to(graph: Graph, layer: Layer, activation: Any, position: int) -> int:
    """Adds the node that applies `activation` to the node at `position`, as a part of `layer`; returns its position."""
    if LAYERS.is_member(activation):
        activation.refuse_overrides()
        return activation.add_to(graph, position)  # type: ignore[no-any-return]
    if activation is softmax:
        return graph.add(layer, "softmax", position)
    return graph.add(layer, "activation", position, **_nodes[activation])


def _elementwise(x: Any, **node: Any) -> Tensor:
    x = np.asarray(x)
    return _run({"type": "activation", **node}, x.reshape(1, -1), x.shape)


def _run(node: Mapping[str, Any], rows: NDArray[Any], shape: tuple[int, ...]) -> Tensor:
    """The outputs of one node of the core for (N, n) inputs, in another shape."""
    outputs = np.empty(rows.shape, np.float32)
    if rows.size:
        network = _core.Network([
            {"type": "input", "name": "x", "inputs": (), "shape": rows.shape[1:]},
            {"name": "activation", "inputs": (0,), **node},
        ])
        network.predict(rows, 0, len(rows), outputs)
    return tensor(outputs.reshape(shape))


__getattr__ = absent.module_getattr(__name__)
