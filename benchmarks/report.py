"""Results as a Markdown table, JSON and, where matplotlib is installed, a PNG."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path

OWN = "fashioncnn"


@dataclass
class Row:
    """One measurement: the values of the frameworks that can do it, and their unit."""

    title: str
    unit: str
    values: dict[str, float]
    notes: dict[str, str] = field(default_factory=dict)

    def ratio(self, name: str) -> float:
        """NaN for a framework without a value."""
        return self.values.get(name, math.nan) / self.values[OWN]

    def least_ratio(self) -> float:
        """That of the best peer."""
        return min(self.ratio(name) for name in self.values if name != OWN)


@dataclass
class Agreement:
    """The largest relative difference between fashioncnn's first losses and a peer's."""

    peer: str
    network: str
    steps: int
    difference: float


@dataclass
class Results:
    machine: str
    threads: int
    versions: dict[str, str]
    agreements: list[Agreement]
    rows: list[Row]
    stages: str  # output of kernels.c; "" where it was not run


def number(value: float) -> str:
    if math.isnan(value):
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def markdown(results: Results) -> str:
    peers = [name for name in results.versions if name != OWN]
    lines = ["# Benchmarks", "", "Written by `make bench`: medians of rounds in turn.", ""]
    lines += [f"Machine: {results.machine}, {results.threads} threads.", ""]
    lines += [f"- {version}" for version in results.versions.values()]
    lines.append("")
    for found in results.agreements:
        lines.append(
            f"- The same network is trained, {found.network}: the first {found.steps} losses of {found.peer} differ "
            f"from {OWN}'s by at most {found.difference:.1e} relatively."
        )
    columns = [results.machine, "unit", *results.versions, *(f"{peer} / {OWN}" for peer in peers), f"best / {OWN}"]
    lines += ["", f"| {' | '.join(columns)} |"]
    lines.append("|---|---|" + "---:|" * (len(results.versions) + len(peers) + 1))
    for row in results.rows:
        values = [number(row.values.get(name, math.nan)) for name in results.versions]
        ratios = [f"{row.ratio(peer):.1f}" if peer in row.values else "" for peer in peers]
        ratios.append(f"**{row.least_ratio():.1f}**" if len(row.values) > 1 else "")
        lines.append(f"| {row.title} | {row.unit} | {' | '.join([*values, *ratios])} |")
    if results.stages:
        lines += ["", "Each kernel on one core, for one image, and the machine's measured peak:", ""]
        lines += ["```text", results.stages, "```"]
    return "\n".join(lines) + "\n"


def picture(results: Results, path: Path) -> None:
    """Bars of the peers' times as multiples of fashioncnn's. Needs matplotlib; without it there is no picture."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    peers = [name for name in results.versions if name != OWN]
    figure = Figure(figsize=(9, 0.6 * len(results.rows) + 1), layout="constrained")
    axes = figure.subplots()
    height = 0.8 / max(len(peers), 1)
    for i, peer in enumerate(peers):
        positions = [row + i * height for row in range(len(results.rows))]
        bars = axes.barh(positions, [row.ratio(peer) for row in results.rows], height, label=results.versions[peer])
        axes.bar_label(bars, fmt="%.1f", padding=3)
    axes.set_yticks([row + height * (len(peers) - 1) / 2 for row in range(len(results.rows))])
    axes.set_yticklabels([row.title for row in results.rows])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xlabel(f"times {results.versions[OWN]}; longer bars are slower, larger or heavier")
    axes.legend()
    figure.savefig(path, dpi=120)


def write(results: Results, folder: Path, data: Path) -> None:
    """benchmarks.md and benchmarks.png into `folder`, the numbers as benchmarks.json into `data`."""
    folder.mkdir(parents=True, exist_ok=True)
    data.mkdir(parents=True, exist_ok=True)
    (data / "benchmarks.json").write_text(json.dumps(asdict(results), indent=1) + "\n")
    (folder / "benchmarks.md").write_text(markdown(results))
    picture(results, folder / "benchmarks.png")
