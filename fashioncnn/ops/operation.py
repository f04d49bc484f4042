"""What all functions of `fashioncnn.ops` are: they compute with arrays at once, and leave nodes where code is traced.

A function is written once, for arrays and for traced tensors. On the symbolic tensors of a functional model it becomes
a layer, `OperationLayer`, which calls it again when the model's network is made.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from fashioncnn.backend.conversion import array
from fashioncnn.layers.graph import Graph
from fashioncnn.layers.layer import Layer
from fashioncnn.layers.symbolic import KerasTensor
from fashioncnn.utils import operators, structures, tracing
from fashioncnn.utils.naming import auto_name
from fashioncnn.utils.tensor import Tensor
from fashioncnn.utils.variable import Variable

F = TypeVar("F", bound=Callable[..., Any])


class Place:
    """Stands among an operation's arguments for its tensor number `number`."""

    def __init__(self, number: int) -> None:
        self.number = number


class OperationLayer(Layer):
    """A function of `ops` that was called on symbolic tensors.

    Args:
        function: The function.
        arguments: (positional arguments, keyword arguments), with a `Place` for each tensor.
        name: Its name.
    """

    takes_several = True

    @property
    def title(self) -> str:
        """What Keras calls the operation's class."""
        return title_of(self.function.__name__)

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, Any], name: str) -> None:
        super().__init__(name=name)
        self.function = function
        self.arguments = arguments
        self._returns: Any = None

    def add_to(self, graph: Graph, *inputs: int) -> list[int]:
        with tracing.running(tracing.Trace(graph, self)) as trace:
            tensors = [tracing.TracedTensor(trace, position) for position in inputs]
            args, kwargs = mapped(lambda leaf: tensors[leaf.number] if isinstance(leaf, Place) else leaf,
                                   self.arguments)
            result = self.function(*args, **kwargs)
        self._returns = structures.mapped(lambda _: None, result)
        return [tensor.position for tensor in structures.leaves(result)]

    def _packed_outputs(self, outputs: list[Any]) -> Any:
        return structures.filled(self._returns, iter(outputs))

    def made_anew(self) -> OperationLayer:
        return OperationLayer(self.function, self.arguments, self.name)

    def get_config(self) -> dict[str, Any]:
        """The arguments of Keras's class: see `ops.described`."""
        config: dict[str, Any] = self.described()["config"]
        return config

    def described(self) -> dict[str, Any]:
        """The operation as files have it."""
        return operators.operation("describe", "fashioncnn.ops.described")(self)  # type: ignore[no-any-return]

    def described_call(self, tensors: Sequence[Any]) -> dict[str, Any]:
        """Its call as files have it, with the descriptions of its tensors."""
        describe = operators.operation("describe_call", "fashioncnn.ops.described")
        return describe(self, tensors)  # type: ignore[no-any-return]


def operation(function: F) -> F:
    """Makes a function of arrays and traced tensors one of symbolic tensors, too."""
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        leaves = list(_leaves((args, kwargs)))
        tensors = [leaf for leaf in leaves if isinstance(leaf, KerasTensor)]
        if not tensors:
            return function(*args, **kwargs)
        if tracing.is_running():
            tracing.current().operand(tensors[0])  # which refuses it
        for leaf in leaves:
            if isinstance(leaf, Variable):
                raise NotImplementedError(f"ops.{function.__name__}() got a symbolic tensor and the variable "
                                          f"'{leaf.path}': make a layer of your own that has it, by add_weight()")
        inspect.signature(function).bind(*args, **kwargs)
        numbers = iter(range(len(tensors)))
        places = mapped(lambda leaf: Place(next(numbers)) if isinstance(leaf, KerasTensor) else _kept(leaf),
                        (args, kwargs))
        return OperationLayer(call, places, auto_name(title_of(function.__name__)))(tensors)

    call.is_operation = True  # type: ignore[attr-defined]
    return cast(F, call)


def _kept(value: Any) -> Any:
    """A value that nobody changes."""
    return value.copy() if isinstance(value, np.ndarray) else value


def title_of(function: str) -> str:
    """What Keras calls the class of a function.

    Example:
        >>> title_of("expand_dims"), title_of("log1p")
        ('ExpandDims', 'Log1p')
    """
    return "".join(part.capitalize() for part in function.split("_"))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def mapped(change: Callable[[Any], Any], value: Any) -> Any:
    """A structure of arguments with its leaves changed."""
    if isinstance(value, dict):
        return {key: mapped(change, item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [mapped(change, item) for item in value]
        return items if isinstance(value, list) else tuple(items)
    return change(value)


def result(values: Any, *given: Any) -> Any:
    """What is returned for arrays: of float32 unless one of those `given` has more digits."""
    values = np.asarray(values)
    if values.dtype == np.float64 and not any(getattr(each, "dtype", None) == np.float64 for each in given):
        values = values.astype(np.float32)
    return values.view(Tensor)


def at_once(function: Callable[..., Any], *values: Any, **options: Any) -> Any:
    """A function of NumPy's, of the values as arrays; without its warnings, as in Keras."""
    arrays = [value if isinstance(value, (bool, int, float)) and len(values) > 1 else array(value) for value in values]
    with np.errstate(all="ignore"):
        return result(function(*arrays, **options), *arrays)


def floats(x: Any) -> NDArray[Any]:
    """`x` as an array of floats: of float32 where it has none."""
    values = array(x)
    return values if values.dtype.kind == "f" else values.astype(np.float32)


def axes_of(name: str, axis: Any, rank: int) -> list[int]:
    """The axes that `axis` names, counted from 0, in order.

    Args:
        name: The function's, for messages.
        axis: An integer, several of them, or None for all.
        rank: How many there are.

    Raises:
        ValueError: If there is no such axis, or one is named twice.
    """
    wanted = range(rank) if axis is None else axis if isinstance(axis, (list, tuple)) else [axis]
    axes = []
    for each in wanted:
        if isinstance(each, bool) or not isinstance(each, (int, np.integer)) or not -rank <= each < rank:
            raise ValueError(f"ops.{name}(): there is no axis {each!r} in a tensor with {rank} axes")
        axes.append(int(each) % rank)
    if len(set(axes)) < len(axes):
        raise ValueError(f"ops.{name}(): an axis is named twice in {axis!r}")
    return sorted(axes)


def of_image(name: str, x: tracing.TracedTensor, axis: int) -> int:
    """The number of an axis without that of the batch.

    Raises:
        NotImplementedError: If it is the batch's: each image is computed alone.
    """
    if x.batched and axis == 0:
        raise NotImplementedError(f"ops.{name}() along the axis of the batch, 0, is not supported by fashioncnn "
                                  "(yet): each image is computed alone; name other axes")
    return axis - x.batched
