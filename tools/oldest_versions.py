"""Prints the oldest versions that pyproject.toml allows, as constraints for pip: "numpy==1.25", one a line.

    python tools/oldest_versions.py
"""

from __future__ import annotations

import itertools
import re
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def oldest_versions() -> dict[str, str]:
    """Of everything that the package or one of its extras asks for."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    requirements = itertools.chain(project["dependencies"], *project["optional-dependencies"].values())
    matches = [re.fullmatch(r"([\w-]+)[>=]=([\d.]+)", requirement) for requirement in requirements]
    return {match[1]: match[2] for match in matches if match}


if __name__ == "__main__":
    for name, version in oldest_versions().items():
        print(f"{name}=={version}")
