"""Activation functions. Formulas and defaults are Keras's; the core computes them.

Each is a function of an array, so that it can be tried out, and is what a layer's `activation` argument means.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, Protocol

from fashioncnn.activations.along_axes import glu, log_softmax, softmax, sparsemax
from fashioncnn.activations.elementwise import (
    celu,
    elu,
    exponential,
    gelu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_swish,
    hard_tanh,
    leaky_relu,
    linear,
    log_sigmoid,
    mish,
    relu,
    relu6,
    relu_node,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    squareplus,
    swish,
    tanh,
    tanh_shrink,
    threshold,
)
from fashioncnn.utils import absent, checks, custom_objects, tracing
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.tensor import Tensor
from fashioncnn.utils.variable import Variable

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]

Function = Callable[..., Tensor]


def _with_defaults(function: Function) -> dict[str, Any]:
    """The core's node of an elementwise function: its name, and its arguments as they are where a layer has none."""
    others = list(inspect.signature(function).parameters.values())[1:]
    return {"type": "activation", "function": function.__name__, **{each.name: each.default for each in others}}


_nodes: dict[Function, dict[str, Any]] = {
    relu: {"type": "activation", "function": "relu"},
    leaky_relu: {"type": "activation", **relu_node(0.2, None, 0.0)},
    relu6: {"type": "activation", **relu_node(0.0, 6.0, 0.0)},
    gelu: {"type": "activation", "function": "gelu"},
    **{function: _with_defaults(function) for function in (
        linear, sigmoid, log_sigmoid, hard_sigmoid, sparse_sigmoid, tanh, hard_tanh, tanh_shrink, elu, celu, selu,
        softplus, sparse_plus, squareplus, softsign, silu, hard_silu, mish, exponential, hard_shrink, soft_shrink)},
    **{function: {"type": function.__name__} for function in (softmax, log_softmax, sparsemax, glu)},
}
_functions: dict[str, Function] = {
    **{function.__name__: function for function in (*_nodes, threshold)}, "swish": silu, "hard_swish": hard_silu}


class LayerOfActivation(Protocol):
    """A layer that stands for an activation, or has one."""

    name: str
    _variables: dict[str, Variable]

    def refuse_overrides(self) -> None: ...


class Nodes(Protocol):
    """A graph, to which nodes are added."""

    def add(self, layer: Any, node_type: str, *inputs: int, **attributes: Any) -> int: ...


def get(identifier: Any) -> Function | LayerOfActivation:
    """The function that a name or a function stands for; None is `linear`. A layer is returned as is.

    A function of your own takes a tensor and computes with functions of `fashioncnn.ops`.

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
    if callable(identifier) and not isinstance(identifier, type):
        return identifier  # type: ignore[no-any-return]
    custom = custom_objects.get_registered_object(name) if isinstance(name, str) else None
    if custom is not None:
        return custom  # type: ignore[no-any-return]
    raise ValueError(f"activation {identifier!r} is not supported by fashioncnn{_near(name)}; supported: "
                     f"{', '.join(sorted(_functions))}")


def _near(name: Any) -> str:
    close = get_close_matches(name, _functions, 1, 0.6) if isinstance(name, str) else []
    return f" (did you mean {close[0]!r}?)" if close else ""


def serialize(activation: Function | LayerOfActivation) -> Any:
    """A function's name, or a layer's config."""
    if LAYERS.is_member(activation):
        return LAYERS.serialize(activation)
    if activation in _functions.values():
        return activation.__name__  # type: ignore[union-attr]
    if getattr(activation, "__name__", "<lambda>") == "<lambda>":
        raise NotImplementedError(f"the activation {activation!r} cannot be described: it has no name, and files with "
                                  "code in them are not supported by fashioncnn; write a function")
    name = custom_objects.get_registered_name(activation)
    return {"module": "builtins", "class_name": "function", "config": name, "registered_name": name}


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Function | LayerOfActivation:
    """What `serialize` described. A function of `custom_objects` is found by its name, too; layers do not take it."""
    if isinstance(config, str) and custom_objects and config in custom_objects:
        return custom_objects[config]  # type: ignore[no-any-return]
    return get(config)


def add_to(graph: Nodes, layer: LayerOfActivation, activation: Any, position: int) -> int:
    """Adds the node that applies `activation` to the node at `position`, as a part of `layer`; returns its position.

    Raises:
        ArgumentError: If the function needs arguments that a layer does not give.
    """
    if LAYERS.is_member(activation):
        activation.refuse_overrides()
        made = activation.nodes_for(graph, position)
        return made if isinstance(made, int) else made[0]
    if activation is threshold:
        raise checks.ArgumentError(f"{type(layer).__name__} '{layer.name}': the activation 'threshold' needs a "
                                   "`threshold` and a `default_value`, which a layer does not give; `hard_shrink` and "
                                   "`relu` are like it")
    if activation not in _nodes:
        return _traced(graph, layer, activation, position)
    node = dict(_nodes[activation])
    return graph.add(layer, node.pop("type"), position, **node)


def _traced(graph: Any, layer: LayerOfActivation, activation: Function, position: int) -> int:
    """The position of what a function of the user's makes."""
    with tracing.running(tracing.Trace(graph, layer)) as trace:
        result = activation(tracing.TracedTensor(trace, position))
    if not isinstance(result, tracing.TracedTensor) or not result.batched:
        raise checks.ArgumentError(f"{type(layer).__name__} '{layer.name}': the activation {activation!r} must return "
                                   f"a tensor that it makes of its argument, got {result!r}")
    return result.position


__getattr__ = absent.module_getattr(__name__)
