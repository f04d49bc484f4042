"""What Keras says about the cases of face_cases.py, as make_face_golden.py stored it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

import pytest
from golden.suites import HOW_TO_MAKE

FILE = Path(__file__).with_name("face.json")


class _Stored(dict[str, Any]):
    """What is stored; a test that asks for something else is skipped, and says how to make it."""

    def __missing__(self, key: str) -> NoReturn:
        pytest.skip(f"{key} {HOW_TO_MAKE.format('make_face_golden.py')}")


GOLDEN = _Stored(json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {})
