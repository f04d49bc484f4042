"""Seeds, labels, norms, files from the network, data sets that make batches, and the progress bar."""

from __future__ import annotations

from fashioncnn.utils import absent
from fashioncnn.utils.dataset import PyDataset
from fashioncnn.utils.get_file import get_file
from fashioncnn.utils.labels import to_categorical
from fashioncnn.utils.naming import clear_session
from fashioncnn.utils.norms import normalize
from fashioncnn.utils.progress import Progbar
from fashioncnn.utils.seeds import set_random_seed

Sequence = PyDataset

_HOMES = dict.fromkeys(("model_to_dot", "plot_model"), "pictures.plot_model")  # which stands above this package

__all__ = [
    "Progbar",
    "PyDataset",
    "Sequence",
    "clear_session",
    "get_file",
    "normalize",
    "set_random_seed",
    "to_categorical",
    *_HOMES,
]

__getattr__ = absent.module_getattr(__name__, _HOMES)
__dir__ = absent.module_dir(__name__)
