"""The door for files that are read: how large, how deep and how dense they may be, whatever they claim.

A file is read into memory once, and looked at there. So memory is bounded by its size, and nothing that it names, be it
another file or a class, is ever followed from here.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from fashioncnn._core import DataError

if TYPE_CHECKING:
    import zipfile

MAX_FILE = 4 << 30  # bytes of a file, or of one member of it
MAX_JSON = 16 << 20  # bytes of a text
MAX_DEPTH = 200  # brackets within brackets
MAX_MEMBERS = 1000  # of a zip file
MAX_RATIO = 100  # how much larger what is unpacked may be; what is up to a MiB large may always be unpacked
_DIRECTORY_END, _LARGE_DIRECTORY_END = b"PK\5\6", b"PK\6\7"  # zip: the record of the directory; of one above 4 GiB
_MAX_COMMENT = (1 << 16) - 1


def read_file(path: str, at_most: int = MAX_FILE) -> bytes:
    """All bytes of a file.

    Raises:
        DataError: If it is no ordinary file, or larger than that.
        OSError: If it cannot be read.
    """
    with opened(path, at_most) as (file, size):
        data = file.read(size + 1)
    if len(data) != size:
        raise DataError(f"{path}: the file changed while it was read")
    return data


@contextmanager
def opened(path: str, at_most: int = MAX_FILE) -> Iterator[tuple[IO[bytes], int]]:
    """A file and its size. Nothing is waited for: what is written into a FIFO, say. Errors as of `read_file`."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise DataError(f"{path}: not an ordinary file")
        if status.st_size > at_most:
            raise DataError(f"{path}: the file has {status.st_size} bytes; at most {at_most} are read")
        yield file, status.st_size


def read_members(path: str, names: Sequence[str]) -> dict[str, bytes]:
    """Some members of a zip file; nothing is written to the disk.

    Raises:
        DataError: If the file is damaged, one is missing, or one is more than may be read.
        OSError: If it cannot be read.
    """
    with open_zip(path, MAX_MEMBERS) as archive:
        return {name: _read_member(path, archive, name) for name in names}


@contextmanager
def open_zip(path: str, most: int) -> Iterator[zipfile.ZipFile]:
    """Opens a zip file that has at most so many members.

    Raises:
        DataError: If it is damaged, or has more.
        OSError: If it cannot be opened.
    """
    import zipfile

    with opened(path, MAX_FILE) as (file, size):
        _check_directory(path, file, size, most)
        with damage_reported(path, Exception):
            archive = zipfile.ZipFile(file)
        with archive:
            yield archive


def _check_directory(path: str, file: IO[bytes], size: int, most: int) -> None:
    """Raises DataError where the zip file's directory has more entries than may be: Python's reader takes all."""
    length = min(size, _MAX_COMMENT + 42)
    file.seek(size - length)
    tail = file.read(length)
    file.seek(0)
    position = tail.rfind(_DIRECTORY_END)
    if position < 0 or len(tail) < position + 22:
        raise DataError(f"{path}: damaged file (it is no zip file, or its end is missing)")
    count, extent = struct.unpack_from("<HL", tail, position + 10)
    if _LARGE_DIRECTORY_END in tail[max(0, position - 20):position] or count > most or extent > MAX_JSON:
        raise DataError(f"{path}: the zip file says that it has {count} members; at most {most} are read")


def _read_member(path: str, archive: Any, name: str) -> bytes:
    entries = [entry for entry in archive.infolist() if entry.filename == name]
    if len(entries) != 1:
        raise DataError(f"{path}: the zip file has {len(entries)} members called {name!r}; one is needed")
    (entry,) = entries
    limit = MAX_JSON if name.endswith(".json") else MAX_FILE
    if entry.file_size > min(limit, max(1 << 20, MAX_RATIO * entry.compress_size)):
        raise DataError(f"{path}: {name} claims {entry.file_size} bytes, unpacked from {entry.compress_size}; that is "
                        "more than is read")
    with damage_reported(f"{path}: {name}", Exception), archive.open(entry) as member:
        data: bytes = member.read(entry.file_size + 1)
        if len(data) != entry.file_size:
            raise ValueError(f"it has {len(data)} bytes, and claims {entry.file_size}")
        return data


def parse_json(where: str, text: bytes | str) -> dict[str, Any]:
    """The JSON object that a text is.

    Raises:
        DataError: If it is none, or too long or too deep.
    """
    import json

    if len(text) > MAX_JSON:
        raise DataError(f"{where}: {len(text)} bytes of JSON; at most {MAX_JSON} are read")
    with damage_reported(where, ValueError):
        decoded = text.decode() if isinstance(text, bytes) else text
    if _depth(decoded) > MAX_DEPTH:
        raise DataError(f"{where}: damaged file (brackets in more than {MAX_DEPTH} others)")
    with damage_reported(where, ValueError, RecursionError):
        found = json.loads(decoded)
    if not isinstance(found, dict):
        raise DataError(f"{where}: damaged file (expected a JSON object, got {type(found).__name__})")
    return found


def _depth(text: str) -> int:
    """In how many brackets the innermost ones are, those in strings not counted."""
    import re

    depth = deepest = 0
    for bracket in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', text):
        if bracket[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif bracket[0] in "]}":
            depth -= 1
    return deepest


@contextmanager
def damage_reported(path: str, *kinds: type[Exception]) -> Iterator[None]:
    """Turns the given errors into DataError, with the file's name."""
    try:
        yield
    except kinds as error:
        raise DataError(f"{path}: damaged file ({error})") from error
