"""Turns any picture into an image like those of Fashion-MNIST: 28 x 28, gray, the object bright on black."""

from __future__ import annotations

import warnings
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
    scaled to 28 pixels, and black is added to the shorter. Of an animation the first picture is taken.

    Shapes:
        (28, 28)

    Raises:
        BadInput: If there is no such file, or it is no picture, or one too large.
        ImportError: If Pillow is not installed.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise ImportError('reading pictures needs Pillow: pip install "fashioncnn[images]"') from error

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                gray = _gray(ImageOps.exif_transpose(picture) or picture)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror or 'not a picture, or a damaged one'}") from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError, MemoryError) as error:
        raise BadInput(f"{path}: a picture too large") from error
    except Exception as error:  # Pillow's decoders raise whatever a damaged file provokes
        raise BadInput(f"{path}: {error}") from error
    if np.median(_border(np.asarray(gray))) > 127:
        gray = ImageOps.invert(gray)
    return np.asarray(ImageOps.pad(gray, (28, 28), Image.Resampling.LANCZOS, color=0))


def _gray(picture: Image.Image) -> Image.Image:
    """The picture in 8-bit gray."""
    from PIL import Image

    if picture.mode.startswith(("I", "F")):  # more than 8 bits, which Pillow would clip at 255
        pixels = np.nan_to_num(np.asarray(picture, np.float32), posinf=0, neginf=0)
        return Image.fromarray((pixels * (255 / _white(picture.mode, pixels))).clip(0, 255).astype(np.uint8))
    if "A" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert("L")


def _white(mode: str, pixels: NDArray[np.float32]) -> int:
    """The number that stands for white: 65535 among integers; floats reach to 1, as a rule, or are integers."""
    largest = pixels.max()
    return 65535 if mode != "F" or largest > 255 else 255 if largest > 1 else 1


def _border(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
