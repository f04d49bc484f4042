"""What Keras says about the cases of face_cases.py, as make_face_golden.py stored it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

GOLDEN: dict[str, Any] = json.loads(Path(__file__).with_name("face.json").read_text(encoding="utf-8"))
