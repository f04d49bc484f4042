"""The command line: what it writes and prints, and how it fails."""

from __future__ import annotations

import errno
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import fashioncnn
from fashioncnn._core import instruction_set
from fashioncnn.cli import data as cli_data
from fashioncnn.cli import train as train_command
from fashioncnn.cli.main import main
from fashioncnn.cli.runs import Run
from fashioncnn.datasets import fashion_mnist
from fashioncnn.utils.registry import OPTIMIZERS

Image = pytest.importorskip("PIL.Image")


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    fashioncnn.set_num_threads(0)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """The folder of a finished run, to read only."""
    folder = tmp_path_factory.mktemp("runs") / "trained"
    assert main(["train", "--sample", "--epochs", "3", "--validation-split", "0.1", "--output", str(folder)]) == 0
    return folder


def train(*options):
    return main(["train", "--sample", "--epochs", "1", "--filters", "4", "8", *options])


PACKAGE_FOLDER = Path(fashioncnn.__file__).parents[1]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


def start(*arguments):
    """A process of its own, which Ctrl-C can reach even where the tests run in the background."""
    return subprocess.Popen(
        [sys.executable, "-m", "fashioncnn", *arguments], cwd=PACKAGE_FOLDER, env=ENVIRONMENT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def shell(line, **environment):
    """Runs a line of the shell, in which $F is the command; returns the exit code and what came on stderr."""
    command = f"{shlex.quote(sys.executable)} -m fashioncnn"
    done = subprocess.run(line.replace("$F", command), shell=True, cwd=PACKAGE_FOLDER, capture_output=True, text=True,
                          env=ENVIRONMENT | environment)
    return done.returncode, done.stderr


def wait_for(path, process):
    while not path.exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)


def read_json(path):
    return json.loads(path.read_text())


def complaint(capsys):
    """The one line on stderr, without the program's name."""
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("fashioncnn: ")
    return line.removeprefix("fashioncnn: ")


def save_picture(path, pixels):
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)
    return str(path)


# train


def test_train_writes_weights_history_configuration_and_curves(run_folder):
    history, description = read_json(run_folder / "history.json"), read_json(run_folder / "run.json")
    assert {name: len(values) for name, values in history.items()} == dict.fromkeys(
        ("accuracy", "loss", "val_accuracy", "val_loss"), 3)
    assert history["loss"][2] < history["loss"][0]
    assert description["state"] == "done"
    assert description["data"] == "sample"
    assert description["configuration"]["filters"] == [32, 64]
    assert description["test_accuracy"] > 0.6
    with np.load(run_folder / "weights.npz") as weights:
        assert sum(array.size for array in weights.values()) >= 225_034
    with Image.open(run_folder / "curves.png") as picture:
        assert picture.width > picture.height > 100
    assert {path.name for path in run_folder.iterdir()} == {"curves.png", "history.json", "run.json", "weights.npz"}


def test_train_twice_gives_the_same_weights(tmp_path):
    for name, threads in (("first", "1"), ("second", "2")):
        assert train("--dropout", "0.3", "--threads", threads, "--output", name) == 0
    first, second = (np.load(tmp_path / name / "weights.npz") for name in ("first", "second"))
    assert first.files == second.files
    assert all((first[name] == second[name]).all() for name in first.files)


def test_train_passes_every_option_on(tmp_path):
    options = {"batch_size": 100, "optimizer": "sgd", "learning_rate": 0.125, "filters": [3], "kernel_size": 5,
               "dropout": 0.25, "validation_split": 0.5, "seed": 9}
    arguments = [str(part) for name, value in options.items() for part in
                 ("--" + name.replace("_", "-"), *(value if isinstance(value, list) else [value]))]
    assert train(*arguments, "--output", "run") == 0
    assert read_json(tmp_path / "run" / "run.json")["configuration"] == options | {"epochs": 1}
    with np.load(tmp_path / "run" / "weights.npz") as weights:
        assert (5, 5, 1, 3) in [array.shape for array in weights.values()]


def test_train_names_its_folder_itself(tmp_path, capsys):
    assert train() == 0
    (folder,) = (tmp_path / "runs").iterdir()
    assert f"runs/{folder.name}" in capsys.readouterr().out


def test_two_runs_of_the_same_second_have_two_folders(tmp_path, monkeypatch):
    monkeypatch.setattr(time, "strftime", lambda form: "now")
    assert [train(), train()] == [0, 0]
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {"now", "now_2"}


def test_train_does_not_overwrite_a_run(tmp_path, capsys):
    assert train("--output", "run") == 0
    before = (tmp_path / "run" / "weights.npz").read_bytes()
    assert train("--seed", "2", "--output", "run") == 2
    assert "run already holds a run, with its weights" in capsys.readouterr().err
    (tmp_path / "run" / "run.json").unlink()
    assert train("--seed", "2", "--output", "run") == 2
    assert "run already holds something else, with its weights" in capsys.readouterr().err
    assert (tmp_path / "run" / "weights.npz").read_bytes() == before


def fail(when):
    """A stand-in for the recorder's method that fails in the epoch of this number, counted from 0."""
    write = train_command.Recorder.on_epoch_end

    def on_epoch_end(recorder, epoch, logs=None):
        if epoch == when:
            raise OSError(errno.ENOSPC, "No space left on device", "weights.npz")
        write(recorder, epoch, logs)

    return on_epoch_end


def test_a_run_that_failed_in_its_first_epoch_says_so_and_can_be_trained_into_again(tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patched:
        patched.setattr(train_command.Recorder, "on_epoch_end", fail(0))
        assert train("--output", "run") == 1
    assert "fashioncnn: weights.npz: No space left on device\n" in capsys.readouterr().err
    assert main(["evaluate", "run"]) == 2
    assert complaint(capsys) == ("run holds a run that failed after 0 whole epochs, without weights; it can be trained "
                                 "into again")
    assert train("--output", "run") == 0
    assert main(["evaluate", "--sample", "run"]) == 0


def test_a_run_that_failed_later_keeps_its_weights(tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patched:
        patched.setattr(train_command.Recorder, "on_epoch_end", fail(1))
        assert train("--epochs", "2", "--output", "run") == 1
    assert main(["evaluate", "--sample", "run"]) == 0
    capsys.readouterr()
    assert train("--output", "run") == 2
    assert "run already holds a run that failed after 1 whole epochs, with its weights" in capsys.readouterr().err


def test_a_run_that_was_killed_in_its_first_epoch_says_so_and_can_be_trained_into_again(tmp_path, capsys):
    process = start("train", "--epochs", "100", "--batch-size", "1", "--output", str(tmp_path / "run"))
    try:
        wait_for(tmp_path / "run" / "run.json", process)
        assert train("--output", "run") == 2
        assert "another process is training into run" in capsys.readouterr().err
    finally:
        process.kill()
        process.communicate()
    assert main(["evaluate", "run"]) == 2
    assert "run holds a run that has not come to its end, or was broken off, without weights" in complaint(capsys)
    assert train("--output", "run") == 0


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_train_can_tell_its_story_in_any_encoding(encoding, tmp_path):
    code, error = shell(f"$F train --sample --epochs 1 --filters 2 --output {tmp_path / 'run'} > {tmp_path / 'out'}",
                        PYTHONIOENCODING=encoding)
    assert (code, "Traceback" in error) == (0, False)
    assert "+=====" in (tmp_path / "out").read_text(encoding)


def test_train_without_matplotlib_says_so_and_keeps_the_rest(tmp_path, monkeypatch, capsys):
    for name in [name for name in sys.modules if name.startswith(("fashioncnn.pictures", "fashioncnn.visualization"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(fashioncnn, "visualization", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert train("--output", "run") == 0
    assert "fashioncnn[plot]" in capsys.readouterr().err
    assert (tmp_path / "run" / "weights.npz").exists()
    assert read_json(tmp_path / "run" / "run.json")["state"] == "done"


def test_train_falls_back_to_the_sample_loudly(monkeypatch, capsys):
    def unreachable():
        raise OSError("nothing within reach")

    monkeypatch.setattr(fashion_mnist, "load_data", unreachable)
    assert main(["train", "--epochs", "1", "--filters", "4", "--output", "run"]) == 0
    error = capsys.readouterr().err
    assert "nothing within reach" in error
    assert "NOT THE REAL DATA SET" in error


def test_ctrl_c_saves_what_was_trained_so_far(tmp_path):
    process = start("train", "--sample", "--epochs", "100000", "--output", str(tmp_path / "run"))
    try:
        wait_for(tmp_path / "run" / "history.json", process)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert b"Traceback" not in error
    description = read_json(tmp_path / "run" / "run.json")
    assert description["state"] == "interrupted"
    assert description["epochs_trained"] == len(read_json(tmp_path / "run" / "history.json")["loss"]) >= 1
    assert main(["evaluate", "--sample", str(tmp_path / "run")]) == 0


def test_ctrl_c_in_the_first_epoch_saves_the_weights_of_that_moment(tmp_path, monkeypatch):
    def interrupt(recorder, batch, logs=None):
        if batch == 5:
            weights.extend(recorder.model.get_weights())
            raise KeyboardInterrupt

    weights = []
    monkeypatch.setattr(train_command.Recorder, "on_train_batch_end", interrupt)
    assert train("--output", "run") == 130
    assert read_json(tmp_path / "run" / "run.json")["epochs_trained"] == 0
    saved = Run(tmp_path / "run").load_model().get_weights()
    assert all((one == other).all() for one, other in zip(weights, saved, strict=True))


@pytest.mark.parametrize(("options", "named"), [
    (["--epochs", "0"], "epochs"),
    (["--epochs", "1e3"], "argument --epochs: '1e3' is not a whole number"),
    (["--epochs", str(10**30)], "argument --epochs"),
    (["--batch-size", "-1"], "batch_size"),
    (["--learning-rate", "nan"], "`learning_rate` must be finite and > 0, got nan"),
    (["--learning-rate", "inf"], "`learning_rate` must be finite and > 0, got inf"),
    (["--learning-rate", "0"], "`learning_rate` must be > 0, got 0.0"),
    (["--learning-rate", "1e300"], "learning_rate"),
    (["--learning-rate=-inf"], "learning_rate"),
    (["--dropout", "1"], "dropout"),
    (["--validation-split", "1.5"], "validation_split"),
    (["--filters", "0"], "filters"),
    (["--filters", "4", "1000000000"], "filters"),
    (["--filters", "4", "4", "4", "4"], "1x1"),
    (["--kernel-size", "40"], "40"),
    (["--kernel-size", "50"], "50x50"),
    (["--kernel-size", str(2**62)], "kernel_size"),
    (["--seed", "-3"], "seed"),
    (["--seed", str(2**32)], "seed"),
    (["--threads", "-1"], "-1"),
    (["--threads", "1000000"], "1000000 threads"),
    (["--threads", str(10**30)], "argument --threads"),
    (["--output", ""], "argument --output: an empty name"),
    (["--optimizer", "magic"], "argument --optimizer"),
    (["--speed", "9"], "--speed"),
])
def test_bad_options_exit_with_2_name_the_option_in_one_line_and_write_nothing(tmp_path, capsys, options, named):
    assert train(*options) == 2
    assert named in complaint(capsys)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [[], ["fly"], ["evaluate", ""], ["predict"], ["predict", ""], ["info", "more"]])
def test_wrong_usage_exits_with_2_and_one_line_that_tells_where_help_is(arguments, capsys):
    assert main(arguments) == 2
    assert "--help)" in complaint(capsys)


def test_every_optimizer_can_be_chosen(tmp_path, capsys):
    for name in OPTIMIZERS.all_classes():
        assert train("--optimizer", name.lower(), "--learning-rate", "0.001", "--output", name) == 0
        optimizer = Run(tmp_path / name).load_model().optimizer
        assert (type(optimizer).__name__, optimizer.learning_rate) == (name, pytest.approx(0.001))


def test_a_diverging_loss_fails_with_1_and_says_so(tmp_path, capsys):
    assert train("--optimizer", "sgd", "--learning-rate", "1e20", "--output", "run") == 1
    assert "fashioncnn: " in capsys.readouterr().err
    assert read_json(tmp_path / "run" / "run.json")["state"] == "failed"


@pytest.mark.parametrize("name", ["file", "file/run"])
def test_a_file_where_the_folder_should_be_is_bad_input(name, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert train("--output", name) == 2
    assert f"fashioncnn: {name}: cannot be a folder" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_fails_with_1(capsys):
    name = "x" * 300
    assert train("--output", name) == 1
    assert f"fashioncnn: {name}: File name too long\n" in capsys.readouterr().err


# evaluate


def test_evaluate_finds_the_accuracy_that_training_found(run_folder, capsys):
    accuracy = read_json(run_folder / "run.json")["test_accuracy"]
    assert main(["evaluate", "--sample", str(run_folder)]) == 0
    assert f"test accuracy {accuracy:.4f}" in capsys.readouterr().out


def test_evaluate_takes_the_latest_run(tmp_path, capsys):
    for name in ("b", "a"):
        assert train("--output", f"runs/{name}") == 0
    assert main(["evaluate", "--sample"]) == 0
    assert "runs/a: " in capsys.readouterr().out


def test_a_mistyped_run_does_not_answer_from_another(tmp_path, capsys):
    assert train("--output", "runs/first") == 0
    picture = save_picture(tmp_path / "shoe.png", np.zeros((28, 28)))
    capsys.readouterr()
    assert main(["evaluate", "rusn/first"]) == 2
    assert complaint(capsys) == "rusn/first: there is no such folder"
    assert main(["evaluate", picture]) == 2
    assert complaint(capsys) == f"{picture}: not a folder"
    assert main(["predict", "runz/first", picture]) == 2
    assert complaint(capsys) == "runz/first: there is no such folder, and no such image"
    assert main(["predict", "runs", picture]) == 2
    assert complaint(capsys) == "runs holds no run: it has no run.json"


def test_predict_says_which_run_answers_if_none_is_named(tmp_path, capsys):
    picture = save_picture(tmp_path / "shoe.png", np.zeros((28, 28)))
    for name in ("b", "a"):
        assert train("--output", f"runs/{name}") == 0
    capsys.readouterr()
    assert main(["predict", picture]) == 0
    assert complaint(capsys) == "no run is named, so the latest answers: runs/a"


@pytest.fixture
def copied_run(run_folder, tmp_path):
    """A run to be damaged."""
    return Run(Path(shutil.copytree(run_folder, tmp_path / "run")))


@pytest.mark.parametrize(("content", "told"), [
    (b"{", "not JSON"), (b"", "not JSON"), (b"\xff", "not JSON"), (b"[" * 100_000, "not JSON"),
    (b"[]", "expected a JSON object, got list"), (b"3", "expected a JSON object, got int"),
    (b"{}", "'configuration' is missing"), (b'{"configuration": []}', "must be a mapping, got []"),
    (b'{"configuration": {}}', "'filters' is missing"),
    (b'{"configuration": {"filters": [4], "sneed": 1}}', "there is no option called 'sneed'"),
    (b'{"configuration": {"filters": 4}}', "`filters` must be a list, got 4"),
    (b'{"configuration": {"filters": "48"}}', "`filters` must be a list, got '48'"),
    (b'{"configuration": {"filters": ["4"]}}', "`filters` must be an integer, got '4'"),
    (b'{"configuration": {"filters": [4], "dropout": null}}', "`dropout` must be a number, got None"),
    (b'{"configuration": {"filters": [4], "dropout": 1e999}}', "`dropout` must be finite"),
    (b'{"configuration": {"filters": [4], "dropout": 1' + b"0" * 400 + b"}}", "too large"),
    (b'{"configuration": {"filters": [4], "epochs": 1.5}}', "`epochs` must be an integer, got 1.5"),
    (b'{"configuration": {"filters": [4], "optimizer": ["adam"]}}', "`optimizer` must be one of"),
])
def test_a_damaged_description_of_a_run_is_named_with_what_is_wrong(content, told, copied_run, capsys):
    copied_run.description.write_bytes(content)
    assert main(["evaluate", "--sample", str(copied_run.folder)]) == 2
    line = complaint(capsys)
    assert line.startswith(f"{copied_run.description}: ")
    assert told in line


def test_damaged_weights_of_a_run_are_named(copied_run, capsys):
    copied_run.weights.write_bytes(copied_run.weights.read_bytes()[:1000])
    assert main(["evaluate", "--sample", str(copied_run.folder)]) == 2
    assert complaint(capsys).startswith(f"{copied_run.weights}: damaged file")
    copied_run.weights.unlink()
    assert main(["evaluate", "--sample", str(copied_run.folder)]) == 2
    assert complaint(capsys) == f"{copied_run.folder} holds a run, without weights; it can be trained into again"


# predict


def test_predict_names_each_picture_its_class_and_probability(run_folder, tmp_path, capsys):
    _, (test_images, _) = fashion_mnist.load_sample()
    model_input = cli_data.scaled(test_images[:4])
    paths = [save_picture(tmp_path / f"{i}.png", test_images[i]) for i in range(4)]
    assert main(["predict", str(run_folder), *paths]) == 0
    lines = capsys.readouterr().out.splitlines()

    probabilities = Run(run_folder).load_model().predict(model_input, verbose=0)
    assert lines == [f"{path}: {fashion_mnist.class_names[row.argmax()]} {row.max():.1%}"
                     for path, row in zip(paths, probabilities, strict=True)]


def test_predict_goes_on_after_an_unreadable_file_and_exits_with_2(run_folder, tmp_path, capsys):
    good = save_picture(tmp_path / "good.png", np.arange(28 * 28).reshape(28, 28) * 37 % 256)
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "cut.png").write_bytes((tmp_path / "good.png").read_bytes()[:-40])
    assert main(["predict", str(run_folder), "missing.png", "text.png", "cut.png", good]) == 2
    output = capsys.readouterr()
    assert output.out.startswith(good)
    assert [line.split(":")[1].strip() for line in output.err.splitlines()] == ["missing.png", "text.png", "cut.png"]


def test_predict_without_pictures_or_runs_is_bad_input(run_folder, tmp_path, capsys):
    assert main(["predict", str(run_folder)]) == 2
    assert "predict needs an image" in complaint(capsys)
    assert main(["predict", save_picture(tmp_path / "shoe.png", np.zeros((28, 28)))]) == 2
    assert "fashioncnn train" in complaint(capsys)


# info and the rest


def test_info_tells_versions_instruction_set_threads_and_data(capsys):
    assert main(["info"]) == 0
    lines = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines())
    assert lines["fashioncnn"] == fashioncnn.__version__
    assert lines["threads"] == str(fashioncnn.get_num_threads())
    assert lines["instruction"].split() == ["set", instruction_set()]
    assert lines["Fashion-MNIST"].strip()


@pytest.mark.parametrize("arguments", [["info"], ["train", "--help"]])
def test_a_reader_that_goes_away_does_not_cause_a_traceback(arguments):
    process = start(*arguments)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 1


@pytest.mark.parametrize(("line", "code", "told"), [
    ("$F info >&-", 0, ""),
    ("$F --help >&-", 0, ""),
    ("$F evaluate nothing 2>&-", 2, ""),
    ("$F evaluate nothing >&- 2>&-", 2, ""),
    ("$F info >/dev/full", 1, "fashioncnn: [Errno 28] No space left on device\n"),
    ("$F --version >/dev/full", 1, "fashioncnn: [Errno 28] No space left on device\n"),
    ("$F evaluate nothing 2>/dev/full", 2, ""),
    ("FASHIONCNN_CPU=abacus $F info", 2, "fashioncnn: FASHIONCNN_CPU is 'abacus'; this machine and build have: "),
])
def test_every_end_has_its_exit_code_and_no_traceback(line, code, told):
    if "/dev/full" in line and not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    found, error = shell(line)
    assert found == code
    assert error.startswith(told)
    assert error.count("\n") == bool(told)


def test_names_that_are_no_text_are_no_trouble(run_folder, tmp_path, capsys):
    picture = os.fsdecode(b"caf\xe9.png")
    save_picture(tmp_path / picture, np.zeros((28, 28)))
    assert main(["predict", str(run_folder), picture, os.fsdecode(b"th\xe9.png")]) == 2
    output = capsys.readouterr()
    assert output.out.startswith("caf\\udce9.png: ")
    assert "th\\udce9.png" in output.err


DISTURBED_IMPORT = """
import os, runpy, signal, sys

class Disturbance:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            DISTURB

def interrupt():
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:  # so does NumPy, somewhere
        raise ImportError("not imported")

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Disturbance())
runpy.run_module("fashioncnn", run_name="__main__", alter_sys=True)
"""


def disturb_import(module, statement):
    """The command's exit code and stderr if a statement runs when `module` is about to be imported."""
    code = DISTURBED_IMPORT.replace("DISTURB\n", f"{statement}\n")
    done = subprocess.run([sys.executable, "-c", code, module], cwd=PACKAGE_FOLDER, capture_output=True, text=True)
    return done.returncode, done.stderr


@pytest.mark.parametrize("module", ["numpy", "numpy.linalg", "fashioncnn._core", "fashioncnn.cli.main",
                                    "fashioncnn.cli.info"])
def test_ctrl_c_while_everything_is_loaded_exits_with_130(module):
    assert disturb_import(module, "interrupt()") == (130, "")


@pytest.mark.parametrize("error", ["ImportError", "ValueError"])
def test_an_error_while_everything_is_loaded_is_one_line_and_bad_input(error):
    assert disturb_import("fashioncnn._core", f"raise {error}('no such CPU')") == (2, "fashioncnn: no such CPU\n")
