"""What Keras says about the cases of face_cases.py, as make_face_golden.py stored it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

import pytest
from golden import face_cases
from golden.suites import HOW_TO_MAKE

FILE = Path(__file__).with_name("face.json")
CASES = {"schedules": face_cases.SCHEDULES, "losses": face_cases.LOSSES, "metrics": face_cases.METRICS,
         "callbacks": face_cases.CALLBACKS, "csv": face_cases.CSV, "progress": face_cases.PROGRESS}


class _Stored(dict[Any, Any]):
    """What is stored; a test that asks for something else is skipped, and says how to make it."""

    def __init__(self, values: dict[Any, Any], within: str = "") -> None:
        super().__init__(values)
        self.within = within

    def __missing__(self, key: Any) -> NoReturn:
        pytest.skip(f"{self.within}{key} {HOW_TO_MAKE.format('make_face_golden.py')}")


def _stored(part: str, values: Any) -> Any:
    """A part of the file; of lists nothing where they were made of another number of cases."""
    if isinstance(values, dict):
        return _Stored(values, f"{part}: ")
    if part in CASES:
        return _Stored(dict(enumerate(values)) if len(values) == len(CASES[part]) else {}, f"{part}: case ")
    return values


def load() -> dict[str, Any]:
    values = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return _Stored({part: _stored(part, value) for part, value in values.items()})


GOLDEN = load()
