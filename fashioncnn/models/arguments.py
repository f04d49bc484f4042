"""What fit, evaluate and predict take besides data, checked; and how much one call of the core predicts."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any

from fashioncnn._core import Network, get_num_threads
from fashioncnn.utils import checks

# How much is predicted in one call of the core where nobody looks at batches: long enough to be quick, and short enough
# for an interruption to be noticed.
UNWATCHED_ROWS = 1024
UNWATCHED_FLOATS = 1 << 26  # of all layers' outputs
Verbosity = str | int


def unwatched_rows(network: Network) -> int:
    floats = sum(math.prod(shape) for shape in network.node_shapes)
    return min(UNWATCHED_ROWS, max(UNWATCHED_FLOATS // floats, get_num_threads()))


def verbosity(verbose: Any) -> Verbosity:
    if verbose is None or verbose == -1:  # silent in Keras
        return 0
    if verbose not in ("auto", 0, 1, 2, 3):
        raise ValueError(f"`verbose` must be 'auto', 0, 1, 2 or 3, got {verbose!r}")
    return verbose if verbose == "auto" else int(verbose)


def optional_count(argument: str, value: Any) -> int | None:
    return None if value is None else checks.integer(argument, value, at_least=1)


def validated_epochs(validation_freq: Any) -> Callable[[int], bool]:
    """A function that says whether to validate after epoch n, n counted from 1."""
    if isinstance(validation_freq, Collection) and not isinstance(validation_freq, str):
        return set(validation_freq).__contains__
    frequency = checks.integer("validation_freq", validation_freq, at_least=1)
    return lambda number: number % frequency == 0
