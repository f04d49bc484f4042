"""The strings that are attributes in an HDF5 file, read from its bytes.

HDF5 itself takes memory for the length that a string claims, and may never come to the end of a damaged heap of strings
(1.14 and 2.0). Here every length is compared with what there is. Of the format only what its own libraries write for
few attributes is known; https://docs.hdfgroup.org has its description.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

_ATTRIBUTE, _CONTINUATION, _DENSE = 0x0C, 0x10, 0x15  # kinds of messages in an object's header
_FIXED, _VARIABLE = 3, 9  # classes of types
_NOWHERE = (1 << 64) - 1  # an address
_MAX_BLOCKS = 1000


class _Type(NamedTuple):
    kind: int
    size: int


def strings(data: bytes, address: int) -> dict[str, str | list[str]]:
    """The attributes, by name, of the group or array whose header is at an address: strings, and lists of strings.

    Raises:
        ValueError: If the header is damaged, or attributes are stored in another way.
    """
    found: dict[str, str | list[str]] = {}
    heaps: dict[int, dict[int, bytes]] = {}
    budget = [len(data)]
    for kind, flags, content in _messages(data, address):
        if kind == _DENSE and _number(content, 2 + 2 * (content[1] & 1), 8) != _NOWHERE:
            raise ValueError("there are too many attributes")
        if kind == _ATTRIBUTE:
            if flags & 2:
                raise ValueError("an attribute is stored elsewhere")
            name, value = _attribute(data, content, heaps, budget)
            if value is not None:
                found[name] = value
    return found


def _messages(data: bytes, address: int) -> Iterator[tuple[int, int, bytes]]:
    """Kind, flags and content of each message of an object's header."""
    if _part(data, address, 4) == b"OHDR":
        flags = _part(data, address + 5, 1)[0]
        start = address + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        blocks = [(start + width, _number(data, start, width))]
        head = 6 if flags & 4 else 4
    else:
        if _part(data, address, 1) != b"\1":
            raise ValueError("an object's header has an unknown version")
        blocks, head = [(address + 16, _number(data, address + 8, 4))], 8
    done = 0
    while blocks:
        done += 1
        if done > _MAX_BLOCKS:
            raise ValueError("an object's header has too many pieces")
        start, length = blocks.pop()
        end = start + len(_part(data, start, length))
        while start + head <= end:
            if head == 8:
                kind, size, flags = _number(data, start, 2), _number(data, start + 2, 2), data[start + 4]
            else:
                kind, size, flags = data[start], _number(data, start + 1, 2), data[start + 3]
            content = _part(data, start + head, size)
            start += head + size
            if kind == _CONTINUATION:
                place, extent = _number(content, 0, 8), _number(content, 8, 8)
                blocks.append((place, extent) if head == 8 else (place + 4, extent - 8))
            else:
                yield kind, flags, content


def _attribute(data: bytes, content: bytes, heaps: dict[int, dict[int, bytes]],
               budget: list[int]) -> tuple[str, str | list[str] | None]:
    """Name and value; None for a value that is not made of strings."""
    version, flags = _part(content, 0, 2)
    if version not in (1, 2, 3) or flags & 3:
        raise ValueError("an attribute is of an unknown kind")
    sizes = [_number(content, position, 2) for position in (2, 4, 6)]
    position, parts = (9 if version == 3 else 8), []
    for size in sizes:
        parts.append(_part(content, position, size))
        position += (size + 7) // 8 * 8 if version == 1 else size
    name = parts[0].rstrip(b"\0").decode()
    kind = _Type(parts[1][0] & 15, _number(parts[1], 4, 4))
    is_list, count = _extent(parts[2])
    if is_list and count == 0:
        return name, []
    if kind.kind == _FIXED:
        items = [_part(content, position + i * kind.size, kind.size).rstrip(b"\0 ") for i in range(count)]
    elif kind.kind == _VARIABLE and parts[1][1] & 15 == 1:
        items = [_variable(data, _part(content, position + i * 16, 16), heaps, budget) for i in range(count)]
    else:
        return name, None
    texts = [item.decode() for item in items]
    return name, (texts if is_list else texts[0])


def _extent(space: bytes) -> tuple[bool, int]:
    """Whether an attribute is a list, and how long."""
    version, rank = _part(space, 0, 2)
    if version not in (1, 2) or rank > 1 or (version == 2 and _part(space, 3, 1) == b"\2"):
        raise ValueError("an attribute is neither a string nor a list")
    return rank == 1, _number(space, 8 if version == 1 else 4, 8) if rank else 1


def _variable(data: bytes, descriptor: bytes, heaps: dict[int, dict[int, bytes]], budget: list[int]) -> bytes:
    """The string that is in a heap."""
    length, address, number = (int.from_bytes(part, "little") for part in
                               (descriptor[:4], descriptor[4:12], descriptor[12:]))
    if length == 0:
        return b""
    if address not in heaps:
        heaps[address] = _heap(data, address)
    item = heaps[address].get(number, b"")
    budget[0] -= length
    if length > len(item) or budget[0] < 0:
        raise ValueError(f"a string of {length} bytes is not there")
    return item[:length]


def _heap(data: bytes, address: int) -> dict[int, bytes]:
    """The objects of a heap, by number."""
    if _part(data, address, 5) != b"GCOL\1":
        raise ValueError("a heap of strings is not there")
    position, end = address + 16, address + _number(data, address + 8, 8)
    found = {}
    while position + 16 <= end:
        number, size = _number(data, position, 2), _number(data, position + 8, 8)
        if number == 0:
            break
        found[number] = _part(data, position + 16, size)
        position += 16 + (size + 7) // 8 * 8
    return found


def _part(data: bytes, start: int, length: int) -> bytes:
    """A piece of the bytes, which must be whole."""
    if start < 0 or length < 0 or start + length > len(data):
        raise ValueError("a part of the file is missing")
    return data[start:start + length]


def _number(data: bytes, start: int, length: int) -> int:
    return int.from_bytes(_part(data, start, length), "little")
