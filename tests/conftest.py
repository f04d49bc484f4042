"""What several test files share."""

from __future__ import annotations

import functools
import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fashioncnn

os.environ["FASHIONCNN_ALL_THREADS"] = "1"  # before the core first looks: tests want them on machines of few CPUs, too


@pytest.fixture
def automatic_threads() -> Iterator[None]:
    """For a test that sets the number of threads."""
    yield
    fashioncnn.set_num_threads(0)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without any data."""
    for name in ("FASHIONCNN_DATA", "FASHIONCNN_MIRROR", "KERAS_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("fashioncnn.datasets.origin.RETRIES", 0)
    return tmp_path / "home"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A web server on this machine: its folder and its address."""
    pytest.importorskip("pooch")
    folder = tmp_path / "web"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as web:
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield folder, f"http://127.0.0.1:{web.server_address[1]}/"
        web.shutdown()
        thread.join(10)
