"""How the commands take arguments: wrong usage is an error of one line, like every other error."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NoReturn

from fashioncnn.cli.errors import BadInput
from fashioncnn.utils import output


class Parser(argparse.ArgumentParser):
    """A parser whose errors are raised, for `main` to report."""

    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message} (see {self.prog} --help)")

    def _print_message(self, message: str, file: Any = None) -> None:
        output.write(message)


def whole(text: str) -> int:
    """The type of an argument that is a whole number."""
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if abs(value) >= 2**63:
        raise argparse.ArgumentTypeError(f"{value} is too large a number")
    return value


def path(text: str) -> Path:
    """The type of an argument that names a file or a folder; an empty text would be the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("an empty name")
    return Path(text)
