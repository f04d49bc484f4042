"""The notebooks run from top to bottom, on few images, and show what they promise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")
pytest.importorskip("matplotlib")

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def execute(name, monkeypatch):
    monkeypatch.setenv("FASHIONCNN_NOTEBOOK_FAST", "1")
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    nbclient.NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(NOTEBOOKS.parent)}}).execute()
    return notebook


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def text(notebook):
    return "".join(output["text"] for output in outputs(notebook) if output["output_type"] == "stream")


def figures(notebook):
    """Names of the cells that show a picture."""
    return [cell["id"] for cell in notebook.cells
            if any("image/png" in output.get("data", {}) for output in cell.get("outputs", []))]


def test_the_job_shows_curves_confusion_and_mistakes(monkeypatch):
    notebook = execute("01_fashion_mnist.ipynb", monkeypatch)
    assert figures(notebook) == ["data", "curves", "confusion", "mistakes"]
    accuracy = float(re.search(r"Test accuracy: (\S+)", text(notebook)).group(1))
    assert 0.6 < accuracy <= 1


def test_practice_compares_every_choice_on_a_plot(monkeypatch):
    notebook = execute("02_practice.ipynb", monkeypatch)
    assert figures(notebook) == ["epochs", "dropout", "sizes", "counts", "optimizers"]
    accuracies = [float(value) for value in re.findall(r"accuracy:? (0\.\d+)", text(notebook))]
    assert len(accuracies) == 3 + 4 + 4 + 4 + 1
    assert max(accuracies) > 0.6


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_committed_notebooks_are_small_and_carry_no_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert outputs(notebook) == []
    assert path.stat().st_size < 20_000
