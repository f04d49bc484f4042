"""What Python 2 pickled of NumPy's arrays, read without `pickle`: no class is looked up, and nothing is called.

CIFAR's batches are dicts of byte strings, lists of integers and one array of unsigned bytes, written by cPickle in
protocol 2. The machine below knows the opcodes that these take and no others. What it makes is at most a few objects
for each step, and as many bytes as it reads; steps and marks are limited.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import DataError

MOST_STEPS = 1_000_000  # CIFAR-100's training set takes 200,000
MOST_MARKS = 8
LONGEST_NAME = 100

NDARRAY, DTYPE, RECONSTRUCT = "ndarray", "dtype", "_reconstruct"
NAMES = {
    b"numpy ndarray": NDARRAY,
    b"numpy dtype": DTYPE,
    b"numpy.core.multiarray _reconstruct": RECONSTRUCT,
    b"numpy._core.multiarray _reconstruct": RECONSTRUCT,
}
# What NumPy keeps of the type "u1": the version of this tuple, byte order, fields, sizes, alignment and flags.
STATE_OF_BYTES = (3, b"|", None, None, None, -1, -1, 0)


@dataclass
class UnsignedBytes:
    """The only element type."""


@dataclass
class Array:
    """A pickled array: empty until its state is set."""

    values: NDArray[np.uint8] | None = None


def read_pickle(content: bytes, where: str) -> Any:
    """The object in a pickle of protocol 2: dict, list, tuple, bytes, int, bool, None, `Array`.

    Args:
        content: The whole pickle.
        where: The file's name, for errors.

    Raises:
        DataError: If it is damaged, or asks for anything else.

    Example:
        >>> read_pickle(b"\\x80\\x02}U\\x06labels](K\\x03K\\x08es.", "toy")
        {b'labels': [3, 8]}
    """
    return _Machine(content, where).run()


class _Machine:
    """The stack machine that a pickle is a program of."""

    def __init__(self, content: bytes, where: str) -> None:
        self._content = content
        self._where = where
        self._at = 0
        self._stack: list[Any] = []
        self._outer: list[list[Any]] = []  # the stacks below the marks
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        for _ in range(MOST_STEPS):
            code = self._take(1)
            if code == b".":
                break
            act = _ACTIONS.get(code)
            if act is None:
                self._fail(f"has the unknown instruction {code!r}")
            act(self)
        else:
            self._fail(f"has more than {MOST_STEPS:,} instructions")
        if len(self._stack) != 1 or self._outer or self._at != len(self._content):
            self._fail("does not end with its one object")
        return self._stack[0]

    def _fail(self, what: str) -> NoReturn:
        raise DataError(f"{self._where}: damaged pickle: it {what} at byte {self._at}")

    def _take(self, count: int) -> bytes:
        taken = self._content[self._at : self._at + count]
        if len(taken) != count or not count:
            self._fail("ends" if count else "has an empty argument")
        self._at += count
        return taken

    def _number(self, form: str) -> int:
        value: int = struct.unpack(form, self._take(struct.calcsize(form)))[0]
        return value

    def _pop(self, count: int = 1) -> tuple[Any, ...]:
        if len(self._stack) < count:
            self._fail("takes more than there is")
        taken = tuple(self._stack[len(self._stack) - count :])
        del self._stack[len(self._stack) - count :]
        return taken

    def _pop_to_mark(self) -> list[Any]:
        if not self._outer:
            self._fail("has no mark")
        taken, self._stack = self._stack, self._outer.pop()
        return taken

    def _top(self, kind: type) -> Any:
        if not self._stack or type(self._stack[-1]) is not kind:
            self._fail(f"has no {kind.__name__}")
        return self._stack[-1]

    def protocol(self) -> None:
        if self._take(1) != b"\x02":
            self._fail("is not of protocol 2")

    def push(self, value: Any) -> None:
        self._stack.append(value)

    def string(self, form: str) -> None:
        length = self._number(form)
        if length < 0:
            self._fail("has a string of negative length")
        self.push(self._take(length) if length else b"")

    def number(self, form: str) -> None:
        self.push(self._number(form))

    def mark(self) -> None:
        if len(self._outer) == MOST_MARKS:
            self._fail("is nested too deeply")
        self._outer.append(self._stack)
        self._stack = []

    def put(self, form: str) -> None:
        number = self._number(form)
        if not self._stack:
            self._fail("keeps what is not there")
        self._memo[number] = self._stack[-1]

    def get(self, form: str) -> None:
        number = self._number(form)
        if number not in self._memo:
            self._fail(f"recalls {number}, which was not kept")
        self.push(self._memo[number])

    def tuple_of(self, count: int) -> None:
        self.push(self._pop(count))

    def tuple_from_mark(self) -> None:
        self.push(tuple(self._pop_to_mark()))

    def append(self) -> None:
        (value,) = self._pop()
        self._top(list).append(value)

    def extend(self) -> None:
        values = self._pop_to_mark()
        self._top(list).extend(values)

    def set_item(self) -> None:
        self._set_items(list(self._pop(2)))

    def set_items(self) -> None:
        self._set_items(self._pop_to_mark())

    def _set_items(self, pairs: list[Any]) -> None:
        into = self._top(dict)
        keys, values = pairs[::2], pairs[1::2]
        if len(keys) != len(values) or any(type(key) is not bytes for key in keys):
            self._fail("has a dict whose keys are not strings")
        into.update(zip(keys, values, strict=True))

    def find(self) -> None:
        name = b" ".join(self._line() for _ in range(2))
        if name not in NAMES:
            self._fail(f"asks for {name.decode('ascii', 'backslashreplace')!r}, which is no part of an array,")
        self.push(NAMES[name])

    def _line(self) -> bytes:
        end = self._content.find(b"\n", self._at, self._at + LONGEST_NAME)
        if end < 0:
            self._fail("has a name without end")
        line = self._content[self._at : end]
        self._at = end + 1
        return line

    def reduce(self) -> None:
        made, arguments = self._pop(2)
        if made == RECONSTRUCT and _equals(arguments, (NDARRAY, (0,), b"b")):
            self.push(Array())
        elif made == DTYPE and _equals(arguments, (b"u1", 0, 1)):
            self.push(UnsignedBytes())
        else:
            self._fail("makes what is neither an array nor the type of unsigned bytes")

    def build(self) -> None:
        (state,) = self._pop()
        if self._stack and type(self._stack[-1]) is UnsignedBytes:
            if not _equals(state, STATE_OF_BYTES):
                self._fail("has an element type that is no unsigned byte")
        else:
            self._top(Array).values = self._values(state)

    def _values(self, state: Any) -> NDArray[np.uint8]:
        """The array whose state is (1, shape, element type, whether columns come first, bytes)."""
        kinds = [type(part) for part in state] if type(state) is tuple else []
        if kinds != [int, tuple, UnsignedBytes, bool, bytes]:
            self._fail("has an array with an unknown state")
        _, shape, _, columns_first, values = state
        if len(shape) != 2 or any(type(extent) is not int or extent < 0 for extent in shape) \
                or shape[0] * shape[1] != len(values):
            self._fail(f"has an array of {len(values):,} bytes, which are not those of its rows and columns,")
        return np.frombuffer(values, np.uint8).reshape(shape, order="F" if columns_first else "C")


def _equals(value: Any, expected: Any) -> bool:
    """Whether both are equal and of the same types, looking no deeper than `expected` goes."""
    if type(value) is not type(expected):
        return False
    if type(value) is tuple:
        return len(value) == len(expected) and all(map(_equals, value, expected))
    return bool(value == expected)


_ACTIONS: dict[bytes, Callable[[_Machine], None]] = {
    b"\x80": _Machine.protocol,
    b"}": lambda machine: machine.push({}),
    b"]": lambda machine: machine.push([]),
    b")": lambda machine: machine.push(()),
    b"N": lambda machine: machine.push(None),
    b"\x88": lambda machine: machine.push(True),
    b"\x89": lambda machine: machine.push(False),
    b"K": lambda machine: machine.number("<B"),
    b"M": lambda machine: machine.number("<H"),
    b"J": lambda machine: machine.number("<i"),
    b"U": lambda machine: machine.string("<B"),
    b"T": lambda machine: machine.string("<i"),
    b"(": _Machine.mark,
    b"q": lambda machine: machine.put("<B"),
    b"r": lambda machine: machine.put("<I"),
    b"h": lambda machine: machine.get("<B"),
    b"j": lambda machine: machine.get("<I"),
    b"\x85": lambda machine: machine.tuple_of(1),
    b"\x86": lambda machine: machine.tuple_of(2),
    b"\x87": lambda machine: machine.tuple_of(3),
    b"t": _Machine.tuple_from_mark,
    b"a": _Machine.append,
    b"e": _Machine.extend,
    b"s": _Machine.set_item,
    b"u": _Machine.set_items,
    b"c": _Machine.find,
    b"R": _Machine.reduce,
    b"b": _Machine.build,
}
