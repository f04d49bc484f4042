"""Operations between the layers of a model as Keras writes them into files, and back.

Keras has a class for each function: `ops.mean(x, axis=-1)` is "Mean" with the argument axis, called on x.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fashioncnn import ops
from fashioncnn.layers.symbolic import is_symbolic
from fashioncnn.ops.operation import OperationLayer, Place, mapped, title_of
from fashioncnn.utils import structures

# What a class of Keras's is called on; all other arguments are its own.
OF_CALLS = frozenset(("condition", "constant_values", "images", "indices", "inputs", "key", "operands", "output",
                      "target", "variable", "x", "x1", "x2", "xs"))
MODULES = {"core": ("cast", "stop_gradient"), "image": ("resize",), "math": ("erf", "logsumexp", "rsqrt")}
_PLAIN = (bool, int, float, str, type(None))


def functions() -> dict[str, Callable[..., Any]]:
    """All operations, by the names of Keras's classes."""
    named = [getattr(ops, name) for name in (*ops.__all__, "get_item")] + [ops.image.resize]
    return {title_of(each.__name__): each for each in named if callable(each) and hasattr(each, "is_operation")}


def module_of(name: str) -> str:
    """Where Keras keeps the class of a function."""
    of_nn = name in vars(ops.nn) and not any(name in vars(part) and vars(part)[name].__module__ == part.__name__
                                             for part in (ops.elementwise, ops.reductions, ops.shapes, ops.products))
    found = next((module for module, names in MODULES.items() if name in names), "nn" if of_nn else "numpy")
    return f"keras.src.ops.{found}"


def describe(layer: OperationLayer) -> dict[str, Any]:
    """The class and its arguments.

    Raises:
        NotImplementedError: If Keras has no such class, or an argument is an array.
    """
    name = layer.function.__name__
    if title_of(name) not in functions():
        raise NotImplementedError(f"the operation '{layer.name}' cannot be written to a file by fashioncnn: call the "
                                  "function of that name in fashioncnn.ops, or a layer")
    _, own = _split(layer)
    return {"module": module_of(name), "class_name": title_of(name), "registered_name": title_of(name),
            "config": {"name": layer.name, **{key: _plain(layer, value) for key, value in own.items()}}}


def describe_call(layer: OperationLayer, tensors: Sequence[Any]) -> dict[str, Any]:
    """What the class is called on, with the descriptions of the tensors in their places. Errors as of `describe`."""
    called, _ = _split(layer)
    keywords = {"constant_values": called.pop("constant_values")} if "constant_values" in called else {}
    operands = called.pop("operands", ())
    filled = mapped(lambda leaf: tensors[leaf.number] if isinstance(leaf, Place) else _plain(layer, leaf),
                    [*called.values(), *operands])
    return {"args": filled, "kwargs": keywords}


def _split(layer: OperationLayer) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments that the class is called on, and those that it has."""
    arguments, keywords = layer.arguments
    bound = inspect.signature(layer.function).bind(*arguments, **keywords)
    if "data_format" in bound.signature.parameters:
        bound.arguments["data_format"] = "channels_last"
    called = {name: value for name, value in bound.arguments.items() if name in OF_CALLS}
    return called, {name: value for name, value in bound.arguments.items() if name not in OF_CALLS}


def _plain(layer: OperationLayer, value: Any) -> Any:
    if isinstance(value, slice):
        return {"class_name": "__slice__", "config": {"start": value.start, "stop": value.stop, "step": value.step}}
    if value is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(value, np.generic):
        return value.item()
    if structures.is_nested(value):
        return [_plain(layer, item) for item in value]
    if not isinstance(value, _PLAIN):
        raise NotImplementedError(f"the operation '{layer.name}' has an argument of type {type(value).__name__}, which "
                                  "cannot be written to a file by fashioncnn (yet): put it into a layer of your own")
    return value


def _tuple(value: Any) -> Any:
    """A list of plain values as a tuple, which files do not have."""
    return tuple(map(_tuple, value)) if isinstance(value, list) and not is_symbolic(value) else value


class Revived:
    """An operation that a file describes, until it is called; then its layer's calls.

    Args:
        config: What `describe` returned, or Keras wrote.

    Raises:
        ValueError: If there is no such operation.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        own = config.get("config")
        self._function = functions().get(str(config.get("class_name")))
        if self._function is None or not isinstance(own, Mapping):
            raise ValueError(f"the operation {config.get('class_name')!r} is not supported by fashioncnn")
        self.name = str(own.get("name"))
        self._own = {name: value for name, value in own.items() if name != "name"}
        self._inbound_nodes: list[Any] = []

    def call_with(self, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> None:
        """Calls the operation, once. ValueError if it does not take the arguments."""
        assert self._function is not None, "__init__ has found it"
        if self._inbound_nodes:
            raise ValueError(f"the operation '{self.name}' is called twice")
        signature = inspect.signature(self._function)
        named = {name: _tuple(value) for name, value in self._own.items() if name in signature.parameters}
        try:
            subscripts = [named.pop("subscripts")] if "subscripts" in named else []
            made = self._function(*subscripts, *map(_tuple, arguments), **keywords, **named)
        except TypeError as error:
            raise ValueError(f"the operation '{self.name}' cannot be called as the file says: {error}") from error
        layer = structures.leaves(made)[0].node.operation
        layer.name = self.name
        self._inbound_nodes = layer._inbound_nodes
