"""Forms of inputs and outputs of models with code of users: how many there are shows when there are data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fashioncnn.layers import custom
from fashioncnn.models.ports import Ports, split
from fashioncnn.models.sources import ArraySource, BatchSource, makes_batches
from fashioncnn.utils import structures
from fashioncnn.utils.arrays import as_array, is_array

Source = ArraySource | BatchSource


def names_of(form: Any, kind: str) -> tuple[str, ...]:
    """The names of a model's inputs or outputs: the keys of a dict, else "output_1" and so on."""
    if isinstance(form, Mapping) and not any(map(structures.is_nested, form.values())):
        return tuple(sorted(form))
    return tuple(f"{kind}_{number + 1}" for number in range(len(structures.leaves(form))))


def ports(model: Any) -> Ports:
    """The ports of a model whose forms are found, as far as they are known."""
    inputs, outputs = model._input_form, model._output_form
    if inputs is None and len(model._input_shapes or ()) > 1:
        inputs = [None] * len(model._input_shapes or ())
    single = Ports()
    return Ports(inputs, single.input_names if inputs is None else names_of(inputs, "input"),
                 outputs, single.output_names if outputs is None else names_of(outputs, "output"))


def expected_outputs(model: Any, loss: Any, metrics: Any) -> list[str]:
    """The names of a model's outputs; of one that has not run yet those that arguments of `compile` tell of."""
    known: list[str] = model._names_of_outputs()
    if not model._finds_forms or model.knows_shapes:
        return known
    for value in (loss, metrics):
        if isinstance(value, Mapping) and "class_name" not in value:
            return sorted(value)
        is_list = isinstance(value, (list, tuple)) and len(value) > 1
        if is_list and (value is loss or all(isinstance(each, (list, tuple)) for each in value)):
            return list(names_of([None] * len(value), "output"))
    return known


def learn(model: Any, caller: str, x: Any) -> None:
    """Finds out the forms of a model from inputs, and compiles it anew if it has other outputs than thought.

    Args:
        model: Any model.
        caller: For messages.
        x: Its inputs: arrays.

    Raises:
        ArgumentError, ValueError: If the inputs, or the arguments of `compile`, do not fit the model.
    """
    if not model._finds_forms:
        return
    if not model.knows_shapes:
        if structures.is_nested(x) and any(map(is_array, structures.leaves(x))):
            model._note_form(x)
        found = ports(model)
        parts = split(caller, "`x`", x, found.inputs, found.input_names, "input")
        shapes = [as_array(caller, "`x`", part, may_be_empty=True).shape[1:] for part in parts]
        model._build([shape or (1,) for shape in shapes] if custom.is_custom(model) else shapes)
    names = model._names_of_outputs()
    if model.compiled and tuple(model._objective.output_names) != tuple(names):
        model.compile(**{**model._compile_arguments, "optimizer": model.optimizer})


def opened(model: Any, caller: str, x: Any, make: Callable[[], Source]) -> Source:
    """The source of data that `make` makes, once the forms of the model are known from `x`. Errors as of `learn`."""
    if not model._finds_forms or x is None:
        return make()
    if not makes_batches(x):
        learn(model, caller, x)
        return make()
    source = make()
    if isinstance(source, BatchSource):
        learn(model, caller, source.first_inputs)
        source.set_ports(model._ports(), model._objective.has_loss)
    return source
