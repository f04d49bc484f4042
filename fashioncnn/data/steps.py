"""What a data set is made of: each step gives elements, made of those of the step before it.

A step that only chooses elements and their order, as `Shuffled`, does so with the numbers of rows where the elements
are rows of arrays: `Batched` then takes all rows of a batch at once.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from fashioncnn._core import permutation
from fashioncnn.data import elements
from fashioncnn.data.elements import TensorSpec
from fashioncnn.utils.ahead import ahead
from fashioncnn.utils.seeds import Key, key_of
from fashioncnn.utils.tensor import tensor

INFINITE, UNKNOWN = -1, -2


class Step:
    """Gives elements.

    Attributes:
        arrays: A structure of arrays whose rows the elements are; None: they are something else.
    """

    arrays: Any = None

    @property
    def count(self) -> int:
        """How many elements there are, or `INFINITE`, or `UNKNOWN`."""
        return UNKNOWN

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError

    def positions(self) -> Iterable[int]:
        """The numbers of the rows, where there are `arrays`."""
        raise NotImplementedError

    def spec(self) -> Any:
        """The specs of an element: where nobody knows, those of the first one."""
        for element in self:
            return elements.spec_of(element)
        raise ValueError("element_spec of a data set without elements is not known")


class Slices(Step):
    """The rows of arrays."""

    def __init__(self, arrays: Any, rows: int) -> None:
        self.arrays, self._rows = arrays, rows

    @property
    def count(self) -> int:
        return self._rows

    def positions(self) -> range:
        return range(self._rows)

    def __iter__(self) -> Iterator[Any]:
        return (elements.row(self.arrays, position) for position in self.positions())

    def spec(self) -> Any:
        return elements.mapped(lambda leaf: None if leaf is None else TensorSpec(leaf.shape[1:], leaf.dtype),
                               self.arrays)


class Single(Step):
    """One element."""

    def __init__(self, element: Any) -> None:
        self._element = element

    @property
    def count(self) -> int:
        return 1

    def __iter__(self) -> Iterator[Any]:
        yield elements.copied(self._element)


class Numbers(Step):
    """The numbers of a range."""

    def __init__(self, numbers: range, dtype: Any) -> None:
        self._numbers, self._dtype = numbers, dtype

    @property
    def count(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Any]:
        return (tensor(number, self._dtype) for number in self._numbers)

    def spec(self) -> Any:
        return TensorSpec((), np.dtype(self._dtype))


class Generated(Step):
    """What a generator makes.

    Args:
        generator: Called with the arguments it gives an iterable.
        arguments: Those.
        spec: The form, shapes and types of an element, to which it is brought; None: it is taken as it comes.
    """

    def __init__(self, generator: Callable[..., Iterable[Any]], arguments: tuple[Any, ...], spec: Any) -> None:
        self._generator, self._arguments, self._spec = generator, arguments, spec

    def __iter__(self) -> Iterator[Any]:
        for value in self._generator(*self._arguments):
            yield elements.element_of("from_generator()", value) if self._spec is None else self._checked(value)

    def _checked(self, value: Any) -> Any:
        if isinstance(value, list) and isinstance(self._spec, tuple):
            value = tuple(value)
        return elements.mapped(self._brought, self._spec, value)

    @staticmethod
    def _brought(spec: TensorSpec, value: Any) -> Any:
        leaf = elements.element_of("from_generator()", value)
        if leaf.dtype != spec.dtype:
            if leaf.dtype.kind == "O" or (leaf.dtype.kind in "fc" and np.dtype(spec.dtype).kind not in "fc"):
                raise ValueError(f"from_generator() got a value of type {leaf.dtype}; the spec says {spec.dtype}")
            leaf = leaf.astype(spec.dtype)
        if not elements.agrees(spec, leaf.shape):
            raise ValueError(f"from_generator() got a value of shape {leaf.shape}; the spec says {spec.shape}")
        return leaf

    def spec(self) -> Any:
        return super().spec() if self._spec is None else self._spec


class After(Step):
    """A step with another one before it."""

    def __init__(self, before: Step) -> None:
        self.before = before

    @property
    def count(self) -> int:
        return self.before.count

    def spec(self) -> Any:
        return self.before.spec()


class Order(After):
    """A step that chooses elements, and in what order they come."""

    def __init__(self, before: Step) -> None:
        super().__init__(before)
        self.arrays = before.arrays

    def ordered(self, make: Callable[[], Iterable[Any]]) -> Iterable[Any]:
        """Those of the things, which each call of `make` gives anew, in the step's order."""
        raise NotImplementedError

    def positions(self) -> Iterable[int]:
        return self.ordered(self.before.positions)

    def __iter__(self) -> Iterator[Any]:
        if self.arrays is None:
            return iter(self.ordered(self.before.__iter__))
        return (elements.row(self.arrays, position) for position in self.positions())


class Taken(Order):
    """The first elements."""

    def __init__(self, before: Step, number: int) -> None:
        super().__init__(before)
        self._number = number

    @property
    def count(self) -> int:
        known = self.before.count
        return self._number if known == INFINITE else known if known == UNKNOWN else min(known, self._number)

    def ordered(self, make: Callable[[], Iterable[Any]]) -> Iterable[Any]:
        things = make() if self._number else ()
        return things[: self._number] if isinstance(things, range) else itertools.islice(things, self._number)


class Skipped(Order):
    """All but the first elements; None: nothing."""

    def __init__(self, before: Step, number: int | None) -> None:
        super().__init__(before)
        self._number = number

    @property
    def count(self) -> int:
        known = self.before.count
        return 0 if self._number is None else known if known < 0 else max(known - self._number, 0)

    def ordered(self, make: Callable[[], Iterable[Any]]) -> Iterable[Any]:
        if self._number is None:
            return ()
        things = make()
        return things[self._number :] if isinstance(things, range) else itertools.islice(things, self._number, None)


class Sharded(Order):
    """One element of so many."""

    def __init__(self, before: Step, shards: int, index: int) -> None:
        super().__init__(before)
        self._shards, self._index = shards, index

    @property
    def count(self) -> int:
        known = self.before.count
        return known if known < 0 else len(range(self._index, known, self._shards))

    def ordered(self, make: Callable[[], Iterable[Any]]) -> Iterable[Any]:
        things = make()
        if isinstance(things, range):
            return things[self._index :: self._shards]
        return itertools.islice(things, self._index, None, self._shards)


class Repeated(Order):
    """All elements several times; without end for None."""

    def __init__(self, before: Step, times: int | None) -> None:
        super().__init__(before)
        self._times = times

    @property
    def count(self) -> int:
        known = self.before.count
        if self._times is None:
            return known if known == 0 else INFINITE
        return 0 if self._times == 0 else known if known < 0 else known * self._times

    def ordered(self, make: Callable[[], Iterable[Any]]) -> Iterable[Any]:
        passes = itertools.count() if self._times is None else range(self._times)
        for _ in passes:
            empty = True
            for thing in make():
                empty = False
                yield thing
            if empty:
                return


class Shuffled(Order):
    """Elements in random order: each is drawn from a buffer, where the next one takes its place.

    The order follows from the seed, or from where the global seed stood when the step was made, and from the number of
    the pass, unless every pass shall have the same.
    """

    def __init__(self, before: Step, size: int, seed: int | None, reshuffles: bool) -> None:
        super().__init__(before)
        self._size, self._key, self._reshuffles, self._pass = size, key_of(seed), reshuffles, 0

    def ordered(self, make: Callable[[], Iterable[Any]]) -> Iterable[Any]:
        number = self._pass if self._reshuffles else 0
        self._pass += 1
        things = make()
        if isinstance(things, Sequence) and len(things) <= self._size:  # all of them are in the buffer
            order = permutation(len(things), *Key(self._key.seed, self._key.stream + (number << 32)))
            return (things[place] for place in order.tolist())
        return self._drawn(things, random.Random(repr((*self._key, number))))

    def _drawn(self, things: Iterable[Any], chance: random.Random) -> Iterator[Any]:
        following = iter(things)
        buffer = list(itertools.islice(following, self._size))
        draw = chance.random
        for thing in following:
            place = int(draw() * len(buffer))
            drawn, buffer[place] = buffer[place], thing
            yield drawn
        while buffer:
            place = int(draw() * len(buffer))
            buffer[place], buffer[-1] = buffer[-1], buffer[place]
            yield buffer.pop()


class Cached(Order):
    """The elements of the first whole pass, in every pass."""

    def __init__(self, before: Step) -> None:
        super().__init__(before)
        self._kept: list[Any] | None = None

    @property
    def count(self) -> int:
        return self.before.count if self._kept is None else len(self._kept)

    def ordered(self, make: Callable[[], Iterable[Any]]) -> Iterable[Any]:
        things = make() if self._kept is None else self._kept
        return things if isinstance(things, range) else self._through(things)

    def _through(self, things: Iterable[Any]) -> Iterator[Any]:
        copied = elements.copied if self.arrays is None else lambda position: position
        if things is self._kept:
            yield from map(copied, things)
            return
        kept: list[Any] = []
        for thing in things:
            kept.append(copied(thing))
            yield thing
        self._kept = kept


class Counted(After):
    """Elements of which somebody says how many there are."""

    def __init__(self, before: Step, number: int) -> None:
        super().__init__(before)
        self._number = number

    @property
    def count(self) -> int:
        return self._number

    def __iter__(self) -> Iterator[Any]:
        found = 0
        for found, element in enumerate(self.before, 1):
            if 0 <= self._number < found:
                raise ValueError(f"assert_cardinality() was told of {self._number} elements, and there are more")
            yield element
        if found < self._number or self._number == INFINITE:
            raise ValueError(f"assert_cardinality() was told of "
                             f"{'no end' if self._number == INFINITE else f'{self._number} elements'}, and there are "
                             f"{found}")


class Prefetched(After):
    """Elements that a thread makes in advance."""

    def __init__(self, before: Step, number: int) -> None:
        super().__init__(before)
        self.number = number

    def __iter__(self) -> Iterator[Any]:
        return ahead(self.before.__iter__, self.number)


class Batched(After):
    """Elements put together along a new first axis."""

    def __init__(self, before: Step, size: int, drops_remainder: bool) -> None:
        super().__init__(before)
        self.size, self._drops = size, drops_remainder

    @property
    def count(self) -> int:
        known = self.before.count
        return known if known < 0 else known // self.size if self._drops else -(-known // self.size)

    def __iter__(self) -> Iterator[Any]:
        if self.before.arrays is None:
            return map(elements.stacked, self._groups(self.before))
        arrays = self.before.arrays
        return (elements.some_rows(arrays, positions) for positions in self._groups(self.before.positions()))

    def _groups(self, things: Iterable[Any]) -> Iterator[Any]:
        if isinstance(things, range):
            for start in range(0, len(things), self.size):
                if not self._drops or start + self.size <= len(things):
                    yield things[start : start + self.size]
            return
        following = iter(things)
        while group := list(itertools.islice(following, self.size)):
            if self._drops and len(group) < self.size:
                return
            yield group

    def spec(self) -> Any:
        extent = self.size if self._drops else None
        return elements.reshaped(self.before.spec(), lambda shape: (extent, *shape))


class Unbatched(After):
    """The rows of each element, one by one."""

    @property
    def count(self) -> int:
        return 0 if self.before.count == 0 else INFINITE if self.before.count == INFINITE else UNKNOWN

    def __iter__(self) -> Iterator[Any]:
        for batch in self.before:
            for position in range(elements.rows_of(batch)):
                yield elements.row(batch, position)

    def spec(self) -> Any:
        return elements.reshaped(self.before.spec(), lambda shape: shape[1:])


class Concatenated(Step):
    """All elements of one step, and then all of another."""

    def __init__(self, first: Step, second: Step) -> None:
        self._first, self._second = first, second

    @property
    def count(self) -> int:
        counts = self._first.count, self._second.count
        return INFINITE if INFINITE in counts else UNKNOWN if UNKNOWN in counts else sum(counts)

    def __iter__(self) -> Iterator[Any]:
        return itertools.chain(self._first, self._second)

    def spec(self) -> Any:
        return self._first.spec()


class Zipped(Step):
    """Elements that are structures of those of several steps, side by side, as long as all have one."""

    def __init__(self, parts: Any) -> None:
        self._parts, self._steps = parts, elements.leaves(parts)

    @property
    def count(self) -> int:
        counts = [step.count for step in self._steps if step.count != INFINITE]
        return INFINITE if not counts else UNKNOWN if UNKNOWN in counts else min(counts)

    def __iter__(self) -> Iterator[Any]:
        for found in zip(*self._steps, strict=False):
            by_step = iter(found)
            yield self._filled(self._parts, by_step)

    def _filled(self, parts: Any, found: Iterator[Any]) -> Any:
        """The structure with one element for each step, in the order of `leaves`."""
        if not elements.is_part(parts):
            return next(found)
        if isinstance(parts, dict):
            filled = {key: self._filled(parts[key], found) for key in sorted(parts)}
            return {key: filled[key] for key in parts}
        return tuple(self._filled(part, found) for part in parts)

    def spec(self) -> Any:
        return elements.mapped(lambda step: step.spec(), self._parts)


class Enumerated(After):
    """Pairs of a number and an element."""

    def __init__(self, before: Step, start: int) -> None:
        super().__init__(before)
        self._start = start

    def __iter__(self) -> Iterator[Any]:
        return ((tensor(number, np.int64), element) for number, element in enumerate(self.before, self._start))

    def spec(self) -> Any:
        return TensorSpec((), np.dtype(np.int64)), self.before.spec()
