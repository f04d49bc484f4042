"""The workers' side of the line protocol.

A request is one line of JSON, {"method": ..., "arguments": {...}}; the answer is one line, {"result": ...} or
{"error": ...}. The end of stdin ends the worker. What a framework prints goes to stderr.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np


def serve(worker: Any) -> None:
    """Answers requests with the methods of `worker` until stdin ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"result": getattr(worker, request["method"])(**request["arguments"])}
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def flat(arrays: list[np.ndarray]) -> np.ndarray:
    """All numbers as one vector."""
    return np.concatenate([array.ravel() for array in arrays])


def clock() -> float:
    """Seconds: of the clock on the wall, or of all the process's threads where BENCHMARK_CLOCK is "cpu"."""
    return time.process_time() if os.environ.get("BENCHMARK_CLOCK") == "cpu" else time.perf_counter()


def peak_memory() -> int:
    """The largest resident size of this process so far, in bytes. (Linux's ru_maxrss begins with the parent's.)"""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    for line in lines:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
