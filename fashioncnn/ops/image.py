"""`fashioncnn.ops.image`: images in another size, and seen through a transform."""

from __future__ import annotations

from typing import Any

import numpy as np

from fashioncnn import layers
from fashioncnn._core import resample
from fashioncnn.layers.symbolic import is_symbolic
from fashioncnn.ops.operation import operation
from fashioncnn.utils import absent, checks
from fashioncnn.utils.arrays import read
from fashioncnn.utils.tensor import Tensor
from fashioncnn.utils.tracing import current, is_traced

__all__ = ["affine_transform", "resize"]

FILL_MODES = ("constant", "nearest", "wrap", "reflect")


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


def affine_transform(images: Any, transform: Any, interpolation: str = "bilinear", fill_mode: str = "constant",
                     fill_value: float = 0, data_format: Any = None) -> Any:
    """Images seen through projective transforms, at once and on all cores.

    With a transform ``[a0, a1, a2, b0, b1, b2, c0, c1]`` the pixel in column x and line y of the result is what the
    image has at::

        ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k),   k = c0 x + c1 y + 1

    Args:
        images: (N, H, W, C) numbers, or one image (H, W, C).
        transform: (N, 8) or (8,) numbers. One for all images may be (1, 8), too.
        interpolation: "bilinear", or "nearest".
        fill_mode: What lies beyond the border, where pixels are a b c d: "constant" k k a b c d k k, "nearest"
            a a a b c d d d, "reflect" b a a b c d d c, "wrap" c d a b c d a b (as in TensorFlow, whose wrap is periodic
            only as far as one image before and behind).
        fill_value: The constant k.
        data_format: "channels_last", or "channels_first" for (N, C, H, W); None: "channels_last".

    Returns:
        Images of the same shape and type; integers are cut off, as in Keras with TensorFlow.

    Raises:
        NotImplementedError: If it is called within a model.
        TypeError: If the images are not made of numbers.
        ValueError: If a shape does not fit, an option is unknown, or a number of a transform is not finite.

    Example:
        >>> image = np.arange(6).reshape(2, 3, 1)
        >>> affine_transform(image, [1, 0, -1, 0, 1, 0, 0, 0], fill_value=9)[:, :, 0]  # one to the right
        array([[9, 0, 1],
               [9, 3, 4]])
    """
    if is_symbolic(images) or is_symbolic(transform):
        raise NotImplementedError("ops.image.affine_transform() works on arrays, not within a model: use "
                                  "layers.RandomTranslation, RandomRotation or RandomZoom there")
    checks.one_of("affine_transform()", "interpolation", interpolation, ("bilinear", "nearest"))
    checks.one_of("affine_transform()", "fill_mode", fill_mode, FILL_MODES)
    layout = checks.one_of("affine_transform()", "data_format", data_format, (None, "channels_last", "channels_first"))
    pixels, transforms = read(images), np.ascontiguousarray(read(transform), np.float32)
    if pixels.ndim not in (3, 4):
        raise ValueError("affine_transform(): `images` must be one image, of 3 axes, or a batch of 4, got shape "
                         f"{pixels.shape}")
    batch = pixels if pixels.ndim == 4 else pixels[np.newaxis]
    transforms = transforms if transforms.ndim == 2 else transforms[np.newaxis]
    if transforms.ndim != 2 or transforms.shape[1] != 8 or transforms.shape[0] not in (1, len(batch)):
        raise ValueError(f"affine_transform(): `transform` must be 8 numbers, or {len(batch)} times 8, got shape "
                         f"{np.shape(transform)}")
    if layout == "channels_first":
        batch = batch.transpose(0, 2, 3, 1)
    result = np.empty(batch.shape, np.float32)
    resample(batch, transforms, result, fill_mode, checks.number("fill_value", fill_value), interpolation == "bilinear")
    if layout == "channels_first":
        result = np.ascontiguousarray(result.transpose(0, 3, 1, 2))
    return result.reshape(pixels.shape).astype(pixels.dtype, copy=False).view(Tensor)


__getattr__ = absent.module_getattr(__name__)
