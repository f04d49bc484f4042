"""Files that are either the old one or the new one, whatever happens in between; and what is not a file to replace.

Folders, too, but for a moment: no system call takes one's place by another.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A binary file that takes the place of `path` when the block ends.

    It is written under another name in the same folder, flushed to the disk, and renamed. When the block raises, or the
    disk is full, what was at `path` stays as it was and nothing else is left behind (but by a process that is killed: a
    file called .NAME.XXXXXXXX.tmp). A link is followed; permissions of
    an existing file are kept. Only a file can be replaced: a device, a FIFO or /dev/stdout is written into.

    Raises:
        OSError: If the file cannot be written; names `path`.

    Example:
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "note.txt")
        >>> with replacing(path) as file:
        ...     _ = file.write(b"whole")
        >>> open(path).read()
        'whole'
    """
    if not _is_replaceable(path):
        with opened(path, "wb") as file:
            yield file
        return
    target = os.path.realpath(path)
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name}.{os.urandom(4).hex()}.tmp")
    try:
        if os.path.isdir(target):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        with open(temporary, "xb") as file:
            with suppress(FileNotFoundError):
                os.chmod(temporary, os.stat(target).st_mode & 0o777)
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException as error:
        with suppress(OSError):  # where a disk is read only, that is also said of a file that is not there
            os.unlink(temporary)
        if isinstance(error, OSError) and error.errno is not None:
            raise OSError(error.errno, os.strerror(error.errno), os.fspath(path)) from error
        raise
    with suppress(OSError):
        _sync_folder(folder)


def replace_folder(path: str, contents: Mapping[str, bytes]) -> None:
    """Makes a folder with some files in it. It is made under another name beside `path`, and renamed.

    A folder that is there is renamed before, and deleted afterwards. It must have no other files than these.

    Raises:
        OSError: If it cannot be written, or what is there is something else.
    """
    target = os.path.realpath(path)
    parent, name = os.path.split(target)
    stem = os.path.join(parent, f".{name}.{os.urandom(4).hex()}")
    made, old = f"{stem}.tmp", f"{stem}.old"
    exists = os.path.lexists(target)
    if exists and not (os.path.isdir(target) and set(os.listdir(target)) <= contents.keys()):
        raise FileExistsError(errno.EEXIST, "It has something else in it, which is kept; choose another name", path)
    os.mkdir(made)
    try:
        for each, content in contents.items():
            with replacing(os.path.join(made, each)) as file:
                file.write(content)
        if exists:
            os.rename(target, old)
        os.rename(made, target)
    except BaseException:
        if exists and not os.path.lexists(target):
            os.rename(old, target)
        _delete(made, contents)
        raise
    _delete(old, contents)
    with suppress(OSError):
        _sync_folder(parent)


def _delete(folder: str, names: Iterable[str]) -> None:
    """Deletes a folder and some files in it; nothing else, and no error where that cannot be done."""
    for name in names:
        with suppress(OSError):
            os.unlink(os.path.join(folder, name))
    with suppress(OSError):
        os.rmdir(folder)


def opened(path: str | os.PathLike[str], mode: str) -> IO[Any]:
    """Opens what is at `path`. /dev/stdout and other names of open files stand for those files as they are.

    To open such a name anew would start at the beginning of the file behind it, over what was written there.
    """
    descriptor = _descriptor(path)
    return open(path if descriptor is None else os.dup(descriptor), mode)


def _is_replaceable(path: str | os.PathLike[str]) -> bool:
    """Whether a rename may put another file at `path`: there is none, or an ordinary one that goes by its own name."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return True
    return (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) and _descriptor(path) is None


def _descriptor(path: str | os.PathLike[str]) -> int | None:
    """The number of the open file that `path` names, as /dev/stdout and /proc/self/fd/3 do; else None."""
    name = os.fspath(path)
    while os.path.exists(name):
        folder, last = os.path.split(name)
        folder = os.path.realpath(folder)
        if folder in ("/dev/fd", f"/proc/{os.getpid()}/fd"):
            return int(last)
        name = os.path.join(folder, last)
        if not os.path.islink(name):
            break
        name = os.path.join(folder, os.readlink(name))
    return None


def _sync_folder(folder: str) -> None:
    """Makes a rename in `folder` last; not every file system can."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
