"""`tf.image`: images (H, W, C), or batches (N, H, W, C), cut, resized, flipped and recoloured.

Arguments and defaults are TensorFlow's; random numbers follow from `utils.set_random_seed`.
"""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn._tf.colours import hsv_to_rgb, rgb_to_hsv, saturated, turned
from fashioncnn._tf.io import decode_bmp, decode_gif, decode_image, decode_jpeg, decode_png
from fashioncnn.backend.conversion import array, wrapped
from fashioncnn.random import drawn
from fashioncnn.utils import absent, checks, resizing
from fashioncnn.utils.tensor import Tensor

__all__ = ["ResizeMethod", "adjust_brightness", "adjust_contrast", "adjust_gamma", "adjust_hue", "adjust_saturation",
           "central_crop", "convert_image_dtype", "crop_to_bounding_box", "decode_bmp", "decode_gif", "decode_image",
           "decode_jpeg", "decode_png", "flip_left_right", "flip_up_down", "grayscale_to_rgb", "hsv_to_rgb",
           "pad_to_bounding_box", "per_image_standardization", "random_brightness", "random_contrast", "random_crop",
           "random_flip_left_right", "random_flip_up_down", "random_hue", "random_saturation", "resize",
           "resize_with_crop_or_pad", "resize_with_pad", "rgb_to_grayscale", "rgb_to_hsv", "rot90",
           "stateless_random_brightness", "stateless_random_contrast", "stateless_random_crop",
           "stateless_random_flip_left_right", "stateless_random_flip_up_down", "stateless_random_hue",
           "stateless_random_saturation", "transpose"]
_LUMA = np.array([0.2989, 0.587, 0.114], np.float32)


class ResizeMethod:
    """Names of methods for `resize`."""

    AREA, BICUBIC, BILINEAR, GAUSSIAN = "area", "bicubic", "bilinear", "gaussian"
    LANCZOS3, LANCZOS5, MITCHELLCUBIC, NEAREST_NEIGHBOR = "lanczos3", "lanczos5", "mitchellcubic", "nearest"


def _images(owner: str, image: Any) -> NDArray[Any]:
    pixels = array(image)
    if pixels.ndim not in (3, 4):
        raise ValueError(f"image.{owner}() takes an image of three axes, or a batch of four, got the shape "
                         f"{pixels.shape}")
    return pixels


def _method(method: Any) -> str:
    found: str = checks.one_of("image.resize()", "method", str(method).lower(), resizing.METHODS)
    return found


def resize(images: Any, size: Any, method: Any = "bilinear", preserve_aspect_ratio: bool = False,
           antialias: bool = False, name: str | None = None) -> Tensor:
    """Images in another size: float32, but for "nearest".

    Args:
        images: One image or a batch.
        size: (height, width).
        method: One of `ResizeMethod`.
        preserve_aspect_ratio: Whether the result is the largest within `size` that is not distorted.
        antialias: Whether what is too fine for a smaller image is smoothed away first.
        name: Without effect.

    Raises:
        ValueError: If an argument does not fit.

    Example:
        >>> resize(np.zeros((5, 7, 3), np.uint8), (28, 28)).shape
        (28, 28, 3)
    """
    pixels = _images("resize", images)
    height, width = resizing.size_of("image.resize()", [int(extent) for extent in np.atleast_1d(size)])
    if preserve_aspect_ratio:
        scale = min(height / pixels.shape[-3], width / pixels.shape[-2])
        height, width = (builtins.max(round(scale * extent), 1) for extent in pixels.shape[-3:-1])
    return wrapped(resizing.resized(pixels, height, width, _method(method), antialias))


def resize_with_pad(image: Any, target_height: int, target_width: int, method: Any = "bilinear",
                    antialias: bool = False) -> Tensor:
    """The whole image without distortion, in the middle of a black one."""
    return wrapped(resizing.resized_with_pad(_images("resize_with_pad", image), target_height, target_width,
                                             _method(method), antialias))


def resize_with_crop_or_pad(image: Any, target_height: int, target_width: int) -> Tensor:
    """The middle of the image, with zeros around where it is too small."""
    pixels = _images("resize_with_crop_or_pad", image)
    for axis, extent in ((-3, target_height), (-2, target_width)):
        more = extent - pixels.shape[axis]
        if more > 0:
            widths = [(0, 0)] * pixels.ndim
            widths[axis] = (more // 2, more - more // 2)
            pixels = np.pad(pixels, widths)
        elif more < 0:
            pixels = pixels.take(np.arange(extent) + -more // 2, axis)
    return wrapped(pixels)


def central_crop(image: Any, central_fraction: float) -> Tensor:
    """The middle of the image: this part of its height and width."""
    part = checks.number("central_fraction", central_fraction, above=0, at_most=1)
    pixels = _images("central_crop", image)
    top, left = (int((extent - extent * part) / 2) for extent in pixels.shape[-3:-1])
    return crop_to_bounding_box(pixels, top, left, pixels.shape[-3] - 2 * top, pixels.shape[-2] - 2 * left)


def crop_to_bounding_box(image: Any, offset_height: int, offset_width: int, target_height: int,
                         target_width: int) -> Tensor:
    """A part of the image.

    Raises:
        ValueError: If it is not within.
    """
    pixels = _images("crop_to_bounding_box", image)
    bottom, right = offset_height + target_height, offset_width + target_width
    if builtins.min(offset_height, offset_width) < 0 or bottom > pixels.shape[-3] or right > pixels.shape[-2]:
        raise ValueError(f"image.crop_to_bounding_box(): rows {offset_height} to {bottom} and columns {offset_width} "
                         f"to {right} are not within the shape {pixels.shape}")
    return wrapped(pixels[..., offset_height:bottom, offset_width:right, :])


def pad_to_bounding_box(image: Any, offset_height: int, offset_width: int, target_height: int,
                        target_width: int) -> Tensor:
    """The image within a larger one of zeros.

    Raises:
        ValueError: If it does not fit.
    """
    pixels = _images("pad_to_bounding_box", image)
    below = target_height - offset_height - pixels.shape[-3]
    right = target_width - offset_width - pixels.shape[-2]
    if builtins.min(offset_height, offset_width, below, right) < 0:
        raise ValueError(f"image.pad_to_bounding_box(): the shape {pixels.shape} does not fit into {target_height} "
                         f"rows and {target_width} columns at {offset_height}, {offset_width}")
    widths = [(0, 0)] * (pixels.ndim - 3) + [(offset_height, below), (offset_width, right), (0, 0)]
    return wrapped(np.pad(pixels, widths))


def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False, name: str | None = None) -> Tensor:
    """Pixels of another type: floats reach from 0 to 1, integers from 0 to the largest of their type.

    Example:
        >>> convert_image_dtype(np.array([0, 255], np.uint8), np.float32)
        array([0., 1.], dtype=float32)
    """
    pixels, kind = array(image), np.dtype(dtype)
    if pixels.dtype == kind:
        return wrapped(pixels)
    if pixels.dtype.kind in "iu" and kind.kind == "f":
        return wrapped(pixels.astype(kind) * kind.type(1 / np.iinfo(pixels.dtype).max))
    if kind.kind == "f":
        return wrapped(pixels.astype(kind))
    most = np.iinfo(kind).max
    if pixels.dtype.kind == "f":
        scaled = pixels * pixels.dtype.type(most + 0.5)
        return wrapped((np.clip(scaled, np.iinfo(kind).min, most) if saturate else scaled).astype(kind))
    before = np.iinfo(pixels.dtype).max
    scaled = pixels // ((before + 1) // (most + 1)) if before > most else pixels.astype(kind) * (
        (most + 1) // (before + 1))
    return wrapped((np.clip(scaled, np.iinfo(kind).min, most) if saturate else scaled).astype(kind))


def grayscale_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """Three equal channels for one."""
    pixels = array(images)
    if pixels.ndim < 1 or pixels.shape[-1] != 1:
        raise ValueError(f"image.grayscale_to_rgb() takes one channel, got the shape {pixels.shape}")
    return wrapped(np.repeat(pixels, 3, axis=-1))


def rgb_to_grayscale(images: Any, name: str | None = None) -> Tensor:
    """One channel, as bright as three seem."""
    pixels = array(images)
    if pixels.ndim < 1 or pixels.shape[-1] != 3:
        raise ValueError(f"image.rgb_to_grayscale() takes three channels, got the shape {pixels.shape}")
    gray = convert_image_dtype(pixels, np.float32).numpy() @ _LUMA
    return convert_image_dtype(gray[..., np.newaxis], pixels.dtype)


def flip_left_right(image: Any) -> Tensor:
    """Mirrored."""
    return wrapped(np.flip(_images("flip_left_right", image), -2))


def flip_up_down(image: Any) -> Tensor:
    """On its head."""
    return wrapped(np.flip(_images("flip_up_down", image), -3))


def rot90(image: Any, k: int = 1, name: str | None = None) -> Tensor:
    """Turned to the left by so many right angles."""
    return wrapped(np.rot90(_images("rot90", image), k, (-3, -2)))


def transpose(image: Any, name: str | None = None) -> Tensor:
    """Rows and columns exchanged."""
    return wrapped(np.swapaxes(_images("transpose", image), -3, -2))


def _chance(seed: Any) -> np.random.Generator:
    """The random numbers of two integers, the seed of what is called stateless: the same in each call.

    Raises:
        ValueError: If they are not two integers.
    """
    numbers = array(seed)
    if numbers.shape != (2,) or numbers.dtype.kind not in "iu":
        raise ValueError(f"`seed` of a stateless function must be two integers, such as (1, 2), got {seed!r}")
    return np.random.Generator(np.random.PCG64([int(number) % 2**64 for number in numbers]))


def _flipped_at_random(image: Any, axis: int, chance: np.random.Generator) -> Tensor:
    pixels = _images("random_flip", image)
    chosen = chance.random(pixels.shape[:-3]) < 0.5
    return wrapped(np.where(chosen[..., None, None, None], np.flip(pixels, axis), pixels))


def random_flip_left_right(image: Any, seed: int | None = None) -> Tensor:
    """Every other image mirrored, by chance."""
    return _flipped_at_random(image, -2, drawn(seed))


def random_flip_up_down(image: Any, seed: int | None = None) -> Tensor:
    """Every other image on its head, by chance."""
    return _flipped_at_random(image, -3, drawn(seed))


def random_crop(value: Any, size: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """A part of an array, of this shape, by chance.

    Raises:
        ValueError: If it is larger than the array.
    """
    return _cut(value, size, drawn(seed))


def _cut(value: Any, size: Any, chance: np.random.Generator) -> Tensor:
    pixels, extents = array(value), [int(extent) for extent in size]
    if len(extents) != pixels.ndim:
        raise ValueError(f"image.random_crop() got the size {tuple(extents)} for the shape {pixels.shape}; it takes "
                         "an extent for each axis, the channels' too")
    room = [whole - part for whole, part in zip(pixels.shape, extents, strict=True)]
    if builtins.min(room) < 0:
        raise ValueError(f"image.random_crop() got the size {tuple(extents)} for the shape {pixels.shape}")
    starts = [int(start) for start in chance.integers(np.array(room) + 1)]
    return wrapped(pixels[tuple(slice(start, start + part) for start, part in zip(starts, extents, strict=True))])


def _in_floats(image: Any, change: Any) -> Tensor:
    """Changed as floats, and back in its type, where it is cut off."""
    pixels = array(image)
    if pixels.dtype.kind == "f":
        return wrapped(change(pixels))
    return convert_image_dtype(change(convert_image_dtype(pixels, np.float32).numpy()), pixels.dtype, saturate=True)


def adjust_brightness(image: Any, delta: float) -> Tensor:
    """A number added to all pixels, which reach from 0 to 1 where they are floats; so they count for integers."""
    return _in_floats(image, lambda pixels: pixels + pixels.dtype.type(delta))


def adjust_contrast(images: Any, contrast_factor: float) -> Tensor:
    """Each channel's distance to its mean, multiplied."""
    def change(pixels: NDArray[Any]) -> NDArray[Any]:
        mean = pixels.mean(axis=(-3, -2), keepdims=True)
        return np.asarray((pixels - mean) * pixels.dtype.type(contrast_factor) + mean)

    return _in_floats(images, change)


def adjust_gamma(image: Any, gamma: float = 1, gain: float = 1) -> Tensor:
    """``gain * image ** gamma``"""
    return _in_floats(image, lambda pixels: pixels.dtype.type(gain) * pixels ** pixels.dtype.type(gamma))


def adjust_hue(image: Any, delta: float, name: str | None = None) -> Tensor:
    """Colours turned by a part of the circle of hues, from -1 to 1.

    Raises:
        ValueError: If `delta` is out of range, or there are not three channels.
    """
    angle = checks.number("delta", delta, at_least=-1, at_most=1)
    return _in_floats(image, lambda pixels: turned(pixels, angle))


def adjust_saturation(image: Any, saturation_factor: float, name: str | None = None) -> Tensor:
    """Colours stronger, or weaker: their saturation multiplied.

    Raises:
        ValueError: If there are not three channels.
    """
    return _in_floats(image, lambda pixels: saturated(pixels, saturation_factor))


def _delta(max_delta: float, most: float, chance: np.random.Generator) -> float:
    reach = checks.number("max_delta", max_delta, at_least=0, at_most=most)
    return float(chance.uniform(-reach, reach))


def _factor(lower: float, upper: float, chance: np.random.Generator) -> float:
    least = checks.number("lower", lower, at_least=0)
    return float(chance.uniform(least, checks.number("upper", upper, above=least)))


def random_brightness(image: Any, max_delta: float, seed: int | None = None) -> Tensor:
    """`adjust_brightness` by at most `max_delta`, either way."""
    return adjust_brightness(image, _delta(max_delta, np.inf, drawn(seed)))


def random_contrast(image: Any, lower: float, upper: float, seed: int | None = None) -> Tensor:
    """`adjust_contrast` by a factor between two."""
    return adjust_contrast(image, _factor(lower, upper, drawn(seed)))


def random_hue(image: Any, max_delta: float, seed: int | None = None) -> Tensor:
    """`adjust_hue` by at most `max_delta`, up to 0.5, either way."""
    return adjust_hue(image, _delta(max_delta, 0.5, drawn(seed)))


def random_saturation(image: Any, lower: float, upper: float, seed: int | None = None) -> Tensor:
    """`adjust_saturation` by a factor between two."""
    return adjust_saturation(image, _factor(lower, upper, drawn(seed)))


def stateless_random_brightness(image: Any, max_delta: float, seed: Any) -> Tensor:
    """`random_brightness`, the same in each call with the same two integers as `seed`; so are the following."""
    return adjust_brightness(image, _delta(max_delta, np.inf, _chance(seed)))


def stateless_random_contrast(image: Any, lower: float, upper: float, seed: Any) -> Tensor:
    """`random_contrast` of two integers."""
    return adjust_contrast(image, _factor(lower, upper, _chance(seed)))


def stateless_random_crop(value: Any, size: Any, seed: Any, name: str | None = None) -> Tensor:
    """`random_crop` of two integers."""
    return _cut(value, size, _chance(seed))


def stateless_random_flip_left_right(image: Any, seed: Any) -> Tensor:
    """`random_flip_left_right` of two integers."""
    return _flipped_at_random(image, -2, _chance(seed))


def stateless_random_flip_up_down(image: Any, seed: Any) -> Tensor:
    """`random_flip_up_down` of two integers."""
    return _flipped_at_random(image, -3, _chance(seed))


def stateless_random_hue(image: Any, max_delta: float, seed: Any) -> Tensor:
    """`random_hue` of two integers."""
    return adjust_hue(image, _delta(max_delta, 0.5, _chance(seed)))


def stateless_random_saturation(image: Any, lower: float, upper: float, seed: Any) -> Tensor:
    """`random_saturation` of two integers."""
    return adjust_saturation(image, _factor(lower, upper, _chance(seed)))


def per_image_standardization(image: Any) -> Tensor:
    """Each image with mean 0 and deviation 1; the deviation counts as at least ``1 / sqrt(size)``."""
    pixels = _images("per_image_standardization", image).astype(np.float32)
    axes = (-3, -2, -1)
    least = 1 / np.sqrt(np.float32(np.prod(pixels.shape[-3:])))
    return wrapped((pixels - pixels.mean(axis=axes, keepdims=True))
                   / np.maximum(pixels.std(axis=axes, keepdims=True), least))


__getattr__ = absent.tensorflow_getattr(__name__, "image")
