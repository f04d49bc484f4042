"""`tf.io`: files as bytes, and pictures in bytes as arrays. Arguments and defaults are TensorFlow's."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np

from fashioncnn.backend.conversion import wrapped
from fashioncnn.data.directory import pixels_of
from fashioncnn.utils import absent, checks, images
from fashioncnn.utils.tensor import Tensor

__all__ = ["decode_bmp", "decode_gif", "decode_image", "decode_jpeg", "decode_png", "read_file", "write_file"]
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def _bytes(value: Any) -> bytes:
    found = value.item() if isinstance(value, np.ndarray) else value
    return found.encode() if isinstance(found, str) else bytes(found)


def read_file(filename: Any, name: str | None = None) -> Any:
    """What is in a file, as an array without axes that holds bytes.

    Raises:
        OSError: If it cannot be read.
    """
    path = filename if isinstance(filename, os.PathLike) else os.fsdecode(_bytes(filename))
    with open(path, "rb") as file:
        content = np.empty((), object)
        content[()] = file.read()
    return content.view(Tensor)


def write_file(filename: Any, contents: Any, name: str | None = None) -> None:
    """Writes bytes to a file."""
    with open(os.fsdecode(_bytes(filename)), "wb") as file:
        file.write(_bytes(contents))


def decode_image(contents: Any, channels: int | None = None, dtype: Any = np.uint8, name: str | None = None,
                 expand_animations: bool = True) -> Tensor:
    """The picture in bytes: BMP, GIF, JPEG or PNG.

    Args:
        contents: The bytes.
        channels: How many the result has; None and 0: as many as the picture.
        dtype: np.uint8, or a float type for pixels from 0 to 1.
        name: Without effect.
        expand_animations: Whether all pictures of an animation come, along an axis before the others.

    Shapes:
        result (H, W, channels)

    Raises:
        DataError: If it is no picture, or a damaged one.
        ValueError: If an argument is not supported.
        ImportError: If Pillow is not installed.
    """
    wanted = checks.one_of("io.decode_image()", "channels", channels or 0, (0, 1, 3, 4))

    def read(picture: Any) -> Any:
        frames = getattr(picture, "n_frames", 1) if expand_animations and picture.format == "GIF" else 0
        if not frames:
            return pixels_of(picture, _MODES[wanted or _channels(picture)])
        found = []
        for number in range(frames):
            picture.seek(number)
            found.append(pixels_of(picture, _MODES[wanted or 3]))
        return np.stack(found)

    pixels = images.read_picture(io.BytesIO(_bytes(contents)), read)
    if np.dtype(dtype) == np.uint8:
        return wrapped(pixels)
    if np.dtype(dtype).kind != "f":
        raise checks.unsupported("io.decode_image()", "dtype", np.dtype(dtype).name, "'uint8' and floats")
    return wrapped(pixels.astype(dtype) / np.dtype(dtype).type(255))


def _channels(picture: Any) -> int:
    bands = len(picture.getbands())
    if picture.mode == "P":
        return 4 if "transparency" in picture.info else 3
    return 3 if picture.mode == "CMYK" else bands


def decode_png(contents: Any, channels: int = 0, dtype: Any = np.uint8, name: str | None = None) -> Tensor:
    """The picture in bytes, of any kind: see `decode_image`."""
    return decode_image(contents, channels, dtype, expand_animations=False)


def decode_jpeg(contents: Any, channels: int = 0, ratio: int = 1, fancy_upscaling: bool = True,
                try_recover_truncated: bool = False, acceptable_fraction: float = 1, dct_method: str = "",
                name: str | None = None) -> Tensor:
    """The picture in bytes, of any kind: see `decode_image`. All but `channels` and `ratio`, 1, is without effect."""
    checks.one_of("io.decode_jpeg()", "ratio", ratio, (1,))
    return decode_image(contents, channels, expand_animations=False)


def decode_bmp(contents: Any, channels: int = 0, name: str | None = None) -> Tensor:
    """The picture in bytes, of any kind: see `decode_image`."""
    return decode_image(contents, channels, expand_animations=False)


def decode_gif(contents: Any, name: str | None = None) -> Tensor:
    """The pictures of an animation, (N, H, W, 3)."""
    return decode_image(contents, 3)


__getattr__ = absent.tensorflow_getattr(__name__, "io")
