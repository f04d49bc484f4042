"""Names of Keras 2 for what prepares images."""

from __future__ import annotations

from fashioncnn.data.directory import image_dataset_from_directory
from fashioncnn.preprocessing import image
from fashioncnn.utils import absent

__all__ = ["image", "image_dataset_from_directory"]

__getattr__ = absent.module_getattr(__name__)
