"""`fashioncnn evaluate`: loss and accuracy of a saved run on the test images."""

from __future__ import annotations

import argparse
from typing import Any, cast

import fashioncnn
from fashioncnn.cli import arguments, data
from fashioncnn.cli.runs import Run
from fashioncnn.datasets.source import Part
from fashioncnn.utils import output


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "evaluate", help="test a saved run", description="Print a saved run's loss and accuracy on the test images."
    )
    parser.add_argument("folder", nargs="?", type=arguments.path, metavar="RUN",
                        help="a run's folder (default: the latest in runs/)")
    parser.add_argument("--sample", action="store_true", help="test on the small built-in sample")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    saved = Run(options.folder) if options.folder else Run.latest()
    model = saved.load_model()
    loss, accuracy = score(model, data.load(options.sample).test)
    output.write_line(f"{saved.folder}: test loss {loss:.4f}, test accuracy {accuracy:.4f}")
    return 0


def score(model: fashioncnn.Sequential, part: Part) -> tuple[float, float]:
    """Loss and accuracy of `model` on the images and labels of `part`."""
    images, labels = part
    scores = cast(dict[str, float], model.evaluate(data.scaled(images), labels, verbose=0, return_dict=True))
    return scores["loss"], scores["accuracy"]
