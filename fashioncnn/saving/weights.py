"""A model's weights to and from files: which function reads or writes a file of which ending.

A file is written whole or not at all. All that is wanted is read and compared with the model before any of its weights
is changed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import IO, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fashioncnn.saving import layout, legacy, named
from fashioncnn.saving.files import replacing
from fashioncnn.saving.hdf5 import Hdf5File, written
from fashioncnn.saving.layout import Values
from fashioncnn.saving.limits import read_file, read_members
from fashioncnn.utils import checks
from fashioncnn.utils.keywords import told
from fashioncnn.utils.variable import Variable

WEIGHTS_MEMBER = "model.weights.h5"  # of a .keras file


class HasWeights(Protocol):
    """A model, as far as its weights go."""

    def _weight_items(self) -> list[tuple[str, Variable]]: ...


class Format(NamedTuple):
    """What is known of the files of one ending.

    Attributes:
        write: Writes a model's weights; None: files of this kind are only read.
        read: Reads what is there for a model: from a path, and with the arguments `skip_mismatch` and `by_name`.
        options: Which of these arguments may be something else than False.
    """

    write: Callable[[IO[bytes], Any], None] | None
    read: Callable[..., Values]
    options: tuple[str, ...] = ()


@told
def save_weights(model: HasWeights, filepath: str | bytes | os.PathLike[str], overwrite: bool = True) -> None:
    """Writes the weights of `model` to a file that `load_weights` reads; docs/files.md tells what each kind keeps.

    Args:
        model: A built model.
        filepath: Ends in .weights.h5 (Keras's format, with the state of the optimizer; needs the extra "hdf5"), .npz
            (NumPy's) or .safetensors (needs the extra "safetensors").
        overwrite: Whether a file that exists is replaced.

    Raises:
        ValueError: If `filepath` has another ending.
        FileExistsError: If there is a file and `overwrite` is False.
        OSError: If the file cannot be written; one that existed is still there.
    """
    path = os.fsdecode(filepath)
    write = _format(path, WEIGHT_FILE_ENDINGS).write
    assert write is not None, "it is one of those that are written"
    refuse_overwriting(path, overwrite)
    with replacing(path) as file:
        write(file, model)


def refuse_overwriting(path: str, overwrite: bool) -> None:
    """Raises FileExistsError if there is a file that is not to be replaced."""
    if not overwrite and os.path.exists(path):
        raise FileExistsError(f"{path} exists; pass overwrite=True to replace it")


@told
def load_weights(model: HasWeights, filepath: str | bytes | os.PathLike[str], skip_mismatch: bool = False,
                 by_name: bool | None = None) -> None:
    """Reads the weights of `model` from a file that `save_weights` or Keras wrote.

    A .weights.h5 or .keras file also holds the state of the optimizer. As in Keras it is taken over where the model's
    optimizer has moments: since its first update, or since ``optimizer.build(model.trainable_variables)``.

    Args:
        model: A built model with the same layers and shapes as the one that was saved.
        filepath: Ends in .weights.h5, .keras, .npz or .safetensors; or in .h5 or .hdf5: weights, or a whole model, that
            Keras 2 or `Model.save` wrote.
        skip_mismatch: Whether layers that the file has other weights for stay as they are, with a warning. Not for .npz
            and .safetensors.
        by_name: Whether layers are found by their names and not by their order, and others stay as they are. Only for
            .h5 and .hdf5.

    Raises:
        ValueError: If `filepath` has another ending, or the names, shapes or element types do not fit the model.
        DataError: If the file is damaged.
        OSError: If it cannot be read.

    After an error the model's weights are what they were.
    """
    path = os.fsdecode(filepath)
    found = _format(path, tuple(FORMATS))
    wanted = {"skip_mismatch": skip_mismatch, "by_name": by_name}
    for name, value in wanted.items():
        if value and name not in found.options:
            endings = [ending for ending, other in FORMATS.items() if name in other.options]
            raise checks.unsupported("load_weights()", name, value, f"files ending in {' or '.join(endings)}")
    options = {name: bool(wanted[name]) for name in found.options}
    layout.assign(found.read(path, model, **options))


def _named(write: Callable[[IO[bytes], named.Weights], None],
           read: Callable[[str, named.Weights], dict[str, NDArray[np.float32]]]) -> Format:
    """A kind of file that has the weights under the names of `Model._weight_items`."""
    def write_model(file: IO[bytes], model: HasWeights) -> None:
        write(file, {name: weight.numpy() for name, weight in model._weight_items()})

    def read_model(path: str, model: HasWeights) -> Values:
        weights = dict(model._weight_items())
        values = read(path, {name: weight.numpy() for name, weight in weights.items()})
        return [(weight, values[name]) for name, weight in weights.items()]

    return Format(write_model, read_model)


def _write_keras(file: IO[bytes], model: Any) -> None:
    model._weight_items()
    file.write(written(lambda target: layout.write(target, model)))


def _read_keras(path: str, model: Any, skip_mismatch: bool) -> Values:
    return _read_image(path, read_file(path), model, skip_mismatch)


def _read_member(path: str, model: Any, skip_mismatch: bool) -> Values:
    where = f"{path}: {WEIGHTS_MEMBER}"
    return _read_image(where, read_members(path, [WEIGHTS_MEMBER])[WEIGHTS_MEMBER], model, skip_mismatch)


def _read_image(where: str, data: bytes, model: Any, skip_mismatch: bool) -> Values:
    model._weight_items()
    with Hdf5File.opened(where, data) as file:
        return layout.read(file, model, skip_mismatch, all_states=False)


_LEGACY = Format(None, legacy.read_weights, ("skip_mismatch", "by_name"))
FORMATS = {
    ".weights.h5": Format(_write_keras, _read_keras, ("skip_mismatch",)),
    ".npz": _named(named.write_npz, named.read_npz),
    ".safetensors": _named(named.write_safetensors, named.read_safetensors),
    ".keras": Format(None, _read_member, ("skip_mismatch",)),
    ".h5": _LEGACY,
    ".hdf5": _LEGACY,
}
WEIGHT_FILE_ENDINGS = tuple(ending for ending, each in FORMATS.items() if each.write is not None)


def _format(path: str, endings: tuple[str, ...]) -> Format:
    for ending in endings:
        if path.endswith(ending):
            return FORMATS[ending]
    raise ValueError(f"weights in a file called {path!r} are not supported by fashioncnn; "
                     f"supported: names that end in {' or '.join(endings)}")
