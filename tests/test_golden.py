"""fashioncnn against what real Keras returned for the same cases (tests/golden/make_golden.py)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden.suites import HOW_TO_MAKE, SUITES, is_array, load

import fashioncnn

GOLDEN = load()
TOLERANCE = {  # of the largest value of each array
    "forward": 2e-5,
    "activation": 2e-6,
    "loss": 1e-5,
    "optimizer": 1e-4,
    "reference": 1e-4,
    "fit": 1e-4,
    "compile": 1e-4,
    "metric": 1e-6,
}


def difference(actual: Any, expected: np.ndarray) -> float:
    """The largest difference, relative to the largest expected value."""
    actual = np.asarray(actual, np.float64)
    assert actual.shape == expected.shape
    return float(np.abs(actual - expected).max() / max(np.abs(expected).max(), 1e-30))


@pytest.mark.parametrize(
    ("suite", "name"),
    [pytest.param(suite, name, id=f"{suite}: {name}") for suite, cases in SUITES.items() for name in cases],
)
def test_equals_keras(suite: str, name: str) -> None:
    if suite not in GOLDEN:
        pytest.skip(f"{suite} {HOW_TO_MAKE.format('make_golden.py')}")
    expected, actual = GOLDEN[suite][name], SUITES[suite][name](fashioncnn)
    assert actual.keys() == expected.keys()
    for key, value in expected.items():
        if is_array(value):
            assert difference(actual[key], value) <= TOLERANCE[suite], key
        else:
            assert actual[key] == value, key


def test_every_golden_case_is_run() -> None:
    stored = {(suite, name) for suite in SUITES for name in GOLDEN.get(suite, ())}
    assert stored == {(suite, name) for suite, cases in SUITES.items() for name in cases if suite in GOLDEN}
