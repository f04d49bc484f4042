"""Worker processes, one a framework, that are asked over a line protocol (see workers/protocol.py)."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

WORKERS = Path(__file__).parent / "workers"


class WorkerError(RuntimeError):
    """A worker ended, or answered with an error."""


class Worker:
    """One framework in a process of its own.

    Args:
        name: "fashioncnn", "keras" or "torch".
        python: The interpreter to run it with.
        threads: How many threads it may use.
        variables: Of its environment, besides our own.
    """

    def __init__(self, name: str, python: str, threads: int, **variables: str) -> None:
        self.name = name
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow", **variables}
        self._process = subprocess.Popen(
            [python, str(WORKERS / f"{name}_worker.py"), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )

    def ask(self, method: str, **arguments: Any) -> Any:
        """The result of a method of the worker, for arguments that JSON can carry."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"method": method, "arguments": arguments}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise WorkerError(f"the {self.name} worker has ended; run it by hand to see why") from error
        line = self._process.stdout.readline()
        if not line:
            raise WorkerError(f"the {self.name} worker ended during {method}(); run it by hand to see why")
        answer = json.loads(line)
        if "error" in answer:
            raise WorkerError(f"{self.name}: {answer['error']}")
        return answer["result"]

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()
