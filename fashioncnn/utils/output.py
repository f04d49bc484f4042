"""Text for people, on standard output and standard error, whatever these are: a terminal, a file, a notebook, nothing.

Where Python has no console (`pythonw`, daemons, some embedders) nothing is written. A stream may lack `flush`. What its
encoding does not know is written with characters that look alike.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

# One for one, so that tables still line up.
_LOOK_ALIKES = str.maketrans({**dict.fromkeys("━", "="), **dict.fromkeys("─", "-"), **dict.fromkeys("│┃", "|"),
                              **dict.fromkeys("┏┳┓┡╇┩├┼┤└┴┘", "+"), "…": "~"})


def write(text: str) -> None:
    """Writes to standard output, at once."""
    _write(sys.stdout, text)


def write_line(text: object) -> None:
    """Writes a line to standard output, as `print` does where all is well."""
    write(f"{text}\n")


def complain(text: object) -> None:
    """Writes a line to standard error; what cannot be told there is not told."""
    with suppress(OSError):
        _write(sys.stderr, f"{text}\n")


def abandon_broken_streams() -> None:
    """Leads streams that cannot be written to the null device: at its end Python would stumble over what they hold."""
    for stream in (sys.stdout, sys.stderr):
        try:
            _write(stream, "")
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def is_terminal(stream: Any) -> bool:
    """Whether a line of `stream` can be redrawn: it is a terminal, and one that can do more than TERM=dumb promises."""
    return _is_open(stream) and bool(getattr(stream, "isatty", bool)()) and os.environ.get("TERM") != "dumb"


def has_colours() -> bool:
    """Whether colours are welcome: NO_COLOR is not set."""
    return not os.environ.get("NO_COLOR")


def _is_open(stream: Any) -> bool:
    return stream is not None and not getattr(stream, "closed", False)


def _write(stream: Any, text: str) -> None:
    if not _is_open(stream):
        return
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = getattr(stream, "encoding", None) or "ascii"
        stream.write(text.translate(_LOOK_ALIKES).encode(encoding, "backslashreplace").decode(encoding))
    if hasattr(stream, "flush"):
        stream.flush()
