"""Steps of data sets that call functions of users, one after the other or in threads."""

from __future__ import annotations

import contextvars
import itertools
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from fashioncnn.data import elements
from fashioncnn.data.steps import INFINITE, UNKNOWN, After, Step

WORTH_THREADS = 2e-4  # seconds that a call must take: handing one to a thread takes a part of that


def called(function: Callable[..., Any], element: Any) -> Any:
    """What a function returns for an element; the parts of a tuple are its arguments.

    Raises:
        RuntimeError: If the function raises StopIteration, which would end the pass as if there were no more elements.
    """
    try:
        return function(*element) if type(element) is tuple else function(element)
    except StopIteration as error:
        raise RuntimeError("a function that a data set calls raised StopIteration: next() of an iterator that has "
                           "ended") from error


def returned(value: Any) -> Any:
    """An element made of what a function returned: a list is a tuple, as in tf.data."""
    return elements.element_of("map()", tuple(value) if isinstance(value, list) else value)


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Mapped(After):
    """What a function makes of each element.

    Args:
        before: Gives the elements.
        function: The function.
        threads: How many may call it at once. They do so where a call takes long enough; the order of the elements is
            the same in any case.
    """

    def __init__(self, before: Step, function: Callable[..., Any], threads: int = 1) -> None:
        super().__init__(before)
        self._function, self._threads = function, threads

    def __iter__(self) -> Iterator[Any]:
        if self._threads == 1:
            return map(self._made, self.before)
        return self._in_threads(iter(self.before))

    def _made(self, element: Any) -> Any:
        return returned(called(self._function, element))

    def _in_threads(self, following: Iterator[Any]) -> Iterator[Any]:
        for element in itertools.islice(following, 1):  # which may load what the function needs
            yield self._made(element)
        for element in itertools.islice(following, 1):
            begun = time.perf_counter()
            made = self._made(element)
            seconds = time.perf_counter() - begun
            yield made
            if seconds < WORTH_THREADS:
                yield from map(self._made, following)
            else:
                yield from self._by_pool(following)

    def _by_pool(self, following: Iterator[Any]) -> Iterator[Any]:
        context = contextvars.copy_context()
        pool = ThreadPoolExecutor(self._threads, "fashioncnn-map")
        pending: deque[Future[Any]] = deque()
        try:
            for element in following:
                pending.append(pool.submit(context.copy().run, self._made, element))
                if len(pending) > self._threads:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def spec(self) -> Any:
        return Step.spec(self)


class Filtered(After):
    """The elements for which a function returns something true."""

    def __init__(self, before: Step, predicate: Callable[..., Any], stops: bool = False) -> None:
        super().__init__(before)
        self._predicate, self._stops = predicate, stops

    @property
    def count(self) -> int:
        return 0 if self.before.count == 0 else UNKNOWN

    def __iter__(self) -> Iterator[Any]:
        chosen = itertools.takewhile if self._stops else filter
        return chosen(lambda element: bool(called(self._predicate, element)), self.before)


class Flattened(After):
    """The elements of the data sets that a function makes of each element, one data set after the other."""

    def __init__(self, before: Step, function: Callable[..., Any]) -> None:
        super().__init__(before)
        self._function = function

    @property
    def count(self) -> int:
        return 0 if self.before.count == 0 else INFINITE if self.before.count == INFINITE else UNKNOWN

    def __iter__(self) -> Iterator[Any]:
        return itertools.chain.from_iterable(called(self._function, element) for element in self.before)

    def spec(self) -> Any:
        return Step.spec(self)
