"""What a training came to, in a file; and in what another one differs from it."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any, NamedTuple

from fashioncnn.callbacks import History
from fashioncnn.models import Model
from fashioncnn.saving.files import replacing
from fashioncnn.testing.bits import weights_digest

Curves = dict[str, list[float]]


class Training(NamedTuple):
    """What a training came to.

    Attributes:
        digest: The `weights_digest` of the model.
        curves: The numbers of each epoch, by name: "loss" and others.
    """

    digest: str
    curves: Curves

    @classmethod
    def of(cls, trained: Any) -> Training:
        """That of a model that was fitted, or of the `History` of one.

        Raises:
            TypeError: If it is something else.
            ValueError: If the model was not fitted.
        """
        model = trained.model if isinstance(trained, History) else trained
        if not isinstance(model, Model):
            raise TypeError(f"expected a trained model or its History, got {trained!r} of type "
                            f"{type(trained).__name__}")
        if model.history is None:
            raise ValueError(f"model '{model.name}' was not trained: call fit() first")
        history = (trained if isinstance(trained, History) else model.history).history
        curves = {name: [float(value) for value in values] for name, values in history.items()
                  if all(_is_number(value) for value in values)}
        return cls(weights_digest(model), curves)

    @classmethod
    def read(cls, path: Path) -> Training:
        """The one that `write` wrote.

        Raises:
            ValueError: If the file holds something else.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            curves = {name: [float(value) for value in values] for name, values in content["curves"].items()}
            return cls(str(content["digest"]), curves)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} holds no training: {error!r}") from None

    def write(self, path: Path) -> None:
        """Writes a file that reads well, and changes line by line."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(json.dumps(self._asdict(), indent=2).encode() + b"\n")

    def difference(self, other: Training, rtol: float | None = None) -> str:
        """In what another training differs from this one; nothing if it does not.

        Args:
            other: The other.
            rtol: None: all bits count. A number: the curves alone do, and may differ by so much of a number.
        """
        if list(self.curves) != list(other.curves) and set(self.curves) != set(other.curves):
            return f"recorded were the curves {_listed(self.curves)}, and now there are {_listed(other.curves)}"
        texts = [_of_curves(name, self.curves[name], other.curves[name], rtol or 0.0) for name in sorted(self.curves)]
        found = list(filter(None, texts))
        if rtol is not None or (not found and self.digest == other.digest):
            return "\n".join(found)
        if found:
            digits = min(_common_digits(self.curves[name], other.curves[name]) for name in self.curves)
            shared = f"the curves agree to {digits} significant digits" if digits else "the curves do not agree at all"
            return "\n".join([*found, f"{shared}; the weights {self._compared_digests(other)}"])
        return f"the curves are equal to the last digit, but the weights {self._compared_digests(other)}"

    def _compared_digests(self, other: Training) -> str:
        if self.digest == other.digest:
            return f"are the same: {self.digest[:16]}..."
        return f"differ: {self.digest[:16]}... was recorded, {other.digest[:16]}... came"


def in_ci() -> bool:
    """Whether this is a machine that builds and tests, and keeps nothing: CI is set."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, str)


def _listed(names: Any) -> str:
    return ", ".join(map(repr, names)) or "none"


def _of_curves(name: str, recorded: list[float], found: list[float], rtol: float) -> str:
    """Where one curve leaves another."""
    if len(recorded) != len(found):
        return f"'{name}' has {len(found)} epochs, and {len(recorded)} were recorded"
    apart = [epoch for epoch, pair in enumerate(zip(recorded, found, strict=True)) if not _are_close(*pair, rtol)]
    if not apart:
        return ""
    first, last = apart[0], len(recorded) - 1
    text = (f"'{name}' leaves the recorded curve in epoch {first + 1} of {len(recorded)}: "
            f"{_pair(recorded[first], found[first])}")
    return text if first == last else f"{text}; in the last one it is {_pair(recorded[last], found[last])}"


def _pair(recorded: float, found: float) -> str:
    text = f"{found!r} instead of {recorded!r}"
    if recorded == found or not (math.isfinite(recorded) and math.isfinite(found)):
        return text
    share = f", {abs(found - recorded) / abs(recorded):.2g} of it" if recorded else ""
    return f"{text}, by {abs(found - recorded):.2g}{share}"


def _are_close(recorded: float, found: float, rtol: float) -> bool:
    if math.isnan(recorded) or math.isnan(found):
        return math.isnan(recorded) and math.isnan(found)
    return recorded == found or abs(found - recorded) <= rtol * abs(recorded)


def _common_digits(recorded: list[float], found: list[float]) -> int:
    """The significant digits to which all numbers of two curves agree."""
    errors = [abs(a - b) / max(abs(a), abs(b)) for a, b in zip(recorded, found, strict=False) if a != b]
    if not all(map(math.isfinite, errors)):
        return 0
    return min((max(0, math.floor(-math.log10(error))) for error in errors), default=17)
