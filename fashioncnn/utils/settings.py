"""Constructor arguments that objects keep as attributes: checked whenever they are set, and never set in vain."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from fashioncnn.utils import checks, overrides
from fashioncnn.utils.absent import SaysWhatIsAbsent, is_absent, sentence

Check = Callable[[str, Any], Any]


class Setting:
    """One argument, declared in a class's body under its name.

    Args:
        check: ``check(name, value)`` returns the value as it is kept, or raises.
    """

    def __init__(self, check: Check) -> None:
        self._check = check
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        try:
            return instance.__dict__[self._name]
        except KeyError:
            raise AttributeError(f"{type(instance).__name__}.{self._name} is set by the constructor: call "
                                 "super().__init__() first") from None

    def checked(self, instance: Any, value: Any) -> Any:
        """The value as it is kept."""
        return self._check(self._name, value)

    def __set__(self, instance: Any, value: Any) -> None:
        value = self.checked(instance, value)
        if self._name in instance.__dict__:
            instance._change_setting(self._name, value)
        else:
            instance.__dict__[self._name] = value


class Choice(Setting):
    """An argument of Keras that has only a few values here.

    Args:
        options: The values.
        none: What None stands for; None: itself, if it is an option.
    """

    def __init__(self, *options: Any, none: Any = None) -> None:
        super().__init__(lambda name, value: value)
        self._options = options
        self._none = none

    def checked(self, instance: Any, value: Any) -> Any:
        value = self._none if value is None else value
        return checks.one_of(type(instance).__name__, self._name, value, self._options)


class Alias:
    """What one class calls a setting that it has from another."""

    def __init__(self, setting: str) -> None:
        self._setting = setting

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else getattr(instance, self._setting)

    def __set__(self, instance: Any, value: Any) -> None:
        setattr(instance, self._setting, value)


class Configured(SaysWhatIsAbsent):
    """An object with settings, whose work the core does.

    After the constructor a setting may be set again only where that has an effect; `_change_setting` decides. What is
    said here, that it has none, holds for objects whose settings are used up when they are made. And methods whose work
    the core does may not be redefined.
    """

    _frozen_because: ClassVar[str] = "it was handed on when the object was made; make another one"
    _core_methods: ClassVar[tuple[str, ...]] = ()
    _users_methods: ClassVar[frozenset[str] | None] = None  # all others may not be redefined; None: they may
    _instead: ClassVar[str] = ""

    def _change_setting(self, name: str, value: Any) -> None:
        """Sets `name`, which was set before, to `value`; or raises AttributeError where that would have no effect."""
        if not _same(self.__dict__[name], value):
            raise AttributeError(f"{type(self).__name__}.{name} cannot be set any more: {self._frozen_because}")

    def refuse_overrides(self) -> None:
        """Raises NotImplementedError if the object's class redefines what the core does without calling it."""
        found = overrides.overridden(self, self._core_methods)
        if self._users_methods is not None:
            others = overrides.redefined(type(self), self._users_methods, _is_known)
            found += [name for name in others if name not in found]
        if found:
            raise self._refusal(found)

    def _refusal(self, methods: list[str]) -> NotImplementedError:
        names = ", ".join(name if isinstance(getattr(type(self), name, None), property) else f"{name}()"
                          for name in methods)
        message = (f"{type(self).__name__} defines {names}, which fashioncnn would not call: the C core does that "
                   f"work. {self._instead}")
        return NotImplementedError(message.rstrip())

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets an attribute; not in vain, as it would be if it replaced a method, or were one that Keras alone has.

        Attributes that Keras's class has, too, are declared in the class's body.
        """
        owner: Any = type(self)
        known = getattr(owner, name, None)
        if name in self._core_methods:
            raise self._refusal([name])
        if isinstance(known, property) and known.fset is None:
            raise AttributeError(f"{owner.__name__}.{name} cannot be set", name=name, obj=self)
        if known is None and name not in self.__dict__ and _keras_alone_has(owner, name):
            raise AttributeError(f"{owner.__name__}: {sentence(name)}", name=name, obj=self)
        super().__setattr__(name, value)


def _is_known(cls: type, name: str) -> bool:
    return hasattr(cls, name) or is_absent(cls, name)


@functools.lru_cache(maxsize=4096)
def _keras_alone_has(cls: type[Any], name: str) -> bool:
    return not any(name in inspect.get_annotations(base) for base in cls.__mro__) and is_absent(cls, name)


def _same(before: Any, after: Any) -> bool:
    return before is after or (type(before) is type(after) and bool(np.all(before == after)))
