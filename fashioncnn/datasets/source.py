"""Data sets of four IDX files: training and test images and labels, each file verified."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import DataError
from fashioncnn.datasets.idx import find_file, load_idx, unpacked_sha256
from fashioncnn.datasets.origin import Origin

Part = tuple[NDArray[np.uint8], NDArray[np.uint8]]


@dataclass(frozen=True)
class File:
    """One IDX file: its name, MD5 of its upstream .gz, and SHA-256 of the unpacked bytes.

    Where nobody has published the latter it is None: a .gz is verified by the former, and a file that lies unpacked
    by its shape.
    """

    name: str
    md5: str
    sha256: str | None
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class Source(Origin):
    """A data set of training and test images and labels.

    Args:
        files: Training images and labels, test images and labels.
    """

    files: tuple[File, ...] = ()

    contents = "its four IDX files"

    def is_in(self, folder: Path) -> bool:
        """Whether a folder has all four files."""
        return all(find_file(folder, file.name) for file in self.files)

    def downloads(self) -> Mapping[str, str]:
        """The upstream files."""
        return {f"{file.name}.gz": f"md5:{file.md5}" for file in self.files}

    def load(self) -> tuple[Part, Part]:
        """Finds or downloads the four files, verifies and returns them.

        Raises:
            DataError: If a file is damaged or is not the one it should be.
            OSError: If the data set is nowhere to be had; the message says what to do.
        """
        folder = self.find() or self.download()
        images, labels, test_images, test_labels = (self._read(folder, file) for file in self.files)
        return (images, labels), (test_images, test_labels)

    def _read(self, folder: Path, file: File) -> NDArray[np.uint8]:
        path = find_file(folder, file.name)
        if path is None:
            raise FileNotFoundError(f"{folder / file.name} has gone while it was being read")
        return self.verified(load_idx(path), file, path)

    def verified(self, array: NDArray[Any], file: File, path: Path) -> NDArray[np.uint8]:
        """The array, or DataError naming `path` unless it is what `file` holds."""
        if array.dtype != np.uint8 or (file.sha256 and unpacked_sha256(array) != file.sha256):
            raise DataError(f"{path}: is not {self.name}'s {file.name} (its SHA-256 differs): delete or replace it")
        if file.sha256 is None:
            self._check_packed(array, file, path)
        return array

    def _check_packed(self, array: NDArray[Any], file: File, path: Path) -> None:
        if array.shape != file.shape:
            raise DataError(f"{path}: is not {self.name}'s {file.name}: its shape is {array.shape}, not {file.shape}")
        if path.suffix == ".gz" and hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() != file.md5:
            raise DataError(f"{path}: is not {self.name}'s {file.name} (its MD5 differs): delete or replace it")
