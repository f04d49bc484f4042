"""Arguments of a `call` that a user wrote, besides the first: tensors among them are inputs of the layer, too."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from fashioncnn.layers.symbolic import is_symbolic
from fashioncnn.utils import checks, structures
from fashioncnn.utils.arrays import is_array
from fashioncnn.utils.variable import Variable


class _Tensor:
    """Stands for the next tensor."""

    def __repr__(self) -> str:
        return "a tensor"


TENSOR = _Tensor()
BY_NAME = object()  # in the place of a first argument that is given by its name


class CallArguments:
    """All arguments of a call, without the tensors.

    Args:
        positional: Positional arguments, the first of which holds tensors.
        keywords: Keyword arguments.
    """

    def __init__(self, positional: Sequence[Any], keywords: Mapping[str, Any]) -> None:
        self._form = structures.mapped(lambda leaf: TENSOR if _is_tensor(leaf) else leaf,
                                       [list(positional), dict(keywords)])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CallArguments) and repr(self._form) == repr(other._form)

    __hash__ = None  # type: ignore[assignment]

    def filled(self, tensors: Iterator[Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments with other tensors."""
        def value_of(leaf: Any) -> Any:
            return next(tensors) if isinstance(leaf, _Tensor) else leaf

        positional, keywords = structures.mapped(value_of, self._form)
        return positional, keywords

    def shapes_for(self, layer: Any, shapes: Iterator[Any]) -> dict[str, Any]:
        """What a `build` of the user's is given: the first argument's shape, or those that it asks for by name.

        Shapes are called as in Keras: that of the argument `skip` is `skip_shape`.

        Raises:
            ValueError: If `build` has several arguments, and one of them is called otherwise.
        """
        positional, keywords = self.filled(shapes)
        wanted = list(inspect.signature(layer.build).parameters)
        if len(wanted) == 1:
            return {wanted[0]: positional[0]}
        taken = inspect.signature(layer.call)
        given = taken.bind(*positional, **keywords).arguments
        for name in wanted:
            argument = name.removesuffix("_shape")
            if argument == name or argument not in taken.parameters:
                problem = "does not end in _shape" if argument == name else f"call() has no argument `{argument}`"
                raise ValueError(f"{type(layer).__name__} '{layer.name}': build() has an argument `{name}`, but "
                                 f"{problem}; where it has several, each is called like an argument of call(), as "
                                 "`skip_shape` for `skip`")
        return {name: given[argument] for name in wanted if (argument := name.removesuffix("_shape")) in given}


def _tensors_in(positional: Sequence[Any], keywords: Mapping[str, Any]) -> list[Any]:
    """The tensors among arguments, in order."""
    return [leaf for leaf in structures.leaves([list(positional), dict(keywords)]) if _is_tensor(leaf)]


def _is_tensor(value: Any) -> bool:
    return is_symbolic(value) or isinstance(value, Variable) or (is_array(value) and getattr(value, "ndim", 1) > 0)


def has_gaps(inputs: Any) -> bool:
    """Whether a structure holds both tensors and None."""
    found = structures.leaves(inputs) if structures.is_nested(inputs) else []
    return any(leaf is None for leaf in found) and any(map(_is_tensor, found))


class Bundle(list[Any]):
    """The tensors among the arguments of a call, as one input; `form` tells where they belong."""

    def __init__(self, tensors: Sequence[Any], form: CallArguments) -> None:
        super().__init__(tensors)
        self.form = form


def bundled(call: Callable[..., Any], inputs: Any, arguments: Sequence[Any], keywords: Mapping[str, Any],
            training: Any) -> tuple[Any, Any]:
    """Inputs and `training` for arguments of a `call` that a user wrote.

    Raises:
        TypeError: If `call` does not take them.
        ArgumentError: If a positional argument is no tensor.
    """
    parameters = list(inspect.signature(call).parameters)
    if arguments and parameters[1:2] == ["training"]:
        training, arguments = arguments[0], arguments[1:]
    keywords = {name: value for name, value in keywords.items()
                if name != "mask" or value is not None or name in parameters}
    if not arguments and not keywords and not has_gaps(inputs):
        return inputs, training
    inspect.signature(call).bind(inputs, *arguments, **keywords)
    for name, argument in zip(parameters[1:], arguments, strict=False):
        for leaf in structures.leaves(argument):
            if not (leaf is None or _is_tensor(leaf) or is_array(leaf)):
                raise checks.ArgumentError(f"only tensors may be passed as positional arguments of a layer, got "
                                           f"{leaf!r}; write {name}={leaf!r}")
    given = [inputs, *arguments]
    return Bundle(_tensors_in(given, keywords), CallArguments(given, keywords)), training
