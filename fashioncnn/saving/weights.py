"""A model's weights in a file, under names such as ``conv2d_1/kernel``: .npz or .safetensors.

A file is written whole or not at all. On reading, every name and shape is compared with the model's before any of its
weights is changed, and memory is taken for what the model has, not for what the file claims. Nothing is ever unpickled.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import DataError
from fashioncnn.saving.files import replacing
from fashioncnn.saving.npz import damage_reported, open_npz
from fashioncnn.utils.variable import Variable

Weights = Mapping[str, NDArray[np.float32]]


class HasWeights(Protocol):
    """A model, as far as its weights go."""

    def _weight_items(self) -> list[tuple[str, Variable]]: ...


def save_weights(model: HasWeights, filepath: str | bytes | os.PathLike[str], overwrite: bool = True) -> None:
    """Writes the weights of `model` to a file that `load_weights` reads.

    Args:
        model: A built model.
        filepath: Ends in .npz (NumPy's format) or .safetensors (needs the extra "safetensors").
        overwrite: Whether a file that exists is replaced.

    Raises:
        ValueError: If `filepath` has another ending.
        FileExistsError: If there is a file and `overwrite` is False.
        OSError: If the file cannot be written; one that existed is still there.
    """
    path = os.fsdecode(filepath)
    write, _ = _format(path)
    if not overwrite and os.path.exists(path):
        raise FileExistsError(f"{path} exists; pass overwrite=True to replace it")
    with replacing(path) as file:
        write(file, {name: weight.numpy() for name, weight in model._weight_items()})


def load_weights(model: HasWeights, filepath: str | bytes | os.PathLike[str]) -> None:
    """Reads the weights of `model` from a file that `save_weights` wrote.

    Args:
        model: A built model with the same layers, names and shapes as the one that was saved.
        filepath: The file.

    Raises:
        ValueError: If `filepath` has another ending, or the names, shapes or element types do not fit the model.
        DataError: If the file is damaged.
        OSError: If it cannot be read.

    After an error the model's weights are what they were.
    """
    path = os.fsdecode(filepath)
    _, read = _format(path)
    weights = dict(model._weight_items())
    values = read(path, {name: weight.numpy() for name, weight in weights.items()})
    for name, weight in weights.items():
        weight.assign(values[name])


def _compare_names(path: str, weights: Weights, found: set[str]) -> None:
    missing, unknown = sorted(weights.keys() - found), sorted(found - weights.keys())
    if missing or unknown:
        raise ValueError(f"{path} does not fit the model:" + _listed(" it lacks", missing) + _listed(" it has", unknown)
                         + f" (the model has {len(weights)} weights, the file {len(found)})")


def _listed(what: str, names: list[str]) -> str:
    return f"{what} {', '.join(names[:4])}{', ...' if len(names) > 4 else ''};" if names else ""


def _compare_array(path: str, name: str, weight: NDArray[np.float32], shape: tuple[int, ...], dtype: str) -> None:
    if (shape, dtype) != (weight.shape, "float32"):
        raise ValueError(f"{path} does not fit the model: {name} is {dtype} {shape}, expected float32 {weight.shape}")


def _write_npz(file: IO[bytes], weights: Weights) -> None:
    """As np.savez, but the same weights always give the same bytes."""
    import zipfile

    with zipfile.ZipFile(file, "w") as archive:
        for name, array in weights.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def _read_npz(path: str, weights: Weights) -> dict[str, NDArray[np.float32]]:
    values = {}
    with open_npz(path) as file:
        _compare_names(path, weights, file.names)
        for name, weight in weights.items():
            values[name] = file.read(name, partial(_compare_array, path, name, weight))
    return values


def _write_safetensors(file: IO[bytes], weights: Weights) -> None:
    contiguous = {name: np.ascontiguousarray(array) for name, array in weights.items()}
    file.write(_safetensors().numpy.save(contiguous, {"checksum": _checksum(contiguous)}))


def _read_safetensors(path: str, weights: Weights) -> dict[str, NDArray[np.float32]]:
    safetensors = _safetensors()
    with open(path, "rb"):  # which says better than the package why a file cannot be opened
        pass
    with damage_reported(path, safetensors.SafetensorError), safetensors.safe_open(path, "np") as file:
        _compare_names(path, weights, set(file.keys()))
        for name, weight in weights.items():
            part = file.get_slice(name)
            dtype = {"F32": "float32"}.get(part.get_dtype(), part.get_dtype())
            _compare_array(path, name, weight, tuple(part.get_shape()), dtype)
        values = {name: file.get_tensor(name) for name in weights}
        expected = (file.metadata() or {}).get("checksum")
    if expected is not None and expected != _checksum(values):
        raise DataError(f"{path}: damaged file (its checksum is {_checksum(values)}, expected {expected})")
    return values


def _checksum(weights: Weights) -> str:
    """CRC-32 of all values, in order of names; the format itself would not notice a flipped bit."""
    import zlib

    crc = 0
    for name in sorted(weights):
        crc = zlib.crc32(weights[name].data, crc)
    return f"crc32:{crc:08x}"


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError('.safetensors files need an extra: pip install "fashioncnn[safetensors]"') from error
    return safetensors


Write = Callable[[IO[bytes], Weights], None]
Read = Callable[[str, Weights], dict[str, NDArray[np.float32]]]
_FORMATS: dict[str, tuple[Write, Read]] = {
    ".npz": (_write_npz, _read_npz),
    ".safetensors": (_write_safetensors, _read_safetensors),
}
WEIGHT_FILE_ENDINGS = tuple(_FORMATS)


def _format(path: str) -> tuple[Write, Read]:
    ending = os.path.splitext(path)[1]
    if ending not in _FORMATS:
        raise ValueError(f"weights in a file called {path!r} are not supported by fashioncnn; "
                         f"supported: names that end in {' or '.join(_FORMATS)}")
    return _FORMATS[ending]
