"""Seeds, labels, norms, files from the network, data sets that make batches, and the progress bar."""

from __future__ import annotations

import importlib
from typing import Any

from fashioncnn.utils import absent
from fashioncnn.utils.dataset import PyDataset
from fashioncnn.utils.get_file import get_file
from fashioncnn.utils.labels import to_categorical
from fashioncnn.utils.naming import clear_session
from fashioncnn.utils.norms import normalize
from fashioncnn.utils.progress import Progbar
from fashioncnn.utils.seeds import set_random_seed

Sequence = PyDataset

_DRAWING = ("model_to_dot", "plot_model")  # of pictures/plot_model.py, which stands above this package

__all__ = [
    "Progbar",
    "PyDataset",
    "Sequence",
    "clear_session",
    "get_file",
    "normalize",
    "set_random_seed",
    "to_categorical",
    *_DRAWING,
]


def __getattr__(name: str) -> Any:
    if name in _DRAWING:
        return getattr(importlib.import_module(f"{absent.PACKAGE}.pictures.plot_model"), name)
    return absent.module_getattr(__name__)(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_DRAWING})
