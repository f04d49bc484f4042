"""Writes fashioncnn/utils/keras_names.json: the public names of an installed Keras and TensorFlow.

    python tools/make_keras_names.py            with an interpreter that has tensorflow-cpu

fashioncnn has a part of these names; of the others it says that Keras has them and fashioncnn has not.
"""

from __future__ import annotations

import inspect
import json
import os
import re
from pathlib import Path
from types import ModuleType
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import keras._tf_keras.keras as tf_keras
import tensorflow

# Classes that fashioncnn has as base classes too: what they have is not listed again for those derived from them.
BASES = ("Layer", "Model", "Sequential", "Optimizer", "Loss", "Metric", "Callback", "Initializer",
         "LearningRateSchedule")
# Modules of TensorFlow that fashioncnn has a part of.
OF_TENSORFLOW = ("data", "image", "io", "linalg", "math", "nn", "random")
TARGET = Path(__file__).parent.parent / "fashioncnn" / "utils" / "keras_names.json"


def public(names: Any) -> list[str]:
    return sorted(name for name in names if not name.startswith("_"))


def modules_of(module: ModuleType, name: str, found: dict[str, list[str]]) -> dict[str, list[str]]:
    """The names of a module and of all public modules below it, by the part of their paths after "keras."."""
    if name not in found:
        found[name] = public(dir(module))
        for inner in found[name]:
            value = getattr(module, inner)
            if inspect.ismodule(value) and value.__name__.startswith("keras.") and ".src" not in value.__name__:
                modules_of(value, f"{name}.{inner}".removeprefix("."), found)
    return found


def members_of(cls: type) -> set[str]:
    """What a class, or an object that its constructor made, answers to."""
    members = set(dir(cls))
    for base in cls.__mro__:
        constructor = vars(base).get("__init__")
        if inspect.isfunction(constructor):
            members |= set(re.findall(r"\bself\.([a-z]\w*)\b[^(=\n]*=[^=]", inspect.getsource(constructor)))
    return members


def classes_of(modules: dict[str, list[str]]) -> dict[str, list[str]]:
    """The members of each public class but those of its base classes among `BASES`."""
    classes: dict[str, type] = {}
    for path, names in modules.items():
        module = keras
        for part in filter(None, path.split(".")):
            module = getattr(module, part)
        for name in names:
            value = getattr(module, name)
            if inspect.isclass(value) and value.__module__.startswith("keras."):
                classes.setdefault(value.__name__, value)
    members = {name: members_of(cls) for name, cls in classes.items()}
    result = {}
    for name, cls in classes.items():
        inherited = set().union(*(members[base.__name__] for base in cls.__mro__[1:] if base.__name__ in BASES))
        result[name] = public(members[name] - inherited)
    return {name: own for name, own in sorted(result.items()) if own}


def main() -> None:
    modules = modules_of(keras, "", {})
    modules[""].remove("src")
    older = modules_of(tf_keras, "", {})  # what tf.keras has besides: names of Keras 2
    names = {
        "keras": keras.__version__,
        "tensorflow": public(dir(tensorflow)),
        "of_tensorflow": {name: public(dir(getattr(tensorflow, name))) for name in OF_TENSORFLOW},
        "modules": {path: sorted({*modules.get(path, ()), *older.get(path, ())})
                    for path in sorted({*modules, *older})},
        "members": classes_of(modules),
    }
    TARGET.write_text(json.dumps(names, indent=0, ensure_ascii=False).replace("\n", "").replace("],", "],\n") + "\n")


if __name__ == "__main__":
    main()
