"""The global seed: where every random number that has no seed of its own comes from."""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np

from fashioncnn.utils import checks


class Key(NamedTuple):
    """What a random function of the core needs: the same key gives the same numbers on every machine."""

    seed: int
    stream: int


class _State:
    """The seed in force and how many keys were drawn from it. Stream 0 is left to the seeds of single objects."""

    seed = int.from_bytes(os.urandom(4), "little")
    drawn = 0


def set_random_seed(seed: int) -> None:
    """Makes what follows repeatable: weights, shuffling and dropout, and also Python's and NumPy's own random numbers.

    Two runs of a script that starts with the same seed give the same bits, whatever the number of threads.

    Args:
        seed: From 0 to 4294967295.

    Raises:
        TypeError: If `seed` is not an integer.
        ValueError: If it is out of range.

    Example:
        >>> from fashioncnn import initializers
        >>> set_random_seed(1)
        >>> first = initializers.GlorotUniform()((2, 3))
        >>> set_random_seed(1)
        >>> bool((initializers.GlorotUniform()((2, 3)) == first).all())
        True
    """
    seed = checks.integer("seed", seed, at_least=0)
    if seed >= 2**32:
        raise ValueError(f"`seed` must be below 2**32, got {seed}")
    import random

    random.seed(seed)
    np.random.seed(seed)
    _State.seed, _State.drawn = seed, 0


def position() -> tuple[int, int]:
    """The seed in force, and how many keys were drawn from it."""
    return _State.seed, _State.drawn


def go_to(seed: int, drawn: int) -> None:
    """Makes the next keys those that came after a `position`. Python's and NumPy's random numbers stay as they are."""
    _State.seed, _State.drawn = seed, drawn


def next_key() -> Key:
    """A key that no other draw from the current seed has."""
    _State.drawn += 1
    return Key(_State.seed, _State.drawn)


def key_of(seed: int | None) -> Key:
    """The key of an object's own `seed`, or a fresh one for None.

    Raises:
        TypeError: If `seed` is neither None nor an integer.
        ValueError: If it does not fit into 64 bits.
    """
    if seed is None:
        return next_key()
    seed = checks.integer("seed", seed, at_least=0)
    if seed >= 2**64:
        raise ValueError(f"`seed` must be below 2**64, got {seed}")
    return Key(seed, 0)
