"""The examples run, in their short form."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest
from cifar_files import Toy

from fashioncnn.datasets import cifar10, fashion_mnist

EXAMPLES = Path(__file__).parents[1] / "examples"
# What each prints last, and the tutorial, which test_docs.py runs.
LAST = {"autoencoder": r"that are of the same kind: (\S+)", "custom_loss": r"overlap of the masks: (\S+)",
        "custom_model": r"test accuracy: (\S+)", "fashion_94": r"Test accuracy: (\S+), the mean of 1",
        "folders": r"validation accuracy: (\S+)",
        "mobilenet_fashion": r"test accuracy: (\S+)",
        "resnet_cifar10": r"test accuracy: (\S+)", "siamese": r"accuracy (\S+)"}
ELSEWHERE = {"fashion_cnn"}


@pytest.fixture(autouse=True)
def _small_data(tmp_path, monkeypatch, home):
    toy = Toy(cifar10.SOURCE, {"labels": 10}, 60)
    monkeypatch.setattr(cifar10, "SOURCE", toy.source)
    toy.write(tmp_path / "data", toy.source.versions[0], packed=True)
    monkeypatch.setenv("FASHIONCNN_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(fashion_mnist, "load_data", fashion_mnist.load_sample)


def test_every_example_is_run():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {*LAST, *ELSEWHERE}


@pytest.mark.parametrize("name", LAST)
def test_an_example_runs_in_its_short_form(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--short"])
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    output = capsys.readouterr().out
    assert 0 <= float(re.search(rf"{LAST[name]}$", output.strip()).group(1)) <= 1


@pytest.mark.parametrize("name", [*LAST, *ELSEWHERE])
def test_an_example_asks_for_nothing_that_keras_does_not_have(name):
    source = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    assert re.findall(r"fashioncnn.*", source) == ["fashioncnn as keras"]
