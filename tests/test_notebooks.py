"""The notebooks run from top to bottom, on few images, and show what they promise; they are committed as they ran."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")
pytest.importorskip("matplotlib")

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
FIGURES = {"01_fashion_mnist.ipynb": ["data", "curves", "confusion", "mistakes"],
           "02_practice.ipynb": ["epochs", "dropout", "sizes", "counts", "optimizers"],
           "03_resnet_and_mobilenet.ipynb": ["curves", "comparison"],
           "04_inside_the_network.ipynb": ["filters", "first_maps", "second_maps", "saliency", "attention", "embedding",
                                           "gates"],
           "05_interoperability.ipynb": ["gallery", "attention"]}
SPY = """
import matplotlib.pyplot as plt

def show(usual=plt.show):
    for axes in plt.gcf().axes:
        if axes.get_xlabel() == "epoch":
            print("ticks:", *axes.get_xticks())
    usual()

plt.show = show
"""


def execute(name, monkeypatch):
    monkeypatch.setenv("FASHIONCNN_NOTEBOOK_FAST", "1")
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    for cell in code_cells(notebook):
        cell["outputs"] = []
    notebook.cells.insert(0, nbformat.v4.new_code_cell(SPY))
    nbclient.NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(NOTEBOOKS.parent)}}).execute()
    return notebook


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def text(notebook):
    return "".join(output["text"] for output in outputs(notebook) if output["output_type"] == "stream")


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell["cell_type"] == "code"]


def ticks(notebook):
    """Where the axes of epochs have their ticks."""
    return [float(tick) for line in re.findall("^ticks: (.*)$", text(notebook), re.MULTILINE) for tick in line.split()]


def figures(notebook):
    """Names of the cells that show a picture."""
    return [cell["id"] for cell in notebook.cells
            if any("image/png" in output.get("data", {}) for output in cell.get("outputs", []))]


def test_the_job_shows_curves_confusion_and_mistakes(monkeypatch):
    notebook = execute("01_fashion_mnist.ipynb", monkeypatch)
    assert figures(notebook) == FIGURES["01_fashion_mnist.ipynb"]
    assert set(ticks(notebook)) == {1, 2, 3}
    accuracy = float(re.search(r"Test accuracy: (\S+)", text(notebook)).group(1))
    assert 0.6 < accuracy <= 1


def test_practice_compares_every_choice_on_a_plot(monkeypatch):
    notebook = execute("02_practice.ipynb", monkeypatch)
    assert figures(notebook) == FIGURES["02_practice.ipynb"]
    assert set(ticks(notebook)) == {1, 2, 3}
    dots = re.findall(r" (\.+) best validation accuracy 0\.\d", text(notebook))
    assert [len(one) for one in dots] == [3, 3, 3, *[1] * 12, 3]
    assert float(re.search(r"Test accuracy: (\S+)", text(notebook)).group(1)) > 0.6


def test_small_networks_of_both_kinds_are_trained_and_one_is_transferred(monkeypatch):
    notebook = execute("03_resnet_and_mobilenet.ipynb", monkeypatch)
    assert figures(notebook) == FIGURES["03_resnet_and_mobilenet.ipynb"]
    assert set(ticks(notebook)) == {1, 2, 3}
    assert min(map(float, re.findall(r"Test accuracy: (\S+)", text(notebook)))) > 0.6
    transfers = dict(re.findall(r"^(.*?) +accuracy on new pictures (\S+)$", text(notebook), re.MULTILINE))
    assert list(transfers) == ["from scratch", "new head", "fine-tuned"]
    assert min(map(float, transfers.values())) > 1 / 3


def test_the_inside_of_a_network_is_shown_and_a_layer_of_ones_own_added(monkeypatch):
    notebook = execute("04_inside_the_network.ipynb", monkeypatch)
    assert figures(notebook) == FIGURES["04_inside_the_network.ipynb"]
    accuracies = re.findall(r"accuracy.*: (\S+)", text(notebook))
    assert len(accuracies) == 2
    assert min(map(float, accuracies)) > 0.6


def test_a_network_goes_to_other_programs_and_back(monkeypatch):
    notebook = execute("05_interoperability.ipynb", monkeypatch)
    assert figures(notebook) == FIGURES["05_interoperability.ipynb"]
    said = text(notebook)
    assert "the same predictions, bit by bit: True" in said
    differences = [float(number) for number in re.findall(r"largest difference: (\S+)", said)]
    assert len(differences) == 2  # onnxruntime and C
    assert max(differences) < 1e-5
    exact, small = map(float, re.search(r"accuracy (\S+) instead of (\S+)", said).groups())
    assert abs(exact - small) < 0.02
    assert min(map(float, re.search(r"accuracies: \[(.*)\]", said).group(1).split())) > 0.5
    assert "logs/train logs/validation" in said
    assert any("<table>" in output.get("data", {}).get("text/html", "") for output in outputs(notebook))


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_committed_notebooks_can_be_read_with_their_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = code_cells(notebook)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert figures(notebook) == FIGURES[path.name]
    assert {output["output_type"] for output in outputs(notebook)} <= {"stream", "display_data", "execute_result"}
    assert float(re.search(r"Test accuracy: (\S+)", text(notebook)).group(1)) > 0.9
    assert path.stat().st_size < 400_000


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_committed_notebooks_tell_nothing_of_the_machine_they_ran_on(path):
    notebook = nbformat.read(path, as_version=4)
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert notebook["metadata"]["language_info"] == {"name": "python"}
    assert all(cell["metadata"] == {} for cell in notebook.cells)
    assert {output["name"] for output in outputs(notebook) if output["output_type"] == "stream"} == {"stdout"}
    assert re.search(r"[/\\](home|root|tmp|usr|Users)[/\\]", text(notebook)) is None
