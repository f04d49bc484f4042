"""Single images in another size, in NumPy: each number is a weighted sum of some, its taps, along one axis and another.

Images in files have all sizes, and need methods that `layers.Resizing` does not have; batches of one size are its work.
Formulas and conventions are those of `tf.image.resize`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.utils import checks

Floats = NDArray[np.float32]
METHODS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")
_CUBIC_STEPS = 1024  # in which TensorFlow tabulates the weights of "bicubic"


def _triangle(x: Any) -> Any:
    return np.maximum(1 - x, 0)


def _keys_cubic(x: Any) -> Any:
    return np.where(x < 1, (1.5 * x - 2.5) * x * x + 1, np.where(x < 2, ((-0.5 * x + 2.5) * x - 4) * x + 2, 0))


def _mitchell(x: Any) -> Any:
    return np.where(x < 1, (7 / 6 * x - 2) * x * x + 8 / 9,
                    np.where(x < 2, ((-7 / 18 * x + 2) * x - 10 / 3) * x + 16 / 9, 0))


def _gaussian(x: Any) -> Any:
    return np.where(x < 1.5, np.exp(-2 * x * x), 0)


def _lanczos(radius: float, x: Any) -> Any:
    return np.where(x < radius, np.sinc(x) * np.sinc(x / radius), 0)


_KERNELS: dict[str, tuple[float, Callable[[Any], Any]]] = {
    "bilinear": (1.0, _triangle), "bicubic": (2.0, _keys_cubic), "mitchellcubic": (2.0, _mitchell),
    "gaussian": (1.5, _gaussian), "lanczos3": (3.0, functools.partial(_lanczos, 3.0)),
    "lanczos5": (5.0, functools.partial(_lanczos, 5.0)),
}


@functools.lru_cache(maxsize=256)
def taps(before: int, after: int, method: str, antialias: bool) -> tuple[NDArray[np.intp], Floats]:
    """Which numbers of a line each number of the resized line is made of, and with what weights.

    Args:
        before: Numbers of the line.
        after: Numbers of the resized line.
        method: One of `METHODS`.
        antialias: Whether the kernel is as wide as the new numbers are apart.

    Shapes:
        results (after, K)
    """
    scale = np.float32(before) / np.float32(after)  # rounded where TensorFlow rounds
    places = np.arange(after, dtype=np.float32)
    if method == "nearest":
        nearest = np.minimum(((places + np.float32(0.5)) * scale).astype(np.intp), before - 1)
        return nearest[:, None], np.ones((after, 1), np.float32)
    if method == "area":
        return _shares(before, places * scale, (places + 1) * scale)
    if method == "bicubic" and not antialias:
        return _tabulated(before, (places + np.float32(0.5)) * scale - np.float32(0.5))
    if method != "bilinear" or antialias:
        scale = np.float32(1) / (np.float32(after) / np.float32(before))
    centres = (places + np.float32(0.5)) * scale
    radius, kernel = _KERNELS[method]
    width = max(scale, np.float32(1)) if antialias else np.float32(1)
    first = np.ceil(centres - radius * width - 0.5).astype(np.intp)
    index = first[:, None] + np.arange(math.floor(2 * radius * width) + 2)
    weights = kernel(abs(index.astype(np.float32) + np.float32(0.5) - centres[:, None]) / width)
    if method == "bilinear" and not antialias:  # what lies outside is the outermost number
        return np.clip(index, 0, before - 1), weights.astype(np.float32)
    return _normalized(before, index, weights)


def _normalized(before: int, index: NDArray[np.intp], weights: NDArray[Any]) -> tuple[NDArray[np.intp], Floats]:
    """Without the taps that lie outside; the weights of the others add up to 1."""
    weights = np.where((index >= 0) & (index < before), weights, 0)
    weights = weights / weights.sum(axis=1, keepdims=True)
    return np.clip(index, 0, before - 1), weights.astype(np.float32)


def _tabulated(before: int, places: NDArray[Any]) -> tuple[NDArray[np.intp], Floats]:
    """The four taps of "bicubic"."""
    first = np.floor(places)
    part = np.rint((places - first) * _CUBIC_STEPS) / _CUBIC_STEPS
    offsets = np.arange(-1, 3)
    return _normalized(before, first.astype(np.intp)[:, None] + offsets, _keys_cubic(abs(part[:, None] - offsets)))


def _shares(before: int, begin: NDArray[Any], end: NDArray[Any]) -> tuple[NDArray[np.intp], Floats]:
    """The mean over a stretch of the line, whose first and last numbers may count in part."""
    first = np.floor(begin).astype(np.intp)
    index = first[:, None] + np.arange(int(np.ceil(end - first).max()))
    covered = np.minimum(index + 1, end[:, None]) - np.maximum(index, begin[:, None])
    return _normalized(before, index, np.maximum(covered, 0))


def resized(image: NDArray[Any], height: int, width: int, method: str = "bilinear", antialias: bool = False) -> Any:
    """An image, or several, of another size: float32, or of its own type where nothing is computed.

    Args:
        image: (..., H, W, C).
        height: Of the result.
        width: Of the result.
        method: One of `METHODS`.
        antialias: Whether what is too fine for a smaller image is smoothed away first; not for "nearest" and "area".

    Shapes:
        result (..., height, width, C)

    Example:
        >>> resized(np.array([[[0.0], [1.0]]]), 1, 4)[0, :, 0]
        array([0.  , 0.25, 0.75, 1.  ], dtype=float32)
    """
    rows, columns = image.shape[-3:-1]
    values = image if method == "nearest" else image.astype(np.float32, copy=False)
    if (rows, columns) == (height, width) and method in ("bilinear", "nearest", "area", "bicubic"):
        return values
    vertical, horizontal = (taps(rows, height, method, antialias), taps(columns, width, method, antialias))
    if method == "nearest":
        return values[..., vertical[0], horizontal[0][:, 0], :]
    return _along(_along(values, -3, *vertical), -2, *horizontal)


def _along(values: Floats, axis: int, index: NDArray[np.intp], weights: Floats) -> Floats:
    shape = (-1,) + (1,) * (-axis - 1)
    result = values.take(index[:, 0], axis) * weights[:, 0].reshape(shape)
    for tap in range(1, index.shape[1]):
        if weights[:, tap].any():
            result += values.take(index[:, tap], axis) * weights[:, tap].reshape(shape)
    return result


def largest_window(height: int, width: int, target_height: int, target_width: int) -> tuple[int, int, int, int]:
    """Top, left, height and width of the largest window in the middle that has the target's proportions, as Keras
    rounds them."""
    crop_height = max(min(height, int(float(width * target_height) / target_width)), 1)
    crop_width = max(min(width, int(float(height * target_width) / target_height)), 1)
    return int((height - crop_height) / 2), int((width - crop_width) / 2), crop_height, crop_width


def resized_with_crop(image: NDArray[Any], height: int, width: int, method: str = "bilinear") -> Any:
    """The image's largest window of the target's proportions, resized."""
    top, left, rows, columns = largest_window(image.shape[-3], image.shape[-2], height, width)
    return resized(image[..., top : top + rows, left : left + columns, :], height, width, method)


def resized_with_pad(image: NDArray[Any], height: int, width: int, method: str = "bilinear",
                     antialias: bool = False) -> Any:
    """The whole image resized without distortion, in the middle of a black one."""
    rows, columns = map(np.float32, image.shape[-3:-1])
    ratio = max(rows / np.float32(height), columns / np.float32(width))
    inner_height, inner_width = rows / ratio, columns / ratio
    inner = resized(image, max(int(inner_height), 1), max(int(inner_width), 1), method, antialias)
    top, left = (max(0, math.floor((whole - part) / 2))
                 for whole, part in ((height, inner_height), (width, inner_width)))
    result = np.zeros((*image.shape[:-3], height, width, image.shape[-1]), inner.dtype)
    result[..., top : top + inner.shape[-3], left : left + inner.shape[-2], :] = inner
    return result


def size_of(owner: str, size: Any) -> tuple[int, int]:
    """A size as two integers.

    Raises:
        ValueError: If it is something else.
    """
    given = list(size) if hasattr(size, "__len__") else [size]
    if len(given) != 2:
        raise ValueError(f"{owner} takes a size of (height, width), got {size!r}")
    return checks.integer("size", given[0], at_least=1), checks.integer("size", given[1], at_least=1)
