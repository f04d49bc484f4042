"""A table of all epochs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import IO, Any

from fashioncnn.callbacks.callback import Callback, Logs
from fashioncnn.saving.files import opened


class CSVLogger(Callback):
    """Writes every epoch's logs to a file as a row: the epoch, then the values in order of their keys.

    A row is in the file as soon as its epoch is over, so that ``tail -f`` can follow. The file may also be a FIFO, a
    device or /dev/stdout.

    Args:
        filename: The file.
        separator: What stands between values.
        append: Whether rows are added to what the file has; else it is emptied. A line that was cut off is ended first.

    Example:
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "log.csv")
        >>> logger = CSVLogger(path)
        >>> logger.on_train_begin()
        >>> logger.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.75})
        >>> print(open(path).read())
        epoch,loss,val_loss
        0,0.5,0.75
        <BLANKLINE>
        >>> logger.on_train_end()
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self._file: IO[bytes] | None = None
        self._keys: list[str] | None = None
        self._before = b""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.on_train_end()
        self._keys, self._before = None, b""
        if self.append and os.path.isfile(self.filename):
            with open(self.filename, "rb") as file:
                self._before = file.read()
        self._file = opened(self.filename, "ab" if self.append else "wb")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        if self._keys is None:
            self._keys = sorted(logs)
            if not any(key.startswith("val_") for key in self._keys):
                self._keys += [f"val_{key}" for key in self._keys]
            self._write(self._header(["epoch", *self._keys]))
        self._write(self._row([epoch, *(_cell(logs.get(key, "NA")) for key in self._keys)]))

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _header(self, names: list[str]) -> bytes:
        """What the file lacks before its next row."""
        header = self._row(names)
        if header.startswith(self._before):  # nothing, or a part of a header, was there
            return header[len(self._before) :]
        if self._before.endswith(b"\n"):
            return b""
        return b"\n" if self._before.endswith(b"\r") else b"\r\n"

    def _row(self, values: Iterable[object]) -> bytes:
        import csv
        import io

        row = io.StringIO(newline="")
        csv.writer(row, delimiter=self.separator).writerow(values)
        return row.getvalue().encode()

    def _write(self, text: bytes) -> None:
        assert self._file is not None, "on_train_begin comes first"
        try:
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            raise OSError(error.errno, error.strerror, self.filename) from error


def _cell(value: Any) -> object:
    """As Keras writes it: the items of an array or a list in brackets and quotes, everything else as it is."""
    if isinstance(value, str) or not isinstance(value, Iterable) or getattr(value, "ndim", 1) == 0:
        return value
    return f'"[{", ".join(map(str, value))}]"'
