"""Where a data set of four IDX files is looked for, how it is verified, and how it is downloaded."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import DataError
from fashioncnn.datasets.idx import find_file, load_idx, unpacked_sha256
from fashioncnn.utils.output import is_terminal

Part = tuple[NDArray[np.uint8], NDArray[np.uint8]]

RETRIES = 2
TIMEOUT_S = 30


@dataclass(frozen=True)
class File:
    """One IDX file: its name, MD5 of its upstream .gz, and SHA-256 of the unpacked bytes."""

    name: str
    md5: str
    sha256: str


@dataclass(frozen=True)
class Source:
    """A data set of training and test images and labels.

    Args:
        name: Name of its folder in caches.
        files: Training images and labels, test images and labels.
        mirrors: Base addresses, ending in a slash, tried in order; the environment variable FASHIONCNN_MIRROR
            replaces them.
        folders: Where else it may be installed.
        alone: Whether FASHIONCNN_DATA itself may hold the files, not only a folder called `name` in it.
        package: Debian's package, for the advice in errors; "" for none.
    """

    name: str
    files: tuple[File, File, File, File]
    mirrors: tuple[str, ...]
    folders: tuple[Path, ...]
    alone: bool
    package: str

    def candidates(self) -> Iterator[Path]:
        """Folders in the order in which they are searched."""
        own = os.environ.get("FASHIONCNN_DATA")
        if own:
            yield Path(own) / self.name
            if self.alone:
                yield Path(own)
        yield keras_home() / "datasets" / self.name
        yield cache_home() / self.name
        yield from self.folders

    def find(self) -> Path | None:
        """The first folder that has all four files, or None."""
        for folder in self.candidates():
            if all(find_file(folder, file.name) for file in self.files):
                return folder
        return None

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
        if array.dtype != np.uint8 or unpacked_sha256(array) != file.sha256:
            raise DataError(f"{path}: is not {self.name}'s {file.name} (its SHA-256 differs): delete or replace it")
        return array

    def download(self) -> Path:
        """Downloads the four files into this package's cache and returns the folder."""
        folder = cache_home() / self.name
        mirror = os.environ.get("FASHIONCNN_MIRROR")
        failures = []
        for base in (f"{mirror.rstrip('/')}/",) if mirror else self.mirrors:
            try:
                self._download_from(base, folder)
            except ImportError as error:
                raise OSError(self._advice([str(error)])) from error
            # pooch lets through its downloader's errors, and says ValueError for a checksum that differs.
            except (OSError, ValueError) as error:
                failures.append(f"{base}: {error}")
            else:
                return folder
        raise OSError(self._advice(failures))

    def _download_from(self, base: str, folder: Path) -> None:
        pooch = import_pooch()
        registry = {f"{file.name}.gz": f"md5:{file.md5}" for file in self.files}
        fetcher = pooch.create(path=folder, base_url=base, registry=registry, retry_if_failed=RETRIES)
        downloader = pooch.HTTPDownloader(progressbar=shows_progress(), timeout=TIMEOUT_S)
        for name in registry:
            fetcher.fetch(name, downloader=downloader)

    def _advice(self, failures: list[str]) -> str:
        lines = [f"the data set {self.name} was not found and could not be downloaded."]
        lines += [f"  looked in {folder}" for folder in self.candidates()]
        lines += [f"  tried {failure}" for failure in failures]
        install = f"install it (apt-get install {self.package}), or " if self.package else ""
        lines.append(f"What to do: {install}put its four IDX files into a folder called {self.name} and set "
                     "FASHIONCNN_DATA to the folder that holds it, or connect to the network and "
                     'pip install "fashioncnn[data]".')
        return "\n".join(lines)


def keras_home() -> Path:
    """Keras's own folder."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")


def cache_home() -> Path:
    """This package's cache."""
    folder = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (folder if folder.is_absolute() else Path.home() / ".cache") / "fashioncnn"


def import_pooch() -> Any:
    """The library that downloads."""
    try:
        import pooch
    except ImportError as error:
        raise ImportError('downloading needs pooch: pip install "fashioncnn[data]"') from error
    return pooch


def shows_progress() -> bool:
    """Whether a progress bar can be drawn: on a terminal, with tqdm."""
    from importlib.util import find_spec

    return is_terminal(sys.stderr) and find_spec("tqdm") is not None
