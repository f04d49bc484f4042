"""Models with the layers of others, and with weights of their own."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from fashioncnn.layers import Input, Layer
from fashioncnn.layers.call_arguments import Bundle, CallArguments
from fashioncnn.layers.symbolic import KerasTensor
from fashioncnn.models.functional import Functional
from fashioncnn.models.model import Model
from fashioncnn.models.sequential import Sequential
from fashioncnn.utils import checks, structures
from fashioncnn.utils.custom_objects import CustomObjectScope
from fashioncnn.utils.registry import LAYERS

CloneFunction = Callable[[Any], Layer]


def clone_model(model: Model, input_tensors: Any = None, clone_function: CloneFunction | None = None,
                call_function: Callable[..., Any] | None = None, recursive: bool = False) -> Model:
    """A model with the same layers, but with weights of its own that start anew; compiled as the model is.

    Args:
        model: The model.
        input_tensors: What the new model is made upon, in the place of new inputs; in the form of `Model.input`.
        clone_function: ``fn(layer)`` returns the layer that takes a layer's place. Inputs are not asked for.
        call_function: ``fn(layer, *args, **kwargs)`` calls a new layer on symbolic tensors, and returns what it makes,
            or what other layers make of that. Not for a `Sequential`, whose layers are only listed.
        recursive: Whether the layers of models inside the model are asked for, too, and not these models as a whole.

    Raises:
        ArgumentError: If an argument is of another type, or `clone_function` does not return a layer.
        ValueError: If `call_function` is given for a `Sequential`, or inputs do not have the model's form.

    Example:
        >>> from fashioncnn import layers
        >>> def more_dropout(layer):
        ...     config = layer.get_config()
        ...     if isinstance(layer, layers.Dropout):
        ...         config["rate"] = 0.5
        ...     return type(layer).from_config(config)
        >>> model = Sequential([Input((4,)), layers.Dropout(0.1), layers.Dense(3)])
        >>> clone_model(model, clone_function=more_dropout).layers[0].rate
        0.5
    """
    classes = {type(layer).__name__: type(layer) for layer in model._flatten_layers()}
    for name, value in (("clone_function", clone_function), ("call_function", call_function)):
        if value is not None and not callable(value):
            raise checks.ArgumentError(f"clone_model(): {name} must be a function, got {value!r}")
    recursive = checks.truth("recursive", recursive)
    clone: Model
    if any(type(layer).made_anew is not Layer.made_anew for layer in model._flatten_layers()):  # it has no description
        clone_function, recursive = clone_function or _same, True
    if input_tensors is None and clone_function is None and call_function is None and not recursive:
        clone = LAYERS.deserialize(LAYERS.serialize(model, compiled=False), classes)
        _compile_alike(clone, model)
    else:
        with CustomObjectScope(classes):
            clone = _Cloner(clone_function or _same, call_function, recursive).clone(model, input_tensors)
    return clone


def _same(layer: Layer) -> Layer:
    return layer.made_anew()


def _nothing(leaf: Any) -> None:
    """In the place of each leaf, where forms are compared."""


def _called(layer: Layer, *arguments: Any, **keywords: Any) -> Any:
    return layer(*arguments, **keywords)


def _compile_alike(clone: Model, model: Model) -> None:
    if model._compile_arguments is not None:
        optimizer = model.optimizer
        arguments = {name: copy.deepcopy(value) for name, value in model._compile_arguments.items()
                     if name != "optimizer"}
        again = None if optimizer is None else type(optimizer).from_config(optimizer.get_config())
        clone.compile(**arguments, optimizer=again)


class _Cloner:
    """Clones models as `clone_model` was asked to. A layer that several models share is one again."""

    def __init__(self, clone_function: CloneFunction, call_function: Callable[..., Any] | None,
                 recursive: bool) -> None:
        self._clone_function = clone_function
        self._call_function = call_function
        self._recursive = recursive
        self._clones: dict[Layer, Layer] = {}

    def clone(self, model: Model, input_tensors: Any = None) -> Model:
        """The model, made of new layers."""
        if isinstance(model, Sequential):
            if self._call_function is not None:
                raise ValueError("clone_model(): `call_function` argument is not supported with Sequential models, "
                                 f"whose layers are only listed, as those of '{model.name}' are")
            clone: Model = self._chain(model, input_tensors)
        else:
            clone = self._connected(model, input_tensors)
        _compile_alike(clone, model)
        return clone

    def _layer(self, layer: Layer) -> Layer:
        if layer not in self._clones:
            inner = self._recursive and isinstance(layer, Model)
            found = self._inner(layer) if inner else self._clone_function(layer)  # type: ignore[arg-type]
            if not isinstance(found, Layer):
                raise checks.ArgumentError(f"clone_model(): clone_function must return a layer, got {found!r} for "
                                           f"'{layer.name}'")
            self._clones[layer] = found
        return self._clones[layer]

    def _inner(self, model: Model) -> Model:
        if not isinstance(model, Sequential):
            return self.clone(model)
        kept, self._call_function = self._call_function, None
        try:
            return self.clone(model)
        finally:
            self._call_function = kept

    def _chain(self, model: Sequential, input_tensors: Any) -> Sequential:
        first: list[Any] = []
        if input_tensors is not None:
            first = self._checked_inputs(input_tensors, [0])
        elif model._input is not None:
            first = [_new_input(model._input)]
        return Sequential([*first, *map(self._layer, model.layers)], model.trainable, model.name)

    def _connected(self, model: Model, input_tensors: Any) -> Model:
        connections = model._known_connections("layers")
        if input_tensors is None:
            inputs = structures.mapped(lambda number: _new_input(connections.input_layers[number]), connections.inputs)
        else:
            inputs = self._checked_inputs(input_tensors, connections.inputs)
        tensors = dict(enumerate(structures.leaves(inputs)))
        call = self._call_function or _called
        for each in connections.calls:
            keywords = {} if each.training is None else {"training": each.training}
            inputs_of = structures.mapped(tensors.__getitem__, each.inputs)
            if isinstance(each.layer._input_form, CallArguments):
                inputs_of = Bundle(inputs_of, each.layer._input_form)
            made = structures.leaves(call(self._layer(each.layer), inputs_of, **keywords))
            if len(made) != len(each.outputs):
                raise ValueError(f"clone_model(): the call of '{each.layer.name}' returned {len(made)} tensors; "
                                 f"expected {len(each.outputs)}")
            tensors.update(zip(each.outputs, made, strict=True))
        outputs = structures.mapped(tensors.__getitem__, connections.outputs)
        kind = type(model) if type(model).__init__ is Model.__init__ else Functional
        return kind(inputs, outputs, name=model.name)

    @staticmethod
    def _checked_inputs(tensors: Any, form: Any) -> Any:
        """Inputs in the form of the model's; one may be in a list or not."""
        found = structures.leaves(tensors)
        for tensor in found:
            if not isinstance(tensor, KerasTensor):
                raise checks.ArgumentError("clone_model(): input_tensors must be what Input() or layers returned, got "
                                           f"{type(tensor).__name__}")
        if len(found) != len(structures.leaves(form)):
            raise ValueError(f"clone_model(): input_tensors are {len(found)} tensors; the model has "
                             f"{len(structures.leaves(form))} inputs")
        if len(found) > 1 and structures.mapped(_nothing, tensors) != structures.mapped(_nothing, form):
            raise ValueError("clone_model(): `input_tensors` must have the same structure as model.input, got "
                             f"{structures.mapped(_nothing, tensors)} for {structures.mapped(_nothing, form)}")
        return structures.filled(form, iter(found))


def _new_input(layer: Any) -> KerasTensor:
    tensor: KerasTensor = Input(batch_shape=layer.batch_shape, dtype=layer.input_dtype, name=layer.name)
    return tensor
