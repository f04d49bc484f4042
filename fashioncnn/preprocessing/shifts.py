"""Colours and brightness shifted, and single random changes of an image: Keras's functions of these names.

Random numbers come from NumPy's global ones, in Keras's order: after ``np.random.seed`` both change an image alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.preprocessing.affine import apply_affine_transform

Array = NDArray[Any]


def apply_channel_shift(x: Any, intensity: float, channel_axis: int = 0) -> Array:
    """An image with a number added to all, and cut off at what were its smallest and largest numbers.

    Args:
        x: One image.
        intensity: What is added.
        channel_axis: Without effect: all channels are shifted alike.
    """
    array = np.asarray(x)
    return np.clip(array + intensity, array.min(), array.max())


def random_channel_shift(x: Any, intensity_range: float, channel_axis: int = 0) -> Array:
    """`apply_channel_shift` by at most `intensity_range`."""
    return apply_channel_shift(x, np.random.uniform(-intensity_range, intensity_range), channel_axis)


def apply_brightness_shift(x: Any, brightness: float, scale: bool = True) -> Array:
    """An image whose pixels, as whole numbers from 0 to 255, are multiplied, and cut off at 255.

    Args:
        x: One image (height, width, channels); of four channels the last, its opacity, stays.
        brightness: The factor.
        scale: Whether its numbers are brought to 0 to 255 first, as they are if one lies outside.

    Returns:
        float32 numbers from 0 to 255; without `scale` in the range of before.
    """
    array = np.asarray(x, np.float32)
    smallest, largest = array.min(), array.max()
    stretches = bool(smallest < 0 or largest > 255)
    if scale or stretches:
        array = array - smallest
        array = (array / array.max() if array.max() != 0 else array) * 255
    pixels = array.astype(np.uint8)
    shifted = np.clip(np.trunc(pixels * np.float32(brightness)), 0, 255).astype(np.float32)
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        shifted[..., 3] = pixels[..., 3]
    if stretches and not scale:
        shifted = shifted / 255 * (largest - smallest) + smallest
    return np.asarray(shifted)


def random_brightness(x: Any, brightness_range: Sequence[float], scale: bool = True) -> Array:
    """`apply_brightness_shift` by a factor between two bounds.

    Raises:
        ValueError: If these are not two.
    """
    low, high = _two("brightness_range", brightness_range)
    return apply_brightness_shift(x, np.random.uniform(low, high), scale)


def random_rotation(x: Any, rg: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0,
                    fill_mode: str = "nearest", cval: float = 0.0, interpolation_order: int = 1) -> Array:
    """An image turned by at most `rg` degrees. The other arguments are those of `apply_affine_transform`."""
    return apply_affine_transform(x, np.random.uniform(-rg, rg), row_axis=row_axis, col_axis=col_axis,
                                  channel_axis=channel_axis, fill_mode=fill_mode, cval=cval, order=interpolation_order)


def random_shift(x: Any, wrg: float, hrg: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0,
                 fill_mode: str = "nearest", cval: float = 0.0, interpolation_order: int = 1) -> Array:
    """An image shifted by at most these parts of its width and height. For the others see `apply_affine_transform`."""
    shape = np.shape(x)
    tx = np.random.uniform(-hrg, hrg) * shape[row_axis]
    ty = np.random.uniform(-wrg, wrg) * shape[col_axis]
    return apply_affine_transform(x, tx=tx, ty=ty, row_axis=row_axis, col_axis=col_axis, channel_axis=channel_axis,
                                  fill_mode=fill_mode, cval=cval, order=interpolation_order)


def random_shear(x: Any, intensity: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0,
                 fill_mode: str = "nearest", cval: float = 0.0, interpolation_order: int = 1) -> Array:
    """An image sheared by at most `intensity` degrees. For the others see `apply_affine_transform`."""
    return apply_affine_transform(x, shear=np.random.uniform(-intensity, intensity), row_axis=row_axis,
                                  col_axis=col_axis, channel_axis=channel_axis, fill_mode=fill_mode, cval=cval,
                                  order=interpolation_order)


def random_zoom(x: Any, zoom_range: Sequence[float], row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0,
                fill_mode: str = "nearest", cval: float = 0.0, interpolation_order: int = 1) -> Array:
    """An image zoomed by two factors between two bounds. For the others see `apply_affine_transform`."""
    low, high = _two("zoom_range", zoom_range)
    zx, zy = (1, 1) if low == high == 1 else np.random.uniform(low, high, 2)
    return apply_affine_transform(x, zx=zx, zy=zy, row_axis=row_axis, col_axis=col_axis, channel_axis=channel_axis,
                                  fill_mode=fill_mode, cval=cval, order=interpolation_order)


def _two(name: str, value: Any) -> tuple[float, float]:
    if np.ndim(value) != 1 or len(value) != 2:
        raise ValueError(f"`{name}` must be a tuple or list of two numbers, got {value!r}")
    return value[0], value[1]
