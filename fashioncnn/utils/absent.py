"""Names of Keras that fashioncnn does not have: every one says so when it is used, and what comes near.

One table of Keras's public names (keras_names.json, written by tools/make_keras_names.py) serves all modules and
classes. Such a name can be imported, so that scripts which never use it go on; calling it, deriving from it or asking
it for anything raises `AbsentError`.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any, NoReturn, TypeVar

from fashioncnn import _lazily
from fashioncnn.utils import keywords

PACKAGE = __name__.partition(".")[0]
T = TypeVar("T")
NOTHING: Mapping[str, str] = {}

# What does the job of a name that is absent.
INSTEAD = {
    **dict.fromkeys(("CTC", "ctc"), "it needs sequences, which are not in fashioncnn; for one label an image there are "
                                    "the crossentropies"),
    **dict.fromkeys(("Circle", "circle"), "it compares the images of a batch, and each image has a loss of its own in "
                                          "fashioncnn; CosineSimilarity compares embeddings with targets"),
    **{f"Random{what.capitalize()}": f"image.random_{what}() does its job on a data set, in map()"
       for what in ("hue", "saturation")},
    "add_metric": "metrics= of Model.compile() takes a function, or a metric",
    "Pipeline": "a Sequential of layers does its job",
    "wrappers.SKLearnClassifier": "CNNClassifier of fashioncnn.sklearn does its job",
    "wrappers.SKLearnRegressor": "CNNRegressor of fashioncnn.sklearn does its job",
}
# What does the job of a name of TensorFlow that is absent.
INSTEAD_OF_TENSORFLOW = {
    "GradientTape": "Model.fit() and Model.train_on_batch() train",
    "TPUStrategy": "one machine's CPUs compute, and all of them do so without a strategy",
    "autograph": "nothing has to be compiled: leave it out",
    "compat": "there are no sessions and no graphs, and nothing has to be set for them",
    "distribute": "one machine's CPUs compute, and all of them do so without a strategy",
    "function": "nothing has to be compiled: leave it out",
    "gradients": "Model.fit() and Model.train_on_batch() train",
    "io.TFRecordWriter": "np.save() keeps arrays, which np.load(..., mmap_mode='r') reads piece by piece",
    "data.TFRecordDataset": "Dataset.from_generator() takes what reads the files, or from_tensor_slices() arrays",
    "lite": "Model.export() writes a model as ONNX or as C, the latter with 8 bits if wanted",
    "profiler": "callbacks.TensorBoard writes what happens in training",
    "saved_model": "Model.save() keeps whole models",
    "strings": "Python's own texts may do it, in Dataset.map() with bytes.decode()",
    "summary": "callbacks.TensorBoard writes what happens in training",
    "tpu": "one machine's CPUs compute, and all of them do so without a strategy",
    "xla": "nothing has to be compiled: leave it out",
}
# Modules that Keras had once; what they had is in the package around them.
OLD_MODULES = {
    "layers": ("advanced_activations", "convolutional", "core", "embeddings", "experimental", "local", "merge", "noise",
               "normalization", "pooling", "preprocessing", "recurrent", "wrappers"),
    "engine": ("base_layer", "network", "topology", "training"),
    "models": ("training",),
    "optimizers": ("experimental",),
    "utils": ("data_utils", "generic_utils", "layer_utils", "vis_utils"),
}
# What names that Keras had once, and scripts still use, are called today.
OLD = {
    **{f"{package}.{name}": f"import what it had from {PACKAGE}.{package}"
       for package, names in OLD_MODULES.items() for name in names},
    "engine": f"import what it had from {PACKAGE}.layers or {PACKAGE}.models",
    "acc": "write 'accuracy'",
    "backend.function": "a model of the same inputs and outputs computes them",
    "backend.get_session": "there are no sessions, and nothing has to be done",
    "backend.image_dim_ordering": "write image_data_format(), which is 'channels_last'",
    "backend.learning_phase": "call a model with training=True or training=False",
    "backend.set_image_dim_ordering": "write set_image_data_format('channels_last')",
    "backend.set_learning_phase": "call a model with training=True or training=False",
    "backend.set_session": "there are no sessions, and nothing has to be done",
    "backend.tensorflow_backend": f"import what it had from {PACKAGE}.backend",
    **{name: f"write {keywords.OLD[name]}" for name in ("decay", "lr")},
    "evaluate_generator": "evaluate() takes generators",
    "fit_generator": "fit() takes generators",
    "objectives": f"import what it had from {PACKAGE}.losses",
    "np_utils": "import to_categorical from fashioncnn.utils",
    "predict_classes": "write predict(x).argmax(axis=-1), or (predict(x) > 0.5).astype(int) for one sigmoid",
    "predict_generator": "predict() takes generators",
    "predict_proba": "predict() returns probabilities",
    "to_yaml": "write to_json()",
    "val_acc": "write 'val_accuracy'",
    **{f"wrappers.{name}": "use CNNClassifier and CNNRegressor of fashioncnn.sklearn: model= takes what build_fn= took"
       for name in ("scikit_learn", "KerasClassifier", "KerasRegressor")},
}
# What scripts for PyTorch write, and what is written here.
OF_TORCH = {
    "AdaptiveAvgPool2d": "GlobalAveragePooling2D", "AvgPool2d": "AveragePooling2D", "BatchNorm2d": "BatchNormalization",
    "BCELoss": "BinaryCrossentropy", "BCEWithLogitsLoss": "BinaryCrossentropy(from_logits=True)", "Conv2d": "Conv2D",
    "ConvTranspose2d": "Conv2DTranspose", "CrossEntropyLoss": "SparseCategoricalCrossentropy(from_logits=True)",
    "Dropout2d": "SpatialDropout2D", "L1Loss": "MeanAbsoluteError", "LayerNorm": "LayerNormalization",
    "Linear": "Dense", "MSELoss": "MeanSquaredError", "MaxPool2d": "MaxPooling2D", "Module": "Model or layers.Layer",
    "NLLLoss": "SparseCategoricalCrossentropy", "SmoothL1Loss": "Huber", "Upsample": "UpSampling2D",
    "backward": "fit() or train_on_batch(): they make the steps",
    "eval": "predict() or evaluate(): they never act as in training",
    "load_state_dict": "saving.from_torch(model, state)",
    "nn": "layers, losses or Model", "optim": "optimizers", "parameters": "trainable_weights",
    "state_dict": "saving.to_torch(model)", "to": "nothing, the CPU computes in float32",
    "train": "fit(); model(x, training=True) acts as in training", "zero_grad": "nothing, fit() makes the steps",
}
# Where Keras and TensorFlow keep what their public modules offer.
INNER_MODULES = ("python", "src")


class AbsentError(NotImplementedError, AttributeError):
    """Something of Keras was used that fashioncnn does not have."""


@functools.cache
def keras_names() -> dict[str, Any]:
    """The table: "keras" (its version), "modules", "members" of classes, and "tensorflow"."""
    import json

    with open(os.path.join(os.path.dirname(__file__), "keras_names.json"), encoding="utf-8") as file:
        table: dict[str, Any] = json.load(file)
    return table


def sentence(name: str, nearby: Iterable[str] = ()) -> str:
    """What is said of a name of Keras that is absent.

    Args:
        name: The name.
        nearby: Names that are there, among which one that comes near is looked for.

    Example:
        >>> sentence("LSTM", ["Dense"])
        "'LSTM' of Keras is not in fashioncnn (yet)"
    """
    if name in OLD:
        return f"'{name}' is an old name of Keras: {OLD[name]}"
    alike = [known for known in nearby if known[:1].lower() == name[:1].lower()]
    near = INSTEAD.get(name) or closest(name, alike, "near it is '{}'", 0.8)
    return f"'{name}' of Keras is not in fashioncnn (yet)" + (f": {near}" if near else "")


def closest(name: str, names: Iterable[str], text: str = "did you mean '{}'?", ratio: float = 0.75) -> str:
    """The text with the one of the names that comes nearest, or nothing where none has that much in common."""
    from difflib import get_close_matches

    lower = {known.lower(): known for known in names if not known.startswith("_")}
    close = get_close_matches(name.lower(), lower, 1, ratio)
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

    def __getitem__(self, key: Any) -> NoReturn:
        raise AbsentError(self._message)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> NoReturn:
        raise AbsentError(self._message)

    def __or__(self, other: Any) -> Any:
        """The other one, for annotations such as ``LSTM | None``: a union with what has no instances is the rest."""
        return type(None) if other is None else other

    __ror__ = __or__

    def __instancecheck__(self, instance: Any) -> bool:
        return False

    def __subclasscheck__(self, cls: type) -> bool:
        return False

    def __repr__(self) -> str:
        return f"<{self._message}>"


def module_getattr(module: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of a module of this package.

    It makes imports that waited until now, gives an `Absent` for a name of Keras's module of the same name, and raises
    AttributeError for all others, with what comes near.
    """
    path = module.removeprefix(PACKAGE).removeprefix(".")
    # A from-import swallows what an AttributeError says, but looks for a submodule then, where there is a path: that
    # search ends in `_imports`, whose errors are not swallowed.
    vars(sys.modules[module]).setdefault("__path__", [])

    def look_up(name: str) -> Any:
        found = _lazily.find(module, name)
        if found is not None:
            return found
        if name in _parts(module):
            raise AttributeError(name)  # Python asks before it looks for a module of this name
        table = keras_names() if not name.startswith("_") else {}
        if name in table.get("modules", {}).get(path, ()):
            inner = f"{path}.{name}".removeprefix(".")
            if inner in table["modules"]:
                return absent_module(f"{PACKAGE}.{inner}")
            return Absent(name, sentence(name, own_names(module)))
        raise AttributeError(unknown_name(module, name), name=name, obj=sys.modules.get(module))

    return look_up


@functools.cache
def _parts(module: str) -> frozenset[str]:
    """The modules in a package, where it lies in a folder."""
    parts: set[str] = set()
    for folder in sys.modules[module].__path__:
        with contextlib.suppress(OSError):
            parts.update(name.removesuffix(".py") for name in os.listdir(folder))
    return frozenset(parts)


def tensorflow_getattr(module: str, name_there: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of a module that has a part of a module of TensorFlow.

    It makes imports that waited until now, gives an `Absent` for the other names there, and raises AttributeError for
    all others, with what comes near.
    """
    def look_up(name: str) -> Any:
        found = _lazily.find(module, name)
        if found is not None:
            return found
        known = keras_names()["of_tensorflow"][name_there] if not name.startswith("_") else ()
        if name in known:
            near = closest(name, own_names(module), "near it is '{}'", 0.8)
            instead = INSTEAD_OF_TENSORFLOW.get(f"{name_there}.{name}") or near
            return Absent(name, f"'{name_there}.{name}' of TensorFlow is not in fashioncnn (yet)"
                          + (f": {instead}" if instead else ""))
        hint = (f"it is a name of PyTorch; instead: {OF_TORCH[name]}" if name in OF_TORCH
                else closest(name, [*known, *own_names(module)]))
        raise AttributeError(f"module '{PACKAGE}.{name_there}' has no '{name}'" + (f"; {hint}" if hint else ""),
                             name=name, obj=sys.modules.get(module))

    return look_up


def module_dir(module: str) -> Callable[[], list[str]]:
    """The ``__dir__`` of a module: what is in it, and what its ``__all__`` offers."""
    return lambda: sorted({*vars(sys.modules[module]), *own_names(module)})


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
    if module == PACKAGE and name in INNER_MODULES:
        return (f"module '{module}' has no '{name}': inner modules of Keras are not in fashioncnn; import what is "
                f"wanted from {PACKAGE}.layers, {PACKAGE}.models, {PACKAGE}.utils and so on")
    if module == PACKAGE and not name.startswith("_") and name in keras_names()["tensorflow"]:
        instead = INSTEAD_OF_TENSORFLOW.get(name, "NumPy may have what it does")
        return f"'{name}' of TensorFlow is not in fashioncnn, which has the names of tf.keras; {instead}"
    if name in OF_TORCH:
        return f"module '{module}' has no '{name}', a name of PyTorch; instead: {OF_TORCH[name]}"
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


class _AbsentMember:
    """Stands in a class's body for a member of Keras's class that is absent: reading it from the class, or through
    super(), raises AttributeError."""

    def __init__(self, home: type, name: str) -> None:
        self._home = home
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        try:
            return getattr(super(self._home, owner if instance is None else instance), self._name)
        except AttributeError:
            cls = type(instance) if owner is None else owner
            raise AttributeError(missing_attribute(cls, self._name), name=self._name, obj=instance) from None

    def __repr__(self) -> str:
        return f"<{sentence(self._name)}>"


class SignatureOfConstructor:
    """A class's signature is its constructor's: Python 3.10 would take that of ``__new__``."""

    def __get__(self, instance: Any, owner: type) -> inspect.Signature:
        if instance is not None:
            raise AttributeError("__signature__")
        signature = inspect.signature(owner.__init__)  # type: ignore[misc]
        return signature.replace(parameters=list(signature.parameters.values())[1:])


class SaysWhatIsAbsent:
    """Base of the classes that have a counterpart in Keras: reading what only Keras's has raises an AttributeError that
    names it and what comes near; so does a keyword that the constructor does not take."""

    __signature__ = SignatureOfConstructor()

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        if cls.__module__.partition(".")[0] != PACKAGE:
            return
        absent = [name for name in keras_names()["members"].get(cls.__name__, ()) if _found(cls, name) is None]
        if absent:
            there = {name for base in cls.__mro__ for name in inspect.get_annotations(base)}
            there.update(name for init in _constructors(cls) for name in init.__code__.co_names)
            for name in set(absent) - there:
                setattr(cls, name, _AbsentMember(cls, name))

    def __new__(cls: type[T], *arguments: Any, **named: Any) -> T:
        keywords.refuse_unknown(cls.__name__, cls.__init__, named)
        return object.__new__(cls)

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if not isinstance(_found(type(self), name), _AbsentMember)
                or name in vars(self) or hasattr(type(self), name)]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if hasattr(type(self), name):
            return object.__getattribute__(self, name)  # a property that raised says why itself
        raise AttributeError(missing_attribute(type(self), name, dir(self)), name=name, obj=self)


def missing_attribute(cls: type, name: str, there: Iterable[str] = ()) -> str:
    """What is said of an attribute that a class or an object of it does not have, but only those that are `there`."""
    owner = cls.__name__
    if name in set_by_constructors(cls):
        return f"{owner}.{name} is set by the constructor: call super().__init__() first"
    if is_absent(cls, name):
        return f"{owner}: {sentence(name)}"
    if name in OF_TORCH:
        return f"'{owner}' object has no attribute '{name}', a name of PyTorch; instead: {OF_TORCH[name]}"
    near = closest(name, there)
    return f"'{owner}' object has no attribute '{name}'" + (f"; {near}" if near else "")


def _found(cls: type, name: str) -> Any:
    """What the class's attribute is, without asking it for a value; None where there is none."""
    return next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)


def _constructors(cls: type) -> Iterator[FunctionType]:
    """The constructors of this package's classes."""
    for base in cls.__mro__:
        init = vars(base).get("__init__")
        if base.__module__.partition(".")[0] == PACKAGE and isinstance(init, FunctionType):
            yield init


@functools.lru_cache(maxsize=1024)
def set_by_constructors(cls: type) -> frozenset[str]:
    """The attributes that the constructors of this package's classes set."""
    import dis

    return frozenset(step.argval for init in _constructors(cls) for step in dis.get_instructions(init)
                     if step.opname == "STORE_ATTR")


def is_absent(cls: type, name: str) -> bool:
    """Whether Keras's class of the same name, or one of its base classes, has an attribute `name`, or had it once."""
    if name.startswith("_"):
        return False
    members = keras_names()["members"]
    own = (base.__name__ for base in cls.__mro__ if base.__module__.partition(".")[0] == PACKAGE)
    return name in OLD or any(name in members.get(base, ()) for base in own)
