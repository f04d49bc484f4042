"""A picture: a figure of matplotlib that shows itself in notebooks and is saved whole; and grids of images in it."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.saving.files import replacing

try:
    from matplotlib.figure import Figure
except ImportError as problem:
    raise ImportError('fashioncnn.visualization needs an extra: pip install "fashioncnn[plot]"') from problem


class Picture(Figure):
    """A figure of matplotlib. It belongs to no window and to no global state, so many can be made in a script.

    Args:
        width: In inches.
        height: In inches.

    Example:
        >>> picture = Picture(4, 3)
        >>> axes = picture.subplots()
        >>> _ = axes.plot([1, 2, 3])
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "line.png")
        >>> picture.save(path)
        >>> open(path, "rb").read(4)
        b'\\x89PNG'
    """

    def __init__(self, width: float, height: float) -> None:
        super().__init__(figsize=(width, height), layout="constrained")

    def save(self, path: str | os.PathLike[str], dpi: float = 100) -> None:
        """Writes the picture to a file of the kind that its name ends in: .png, .svg, .pdf, ...; PNG where none is
        named. A file that exists is replaced when the new one is whole.

        Args:
            path: The file.
            dpi: Pixels an inch.

        Raises:
            OSError: If the file cannot be written.
            ValueError: If matplotlib does not know the ending.
        """
        kind = os.path.splitext(os.fspath(path))[1][1:] or "png"
        if kind not in self.canvas.get_supported_filetypes():
            known = ", ".join(sorted(self.canvas.get_supported_filetypes()))
            raise ValueError(f"{os.fspath(path)!r}: pictures of the kind {kind!r} cannot be written; supported: "
                             f"{known}")
        with replacing(path) as file:
            self.savefig(file, format=kind, dpi=dpi)

    def _repr_png_(self) -> bytes:
        """What a notebook shows."""
        file = io.BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()


def grid(count: int, columns: int | None, size: float, extra_height: float = 0.0) -> tuple[Picture, list[Any]]:
    """A picture with `count` axes without frames, line by line; `columns` None: about a square.

    Args:
        count: How many.
        columns: In a line.
        size: Of one, in inches.
        extra_height: Of one, for its title.
    """
    columns = min(count, columns or math.ceil(math.sqrt(count)))
    lines = math.ceil(count / columns)
    picture = Picture(max(columns * size, 2.0), max(lines * (size + extra_height), 1.5))
    axes = picture.subplots(lines, columns, squeeze=False).ravel().tolist()
    for each in axes:
        each.set_axis_off()
    return picture, axes[:count]


def draw_image(axes: Any, image: NDArray[Any], colors: str = "gray", low: float = 0.0, high: float = 1.0) -> None:
    """Draws an image, (height, width) or (height, width, 3), without smoothing its pixels."""
    axes.imshow(image, cmap=colors, vmin=low, vmax=high, interpolation="nearest")


def as_images(images: Any) -> NDArray[np.float32]:
    """Images with numbers from 0 to 1, (N, height, width) or (N, height, width, 3 or 4).

    Whole numbers, and others where one is above 1 and none below 0, are taken for 0 to 255; where one is below 0, or
    above 255, each image is stretched from its smallest number to its largest.

    Raises:
        ValueError: If they have another shape.
    """
    array = np.asarray(images)
    if array.ndim == 4 and array.shape[-1] == 1:
        array = array[..., 0]
    if not (array.ndim == 3 or (array.ndim == 4 and array.shape[-1] in (3, 4))):
        raise ValueError("images have the shape (N, height, width) or (N, height, width, 1, 3 or 4), got "
                         f"{array.shape}")
    values: NDArray[np.float32] = array.astype(np.float32)
    low, high = values.min(initial=0), values.max(initial=0)
    if low < 0 or high > 255:
        return stretched(values, tuple(range(1, values.ndim)))
    whole = np.issubdtype(array.dtype, np.integer)
    return values / np.float32(255) if whole or high > 1 else values


def stretched(values: NDArray[Any], axes: Sequence[int]) -> NDArray[np.float32]:
    """The values moved and scaled so that along `axes` the smallest is 0 and the largest 1; 0 where all are alike."""
    low = values.min(axis=tuple(axes), keepdims=True)
    span = values.max(axis=tuple(axes), keepdims=True) - low
    result: NDArray[np.float32] = ((values - low) / np.where(span > 0, span, 1)).astype(np.float32)
    return result
