"""Keras's older files, .h5: whole models and weights, as Keras 3 writes them and as Keras 2 did.

A group for each layer, called as the layer is, with the weights in it: trainable ones first. The descriptions of the
model and of how it was compiled are attributes.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import IO, Any

from fashioncnn._core import DataError
from fashioncnn.saving import layout, older
from fashioncnn.saving.hdf5 import Hdf5File, write_names, written
from fashioncnn.saving.layout import Values
from fashioncnn.saving.limits import parse_json, read_file
from fashioncnn.saving.making import compiled, made
from fashioncnn.utils import absent

_WEIGHTS, _TOP, _STATE = "model_weights", "top_level_model_weights", "optimizer_weights"


def write_model(file: IO[bytes], model: Any, include_optimizer: bool) -> None:
    """Writes a whole model."""
    file.write(written(lambda target: _fill(target, model, include_optimizer)))


def _fill(target: Any, model: Any, include_optimizer: bool) -> None:
    import json

    model._weight_items()
    description = layout.described(model)
    target.attrs["keras_version"] = absent.keras_names()["keras"]
    target.attrs["backend"] = "fashioncnn"
    target.attrs["model_config"] = json.dumps(older.layer_without_modules(description)).encode()
    keeps_optimizer = include_optimizer and model.optimizer is not None and description["compile_config"]
    if keeps_optimizer:
        target.attrs["training_config"] = json.dumps(older.training_config(description["compile_config"])).encode()
    group = target.create_group(_WEIGHTS)
    write_names(group, "layer_names", [layer.name for layer in model.layers])
    group.attrs["backend"] = "fashioncnn"
    group.attrs["keras_version"] = absent.keras_names()["keras"]
    for layer in sorted(model.layers, key=lambda layer: layer.name):
        _write_variables(group.create_group(layer.name), _weights_of(layer))
    _write_variables(group.create_group(_TOP), [])
    if keeps_optimizer:
        _write_variables(target.create_group(_STATE), model.optimizer.variables)


def _weights_of(layer: Any) -> list[Any]:
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _write_variables(group: Any, variables: list[Any]) -> None:
    paths = list(_different(variable.path for variable in variables))
    write_names(group, "weight_names", paths)
    for path, variable in zip(paths, variables, strict=True):
        group[path] = layout.stored(variable)


def _different(paths: Iterator[str]) -> Iterator[str]:
    """The paths, those that were there before with a number."""
    seen: dict[str, int] = {}
    for path in paths:
        seen[path] = seen.get(path, -1) + 1
        yield f"{path}_{seen[path]}" if seen[path] else path


def read_weights(path: str, model: Any, skip_mismatch: bool, by_name: bool) -> Values:
    """What a file, of weights or of a whole model, has for a model's weights.

    Raises:
        DataError: If the file is damaged.
        OSError: If it cannot be read.
        ValueError: If it does not fit the model.
    """
    model._weight_items()
    with Hdf5File.opened(path, read_file(path)) as file:
        return _weight_values(file, model, skip_mismatch, by_name)


def _weight_values(file: Hdf5File, model: Any, skip_mismatch: bool = False, by_name: bool = False) -> Values:
    group = file if file.names("layer_names") else file.group(_WEIGHTS)
    if group is None:
        raise DataError(f"{file.where}: damaged file (it has no weights: neither layer_names nor {_WEIGHTS})")
    found = {name: names for name in group.names("layer_names")
             if (names := _subgroup(group, name).names("weight_names")) or by_name}
    pairs = _by_name(found, model) if by_name else _in_order(group, found, model)
    values: Values = []
    misfits = layout.Misfits(skip_mismatch)
    for name, layer in pairs:
        with misfits.noted():
            values += _layer_values(_subgroup(group, name), found[name], layer)
    misfits.tell(stacklevel=6)
    return values


def _subgroup(group: Hdf5File, name: str) -> Hdf5File:
    found = group.group(name)
    if found is None:
        raise DataError(f"{group.where}: damaged file (it has no group {name!r}, which it lists)")
    return found


def _by_name(found: Mapping[str, list[str]], model: Any) -> list[tuple[str, Any]]:
    return [(layer.name, layer) for layer in model.layers if layer.name in found]


def _in_order(group: Hdf5File, found: Mapping[str, list[str]], model: Any) -> list[tuple[str, Any]]:
    layers = [layer for layer in model.layers if layer.weights]
    if len(layers) != len(found):
        raise ValueError(f"{group.where} does not fit the model: Layer count mismatch: it has {len(found)} layers with "
                         f"weights, the model {len(layers)}; by_name=True takes those whose names are the same")
    return list(zip(found, layers, strict=True))


def _layer_values(group: Hdf5File, names: list[str], layer: Any) -> Values:
    weights = _weights_of(layer)
    if len(weights) != len(names):
        raise ValueError(f"{group.where} does not fit the model: Weight count mismatch: {len(names)} weights for "
                         f"'{layer.name}', which has {len(weights)}")
    return [(weight, layout.read_array(group, name, weight.shape, weight.path))
            for name, weight in zip(names, weights, strict=True)]


def read_model(path: str, custom_objects: Mapping[str, Any] | None, compile: bool) -> Any:
    """A whole model. Errors: see `saving.load_model`."""
    data = read_file(path)
    with Hdf5File.opened(path, data) as file:
        text = file.text("model_config")
        if text is None:
            raise DataError(f"{path}: No model config found in the file: load_weights() reads weights alone")
        where = f"{path}: model_config"
        model = made(where, older.renewed_layer(where, parse_json(where, text)), custom_objects, len(data) // 4)
        layout.assign(_weight_values(file, model) if model.built else [])
        training = file.text("training_config") if compile else None
        if training is not None:
            where = f"{path}: training_config"
            compiled(where, model, older.renewed_compile_config(where, parse_json(where, training)), custom_objects)
            layout.assign(_state_values(file, model.optimizer))
    return model


def _state_values(file: Hdf5File, optimizer: Any) -> Values:
    """What the file has for an optimizer: nothing, with a warning, where it was written for another kind of it."""
    group = file.group(_STATE)
    if group is None or optimizer is None:
        return []
    names, variables = group.names("weight_names"), optimizer.variables
    if len(names) not in (len(variables), 1 if optimizer.has_schedule else 2):
        layout.warn_of_other_state(file.where, optimizer, len(names), len(variables))
        return []
    try:
        values = [(variable, layout.read_array(group, name, tuple(variable.shape), variable.path))
                  for name, variable in zip(names, variables, strict=False)]
        return layout.checked_state(file.where, values)
    except DataError:
        raise
    except ValueError as error:
        warnings.warn(f"the state of optimizer '{optimizer.name}' is left as it is: {error}", stacklevel=5)
        return []
