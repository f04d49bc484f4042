"""What fashioncnn has, whatever it raises for what it has not."""

from __future__ import annotations

import importlib
from typing import Any


def find(area: str, name: str) -> Any:
    """``fashioncnn.<area>.<name>``, or None; `area` may be empty."""
    try:
        value = getattr(importlib.import_module(f"fashioncnn.{area}".rstrip(".")), name)
    except Exception:
        return None
    return None if type(value).__name__ == "Absent" else value
