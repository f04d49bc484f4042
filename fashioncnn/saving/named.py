"""Weights under names such as ``conv2d_1/kernel`` in .npz and .safetensors files.

Every name and shape is compared with the model's before any of its weights is changed, and memory is taken for what the
model has, not for what the file claims. Nothing is ever unpickled.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import DataError
from fashioncnn.saving.limits import damage_reported, opened
from fashioncnn.saving.npz import open_npz

Weights = Mapping[str, NDArray[np.float32]]
_CHECKSUM, _CRC = "checksum", "crc32:"  # a note in .safetensors files; how a checksum begins


def _compare_names(path: str, weights: Weights, found: set[str]) -> None:
    missing, unknown = sorted(weights.keys() - found), sorted(found - weights.keys())
    if missing or unknown:
        raise ValueError(f"{path} does not fit the model:" + _listed(" it lacks", missing) + _listed(" it has", unknown)
                         + f" (the model has {len(weights)} weights, the file {len(found)})")


def _listed(what: str, names: list[str]) -> str:
    return f"{what} {', '.join(names[:4])}{', ...' if len(names) > 4 else ''};" if names else ""


def _compare_array(path: str, name: str, weight: NDArray[np.float32], shape: tuple[int, ...], dtype: str) -> None:
    if (shape, dtype) != (weight.shape, weight.dtype.name):
        raise ValueError(f"{path} does not fit the model: {name} is {dtype} {shape}, expected {weight.dtype} "
                         f"{weight.shape}")


def write_npz(file: IO[bytes], weights: Weights) -> None:
    """As np.savez, but the same weights always give the same bytes; the archive's comment is a checksum."""
    import zipfile

    with zipfile.ZipFile(file, "w") as archive:
        archive.comment = _checksum(weights).encode()
        for name, array in weights.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read_npz(path: str, weights: Weights) -> dict[str, NDArray[np.float32]]:
    """The values that a file has for weights of these names and shapes. ValueError if it does not fit, or DataError."""
    values = {}
    with open_npz(path) as file:
        _compare_names(path, weights, file.names)
        for name, weight in weights.items():
            values[name] = file.read(name, partial(_compare_array, path, name, weight))
        _compare_checksum(path, values, file.comment)
    return values


def write_safetensors(file: IO[bytes], weights: Weights) -> None:
    """With a checksum: the format itself would not notice a flipped bit."""
    contiguous = {name: np.asarray(array, order="C") for name, array in weights.items()}
    file.write(_safetensors().numpy.save(contiguous, {_CHECKSUM: _checksum(weights)}))


def read_safetensors(path: str, weights: Weights) -> dict[str, NDArray[np.float32]]:
    """The same as `read_npz`."""
    safetensors = _safetensors()
    with opened(path):  # which says better than the package why a file cannot be read
        pass
    with damage_reported(path, safetensors.SafetensorError), safetensors.safe_open(path, "np") as file:
        _compare_names(path, weights, set(file.keys()))
        for name, weight in weights.items():
            part = file.get_slice(name)
            dtype = {"F32": "float32", "I32": "int32"}.get(part.get_dtype(), part.get_dtype())
            _compare_array(path, name, weight, tuple(part.get_shape()), dtype)
        values = {name: file.get_tensor(name) for name in weights}
        notes = file.metadata() or {}
    for key, note in notes.items():  # either may be damaged
        if key == _CHECKSUM or note.startswith(_CRC):
            _compare_checksum(path, values, note)
    return values


def _checksum(weights: Weights) -> str:
    """CRC-32 of all values, in order of names."""
    import zlib

    crc = 0
    for name in sorted(weights):
        crc = zlib.crc32(np.ascontiguousarray(weights[name]).data, crc)
    return f"{_CRC}{crc:08x}"


def _compare_checksum(path: str, weights: Weights, expected: str) -> None:
    """Raises DataError where a file has a checksum, and it is that of other weights; others' files have none."""
    if expected and expected != _checksum(weights):
        raise DataError(f"{path}: damaged file (its checksum is {_checksum(weights)}, expected {expected})")


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError('.safetensors files need an extra: pip install "fashioncnn[safetensors]"') from error
    return safetensors
