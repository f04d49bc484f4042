"""Keras's `get_file`: a file from the network, kept for the next time, and unpacked if that is asked for."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from fashioncnn._core import DataError
from fashioncnn.utils import checks
from fashioncnn.utils.downloads import downloader, import_pooch, keras_home

FORMATS = {"auto": ("tar", "zip"), "tar": ("tar",), "zip": ("zip",), None: ()}


def get_file(fname: str | os.PathLike[str] | None = None, origin: str | None = None, untar: bool = False,
             md5_hash: str | None = None, file_hash: str | None = None, cache_subdir: str = "datasets",
             hash_algorithm: str = "auto", extract: bool = False, archive_format: str | None = "auto",
             cache_dir: str | os.PathLike[str] | None = None, force_download: bool = False) -> str:
    """Downloads a file unless it is there, and returns its path; or that of the folder that it was unpacked to.

    Args:
        fname: What it is called here; None: as in `origin`. Of an archive it is the name of the folder, or with an
            ending the archive's own: the folder is then the part before the first dot, and "_extracted".
        origin: The address, of http or https.
        untar: Old form of `extract`, for a tar archive.
        md5_hash: Old form of `file_hash`.
        file_hash: What the file is verified by.
        cache_subdir: Folder below `cache_dir`.
        hash_algorithm: "md5", "sha256" or "auto", which goes by the length.
        extract: Whether to unpack it.
        archive_format: "tar", "zip", "auto" for either, None for neither.
        cache_dir: None: the folder that KERAS_HOME names, or ~/.keras.
        force_download: Whether to download it even if it is there.

    Raises:
        ValueError: If there is no address, or `fname` is a path, or the file is not the one of the hash.
        DataError: If an archive is damaged, or holds anything but files and folders below its own.
        OSError: If it cannot be downloaded or written.
    """
    if origin is None:
        raise ValueError("get_file() needs `origin`, the address of the file")
    if urlsplit(origin).scheme not in ("http", "https"):
        raise checks.unsupported("get_file()", "origin", origin, "addresses of http and https")
    formats = FORMATS[checks.one_of("get_file()", "archive_format", archive_format, list(FORMATS))]
    name = os.fspath(fname) if fname else os.path.basename(urlsplit(origin).path)
    if not name or os.path.basename(name) != name or name in (".", ".."):
        raise ValueError(f"get_file() got the name {name!r}; expected one without a folder: `cache_dir` and "
                         "`cache_subdir` say where the file goes")
    folder = Path(os.path.expanduser(cache_dir or keras_home())) / cache_subdir
    folder.mkdir(parents=True, exist_ok=True)
    packed = extract or untar
    own_name = bool(fname) and "." in name
    target = folder / (name if own_name or not packed else f"{name}_archive")
    known = _known_hash(file_hash or md5_hash, "md5" if file_hash is None and md5_hash else hash_algorithm)
    if force_download or not target.exists() or not _is(target, known):
        _download(origin, target, known)
    if not packed:
        return str(target)
    into = folder / (f"{name.partition('.')[0]}_extracted" if own_name else name)
    if not _extract(target, into, ("tar",) if untar else formats):
        warnings.warn(f"get_file() could not unpack {target}, which is no archive of a known kind", stacklevel=2)
    return str(into)


def _known_hash(value: str | None, algorithm: str) -> str | None:
    """The hash as "md5:..." or "sha256:..."; None for none."""
    algorithm = checks.one_of("get_file()", "hash_algorithm", algorithm, ["auto", "md5", "sha256"])
    if value is None:
        return None
    if algorithm == "auto":
        algorithm = "sha256" if len(value) == 64 else "md5"
    return f"{algorithm}:{value.lower()}"


def _is(path: Path, known: str | None) -> bool:
    """Whether a file has the hash, or no hash is known."""
    if known is None:
        return True
    algorithm, _, value = known.partition(":")
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest() == value


def _download(origin: str, target: Path, known: str | None) -> None:
    """Puts what `origin` has at `target`, in one step, when it is whole and verified."""
    pooch = import_pooch()
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".download-") as folder:
        try:
            path = pooch.retrieve(origin, known, fname="file", path=folder, downloader=downloader())
        except OSError as error:
            raise OSError(f"get_file() could not download {origin}: {error}") from error
        os.replace(path, target)


def _extract(archive: Path, into: Path, formats: tuple[str, ...]) -> bool:
    """Unpacks an archive in place of what was at `into`; returns whether it is one."""
    if "tar" in formats and tarfile.is_tarfile(archive):
        members = _members_of_tar
    elif "zip" in formats and zipfile.is_zipfile(archive):
        members = _members_of_zip
    else:
        return False
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=".unpack-") as folder:
        try:
            for name, content in members(archive):
                _write(Path(folder) / "all" / _checked(name, archive), content)
        except DataError:
            raise
        except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError) as error:
            raise DataError(f"{archive}: damaged archive ({error})") from error
        (Path(folder) / "all").mkdir(exist_ok=True)
        if into.exists():
            os.replace(into, Path(folder) / "old")
        os.replace(Path(folder) / "all", into)
    return True


def _members_of_tar(path: Path) -> Iterator[tuple[str, IO[bytes] | None]]:
    """Names, and the contents of files; None for a folder."""
    with tarfile.open(path) as archive:
        for member in archive:
            if not member.isfile() and not member.isdir():
                raise DataError(f"{path}: holds {member.name!r}, which is neither a file nor a folder")
            yield member.name, archive.extractfile(member) if member.isfile() else None


def _members_of_zip(path: Path) -> Iterator[tuple[str, IO[bytes] | None]]:
    """Names, and the contents of files; None for a folder."""
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.is_dir():
                yield member.filename, None
            else:
                with archive.open(member) as content:
                    yield member.filename, content


def _checked(name: str, archive: Path) -> str:
    """The name, or DataError if it leads out of the folder."""
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or parts[0] == "" or os.path.splitdrive(name)[0] or "\0" in name:
        raise DataError(f"{archive}: holds {name!r}, which leads out of its folder")
    return name


def _write(path: Path, content: IO[bytes] | Any) -> None:
    if content is None:
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        shutil.copyfileobj(content, file, 1 << 20)
