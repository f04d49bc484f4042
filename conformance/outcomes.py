"""What became of a test: passed, absent, wrong or out of scope.

*Absent* means that the test asked for something that fashioncnn does not have, and the error names it. Anything else
that goes wrong is *wrong*: there is no doubt in a test's favour.
"""

from __future__ import annotations

import re
import unittest
from collections.abc import Iterator
from typing import NamedTuple

import features
import own_layers
import scope
from placeholders import AbsentFeature, OutOfScope

PASSED, ABSENT, WRONG, OUT = "passed", "absent", "wrong", "out of scope"
# From the best to the worst; a test of several parts is what its worst part is.
ORDER = (PASSED, OUT, ABSENT, WRONG)
LINES = 6  # of a message
MISSING = re.compile(r"<missing ([\w.]+)>")  # how a `Placeholder` shows itself in a message


class Outcome(NamedTuple):
    """How a test ended.

    Attributes:
        kind: One of the four.
        reason: The absent feature, or why it is out of scope.
        error: The error in a line.
    """

    kind: str
    reason: str = ""
    error: str = ""


class Notes:
    """Errors that a test waited for, and that are not quite the ones that Keras raises."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.last = ""  # what the last error said that was waited for

    def compare(self, pattern: str | None, error: BaseException) -> None:
        """Notes an error whose message does not fit Keras's pattern."""
        self.last = str(error)
        if pattern is not None and not re.search(pattern, str(error)):
            self.add(pattern, error)

    def add(self, pattern: str | None, error: BaseException) -> None:
        self.messages.append(f"{in_a_line(error)} [Keras: {pattern}]")

    def take(self) -> list[str]:
        """The notes since the last time."""
        taken, self.messages = self.messages, []
        return taken


notes = Notes()


def in_a_line(error: BaseException) -> str:
    """Class and message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {' | '.join(lines[:LINES])}"


def absence(error: BaseException, awaited: str | None = None) -> Outcome | None:
    """The outcome that an error means by itself, if it says that something is absent or out of scope.

    Args:
        error: The error.
        awaited: The message that a test waits for, if it waits for an error.
    """
    if isinstance(error, OutOfScope):
        return Outcome(OUT, error.reason, in_a_line(error))
    if isinstance(error, AbsentFeature):
        return Outcome(ABSENT, str(error), in_a_line(error))
    if features.is_private(error):
        return Outcome(OUT, scope.INTERNALS, in_a_line(error))
    feature = features.missed(error, awaited)
    return Outcome(ABSENT, feature, in_a_line(error)) if feature else None


def classify(error: BaseException) -> Outcome:
    """The outcome of a test that ended with an error."""
    if isinstance(error, unittest.SkipTest):
        return Outcome(OUT, scope.SKIPPED, str(error))
    for link in _chain(error):
        outcome = absence(link)
        if outcome:
            return outcome
    handed_on = MISSING.search(str(error))
    if handed_on:
        return Outcome(ABSENT, handed_on[1], in_a_line(error))
    if own_layers.are_absent() and own_layers.have_raised(error):
        return Outcome(ABSENT, own_layers.FEATURE, in_a_line(error))
    return Outcome(WRONG, "", in_a_line(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and those that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
