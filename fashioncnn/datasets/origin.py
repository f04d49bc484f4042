"""Where a data set is looked for, and how its files are downloaded."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from fashioncnn.utils.downloads import cache_home, downloader, import_pooch, keras_home

RETRIES = 2


@dataclass(frozen=True)
class Origin:
    """A data set that consists of files. Derived classes say of which, and read them.

    Args:
        name: Name of its folder in caches.
        mirrors: Base addresses, ending in a slash, tried in order; the environment variable FASHIONCNN_MIRROR
            replaces them.
        folders: Where else it may be installed.
        alone: Whether FASHIONCNN_DATA itself may hold the files, not only a folder called `name` in it.
        package: Debian's package, for the advice in errors; "" for none.
    """

    name: str
    mirrors: tuple[str, ...]
    folders: tuple[Path, ...] = ()
    alone: bool = False
    package: str = ""

    contents: ClassVar[str]  # what the folder has to hold, for the advice in errors

    def is_in(self, folder: Path) -> bool:
        """Whether a folder has all that is needed."""
        raise NotImplementedError

    def downloads(self) -> Mapping[str, str]:
        """The names of the files to download, and their hashes: "md5:..." or "sha256:..."."""
        raise NotImplementedError

    def keras_folders(self) -> Iterator[Path]:
        """Where Keras's cache may have it."""
        yield keras_home() / "datasets" / self.name

    def candidates(self) -> Iterator[Path]:
        """Folders in the order in which they are searched."""
        own = os.environ.get("FASHIONCNN_DATA")
        if own:
            yield Path(own) / self.name
            if self.alone:
                yield Path(own)
        yield from self.keras_folders()
        yield cache_home() / self.name
        yield from self.folders

    def find(self) -> Path | None:
        """The first folder that has all that is needed, or None."""
        return next(filter(self.is_in, self.candidates()), None)

    def download(self) -> Path:
        """Downloads the files into this package's cache and returns the folder.

        Raises:
            OSError: If that fails; the message says where the files were looked for, and what to do.
        """
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
        registry = dict(self.downloads())
        fetcher = pooch.create(path=folder, base_url=base, registry=registry, retry_if_failed=RETRIES)
        by = downloader()
        for name in registry:
            fetcher.fetch(name, downloader=by)

    def _advice(self, failures: list[str]) -> str:
        lines = [f"the data set {self.name} was not found and could not be downloaded."]
        lines += [f"  looked in {folder}" for folder in self.candidates()]
        lines += [f"  tried {failure}" for failure in failures]
        install = f"install it (apt-get install {self.package}), or " if self.package else ""
        lines.append(f"What to do: {install}put {self.contents} into a folder called {self.name} and set "
                     "FASHIONCNN_DATA to the folder that holds it, or connect to the network and "
                     'pip install "fashioncnn[data]".')
        return "\n".join(lines)
