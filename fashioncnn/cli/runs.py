"""The folder of one training run, which `train` writes and `evaluate` and `predict` read.

    run.json       configuration, state ("training", "done", "interrupted" or "failed") and results
    weights.npz    the weights after the last whole epoch, or where training was interrupted
    history.json   loss and metrics of every epoch
    curves.png     the same as a picture, where matplotlib is installed

Every file is replaced in one step, so a crash leaves the previous one.
"""

from __future__ import annotations

import json
import time
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
    def create(cls, folder: Path | None) -> Run:
        """A new run in `folder`, or in a folder of `RUNS` named after the time.

        Raises:
            BadInput: If `folder` already holds a run.
        """
        run = cls(folder or RUNS / time.strftime("%Y-%m-%d_%H%M%S"))
        if run.description.exists():
            raise BadInput(f"{run.folder} already holds a run; choose another folder with --output")
        run.folder.mkdir(parents=True, exist_ok=True)
        return run

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
        try:
            with open(self.description, encoding="utf-8") as file:
                model = Configuration.from_json(json.load(file)["configuration"]).make_model()
            model.load_weights(self.weights)
        except FileNotFoundError as error:
            raise BadInput(f"{self.folder} holds no trained run: {error.filename} is missing") from None
        except KeyError as error:
            raise BadInput(f"{self.description}: {error} is missing") from None
        except (OSError, TypeError, ValueError) as error:
            raise BadInput(f"{self.folder} cannot be used: {error}") from error
        return model


def _write_json(path: Path, value: dict[str, Any]) -> None:
    with replacing(path) as file:
        file.write((json.dumps(value, indent=2) + "\n").encode())
