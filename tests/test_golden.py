"""fashioncnn against what real Keras returned for the same cases (tests/golden/make_golden.py)."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from golden import face
from golden.suites import HOW_TO_MAKE, SUITES, is_array, load

import fashioncnn

GOLDEN = load()
TOLERANCE = {  # of the largest value of each array
    "forward": 2e-5,
    "activation": 2e-6,
    "convolution": 2e-5,
    "loss": 1e-5,
    "optimizer": 1e-4,
    "reference": 1e-4,
    "normalization": 1e-4,
    "fit": 1e-4,
    "compile": 1e-4,
    "metric": 1e-6,
    "functional": 1e-4,
    "custom": 1e-4,
    "shape": 1e-5,
    "rule": 2e-5,
    "penalty": 1e-4,
    "application": 1e-4,
    "augmentation": 1e-5,
    "backend": 1e-6,
    "tensorflow": 1e-6,
    "generator": 1e-5,
    "function": 2e-6,
    "gradient": 1e-5,
    "score": 1e-5,
}


def difference(actual: Any, expected: np.ndarray) -> float:
    """The largest difference, relative to the largest expected value."""
    actual = np.asarray(actual, np.float64)
    assert actual.shape == expected.shape
    return float(np.abs(actual - expected).max(initial=0.0) / max(np.abs(expected).max(initial=0.0), 1e-30))


@pytest.mark.parametrize(
    ("suite", "name"),
    [pytest.param(suite, name, id=f"{suite}: {name}") for suite, cases in SUITES.items() for name in cases],
)
def test_equals_keras(suite: str, name: str) -> None:
    if name not in GOLDEN.get(suite, ()):
        pytest.skip(f"{suite}: {name} {HOW_TO_MAKE.format(f'make_golden.py {suite}')}")
    expected, actual = GOLDEN[suite][name], SUITES[suite][name](fashioncnn)
    assert actual.keys() == expected.keys()
    for key, value in expected.items():
        if is_array(value):
            assert difference(actual[key], value) <= TOLERANCE[suite], key
        else:
            assert actual[key] == value, key


@pytest.mark.parametrize("suite", SUITES)
def test_the_cases_that_are_stored_are_those_that_are_run(suite: str) -> None:
    how = HOW_TO_MAKE.format(f"make_golden.py {suite}")
    if suite not in GOLDEN:
        pytest.skip(f"{suite} {how}")
    stored, cases = set(GOLDEN[suite]), set(SUITES[suite])
    assert stored <= cases, f"{suite}: {sorted(stored - cases)} are stored and not run; what is run {how}"
    assert cases <= stored, f"{suite}: {sorted(cases - stored)}: what is run {how}"


@pytest.mark.parametrize("path", [("nothing",), ("signatures", "losses.Nothing"), ("losses", 10**6)], ids=str)
def test_what_keras_was_not_asked_yet_is_skipped_with_the_command_that_asks(path: tuple[Any, ...]) -> None:
    with pytest.raises(pytest.skip.Exception, match=r"run `python tests/golden/make_face_golden.py`"):
        functools.reduce(lambda value, key: value[key], path, face.GOLDEN)


def test_cases_that_were_added_or_taken_away_are_not_compared_with_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(face.CASES, "csv", [*face.CASES["csv"], None])
    with pytest.raises(pytest.skip.Exception, match="csv: case 0 is not stored"):
        face.load()["csv"][0]
