"""Models go to each kind of file and each other program, and come back; the table of it in docs/files.md is true.

What needs Keras or PyTorch is measured where FASHIONCNN_KERAS_PYTHON and FASHIONCNN_TORCH_PYTHON name interpreters that
have them. With FASHIONCNN_WRITE_TABLES=1 the table is written.
"""

from __future__ import annotations

import os
import re

import pytest
import round_trips
from golden.file_cases import ZOO

EXACT = {*round_trips.KERAS_FILES.values(), round_trips.NPZ, round_trips.SAFETENSORS, round_trips.STATE}
LIMIT = 1e-5
LIMIT_OF_LOSSES = 1e-4  # Keras has Adam's powers of beta in single precision, which makes its steps 7e-6 shorter


@pytest.mark.parametrize("name", ZOO)
def test_a_model_comes_back(name):
    for trip, outcome in round_trips.here(name).items():
        assert outcome.predictions <= (0.0 if trip in EXACT else LIMIT), trip
        assert not outcome.losses, trip


@pytest.fixture(scope="module")
def table():
    return round_trips.measured(os.environ.get("FASHIONCNN_KERAS_PYTHON", ""),
                                os.environ.get("FASHIONCNN_TORCH_PYTHON", ""))


def test_other_programs_make_the_same_of_them(table):
    for trip, outcomes in table.items():
        assert outcomes.keys() == ZOO.keys()
        refused = {name: outcome.refusal for name, outcome in outcomes.items() if outcome.refusal}
        expected = round_trips.REFUSED.get(trip, {})
        assert refused.keys() == expected.keys()
        assert all(re.search(message, refused[name]) for name, message in expected.items()), refused
        for name, outcome in outcomes.items():
            assert outcome.predictions <= LIMIT, (trip, name)
            assert (outcome.losses or 0.0) <= LIMIT_OF_LOSSES, (trip, name)


def test_the_document_counts_the_same_models(table):
    if os.environ.get("FASHIONCNN_WRITE_TABLES") == "1":
        round_trips.write(table)
    documented = round_trips.counts(round_trips.written())
    assert list(documented) == [str(trip) for trip in round_trips.TRIPS]
    assert {sum(map(int, cells)) for cells in documented.values()} == {len(ZOO)}
    for trip, outcomes in table.items():
        refused = sum(bool(outcome.refusal) for outcome in outcomes.values())
        assert documented[str(trip)] == [str(len(ZOO) - refused), str(refused)], trip
