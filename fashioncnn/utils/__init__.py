"""Seeds, labels, norms, files from the network, data sets that make batches, and the progress bar."""

from __future__ import annotations

from fashioncnn.pictures.plot_model import model_to_dot, plot_model
from fashioncnn.utils import absent
from fashioncnn.utils.dataset import PyDataset
from fashioncnn.utils.get_file import get_file
from fashioncnn.utils.labels import to_categorical
from fashioncnn.utils.naming import clear_session
from fashioncnn.utils.norms import normalize
from fashioncnn.utils.progress import Progbar
from fashioncnn.utils.seeds import set_random_seed

Sequence = PyDataset

__all__ = [
    "Progbar",
    "PyDataset",
    "Sequence",
    "clear_session",
    "get_file",
    "model_to_dot",
    "normalize",
    "plot_model",
    "set_random_seed",
    "to_categorical",
]

__getattr__ = absent.module_getattr(__name__)
