"""`ImageDataGenerator` and its kin, and functions for single images: names of Keras 2."""

from __future__ import annotations

from typing import Any

import numpy as np

from fashioncnn.preprocessing.affine import apply_affine_transform
from fashioncnn.preprocessing.generator import ImageDataGenerator
from fashioncnn.preprocessing.iterators import DataFrameIterator, DirectoryIterator, Iterator, NumpyArrayIterator
from fashioncnn.preprocessing.shifts import (
    apply_brightness_shift,
    apply_channel_shift,
    random_brightness,
    random_channel_shift,
    random_rotation,
    random_shear,
    random_shift,
    random_zoom,
)
from fashioncnn.utils import absent, checks, images, resizing
from fashioncnn.utils.arrays import read
from fashioncnn.utils.images import array_to_img, img_to_array, load_img, save_img

__all__ = [
    "DataFrameIterator",
    "DirectoryIterator",
    "ImageDataGenerator",
    "Iterator",
    "NumpyArrayIterator",
    "apply_affine_transform",
    "apply_brightness_shift",
    "apply_channel_shift",
    "array_to_img",
    "img_to_array",
    "load_img",
    "random_brightness",
    "random_channel_shift",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
    "save_img",
    "smart_resize",
]


def smart_resize(x: Any, size: Any, interpolation: str = "bilinear", data_format: str | None = "channels_last") -> Any:
    """An image, or a batch, in another size: the largest window in the middle that has its proportions.

    Args:
        x: (H, W, C) or (N, H, W, C).
        size: (height, width).
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5".
        data_format: "channels_last"; or "channels_first" for (C, H, W) or (N, C, H, W).

    Raises:
        ValueError: If a shape or an option does not fit.

    Example:
        >>> smart_resize(np.zeros((34, 50, 3)), (20, 20)).shape
        (20, 20, 3)
    """
    owner = "smart_resize()"
    height, width = resizing.size_of(owner, size)
    checks.one_of(owner, "interpolation", interpolation, resizing.METHODS)
    array = read(x)
    if array.ndim not in (3, 4):
        raise ValueError(f"{owner} takes an image of three axes or a batch of four, got the shape {array.shape}")
    is_last = images.data_format_of(owner, data_format) == "channels_last"
    result = resizing.resized_with_crop(array if is_last else np.moveaxis(array, -3, -1), height, width, interpolation)
    return result if is_last else np.moveaxis(result, -1, -3)


__getattr__ = absent.module_getattr(__name__)
