"""A program in C before it is text: calls of functions, the tensors and weights that they get, and one place in memory
for each tensor."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

ALIGNED = 16  # bytes: where tensors begin in an arena
BYTES = {"float": 4, "int8_t": 1, "int32_t": 4}
Identity = tuple[str, bytes]
TYPES = {"float32": "float", "int8": "int8_t", "int32": "int32_t", "uint64": "size_t"}


class Read(NamedTuple):
    """A tensor that a function reads."""

    tensor: int


class Write(NamedTuple):
    """A tensor that a function writes, or that it needs room for."""

    tensor: int


class Weights(NamedTuple):
    """Constants, as `name` in the file; of a type that `TYPES` has a C type for."""

    name: str
    values: NDArray[Any]

    @property
    def identity(self) -> Identity:
        """Equal where the numbers are."""
        return self.values.dtype.str, self.values.tobytes()


Argument = str | Read | Write | Weights | list[Any]  # a list is written piece by piece


@dataclass
class Call:
    """The call of a function.

    Args:
        function: Its name.
        arguments: What it gets.
        in_place: Whether what it writes may be what it reads first.
        comment: What stands before it; "": nothing.
    """

    function: str
    arguments: list[Argument]
    in_place: bool = False
    comment: str = ""

    def pieces(self) -> Iterator[Argument]:
        """All arguments, those in lists one by one."""
        waiting = list(reversed(self.arguments))
        while waiting:
            piece = waiting.pop()
            if isinstance(piece, list):
                waiting += reversed(piece)
            else:
                yield piece

    def tensors(self, kind: type[Read] | type[Write]) -> list[int]:
        return [piece.tensor for piece in self.pieces() if isinstance(piece, kind)]


class Room(NamedTuple):
    """What a tensor needs: so many numbers of a C type."""

    size: int
    type: str


@dataclass
class Program:
    """Calls in order, what tensors need, and which of them the caller gives and gets."""

    calls: list[Call] = field(default_factory=list)
    rooms: dict[int, Room] = field(default_factory=dict)
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)

    def call(self, function: str, *arguments: Argument, in_place: bool = False) -> None:
        self.calls.append(Call(function, list(arguments), in_place))

    def new_tensor(self, size: int, type: str = "float") -> int:
        number = -1 - len(self.rooms)  # those of nodes are not negative
        self.rooms[number] = Room(size, type)
        return number

    def weights(self) -> list[Weights]:
        """Those of all calls; each once, though several have its numbers."""
        found: dict[Identity, Weights] = {}
        for call in self.calls:
            for piece in call.pieces():
                if isinstance(piece, Weights):
                    found.setdefault(piece.identity, piece)
        return list(found.values())


@dataclass
class Memory:
    """Where tensors are: `place` has the arena's type and the number of the first element; and the arenas' sizes."""

    place: dict[int, tuple[str, int]]
    sizes: dict[str, int]

    @property
    def bytes(self) -> int:
        return sum(BYTES[type] * size for type, size in self.sizes.items())


def plan_memory(program: Program) -> Memory:
    """Places for all tensors but the caller's: those that are needed at the same time do not overlap.

    The largest come first, each at the lowest place that is free as long as it is needed.
    """
    lives = _lives(program)
    sharing = _shared_places(program, lives)
    place: dict[int, tuple[str, int]] = {}
    sizes: dict[str, int] = {}
    for first, members in sorted(sharing.items(), key=lambda item: (-_bytes(program.rooms[item[0]]), item[0])):
        room = program.rooms[first]
        begin, end = min(lives[tensor][0] for tensor in members), max(lives[tensor][1] for tensor in members)
        taken = sorted((at, program.rooms[other].size) for other, (type, at) in place.items()
                       if type == room.type and lives[other][0] <= end and begin <= lives[other][1])
        step, at = ALIGNED // BYTES[room.type], 0
        for offset, size in taken:
            if at + room.size <= offset:
                break
            at = max(at, math.ceil((offset + size) / step) * step)
        place.update((tensor, (room.type, at)) for tensor in members)
        sizes[room.type] = max(sizes.get(room.type, 0), at + room.size)
    return Memory(place, sizes)


def _bytes(room: Room) -> int:
    return room.size * BYTES[room.type]


def _lives(program: Program) -> dict[int, tuple[int, int]]:
    """The first and the last call that has to do with each tensor that needs a place."""
    lives: dict[int, tuple[int, int]] = {}
    for moment, call in enumerate(program.calls):
        for tensor in (*call.tensors(Write), *call.tensors(Read)):
            if tensor not in program.inputs and tensor not in program.outputs:
                lives[tensor] = (lives.get(tensor, (moment, 0))[0], moment)
    return lives


def _shared_places(program: Program, lives: dict[int, tuple[int, int]]) -> dict[int, list[int]]:
    """Tensors that are written over those that are read for the last time, with the first one of each chain."""
    chains = {tensor: [tensor] for tensor in lives}
    first = {tensor: tensor for tensor in lives}
    for moment, call in enumerate(program.calls):
        if not call.in_place:
            continue
        source, target = call.tensors(Read)[0], call.tensors(Write)[-1]
        if (source in lives and target in lives and lives[source][1] == moment == lives[target][0]
                and program.rooms[source] == program.rooms[target] and call.tensors(Read).count(source) == 1):
            first[target] = first[source]
            chains[first[source]] += chains.pop(target)
    return chains


def constants(name: str, values: Any, dtype: type[Any] = np.float32) -> Weights:
    """Weights of one axis, rounded to `dtype`."""
    return Weights(name, np.asarray(values).astype(dtype).ravel())


def number(value: float) -> str:
    """A float as C has it, exact and as short as can be."""
    if math.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    text = str(np.float32(value))
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def sizes(values: Sequence[int]) -> str:
    return "{" + ", ".join(str(value) for value in values) + "}"


def for_comments(text: str) -> str:
    """A name of the user's as it may stand in a comment, which it must not end."""
    return re.sub(r"[^A-Za-z0-9_ .,:+()-]", "_", text)
