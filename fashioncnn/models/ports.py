"""A model's inputs and outputs by name: which of the arrays that a caller passes belongs to which."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fashioncnn.utils import checks, structures


class Ports(NamedTuple):
    """The inputs and outputs of a model; of one that has no `Input`, one each, without names.

    Attributes:
        inputs: Structure of the inputs, in the form that the model was made with; None where they have no names.
        input_names: Their names, in order.
        outputs: Structure of the outputs.
        output_names: What they are called, in order: by the keys of a dict, or by the layers that make them.
    """

    inputs: Any = None
    input_names: tuple[str, ...] = ("x",)
    outputs: Any = None
    output_names: tuple[str, ...] = ("y",)

    def split_inputs(self, caller: str, what: str, value: Any) -> list[Any]:
        """What belongs to each input. Errors as for `split`.

        As in Keras, a list in place of a dict is taken with a warning, if the dict's keys are in alphabetical order.
        """
        if isinstance(value, (list, tuple)) and isinstance(self.inputs, Mapping):
            message = (f"The structure of `inputs` doesn't match the expected structure: {caller}() got {what} as a "
                       f"list, and the model takes a dict of {_quoted(self.inputs)}")
            if list(self.inputs) != sorted(self.inputs):
                raise ValueError(message)
            warnings.warn(message, stacklevel=4)
        return split(caller, what, value, self.inputs, self.input_names, "input")

    def split_targets(self, caller: str, what: str, value: Any, has_loss: Sequence[bool]) -> list[Any]:
        """What belongs to each output, None where it has no loss. Errors as for `split`.

        Where only some outputs have a loss, targets for these will do: a list, or one array for the only one.
        """
        count = len(self.output_names)
        if sum(has_loss) == 1 < count and not structures.is_nested(value):
            value = [value]
        if isinstance(value, (list, tuple)) and count > 1 and len(value) == sum(has_loss) < count:
            rest = iter(value)
            return [next(rest) if has else None for has in has_loss]
        if isinstance(value, Mapping) and count > 1:
            value = {**dict.fromkeys(name for name, has in zip(self.output_names, has_loss, strict=True) if not has),
                     **value}
        values = split(caller, what, value, self.outputs, self.output_names, "output")
        return [value if has else None for value, has in zip(values, has_loss, strict=True)]

    def split_weights(self, caller: str, what: str, value: Any) -> list[Any]:
        """What belongs to each output: None for all, or one array that counts for all. Errors as for `split`."""
        if value is None or (len(self.output_names) > 1 and not structures.is_nested(value)):
            return [value] * len(self.output_names)
        return split(caller, what, value, self.outputs, self.output_names, "output")


ONE_EACH = Ports()


def split(caller: str, what: str, value: Any, structure: Any, names: Sequence[str], kind: str) -> list[Any]:
    """The parts of `value`, in the order of `names`.

    Args:
        caller: For messages.
        what: What the caller calls the argument.
        value: A list or tuple in the order of the names, or a dict by name; of one part that part itself will do.
        structure: The form that the model has for them, whose keys will do in place of names.
        names: The names of the parts.
        kind: "input" or "output".

    Raises:
        ArgumentError: If it is none of these.
        ValueError: If there are not as many parts as names, or one is missing.
    """
    if len(names) == 1 and isinstance(value, np.ndarray):
        return [value]
    matching = _matching(structure, value)
    if matching is not None and (len(names) > 1 or isinstance(structure, Mapping)):
        return matching
    if isinstance(value, Mapping):
        if structure is None and len(value) == 1:
            return list(value.values())
        if structure is None:
            raise checks.ArgumentError(f"{caller}() got {what} as a dict of {_quoted(value)}; the model has one "
                                       f"{kind}, which has no name: give the model an Input")
        missing = [name for name in names if name not in value]
        if missing:
            keys = structure if isinstance(structure, Mapping) else names
            raise ValueError(f"{caller}() got {what} for {_quoted(value)}; the model's {kind}s are {_quoted(keys)}")
        return [value[name] for name in names]
    if len(names) == 1:
        return [value]
    if not isinstance(value, (list, tuple)):
        raise checks.ArgumentError(f"{caller}() got one array as {what}; the model has {len(names)} {kind}s: pass a "
                                   f"list in their order, or a dict by name: {_quoted(names)}")
    parts = list(value) if len(value) == len(names) else structures.leaves(value)
    if len(parts) != len(names):
        raise ValueError(f"{caller}() got {len(parts)} arrays as {what}; the model has {len(names)} {kind}s: "
                         f"{_quoted(names)}")
    return parts


def _matching(structure: Any, value: Any) -> list[Any] | None:
    """The parts of `value` that lie where the leaves of `structure` do; None where it has another form."""
    if isinstance(structure, Mapping):
        keys: Any = sorted(structure)
        fits = isinstance(value, Mapping) and set(keys) <= set(value)
    elif isinstance(structure, (list, tuple)):
        keys = range(len(structure))
        fits = isinstance(value, (list, tuple)) and len(value) == len(structure)
    else:
        return [value]
    parts: list[Any] = []
    for key in keys if fits else ():
        inner = _matching(structure[key], value[key])
        if inner is None:
            return None
        parts += inner
    return parts if fits else None


def _quoted(names: Any) -> str:
    return ", ".join(map(repr, names)) or "nothing"
