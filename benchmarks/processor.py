"""What the system says of its processor."""

from __future__ import annotations

from pathlib import Path


def described() -> dict[str, str]:
    """The lines of /proc/cpuinfo about the first processor, by name; none where there is no such file."""
    path = Path("/proc/cpuinfo")
    found: dict[str, str] = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        name, _, value = line.partition(":")
        found.setdefault(name.strip(), value.strip())
    return found
