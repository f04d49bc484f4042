"""Where the windows of convolutions and pools lie: the numbers of the C type `windows`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fashioncnn.exchange.c_program import sizes
from fashioncnn.exchange.c_steps import Step


class Windows(NamedTuple):
    """Windows over an image; along an axis, window i begins at pixel i * stride - before."""

    image: Sequence[int]
    channels: int
    size: Sequence[int]
    strides: Sequence[int]
    dilation: Sequence[int]
    counts: Sequence[int]
    before: Sequence[int]

    @property
    def text(self) -> str:
        """A value of the type in C."""
        return (f"{{.image = {sizes(self.image)}, .channels = {self.channels}, .count = {sizes(self.counts)}, "
                f".size = {sizes(self.size)}, .stride = {sizes(self.strides)}, .dilation = {sizes(self.dilation)}, "
                f".before = {sizes(self.before)}}}")

    @property
    def pointer(self) -> str:
        """A pointer to such a value."""
        return f"&(windows){self.text}"


def fitted_windows(step: Step, size: str) -> Windows:
    """Those of a convolution or a pool, as the step's padding says; `size` is the attribute with their size."""
    (*image, channels), node = step.input_shapes[0], step.attributes
    dilation = node.get("dilation_rate", (1, 1))
    fits = [_fit(*axis, node["padding"]) for axis in zip(image, node[size], node["strides"], dilation, strict=True)]
    counts, before = zip(*fits, strict=True)
    return Windows(image, channels, node[size], node["strides"], dilation, counts, before)


def _fit(extent: int, size: int, stride: int, dilation: int, padding: str) -> tuple[int, int]:
    """How many windows there are along an axis, and the padding before the first one."""
    reach = (size - 1) * dilation + 1
    if padding == "valid":
        return (extent - reach) // stride + 1, 0
    count = -(-extent // stride)
    return count, max((count - 1) * stride + reach - extent, 0) // 2


def pool_windows(step: Step) -> Windows:
    """Those of a pool, or the whole image for one that is global."""
    if "pool_size" in step.attributes:
        return fitted_windows(step, "pool_size")
    *image, channels = step.input_shapes[0]
    return Windows(image, channels, image, (1, 1), (1, 1), (1, 1), (0, 0))


def turned_windows(step: Step) -> Windows:
    """Those of a transposed convolution, over its output: one for each pixel of the input."""
    node, (*image, _), (*frame, filters) = step.attributes, step.input_shapes[0], step.shape
    before = [max((pixels - 1) * stride + (size - 1) * dilation + 1 - output, 0) // 2
              for pixels, output, size, stride, dilation in zip(image, frame, node["kernel_size"], node["strides"],
                                                                node["dilation_rate"], strict=True)]
    return Windows(frame, filters, node["kernel_size"], node["strides"], node["dilation_rate"], image, before)
