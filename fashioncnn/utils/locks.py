"""What threads do one at a time, and what a forked child finds of it: as in the core, nothing half done.

A thread that holds a lock at a fork does not exist in the child, where the lock would stay held for ever.
"""

from __future__ import annotations

import os
import threading

from fashioncnn._core import give_locks, take_locks

CHANGING = threading.RLock()
"""Held while a model is built, compiled or given other layers: other threads, and a forked child, see it as it was
before or as it is after. A fork waits for it; so nobody waits for data with it held."""


def _before_fork() -> None:
    CHANGING.acquire()
    take_locks()


def _after_fork() -> None:
    give_locks()
    CHANGING.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)


class Turn:
    """A turn at something, which at most one thread has, once; who does not get it does without.

    Example:
        >>> turn = Turn()
        >>> turn.take(), turn.take()
        (True, False)
        >>> turn.give_back()
        >>> turn.take()
        True
    """

    def __init__(self) -> None:
        self._holder: tuple[int, int] | None = None  # process and thread

    def take(self) -> bool:
        """Whether it is the caller's from now on."""
        with CHANGING:
            if self._holder is not None and self._is_alive(*self._holder):
                return False
            self._holder = os.getpid(), threading.get_ident()
            return True

    def give_back(self) -> None:
        self._holder = None

    @staticmethod
    def _is_alive(process: int, thread: int) -> bool:
        """Whether the holder exists here: of the threads of a parent process only the one that forked does."""
        return process == os.getpid() or thread == threading.main_thread().ident
