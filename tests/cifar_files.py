"""Small files in CIFAR's formats, for tests: the bytes that Python 2 and its NumPy wrote, and the binary records."""

from __future__ import annotations

import hashlib
import io
import struct
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from fashioncnn.datasets.cifar import Cifar, Version

PIXELS = 3 * 32 * 32


class Python2Pickle:
    """Writes protocol 2 as cPickle did: byte strings, small integers, every object kept for later."""

    def __init__(self) -> None:
        self.kept = 0
        self.parts = [b"\x80\x02"]

    def add(self, code: bytes, keep: bool = True) -> Python2Pickle:
        self.parts.append(code)
        if keep:
            self.kept += 1
            self.parts.append(b"q" + bytes([self.kept]) if self.kept < 256 else b"r" + struct.pack("<I", self.kept))
        return self

    def string(self, text: bytes) -> Python2Pickle:
        return self.add((b"U" + bytes([len(text)]) if len(text) < 256 else b"T" + struct.pack("<i", len(text))) + text)

    def integer(self, value: int) -> Python2Pickle:
        return self.add(b"K" + bytes([value]) if 0 <= value < 256 else b"M" + struct.pack("<H", value)
                        if 0 <= value < 65536 else b"J" + struct.pack("<i", value), keep=False)

    def items(self, values, write) -> Python2Pickle:
        """A list, a thousand values at a time."""
        self.add(b"]")
        for start in range(0, len(values), 1000):
            self.parts.append(b"(")
            for value in values[start : start + 1000]:
                write(value)
            self.parts.append(b"e")
        return self

    def array(self, values: np.ndarray, columns_first: bool = False) -> Python2Pickle:
        self.add(b"cnumpy.core.multiarray\n_reconstruct\n").add(b"cnumpy\nndarray\n")
        self.integer(0).add(b"\x85").string(b"b").add(b"\x87").add(b"R")
        self.parts.append(b"(")
        self.integer(1).integer(values.shape[0]).integer(values.shape[1]).add(b"\x86")
        self.add(b"cnumpy\ndtype\n").string(b"u1").integer(0).integer(1).add(b"\x87").add(b"R")
        self.parts.append(b"(")
        self.integer(3).string(b"|").add(b"NNN", keep=False).integer(-1).integer(-1).integer(0).add(b"t")
        self.add(b"b", keep=False).add(b"\x88" if columns_first else b"\x89", keep=False)
        self.string(values.tobytes("F" if columns_first else "C")).add(b"t")
        return self.add(b"b", keep=False)

    def bytes(self) -> bytes:
        return b"".join([*self.parts, b"."])


def python_batch(data: np.ndarray, labels: dict[str, list[int]], columns_first: bool = False) -> bytes:
    """A file of the Python version."""
    pickle = Python2Pickle().add(b"}")
    pickle.parts.append(b"(")
    pickle.string(b"batch_label").string(b"training batch 1 of 5")
    for key, numbers in labels.items():
        pickle.string(key.encode()).items(numbers, pickle.integer)
    pickle.string(b"data").array(data, columns_first)
    names = [f"leptodactylus_pentadactylus_s_{number:06}.png".encode() for number in range(len(data))]
    pickle.string(b"filenames").items(names, pickle.string)
    pickle.parts.append(b"u")
    return pickle.bytes()


def binary_batch(data: np.ndarray, labels: dict[str, list[int]]) -> bytes:
    """A file of the binary version: the labels in the order of the dict, then the pixels."""
    return np.hstack([np.array([*labels.values()], np.uint8).T, data]).tobytes()


def make_data(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, PIXELS), np.uint8)


def as_images(data: np.ndarray) -> np.ndarray:
    """Image by image, as the makers describe the rows: red, green, blue, each row by row."""
    return np.stack([np.stack([row[:1024], row[1024:2048], row[2048:]], axis=-1).reshape(32, 32, 3) for row in data])


def tar_bytes(members: dict[str, bytes], kind: int = tarfile.GNU_FORMAT, mode: str = "w:gz") -> bytes:
    """An archive, with the folders that a real one has."""
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode=mode, format=kind) as archive:
        for folder in dict.fromkeys(name.rpartition("/")[0] for name in members):
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(info)
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1244070000.5 if kind == tarfile.PAX_FORMAT else 1244070000
            archive.addfile(info, io.BytesIO(content))
    return memory.getvalue()


class Toy:
    """A small data set in the formats of a real one.

    Args:
        real: CIFAR-10 or CIFAR-100.
        keys: What its pickles call its labels, in the order of the binary version, and how many classes they have.
        images: How many each file has.
    """

    def __init__(self, real: Cifar, keys: dict[str, int], images: int) -> None:
        self.real = real
        names = [file.name for file in real.versions[0].files]
        random = np.random.default_rng(5)
        self.data = [make_data(images, seed) for seed in range(len(names))]
        self.labels = [{key: random.integers(0, classes, images).tolist() for key, classes in keys.items()}
                       for _ in names]
        self.contents = {version.archive: self.files_of(version) for version in real.versions}
        self.archives = {version.archive: self._archive(version) for version in real.versions}
        self.source = replace(real, mirrors=("http://127.0.0.1:9/",), folders=(),
                              versions=tuple(self._version(version, images) for version in real.versions))

    def files_of(self, version: Version) -> dict[str, bytes]:
        make = python_batch if version.pickled else binary_batch
        return {file.name: make(data, labels)
                for file, data, labels in zip(version.files, self.data, self.labels, strict=True)}

    def _archive(self, version: Version) -> bytes:
        """The files, the last one first, and something else."""
        members = {f"{version.folder}/{name}": content for name, content in self.contents[version.archive].items()}
        return tar_bytes(dict(reversed(members.items())) | {f"{version.folder}/readme.html": b"see the makers' page"})

    def _version(self, version: Version, images: int) -> Version:
        contents = self.contents[version.archive]
        files = tuple(replace(file, images=images, md5=file.md5 and hashlib.md5(contents[file.name]).hexdigest())
                      for file in version.files)
        return replace(version, files=files, sha256=hashlib.sha256(self.archives[version.archive]).hexdigest())

    def write(self, folder: Path, version: Version, packed: bool) -> Path:
        """Puts a version into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        if packed:
            (folder / version.archive).write_bytes(self.archives[version.archive])
            return folder
        (folder / version.folder).mkdir()
        for name, content in self.contents[version.archive].items():
            (folder / version.folder / name).write_bytes(content)
        return folder

    def images(self, test: bool) -> np.ndarray:
        return as_images(self.data[-1] if test else np.concatenate(self.data[:-1]))

    def numbers(self, key: str, test: bool) -> np.ndarray:
        parts = self.labels[-1:] if test else self.labels[:-1]
        return np.concatenate([part[key] for part in parts])[:, None]
