"""Classes of one kind by name: how a string or a config becomes an object, and an object a config.

Classes register themselves, so this module knows none of them and everybody may ask it. Only registered classes, and
those that the caller hands over, can be made: a config never names code to run.
"""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Mapping
from types import EllipsisType
from typing import Any, TypeVar

import numpy as np

from fashioncnn import _lazily
from fashioncnn.utils import absent, checks, sharing
from fashioncnn.utils import custom_objects as users

C = TypeVar("C", bound=type[Any])
PLAIN = (str, int, float, bool, type(None))
OF_KERAS = ("keras", "tf_keras", "tensorflow", "builtins", "fashioncnn")  # first names of modules that are known here


def snake_case(name: str) -> str:
    """A class's name as Keras writes it in the names of objects.

    Example:
        >>> snake_case("MaxPooling2D"), snake_case("RMSprop"), snake_case("ReLU")
        ('max_pooling2d', 'rm_sprop', 're_lu')
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])", "_", name).lower()


class _NotLoaded:
    """Stands for a base class whose module nobody has imported: nothing is an instance of it."""


class Registry:
    """The known classes of one kind.

    Args:
        kind: What they are, for messages: "optimizer".
        module: Keras's module, which serialized objects name: "keras.optimizers".
        homes: The modules whose classes register themselves, imported when a name is not known.
    """

    def __init__(self, kind: str, module: str, *homes: str) -> None:
        self.kind = kind
        self.module = module
        self.classes: dict[str, type[Any]] = {}
        self.by_function: dict[Callable[..., Any], type[Any]] = {}
        self.functions: dict[str, Callable[..., Any]] = {}  # that names stand for, where those are looked up first
        self._base: type[Any] = _NotLoaded
        self._modules: dict[str, str] = {}
        self._by_name: dict[str, type[Any]] = {}
        self._homes = homes

    def base(self, cls: C) -> C:
        """Decorates the class that all others derive from."""
        self._base = cls
        return cls

    def register(self, *aliases: str, module: str | None = None,
                 function: Callable[..., Any] | None = None) -> Callable[[C], C]:
        """Decorates a class: it answers to its name, to that in snake case and to `aliases`, in any letter case.

        Args:
            aliases: More names.
            module: Keras's module of this class, where it is not the registry's.
            function: The function of arrays that stands for the class, as `mean_squared_error` for `MeanSquaredError`.
        """
        def add(cls: C) -> C:
            name = cls.__name__
            self.classes[name] = cls
            self._modules[name] = module or self.module
            if function is not None:
                self.by_function[function] = cls
            self._by_name.update((alias.lower(), cls) for alias in (name, snake_case(name), *aliases))
            return cls

        return add

    def all_classes(self) -> dict[str, type[Any]]:
        """The classes by name, those of modules that nobody has imported yet as well."""
        for home in self._homes:
            _lazily.load(home)
        return self.classes

    def is_member(self, value: Any) -> bool:
        """Whether `value` is an object of this kind."""
        return isinstance(value, self._base)

    def is_kind(self, cls: Any) -> bool:
        """Whether `cls` is a class of such objects."""
        return isinstance(cls, type) and issubclass(cls, self._base)

    def find(self, name: str) -> type[Any]:
        """The class called `name`: one of the user's that is registered, or one of ours.

        Raises:
            ValueError: If there is none; names what comes near.
        """
        mine = users.get_registered_object(name)
        if self.is_kind(mine):
            return mine  # type: ignore[no-any-return]
        lower = name.lower()
        if lower not in self._by_name:
            self._load(lower)
        if lower not in self._by_name:
            self.all_classes()
        if lower not in self._by_name:
            instead = f": {absent.INSTEAD[name]}" if name in absent.INSTEAD else self._near(name)
            raise ValueError(f"{self.kind} {name!r} is not supported by fashioncnn{instead}; supported: "
                             f"{', '.join(sorted(self.classes))}")
        return self._by_name[lower]

    def _load(self, lower: str) -> None:
        """Imports a class of this name that nobody has imported yet, and no others."""
        for home in self._homes:
            for name in _lazily.names(home):
                if lower in (name.lower(), snake_case(name)):
                    _lazily.find(home, name)

    def _near(self, name: str) -> str:
        from difflib import get_close_matches

        known, lower = [*self._by_name, *self.functions], name.lower()
        containing = [alias for alias in known if len(lower) > 3 and lower in alias.lower()]
        close = [*containing, *get_close_matches(lower, known, 3, 0.6)]
        classes = {alias: self._by_name[alias].__name__ for alias in close if alias in self._by_name}
        near = dict.fromkeys(snake_case(classes[alias]) if name.islower() and alias in classes
                             else classes.get(alias, alias) for alias in close)
        names = [repr(each) for each in near][:3]
        return f" (did you mean {' or '.join(names)}?)" if names else ""

    def get(self, identifier: Any) -> Any:
        """The object that `identifier` stands for: an object, a class, a name, or a mapping made by `serialize`.

        Raises:
            ValueError: If it is none of these, or the name is unknown.
        """
        if self.is_member(identifier):
            return identifier
        if isinstance(identifier, type) and issubclass(identifier, self._base):
            return identifier()
        if isinstance(identifier, str):
            return self.find(identifier)()
        if isinstance(identifier, Mapping):
            return self.deserialize(identifier)
        raise ValueError(f"expected a name, a config or an instance of {self._base.__name__} as {self.kind}, "
                         f"got {identifier!r}")

    def serialize(self, value: Any, compiled: bool = True) -> dict[str, Any]:
        """A JSON-compatible description in Keras's form, which `deserialize` turns into an equal object.

        Layers say for what shape they were built, and models how they were compiled.

        Args:
            value: The object.
            compiled: Whether a model says so. What cannot be described is left out with a warning: a lambda as a
                metric, a function as a learning rate.
        """
        name = type(value).__name__
        known = self.classes.get(name) is type(value)
        states = {"build_config": value.get_build_config()} if hasattr(value, "get_build_config") else {}
        if compiled and hasattr(value, "get_compile_config"):
            states["compile_config"] = _compile_config(value)
        return {
            "module": self._modules[name] if known else type(value).__module__,
            "class_name": name,
            "config": value.get_config() if known else describe(value.get_config()),
            "registered_name": None if known else users.get_registered_name(type(value)),
            **{key: state for key, state in states.items() if state is not None},
            **sharing.mark(value),
        }

    def get_optional(self, identifier: Any) -> Any:
        """As `get`, but None and functions are returned as they are."""
        is_function = callable(identifier) and not isinstance(identifier, type)
        return identifier if identifier is None or is_function else self.get(identifier)

    def serialize_optional(self, value: Any) -> dict[str, Any] | None:
        """As `serialize`, but None for None, and a function by its name.

        Raises:
            NotImplementedError: If it is a lambda.
        """
        if value is None or self.is_member(value):
            return None if value is None else self.serialize(value)
        return users.describe_function(value)

    def deserialize(self, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The object that `serialize` or Keras described.

        Args:
            config: A mapping with ``class_name`` and ``config``.
            custom_objects: The caller's own classes by name.

        Raises:
            ValueError: If the description is malformed or the class unknown.
        """
        name, arguments = config.get("class_name"), config.get("config", {})
        if name == "function" and isinstance(arguments, str):
            return self._function(arguments, custom_objects)
        if not isinstance(name, str) or not isinstance(arguments, Mapping):
            raise checks.ArgumentError(f"a serialized {self.kind} is a mapping with 'class_name' (a string) and "
                                       f"'config' (a mapping), got {dict(config)!r}")
        value = sharing.known(config)
        if value is not None and self.is_member(value):
            return value
        cls = self._class_of(config, custom_objects)
        try:
            if custom_objects and "custom_objects" in inspect.signature(cls.from_config).parameters:
                value = cls.from_config(arguments, custom_objects=custom_objects)
            else:
                value = cls.from_config(arguments)
        except checks.ArgumentError:
            raise
        except TypeError as error:
            raise TypeError(f"{name} cannot be made of what its get_config() told: {error}. Objects in there, such as "
                            "layers, have to be explicitly deserialized in from_config() or the constructor") from error
        if config.get("build_config") and not value.built:
            value.build_from_config(config["build_config"])
        if config.get("compile_config"):
            value.compile_from_config(config["compile_config"])
        sharing.note(config, value)
        return value

    def _function(self, name: str, custom_objects: Mapping[str, Any] | None) -> Any:
        found = users.get_registered_object(name, custom_objects)
        if found is None:
            raise ValueError(f"the function {name!r} is not known as a {self.kind}; if it is yours, "
                             f"{users.HOW_TO_NAME}")
        return found

    def _class_of(self, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None) -> type[Any]:
        """The class that a description means: one of the user's, if it is called as that one, or one of ours.

        Raises:
            ValueError: If it is not known.
        """
        name, registered = config["class_name"], config.get("registered_name") or config["class_name"]
        found = users.get_registered_object(registered, custom_objects) if isinstance(registered, str) else None
        found = found or users.get_registered_object(name, custom_objects)
        if found is not None:
            if not hasattr(found, "from_config"):
                raise ValueError(f"{registered!r} stands for {found!r}, which is no class with from_config(); a "
                                 f"{self.kind} must be made of it")
            return found  # type: ignore[no-any-return]
        module = config.get("module", "keras")
        if not isinstance(module, str) or module.split(".")[0] not in OF_KERAS:
            raise ValueError(f"{self.kind} {registered!r} of module {module!r} is not supported by fashioncnn; if it "
                             f"is yours, {users.HOW_TO_NAME}")
        cls = self.find(name)
        if registered not in (name, cls.__name__):
            raise ValueError(f"{self.kind} {registered!r} is not known, and {name!r} is one of fashioncnn's own; if "
                             f"the first is yours, {users.HOW_TO_NAME}")
        return cls


def _compile_config(model: Any) -> dict[str, Any]:
    try:
        return model.get_compile_config()  # type: ignore[no-any-return]
    except (NotImplementedError, checks.ArgumentError) as error:
        warnings.warn(f"how model '{model.name}' was compiled is not kept: {error}", stacklevel=3)
        return {}


LAYERS = Registry("layer", "keras.layers", "fashioncnn.layers", "fashioncnn.models", "fashioncnn.models.functional")
LOSSES = Registry("loss", "keras.losses", "fashioncnn.losses", "fashioncnn.losses.names")
METRICS = Registry("metric", "keras.metrics", "fashioncnn.metrics")
OPTIMIZERS = Registry("optimizer", "keras.optimizers", "fashioncnn.optimizers")
SCHEDULES = Registry("learning rate schedule", "keras.optimizers.schedules", "fashioncnn.optimizers.schedules")
INITIALIZERS = Registry("initializer", "keras.initializers", "fashioncnn.initializers")
REGULARIZERS = Registry("regularizer", "keras.regularizers", "fashioncnn.regularizers")
CONSTRAINTS = Registry("constraint", "keras.constraints", "fashioncnn.constraints")
ALL = (LAYERS, LOSSES, METRICS, OPTIMIZERS, SCHEDULES, INITIALIZERS, REGULARIZERS, CONSTRAINTS)


def describe(obj: Any) -> Any:
    """What `saving.serialize_keras_object` returns: see there."""
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, PLAIN):
        return obj if type(obj) in PLAIN else _as_plain(obj)
    if isinstance(obj, (list, tuple)):
        return type(obj)(map(describe, obj)) if type(obj) in (list, tuple) else [
            describe(item) for item in obj]
    if isinstance(obj, Mapping):
        return {key: describe(value) for key, value in obj.items()}
    if isinstance(obj, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": obj.tolist(), "dtype": obj.dtype.name}}
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode()}}
    if isinstance(obj, EllipsisType):
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(obj, slice):
        parts = {name: describe(getattr(obj, name)) for name in ("start", "stop", "step")}
        return {"class_name": "__slice__", "config": parts}
    if isinstance(obj, type) or not hasattr(obj, "get_config"):
        return users.describe_function(obj)
    return (_registry_of(obj) or LAYERS).serialize(obj)


def _as_plain(value: Any) -> Any:
    """A number of a class of its own, as an optimizer's learning rate, as Python's."""
    return next(kind(value) for kind in (bool, int, float, str) if isinstance(value, kind))


def _registry_of(obj: Any) -> Registry | None:
    return next((registry for registry in ALL if registry.is_member(obj)), None)
