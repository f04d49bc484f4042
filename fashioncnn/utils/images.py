"""Pictures in files, as Pillow's images, and as arrays: Keras's functions of these names."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import DataError
from fashioncnn.utils import checks

T = TypeVar("T")
DATA_FORMATS = ("channels_last", "channels_first")
COLOR_MODES = ("rgb", "rgba", "grayscale")
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")
_GRAY = ("L", "I;16", "I")  # what Pillow calls one channel of 8, 16 and 32 bits


def pillow() -> Any:
    """Pillow's module of images.

    Raises:
        ImportError: If it is not installed, with the extra to install.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError('images in files need Pillow: pip install "fashioncnn[images]"') from error
    return Image


def data_format_of(owner: str, value: Any) -> str:
    """"channels_last" for None, else the value.

    Raises:
        ValueError: If it is no data format.
    """
    format_: str = checks.one_of(owner, "data_format", DATA_FORMATS[0] if value is None else value, DATA_FORMATS)
    return format_


def size_of(owner: str, target_size: Any) -> tuple[int, int]:
    """The height and the width, the first two numbers of a `target_size`: a shape of images is one, as in Keras.

    Raises:
        ArgumentError: If they are no integers.
        ValueError: If there are fewer, or more than a shape has; or one is not positive.
    """
    if np.ndim(target_size) != 1 or len(target_size) not in (2, 3):
        raise ValueError(f"{owner} takes a target_size of (height, width), got {target_size!r}")
    return (checks.integer("target_size", target_size[0], at_least=1),
            checks.integer("target_size", target_size[1], at_least=1))


def read_picture(path: Any, use: Callable[[Any], T]) -> T:
    """What a function makes of the picture in a file, which is closed then.

    Args:
        path: A path, or a file object.
        use: Called with Pillow's image.

    Raises:
        DataError: If it is no picture, a damaged one, or one too large.
        OSError: If the file cannot be read.
    """
    images = pillow()
    name = path if isinstance(path, (str, bytes, os.PathLike)) else getattr(path, "name", type(path).__name__)
    name = os.fsdecode(name)
    try:
        with images.open(path) as picture:
            return use(picture)
    except (images.DecompressionBombError, MemoryError) as error:
        raise DataError(f"{name}: a picture too large") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise DataError(f"{name}: not a picture, or a damaged one") from error
    except (SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, ArithmeticError) as error:
        raise DataError(f"{name}: a damaged picture: {error}") from error  # Pillow's decoders raise all of these


def load_img(path: Any, color_mode: str = "rgb", target_size: Sequence[int] | None = None,
             interpolation: str = "nearest", keep_aspect_ratio: bool = False) -> Any:
    """Reads a picture from a file.

    Args:
        path: A path, or an `io.BytesIO`.
        color_mode: "rgb", "rgba" or "grayscale"; a gray picture of 16 or 32 bits stays one.
        target_size: (height, width), what follows is without effect; None: as it is.
        interpolation: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos", where the size changes.
        keep_aspect_ratio: Whether the largest window in the middle that has the target's proportions is taken.

    Returns:
        Pillow's image.

    Raises:
        TypeError: If `path` is neither.
        ArgumentError: If `target_size` does not hold integers.
        DataError: If the file is no picture, or a damaged one.
        OSError: If the file cannot be read.
        ValueError: If an option is unknown.
        ImportError: If Pillow is not installed.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_img(f"{folder}/a.png", np.zeros((20, 30, 3)))
        ...     load_img(f"{folder}/a.png", "grayscale", target_size=(28, 28)).size
        (28, 28)
    """
    if not isinstance(path, (io.BytesIO, os.PathLike, bytes, str)):
        raise TypeError(f"load_img() takes a path or an io.BytesIO, got {type(path).__name__}")
    checks.one_of("load_img()", "color_mode", color_mode, COLOR_MODES)
    if target_size is not None:
        target_size = size_of("load_img()", target_size)
        checks.one_of("load_img()", "interpolation", interpolation, INTERPOLATIONS)
    return read_picture(path, lambda picture: _sized(_coloured(picture, color_mode), target_size, interpolation,
                                                     keep_aspect_ratio))


def _coloured(picture: Any, color_mode: str) -> Any:
    picture.load()
    if color_mode == "grayscale":
        return picture if picture.mode in _GRAY else picture.convert("L")
    mode = color_mode.upper()
    return picture if picture.mode == mode else picture.convert(mode)


def _sized(picture: Any, target_size: Sequence[int] | None, interpolation: str, keep_aspect_ratio: bool) -> Any:
    if target_size is None or picture.size == (target_size[1], target_size[0]):
        return picture.copy()
    height, width = target_size
    box = None
    if keep_aspect_ratio:
        crop_width = min(picture.width, picture.height * width // height)
        crop_height = min(picture.height, picture.width * height // width)
        left, top = (picture.width - crop_width) // 2, (picture.height - crop_height) // 2
        box = (left, top, left + crop_width, top + crop_height)
    return picture.resize((width, height), getattr(pillow().Resampling, interpolation.upper()), box=box)


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> NDArray[Any]:
    """A picture as an array.

    Args:
        img: Pillow's image, or an array of two or three axes.
        data_format: None or "channels_last": (height, width, channels); "channels_first": (channels, height, width).
        dtype: The type; None: float32.

    Raises:
        ValueError: If it has another number of axes.

    Example:
        >>> img_to_array(np.zeros((28, 28))).shape
        (28, 28, 1)
    """
    format_ = data_format_of("img_to_array()", data_format)
    array = np.asarray(img, dtype=np.float32 if dtype is None else dtype)
    if array.ndim == 2:
        array = array[..., np.newaxis]
    if array.ndim != 3:
        raise ValueError(f"img_to_array() takes an image of two or three axes, got the shape {array.shape}")
    return array if format_ == "channels_last" else array.transpose(2, 0, 1)


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Any:
    """An array as Pillow's image.

    Args:
        x: (height, width, channels), with 1, 3 or 4 channels.
        data_format: None or "channels_last", or "channels_first" for (channels, height, width).
        scale: Whether the smallest number becomes 0 and the largest 255; else numbers are cut off to whole ones.
        dtype: What it is computed in; None: float32.

    Raises:
        ValueError: If the array has other axes.
        ImportError: If Pillow is not installed.

    Example:
        >>> array_to_img(np.zeros((20, 30, 3))).size
        (30, 20)
    """
    format_ = data_format_of("array_to_img()", data_format)
    images = pillow()
    array = np.asarray(x, dtype=np.float32 if dtype is None else dtype)
    if array.ndim != 3:
        raise ValueError(f"array_to_img() takes one image of three axes, got the shape {array.shape}")
    if format_ == "channels_first":
        array = array.transpose(1, 2, 0)
    if array.shape[2] not in (1, 3, 4):
        raise ValueError(f"array_to_img() takes 1, 3 or 4 channels, got {array.shape[2]}")
    if scale:
        array = array - array.min()
        largest = array.max()
        array = (array / largest if largest != 0 else array) * 255
    if array.shape[2] == 1:
        is_wide = array.max() > 255
        return images.fromarray(array[..., 0].astype(np.int32 if is_wide else np.uint8))
    return images.fromarray(array.astype(np.uint8))


def save_img(path: Any, x: Any, data_format: str | None = None, file_format: str | None = None, scale: bool = True,
             **kwargs: Any) -> None:
    """Writes an array as a picture into a file.

    Args:
        path: A path, or a file object.
        x: See `array_to_img`.
        data_format: See `array_to_img`.
        file_format: "png", "jpeg" and so on; None: what the path ends in.
        scale: See `array_to_img`.
        kwargs: For Pillow's `save`.

    Raises:
        ValueError: If the array or the format cannot be written.
        ImportError: If Pillow is not installed.
    """
    if file_format is None and isinstance(path, (str, os.PathLike)):
        file_format = os.path.splitext(os.fspath(path))[1][1:].lower()
    if file_format is not None and file_format.lower() == "jpg":
        file_format = "jpeg"
    picture = array_to_img(x, data_format=data_format, scale=scale)
    if picture.mode == "RGBA" and file_format == "jpeg":
        warnings.warn("JPEG has no transparency: the picture is written without it", stacklevel=2)
        picture = picture.convert("RGB")
    picture.save(path, format=file_format, **kwargs)
