"""The progress bar: one line, redrawn in place where the output can do that."""

from __future__ import annotations

import math
import os
import re
import sys
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from fashioncnn.utils import output
from fashioncnn.utils.absent import SaysWhatIsAbsent

Values = Iterable[tuple[str, Any]]
_BOLD, _GREEN, _WHITE, _PLAIN = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"


def is_interactive() -> bool:
    """Whether standard output can redraw a line: a terminal or a notebook."""
    if type(sys.stdout).__module__.startswith("ipykernel") or "PYCHARM_HOSTED" in os.environ:
        return True
    return output.is_terminal(sys.stdout)


class Progbar(SaysWhatIsAbsent):
    """Shows how far a loop has come, with an estimate of the time left and with running values.

    Args:
        target: Number of steps; None if unknown.
        width: Characters of the bar.
        verbose: 0 prints nothing; 1 draws the bar, in a new line each time where the output is neither a terminal nor a
            notebook, or TERM is "dumb"; 2 prints one line at the end. NO_COLOR is honoured.
        interval: Seconds between two drawings, at least.
        stateful_metrics: Names of values that are shown as they are; all others are averaged over the steps.
        stateless_metrics: In place of `stateful_metrics`: names of the values that are averaged.
        unit_name: What a step is called.

    Raises:
        ValueError: If both `stateful_metrics` and `stateless_metrics` are given.

    Example:
        >>> bar = Progbar(target=10, verbose=2)
        >>> bar.update(10, [("loss", 0.25)])  # doctest: +ELLIPSIS
        10/10 - 0s - ...s/step - loss: 0.2500
    """

    def __init__(self, target: int | None, width: int = 20, verbose: int = 1, interval: float = 0.05,
                 stateful_metrics: Iterable[str] | None = None, stateless_metrics: Iterable[str] | None = None,
                 unit_name: str = "step") -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError("`stateful_metrics` and `stateless_metrics` cannot both be given")
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self.stateful_metrics = set(stateful_metrics or ())
        self._stateful = None if stateful_metrics is None else self.stateful_metrics
        self._stateless = None if stateless_metrics is None else set(stateless_metrics)
        self._values: dict[str, tuple[float, int] | str] = {}
        self._seen = 0
        self._start = time.perf_counter()
        self._after_first_step: float | None = None
        self._last_drawing = -math.inf
        self._drawn_width = 0

    def is_due(self, current: int) -> bool:
        """Notes that step `current` is done, and tells whether `update` for it would draw. Cheap, for a loop's sake."""
        now = time.perf_counter()
        if current == 1 and self._after_first_step is None:
            self._after_first_step = now
        return self.verbose == 1 and now - self._last_drawing >= self.interval

    def update(self, current: int, values: Values | None = None, finalize: bool | None = None) -> None:
        """Shows step `current`.

        Args:
            current: Number of steps done.
            values: Names and values of the last step. Of an array or a list the mean is shown; what is no number, as it
                is.
            finalize: Whether this is the last update; None: whether `current` has reached the target.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        self._collect(current, values or (), finalize)
        due = self.is_due(current)
        if self.verbose == 1 and (due or finalize):
            self._draw(current, finalize)
        elif self.verbose == 2 and finalize and self.target:
            output.write_line(self._summary(current))

    def add(self, n: int, values: Values | None = None) -> None:
        """Shows `n` more steps."""
        self.update(self._seen + n, values)

    def _collect(self, current: int, values: Values, finalize: bool) -> None:
        steps = max(current - self._seen, 1)
        for name, value in values:
            number, before = _number(value), self._values.get(name)
            if number is None:
                self._values[name] = " ".join(str(value).split())
            elif finalize or not self._is_averaged(name):
                self._values[name] = (number, 1)
            else:
                total, count = before if isinstance(before, tuple) else (0.0, 0)
                self._values[name] = (total + number * steps, count + steps)
        self._seen = current

    def _is_averaged(self, name: str) -> bool:
        return name in self._stateless if self._stateless is not None else name not in (self._stateful or ())

    def _draw(self, current: int, finalize: bool) -> None:
        """Redraws the line; values that a terminal has no room for wait for the end."""
        self._last_drawing = now = time.perf_counter()
        step = self._step_duration(current, now)
        left = step * (self.target - current) if self.target and not finalize else None
        seconds = self._elapsed(now) if left is None else _clock(left)
        line = f"{self._bar(current)} {_painted(seconds, _BOLD)} {self._rate(step)}"
        width = _width(line)
        redraws = is_interactive()
        room = _terminal_width() if redraws and not finalize else math.inf
        for value in self._formatted_values():
            if width + len(value) >= room:
                break
            line += value
            width += len(value)
        if not redraws:
            output.write_line(line)
            return
        output.write("\r" + line + " " * (self._drawn_width - width) + ("\n" if finalize else ""))
        self._drawn_width = width

    def _bar(self, current: int) -> str:
        if not self.target:
            return f"{current:7d}/Unknown"
        done = min(int(self.width * current / self.target), self.width)
        rest = ("━" if _has_colours() else "─") * (self.width - done)
        finished = _painted("━" * done, _GREEN) if done else ""
        return f"{_painted(self._count(current), _BOLD)} {finished}{_painted(rest, _WHITE)}"

    def _summary(self, current: int) -> str:
        now = time.perf_counter()
        rate = self._rate(self._step_duration(current, now))
        return f"{self._count(current)} - {self._elapsed(now)} - {rate}" + "".join(self._formatted_values())

    def _count(self, current: int) -> str:
        return f"{current:{len(str(self.target))}d}/{self.target}"

    def _elapsed(self, now: float) -> str:
        return f"{now - self._start:.0f}s"

    def _formatted_values(self) -> list[str]:
        return [f" - {name}: {_formatted(value)}" for name, value in self._values.items()]

    def _rate(self, step: float) -> str:
        if step >= 1 or step == 0:
            return f"{step:.0f}s/{self.unit_name}"
        if step >= 1e-3:
            return f"{step * 1e3:.0f}ms/{self.unit_name}"
        return f"{step * 1e6:.0f}us/{self.unit_name}"

    def _step_duration(self, current: int, now: float) -> float:
        """Seconds a step; the first, which is not like the others, does not count once there are more."""
        if not current:
            return 0.0
        if self._after_first_step is not None and current > 1:
            return (now - self._after_first_step) / (current - 1)
        return (now - self._start) / current


def _number(value: Any) -> float | None:
    """The value, or the mean of its numbers; None where there are none."""
    if isinstance(value, float):  # nearly always
        return value
    try:
        return float(np.mean(value)) if np.size(value) else None
    except (TypeError, ValueError):
        return None


def _formatted(value: tuple[float, int] | str) -> str:
    """A mean as Keras writes it, or a text."""
    if isinstance(value, str):
        return value
    total, count = value
    mean = total / max(count, 1)
    return f"{mean:{'.4f' if abs(mean) > 1e-3 else '.4e'}}"


def _has_colours() -> bool:
    return output.has_colours() and is_interactive()


def _painted(text: str, colour: str) -> str:
    return f"{colour}{text}{_PLAIN}" if _has_colours() else text


def _width(text: str) -> int:
    """Characters on the screen: those of `text` without its colours."""
    return len(re.sub(r"\x1b\[\d+m", "", text))


def _clock(seconds: float) -> str:
    whole = int(seconds)
    if seconds > 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}" if seconds > 60 else f"{whole}s"


def _terminal_width() -> float:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or math.inf
    except (OSError, ValueError, AttributeError):
        return math.inf
