"""What several test files share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import fashioncnn


@pytest.fixture
def automatic_threads() -> Iterator[None]:
    """For a test that sets the number of threads."""
    yield
    fashioncnn.set_num_threads(0)
