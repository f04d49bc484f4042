"""A table of all epochs."""

from __future__ import annotations

import os

from fashioncnn.callbacks.callback import Callback, Logs
from fashioncnn.saving.files import replacing


class CSVLogger(Callback):
    """Writes every epoch's logs to a file as a row: the epoch, then the values in order of their keys.

    The file is written anew each time, so that it never ends in the middle of a row.

    Args:
        filename: The file.
        separator: What stands between values.
        append: Whether rows are added to a file that exists (else it is replaced).

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
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self._keys: list[str] | None = None
        self._content = b""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._keys = None
        self._content = b""
        if self.append and os.path.exists(self.filename):
            with open(self.filename, "rb") as file:
                self._content = file.read()
        self._write()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        if self._keys is None:
            self._keys = sorted(logs)
            if not any(key.startswith("val_") for key in self._keys):
                self._keys += [f"val_{key}" for key in self._keys]
            if not self._content:
                self._add_row(["epoch", *self._keys])
        self._add_row([epoch, *(logs.get(key, "NA") for key in self._keys)])
        self._write()

    def _add_row(self, values: list[object]) -> None:
        import csv
        import io

        row = io.StringIO(newline="")
        csv.writer(row, delimiter=self.separator).writerow(values)
        self._content += row.getvalue().encode()

    def _write(self) -> None:
        with replacing(self.filename) as file:
            file.write(self._content)
