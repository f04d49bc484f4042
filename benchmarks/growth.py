"""Whether the cost of training grows as the work does: ``python benchmarks/growth.py``.

Each network is trained as it is, twice as deep, with twice the channels and on images of twice the height and width.
For each: the multiply-adds of a training step (three times those of a plain forward pass), an image's time on one
thread, and the ratio of the two; and what an image more in the batch adds to the process's peak memory, beside the
outputs of all layers. The ratios are medians over rounds in which all four were measured by turns.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import material
from cases import GROWTH, Network
from session import Worker

ROUNDS, BATCHES, SMALL, LARGE = 5, 10, 32, 96


def memory_an_image(network: Network, folder: Path) -> float:
    """Bytes, from the peaks of two fresh processes that train with different batches."""
    peaks = []
    for batch_size in (SMALL, LARGE):
        with Worker("fashioncnn", sys.executable, 1) as worker:
            material.load(worker, network, folder)
            worker.ask("train", images=2 * batch_size, batch_size=batch_size)
            peaks.append(worker.ask("peak_memory"))
    return (peaks[1] - peaks[0]) / (LARGE - SMALL)


def rates(networks: dict[str, Network], folder: Path) -> dict[str, tuple[float, float, float]]:
    """Of each network: multiply-adds and bytes of all outputs, for an image; and multiply-adds a second."""
    found: dict[str, list[float]] = {name: [] for name in networks}
    with ExitStack() as stack:
        workers = {name: stack.enter_context(Worker("fashioncnn", sys.executable, 1)) for name in networks}
        work = {}
        for name, worker in workers.items():
            material.load(worker, networks[name], folder)
            work[name] = worker.ask("work")
            worker.ask("train", images=2 * SMALL, batch_size=SMALL)
        for _ in range(ROUNDS):
            for name, worker in workers.items():
                images = BATCHES * SMALL
                seconds = worker.ask("train", images=images, batch_size=SMALL) / images
                found[name].append(3 * work[name]["multiply_adds"] / seconds)
    return {
        name: (work[name]["multiply_adds"], work[name]["output_bytes"], statistics.median(found[name]))
        for name in networks
    }


def main() -> None:
    os.environ["BENCHMARK_CLOCK"] = "cpu"
    print("| | million multiply-adds | us an image | billion a second | beside the first | kB more an image "
          "| beside all outputs |\n|---|---:|---:|---:|---:|---:|---:|")  # fmt: skip
    with tempfile.TemporaryDirectory() as temporary:
        for networks in GROWTH:
            measured = rates(networks, Path(temporary))
            first = next(iter(measured.values()))[2]
            for name, (multiply_adds, output_bytes, rate) in measured.items():
                more = memory_an_image(networks[name], Path(temporary))
                print(f"| {name} | {3 * multiply_adds / 1e6:.1f} | {3 * multiply_adds / rate * 1e6:,.0f} "
                      f"| {rate / 1e9:.1f} | {rate / first:.2f} | {more / 1e3:,.0f} | {more / output_bytes:.2f} |",
                      flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
