"""Functions of `tf.image` that change hue and saturation. Red, green and blue reach from 0 to 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.backend.conversion import floats, wrapped
from fashioncnn.utils.tensor import Tensor

__all__ = ["hsv_to_rgb", "rgb_to_hsv", "saturated", "turned"]


def _three_channels(owner: str, images: Any) -> NDArray[Any]:
    pixels = floats(images, owner)
    if pixels.ndim < 1 or pixels.shape[-1] != 3:
        raise ValueError(f"image.{owner}() takes three channels, got the shape {pixels.shape}")
    return pixels


def rgb_to_hsv(images: Any, name: str | None = None) -> Tensor:
    """Hue, saturation and value, each from 0 to 1, for red, green and blue.

    Raises:
        ValueError: If there are not three channels.

    Example:
        >>> rgb_to_hsv(np.array([[[0.0, 1.0, 0.5]]], np.float32)).round(3)
        array([[[0.417, 1.   , 1.   ]]], dtype=float32)
    """
    red, green, blue = np.moveaxis(_three_channels("rgb_to_hsv", images), -1, 0)
    value = np.maximum(np.maximum(red, green), blue)
    reach = value - np.minimum(np.minimum(red, green), blue)
    with np.errstate(divide="ignore", invalid="ignore"):
        saturation = np.where(value > 0, reach / value, 0)
        sixth = 1 / (6 * reach)
        hue = np.where(red == value, sixth * (green - blue),
                       np.where(green == value, sixth * (blue - red) + 2 / 6, sixth * (red - green) + 4 / 6))
    hue = np.where(reach > 0, hue, 0)
    return wrapped(np.stack([np.where(hue < 0, hue + 1, hue), saturation, value], axis=-1).astype(value.dtype))


def hsv_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """Red, green and blue for hue, saturation and value: the way back of `rgb_to_hsv`.

    Raises:
        ValueError: If there are not three channels.
    """
    hue, saturation, value = np.moveaxis(_three_channels("hsv_to_rgb", images), -1, 0)
    angle = hue * 6
    pure = (np.abs(angle - 3) - 1, 2 - np.abs(angle - 2), 2 - np.abs(angle - 4))
    parts = [(1 - saturation + saturation * np.clip(part, 0, 1)) * value for part in pure]
    return wrapped(np.stack(parts, axis=-1).astype(value.dtype))


def turned(pixels: NDArray[Any], delta: float) -> NDArray[Any]:
    """Colours whose hue is so much further on the circle, whose length is 1."""
    numbers = np.array(rgb_to_hsv(pixels))
    numbers[..., 0] = np.mod(numbers[..., 0] + delta, 1)
    return hsv_to_rgb(numbers)


def saturated(pixels: NDArray[Any], factor: float) -> NDArray[Any]:
    """Colours whose saturation is multiplied, and cut off at 1."""
    numbers = np.array(rgb_to_hsv(pixels))
    numbers[..., 1] = np.clip(numbers[..., 1] * factor, 0, 1)
    return hsv_to_rgb(numbers)
