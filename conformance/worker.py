"""Runs one of Keras's test files against fashioncnn: started by `collect`, never by hand.

Reads ``{"keras": folder, "file": "losses/loss_test.py", "finished": [names]}`` from standard input, and writes a line
of JSON to the file descriptor in argv for every event: each test's start, how it ended, and the end of all.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
import unittest
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(1, str(Path(__file__).parent.parent))

import areas
import outcomes
import package
import redirect
import scope
from outcomes import Outcome
from placeholders import loading

TRACEBACK_LIMIT = 4000


class Report(unittest.TestResult):
    """Writes an event when a test starts and when it ends."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._file = os.fdopen(descriptor, "w")
        self._worst = Outcome(outcomes.PASSED)
        self._trace = ""
        self.ended: set[str] = set()
        self.class_errors: dict[str, Outcome] = {}

    def write(self, event: str, **fields: Any) -> None:
        self._file.write(json.dumps({"event": event, **fields}) + "\n")
        self._file.flush()

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self._worst, self._trace = Outcome(outcomes.PASSED), ""
        outcomes.notes.take()
        seed = zlib.crc32(name_of(test).encode())
        np.random.seed(seed)
        package.find("utils", "set_random_seed")(seed)
        self.write("start", test=name_of(test))
        self._witness = Witness()
        sys.setprofile(self._witness)

    def stopTest(self, test: unittest.TestCase) -> None:
        sys.setprofile(None)
        super().stopTest(test)
        if self._worst.kind == outcomes.PASSED and not self._witness.seen:
            self._worst = Outcome(outcomes.OUT, scope.NOTHING)
        self.end(name_of(test), self._worst, self._trace, outcomes.notes.take())

    def end(self, name: str, outcome: Outcome, trace: str = "", notes: list[str] | None = None) -> None:
        self.ended.add(name)
        self.write("end", test=name, trace=trace[-TRACEBACK_LIMIT:], notes=notes or [], **outcome._asdict())

    def _note(self, error: Any) -> None:
        self._note_outcome(outcomes.classify(error[1]), "".join(traceback.format_exception(*error)))

    def _note_outcome(self, outcome: Outcome, trace: str = "") -> None:
        if outcomes.ORDER.index(outcome.kind) > outcomes.ORDER.index(self._worst.kind):
            self._worst, self._trace = outcome, trace

    def addError(self, test: Any, error: Any) -> None:
        if isinstance(test, unittest.TestCase):
            self._note(error)
        else:
            self.class_errors[str(test).split(".")[-1].rstrip(")")] = outcomes.classify(error[1])

    def addFailure(self, test: Any, error: Any) -> None:
        self._note(error)

    def addSubTest(self, test: Any, subtest: Any, error: Any) -> None:
        if error is not None:
            self._note(error)

    def addSkip(self, test: Any, reason: str) -> None:
        self._note_outcome(Outcome(outcomes.OUT, scope.SKIPPED, reason))

    def addUnexpectedSuccess(self, test: Any) -> None:
        self._worst = Outcome(outcomes.WRONG, "", "passed where a failure is expected")


class Witness:
    """A profiler that sees whether anything of fashioncnn's is called, but for what this adapter calls itself and what
    only finds names."""

    _FINDERS = ("fashioncnn._lazily", "fashioncnn.utils.absent")

    def __init__(self) -> None:
        self.seen = False

    def __call__(self, frame: Any, event: str, argument: Any) -> None:
        module = frame.f_globals.get("__name__", "") if event == "call" else ""
        inside = module.startswith("fashioncnn") and module not in self._FINDERS
        if inside and frame.f_code.co_name not in ("<module>", "clear_session", "__getattr__"):
            self.seen = True
            sys.setprofile(None)


def name_of(test: unittest.TestCase) -> str:
    return f"{type(test).__name__}.{test._testMethodName}"


def flattened(suite: Any) -> Iterator[unittest.TestCase]:
    if isinstance(suite, unittest.TestSuite):
        for part in suite:
            yield from flattened(part)
    else:
        yield suite


def marked_to_skip(test: unittest.TestCase) -> str | None:
    """The reason of a `pytest.mark.skip` or `skipif` that holds, on a test or its class."""
    method = getattr(test, test._testMethodName)
    for mark in (*getattr(method, "pytestmark", ()), *getattr(type(test), "pytestmark", ())):
        if mark.name == "skip" or (mark.name == "skipif" and any(mark.args)):
            return str(mark.kwargs.get("reason", ""))
    return None


def out_of_scope(file: str, test: unittest.TestCase) -> Outcome | None:
    """The outcome of a test that is not to be run."""
    reason = scope.reason_for_test(file, name_of(test))
    if reason:
        return Outcome(outcomes.OUT, reason)
    skipped = marked_to_skip(test)
    return None if skipped is None else Outcome(outcomes.OUT, scope.SKIPPED, skipped)


def prepare_pytest() -> None:
    """Lets what tests use of pytest work under unittest."""
    import pytest
    import testcase

    def skip(reason: str = "", **options: Any) -> None:
        raise unittest.SkipTest(reason)

    def importorskip(name: str, *args: Any, **options: Any) -> Any:
        return importlib.import_module(name)

    pytest.skip, pytest.importorskip, pytest.raises = skip, importorskip, testcase.raises  # type: ignore[assignment]


def main() -> None:
    report = Report(int(sys.argv[1]))
    task = json.load(sys.stdin)
    warnings.simplefilter("ignore")
    prepare_pytest()
    redirect.install(Path(task["keras"]))
    areas.backend.name = scope.BACKEND_NAMES.get(task["file"], areas.backend.name)
    module_name = "keras.src." + task["file"].removesuffix(".py").replace("/", ".")
    with loading():
        module = importlib.import_module(module_name)
    tests = [test for test in flattened(unittest.defaultTestLoader.loadTestsFromModule(module))
             if type(test).__module__ == module_name]
    finished = set(task["finished"])
    to_run = []
    for test in tests:
        if name_of(test) in finished:
            continue
        outcome = out_of_scope(task["file"], test)
        if outcome:
            report.end(name_of(test), outcome)
        else:
            to_run.append(test)
    unittest.TestSuite([unittest.TestSuite([test]) for test in to_run]).run(report)
    for test in to_run:
        if name_of(test) not in report.ended:
            not_run = Outcome(outcomes.WRONG, "", "was not run")
            report.end(name_of(test), report.class_errors.get(type(test).__name__, not_run))
    report.write("done")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
