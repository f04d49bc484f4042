"""Turns any picture into an image like those of Fashion-MNIST: 28 x 28, gray, the object bright on black."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fashioncnn.cli.errors import BadInput

if TYPE_CHECKING:
    from PIL import Image


def read_image(path: str | PathLike[str]) -> NDArray[np.uint8]:
    """Reads a picture the way the data set's pictures were made.

    It is turned upright (EXIF), laid on white where it is transparent, and made gray. Where the background is light,
    that is, where the median of the outermost pixels is above 127, black and white are exchanged. Its longer side is
    scaled to 28 pixels, and black is added to the shorter.

    Shapes:
        (28, 28)

    Raises:
        BadInput: If there is no such file, or it is no picture.
        ImportError: If Pillow is not installed.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise ImportError('reading pictures needs Pillow: pip install "fashioncnn[images]"') from error

    try:
        with Image.open(path) as picture:
            gray = _gray(ImageOps.exif_transpose(picture) or picture)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror or 'not a picture, or a damaged one'}") from error
    except Exception as error:  # Pillow's decoders raise whatever a damaged file provokes
        raise BadInput(f"{path}: {error}") from error
    if np.median(_border(np.asarray(gray))) > 127:
        gray = ImageOps.invert(gray)
    return np.asarray(ImageOps.pad(gray, (28, 28), Image.Resampling.LANCZOS, color=0))


def _gray(picture: Image.Image) -> Image.Image:
    """The picture in 8-bit gray."""
    from PIL import Image

    if picture.mode.startswith("I"):  # 16-bit gray, which Pillow would clip at 255
        return Image.fromarray((np.asarray(picture) / 257).clip(0, 255).astype(np.uint8))
    if "A" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert("L")


def _border(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
