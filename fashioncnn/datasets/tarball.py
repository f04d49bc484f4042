"""Files out of a gzipped tar archive, read in memory that the caller limits, whatever the archive claims.

Nothing is written to the disk. Python's own `tarfile` takes memory for what a header claims, and knows links, devices
and long names; here an archive that has any of these is refused.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple, NoReturn

from fashioncnn._core import DataError

BLOCK = 512
CHUNK = 1 << 20
MOST_MEMBERS = 1000
LONGEST_NOTE = 1 << 16
FILES, FOLDER, NOTES = (b"0", b"\0"), b"5", (b"x", b"g")
OTHER_TYPES = {b"1": "a link", b"2": "a link", b"3": "a device", b"4": "a device", b"6": "a FIFO"}
# What a note may say of a member without changing what is read.
HARMLESS = frozenset((b"mtime", b"atime", b"ctime", b"uid", b"gid", b"uname", b"gname", b"comment"))


class _Member(NamedTuple):
    name: str
    size: int
    kind: bytes


def read_members(path: Path, limits: Mapping[str, int], most: int) -> Iterator[tuple[str, bytes]]:
    """The content of some files, in the archive's order.

    Args:
        path: The archive.
        limits: The names of the wanted files, and how many bytes each may have.
        most: How many bytes the whole archive may have, unpacked.

    Yields:
        A name and the content.

    Raises:
        DataError: If the archive is damaged, larger, lacks a file, or holds what is neither file nor folder.
        OSError: If it cannot be read.
    """
    missing = set(limits)
    with open(path, "rb") as packed:
        stream = _Stream(packed, path, most)
        for member in _members(stream):
            if member.name not in limits or member.kind == FOLDER:
                stream.skip(member.size)
                continue
            if member.name not in missing:
                stream.fail(f"holds {member.name} twice")
            if member.size > limits[member.name]:
                stream.fail(f"claims {member.size:,} bytes for {member.name}, which has at most "
                            f"{limits[member.name]:,}")
            missing.remove(member.name)
            yield member.name, stream.read(member.size)
        stream.drain()
    if missing:
        stream.fail(f"lacks {min(missing)}")


class _Stream:
    """The unpacked bytes of an archive, read once from the first to the last."""

    def __init__(self, packed: BinaryIO, path: Path, most: int) -> None:
        self._file = gzip.GzipFile(fileobj=packed)
        self._path = path
        self._left = self._most = most

    def fail(self, what: str) -> NoReturn:
        raise DataError(f"{self._path}: damaged archive: it {what}")

    def _chunk(self, count: int) -> bytes:
        """At most `count` bytes; none at the end."""
        try:
            chunk = self._file.read(min(count, CHUNK))
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            self.fail(f"cannot be unpacked ({error})")
        self._left -= len(chunk)
        if self._left < 0:
            self.fail(f"unpacks to more than {self._most:,} bytes")
        return chunk

    def read_some(self, count: int) -> bytes:
        """`count` bytes, or fewer at the end."""
        taken = bytearray()
        while len(taken) < count and (chunk := self._chunk(count - len(taken))):
            taken += chunk
        return bytes(taken)

    def read(self, size: int) -> bytes:
        """A member's content, and what fills its last block."""
        content = self.read_some(size)
        if len(content) != size:
            self.fail(f"ends after {self._most - self._left:,} bytes")
        self.read_some(-size % BLOCK)
        return content

    def skip(self, size: int) -> None:
        """Passes over a member."""
        left = size + -size % BLOCK
        while left:
            chunk = self._chunk(left)
            if not chunk:
                self.fail(f"ends after {self._most - self._left:,} bytes")
            left -= len(chunk)

    def drain(self) -> None:
        """Goes to the end, where the checksum is."""
        while self._chunk(CHUNK):
            pass


def _members(stream: _Stream) -> Iterator[_Member]:
    """The files and folders. The caller reads or skips each one's content before it goes on."""
    for _ in range(MOST_MEMBERS):
        block = stream.read_some(BLOCK)
        if not any(block):
            return
        member = _parse(block, stream)
        if member.kind in NOTES:
            _check_note(member, stream)
        elif member.kind in FILES or member.kind == FOLDER:
            yield member
        else:
            what = OTHER_TYPES.get(member.kind, f"of the unknown type {member.kind!r}")
            stream.fail(f"holds {member.name!r}, which is {what}")
    stream.fail(f"holds more than {MOST_MEMBERS} members")


def _parse(block: bytes, stream: _Stream) -> _Member:
    """What a header says."""
    if len(block) != BLOCK:
        stream.fail("ends within a header")
    if _octal(block[148:156], stream) != sum(block) - sum(block[148:156]) + 8 * ord(" "):
        stream.fail("has a header with a wrong checksum")
    name = block[:100].split(b"\0")[0]
    if block[257:263] == b"ustar\0" and block[345]:
        name = block[345:500].split(b"\0")[0] + b"/" + name
    text = name.decode("utf-8", "backslashreplace")
    if text.startswith("/") or ".." in text.split("/"):
        stream.fail(f"holds {text!r}, which leads out of its folder")
    return _Member(text.removeprefix("./"), _octal(block[124:136], stream), block[156:157])


def _octal(field: bytes, stream: _Stream) -> int:
    digits = field.strip(b" \0") or b"0"
    if not digits.isdigit() or max(digits) > ord("7"):
        stream.fail(f"has a header with the number {digits!r}")
    return int(digits, 8)


def _check_note(note: _Member, stream: _Stream) -> None:
    """Refuses notes on members (PAX headers) that change more than dates and owners."""
    if note.size > LONGEST_NOTE:
        stream.fail(f"has a note of {note.size:,} bytes")
    text = stream.read(note.size)
    while text:
        length, _, _ = text.partition(b" ")
        if not length.isdigit() or len(length) > 6 or not len(length) < int(length) <= len(text):
            stream.fail("has a note that cannot be read")
        key = text[len(length) + 1 : int(length)].partition(b"=")[0]
        if key not in HARMLESS:
            stream.fail(f"has a note on {key.decode('ascii', 'backslashreplace')!r}")
        text = text[int(length) :]
