"""Things that a thread makes before they are asked for."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, nullcontext
from typing import Any, TypeVar

T = TypeVar("T")
_END = object()
_PATIENCE = 5.0  # seconds until it is asked whether the thread still exists


def ahead(make: Callable[[], Iterable[T]], count: int) -> Iterator[T]:
    """The things that ``make()`` gives, in order; a thread makes up to `count` of them in advance.

    The thread begins with the first thing that is asked for, and ends when this iterator is closed or forgotten. It has
    the caller's context variables.

    Args:
        make: Gives an iterable. It is called, and gone through, in the thread.
        count: At least 1.

    Raises:
        BaseException: Whatever is raised while a thing is made, when its turn has come.
        RuntimeError: In a process that was forked meanwhile: the thread is not in it.

    Example:
        >>> list(ahead(lambda: map(str, range(3)), count=2))
        ['0', '1', '2']
    """
    made: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(count)
    closed = threading.Event()
    thread = threading.Thread(target=contextvars.copy_context().run, args=(_produce, make, made, closed),
                              name="fashioncnn-ahead", daemon=True)
    thread.start()
    try:
        while True:
            thing, error = _next(made, thread)
            if thing is _END:
                if error is not None:
                    raise error
                return
            yield thing
    finally:
        closed.set()
        while not made.empty():  # which makes room for what the thread is about to put
            made.get_nowait()


def _produce(make: Callable[[], Iterable[Any]], made: queue.Queue[tuple[Any, BaseException | None]],
             closed: threading.Event) -> None:
    error = None
    try:
        things: Any = iter(make())
        with closing(things) if hasattr(things, "close") else nullcontext():
            for thing in things:
                made.put((thing, None))
                if closed.is_set():
                    return
    except BaseException as raised:  # the caller's thread raises it
        error = raised
    made.put((_END, error))


def _next(made: queue.Queue[tuple[Any, BaseException | None]],
          thread: threading.Thread) -> tuple[Any, BaseException | None]:
    while True:
        try:
            return made.get(timeout=_PATIENCE)
        except queue.Empty:
            if not thread.is_alive() and made.empty():
                raise RuntimeError("the thread that makes what is iterated over is not in this process, which was "
                                   "forked meanwhile: iterate anew") from None
