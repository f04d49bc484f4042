"""Round trips: the models of golden/file_cases.py go to each other program and each kind of file, and come back.

Each is trained first. What is compared are predictions, the largest absolute difference, and where the other side can
train on, losses and metrics of three more epochs, the largest relative one. test_round_trips.py checks the figures and
writes the table of them in docs/files.md.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import c_programs
import numpy as np
from exchange_zoo import run_onnx
from golden import file_worker
from golden.file_cases import ENDINGS, ZOO, Zoo

import fashioncnn as k
from fashioncnn import saving

GOLDEN = Path(__file__).parent / "golden"
DOCS = Path(__file__).parents[1] / "docs" / "files.md"
BEGIN, END = "<!-- written by tests/test_round_trips.py -->\n", "<!-- end of what is written -->\n"
HEAD = ("| written by | read by | as | models | refused | predictions | losses and metrics after |\n"
        "|---|---|---|---:|---:|---:|---:|\n")


class Trip(NamedTuple):
    """Who writes, who reads, and what goes between them."""

    writer: str
    reader: str
    form: str

    def __str__(self) -> str:
        return f"| {self.writer} | {self.reader} | {self.form} |"


class Outcome(NamedTuple):
    """The largest differences of one model, or why it is refused."""

    predictions: float = 0.0
    losses: float | None = None
    refusal: str = ""


Outcomes = dict[str, Outcome]  # by the models' names


def trips_of_keras(writer: str, reader: str) -> dict[str, Trip]:
    return {ending: Trip(writer, reader, f"`{ending}`") for ending in ENDINGS}


KERAS_FILES = trips_of_keras("fashioncnn", "fashioncnn")
NPZ, SAFETENSORS, STATE = (Trip("fashioncnn", "fashioncnn", form) for form in
                           ("weights in `.npz`", "weights in `.safetensors`", "state dict"))
ONNX, ONNX_BACK = Trip("fashioncnn", "onnxruntime", "`.onnx`"), Trip("fashioncnn", "fashioncnn", "`.onnx`")
C = Trip("fashioncnn", "C compiler", "`.c`")
TORCH, TORCH_BACK = Trip("fashioncnn", "PyTorch", "state dict"), Trip("PyTorch", "fashioncnn", "state dict")
HERE = (*KERAS_FILES.values(), NPZ, SAFETENSORS, ONNX_BACK, STATE, ONNX, C)
TRIPS = (*trips_of_keras("Keras", "fashioncnn").values(), *trips_of_keras("fashioncnn", "Keras").values(), *HERE, TORCH,
         TORCH_BACK)
# The models that are refused, and what the message says.
CHAINS_ONLY = {
    **dict.fromkeys(("branches", "shared layer, dict of inputs", "layer shared between models", "model used twice",
                     "two outputs", "two outputs, lists"), "is no chain of layers"),
    "augmented": "Normalization '.*' has no counterpart", "other normalizations":
    "LayerNormalization '.*' has no counterpart", "shapes": "Permute '.*' has no counterpart"}
SHARED = {"layer shared between models": ""}  # which Keras does not write so that it can be read
REFUSED: dict[Trip, dict[str, str]] = {STATE: CHAINS_ONLY, TORCH: CHAINS_ONLY, TORCH_BACK: CHAINS_ONLY,
                                       **dict.fromkeys(trips_of_keras("Keras", "fashioncnn").values(), SHARED)}
REFUSED[trips_of_keras("Keras", "fashioncnn")[".h5"]] = {**SHARED, "augmented": "it could not be written"}


# ---- here ----

@functools.cache
def here(name: str) -> dict[Trip, Outcome]:
    """All trips of a model that need no other interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        return _here(name, Path(folder))


def _here(name: str, folder: Path) -> dict[Trip, Outcome]:
    case = ZOO[name]
    file_worker.write(k, folder, [name])
    found = {}
    for ending, values in file_worker.read(k, folder, [name])[name].items():
        assert not isinstance(values, str), (name, ending, values)
        found[KERAS_FILES[ending]] = Outcome(*values)
    model = file_worker.trained(k, case)
    data = case.data(model)[0]
    x = [data[each.name] for each in model.inputs] if isinstance(data, dict) else [data]
    expected = as_list(model.predict(data, verbose=0))
    found[ONNX] = _predicted(expected, lambda: _onnxruntime(model, folder, x))
    found[ONNX_BACK] = _predicted(expected, lambda: as_list(
        saving.from_onnx(folder / "net.onnx")(x if len(x) > 1 else x[0])))
    found[C] = _predicted(expected, lambda: _compiled(model, folder, x))
    return {**found, **_weights_alone(case, model, folder)}


def as_list(outputs: Any) -> list[np.ndarray]:
    return [np.asarray(array) for array in (outputs if isinstance(outputs, list) else [outputs])]


def _predicted(expected: list[np.ndarray], predict: Callable[[], list[np.ndarray]]) -> Outcome:
    try:
        found = predict()
    except NotImplementedError as error:
        return Outcome(refusal=str(error))
    assert [array.shape for array in found] == [array.shape for array in expected]
    return Outcome(max(float(np.abs(a - b).max()) for a, b in zip(expected, found, strict=True)))


def _onnxruntime(model: Any, folder: Path, x: list[np.ndarray]) -> list[np.ndarray]:
    model.export(folder / "net.onnx")
    return run_onnx(str(folder / "net.onnx"), x)


def _compiled(model: Any, folder: Path, x: list[np.ndarray]) -> list[np.ndarray]:
    model.export(folder / "net.c")
    program = c_programs.build(folder / "net.c", ["-O1"])
    return c_programs.run(program, x, [tensor.shape[1:] for tensor in model.outputs])


def _weights_alone(case: Zoo, model: Any, folder: Path) -> dict[Trip, Outcome]:
    """Files that have nothing of the optimizer: training goes on with a new one, at both ends."""
    def saved(ending: str) -> Callable[[Any], None]:
        model.save_weights(folder / f"weights{ending}")
        return lambda other: other.load_weights(folder / f"weights{ending}")

    def state_dict() -> Callable[[Any], None]:
        state = saving.to_torch(model)
        return lambda other: saving.from_torch(other, state)

    found, loads = {}, {NPZ: saved(".npz"), SAFETENSORS: saved(".safetensors")}
    try:
        loads[STATE] = state_dict()
    except NotImplementedError as error:
        found[STATE] = Outcome(refusal=str(error))
    expected = file_worker.run(case, case.compile_anew(k, model))
    for trip, load in loads.items():
        k.utils.set_random_seed(4)
        other = case.compiled(k)
        load(other)
        found[trip] = Outcome(*file_worker.differences(expected, file_worker.run(case, other)))
    return found


# ---- other interpreters ----

def _run(python: str, worker: str, *arguments: str) -> Any:
    done = subprocess.run([python, str(GOLDEN / worker), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{worker} {' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def with_keras(python: str) -> dict[Trip, Outcomes]:
    """Files that Keras wrote, read here, and the other way round."""
    pythons = {"Keras": python, "fashioncnn": sys.executable}
    table: dict[Trip, Outcomes] = {}
    for writer, reader in (("Keras", "fashioncnn"), ("fashioncnn", "Keras")):
        with tempfile.TemporaryDirectory() as folder:
            _run(pythons[writer], "file_worker.py", writer.lower(), "write", folder)
            results = _run(pythons[reader], "file_worker.py", reader.lower(), "read", folder)
        for ending, trip in trips_of_keras(writer, reader).items():
            table[trip] = {}
            for name, by_ending in results.items():
                found = by_ending[ending]
                known = name in REFUSED.get(trip, ())
                assert known or not isinstance(found, str), (trip, name, found)
                table[trip][name] = Outcome(refusal=str(found)) if known else Outcome(*found)
    return table


def with_torch(python: str) -> dict[Trip, Outcomes]:
    """State dicts that modules of PyTorch load, and those of the modules with other weights, read here."""
    table: dict[Trip, Outcomes] = {TORCH: {}, TORCH_BACK: {}}
    with tempfile.TemporaryDirectory() as name_of_folder:
        folder = Path(name_of_folder)
        paths = {name: folder / f"{number}.json" for number, name in enumerate(ZOO)}
        for name, path in paths.items():
            model = file_worker.trained(k, ZOO[name])
            try:
                state = {f"state/{key}": array for key, array in saving.to_torch(model).items()}
            except NotImplementedError as error:
                table[TORCH][name] = table[TORCH_BACK][name] = Outcome(refusal=str(error))
                continue
            x = ZOO[name].data(model)[0]
            path.write_text(json.dumps(model.get_config()))
            np.savez(path.with_suffix(".torch.npz"), x=x, y=model.predict(x, verbose=0), **state)
        for stem, difference in _run(python, "torch_worker.py", str(folder)).items():
            name = next(name for name, path in paths.items() if path.stem == stem)
            table[TORCH][name] = Outcome(difference)
            table[TORCH_BACK][name] = Outcome(_read_back(ZOO[name], paths[name].with_suffix(".back.npz")))
    return table


def _read_back(case: Zoo, path: Path) -> float:
    with np.load(path) as file:
        state = {key.removeprefix("state/"): array for key, array in file.items() if key.startswith("state/")}
        expected = file["y"]
    model = case.compiled(k)
    saving.from_torch(model, state)
    for key, array in saving.to_torch(model).items():
        np.testing.assert_array_equal(array, state[key])
    return float(np.abs(model.predict(case.data(model)[0], verbose=0) - expected).max())


# ---- the table ----

def measured(keras_python: str = "", torch_python: str = "") -> dict[Trip, Outcomes]:
    """All trips that can be made with these interpreters."""
    table: dict[Trip, Outcomes] = {trip: {name: here(name)[trip] for name in ZOO} for trip in HERE}
    if keras_python:
        table.update(with_keras(keras_python))
    if torch_python:
        table.update(with_torch(torch_python))
    return {trip: table[trip] for trip in TRIPS if trip in table}


def line_of(trip: Trip, outcomes: Outcomes) -> str:
    """The trip's row."""
    done = [outcome for outcome in outcomes.values() if not outcome.refusal]
    losses = [outcome.losses for outcome in done if outcome.losses is not None]
    return (f"{trip} {len(done)} | {len(outcomes) - len(done)} | {_largest([each.predictions for each in done])} | "
            f"{_largest(losses)} |")


def _largest(values: list[float]) -> str:
    if not values:
        return "-"
    return f"{max(values):.1e}" if any(values) else "0"


def written() -> str:
    """What the document has between the marks."""
    text = DOCS.read_text()
    return text[text.index(BEGIN) + len(BEGIN) : text.index(END)]


def counts(lines: str) -> dict[str, list[str]]:
    """Of each trip the numbers of models that came through and that were refused."""
    rows = [line.split(" | ") for line in lines.splitlines() if line.startswith("|")][2:]
    return {f"{' | '.join(cells[:3])} |": cells[3:5] for cells in rows}


def write(table: dict[Trip, Outcomes]) -> None:
    """Puts the rows of what was measured into the document; others stay."""
    rows = {trip: line for line in written().splitlines() for trip in TRIPS if line.startswith(str(trip))}
    rows.update({trip: line_of(trip, outcomes) for trip, outcomes in table.items()})
    new = HEAD + "".join(f"{rows[trip]}\n" for trip in TRIPS if trip in rows)
    DOCS.write_text(DOCS.read_text().replace(f"{BEGIN}{written()}{END}", f"{BEGIN}{new}{END}"))
