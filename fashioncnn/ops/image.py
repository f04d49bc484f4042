"""`fashioncnn.ops.image`: images in another size."""

from __future__ import annotations

from typing import Any

from fashioncnn import layers
from fashioncnn.ops.operation import operation
from fashioncnn.utils import absent, checks
from fashioncnn.utils.arrays import read
from fashioncnn.utils.tracing import current, is_traced

__all__ = ["resize"]


@operation
def resize(images: Any, size: Any, interpolation: str = "bilinear", antialias: bool = False,
           crop_to_aspect_ratio: bool = False, pad_to_aspect_ratio: bool = False, fill_mode: str = "constant",
           fill_value: float = 0.0, data_format: Any = None) -> Any:
    """Images (N, H, W, C) in another size; arguments as of `layers.Resizing`.

    Example:
        >>> import numpy as np
        >>> resize(np.zeros((2, 28, 28, 1)), (32, 32)).shape
        (2, 32, 32, 1)
    """
    height, width = size
    if not is_traced(images):
        layer = layers.Resizing(height, width, interpolation, crop_to_aspect_ratio, pad_to_aspect_ratio, fill_mode,
                                fill_value, antialias, data_format)
        return layer(read(images))
    if crop_to_aspect_ratio or pad_to_aspect_ratio or data_format not in (None, "channels_last"):
        raise checks.unsupported("ops.image.resize", "crop_to_aspect_ratio, pad_to_aspect_ratio or data_format",
                                 "set", "in a model: call layers.Resizing, which has them")
    return current().node("resizing", current().operand(images), size=(int(height), int(width)),
                          interpolation=interpolation, antialias=bool(antialias))


__getattr__ = absent.module_getattr(__name__)
