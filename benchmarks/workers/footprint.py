"""``python footprint.py PACKAGE``: prints, as JSON, what a package costs before any work.

"import_seconds" is the time in which all that a model needs is imported, "numpy_seconds" NumPy's share of it, and
"installed_bytes" the size of the files of its distribution and of all that it requires.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
import time
from importlib import metadata
from pathlib import Path

DISTRIBUTIONS = {"keras": "tensorflow-cpu"}
PARTS = "Conv2D, Dense, Flatten, MaxPooling2D"
IMPORTS = {  # of one that loads at their first use what others load at once
    "fashioncnn": f"from fashioncnn import Sequential; from fashioncnn.layers import {PARTS}"
}


def required_by(name: str, seen: dict[str, metadata.Distribution]) -> dict[str, metadata.Distribution]:
    """Adds to `seen` the distribution `name` and, below it, everything it requires that is installed."""
    distribution = metadata.distribution(name)
    if distribution.metadata["Name"].lower() in seen:
        return seen
    seen[distribution.metadata["Name"].lower()] = distribution
    for requirement in distribution.requires or []:
        if "extra ==" not in requirement:
            with contextlib.suppress(metadata.PackageNotFoundError):
                required_by(re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0], seen)
    return seen


def installed_bytes(package: str) -> int:
    paths = {
        Path(str(file.locate())).resolve()
        for distribution in required_by(DISTRIBUTIONS.get(package, package), {}).values()
        for file in distribution.files or []
    }
    folder = Path(str(sys.modules[package].__file__)).parent.resolve()
    paths.update(path for path in folder.rglob("*") if "__pycache__" not in path.parts)
    return sum(path.stat().st_size for path in paths if path.is_file())


if __name__ == "__main__":
    begin = time.perf_counter()
    import numpy  # noqa: F401

    after_numpy = time.perf_counter()
    exec(IMPORTS.get(sys.argv[1], f"import {sys.argv[1]}"))
    end = time.perf_counter()
    print(json.dumps({"import_seconds": end - begin, "numpy_seconds": after_numpy - begin,
                      "installed_bytes": installed_bytes(sys.argv[1])}))
