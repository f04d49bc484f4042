"""Where the time of a network's steps goes: a table of layers and phases."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any, NamedTuple

from fashioncnn._core import measure_peak

# What the core's `Network.profile` says of one purpose; and of one stage.
Stage = tuple[tuple[str, ...], str, float, float, float, float, float]
Measured = tuple[str, int, int, float, float, list[Stage]]
OF_ALL = "(all layers)"
HEADINGS = ("layer", "phase", "us", "%", "waiting", "GFLOP/s", "% of peak", "KB")


class Row(NamedTuple):
    """A phase of a layer. What is said of an image is a mean over all that were run.

    Attributes:
        layer: The layer's name; of layers that run as one their names, joined by " + "; "(all layers)" for what is done
            for none of them in particular.
        phase: What is done.
        us: Microseconds an image: the time of all threads together, divided by their number.
        percent: The same in percent of a whole step.
        waiting: Microseconds an image, counted likewise, that threads waited for each other after this phase.
        multiply_adds: Of an image, by the layer's definition; 0 where it has none.
        gflops: Billions of multiplications and additions a second and thread; None without `multiply_adds`.
        percent_of_peak: The same in percent of what a thread can do at best; None without `multiply_adds`.
        bytes: Of an image: what is read and written by the shapes of inputs, outputs and parameters, which count once a
            batch.
    """

    layer: str
    phase: str
    us: float
    percent: float
    waiting: float
    multiply_adds: int
    gflops: float | None
    percent_of_peak: float | None
    bytes: float


class Profile:
    """Where the time of steps went: printed, it is a table.

    All times are of the steps of the core; what Python does between them is not among them.

    Multiply-adds are those of the definition: a convolution has as many as its kernel has numbers, for each place of
    its output, and either of its gradients has as many again. What is computed may be less: Winograd's algorithm,
    gradients of which a max pool leaves one in four, inputs that a ReLU made 0. So more than 100 % of peak says that
    work was avoided, not that the processor is faster than it is; and a phase at 40 % may hardly become faster, where
    it is bound by memory.

    Attributes:
        model: The model's name.
        purpose: "training", or "inference" for predictions and evaluation.
        batches: How many were run.
        images: In all of them.
        threads: How many a step could use.
        us: Microseconds an image of the whole step.
        rest: How many of these are in no row: neither spent in a phase nor waited after one.
        peak: Billions of multiply-adds a second that a thread can do at best: a product of small matrices.
        rows: The `Row`s, in the order of the layers.

    Args:
        model: See above.
        measured: What the core has counted.
        peak: See above.
    """

    def __init__(self, model: str, measured: Measured, peak: float) -> None:
        self.model, self.peak = model, peak
        self.purpose, self.batches, self.images, seconds, of_threads, stages = measured
        self.threads = max(round(of_threads / seconds), 1)
        self.us = 1e6 * seconds / self.images
        self.rows = [self._row(*key, *sums) for key, sums in _joined(stages).items()]
        self.rest = self.us - sum(row.us + row.waiting for row in self.rows)

    def _row(self, layer: str, phase: str, busy: float, waited: float, products: float, of_image: float,
             of_pass: float) -> Row:
        each = 1e6 / self.threads / self.images
        gflops = 2e-9 * products * self.images / busy if products else None
        return Row(layer=layer, phase=phase, us=busy * each, percent=100 * busy * each / self.us, waiting=waited * each,
                   multiply_adds=round(products), gflops=gflops,
                   percent_of_peak=None if gflops is None else 50 * gflops / self.peak,
                   bytes=of_image + of_pass * self.batches / self.images)

    @property
    def waiting(self) -> float:
        """Microseconds an image that threads waited for each other, after all phases."""
        return sum(row.waiting for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """All of it as a dict of texts and numbers, which JSON can hold; each row as a dict, too."""
        names = ("model", "purpose", "batches", "images", "threads", "us", "waiting", "rest", "peak")
        return {**{name: getattr(self, name) for name in names}, "rows": [row._asdict() for row in self.rows]}

    def plot(self) -> Any:
        """A bar for each layer, made of its phases: see `pictures.stages.stages`.

        Raises:
            ImportError: If the extra "plot" is not installed.
        """
        from fashioncnn.pictures.stages import stages

        return stages({self._title(): self})

    def _title(self) -> str:
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{self.model}, {self.purpose}, {threads}"

    def _heading(self) -> str:
        return (f"{self._title()}: {self.batches:,} batches, {self.images:,} images, {self.us:.2f} us an image; peak "
                f"{2 * self.peak:.0f} GFLOP/s a thread")

    def _cells(self) -> Iterator[tuple[str, ...]]:
        for row in self.rows:
            speed = ("", "") if row.gflops is None else (f"{row.gflops:.1f}", f"{row.percent_of_peak:.0f}")
            yield (row.layer, row.phase, f"{row.us:.2f}", f"{row.percent:.1f}", f"{row.waiting:.2f}", *speed,
                   f"{row.bytes / 1000:.1f}")
        for name, us in (("at work", sum(row.us for row in self.rows)), ("waiting", self.waiting),
                         ("the rest", self.rest)):
            yield (OF_ALL, name, f"{us:.2f}", f"{100 * us / self.us:.1f}", "", "", "", "")

    def __str__(self) -> str:
        lines = [HEADINGS, *self._cells()]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        texts = ["  ".join(cell.ljust(width) if place < 2 else cell.rjust(width)
                           for place, (cell, width) in enumerate(zip(line, widths, strict=True))).rstrip()
                 for line in lines]
        return "\n".join([self._heading(), texts[0], "-" * max(map(len, texts)), *texts[1:]])

    def __repr__(self) -> str:
        return f"<Profile: {self._heading()}>"

    def _repr_html_(self) -> str:
        """The table as notebooks show it."""
        rows = [_html("th", HEADINGS), *(_html("td", cells) for cells in self._cells())]
        return f"<div><b>{html.escape(self._heading())}</b><table>{''.join(rows)}</table></div>"


def _html(kind: str, cells: tuple[str, ...]) -> str:
    texts = (f'<{kind} style="text-align: {"left" if place < 2 else "right"}">{html.escape(cell)}</{kind}>'
             for place, cell in enumerate(cells))
    return f"<tr>{''.join(texts)}</tr>"


def _joined(stages: list[Stage]) -> dict[tuple[str, str], list[float]]:
    """The numbers of each layer and phase: a layer may be made of several steps of the core."""
    sums: dict[tuple[str, str], list[float]] = {}
    for layers, phase, *numbers in stages:
        key = (" + ".join(layers) or OF_ALL, phase)
        sums[key] = [one + other for one, other in zip(sums[key], numbers, strict=True)] if key in sums else numbers
    return sums


_best_peak = 0.0


def peak() -> float:
    """Billions of multiply-adds a second that a thread can do: the best that was measured so far."""
    global _best_peak
    _best_peak = max(_best_peak, 1e-9 * measure_peak())
    return _best_peak
