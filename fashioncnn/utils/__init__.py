"""Seeds, labels, norms, pictures, files from the network, data sets that make batches, and the progress bar."""

from __future__ import annotations

from fashioncnn.utils import absent
from fashioncnn.utils.dataset import PyDataset
from fashioncnn.utils.get_file import get_file
from fashioncnn.utils.images import array_to_img, img_to_array, load_img, save_img
from fashioncnn.utils.labels import to_categorical
from fashioncnn.utils.naming import clear_session
from fashioncnn.utils.norms import normalize
from fashioncnn.utils.progress import Progbar
from fashioncnn.utils.seeds import set_random_seed

Sequence = PyDataset

# What stands above this package.
_HOMES = {**dict.fromkeys(("model_to_dot", "plot_model"), "pictures.plot_model"),
          "image_dataset_from_directory": "data.directory", "split_dataset": "data.splitting",
          **dict.fromkeys(("CustomObjectScope", "custom_object_scope", "deserialize_keras_object", "get_custom_objects",
                           "get_registered_name", "get_registered_object", "register_keras_serializable",
                           "serialize_keras_object"), "saving"), "is_keras_tensor": "backend"}

__all__ = [
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "clear_session",
    "get_file",
    "img_to_array",
    "load_img",
    "normalize",
    "save_img",
    "set_random_seed",
    "to_categorical",
    *_HOMES,
]

__getattr__ = absent.module_getattr(__name__, _HOMES)
__dir__ = absent.module_dir(__name__)
