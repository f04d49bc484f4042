"""Arrays in an .npz file, read in no more memory than the caller expects, whatever the file claims.

Nothing is ever unpickled. NumPy's own reader does neither: it takes memory for what a header claims.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.saving.limits import damage_reported, open_zip

if TYPE_CHECKING:
    import zipfile

MAX_ARRAYS = 10_000
Accept = Callable[[tuple[int, ...], str], None]


class NpzFile:
    """An .npz file that is open: see `open_npz`.

    Args:
        path: Its name, for errors.
        archive: The file.
    """

    def __init__(self, path: str, archive: zipfile.ZipFile) -> None:
        self.path = path
        self.names = {name.removesuffix(".npy") for name in archive.namelist()}
        self.comment = archive.comment.decode("latin-1")
        self._archive = archive

    def read(self, name: str, accept: Accept) -> NDArray[Any]:
        """The array called `name`. zipfile, zlib and NumPy raise whatever a damaged file provokes, hence `Exception`.

        Args:
            name: Its name.
            accept: Called with the shape and the element type that the file claims; raises unless these will do.

        Raises:
            DataError: If the array is missing or damaged.
        """
        with damage_reported(self.path, Exception):
            member = self._archive.open(f"{name}.npy")
        with member:
            with damage_reported(self.path, Exception):
                version = np.lib.format.read_magic(member)
                if version != (1, 0):
                    raise ValueError(f"{name} has the unknown format version {version}")
                shape, column_major, dtype = np.lib.format.read_array_header_1_0(member)
            accept(shape, dtype.name)
            with damage_reported(self.path, Exception):
                size = math.prod(shape) * dtype.itemsize
                if min(shape, default=0) < 0 or len(data := member.read(size + 1)) != size:
                    raise ValueError(f"{name} does not have {size} bytes")
                return np.frombuffer(data, dtype).reshape(shape, order="F" if column_major else "C")


@contextmanager
def open_npz(path: str) -> Iterator[NpzFile]:
    """Opens an .npz file.

    Raises:
        DataError: If it is damaged.
        OSError: If it cannot be opened.
    """
    with open_zip(path, MAX_ARRAYS) as archive:
        yield NpzFile(path, archive)
