"""What callbacks that watch one number of the logs have in common."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from fashioncnn.callbacks.callback import Callback, Logs
from fashioncnn.utils import checks
from fashioncnn.utils.absent import closest


class MonitorCallback(Callback):
    """Knows whether a number is better than another.

    Args:
        monitor: The number's key in the logs.
        mode: "min" or "max": which way is better; "auto": down for losses, else what the metric of that name says.
        baseline: The value to beat first; None: any will do.
        min_delta: How much better a value must be to count.

    An unknown `mode` gives a warning and is taken for "auto".
    """

    def __init__(self, monitor: str = "val_loss", mode: str = "auto", baseline: float | None = None,
                 min_delta: float = 0.0) -> None:
        if mode not in ("auto", "min", "max"):
            warnings.warn(f"{type(self).__name__} mode {mode!r} is unknown; 'auto' is used", stacklevel=3)
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.best = baseline
        self.min_delta = abs(checks.number("min_delta", min_delta))

    def get_monitor_value(self, logs: Logs | None) -> float | None:
        """The number in `logs`; None, after a warning, where it is missing.

        Raises:
            ValueError: If it is not known which way is better.
        """
        if self.mode == "auto":
            self.mode = self._find_mode()
        value = (logs or {}).get(self.monitor)
        if value is None:
            validated = any(key.startswith("val_") for key in logs or {})
            hint = ("" if validated or not self.monitor.startswith("val_")
                    else "; fit() makes it with validation_data= or validation_split=")
            warnings.warn(f"{type(self).__name__}: the logs have no {self.monitor!r}, only {', '.join(logs or {})}"
                          f"{hint}", stacklevel=3)
        return value

    def _is_improvement(self, value: float, reference: float | None) -> bool:
        """Whether `value`, as `get_monitor_value` returned it, is better than `reference` by more than `min_delta`."""
        if reference is None:
            return True
        if self.mode == "min":
            return value + self.min_delta < reference
        return value - self.min_delta > reference

    def _find_mode(self) -> str:
        name = self.monitor.removeprefix("val_")
        if name == "loss":
            return "min"
        for metric in _single_metrics(self.model):
            direction = getattr(metric, "_direction", None)
            if metric.name == name and direction is not None:
                return "max" if direction == "up" else "min"
        near = closest(name, [metric.name for metric in _single_metrics(self.model)], "; did you mean '{}'?", 0.5)
        near = near.replace("'", "'val_", 1) if near and name != self.monitor else near
        raise ValueError(f"{type(self).__name__}: it is not known whether {self.monitor!r} should rise or fall; pass "
                         f"mode='max' or mode='min'{near}")


def _single_metrics(model: Any) -> Iterator[Any]:
    for metric in getattr(model, "metrics", ()):
        yield from getattr(metric, "metrics", (metric,))
