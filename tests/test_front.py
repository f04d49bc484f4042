"""What `import fashioncnn` offers, under its own names and under those of Keras and TensorFlow."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fashioncnn

NAMES = ["activations", "callbacks", "initializers", "layers", "losses", "metrics", "models", "optimizers", "saving",
         "utils"]


@pytest.mark.parametrize("name", NAMES)
def test_keras_is_another_name_for_the_package(name):
    module = importlib.import_module(f"fashioncnn.{name}")
    assert importlib.import_module(f"fashioncnn.keras.{name}") is module
    assert getattr(fashioncnn.keras, name) is module
    assert module.__spec__.name == f"fashioncnn.{name}"


def test_classes_imported_through_keras_are_the_same():
    from fashioncnn.keras.layers import Dense
    from fashioncnn.keras.models import Sequential

    assert Dense is fashioncnn.layers.Dense
    assert isinstance(Sequential([Dense(1)]), fashioncnn.Sequential)


def test_an_unknown_module_below_keras_is_reported_as_such():
    with pytest.raises(ModuleNotFoundError, match="nonsense"):
        importlib.import_module("fashioncnn.keras.nonsense")


def test_every_name_is_there():
    for name in fashioncnn.__all__:
        assert hasattr(fashioncnn, name), name
    assert set(fashioncnn.__all__) <= set(dir(fashioncnn))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no 'applications_of_nothing'"):
        _ = fashioncnn.applications_of_nothing


def test_import_loads_no_part_before_its_first_use():
    code = "import sys, fashioncnn; print([name for name in sys.modules if name.startswith('fashioncnn.')])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"'(.*?)'", loaded)) == {"fashioncnn._imports", "fashioncnn.keras"}


def loaded_by(code):
    """The modules that are there after some code in a fresh interpreter."""
    command = [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def test_packages_load_no_part_before_its_first_use():
    packages = ["layers", "losses", "metrics", "callbacks", "optimizers", "models", "saving", "utils", "data"]
    loaded = loaded_by(f"from fashioncnn import {', '.join(packages)}")
    assert not loaded & {"fashioncnn.layers.dense", "fashioncnn.losses.crossentropy", "fashioncnn.metrics.auc",
                         "fashioncnn.callbacks.tensorboard", "fashioncnn.optimizers.adam", "fashioncnn.models.model",
                         "fashioncnn.saving.weights", "fashioncnn.utils.fetching", "fashioncnn.data.dataset"}


def test_a_first_model_loads_what_it_is_made_of_only():
    loaded = loaded_by("from fashioncnn import Sequential, layers\nSequential([layers.Dense(2)])")
    assert "fashioncnn.layers.dense" in loaded
    assert not loaded & {"fashioncnn.layers.conv2d", "fashioncnn.optimizers.optimizer", "fashioncnn.saving.whole",
                         "fashioncnn.data.dataset", "fashioncnn.models.summary", "concurrent.futures", "html"}


def test_a_class_is_found_by_name_without_loading_the_others():
    loaded = loaded_by("from fashioncnn import optimizers\noptimizers.get('adam')")
    assert "fashioncnn.optimizers.adam" in loaded
    assert "fashioncnn.optimizers.sgd" not in loaded


def test_threads_that_first_use_parts_at_once_all_get_them():
    code = """
import threading
from fashioncnn import layers, losses
names = [name for name in layers.__all__ if name[0].isupper()]
found, go = [], threading.Barrier(8)
def use():
    go.wait()
    found.append([getattr(layers, name) for name in names] + [losses.get("mse"), losses.Dice])
threads = [threading.Thread(target=use) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert len(found) == 8 and all(each == found[0] for each in found)
import builtins
assert type(builtins.__import__).__name__ == "builtin_function_or_method"
"""
    assert "fashioncnn.losses.overlap" in loaded_by(code)


def test_version_is_that_of_the_distribution():
    project = Path(__file__).parents[1] / "pyproject.toml"
    assert f'version = "{fashioncnn.__version__}"' in project.read_text()


def test_the_number_of_threads_can_be_set():
    before = fashioncnn.get_num_threads()
    try:
        fashioncnn.set_num_threads(3)
        assert fashioncnn.get_num_threads() == 3
        with pytest.raises(ValueError, match="-1"):
            fashioncnn.set_num_threads(-1)
        assert fashioncnn.get_num_threads() == 3
    finally:
        fashioncnn.set_num_threads(before)


@pytest.mark.parametrize(("name", "value"), [("NUM_THREADS", "foo"), ("NUM_THREADS", "-3"), ("NUM_THREADS", "1.5"),
                                             ("NUM_THREADS", " "), ("NUM_THREADS", "3 4"),
                                             ("NUM_THREADS", "257"), ("CPU", "abacus"), ("WINOGRAD", "2"),
                                             ("WINOGRAD", "-1"), ("WINOGRAD", "off"), ("WINOGRAD", " "),
                                             ("WINOGRAD", "0,1"), ("WINOGRAD", "1.0")])
def test_a_setting_that_cannot_be_honoured_is_an_error_at_first_use(name, value):
    result = subprocess.run([sys.executable, "-c", "import fashioncnn; fashioncnn.get_num_threads()"],
                            env={**os.environ, f"FASHIONCNN_{name}": value}, capture_output=True, text=True,
                            check=False)
    assert result.returncode == 1
    assert f"ImportError: FASHIONCNN_{name} is '{value}'; " in result.stderr


@pytest.mark.parametrize(("value", "expected"), [("3", "3"), (" 3", "3"), ("3 ", "3"), ("", None),
                                                 ("0", None)])
def test_the_environment_sets_the_number_of_threads(value, expected):
    result = subprocess.run([sys.executable, "-c", "import fashioncnn; print(fashioncnn.get_num_threads())"],
                            env={**os.environ, "FASHIONCNN_NUM_THREADS": value}, capture_output=True, text=True,
                            check=True)
    assert int(result.stdout) > 0
    assert expected in (None, result.stdout.strip())


def test_data_error_is_a_value_error():
    assert issubclass(fashioncnn.DataError, ValueError)


@pytest.mark.parametrize("code", ["import fashioncnn; fashioncnn.Sequential", "from fashioncnn.layers import Dense",
                                  "from fashioncnn import set_num_threads", "from fashioncnn import _core"])
def test_sources_without_the_core_say_what_to_do(code, tmp_path):
    shutil.copytree(Path(fashioncnn.__file__).parent, tmp_path / "fashioncnn",
                    ignore=shutil.ignore_patterns("_core*.so", "__pycache__", "sample"))
    not_installed = "import sys; sys.meta_path = [f for f in sys.meta_path if 'editable' not in str(f).lower()]"
    result = subprocess.run([sys.executable, "-c", f"{not_installed}; {code}"], cwd=tmp_path, capture_output=True,
                            text=True)
    assert result.stderr.splitlines()[-1].startswith(
        f"ImportError: fashioncnn's C core is not built in {tmp_path / 'fashioncnn'} for Python 3.")
    assert "make build" in result.stderr
