"""`fashioncnn train`: trains a network and saves the run."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from typing import Any

import fashioncnn
from fashioncnn._core import instruction_set
from fashioncnn.cli import arguments, data
from fashioncnn.cli.configuration import OPTIMIZERS, Configuration
from fashioncnn.cli.errors import INTERRUPTED
from fashioncnn.cli.evaluate import score
from fashioncnn.cli.runs import Run
from fashioncnn.utils import output


def add_parser(commands: Any) -> None:
    default = Configuration()
    parser: argparse.ArgumentParser = commands.add_parser(
        "train",
        help="train a network and save it",
        description="Train a network on Fashion-MNIST and save weights, history and curves. Without options: the "
        "reference network, five epochs. Ctrl-C saves what was trained so far.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--epochs", type=arguments.whole, default=default.epochs,
                        help="passes over the training images")
    parser.add_argument("--batch-size", type=arguments.whole, default=default.batch_size, help="images in one update")
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default=default.optimizer, help="how weights are updated")
    parser.add_argument("--learning-rate", type=float, default=argparse.SUPPRESS,
                        help="step size (default: the optimizer's own)")
    parser.add_argument("--filters", type=arguments.whole, nargs="+", default=list(default.filters), metavar="COUNT",
                        help="filters of each convolution")
    parser.add_argument("--kernel-size", type=arguments.whole, default=default.kernel_size, help="of every convolution")
    parser.add_argument("--dropout", type=float, default=default.dropout, help="rate before the last layer")
    parser.add_argument("--validation-split", type=float, default=default.validation_split,
                        help="share of the training images kept for validation")
    parser.add_argument("--seed", type=arguments.whole, default=default.seed,
                        help="the same seed gives the same weights")
    parser.add_argument("--threads", type=arguments.whole, default=0, help="0: one for each available CPU")
    parser.add_argument("--output", type=arguments.path, default=argparse.SUPPRESS, metavar="FOLDER",
                        help="the run's folder (default: runs/ and the time)")
    parser.add_argument("--sample", action="store_true", help="train on the small built-in sample")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    given = vars(options)
    configuration = Configuration.from_json({name: given[name] for name in Configuration.names() if name in given})
    fashioncnn.set_num_threads(options.threads)
    model = configuration.make_model()
    images = data.load(options.sample)
    with Run.create(given.get("output")) as files:
        model.summary()
        exit_code = Training(model, configuration, images.name, files).run(images)
    output.write_line(f"Saved in {files.folder}")
    return exit_code


class Recorder(fashioncnn.callbacks.Callback):
    """Saves the run after every epoch, so that a crash costs one epoch at most."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run
        self.history: dict[str, list[float]] = {}

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(float(value))
        self.run.write_training(self.model, self.history)


class Training:
    """One run from its first epoch to its files.

    Args:
        model: The compiled network.
        configuration: What it was made from.
        data_name: What it is trained on, for the record.
        run: Where to save.
    """

    def __init__(self, model: fashioncnn.Sequential, configuration: Configuration, data_name: str, run: Run) -> None:
        self.model = model
        self.configuration = configuration
        self.files = run
        self.recorder = Recorder(run)
        self.description: dict[str, Any] = {
            "fashioncnn": fashioncnn.__version__,
            "state": "training",
            "data": data_name,
            "configuration": configuration.to_json(),
            "instruction_set": instruction_set(),
            "threads": fashioncnn.get_num_threads(),
            "winograd": fashioncnn.config.winograd(),
        }

    def run(self, images: data.Data) -> int:
        """Trains, tests and saves; returns the exit code."""
        self.files.write_description(self.description)
        try:
            self._fit(images)
            self._test(images)
            self._draw()
        except KeyboardInterrupt:
            self.files.write_training(self.model, self.recorder.history)
            self._end("interrupted")
            output.complain(f"\nInterrupted after {self.epochs_trained} whole epochs.")
            return INTERRUPTED
        except BaseException:
            self._end("failed")
            raise
        self._end("done")
        return 0

    @property
    def epochs_trained(self) -> int:
        return len(self.recorder.history.get("loss", []))

    def _fit(self, images: data.Data) -> None:
        configuration = self.configuration
        start = time.perf_counter()
        self.model.fit(
            data.scaled(images.train[0]), images.train[1], batch_size=configuration.batch_size,
            epochs=configuration.epochs, validation_split=configuration.validation_split, callbacks=[self.recorder],
        )
        self.description["training_seconds"] = round(time.perf_counter() - start, 3)

    def _test(self, images: data.Data) -> None:
        loss, accuracy = score(self.model, images.test)
        self.description |= {"test_loss": loss, "test_accuracy": accuracy}
        output.write_line(f"Test loss: {loss:.4f}, test accuracy: {accuracy:.4f}")

    def _draw(self) -> None:
        try:
            from fashioncnn import visualization

            visualization.curves(self.recorder.history, ["loss", "accuracy"]).save(self.files.curves)
        except ImportError as error:
            output.complain(f"No curves.png: {error}. Everything else is saved.")

    def _end(self, state: str) -> None:
        self.description |= {"state": state, "epochs_trained": self.epochs_trained}
        self.files.write_description(self.description)
