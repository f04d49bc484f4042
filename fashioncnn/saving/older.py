"""Descriptions of models as older files have them, and what becomes of them: of Keras 3's in .h5 files, and Keras 2's.

Only classes and arguments are called otherwise; what a description means is left to the classes.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from fashioncnn._core import DataError
from fashioncnn.utils import sharing
from fashioncnn.utils.registry import LOSSES, METRICS, OPTIMIZERS

_KEPT = ("class_name", "config", "name", "inbound_nodes", sharing.KEY)
# Arguments that layers of Keras 2 had, which mean nothing where they have these values: what they were called then, and
# what they are called today.
_DROPPED = {
    "DepthwiseConv2D": ("groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint", "filters"),
    "DepthwiseConv1D": ("groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint", "filters"),
    "SeparableConv2D": ("groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"),
    "SeparableConv1D": ("groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"),
    "Conv2DTranspose": ("groups",),
    "Conv1DTranspose": ("groups",),
}
_RENAMED = {"LeakyReLU": {"alpha": "negative_slope"}, "InputLayer": {"batch_input_shape": "batch_shape"}}
_OF_OPTIMIZERS = ("jit_compile", "is_legacy_optimizer", "initial_accumulator")


def layer_without_modules(description: Mapping[str, Any]) -> dict[str, Any]:
    """A layer or model as .h5 files have it: without modules and without what is said of building and compiling."""
    if str(description.get("module")).startswith("keras.src.ops."):
        raise NotImplementedError(f"the operation {description['name']!r} between layers cannot be written to an .h5 "
                                  "file, nor by Keras so that it can be read: write a .keras file")
    kept = {key: description[key] for key in _KEPT if key in description}
    kept["class_name"] = description.get("registered_name") or kept["class_name"]
    inner = kept["config"]
    if isinstance(inner.get("layers"), list):
        kept["config"] = {**inner, "layers": [layer_without_modules(layer) for layer in inner["layers"]]}
    return kept


def training_config(compile_config: Mapping[str, Any]) -> dict[str, Any]:
    """How a model was compiled, as .h5 files have it."""
    others = {key: _without_modules(value) for key, value in compile_config.items() if key != "optimizer"}
    optimizer = compile_config["optimizer"]
    return {**others, "optimizer_config": {key: optimizer[key] for key in ("class_name", "config")}}


def _without_modules(value: Any) -> Any:
    if isinstance(value, Mapping):
        if value.get("class_name") == "function":
            return value["config"]
        if "class_name" in value:
            return {"class_name": value["class_name"], "config": value["config"]}
        return {key: _without_modules(item) for key, item in value.items()}
    return [_without_modules(item) for item in value] if isinstance(value, list) else value


def renewed_layer(where: str, description: Any) -> dict[str, Any]:
    """A layer or model of an older file as it is described today.

    Raises:
        DataError: If it is no description.
    """
    if not isinstance(description, Mapping) or not isinstance(description.get("class_name"), str):
        raise DataError(f"{where}: damaged file (a layer is described by {type(description).__name__})")
    name, config = description["class_name"], description.get("config")
    if name == "Sequential" and isinstance(config, list):
        config = {"layers": config}
    if not isinstance(config, Mapping):
        raise DataError(f"{where}: damaged file (the config of {name} is a {type(config).__name__})")
    renewed = {_RENAMED.get(name, {}).get(key, key): _renewed_value(value) for key, value in config.items()}
    if "layers" in config:
        if not isinstance(config["layers"], list):
            raise DataError(f"{where}: damaged file (the layers of {name} are no list)")
        renewed["layers"] = [renewed_layer(where, layer) for layer in config["layers"]]
    for key in _DROPPED.get(name, ()):
        renewed.pop(key, None)
    if isinstance(renewed.get("batch_input_shape"), list):
        renewed["input_shape"] = renewed.pop("batch_input_shape")[1:]
    axis = renewed.get("axis")
    if name == "BatchNormalization" and isinstance(axis, list) and len(axis) == 1:
        (renewed["axis"],) = axis
    return {**description, "config": renewed}


def _renewed_value(value: Any) -> Any:
    """An argument; initializers of Keras 2 had a dtype."""
    if isinstance(value, Mapping) and "module" not in value and isinstance(value.get("config"), Mapping):
        return {**value, "config": {key: item for key, item in value["config"].items() if key != "dtype"}}
    return value


def renewed_compile_config(where: str, training: Mapping[str, Any]) -> dict[str, Any]:
    """How a model was compiled, of an older file, as `Model.compile_from_config` takes it.

    Raises:
        DataError: If there is no optimizer.
    """
    optimizer = training.get("optimizer_config")
    if not isinstance(optimizer, Mapping) or not isinstance(optimizer.get("config"), Mapping):
        raise DataError(f"{where}: damaged file (it has no optimizer_config)")
    renewed = {"loss": _renewed_objects(training.get("loss"), LOSSES.module),
               "loss_weights": training.get("loss_weights"),
               "metrics": _renewed_objects(training.get("metrics"), METRICS.module),
               "weighted_metrics": _renewed_objects(training.get("weighted_metrics"), METRICS.module)}
    config = {key: value for key, value in optimizer["config"].items() if key not in _OF_OPTIMIZERS}
    if "lr" in config:
        config["learning_rate"] = config.pop("lr")
    if not config.get("decay"):
        config.pop("decay", None)
    return {"optimizer": {"module": OPTIMIZERS.module, "class_name": optimizer.get("class_name"), "config": config},
            **renewed, "steps_per_execution": training.get("steps_per_execution", 1)}


def _renewed_objects(value: Any, module: str) -> Any:
    """Losses or metrics, in whatever lists and dicts they are. A function wrapped as a metric is that function."""
    if isinstance(value, list):
        return [_renewed_objects(item, module) for item in value]
    if not isinstance(value, Mapping):
        return value
    config = value.get("config")
    if "class_name" not in value or not isinstance(config, Mapping):
        return {key: _renewed_objects(item, module) for key, item in value.items()}
    if isinstance(config.get("fn"), str):
        if config.get("name") not in (None, config["fn"], "accuracy", "acc"):
            warnings.warn(f"the metric {config['name']!r} is called {config['fn']!r} from now on", stacklevel=2)
        return config["name"] if config.get("name") in ("accuracy", "acc") else config["fn"]
    kept = {key: item for key, item in config.items() if not (key == "reduction" and item == "auto")}
    return {"module": module, "class_name": value["class_name"], "config": kept}
