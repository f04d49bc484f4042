"""Writes the models of file_cases.py to files, or reads them and compares: with Keras, or with fashioncnn.

    python tests/golden/file_worker.py keras write FOLDER          trains, saves, and notes what comes next
    python tests/golden/file_worker.py fashioncnn read FOLDER      loads, and prints how far its own numbers are off

After a file was written its maker predicts and trains on; who reads it does the same, and prints, as JSON, by case and
ending, the largest difference of predictions and the largest relative one of losses. Keras 3 reads .h5 files but cannot
train on from its own ones, so of these it only predicts.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0", KERAS_BACKEND="tensorflow",
                  CUDA_VISIBLE_DEVICES="")
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from golden.file_cases import ENDINGS, ZOO, Zoo


def path_of(folder: Path, name: str, ending: str) -> str:
    return str(folder / f"{name.replace(' ', '_').replace(',', '')}{ending}")


def run(case: Zoo, model: Any) -> dict[str, np.ndarray]:
    """Predictions, and the losses of three epochs of training."""
    x, y = case.data(model)
    predictions = model.predict(x, verbose=0)
    predictions = predictions if isinstance(predictions, list) else [predictions]
    losses = model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0).history
    return {**{f"prediction{i}": array for i, array in enumerate(predictions)},
            **{name: np.array(values) for name, values in losses.items()}}


def trained(k: Any, case: Zoo) -> Any:
    """The model after two epochs."""
    k.utils.set_random_seed(3)
    model = case.compiled(k)
    x, y = case.data(model)
    model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    return model


def write(k: Any, folder: Path, names: Any = ZOO) -> None:
    for name in names:
        case = ZOO[name]
        model = trained(k, case)
        for ending in ENDINGS if k.__name__ == "fashioncnn" else case.endings:
            save = model.save_weights if ending == ".weights.h5" else model.save
            save(path_of(folder, name, ending))
        np.savez(path_of(folder, name, ".npz"), **run(case, model))


def read(k: Any, folder: Path, names: Any = ZOO) -> dict[str, dict[str, Any]]:
    """By case and ending: the two differences, or what went wrong."""
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        case, found[name] = ZOO[name], {}
        with np.load(path_of(folder, name, ".npz")) as file:
            expected = dict(file)
        for ending in ENDINGS:
            if not Path(path_of(folder, name, ending)).exists():
                found[name][ending] = "it could not be written"
                continue
            try:
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    found[name][ending] = _compared(k, case, path_of(folder, name, ending), expected)
                ignored = [str(warning.message) for warning in caught if "optimizer" in str(warning.message)]
                if ignored:
                    found[name][ending] = "; ".join(ignored)
            except Exception as error:
                found[name][ending] = f"{type(error).__name__}: {error}"
    return found


def _compared(k: Any, case: Zoo, path: str, expected: dict[str, np.ndarray]) -> list[float | None]:
    if k.__name__ == "keras" and path.endswith(".h5") and not path.endswith(".weights.h5"):
        model = k.saving.load_model(path, compile=False)
        found = model.predict(case.data(model)[0], verbose=0)
        arrays = {f"prediction{i}": array for i, array in enumerate(found if isinstance(found, list) else [found])}
        return [differences({name: expected[name] for name in arrays}, arrays)[0], None]
    return list(differences(expected, run(case, loaded(k, case, path))))


def loaded(k: Any, case: Zoo, path: str) -> Any:
    if not path.endswith(".weights.h5"):
        return k.saving.load_model(path)
    k.utils.set_random_seed(4)
    model = case.compiled(k)
    model.optimizer.build(model.trainable_variables)
    model.load_weights(path)
    return model


def differences(expected: dict[str, np.ndarray], found: dict[str, np.ndarray]) -> list[float]:
    """The largest of predictions, and the largest relative one of losses and metrics."""
    assert expected.keys() == found.keys(), (sorted(expected), sorted(found))
    predictions = [float(np.abs(expected[name] - found[name]).max()) for name in expected if "prediction" in name]
    losses = [float((np.abs(expected[name] - found[name]) / np.maximum(np.abs(expected[name]), 1e-3)).max())
              for name in expected if "prediction" not in name]
    return [max(predictions), max(losses, default=0.0)]


def main() -> None:
    module, action, folder = sys.argv[1:]
    k = importlib.import_module(module)
    if action == "write":
        write(k, Path(folder))
        print(json.dumps(None))
    else:
        print(json.dumps(read(k, Path(folder))))


if __name__ == "__main__":
    main()
