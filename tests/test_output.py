"""Text is written wherever standard output leads, in whatever encoding, and nowhere where there is none."""

from __future__ import annotations

import ast
import contextlib
import io
import sys
from pathlib import Path

import numpy as np
import pytest

import fashioncnn
from fashioncnn import Input, Sequential, callbacks, layers
from fashioncnn.utils import output, progress
from fashioncnn.utils.downloads import shows_progress


class OnlyWrite:
    """The least that `print` is content with."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


def make_model():
    model = Sequential([Input((4,)), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def use(model, folder):
    """Everything that prints."""
    model.summary()
    told = [callbacks.EarlyStopping("loss", patience=1, min_delta=100, restore_best_weights=True, verbose=1),
            callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=100, verbose=1),
            callbacks.LearningRateScheduler(lambda epoch, rate: 0.1, verbose=1),
            callbacks.ModelCheckpoint(folder / "gewählt→.npz", save_weights_only=True, verbose=1)]
    x, y = np.ones((6, 4)), np.zeros(6, int)
    for verbose in (1, 2):
        model.fit(x, y, epochs=3, verbose=verbose, callbacks=told)
        model.evaluate(x, y, verbose=verbose)
        model.predict(x, verbose=verbose)
    terminate = callbacks.TerminateOnNaN()
    terminate.set_model(model)
    terminate.on_batch_end(0, {"loss": float("nan")})


@pytest.mark.parametrize("make_stream", [lambda: None, closed, OnlyWrite])
def test_a_model_works_without_a_console(make_stream, tmp_path, monkeypatch):
    stream = make_stream()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", stream)
    use(make_model(), tmp_path)
    output.complain("trouble")
    assert not shows_progress()
    assert (tmp_path / "gewählt→.npz").exists()
    if isinstance(stream, OnlyWrite):
        said = ("Model: ", "1/1 - ", "early stopping", "Restoring", "reducing", "setting", "saving", "Invalid loss")
        assert all(words in stream.text for words in said)
        assert stream.text.endswith("trouble\n")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "utf-8"])
def test_every_text_can_be_written_in_every_encoding(encoding, tmp_path):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    with contextlib.redirect_stdout(stream):
        use(make_model(), tmp_path)
    text = stream.buffer.getvalue().decode(encoding)
    assert "?" not in text
    assert "finished saving model to" in text


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437"])
def test_a_table_still_lines_up_where_its_rules_cannot_be_written(encoding):
    def table(to):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=to)
        with contextlib.redirect_stdout(stream):
            model.summary(line_length=40, show_trainable=True)
        return stream.buffer.getvalue().decode(to).splitlines()

    model = make_model()
    drawn, typed = table("utf-8"), table(encoding)
    assert [len(line) for line in typed] == [len(line) for line in drawn]
    assert drawn[1].startswith("┏━━")
    assert typed[1].startswith("+==")
    assert typed[1].count("+") == drawn[1].count("┳") + 2
    assert [line.replace("│", "|").replace("┃", "|").replace("…", "~") for line in drawn if "dense" in line] == [
        line for line in typed if "dense" in line]


@pytest.mark.parametrize("columns", ["1", "10", "20", "30", "43"])
def test_a_summary_fits_a_narrow_terminal_as_well_as_it_can(columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", columns)
    make_model().summary()
    make_model().summary(show_trainable=True)
    assert capsys.readouterr().out.count("Total params: 15") == 2


def test_complaints_never_raise(monkeypatch):
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Gone())
    output.complain("nobody hears this")


def test_a_dumb_terminal_is_none_that_redraws_a_line(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.delenv("PYCHARM_HOSTED", raising=False)
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    assert progress.is_interactive()
    monkeypatch.setenv("TERM", "dumb")
    assert not progress.is_interactive()


def test_nothing_in_the_package_prints_past_this_module():
    root = Path(fashioncnn.__file__).parent
    for path in root.rglob("*.py"):
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        printing = [node.lineno for node in calls if isinstance(node.func, ast.Name) and node.func.id == "print"]
        assert not printing or path == root / "__main__.py", f"{path}: {printing}"
