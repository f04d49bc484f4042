"""HDF5 files: written with a checksum behind them, and read from memory with every promise of theirs checked first.

Only groups and plain arrays are read: no links, no other files, no references, no objects, nothing that is computed.
The checksum is a line behind what HDF5 itself reads; whoever changes the file with HDF5 takes it away, and must say so
by taking away the attribute that tells of it.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Callable, Sequence
from io import BytesIO
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import DataError
from fashioncnn.saving import attributes
from fashioncnn.saving.limits import damage_reported

MAX_NAMES = 100_000  # of an attribute
MAX_RATIO = 1000  # how much larger an array may be than what is stored of it: more than deflate reaches
ATTRIBUTE_LIMIT = 64512  # bytes, as Keras cuts lists of names
_CHECKSUM = re.compile(rb"\nfashioncnn crc32 ([0-9a-f]{8})\n\Z")
_CHECKSUM_LENGTH = 27
_MARK = "fashioncnn_checksum"  # an attribute of a file that has one
_FILTERS = (1, 2, 3)  # deflate, shuffle, Fletcher's checksum


def h5py() -> ModuleType:
    """The package. ImportError says which extra brings it."""
    try:
        import h5py
    except ImportError as error:
        raise ImportError('.keras and .h5 files need an extra: pip install "fashioncnn[hdf5]"') from error
    return h5py  # type: ignore[no-any-return]


def written(fill: Callable[[Any], None]) -> bytes:
    """The bytes of a file that `fill` puts groups and arrays into; the same ones whenever it puts the same."""
    image = BytesIO()
    with h5py().File(image, "w") as file:
        file.attrs[_MARK] = "crc32"
        fill(file)
    data = image.getbuffer()
    return b"".join((data, b"\nfashioncnn crc32 %08x\n" % zlib.crc32(data)))


def write_names(group: Any, name: str, values: Sequence[str]) -> None:
    """Writes a list of names as an attribute, or several where it is too long for one."""
    array = np.asarray([value.encode() for value in values])
    pieces = 1
    while any(piece.nbytes > ATTRIBUTE_LIMIT for piece in np.array_split(array, pieces)):
        pieces += 1
    if pieces == 1:
        group.attrs[name] = array.tolist()
        return
    for number, piece in enumerate(np.array_split(array, pieces)):
        group.attrs[f"{name}{number}"] = piece


class Hdf5File:
    """A file, or a group in it.

    Args:
        where: What it is called in errors.
        group: h5py's.
        data: The bytes of the file.
    """

    def __init__(self, where: str, group: Any, data: bytes) -> None:
        self.where = where
        self._group = group
        self._data = data
        self._strings: dict[str, str | list[str]] | None = None

    @classmethod
    def opened(cls, where: str, data: bytes) -> Hdf5File:
        """The file that these bytes are.

        Raises:
            DataError: If they are damaged.
        """
        reader = h5py()
        found = _CHECKSUM.search(data[-_CHECKSUM_LENGTH:])
        if found is not None:
            content = memoryview(data)[:-_CHECKSUM_LENGTH]
            if b"%08x" % zlib.crc32(content) != found[1]:
                raise DataError(f"{where}: damaged file (its checksum is {zlib.crc32(content):08x}, expected "
                                f"{found[1].decode()})")
        with damage_reported(where, Exception):
            file = cls(where, reader.File(reader.h5f.open_file_image(data)), data)
            if found is None and _MARK in file._group.attrs:
                raise ValueError("its checksum is missing; if another program changed the file, it must take away the "
                                 f"attribute {_MARK!r}, too")
            return file

    def __enter__(self) -> Hdf5File:
        return self

    def __exit__(self, *error: object) -> None:
        self._group.file.close()

    def group(self, path: str) -> Hdf5File | None:
        """The group at a path; None if there is none. DataError if it is something else, or behind a link."""
        found = self._group
        for name in filter(None, path.split("/")):
            found = self._child(found, name, path)
            if found is None:
                return None
            if not isinstance(found, h5py().Group):
                raise DataError(f"{self.where}: {path} is not a group")
        return Hdf5File(self.where, found, self._data)

    def _child(self, group: Any, name: str, path: str) -> Any:
        with damage_reported(f"{self.where}: {path}", Exception):
            link = group.get(name, getclass=True, getlink=True)
            if link is None:
                return None
            if link is not h5py().HardLink:
                raise ValueError(f"{name} is a {link.__name__}; links are not followed")
            return group[name]

    def keys(self) -> list[str]:
        """The names of what is in the group."""
        with damage_reported(self.where, Exception):
            if len(self._group) > MAX_NAMES:
                raise ValueError(f"a group of {len(self._group)}")
            return list(self._group)

    def array(self, path: str, accept: Callable[[tuple[int, ...]], None]) -> NDArray[Any]:
        """The numbers at a path.

        Args:
            path: Where they are.
            accept: Called with the shape before anything is read; raises if it is not as expected.

        Raises:
            DataError: If there is no such array, or its values cannot be read, or are no numbers.
        """
        folder, _, name = path.rpartition("/")
        group = self.group(folder)
        data = None if group is None else self._child(group._group, name, path)
        with damage_reported(f"{self.where}: {path}", Exception):
            if not isinstance(data, h5py().Dataset) or data.shape is None:
                raise ValueError("there is no array" if data is None else "it is no array")
            shape = tuple(data.shape)
        accept(shape)
        with damage_reported(f"{self.where}: {path}", Exception):
            _check_storage(data)
            values = np.empty(shape, data.dtype.newbyteorder("="))
            if values.size:
                data.read_direct(values)
            return values

    def names(self, attribute: str) -> list[str]:
        """The strings of an attribute, which may be in pieces; none where there is no such attribute."""
        found = self._attributes()
        if attribute in found:
            return self._list(attribute)
        names: list[str] = []
        number = 0
        while f"{attribute}{number}" in found:
            names += self._list(f"{attribute}{number}")
            number += 1
        return names

    def _list(self, attribute: str) -> list[str]:
        found = self._attributes()[attribute]
        if isinstance(found, str):
            raise DataError(f"{self.where}: damaged file (the attribute {attribute} is no list)")
        return found

    def text(self, attribute: str) -> str | None:
        """The string that an attribute is; None where there is none."""
        found = self._attributes().get(attribute)
        if isinstance(found, list):
            raise DataError(f"{self.where}: damaged file (the attribute {attribute} is a list)")
        return found

    def _attributes(self) -> dict[str, str | list[str]]:
        if self._strings is None:
            with damage_reported(f"{self.where}: attributes of {self._group.name}", Exception):
                address = h5py().h5o.get_info(self._group.id).addr
                self._strings = attributes.strings(self._data, address)
        return self._strings


def _check_storage(data: Any) -> None:
    """Raises ValueError unless an array's numbers are stored in the file itself, and about as many as it claims."""
    if data.dtype.kind not in "biuf" or data.dtype.itemsize > 8:
        raise ValueError(f"it is made of {data.dtype}, not of numbers")
    if data.external or data.is_virtual:
        raise ValueError("it is kept in other files, which are not read")
    size, stored = math.prod(data.shape) * data.dtype.itemsize, data.id.get_storage_size()
    if size > stored * MAX_RATIO:
        raise ValueError(f"it claims {size} bytes, and {stored} are stored")
    if data.chunks is None:
        if size != stored:
            raise ValueError(f"it claims {size} bytes, and {stored} are stored")
        return
    if math.prod(data.chunks) * data.dtype.itemsize > max(1 << 20, 2 * size):
        raise ValueError(f"it is stored in pieces of {data.chunks}, and has the shape {data.shape}")
    plan = data.id.get_create_plist()
    filters = [plan.get_filter(number)[0] for number in range(plan.get_nfilters())]
    if any(each not in _FILTERS for each in filters):
        raise ValueError(f"it is packed by filters with the numbers {filters}, of which some are not known")
