"""pytest's plugin: the fixture `golden_training` and the option ``--update-golden``.

Every run of pytest where fashioncnn is installed imports this module: what costs time is imported by the fixture.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fashioncnn.callbacks import History
    from fashioncnn.testing.golden import Training

LONGEST_NAME = 150
_WRITTEN = pytest.StashKey[list[Path]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds ``--update-golden``."""
    parser.getgroup("fashioncnn").addoption("--update-golden", action="store_true",
                                            help="record what the trainings of golden_training came to, anew")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Says which files were written."""
    for path in config.stash.get(_WRITTEN, []):
        terminalreporter.write_line(f"golden_training recorded {path}")


class GoldenTraining:
    """What the fixture `golden_training` is: compares trainings with those that were recorded.

    A file in the folder ``golden`` beside the test holds the digest of the weights and the curves. It is written where
    there is none, unless the variable CI is set, which is then a failure; and with ``--update-golden``.

    Args:
        request: The request for the fixture.

    Attributes:
        model: The model that was trained last.
    """

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._config = request.config
        self._folder = Path(request.path).parent / "golden"
        self._name = _file_name(request.node.nodeid)
        self._count = 0
        self.model: Any = None

    def __call__(self, model: Any, x: Any, y: Any, epochs: int = 1, *, seed: int = 0, rtol: float | None = None,
                 **options: Any) -> History:
        """Trains a model, and checks it.

        Args:
            model: A compiled model; or a function without arguments that makes one, whose initial weights follow from
                `seed`.
            x: Inputs, as for `fit`.
            y: Targets.
            epochs: Passes over the data.
            seed: Decides the order of the rows and the dropout, whatever ran before.
            rtol: See `check`.
            options: More arguments of `fit`.

        Returns:
            What `fit` returned.
        """
        __tracebackhide__ = True
        from fashioncnn.models import Model
        from fashioncnn.utils.seeds import Seeds, drawing_from

        with drawing_from(Seeds(seed)):
            self.model = model if isinstance(model, Model) else model()
            history: History = self.model.fit(x, y, epochs=epochs, **{"verbose": 0, **options})
        self.check(history, rtol=rtol)
        return history

    def check(self, trained: Any, *, rtol: float | None = None) -> None:
        """Compares a model that was fitted, or its `History`, with what was recorded; or records it.

        Args:
            trained: The model or the history.
            rtol: None: all bits count, those of the weights and of the curves. A number: the curves alone do, and may
                differ by so much of a number.
        """
        __tracebackhide__ = True
        from fashioncnn.testing.golden import Training, in_ci

        training = Training.of(trained)
        path = self._next_path()
        update = self._config.getoption("--update-golden")
        if not path.exists() and in_ci() and not update:
            pytest.fail(f"there is no {path}, and CI is set: run the test on a machine of yours, and commit the file")
        if update or not path.exists():
            training.write(path)
            self._config.stash.setdefault(_WRITTEN, []).append(path)
            return
        text = _difference(path, training, rtol)
        if text:
            pytest.fail(text)

    def _next_path(self) -> Path:
        """The file of the next training of the test: of the second it ends in +2."""
        self._count += 1
        number = f"+{self._count}" if self._count > 1 else ""
        return self._folder / f"{self._name}{number}.json"


@pytest.fixture
def golden_training(request: pytest.FixtureRequest) -> GoldenTraining:
    """Compares a training with the one that was recorded: ``golden_training(model, x, y, epochs=3)``, or
    ``golden_training.check(model)`` after a `fit`."""
    return GoldenTraining(request)


def _difference(path: Path, training: Training, rtol: float | None) -> str:
    """In what a training differs from the one in a file; nothing if it does not."""
    from fashioncnn.testing.golden import Training

    try:
        text = Training.read(path).difference(training, rtol)
    except ValueError as error:
        return f"{error}; pytest --update-golden writes it anew"
    return text and (f"{path.name}: the training is not the one that was recorded.\n{text}\nIf this was meant, pytest "
                     "--update-golden records it anew.")


def _file_name(node: str) -> str:
    """The name of a test in the form that every file system takes; different tests have different ones."""
    file, _, test = node.partition("::")
    plain = f"{PurePosixPath(file).stem}.{test.replace('::', '.').replace('[', '-', 1).removesuffix(']')}"
    name = re.sub(r"[^\w.=-]", "_", plain)[:LONGEST_NAME]
    return name if name == plain else f"{name}-{hashlib.sha256(plain.encode()).hexdigest()[:8]}"
