"""The folder of one training run, which `train` writes and `evaluate` and `predict` read.

    run.json       configuration, state ("training", "done", "interrupted" or "failed") and results
    weights.npz    the weights after the last whole epoch, or where training was interrupted
    history.json   loss and metrics of every epoch
    curves.png     the same as a picture, where matplotlib is installed

Every file is replaced in one step, so a crash leaves the previous one. A folder without weights may be trained into
again.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fashioncnn
from fashioncnn.cli.configuration import Configuration
from fashioncnn.cli.errors import BadInput
from fashioncnn.saving.files import replacing

RUNS = Path("runs")


class Run:
    """A run's folder.

    Args:
        folder: Where its files are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.description = folder / "run.json"
        self.weights = folder / "weights.npz"
        self.history = folder / "history.json"
        self.curves = folder / "curves.png"

    @classmethod
    @contextmanager
    def create(cls, folder: Path | None) -> Iterator[Run]:
        """A new run in `folder`, or in a folder of `RUNS` named after the time; no other process can train into it.

        Raises:
            BadInput: If `folder` holds a trained run, or another process is training into it.
        """
        run = cls(folder or _new_folder())
        try:
            run.folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise BadInput(f"{error.filename}: cannot be a folder: a file is in the way") from error
        with _locked(run.folder):
            if run.weights.exists():
                story = run._story() if run.description.exists() else "something else"
                raise BadInput(f"{run.folder} already holds {story}, with its weights; choose another folder")
            yield run

    @classmethod
    def latest(cls) -> Run:
        """The run in `RUNS` that was written last.

        Raises:
            BadInput: If there is none.
        """
        runs = [cls(path.parent) for path in RUNS.glob("*/weights.npz")]
        if not runs:
            raise BadInput(f"no trained run in the folder {RUNS}; run `fashioncnn train` first, or name a run's folder")
        return max(runs, key=lambda run: run.weights.stat().st_mtime_ns)

    def write_description(self, description: dict[str, Any]) -> None:
        _write_json(self.description, description)

    def write_training(self, model: fashioncnn.Sequential, history: dict[str, list[float]]) -> None:
        """Saves the weights as they are now, and the whole epochs so far."""
        model.save_weights(self.weights)
        _write_json(self.history, history)

    def load_model(self) -> fashioncnn.Sequential:
        """The trained network.

        Raises:
            BadInput: If the folder holds no usable run.
        """
        description = self._read_description()
        if not self.weights.exists():
            raise BadInput(f"{self.folder} holds {self._story()}, without weights; it can be trained into again")
        try:
            model = Configuration.from_json(description["configuration"]).make_model()
        except KeyError as error:
            raise BadInput(f"{self.description}: {error} is missing") from None
        except (TypeError, ValueError, OverflowError) as error:
            raise BadInput(f"{self.description}: {error}") from error
        try:
            model.load_weights(self.weights)
        except (OSError, ValueError) as error:
            raise BadInput(error) from error
        return model

    def _story(self) -> str:
        """How the run here came to its end."""
        description = self._read_description()
        epochs = description.get("epochs_trained")
        return {
            "failed": f"a run that failed after {epochs} whole epochs",
            "interrupted": f"a run that was interrupted after {epochs} whole epochs",
            "training": "a run that has not come to its end, or was broken off",
        }.get(str(description.get("state")), "a run")

    def _read_description(self) -> dict[str, Any]:
        if not os.path.isdir(self.folder):
            what = "not a folder" if os.path.exists(self.folder) else "there is no such folder"
            raise BadInput(f"{self.folder}: {what}")
        try:
            with open(self.description, encoding="utf-8") as file:
                description = json.load(file)
        except FileNotFoundError:
            raise BadInput(f"{self.folder} holds no run: it has no {self.description.name}") from None
        except OSError as error:
            raise BadInput(f"{self.description}: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{self.description}: not JSON: {error}") from error
        if not isinstance(description, dict):
            raise BadInput(f"{self.description}: expected a JSON object, got {type(description).__name__}")
        return description


def _new_folder() -> Path:
    """A folder of its own in `RUNS`; a second one of the same second gets a number."""
    name, number = time.strftime("%Y-%m-%d_%H%M%S"), 1
    while True:
        folder = RUNS / (name if number == 1 else f"{name}_{number}")
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            number += 1


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keeps other processes out of `folder`, where its file system has locks. A crash opens the lock."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(f"another process is training into {folder}; choose another folder") from None
        except OSError:
            pass
        yield
    finally:
        os.close(descriptor)


def _write_json(path: Path, value: dict[str, Any]) -> None:
    with replacing(path) as file:
        file.write((json.dumps(value, indent=2) + "\n").encode())
