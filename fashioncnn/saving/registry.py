"""Classes of one kind by name: how a string or a config becomes an object, and an object a config.

Only the classes that a registry was given, and those the caller hands over, can be made: a config never names code to
run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Generic, Protocol, TypeVar


class Configurable(Protocol):
    """What a registry demands of its classes."""

    def get_config(self) -> dict[str, Any]: ...
    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any: ...


T = TypeVar("T", bound=Configurable)


def snake_case(name: str) -> str:
    """A class's name as Keras writes it in the names of objects.

    Example:
        >>> snake_case("MaxPooling2D"), snake_case("RMSprop"), snake_case("ReLU")
        ('max_pooling2d', 'rm_sprop', 're_lu')
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])", "_", name).lower()


class Registry(Generic[T]):
    """The known classes of one kind.

    Args:
        kind: What they are, for messages: "optimizer".
        module: Keras's module, which serialized objects name: "keras.optimizers".
        base: Their base class.
        classes: The classes; each answers to its name and to that name in snake case, in any letter case.
        aliases: More names, in lower case.
    """

    def __init__(self, kind: str, module: str, base: type[T], classes: Iterable[type[T]],
                 aliases: Mapping[str, type[T]] | None = None) -> None:
        self.kind = kind
        self.module = module
        self.base = base
        self.classes = {cls.__name__: cls for cls in classes}
        self._by_name = {name.lower(): cls for name, cls in self.classes.items()}
        self._by_name.update((snake_case(name), cls) for name, cls in self.classes.items())
        self._by_name.update(aliases or {})

    def find(self, name: str) -> type[T]:
        """The class called `name`.

        Raises:
            ValueError: If there is none.
        """
        try:
            return self._by_name[name.lower()]
        except KeyError:
            supported = ", ".join(sorted(self.classes))
            raise ValueError(f"{self.kind} {name!r} is not supported by fashioncnn; supported: {supported}") from None

    def get(self, identifier: Any) -> T:
        """The object that `identifier` stands for: an object, a class, a name, or a mapping made by `serialize`.

        Raises:
            ValueError: If it is none of these, or the name is unknown.
        """
        if isinstance(identifier, self.base):
            return identifier
        if isinstance(identifier, type) and issubclass(identifier, self.base):
            return identifier()
        if isinstance(identifier, str):
            return self.find(identifier)()
        if isinstance(identifier, Mapping):
            return self.deserialize(identifier)
        raise ValueError(f"expected a name, a config or an instance of {self.base.__name__} as {self.kind}, "
                         f"got {identifier!r}")

    def serialize(self, value: T) -> dict[str, Any]:
        """A JSON-compatible description in Keras's form, which `deserialize` turns into an equal object."""
        name = type(value).__name__
        known = self.classes.get(name) is type(value)
        return {
            "module": self.module if known else type(value).__module__,
            "class_name": name,
            "config": value.get_config(),
            "registered_name": None if known else name,
        }

    def deserialize(self, config: Mapping[str, Any], custom_objects: Mapping[str, type[T]] | None = None) -> T:
        """The object that `serialize` described.

        Args:
            config: A mapping with ``class_name`` and ``config``.
            custom_objects: The caller's own classes by name.

        Raises:
            ValueError: If the description is malformed or the class unknown.
        """
        name, arguments = config.get("class_name"), config.get("config", {})
        if not isinstance(name, str) or not isinstance(arguments, Mapping):
            raise ValueError(f"a serialized {self.kind} is a mapping with 'class_name' (a string) and 'config' "
                             f"(a mapping), got {dict(config)!r}")
        cls = (custom_objects or {}).get(name) or self.find(name)
        result: T = cls.from_config(arguments)
        return result
