"""IDX, the format of MNIST's files, read by the core."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from fashioncnn._core import read_idx

UNSIGNED_BYTES = 8


def load_idx(path: str | os.PathLike[str]) -> np.ndarray[Any, Any]:
    """Loads the array of an IDX file, gzipped or not.

    Args:
        path: The file. Whether it is gzipped is read from its content, not from its name.

    Returns:
        An array of the file's shape and element type, in native byte order.

    Raises:
        OSError: If the file cannot be read.
        DataError: If it is damaged or no IDX file.

    Example:
        >>> import gzip, tempfile
        >>> with tempfile.NamedTemporaryFile(suffix=".gz") as file:
        ...     _ = file.write(gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9])))
        ...     file.flush()
        ...     load_idx(file.name)
        array([7, 8, 9], dtype=uint8)

    Source: Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits.
    """
    return read_idx(os.fspath(path))


def unpacked_sha256(array: np.ndarray[Any, Any]) -> str:
    """SHA-256 of the unpacked IDX file that holds an array of unsigned bytes."""
    header = bytes([0, 0, UNSIGNED_BYTES, array.ndim]) + np.array(array.shape, np.uint64).astype(">u4").tobytes()
    digest = hashlib.sha256(header)
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def find_file(folder: Path, name: str) -> Path | None:
    """The IDX file called `name` in a folder, gzipped or not; None where there is none."""
    for path in (folder / f"{name}.gz", folder / name):
        if os.path.isfile(path):  # where Path.is_file raises, as in a folder that may not be entered, there is none
            return path
    return None
