"""Objects of every kind to and from JSON-compatible descriptions, as Keras writes them. A description names no code.

What can be made is what the registries know, what the user has registered, and plain values.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from fashioncnn.utils import checks
from fashioncnn.utils import custom_objects as users
from fashioncnn.utils.registry import ALL, LAYERS, LOSSES, METRICS, PLAIN, Registry, describe


def serialize_keras_object(obj: Any) -> Any:
    """A description of an object, or of lists, tuples and dicts of them, which `deserialize_keras_object` reads.

    Args:
        obj: A plain value, an array, a function, or an object with `get_config`.

    Raises:
        NotImplementedError: If it is a lambda: it has no name.
        ArgumentError: If it cannot be described.

    Example:
        >>> from fashioncnn.losses import MeanSquaredError
        >>> serialize_keras_object([1, MeanSquaredError()])[1]["class_name"]
        'MeanSquaredError'
    """
    return describe(obj)


def deserialize_keras_object(config: Any, custom_objects: Mapping[str, Any] | None = None,
                             safe_mode: bool = True) -> Any:
    """The object that `serialize_keras_object` or Keras described.

    Args:
        config: A description, or lists and dicts of them.
        custom_objects: The user's classes and functions by name.
        safe_mode: Without effect: code in a description is never run.

    Raises:
        NotImplementedError: If the description holds code.
        ValueError: If it is malformed, or a class or function is not known.

    Example:
        >>> from fashioncnn.optimizers import SGD
        >>> deserialize_keras_object(serialize_keras_object(SGD(0.5))).learning_rate
        0.5
    """
    with users.CustomObjectScope(custom_objects):
        return _revived(config)


def _revived(config: Any) -> Any:
    if isinstance(config, PLAIN):
        return config
    if isinstance(config, (list, tuple)):
        return [_revived(item) for item in config]
    if not isinstance(config, Mapping):
        raise ValueError(f"a description is made of plain values, lists and mappings, got {type(config).__name__}")
    name, inner = config.get("class_name"), config.get("config")
    if not isinstance(name, str) or "config" not in config:
        return {key: _revived(value) for key, value in config.items()}
    if name in ("__lambda__", "Lambda"):
        raise NotImplementedError("the description holds code, a lambda; that is not supported by fashioncnn, which "
                                  "never runs code from files")
    if name == "function":
        return find_function(config)
    if name.startswith("__"):
        return _special(name, inner)
    return registry_for(config).deserialize(config)


def _special(name: str, inner: Any) -> Any:
    if name == "__ellipsis__":
        return ...
    if isinstance(inner, Mapping):
        if name in ("__numpy__", "__tensor__") and np.dtype(inner["dtype"]).kind in "biuf":
            return np.array(inner["value"], dtype=inner["dtype"])
        if name == "__bytes__":
            return str(inner["value"]).encode()
        if name == "__slice__":
            return slice(*(_revived(inner[key]) for key in ("start", "stop", "step")))
    raise ValueError(f"{name!r} in a description is not supported by fashioncnn")


def find_function(config: Mapping[str, Any]) -> Any:
    """The function that is meant: one of the user's, or a loss, a metric or an activation.

    Raises:
        ArgumentError: If its name is no string.
        ValueError: If there is none of this name.
    """
    from fashioncnn import activations

    name = config["config"]
    if not isinstance(name, str):
        raise checks.ArgumentError(f"a function is described by its name, got {name!r}")
    found = users.get_registered_object(name)
    if found is not None:
        return found
    registered = config.get("registered_name")
    if registered not in (None, name, config.get("class_name")):
        raise ValueError(f"the function {name!r} of the registered name {registered!r} is not known; if it is yours, "
                         f"{users.HOW_TO_NAME}")
    for registry in (LOSSES, METRICS):
        registry.all_classes()
        known = {function.__name__: function for function in registry.by_function}
        if name in known or name in registry.functions:
            return known.get(name) or registry.functions[name]
    with suppress(ValueError):
        return activations.get(name)
    raise ValueError(f"the function {name!r} is not supported by fashioncnn; if it is yours, {users.HOW_TO_NAME}")


def registry_for(config: Mapping[str, Any]) -> Registry:
    """The registry that makes what a description is of, from the module that it names.

    Raises:
        ValueError: If none does.
    """
    name, registered = config["class_name"], config.get("registered_name") or config["class_name"]
    found = users.get_registered_object(registered) or users.get_registered_object(name)
    if found is not None:
        kinds = [registry for registry in ALL if registry.is_kind(found)]
        return kinds[0] if kinds else LAYERS
    module = config.get("module")
    if isinstance(module, str) and module.split(".")[0] == "keras":
        same = [registry for registry in ALL if registry.module == module]
        return same[0] if same else LAYERS
    having = [registry for registry in ALL if name in registry.all_classes()]
    if not having or module is not None:
        raise ValueError(f"the class {registered!r} of module {module!r} is not supported by fashioncnn; if it is "
                         f"yours, {users.HOW_TO_NAME}")
    return having[0]
