"""The progress bar: Keras's text on a terminal or notebook, clean lines everywhere else."""

from __future__ import annotations

import contextlib
import inspect
import io
import re

import numpy as np
import pytest
from golden import face_cases as cases
from golden.face import GOLDEN

from fashioncnn.callbacks import CallbackList, ProgbarLogger
from fashioncnn.utils import Progbar, progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def _ordinary_environment(monkeypatch):
    for name in ("NO_COLOR", "PYCHARM_HOSTED", "TERM"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def tick():
    with cases.clock(progress.time) as function:
        yield function


def terminal():
    """Standard output becomes a terminal of unknown width, which keeps what is written."""
    return contextlib.redirect_stdout(Terminal())


def drawings(text):
    """The lines that were drawn over each other: without backspaces and the spaces that wipe out older ones."""
    return [line.rstrip(" ") for line in re.split(r"\x08*\r", text.replace(" \n", "\n"))[1:]]


@pytest.mark.parametrize("case", range(len(cases.PROGRESS)))
def test_bar_is_that_of_keras(case, tick):
    arguments, updates = cases.PROGRESS[case]
    with terminal() as output:
        bar = progress.Progbar(**arguments)
        for seconds, update in updates:
            tick(seconds)
            bar.update(**update)
    ours, theirs = output.getvalue(), GOLDEN["progress"][case]
    if arguments["verbose"] == 1:
        ours, theirs = drawings(ours.replace("    \n", "\n")), drawings(theirs.replace("    \n", "\n"))
    assert ours == theirs


def test_bar_never_goes_back_by_backspaces_and_wipes_out_longer_lines(tick):
    with terminal() as output:
        bar = progress.Progbar(10, stateful_metrics=["loss"])
        tick(1)
        bar.update(1, [("loss", 12345.0)])
        tick(1)
        bar.update(2, [("loss", 1.0)])
    first, second = output.getvalue().split("\r")[1:]
    assert "\b" not in output.getvalue()
    assert progress._width(second) == progress._width(first)


def test_bar_is_redrawn_at_most_every_twentieth_second(tick):
    with terminal() as output:
        bar = progress.Progbar(1000)
        for step in range(1, 1000):
            tick(0.001)
            bar.update(step)
    assert 19 <= output.getvalue().count("\r") <= 21


def test_running_line_fits_the_terminal_and_the_last_line_has_everything(tick, monkeypatch):
    monkeypatch.setattr(progress, "_terminal_width", lambda: 60)
    values = [(name, 0.5) for name in ("accuracy", "loss", "precision", "recall")]
    with terminal() as output:
        bar = progress.Progbar(10)
        tick(1)
        bar.update(5, values)
        running = output.getvalue()
        bar.update(10, values)
    assert progress._width(running.strip("\r")) < 60
    assert "accuracy: 0.5000" in running
    assert "recall: 0.5000\n" in output.getvalue()


def test_output_that_is_no_terminal_gets_plain_lines(capsys, tick):
    bar = progress.Progbar(2)
    for step in (1, 2):
        tick(0.1)
        bar.update(step, [("loss", 0.5)])
    assert capsys.readouterr().out.splitlines() == [
        f"1/2 {'━' * 10}{'─' * 10} 0s 100ms/step - loss: 0.5000", f"2/2 {'━' * 20} 0s 100ms/step - loss: 0.5000"]


@pytest.mark.parametrize("verbose", [1, 2, "auto"])
def test_training_writes_one_line_for_an_epoch_where_the_output_is_no_terminal(verbose, capsys, tick):
    logger = ProgbarLogger()
    logger.set_params({"verbose": verbose, "epochs": 1, "steps": 20})
    logger.on_train_begin()
    logger.on_epoch_begin(0)
    for step in range(20):
        tick(0.1)
        logger.on_train_batch_end(step, {"loss": 0.5})
    logger.on_epoch_end(0, {"loss": 0.5})
    assert capsys.readouterr().out == "20/20 - 2s - 100ms/step - loss: 0.5000\n"


def test_output_without_the_bars_character_gets_another(tick):
    class Ascii(io.TextIOWrapper):
        def isatty(self):
            return True

    output = io.BytesIO()
    with contextlib.redirect_stdout(Ascii(output, encoding="ascii")) as text:
        tick(1)
        progress.Progbar(2).update(1)
        text.flush()
    assert b"1/2" in output.getvalue()
    assert b"=====" in output.getvalue()


def train_a_bar(tick):
    """A bar at its half and at its end; returns what a terminal was sent."""
    with terminal() as output:
        bar = progress.Progbar(10)
        for step in (5, 10):
            tick(1)
            bar.update(step, [("loss", 0.5)])
    return output.getvalue()


def test_no_color_is_honoured_and_the_bar_still_tells(tick, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "")
    assert "\x1b[" in train_a_bar(tick)
    monkeypatch.setenv("NO_COLOR", "1")
    text = train_a_bar(tick)
    assert "\x1b" not in text
    assert f"\r 5/10 {'━' * 10}{'─' * 10} 1s 200ms/step - loss: 0.5000" in text
    assert f"\r10/10 {'━' * 20} 2s" in text


def test_a_dumb_terminal_gets_plain_lines(tick, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    assert train_a_bar(tick).splitlines() == [
        f" 5/10 {'━' * 10}{'─' * 10} 1s 200ms/step - loss: 0.5000", f"10/10 {'━' * 20} 2s 200ms/step - loss: 0.5000"]


@pytest.mark.parametrize(("value", "text"), [
    (np.array([1, 2]), "1.5000"), (np.array([[1.5, 2], [3, 4]]), "2.6250"), ([1, 2.5], "1.7500"), ((1,), "1.0000"),
    (np.float32(0.1), "0.1000"), (np.array(0.5), "0.5000"), (3, "3.0000"), (True, "1.0000"),  # so does Keras
    (None, "None"), ("high,\n low", "high, low"), ({"a": 1}, "{'a': 1}"), ([], "[]"), ([1, "a"], "[1, 'a']"),
])
@pytest.mark.parametrize("verbose", [1, 2])
def test_whatever_a_callback_logs_is_shown(value, text, verbose, tick):
    with terminal() as output:
        bar = progress.Progbar(2, verbose=verbose)
        tick(1)
        bar.update(1, [("value", value), ("loss", 0.5)])
        tick(1)
        bar.update(2, [("value", value), ("loss", 0.5)])
    assert output.getvalue().endswith(f" - value: {text} - loss: 0.5000\n")


def test_a_value_that_becomes_a_number_is_averaged_from_then_on(capsys, tick):
    bar = progress.Progbar(4, verbose=2)
    for step, value in enumerate((None, [1, 3], 4.0), 1):
        bar.update(step, [("value", value)])
    bar.update(4, finalize=True)
    assert capsys.readouterr().out.endswith(" - value: 3.0000\n")


def test_average_of_values_and_values_as_they_are(capsys, tick):
    for options, mean in (({}, "0.2500"), ({"stateful_metrics": ["loss"]}, "0.4000")):
        bar = progress.Progbar(100, verbose=2, **options)
        bar.update(10, [("loss", 0.1)])
        bar.update(20, [("loss", 0.4)])
        bar.target = 20
        bar.update(20, finalize=True)
        assert f"loss: {mean}\n" in capsys.readouterr().out


def test_add_counts_steps(tick):
    with terminal() as output:
        bar = progress.Progbar(3)
        for _ in range(3):
            tick(1)
            bar.add(1)
    assert "3/3" in output.getvalue().splitlines()[-1]


@pytest.mark.parametrize(("value", "text"), [(0.5, "0.5000"), (0.0, "0.0000e+00"), (1e-4, "1.0000e-04"),
                                             (-0.5, "-0.5000"), (float("nan"), "nan"), (12345.678, "12345.6780")])
def test_numbers_are_written_as_keras_writes_them(value, text, capsys):
    progress.Progbar(1, verbose=2).update(1, [("value", value)])
    assert capsys.readouterr().out.endswith(f" - value: {text}\n")


def test_both_kinds_of_names_are_refused():
    with pytest.raises(ValueError, match="stateful_metrics"):
        progress.Progbar(3, stateful_metrics=[], stateless_metrics=[])


def test_signature_is_that_of_keras():
    ours = [[p.name, repr(p.default)] for p in inspect.signature(progress.Progbar).parameters.values()]
    assert ours == GOLDEN["signatures"]["utils.Progbar"]


def train(verbose, epochs=2, steps=4, target=4):
    hooks = CallbackList([ProgbarLogger()], None, {"verbose": verbose, "epochs": epochs, "steps": target})
    hooks.on_train_begin()
    for epoch in range(epochs):
        hooks.on_epoch_begin(epoch)
        for step in range(steps):
            hooks.on_train_batch_end(step, {"loss": 0.5})
        hooks.on_test_begin()
        hooks.on_test_batch_end(0, {"loss": 0.5})
        hooks.on_test_end({"loss": 0.5})
        hooks.on_epoch_end(epoch, {"loss": 0.25, "val_loss": 0.125})
    hooks.on_train_end()
    return hooks


@pytest.mark.parametrize("verbose", ["auto", 1, 2])
def test_log_file_of_a_training_run(verbose, capsys, tick):
    hooks = train(verbose)
    line = "4/4 - 0s - 0s/step - loss: 0.2500 - val_loss: 0.1250"
    assert capsys.readouterr().out == f"Epoch 1/2\n{line}\nEpoch 2/2\n{line}\n"
    assert not hooks.wants_train_batches


def test_terminal_of_a_training_run(tick):
    with terminal() as output:
        hooks = train("auto")
    plain = re.sub(r"\x1b\[\d+m", "", output.getvalue())
    assert plain.splitlines()[0] == "Epoch 1/2"
    assert plain.endswith("\r4/4 " + "━" * 20 + " 0s 0s/step - loss: 0.2500 - val_loss: 0.1250\n")
    assert hooks.wants_train_batches
    assert not hooks.wants_test_batches


def test_one_epoch_has_no_heading_and_silence_is_silent(capsys, tick):
    train(2, epochs=1)
    assert capsys.readouterr().out.startswith("4/4 - ")
    train(0)
    assert capsys.readouterr().out == ""


def test_number_of_steps_is_learned_in_the_first_epoch(capsys, tick):
    train(2, steps=3, target=None)
    assert capsys.readouterr().out.count("3/3 - ") == 2


def test_evaluate_and_predict_show_their_own_bar(capsys, tick):
    hooks = CallbackList([ProgbarLogger()], None, {"verbose": 1, "epochs": 1, "steps": 2})
    hooks.on_test_begin()
    hooks.on_test_end({"loss": 0.5})
    hooks.on_predict_begin()
    hooks.on_predict_end()
    assert capsys.readouterr().out == "2/2 - 0s - 0s/step - loss: 0.5000\n2/2 - 0s - 0s/step\n"


def test_the_bar_has_the_names_that_it_does_not_average():
    assert Progbar(3).stateful_metrics == set()
    assert Progbar(3, stateful_metrics=iter(["loss"])).stateful_metrics == {"loss"}
    with pytest.raises(AttributeError, match="did you mean 'target'"):
        print(Progbar(3).targets)
