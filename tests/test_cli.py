"""The command line: what it writes and prints, and how it fails."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import fashioncnn
from fashioncnn._core import instruction_set
from fashioncnn.cli import curves, images
from fashioncnn.cli import data as cli_data
from fashioncnn.cli import train as train_command
from fashioncnn.cli.main import main
from fashioncnn.cli.runs import Run
from fashioncnn.datasets import fashion_mnist

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


def start(*arguments):
    """A process of its own, which Ctrl-C can reach even where the tests run in the background."""
    return subprocess.Popen(
        [sys.executable, "-m", "fashioncnn", *arguments], cwd=Path(fashioncnn.__file__).parents[1],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def wait_for(path, process):
    while not path.exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)


def read_json(path):
    return json.loads(path.read_text())


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


def test_train_does_not_overwrite_a_run(tmp_path, capsys):
    assert train("--output", "run") == 0
    before = (tmp_path / "run" / "weights.npz").read_bytes()
    assert train("--seed", "2", "--output", "run") == 2
    assert "already holds a run" in capsys.readouterr().err
    assert (tmp_path / "run" / "weights.npz").read_bytes() == before


def test_train_without_matplotlib_says_so_and_keeps_the_rest(tmp_path, monkeypatch, capsys):
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
    (["--batch-size", "-1"], "batch_size"),
    (["--learning-rate", "nan"], "learning_rate"),
    (["--dropout", "1"], "dropout"),
    (["--validation-split", "1.5"], "validation_split"),
    (["--filters", "0"], "filters"),
    (["--kernel-size", "40"], "40"),
    (["--seed", "-3"], "seed"),
    (["--threads", "-1"], "threads"),
])
def test_bad_options_exit_with_2_name_the_option_and_write_nothing(tmp_path, capsys, options, named):
    assert train(*options) == 2
    error = capsys.readouterr().err
    assert named in error
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [[], ["fly"], ["train", "--optimizer", "magic"], ["train", "--epochs", "two"]])
def test_wrong_usage_exits_with_2(arguments):
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2


def test_a_diverging_loss_fails_with_1_and_says_so(tmp_path, capsys):
    assert train("--optimizer", "sgd", "--learning-rate", "1e20", "--output", "run") == 1
    assert "fashioncnn: " in capsys.readouterr().err
    assert read_json(tmp_path / "run" / "run.json")["state"] == "failed"


def test_a_folder_that_cannot_be_written_fails_with_1(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert train("--output", "file/run") == 1
    assert "file/run" in capsys.readouterr().err


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


@pytest.mark.parametrize("damage", ["no folder", "no weights", "cut weights", "no JSON", "no configuration",
                                    "unknown option"])
def test_a_damaged_run_is_bad_input(run_folder, tmp_path, capsys, damage):
    run = tmp_path / "run"
    if damage != "no folder":
        run.mkdir()
        description = (run_folder / "run.json").read_text()
        weights = (run_folder / "weights.npz").read_bytes()
        if damage == "no JSON":
            description = description[:-20]
        elif damage == "no configuration":
            description = "{}"
        elif damage == "unknown option":
            description = description.replace('"seed"', '"sneed"')
        (run / "run.json").write_text(description)
        if damage != "no weights":
            (run / "weights.npz").write_bytes(weights[:1000] if damage == "cut weights" else weights)
    assert main(["evaluate", "--sample", str(run)]) == 2
    error = capsys.readouterr().err
    assert str(run) in error
    assert "Traceback" not in error


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


def test_predict_without_pictures_or_runs_is_bad_input(run_folder, capsys):
    assert main(["predict", str(run_folder)]) == 2
    assert main(["predict", "shoe.png"]) == 2
    assert "fashioncnn train" in capsys.readouterr().err


# pictures


def test_an_image_of_the_data_set_is_read_unchanged(tmp_path):
    _, (test_images, _) = fashion_mnist.load_sample()
    for i in range(20):
        path = save_picture(tmp_path / "image.png", test_images[i])
        np.testing.assert_array_equal(images.read_image(path), test_images[i])


def test_a_light_background_is_inverted_and_a_dark_one_is_not(tmp_path):
    shoe = np.zeros((28, 28), np.uint8)
    shoe[10:20, 4:24] = 200
    np.testing.assert_array_equal(images.read_image(save_picture(tmp_path / "dark.png", shoe)), shoe)
    np.testing.assert_array_equal(images.read_image(save_picture(tmp_path / "light.png", 255 - shoe)), shoe)


def test_transparency_counts_as_a_light_background(tmp_path):
    pixels = np.zeros((28, 28, 4), np.uint8)
    pixels[8:20, 8:20] = (0, 0, 0, 255)
    image = images.read_image(save_picture(tmp_path / "transparent.png", pixels))
    assert image[0, 0] == 0
    assert image[14, 14] == 255


def test_the_longer_side_fills_the_image_and_the_shorter_is_centred(tmp_path):
    image = images.read_image(save_picture(tmp_path / "wide.png", np.full((50, 100), 100)))
    assert (image.max(axis=1) > 0).sum() == 14
    np.testing.assert_array_equal(image, image[::-1])
    assert image[14].min() == 100


def test_sixteen_bits_keep_their_grays(tmp_path):
    grays = np.linspace(0, 100, 28 * 28).astype(np.uint16).reshape(28, 28)
    Image.fromarray(grays * 257).save(tmp_path / "deep.png")
    np.testing.assert_array_equal(images.read_image(tmp_path / "deep.png"), grays)


def test_a_photograph_is_turned_upright(tmp_path):
    upright = np.tile(np.arange(28, dtype=np.uint8), (28, 1))
    turned = Image.fromarray(upright).rotate(90)
    exif = turned.getexif()
    exif[0x0112] = 6  # the camera was held a quarter turn to the left
    turned.save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(images.read_image(tmp_path / "turned.png"), upright)


@pytest.mark.parametrize("mode", ["1", "P", "RGB", "RGBA", "CMYK", "LA"])
def test_every_kind_of_picture_gives_the_same_image(tmp_path, mode):
    white_square = np.zeros((56, 56), np.uint8)
    white_square[14:42, 14:42] = 255
    picture = Image.fromarray(white_square).convert(mode)
    path = tmp_path / ("picture.tif" if mode == "CMYK" else "picture.png")
    picture.save(path)
    image = images.read_image(path).astype(int)
    assert abs(image[14, 14] - 255) <= 1
    assert image[0].max() <= 1


# info and the rest


def test_info_tells_versions_instruction_set_threads_and_data(capsys):
    assert main(["info"]) == 0
    lines = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines())
    assert lines["fashioncnn"] == fashioncnn.__version__
    assert lines["threads"] == str(fashioncnn.get_num_threads())
    assert lines["instruction"].split() == ["set", instruction_set()]
    assert lines["Fashion-MNIST"].strip()


def test_curves_draw_every_metric_and_its_validation(tmp_path):
    history = {"loss": [2.0, 1.0], "val_loss": [2.5, 1.5], "accuracy": [0.4, 0.8]}
    curves.write_curves(history, tmp_path / "both.png")
    curves.write_curves({"loss": [1.0]}, tmp_path / "one.png")
    with Image.open(tmp_path / "both.png") as both, Image.open(tmp_path / "one.png") as one:
        assert both.width == 2 * one.width


def test_a_reader_that_goes_away_does_not_cause_a_traceback():
    process = start("info")
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 1
