"""How far a training has come, in one file with the weights and the optimizer's state: a .weights.h5 with a note."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from fashioncnn._core import DataError
from fashioncnn.saving import layout
from fashioncnn.saving.files import replacing
from fashioncnn.saving.hdf5 import Hdf5File, written
from fashioncnn.saving.limits import parse_json, read_file
from fashioncnn.utils import checks

_ATTRIBUTE = "fashioncnn_progress"


class Progress(NamedTuple):
    """How far a training has come.

    Attributes:
        epoch: The epoch that comes next.
        random_step: The number of the network's next step, which its random numbers depend on.
        seed: The global seed.
        drawn: How many keys were drawn from it.
        layers: The keys of the layers with random numbers.
    """

    epoch: int
    random_step: int
    seed: int
    drawn: int
    layers: list[list[int]]


def write(path: str, model: Any, progress: Progress) -> None:
    """Writes both. OSError if that cannot be done; the file of before is still there then."""
    def fill(target: Any) -> None:
        layout.write(target, model)
        target.attrs[_ATTRIBUTE] = json.dumps(progress._asdict())

    with replacing(path) as file:
        file.write(written(fill))


def read(path: str, model: Any) -> Progress:
    """Gives a model what the file has, and tells how far it had come.

    Raises:
        DataError: If the file is damaged.
        OSError: If it cannot be read.
        ValueError: If it does not fit the model; it is as it was before then.
    """
    with Hdf5File.opened(path, read_file(path)) as file:
        text = file.text(_ATTRIBUTE)
        if text is None:
            raise DataError(f"{path}: the file has weights, but does not say how far their training had come")
        progress = _parsed(f"{path}: {_ATTRIBUTE}", text)
        values = layout.read(file, model)
    layout.assign(values)
    return progress


def _parsed(where: str, text: str) -> Progress:
    found = parse_json(where, text)
    try:
        numbers = {name: checks.integer(name, found[name], at_least=0) for name in Progress._fields[:-1]}
        return Progress(**numbers, layers=[list(key) for key in found["layers"]])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{where}: damaged file ({error})") from error
