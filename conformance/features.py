"""Names for what fashioncnn does not have, from the errors that say so.

Each sentence that fashioncnn uses for that has its pattern here. An error that none of them fits is no absence.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import scope
from sources import KerasSources

NOT_SUPPORTED = re.compile(r"not supported by fashioncnn|is not in fashioncnn|which fashioncnn would not call")
# The sentences, and what the feature is called. The first that fits counts.
SENTENCES = [(re.compile(pattern), name) for pattern, name in [
    (r"'(?P<name>[^']+)' of Keras is not in fashioncnn", r"\g<name>"),
    (r"(?P<name>[\w.()=]+) is not in fashioncnn", r"\g<name>"),
    (r"defines (?P<name>\w+)\(\).*which fashioncnn would not call", r"\g<name>() of your own"),
    (r"a symbolic tensor", "operations on symbolic tensors"),
    (r"(?i)\b(?P<name>(?:layers|models|losses|optimizers) of your own)", lambda found: found["name"].lower()),
    (r"batch_size=|batch_shape\[0\]=", "Input(batch_size=)"),
    (r"weights in a file called", "weights as .h5"),
    (r"\bdtype=", "dtype other than float32"),
    (r"data_format='channels_first'", "data_format='channels_first'"),
    (r"\w+: (?P<name>\w+_(?:regularizer|constraint)|use_ema|gradient_accumulation_steps|loss_scale_factor)=",
     r"\g<name>="),
    (r"^(?P<owner>[\w.]+)(?:\(\))?: (?P<name>\w+)=.* is not supported", r"\g<owner>(\g<name>=)"),
    (r"^(?P<name>.*?) (?:is|are) not supported by fashioncnn", r"\g<name>"),
]]
UNKNOWN_NAME = re.compile(
    r"^(layer|loss|metric|optimizer|initializer|activation|callback|regularizer|constraint) '(\w+)' is not supported")
# Where fashioncnn supports nothing but the default, the whole option is absent.
DEFAULT_ONLY = re.compile(r"; supported: (?:None|True|False|0|-?1|'channels_last'|'float32'|, | and )+$")
KEYWORD = re.compile(r"(?:(\w+)\.)?(\w+)\(\) got an unexpected keyword argument '(\w+)'")
# What tensors and variables have, and numbers and arrays have not.
OF_TENSORS = ("numpy", "dtype", "shape", "value", "assign")
# Base classes, and where Keras defines them.
BASES = {
    "Layer": "layers/layer.py",
    "Model": "models/model.py",
    "Sequential": "models/sequential.py",
    "Loss": "losses/loss.py",
    "Metric": "metrics/metric.py",
    "Optimizer": "optimizers/base_optimizer.py",
    "LearningRateSchedule": "optimizers/schedules/learning_rate_schedule.py",
    "Initializer": "initializers/initializer.py",
    "Callback": "callbacks/callback.py",
    "Variable": "backend/common/variables.py",
    "PyDataset": "trainers/data_adapters/py_dataset_adapter.py",
}


def missed(error: BaseException, awaited: str | None = None) -> str | None:
    """The name of the feature that an error says is absent, or None.

    Args:
        error: The error.
        awaited: The message that a test waits for, if it waits for an error. Where fashioncnn refuses a value that
            Keras refuses too, nothing is absent.
    """
    message = str(error)
    if not NOT_SUPPORTED.search(message):
        if isinstance(error, AttributeError):
            return _missed_attribute(error)
        if isinstance(error, TypeError):
            return _missed_argument(message)
        return None
    if awaited is not None and _refused_by_both(message, awaited):
        return None
    return _named(message)


def is_private(error: BaseException) -> bool:
    """Whether an error says that an object of fashioncnn's lacks an attribute that begins with an underscore."""
    return isinstance(error, AttributeError) and (error.name or "").startswith("_") and bool(_own_bases(error.obj))


def _named(message: str) -> str | None:
    unknown = UNKNOWN_NAME.search(message)
    if unknown:
        kind, name = unknown.groups()
        area = "losses" if kind == "loss" else f"{kind}s"
        exported = KerasSources.exported(area, name)
        return f"{area}.{exported}" if exported else f"{area} of your own"
    for pattern, name in SENTENCES:
        found = pattern.search(message)
        if found:
            return name(found) if callable(name) else found.expand(name).replace("`", "")
    return None


def _refused_by_both(message: str, awaited: str) -> bool:
    """Whether fashioncnn refuses what Keras refuses too, in other words: both speak of the same thing."""
    if DEFAULT_ONLY.search(message):
        return False
    unknown = UNKNOWN_NAME.search(message)
    if unknown:
        return not KerasSources.has_name(unknown[2])
    return bool(_words(awaited) & _words(message))


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z_]{4,}", text)) - scope.COMMON_WORDS


def _own_bases(value: Any) -> list[type]:
    """The classes of a value, or of a class, if one of them is fashioncnn's."""
    bases = list((value if isinstance(value, type) else type(value)).__mro__)
    return bases if any(base.__module__.split(".")[0] == "fashioncnn" for base in bases) else []


def _missed_attribute(error: AttributeError) -> str | None:
    name, owner = error.name, error.obj
    bases = [base.__name__ for base in _own_bases(owner)]
    if name is None:
        return None
    if not bases:
        is_number = isinstance(owner, (float, int, np.ndarray, np.generic))
        return f"numbers as tensors and variables (.{name})" if is_number and name in OF_TENSORS else None
    if not KerasSources.has_attribute(name):
        return None
    for base in bases:
        if base in BASES and KerasSources.has_attribute(name, BASES[base]):
            return f"{base}.{name}"
    return f"{next(filter(KerasSources.has_name, bases), bases[0])}.{name}"


def _missed_argument(message: str) -> str | None:
    found = KEYWORD.search(message)
    if found is None or not KerasSources.has_argument(found[3]):
        return None
    owner, function, argument = found.groups()
    called = owner if function == "__init__" else f"{owner}.{function}" if owner else function
    general = argument.endswith(("_regularizer", "_constraint")) or not KerasSources.has_name(called.split(".")[0])
    return f"{argument}=" if general else f"{called}({argument}=)"
