"""Seeds, labels, norms, pictures, files from the network, data sets that make batches, and the progress bar."""

from __future__ import annotations

from fashioncnn import _lazily
from fashioncnn.utils import absent

with _lazily.imports(__name__):
    # What stands above this package.
    from fashioncnn.backend import is_keras_tensor
    from fashioncnn.data.directory import image_dataset_from_directory
    from fashioncnn.data.splitting import split_dataset
    from fashioncnn.pictures.plot_model import model_to_dot, plot_model
    from fashioncnn.saving import (
        CustomObjectScope,
        custom_object_scope,
        deserialize_keras_object,
        get_custom_objects,
        get_registered_name,
        get_registered_object,
        register_keras_serializable,
        serialize_keras_object,
    )
    from fashioncnn.utils.dataset import PyDataset
    from fashioncnn.utils.dataset import PyDataset as Sequence
    from fashioncnn.utils.fetching import get_file
    from fashioncnn.utils.images import array_to_img, img_to_array, load_img, save_img
    from fashioncnn.utils.labels import to_categorical
    from fashioncnn.utils.naming import clear_session
    from fashioncnn.utils.norms import normalize
    from fashioncnn.utils.progress import Progbar
    from fashioncnn.utils.seeds import set_random_seed

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_file",
    "get_registered_name",
    "get_registered_object",
    "image_dataset_from_directory",
    "img_to_array",
    "is_keras_tensor",
    "load_img",
    "model_to_dot",
    "normalize",
    "plot_model",
    "register_keras_serializable",
    "save_img",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "to_categorical",
]

__getattr__ = absent.module_getattr(__name__)
__dir__ = absent.module_dir(__name__)
