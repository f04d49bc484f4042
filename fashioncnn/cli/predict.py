"""`fashioncnn predict`: what a saved run sees in pictures."""

from __future__ import annotations

import argparse
import os
from typing import Any

import numpy as np

from fashioncnn.cli import arguments, data
from fashioncnn.cli.errors import BAD_INPUT, BadInput
from fashioncnn.cli.images import read_image
from fashioncnn.cli.runs import Run
from fashioncnn.datasets import fashion_mnist
from fashioncnn.utils import output


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "predict",
        help="say what is in pictures",
        description="Print the class and its probability for each picture. A picture with a light background is "
        "inverted: the data set shows bright objects on black.",
    )
    parser.add_argument("paths", nargs="+", type=arguments.path, metavar="[RUN] IMAGE",
                        help="a run's folder (default: the latest in runs/), then image files")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    first, *rest = options.paths
    if os.path.isdir(first):
        saved, paths = Run(first), rest
    elif os.path.exists(first):
        saved, paths = Run.latest(), options.paths
        output.complain(f"fashioncnn: no run is named, so the latest answers: {saved.folder}")
    else:  # perhaps a mistyped run, for which no other must answer
        raise BadInput(f"{first}: there is no such folder, and no such image")
    if not paths:
        raise BadInput(f"predict needs an image after the run's folder {first}")
    model = saved.load_model()
    exit_code = 0
    for path in paths:
        try:
            image = read_image(path)
        except BadInput as error:
            output.complain(f"fashioncnn: {error}")
            exit_code = BAD_INPUT
            continue
        probabilities = model.predict(data.scaled(image[np.newaxis]), verbose=0)[0]
        best = int(probabilities.argmax())
        output.write_line(f"{path}: {fashion_mnist.class_names[best]} {probabilities[best]:.1%}")
    return exit_code
