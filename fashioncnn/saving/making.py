"""Models made of what files say: of known classes alone, and with no more weights than the file can have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fashioncnn._core import DataError
from fashioncnn.saving.layout import is_model
from fashioncnn.utils import budget, sharing
from fashioncnn.utils.custom_objects import CustomObjectScope
from fashioncnn.utils.registry import LAYERS


class TypeTroubleError(DataError, TypeError):
    """What a file says does not fit a class: DataError, and TypeError, as Keras has it."""


def made(where: str, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None, numbers: int) -> Any:
    """The model of a description, with weights that start anew.

    Args:
        where: What the description is called in errors.
        config: The description.
        custom_objects: The user's classes and functions by name.
        numbers: How many numbers its weights may be.

    Raises:
        DataError: If it is malformed or asks for more.
        NotImplementedError: If it asks for what is not supported.
    """
    with _trouble_reported(where), budget.weights_at_most(numbers), sharing.read(), CustomObjectScope(custom_objects):
        model = LAYERS.deserialize(config, custom_objects)
        if not is_model(model):
            raise ValueError(f"it describes a layer, {type(model).__name__}, and no model")
        return model


def compiled(where: str, model: Any, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None) -> None:
    """Compiles a model as a description says. Errors as of `made`."""
    with _trouble_reported(where, "; compile=False leaves this out"), CustomObjectScope(custom_objects):
        model.compile_from_config(config)


@contextmanager
def _trouble_reported(where: str, hint: str = "") -> Iterator[None]:
    """Whatever objects say of their descriptions becomes DataError, with the file's name. A damaged description may
    have anything for an argument, hence `Exception`."""
    try:
        yield
    except NotImplementedError:
        raise
    except Exception as error:
        what = str(error) or type(error).__name__
        kind = TypeTroubleError if isinstance(error, TypeError) else DataError
        raise kind(f"{where}: the model that the file describes cannot be made: {what}{hint}") from error
