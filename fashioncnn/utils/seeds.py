"""The global seed: where every random number that has no seed of its own comes from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from fashioncnn.utils import checks


class Key(NamedTuple):
    """What a random function of the core needs: the same key gives the same numbers on every machine."""

    seed: int
    stream: int


class Seeds:
    """A seed, and how many keys were drawn from it. Stream 0 is left to the seeds of single objects.

    Args:
        seed: From 0 to 4294967295.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.drawn = 0


_everybodys = Seeds(int.from_bytes(os.urandom(4), "little"))
_own: ContextVar[Seeds | None] = ContextVar("own seeds", default=None)


@contextmanager
def drawing_from(seeds: Seeds) -> Iterator[None]:
    """In the block, and in this thread alone, keys are drawn from `seeds` instead of the global seed.

    Example:
        >>> with drawing_from(Seeds(5)):
        ...     next_key(), next_key()
        (Key(seed=5, stream=1), Key(seed=5, stream=2))
    """
    token = _own.set(seeds)
    try:
        yield
    finally:
        _own.reset(token)


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
    seeds = _in_force()
    seeds.seed, seeds.drawn = seed, 0


def position() -> tuple[int, int]:
    """The seed in force, and how many keys were drawn from it."""
    seeds = _in_force()
    return seeds.seed, seeds.drawn


def go_to(seed: int, drawn: int) -> None:
    """Makes the next keys those that came after a `position`. Python's and NumPy's random numbers stay as they are."""
    seeds = _in_force()
    seeds.seed, seeds.drawn = seed, drawn


def next_key() -> Key:
    """A key that no other draw from the current seed has."""
    seeds = _in_force()
    seeds.drawn += 1
    return Key(seeds.seed, seeds.drawn)


def _in_force() -> Seeds:
    return _own.get() or _everybodys


class SeedGenerator:
    """Hands out seeds, one after the other: a layer that has one draws other numbers in each step.

    Args:
        seed: An integer; None: one that follows from `utils.set_random_seed`.
        name: A name.
        options: Absent.

    Raises:
        TypeError: If `seed` is not an integer, or a keyword is unknown.

    Example:
        >>> generator = SeedGenerator(7)
        >>> generator.next(), generator.next()
        (Key(seed=7, stream=4294967296), Key(seed=7, stream=4294967297))
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **options: Any) -> None:
        if options:
            raise TypeError(f"SeedGenerator() got an unexpected keyword argument {next(iter(options))!r}")
        self.name = name or "seed_generator"
        self.key = key_of(seed)
        self.seed = self.key.seed ^ self.key.stream << 32 if seed is None else seed
        self._drawn = 0

    def next(self, ordered: bool = True) -> Key:
        """What the next draw is made with."""
        self._drawn += 1
        return Key(self.key.seed, (self.key.stream + 1 << 32) + self._drawn - 1)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"seed": self.seed, "name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> SeedGenerator:
        """A generator with these arguments."""
        return cls(**config)

    def described(self) -> dict[str, Any]:
        """The generator as it stands in Keras's descriptions."""
        return {"module": "keras.random", "class_name": "SeedGenerator", "config": self.get_config(),
                "registered_name": None}


def seed_or_generator(name: str, value: Any) -> Any:
    """A seed as it came, and the generator that a description means."""
    if isinstance(value, Mapping) and value.get("class_name") == "SeedGenerator":
        return SeedGenerator.from_config(value["config"])
    return value


def next_key_of(seed: int | SeedGenerator | None) -> Key:
    """The next key of a generator; of another seed the same as `key_of`."""
    return seed.next() if isinstance(seed, SeedGenerator) else key_of(seed)


def key_of(seed: int | None) -> Key:
    """The key of an object's own `seed`, or a fresh one for None.

    Raises:
        ArgumentError: If `seed` is neither None nor an integer.
        ValueError: If it does not fit into 64 bits.
    """
    if seed is None:
        return next_key()
    if isinstance(seed, SeedGenerator):
        raise checks.ArgumentError(f"Argument `seed` must be an integer. Received: seed={seed}")
    seed = checks.integer("seed", seed, at_least=0)
    if seed >= 2**64:
        raise ValueError(f"`seed` must be below 2**64, got {seed}")
    return Key(seed, 0)
