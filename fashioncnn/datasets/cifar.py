"""What CIFAR-10 and CIFAR-100 share: the two versions of their files, where they are found, and how they are read.

The "Python version" holds pickles, the "binary version" records of labels and pixels. Each is taken as the archive that
was downloaded, or as the folder that it unpacks to.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import DataError
from fashioncnn.datasets.origin import Origin
from fashioncnn.datasets.pickled import Array, read_pickle
from fashioncnn.datasets.tarball import read_members
from fashioncnn.utils.downloads import keras_home

MIRRORS = ("https://www.cs.toronto.edu/~kriz/",)
SIDE, CHANNELS = 32, 3
PIXELS = CHANNELS * SIDE * SIDE
MOST_BESIDE_PIXELS = 256  # bytes that a pickle has for an image beside its pixels; it takes about 35
MOST_BESIDE_IMAGES = 1 << 20  # bytes that an archive has beside the files with images

Images = tuple[NDArray[np.uint8], NDArray[Any]]  # (N, 32, 32, 3), (N, 1)
Batch = tuple[NDArray[np.uint8], NDArray[Any]]  # (N, 3072), (N,)


@dataclass(frozen=True)
class Labels:
    """One kind of labels.

    Args:
        key: What a pickle calls them.
        place: Where they are among the bytes before an image's pixels.
        classes: Their number.
    """

    key: str
    place: int
    classes: int


@dataclass(frozen=True)
class BatchFile:
    """A file of images: its name, how many they are, and its MD5, "" where nobody has published it."""

    name: str
    images: int
    md5: str = ""


@dataclass(frozen=True)
class Version:
    """One form of a data set.

    Args:
        archive: Name of the archive.
        sha256: The archive's.
        folder: What it unpacks to.
        files: The files with images, in order; the last has the images for tests.
        pickled: Whether they are pickles.
        label_bytes: How many bytes are before an image's pixels where they are not.
    """

    archive: str
    sha256: str
    folder: str
    files: tuple[BatchFile, ...]
    pickled: bool
    label_bytes: int = 0

    def is_in(self, folder: Path) -> bool:
        """Whether a folder has the archive or all that it unpacks to."""
        return self.is_unpacked_in(folder) or os.path.isfile(folder / self.archive)

    def is_unpacked_in(self, folder: Path) -> bool:
        """Whether a folder has all that the archive unpacks to."""
        return all(os.path.isfile(folder / self.folder / file.name) for file in self.files)

    def largest(self, file: BatchFile) -> int:
        """How many bytes a file may have."""
        beside = MOST_BESIDE_PIXELS if self.pickled else self.label_bytes
        return file.images * (PIXELS + beside) + (MOST_BESIDE_PIXELS if self.pickled else 0)

    def contents(self, folder: Path) -> Iterator[tuple[BatchFile, str, bytes]]:
        """Each file with images, what to call it in errors, and its verified content."""
        if self.is_unpacked_in(folder):
            yield from self._unpacked(folder / self.folder)
        else:
            yield from self._packed(folder / self.archive)

    def _unpacked(self, folder: Path) -> Iterator[tuple[BatchFile, str, bytes]]:
        for file in self.files:
            path = folder / file.name
            with open(path, "rb") as opened:
                content = opened.read(self.largest(file) + 1)
            if len(content) > self.largest(file):
                raise DataError(f"{path}: is no file of {file.images:,} images: it is larger")
            if file.md5 and hashlib.md5(content, usedforsecurity=False).hexdigest() != file.md5:
                raise DataError(f"{path}: is not the published file (its MD5 differs): delete or replace it")
            yield file, str(path), content

    def _packed(self, archive: Path) -> Iterator[tuple[BatchFile, str, bytes]]:
        with open(archive, "rb") as opened:
            digest = hashlib.sha256()
            while chunk := opened.read(1 << 20):
                digest.update(chunk)
        if digest.hexdigest() != self.sha256:
            raise DataError(f"{archive}: is not the published archive (its SHA-256 differs): delete or replace it")
        files = {f"{self.folder}/{file.name}": file for file in self.files}
        limits = {name: self.largest(file) for name, file in files.items()}
        for name, content in read_members(archive, limits, sum(limits.values()) + MOST_BESIDE_IMAGES):
            yield files[name], f"{archive}: {name}", content

    def read(self, content: bytes, file: BatchFile, where: str, labels: Labels) -> Batch:
        """The pixels and labels of a file."""
        batch = _read_pickled(content, where, labels.key) if self.pickled \
            else _read_records(content, where, labels.place, self.label_bytes)
        images, numbers = batch
        if images.shape != (file.images, PIXELS) or numbers.shape != (file.images,):
            raise DataError(f"{where}: has images {images.shape} and labels {numbers.shape}; expected "
                            f"{file.images:,} of {PIXELS:,} bytes")
        if file.images and not 0 <= numbers.min() <= numbers.max() < labels.classes:
            raise DataError(f"{where}: has labels from {numbers.min()} to {numbers.max()}; expected 0 to "
                            f"{labels.classes - 1}")
        return batch


@dataclass(frozen=True)
class Cifar(Origin):
    """One of the two data sets.

    Args:
        versions: Its forms, the one to download first.
    """

    versions: tuple[Version, ...] = ()

    contents = "one of its archives, or the folder that it unpacks to,"

    def is_in(self, folder: Path) -> bool:
        """Whether a folder has any version."""
        return any(version.is_in(folder) for version in self.versions)

    def downloads(self) -> Mapping[str, str]:
        """The archive of the first version."""
        return {self.versions[0].archive: f"sha256:{self.versions[0].sha256}"}

    def keras_folders(self) -> Iterator[Path]:
        """Keras unpacks its archive into a folder of its own, and did not always."""
        datasets = keras_home() / "datasets"
        yield from (datasets / f"{version.folder}-target" for version in self.versions)
        yield datasets

    def load(self, labels: Labels, dtype: type[np.integer[Any]]) -> tuple[Images, Images]:
        """Finds or downloads the data set, verifies and returns it.

        Args:
            labels: Which labels.
            dtype: Their type.

        Raises:
            DataError: If a file is damaged or is not the one it should be.
            OSError: If the data set is nowhere to be had; the message says what to do.
        """
        folder = self.find() or self.download()
        version = next(version for version in self.versions if version.is_in(folder))
        *training, test = version.files
        count = sum(file.images for file in training)
        images = np.empty((count + test.images, SIDE, SIDE, CHANNELS), np.uint8)
        numbers = np.empty((count + test.images, 1), dtype)
        starts = dict(zip(version.files, np.cumsum([0, *(file.images for file in training)]).tolist(), strict=True))
        for file, where, content in version.contents(folder):
            pixels, classes = version.read(content, file, where, labels)
            rows = slice(starts[file], starts[file] + file.images)
            images[rows] = pixels.reshape(-1, CHANNELS, SIDE, SIDE).transpose(0, 2, 3, 1)
            numbers[rows, 0] = classes
        return (images[:count], numbers[:count]), (images[count:], numbers[count:])


def _read_pickled(content: bytes, where: str, key: str) -> Batch:
    """The dict of the Python version: "data" is an array, the labels are a list of integers."""
    batch = read_pickle(content, where)
    if type(batch) is not dict:
        raise DataError(f"{where}: does not hold a dict")
    data, labels = batch.get(b"data"), batch.get(key.encode())
    if type(data) is not Array or data.values is None:
        raise DataError(f"{where}: has no array called 'data'")
    if type(labels) is not list or not {type(label) for label in labels} <= {int}:
        raise DataError(f"{where}: has no list of integers called '{key}'")
    return data.values, np.array(labels, np.int64)


def _read_records(content: bytes, where: str, place: int, label_bytes: int) -> Batch:
    """The records of the binary version: for each image its labels, and then its pixels."""
    if len(content) % (label_bytes + PIXELS):
        raise DataError(f"{where}: ends within an image")
    records = np.frombuffer(content, np.uint8).reshape(-1, label_bytes + PIXELS)
    return records[:, label_bytes:], records[:, place]
