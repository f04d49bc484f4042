"""How a model was compiled, written down as Keras does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fashioncnn.saving.objects import deserialize_keras_object, serialize_keras_object

KEPT = ("loss", "loss_weights", "metrics", "weighted_metrics")


def described(optimizer: Any, arguments: Mapping[str, Any] | None) -> dict[str, Any]:
    """The description; empty for a model that is not compiled.

    Args:
        optimizer: The optimizer as it is now.
        arguments: What `compile` was given.
    """
    if arguments is None:
        return {}
    kept = {name: serialize_keras_object(arguments[name]) for name in KEPT}
    return {"optimizer": serialize_keras_object(optimizer), **kept, "run_eagerly": False,
            "steps_per_execution": arguments["steps_per_execution"], "jit_compile": False}


def arguments(config: Mapping[str, Any]) -> dict[str, Any]:
    """What `compile` takes for a description.

    Raises:
        ValueError: If it is malformed, or names what is not known.
    """
    found = {name: deserialize_keras_object(config.get(name)) for name in ("optimizer", *KEPT)}
    found["steps_per_execution"] = config.get("steps_per_execution", 1)
    return found
