"""Where the weights of a model and the state of its optimizer are in Keras's .weights.h5, and how they come back.

Groups are called after classes, never after layers: "layers/conv2d_1/vars/0" is the first weight of the second Conv2D.
A layer's weights are in the order of `Layer.weights`, an optimizer's numbers in that of `Optimizer.variables`.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import DataError
from fashioncnn.saving.hdf5 import Hdf5File
from fashioncnn.utils import sharing
from fashioncnn.utils.overrides import is_ours, overridden
from fashioncnn.utils.registry import LAYERS, OPTIMIZERS, snake_case

Values = list[tuple[Any, Any]]  # variables, and what they are to be


class Owner(NamedTuple):
    """A model, a layer or an optimizer, and the path of its group."""

    path: str
    value: Any

    @property
    def variables(self) -> list[Any]:
        """What is kept of it alone."""
        return list(self.value.variables if OPTIMIZERS.is_member(self.value) else self.value.own_weights)


def is_model(value: Any) -> bool:
    """Whether a layer is a model: this module is below that of the models."""
    return LAYERS.is_member(value) and hasattr(value, "_weight_items")


def owners(model: Any, with_optimizers: bool = True, is_there: Callable[[str], bool] | None = None) -> list[Owner]:
    """A model, its layers and its optimizer, in Keras's order; each once.

    Args:
        model: The model.
        with_optimizers: Whether optimizers are among them.
        is_there: Whether a file has something at a path; a layer that is not found under the name of its attribute may
            be so under that of a property which the class has for it.
    """
    found: list[Owner] = []
    _collect(model, "", found, set(), is_there)
    return [owner for owner in found if with_optimizers or not OPTIMIZERS.is_member(owner.value)]


def _collect(value: Any, path: str, found: list[Owner], seen: set[int],
             is_there: Callable[[str], bool] | None) -> None:
    if id(value) in seen:
        return
    seen.add(id(value))
    found.append(Owner(path, value))
    for place, layer in _parts(value) if LAYERS.is_member(value) else ():
        within = f"{path}/{place}".lstrip("/")
        if is_there is not None and not is_there(within):
            others = (f"{path}/{name}".lstrip("/") for name in _properties_for(value, layer))
            within = next(filter(is_there, others), within)
        _collect(layer, within, found, seen, is_there)
    if is_model(value) and value.optimizer is not None:
        value._tell_trainable()
        _collect(value.optimizer, f"{path}/optimizer".lstrip("/"), found, seen, is_there)


def _properties_for(value: Any, layer: Any) -> Iterator[str]:
    """The properties of a user's class that return a layer of it."""
    names = [name for cls in type(value).__mro__ if not is_ours(cls)
             for name, member in vars(cls).items() if isinstance(member, property)]
    return (name for name in names if getattr(value, name, None) is layer)


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """The layers of a model or of a layer, with their places: the attribute's name, where a user wrote the class.

    A model has an attribute `layers`, too: as in Keras, layers whose names come behind it are found there.
    """
    if not value.is_custom:
        for place, layer in named_layers(value.layers) if is_model(value) else ():
            yield f"layers/{place}", layer
        return
    attributes = [*value.attributes_with_layers(), *([("layers", value.layers)] if is_model(value) else [])]
    for name, part in sorted(attributes, key=lambda item: (item[0].startswith("_"), item[0])):
        if LAYERS.is_member(part):
            yield name, part
            continue
        for place, layer in named_layers(part):
            yield f"{name}/{place}", layer


def named_layers(layers: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Layers with the names of their classes, numbered from the second of a class on."""
    counts: Counter[str] = Counter()
    for layer in layers:
        kind = snake_case(type(layer).__name__)
        yield (f"{kind}_{counts[kind]}" if counts[kind] else kind), layer
        counts[kind] += 1


def shared_layers(model: Any) -> list[Any]:
    """The layers that are in more than one of the models that a model is made of."""
    models = [owner.value for owner in owners(model) if is_model(owner.value)]
    counts = Counter(id(layer) for each in models for layer in each.layers)
    return [owner.value for owner in owners(model) if counts[id(owner.value)] > 1]


def write(file: Any, model: Any, with_optimizers: bool = True) -> None:
    """Puts a model's weights, and the state of its optimizer, into an open HDF5 file."""
    for owner in owners(model, with_optimizers):
        group = file.create_group(f"{owner.path}/vars".lstrip("/"))
        group.attrs["name"] = owner.value.name
        for name, values in _kept(owner).items():
            group[name] = values


def _kept(owner: Owner) -> dict[str, NDArray[Any]]:
    """What is written of a layer or an optimizer, by name."""
    if overridden(owner.value, ["save_own_variables"]):
        kept: dict[str, Any] = {}
        owner.value.save_own_variables(kept)
        return {str(name): np.asarray(value) for name, value in kept.items()}
    return {str(number): stored(variable) for number, variable in enumerate(owner.variables)}


def stored(variable: Any) -> NDArray[Any]:
    """A variable's values as they are written. An average that nothing went into yet is NaN here, and 0 in Keras."""
    values = np.asarray(variable.numpy())
    return np.nan_to_num(values, nan=0.0, posinf=np.inf, neginf=-np.inf) if (
        variable.name.endswith("_average")) else values


def read(file: Hdf5File, model: Any, skip_mismatch: bool = False, all_states: bool = True) -> Values:
    """What a file has for a model's weights and its optimizer; the model is left alone.

    Args:
        file: The file.
        model: The model; it has all its weights.
        skip_mismatch: Whether layers that the file has other weights for are left out, with a warning.
        all_states: Whether optimizers that have no moments yet take over the state, too.

    Raises:
        DataError: If the file is damaged.
        ValueError: If it does not fit the model.
    """
    values: Values = []
    misfits = Misfits(skip_mismatch)
    for owner in owners(model, is_there=lambda path: file.group(path) is not None):
        if overridden(owner.value, ["load_own_variables"]):
            values.append((_Loader(owner.value), _all_arrays(file, owner)))
            continue
        if OPTIMIZERS.is_member(owner.value):
            values += _optimizer_values(file, owner, all_states or owner.value.has_moments)
            continue
        with misfits.noted():
            values += _layer_values(file, owner)
    misfits.tell(stacklevel=5)
    return values


class Misfits:
    """What does not fit the layers of a model.

    Args:
        skip: Whether such layers are left as they are; else the first one raises.
    """

    def __init__(self, skip: bool) -> None:
        self._skip = skip
        self._found: list[str] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Keeps a ValueError of the block; a damaged file is an error in any case."""
        try:
            yield
        except DataError:
            raise
        except ValueError as error:
            if not self._skip:
                raise
            self._found.append(str(error))

    def tell(self, stacklevel: int) -> None:
        """Warns of what was left as it is."""
        if self._found:
            warnings.warn(f"{len(self._found)} layers were left as they are: {'; '.join(self._found)}",
                          stacklevel=stacklevel)


class _Loader:
    """Takes what a file has by a method that a user wrote.

    Args:
        layer: What has the method.
    """

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    def assign(self, store: Any) -> None:
        """Hands the arrays on."""
        self._layer.load_own_variables(store)


def _all_arrays(file: Hdf5File, owner: Owner) -> dict[str, NDArray[Any]]:
    """All that a file has of an owner, by name."""
    group = _group_of(file, owner.path)
    if group is None:
        return {}
    names = group.keys()
    return {name: group.array(name, lambda shape: None) for name in names}


def _group_of(file: Hdf5File, path: str) -> Hdf5File | None:
    """The group of an owner's numbers; files of Keras 2 have other names for a part of the path."""
    old = path.replace("layers", "_layer_checkpoint_dependencies")
    return file.group(f"{path}/vars") or (file.group(f"{old}/vars") if path else None)


def _layer_values(file: Hdf5File, owner: Owner) -> Values:
    variables, group = owner.variables, _group_of(file, owner.path)
    count = 0 if group is None else len(group.keys())
    if count != len(variables):
        there = "" if group is not None else f" (it has no group {owner.path}/vars)"
        raise ValueError(f"{file.where} does not fit the model: {count} weights for '{owner.value.name}', which has "
                         f"{len(variables)}{there}")
    if group is None:
        return []
    return [(variable, read_array(group, str(number), variable.shape, variable.path))
            for number, variable in enumerate(variables)]


def read_array(group: Hdf5File, name: str, expected: tuple[int, ...], what: str) -> NDArray[Any]:
    """The array of a group that is to have this shape. ValueError if it has another one, DataError if it is damaged."""
    def accept(shape: tuple[int, ...]) -> None:
        if shape != tuple(expected):
            raise ValueError(f"{group.where} does not fit the model: {what} has the shape {shape}, expected "
                             f"{tuple(expected)}")

    return group.array(name, accept)


def _optimizer_values(file: Hdf5File, owner: Owner, is_wanted: bool) -> Values:
    """The numbers of an optimizer; only the first where it was written before its first update."""
    group, variables = _group_of(file, owner.path), owner.variables
    if group is None:
        return []
    count, first = len(group.keys()), 1 if owner.value.has_schedule else 2
    if not is_wanted:
        if count > first:
            warnings.warn(f"the state of optimizer '{owner.value.name}' is left as it is, which is new; to go on where "
                          f"{file.where} was, call optimizer.build(model.trainable_variables) first", stacklevel=5)
        return []
    if count not in (first, len(variables)):
        warn_of_other_state(file.where, owner.value, count, len(variables))
        return []
    try:
        values = [(variable, read_array(group, str(number), tuple(variable.shape), variable.path))
                  for number, variable in enumerate(variables[:count])]
    except DataError:
        raise
    except ValueError as error:
        warnings.warn(f"the state of optimizer '{owner.value.name}' is left as it is: {error}", stacklevel=5)
        return []
    return checked_state(file.where, values)


def checked_state(where: str, values: Values) -> Values:
    """The numbers of an optimizer, which begin with its count of updates; without moments before the first of these.

    Raises:
        DataError: If the count is no count, or the learning rate no rate.
    """
    for variable, value in values:
        if value.ndim == 0:
            is_count = variable.name == "iteration"
            if value.dtype.kind != ("i" if is_count else "f") or not 0 <= value < (2**62 if is_count else 1e30):
                raise DataError(f"{where}: damaged file ({variable.path} is {value})")
    return values if values and values[0][1] > 0 else [pair for pair in values if pair[1].ndim == 0]


def warn_of_other_state(where: str, optimizer: Any, count: int, own: int) -> None:
    """Warns that the state of an optimizer in a file is that of another one."""
    warnings.warn(f"the state of optimizer '{optimizer.name}' is left as it is: {where} has {count} numbers and "
                  f"moments of it, and the optimizer {own}", stacklevel=6)


def assign(values: Values) -> None:
    """Gives variables what was read for them. A learning rate that is the same in float32 stays as it is."""
    for variable, value in values:
        if isinstance(variable, _Loader):
            variable.assign(value)
            continue
        if value.ndim == 0 and variable.numpy() == value:
            continue
        variable.assign(value if value.ndim else value[()])


def described(model: Any) -> Mapping[str, Any]:
    """The description of a whole model, with the layers that are in several of its models marked as such."""
    with sharing.written(shared_layers(model)):
        description: Mapping[str, Any] = LAYERS.serialize(model)
    return description
