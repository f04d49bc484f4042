"""Runs a test file in a process of its own, and survives whatever it does.

A test that does not end in time, or that ends its process, is wrong; the other tests of its file run in a new process.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import tempfile
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

WORKER = Path(__file__).parent / "worker.py"
START_SECONDS = 120.0  # for the imports, on a slow and busy machine
TRACE = 4000  # characters of what a process printed last


class Result(NamedTuple):
    """How one test ended; see `outcomes.Outcome`.

    Attributes:
        file: The test file, from Keras's `src` on.
        test: Class and method.
        kind, reason, error: See `outcomes.Outcome`.
        trace: The traceback.
        notes: Errors that the test waited for, and whose wording is not Keras's.
    """

    file: str
    test: str
    kind: str
    reason: str
    error: str
    trace: str = ""
    notes: tuple[str, ...] = ()


def run_file(python: str, keras: Path, file: str, seconds: float) -> list[Result]:
    """The results of all tests of a file.

    Args:
        python: The interpreter to run them with.
        keras: The folder of the package `keras`.
        file: The file, from Keras's `src` on.
        seconds: How long one test may take.
    """
    results: dict[str, Result] = {}
    while True:
        running = None
        for event in _events(python, keras, file, list(results), seconds):
            if event["event"] == "start":
                running = event["test"]
            elif event["event"] == "end":
                running = None
                results[event["test"]] = Result(file, event["test"], event["kind"], event["reason"], event["error"],
                                                event["trace"], tuple(event["notes"]))
            elif event["event"] == "done":
                return list(results.values())
            elif running is None:
                error = f"cannot be run: {event['error']}"
                return [*results.values(), Result(file, "(the file)", "wrong", "", error, event["trace"])]
            else:
                results[running] = Result(file, running, "wrong", "", event["error"], event["trace"])


def _events(python: str, keras: Path, file: str, finished: list[str], seconds: float) -> Iterator[dict[str, Any]]:
    """What a worker reports; where that is not all, at last a "stop" of our own."""
    reader, writer = os.pipe()
    task = json.dumps({"keras": str(keras), "file": file, "finished": finished})
    environment = {**os.environ, "FASHIONCNN_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": "agg"}
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as output:
        worker = subprocess.Popen([python, str(WORKER), str(writer)], pass_fds=[writer], stdin=subprocess.PIPE,
                                  stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=folder, text=True,
                                  start_new_session=True)
        os.close(writer)
        try:
            with os.fdopen(reader, "rb", buffering=0) as stream:
                assert worker.stdin is not None, "it is a pipe"
                worker.stdin.write(task)
                worker.stdin.close()
                fell_silent = yield from _read(stream, seconds)
            if not fell_silent:
                with suppress(subprocess.TimeoutExpired):
                    worker.wait(START_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            status = worker.wait()
        output.seek(0)
        printed = output.read()[-TRACE:]
        last = printed.strip().splitlines()[-1:] or [""]
        error = f"did not end within {seconds:g} s" if fell_silent else f"exit status {status}: {last[0]}"
        yield {"event": "stop", "error": error, "trace": printed}


def _read(stream: Any, seconds: float) -> Generator[dict[str, Any], None, bool]:
    """The events of a stream until its end; returns whether it fell silent before."""
    pending = b""
    patience = START_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while selector.select(patience):
            chunk = stream.read(65536)
            if not chunk:
                return False
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                yield json.loads(line)
            patience = seconds
    return True
