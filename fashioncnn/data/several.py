"""Steps of data sets that take elements of several data sets by turns, and that put elements into data sets."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from fashioncnn.data import elements
from fashioncnn.data.functions import called
from fashioncnn.data.steps import INFINITE, UNKNOWN, After, Step
from fashioncnn.utils.seeds import key_of


class Interleaved(After):
    """The elements of the data sets that a function makes of each element, of some data sets by turns.

    Args:
        before: Gives the elements.
        function: Returns something to iterate over.
        width: How many of them take turns. One that has ended is followed, when its turn comes, by the next one.
        length: How many elements each gives at its turn.
    """

    def __init__(self, before: Step, function: Callable[..., Any], width: int, length: int) -> None:
        super().__init__(before)
        self._function, self._width, self._length = function, width, length

    @property
    def count(self) -> int:
        return 0 if self.before.count == 0 else UNKNOWN

    def __iter__(self) -> Iterator[Any]:
        following = (iter(called(self._function, element)) for element in self.before)
        places: list[Iterator[Any] | None] = list(itertools.islice(following, self._width))
        while any(place is not None for place in places):
            for number, place in enumerate(places):
                if place is None:
                    continue
                given = 0
                for element in itertools.islice(place, self._length):
                    given += 1
                    yield element
                if given < self._length:
                    places[number] = next(following, None)

    def spec(self) -> Any:
        return Step.spec(self)


class Windowed(After):
    """Data sets of some elements each.

    Args:
        before: Gives the elements.
        size: How many each has; the last ones may have fewer.
        shift: How many elements lie between the beginnings of two.
        stride: How many lie between two elements of one.
        drops_remainder: Whether those with fewer are left out.
        make: Makes what is given of the elements of one window.
    """

    def __init__(self, before: Step, size: int, shift: int, stride: int, drops_remainder: bool,
                 make: Callable[[list[Any]], Any]) -> None:
        super().__init__(before)
        self._size, self._shift, self._stride, self._drops, self._make = size, shift, stride, drops_remainder, make

    @property
    def count(self) -> int:
        known = self.before.count
        if known < 0:
            return known
        reach = (self._size - 1) * self._stride if self._drops else 0
        return len(range(0, known - reach, self._shift))

    def __iter__(self) -> Iterator[Any]:
        following, reach = iter(self.before), (self._size - 1) * self._stride + 1
        kept: list[Any] = list(itertools.islice(following, reach))
        while kept:
            if self._drops and len(kept) < reach:
                return
            yield self._make(kept[:: self._stride])
            for _ in itertools.islice(following, max(self._shift - len(kept), 0)):
                pass
            kept = kept[self._shift :]
            kept += itertools.islice(following, reach - len(kept))

    def spec(self) -> Any:
        raise ValueError("the elements of window() are data sets, which have an element_spec each")


class Listed(Step):
    """Elements that are there.

    Args:
        found: The elements.
    """

    def __init__(self, found: Sequence[Any]) -> None:
        self._found = found

    @property
    def count(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Any]:
        return map(elements.copied, self._found)


class Chosen(Step):
    """Elements of several steps, of which a further step says whose turn it is, or chance.

    Args:
        steps: Give the elements.
        chooser: Gives their numbers; None: chance does.
        weights: How likely each is; None: all are alike.
        seed: Of chance.
        stops: Whether all ends where the chosen one has, and not where all have.
        reshuffles: Whether chance is another one in each pass.
    """

    def __init__(self, steps: Sequence[Step], chooser: Step | None, weights: Sequence[float] | None, seed: int | None,
                 stops: bool, reshuffles: bool = True) -> None:
        self._steps, self._chooser, self._weights, self._stops = list(steps), chooser, weights, stops
        self._key, self._pass, self._reshuffles = key_of(seed), 0, reshuffles

    @property
    def count(self) -> int:
        counts = [step.count for step in self._steps]
        if self._chooser is not None or self._stops or UNKNOWN in counts:
            return INFINITE if counts and set(counts) == {INFINITE} and self._chooser is None else UNKNOWN
        return INFINITE if INFINITE in counts else sum(counts)

    def __iter__(self) -> Iterator[Any]:
        iterators: list[Iterator[Any] | None] = [iter(step) for step in self._steps]
        for number in self._numbers(iterators):
            if not 0 <= number < len(iterators):
                raise ValueError(f"the number {number} was chosen of {len(iterators)} data sets")
            place = iterators[number]
            if place is None:
                continue
            for element in itertools.islice(place, 1):
                yield element
                break
            else:
                if self._stops:
                    return
                iterators[number] = None

    def _numbers(self, iterators: list[Iterator[Any] | None]) -> Iterator[int]:
        if self._chooser is not None:
            yield from (int(number) for number in self._chooser)
            return
        chance = random.Random(repr((*self._key, self._pass)))
        self._pass += self._reshuffles
        weights = self._weights if self._weights is not None else [1.0] * len(iterators)
        while True:
            left = [weight if place is not None else 0.0 for weight, place in zip(weights, iterators, strict=True)]
            if sum(left) <= 0:
                return
            yield chance.choices(range(len(left)), left)[0]

    def spec(self) -> Any:
        return self._steps[0].spec()


class Padded(After):
    """Elements put together along a new first axis, each with something behind it until all have one shape.

    Args:
        before: Gives the elements.
        size: Of a batch.
        shapes: A shape for each tensor; None for an extent, or a shape: the longest of the batch.
        values: What is put behind, for each tensor; None: zeros.
        drops_remainder: Whether a smaller last batch is left out.
    """

    def __init__(self, before: Step, size: int, shapes: Any, values: Any, drops_remainder: bool) -> None:
        super().__init__(before)
        self._size, self._shapes, self._values, self._drops = size, shapes, values, drops_remainder

    @property
    def count(self) -> int:
        known = self.before.count
        return known if known < 0 else known // self._size if self._drops else -(-known // self._size)

    def __iter__(self) -> Iterator[Any]:
        following = iter(self.before)
        while group := list(itertools.islice(following, self._size)):
            if self._drops and len(group) < self._size:
                return
            yield self._structure(group, self._shapes, self._values)

    def _structure(self, group: Sequence[Any], shapes: Any, values: Any) -> Any:
        """Elements, or the same part of each, put together."""
        first = group[0]
        if not elements.is_part(first):
            return self._together(group, shapes, values)
        keys = list(first) if isinstance(first, Mapping) else list(range(len(first)))
        parts = {key: self._structure([element[key] for element in group], None if shapes is None else shapes[key],
                                      values[key] if elements.is_part(values) else values) for key in keys}
        return parts if isinstance(first, Mapping) else tuple(parts.values())

    @staticmethod
    def _together(leaves: Sequence[Any], shape: Any, value: Any) -> Any:
        first = leaves[0]
        if any(leaf.ndim != first.ndim or leaf.dtype != first.dtype for leaf in leaves):
            raise ValueError("padded_batch() got elements with other numbers of axes, or of other types, in one batch")
        longest = [max(extents) for extents in zip(*(leaf.shape for leaf in leaves), strict=True)]
        wanted = [None] * first.ndim if shape is None else list(shape)
        if len(wanted) != first.ndim:
            raise ValueError(f"padded_batch() got the shape {tuple(wanted)} for elements of {first.ndim} axes")
        extents = [most if want in (None, -1) else int(want) for want, most in zip(wanted, longest, strict=True)]
        if any(want < most for want, most in zip(extents, longest, strict=True)):
            raise ValueError(f"padded_batch() got an element of the shape {tuple(longest)}, which is larger than "
                             f"{tuple(extents)}")
        if value is None:
            value = b"" if first.dtype.kind == "O" else 0
        result = np.full((len(leaves), *extents), value, first.dtype)
        for place, leaf in enumerate(leaves):
            result[place, ...][tuple(map(slice, leaf.shape))] = leaf
        return elements.element_of("padded_batch()", result)

    def spec(self) -> Any:
        return Step.spec(self)
