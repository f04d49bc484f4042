"""Where downloads are kept, and what downloads: the library pooch, which comes with the extra "data"."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from fashioncnn.utils.output import is_terminal

TIMEOUT_S = 30


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


def downloader() -> Any:
    """What pooch downloads by: with a progress bar where one can be drawn."""
    return import_pooch().HTTPDownloader(progressbar=shows_progress(), timeout=TIMEOUT_S)


def shows_progress() -> bool:
    """Whether a progress bar can be drawn: on a terminal, with tqdm."""
    from importlib.util import find_spec

    return is_terminal(sys.stderr) and find_spec("tqdm") is not None
