"""Names of Keras that fashioncnn does not have: every one says so when it is used, and what comes near.

One table of Keras's public names (keras_names.json, written by tools/make_keras_names.py) serves all modules and
classes. Such a name can be imported, so that scripts which never use it go on; calling it, deriving from it or asking
it for anything raises `AbsentError`.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any, NoReturn, TypeVar

from fashioncnn.utils import keywords

PACKAGE = __name__.partition(".")[0]
T = TypeVar("T")

# What does the job of a name that is absent.
INSTEAD = {
    "export": "save_weights() keeps the weights, to_json() the architecture",
    "load_model": "models.model_from_json() and load_weights() together do it",
    "save": "save_weights() keeps the weights, to_json() the architecture",
    "save_model": "Model.save_weights() keeps the weights, to_json() the architecture",
}
# Modules that Keras had once; what they had is in the package around them.
OLD_MODULES = {
    "layers": ("advanced_activations", "convolutional", "core", "embeddings", "local", "merge", "noise",
               "normalization", "pooling", "recurrent", "wrappers"),
    "models": ("training",),
    "optimizers": ("experimental",),
    "utils": ("data_utils", "generic_utils", "layer_utils", "vis_utils"),
}
# What names that Keras had once, and scripts still use, are called today.
OLD = {
    **{f"{package}.{name}": f"import what it had from {PACKAGE}.{package}"
       for package, names in OLD_MODULES.items() for name in names},
    "acc": "write 'accuracy'",
    "decay": f"write {keywords.OLD['decay']}",
    "evaluate_generator": "evaluate() takes generators",
    "fit_generator": "fit() takes generators",
    "lr": "write learning_rate",
    "np_utils": "import to_categorical from fashioncnn.utils",
    "predict_classes": "write predict(x).argmax(axis=-1), or (predict(x) > 0.5).astype(int) for one sigmoid",
    "predict_generator": "predict() takes generators",
    "predict_proba": "predict() returns probabilities",
    "to_yaml": "write to_json()",
    "val_acc": "write 'val_accuracy'",
    "wrappers.scikit_learn": "call Model.fit and Model.predict themselves",
}


class AbsentError(NotImplementedError, AttributeError):
    """Something of Keras was used that fashioncnn does not have."""


@functools.cache
def keras_names() -> dict[str, Any]:
    """The table: "keras" (its version), "modules", "members" of classes, and "tensorflow"."""
    import json
    from importlib.resources import files

    table: dict[str, Any] = json.loads(files(PACKAGE).joinpath("utils/keras_names.json").read_text("utf-8"))
    return table


def sentence(name: str, nearby: Iterable[str] = ()) -> str:
    """What is said of a name of Keras that is absent.

    Args:
        name: The name.
        nearby: Names that are there, among which one that comes near is looked for.

    Example:
        >>> sentence("save")
        "'save' of Keras is not in fashioncnn (yet): save_weights() keeps the weights, to_json() the architecture"
    """
    if name in OLD:
        return f"'{name}' is an old name of Keras: {OLD[name]}"
    near = INSTEAD.get(name) or closest(name, nearby, "near it is '{}'")
    return f"'{name}' of Keras is not in fashioncnn (yet)" + (f": {near}" if near else "")


def closest(name: str, names: Iterable[str], text: str = "did you mean '{}'?") -> str:
    """The text with the one of the names that comes nearest, or nothing where none comes near."""
    from difflib import get_close_matches

    lower = {known.lower(): known for known in names if not known.startswith("_")}
    close = get_close_matches(name.lower(), lower, 1, 0.75)
    return text.format(lower[close[0]]) if close else ""


class Absent:
    """Stands for a class, function or constant of Keras that fashioncnn does not have. No object is an instance of it.

    Args:
        name: Its name.
        message: What using it says.
    """

    def __init__(self, name: str, message: str) -> None:
        self.__name__ = name
        self._message = message

    def __call__(self, *arguments: Any, **keywords: Any) -> NoReturn:
        raise AbsentError(self._message)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AbsentError(self._message)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> NoReturn:
        raise AbsentError(self._message)

    def __instancecheck__(self, instance: Any) -> bool:
        return False

    def __subclasscheck__(self, cls: type) -> bool:
        return False

    def __repr__(self) -> str:
        return f"<{self._message}>"


def module_getattr(module: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of a module of this package.

    It gives an `Absent` for a name of Keras's module of the same name, and raises AttributeError for all others, with
    what comes near.
    """
    path = module.removeprefix(PACKAGE).removeprefix(".")
    # A from-import swallows what an AttributeError says, but looks for a submodule then, where there is a path: that
    # search ends in `_imports`, whose errors are not swallowed.
    vars(sys.modules[module]).setdefault("__path__", [])

    def look_up(name: str) -> Any:
        table = keras_names() if not name.startswith("_") else {}
        if name in table.get("modules", {}).get(path, ()):
            inner = f"{path}.{name}".removeprefix(".")
            if inner in table["modules"]:
                return absent_module(f"{PACKAGE}.{inner}")
            return Absent(name, sentence(name, own_names(module)))
        raise AttributeError(unknown_name(module, name), name=name, obj=sys.modules.get(module))

    return look_up


def own_names(module: str) -> list[str]:
    """The names that a module of this package offers."""
    names = vars(sys.modules[module]) if module in sys.modules else {}
    return list(names.get("__all__", ())) or [name for name in names if not name.startswith("_")]


def unknown_name(module: str, name: str) -> str:
    """What is said of a name that neither a module of this package nor Keras's has."""
    path = f"{module}.{name}".removeprefix(f"{PACKAGE}.")
    for old in (path, name):
        if old in OLD:
            return sentence(old)
    if module == PACKAGE and not name.startswith("_") and name in keras_names()["tensorflow"]:
        return (f"'{name}' of TensorFlow is not in fashioncnn, which has the names of tf.keras; NumPy may have what it "
                "does")
    keras = keras_names()["modules"].get(module.removeprefix(PACKAGE).removeprefix("."), ())
    hints = [closest(name, [*keras, *own_names(module)])]
    if module != PACKAGE and name.islower():
        hints.append(f"if it was a module, import what it had from {module}")
    return "; ".join([f"module '{module}' has no '{name}'", *filter(None, hints)])


def absent_module(name: str) -> ModuleType:
    """A module of Keras that fashioncnn does not have: its names can be imported, but not used."""
    if name not in sys.modules:
        module = ModuleType(name, sentence(name.removeprefix(f"{PACKAGE}.")))
        module.__getattr__ = _getattr_of_absent(name)  # type: ignore[method-assign]
        module.__path__ = []
        sys.modules[name] = module
    return sys.modules[name]


def _getattr_of_absent(module: str) -> Callable[[str], Any]:
    path = module.removeprefix(f"{PACKAGE}.")

    def look_up(name: str) -> Any:
        modules = keras_names()["modules"]
        if f"{path}.{name}" in modules:
            return absent_module(f"{module}.{name}")
        if name in modules.get(path, ()):
            around = path.rpartition(".")[0]
            here = around and name in own_names(f"{PACKAGE}.{around}")
            return Absent(name, sentence(f"{path}.{name}") + (f": write {around}.{name}" if here else ""))
        raise AttributeError(f"Keras's module '{path}', which is not in fashioncnn (yet), has no '{name}' either")

    return look_up


class SaysWhatIsAbsent:
    """Base of the classes that have a counterpart in Keras: reading what only Keras's has raises an AttributeError that
    names it and what comes near; so does a keyword that the constructor does not take."""

    def __new__(cls: type[T], *arguments: Any, **named: Any) -> T:
        keywords.refuse_unknown(cls.__name__, cls.__init__, named)
        return object.__new__(cls)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if hasattr(type(self), name):
            return object.__getattribute__(self, name)  # a property that raised says why itself
        owner = type(self).__name__
        if is_absent(type(self), name):
            message = f"{owner}: {sentence(name, dir(self))}"
        else:
            near = closest(name, dir(self))
            message = f"'{owner}' object has no attribute '{name}'" + (f"; {near}" if near else "")
        raise AttributeError(message, name=name, obj=self)


def is_absent(cls: type, name: str) -> bool:
    """Whether Keras's class of the same name, or one of its base classes, has an attribute `name`, or had it once."""
    if name.startswith("_"):
        return False
    members = keras_names()["members"]
    own = (base.__name__ for base in cls.__mro__ if base.__module__.partition(".")[0] == PACKAGE)
    return name in OLD or any(name in members.get(base, ()) for base in own)
