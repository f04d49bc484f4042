"""What the functions of int8.c compute, in NumPy, to the bit where C does not join products and sums (FMA).

Arrays are int8 (N, ...). Sums of products are made in double, in which whole numbers of 32 bits are exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashioncnn.exchange.c_windows import Windows

Array = NDArray[Any]


class Stored(NamedTuple):
    """How int8 numbers are meant: number = scale * (int8 - zero), and what is kept between before it is rounded."""

    scale: float
    zero: int
    low: float
    high: float

    def store(self, steps: Array) -> Array:
        """The int8 nearest to numbers that are counted in steps of the scale."""
        kept = np.minimum(np.maximum(steps.astype(np.float32), np.float32(self.low)), np.float32(self.high))
        return ((kept + np.float32(256.5)).astype(np.int32) - 256 + self.zero).astype(np.int8)

    def quantize(self, x: Array) -> Array:
        return self.store(x.astype(np.float32) * np.float32(1 / self.scale))

    def dequantize(self, x: Array) -> Array:
        return np.float32(self.scale) * (x.astype(np.float32) - np.float32(self.zero))

    def moved(self, x: Array) -> Array:
        """The numbers in steps, counted from zero."""
        return x.astype(np.float64) - self.zero


class Kernel(NamedTuple):
    """Weights in int8, the bias in steps of the sums, and what a step of the sums is worth in steps of the output."""

    weights: Array
    bias: Array
    scale: Array


def _taps(w: Windows, x: Array, outside: float = 0.0) -> Iterator[tuple[int, int, Array]]:
    """(i, j, the pixel (i, j) of all windows), for pixels of a window; those outside of the image are `outside`."""
    reach = [(size - 1) * dilation + 1 for size, dilation in zip(w.size, w.dilation, strict=True)]
    after = [max((count - 1) * stride + r - before - pixels, 0)
             for count, stride, r, before, pixels in zip(w.counts, w.strides, reach, w.before, w.image, strict=True)]
    margins = [(before, more) for before, more in zip(w.before, after, strict=True)]
    padded = np.pad(x, ((0, 0), *margins, (0, 0)), constant_values=outside)
    for i in range(w.size[0]):
        for j in range(w.size[1]):
            top, left = i * w.dilation[0], j * w.dilation[1]
            yield i, j, padded[:, top:top + (w.counts[0] - 1) * w.strides[0] + 1:w.strides[0],
                               left:left + (w.counts[1] - 1) * w.strides[1] + 1:w.strides[1]]


def _stored_sums(sums: Array, kernel: Kernel, output: Stored) -> Array:
    return output.store((sums + kernel.bias).astype(np.float32) * kernel.scale)


def dense(x: Array, source: Stored, kernel: Kernel, output: Stored) -> Array:
    return _stored_sums(source.moved(x) @ kernel.weights.astype(np.float64), kernel, output)


def conv2d(w: Windows, groups: int, x: Array, source: Stored, kernel: Kernel, output: Stored) -> Array:
    inputs, outputs = w.channels // groups, kernel.weights.shape[-1] // groups
    weights = kernel.weights.astype(np.float64)
    sums = np.zeros((len(x), *w.counts, outputs * groups))
    for i, j, pixels in _taps(w, source.moved(x)):
        for g in range(groups):
            own = slice(g * outputs, (g + 1) * outputs)
            sums[..., own] += pixels[..., g * inputs:(g + 1) * inputs] @ weights[i, j, :, own]
    return _stored_sums(sums, kernel, output)


def depthwise_conv2d(w: Windows, multiplier: int, x: Array, source: Stored, kernel: Kernel, output: Stored) -> Array:
    sums = np.zeros((len(x), *w.counts, w.channels * multiplier))
    for i, j, pixels in _taps(w, source.moved(x)):
        sums += np.repeat(pixels, multiplier, axis=-1) * kernel.weights[i, j].reshape(-1)
    return _stored_sums(sums, kernel, output)


def max_pool(w: Windows, x: Array) -> Array:
    largest = np.full((len(x), *w.counts, w.channels), -128, np.int8)
    for _, _, pixels in _taps(w, x, -128):
        largest = np.maximum(largest, pixels)
    return largest


def average_pool(w: Windows, x: Array, source: Stored, output: Stored) -> Array:
    sums = np.zeros((len(x), *w.counts, w.channels))
    for _, _, pixels in _taps(w, source.moved(x)):
        sums += pixels
    count = np.zeros((1, *w.counts, 1))
    for _, _, pixels in _taps(w, np.ones((1, *w.image, 1))):
        count += pixels
    return output.store(sums.astype(np.float32) / count.astype(np.float32) * np.float32(source.scale / output.scale))


def add(arrays: list[Array], sources: list[Stored], output: Stored) -> Array:
    sums = np.zeros(arrays[0].shape, np.float32)
    for x, source in zip(arrays, sources, strict=True):
        sums += np.float32(source.scale / output.scale) * source.moved(x).astype(np.float32)
    return output.store(sums)
