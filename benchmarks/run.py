"""Side by side with Keras, PyTorch and, for predictions, onnxruntime: ``python benchmarks/run.py [--quick]``.

Every framework runs in a process and an interpreter of its own. First all of them train the same network from the
same weights on the same batches, and their losses must agree step by step. Then they are timed in turn, round after
round, so that a slow minute of the machine hits all of them; a figure is the median over the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import environments
import material
import numpy as np
import processor
import report
from cases import CASES, NETWORKS, Case
from session import WORKERS, Worker, WorkerError

PROOF_STEPS, PROOF_BATCH = 30, 32
PROOF_TOLERANCES = {  # of the first so many losses of a network
    "reference": {5: 1e-5, PROOF_STEPS: 3e-2},
    "ResNet-20": {1: 1e-5, 3: 1e-2},
    "small MobileNet": {1: 1e-5, 3: 1e-2},
    "VGG of 6 convolutions": {1: 1e-5, 5: 1e-3},
}
ROOT = Path(__file__).parent.parent
REST = 0.3  # seconds before each measurement, for the threads of the others to fall asleep
FOOTPRINT_RUNS = 5
ONLY_PREDICTS = "onnxruntime"
RESULTS = Path(__file__).parent / "results"


def trainers(workers: list[Worker]) -> list[Worker]:
    return [worker for worker in workers if worker.name != ONLY_PREDICTS]


def prove_agreement(name: str, workers: list[Worker], folder: Path) -> list[report.Agreement]:
    """How far each peer's losses are from fashioncnn's, step by step.

    The first steps must agree to rounding. Then some unit lies within rounding of ReLU's kink, falls on either side,
    and the losses drift apart slowly, as those of two builds of one framework do.

    Raises:
        SystemExit: If they are too far: then they do not train the same network.
    """
    tolerances = PROOF_TOLERANCES[name]
    losses = {}
    for worker in workers:
        material.load(worker, NETWORKS[name], folder)
        losses[worker.name] = np.array(worker.ask("losses", steps=max(tolerances), batch_size=PROOF_BATCH))
    own = losses.pop(report.OWN)
    agreements = []
    for peer, theirs in losses.items():
        for steps, tolerance in tolerances.items():
            difference = float(np.max(np.abs(theirs - own)[:steps] / own[:steps]))
            if not difference <= tolerance:
                raise SystemExit(
                    f"{peer} does not train the same network, {name}: its first {steps} losses differ by "
                    f"{difference:.1e} relatively, and at most {tolerance:.0e} was expected."
                )
            agreements.append(report.Agreement(peer, name, steps, difference))
    return agreements


def measure(case: Case, workers: list[Worker], folder: Path, rounds: int, quick: bool) -> report.Row:
    """Medians over the rounds, in microseconds an image, of the workers that can do it."""
    if case.kind == "train":
        workers = trainers(workers)
    images = case.quick_images if quick else case.images
    if case.kind == "predict_one":
        arguments: dict[str, Any] = {"images": images, "call": case.call}
    else:
        arguments = {"images": images, "batch_size": case.batch_size}
    notes = {}
    for worker in workers:
        material.load(worker, NETWORKS[case.network], folder)
        notes[worker.name] = worker.ask("warm_up", batch_size=case.batch_size)
        if case.kind != "train":
            worker.ask(case.kind, **arguments)
    seconds: dict[str, list[float]] = {worker.name: [] for worker in workers}
    for _ in range(rounds):
        for worker in workers:
            time.sleep(REST)
            seconds[worker.name].append(worker.ask(case.kind, **arguments))
    values = {name: statistics.median(times) / images * 1e6 for name, times in seconds.items()}
    row = report.Row(case.title, "us / image", values, {name: note for name, note in notes.items() if note})
    print(f"{case.title}: " + ", ".join(f"{name} {value:.1f} us" for name, value in values.items()), flush=True)
    return row


def peak_memory(interpreters: dict[str, str], threads: int, folder: Path) -> report.Row:
    """Of a fresh process that holds the 60,000 float32 images and trains on some of them."""
    values = {}
    for name, python in interpreters.items():
        if name == ONLY_PREDICTS:
            continue
        with Worker(name, python, threads) as worker:
            material.load(worker, NETWORKS["reference"], folder)
            worker.ask("train", images=6400, batch_size=32)
            values[name] = worker.ask("peak_memory") / 2**20
    return report.Row("peak memory, 188 MB of it data", "MB", values)


def footprint(interpreters: dict[str, str]) -> list[report.Row]:
    """Import time and installed size; nothing where a package is used without being installed."""
    seconds, beyond, megabytes = {}, {}, {}
    compiled = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for name, python in interpreters.items():
        command = [python, str(WORKERS / "footprint.py"), name]
        outputs = [subprocess.run(command, capture_output=True, text=True, env=compiled).stdout
                   for _ in range(FOOTPRINT_RUNS)]
        if not all(outputs):
            print(f"Without import times and sizes: {name} is not installed.")
            return []
        runs = [json.loads(output.splitlines()[-1]) for output in outputs]
        seconds[name] = min(run["import_seconds"] for run in runs)
        beyond[name] = 1000 * min(run["import_seconds"] - run["numpy_seconds"] for run in runs)
        megabytes[name] = runs[0]["installed_bytes"] / 2**20
    return [
        report.Row("import", "s", seconds),
        report.Row("import, without NumPy's own", "ms", beyond),
        report.Row("installed, with all that is required", "MB", megabytes),
    ]


def fewer_threads(interpreters: dict[str, str], options: argparse.Namespace, folder: Path) -> list[report.Row]:
    """The first case again with 1, 2, 4, ... threads, fewer than it was measured with."""
    rows = []
    threads = 1
    while threads < options.threads:
        with ExitStack() as stack:
            workers = [stack.enter_context(Worker(name, python, threads)) for name, python in interpreters.items()]
            row = measure(CASES[0], workers, folder, options.rounds, True)
        row.title += f", {threads} thread{'s' if threads > 1 else ''}"
        rows.append(row)
        threads *= 2
    return rows


def stages() -> str:
    """What each kernel takes, beside the machine's measured peak: the output of benchmarks/kernels.c."""
    build = [sys.executable, "setup.py", "--quiet", "build_programs", "--programs=benchmarks/kernels.c"]
    subprocess.run(build, check=True, cwd=ROOT, capture_output=True)
    program = ROOT / "build" / "release" / "kernels"
    return subprocess.run([program], check=True, capture_output=True, text=True).stdout.strip()


def machine() -> str:
    """The processor's name, and the numbers that tell it from others which a virtual machine calls the same."""
    cpu = processor.described()
    if "model name" not in cpu:
        return platform.processor() or platform.machine()
    numbers = [f"{name} {cpu[key]}" for name, key in (("family", "cpu family"), ("model", "model")) if key in cpu]
    return f"{cpu['model name']} ({', '.join(numbers)})" if numbers else cpu["model name"]


def interpreters_of(options: argparse.Namespace) -> dict[str, str]:
    """An interpreter for fashioncnn and each peer that can be had."""
    result = {report.OWN: sys.executable}
    for peer in options.peers.split(","):
        try:
            result[peer] = environments.interpreter(peer, getattr(options, f"{peer}_python"))
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"Without {peer}: its environment could not be made ({error}).")
    return result


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer images a measurement")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="time of the wall, or of all threads")
    parser.add_argument("--only", default="", help="only the cases whose title holds this")
    parser.add_argument("--peers", default="keras,torch,onnxruntime")
    parser.add_argument("--keras-python", help="interpreter with Keras and TensorFlow; else an environment is made")
    parser.add_argument("--torch-python", help="interpreter with PyTorch; else an environment is made")
    parser.add_argument("--onnxruntime-python", help="interpreter with PyTorch, onnxruntime, onnx and onnxscript")
    parser.add_argument("--output", type=Path, help="folder; else docs for a full run, benchmarks/results for a part")
    return parser.parse_args()


def main() -> None:
    options = parse()
    interpreters = interpreters_of(options)
    os.environ["BENCHMARK_CLOCK"] = options.clock
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary)
        workers = [stack.enter_context(Worker(name, python, options.threads)) for name, python in interpreters.items()]
        versions = {worker.name: worker.ask("describe") for worker in workers}
        cases = [case for case in CASES if options.only in case.title]
        proven = [name for name in PROOF_TOLERANCES if name in {"reference", *(case.network for case in cases)}]
        agreements = [found for name in proven for found in prove_agreement(name, trainers(workers), folder)]
        rows = [measure(case, workers, folder, options.rounds, options.quick) for case in cases]
        if not options.only:
            rows += fewer_threads(interpreters, options, folder)
            rows += [peak_memory(interpreters, options.threads, folder), *footprint(interpreters)]
    results = report.Results(machine(), options.threads, versions, agreements, rows, "" if options.only else stages())
    report.write(results, options.output or (RESULTS if options.only or options.quick else ROOT / "docs"), RESULTS)
    print("\n" + report.markdown(results))


if __name__ == "__main__":
    try:
        main()
    except WorkerError as error:
        raise SystemExit(str(error)) from error
