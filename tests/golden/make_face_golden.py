"""Writes face.json: what Keras says about schedules, losses, metrics, configs, callbacks and the progress bar.

Needs Keras 3 on TensorFlow: ``python tests/golden/make_face_golden.py``. The inputs are in face_cases.py, which the
tests share.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import os
import sys
import tempfile
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

sys.path.insert(0, str(Path(__file__).parents[1]))

import keras
import numpy as np
from golden import face_cases as cases


def schedules():
    return [
        [float(getattr(keras.optimizers.schedules, name)(**arguments)(step)) for step in cases.STEPS]
        for name, arguments in cases.SCHEDULES
    ]


def losses():
    results = []
    for name, arguments, kind, weighted in cases.LOSSES:
        y_true, y_pred, weights = cases.batch(kind)
        loss = getattr(keras.losses, name)(**arguments)
        value = loss(y_true, y_pred, sample_weight=weights if weighted else None)
        results.append(np.asarray(value, np.float64).tolist())
    return results


def metrics():
    results = []
    for name, arguments, kind, weighted in cases.METRICS:
        metric = getattr(keras.metrics, name)(**arguments)
        for seed in range(3):
            y_true, y_pred, weights = cases.batch(kind, seed)
            metric.update_state(y_true, y_pred, sample_weight=weights if weighted else None)
        results.append(float(metric.result()))
    return results


def signatures():
    found = {}
    for module, names in cases.SIGNATURES.items():
        for name in names:
            target = keras
            for part in [*module.split("."), name]:
                target = getattr(target, part)
            parameters = inspect.signature(target).parameters.values()
            found[f"{module}.{name}"] = [
                [p.name, repr(p.default)] for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD
            ]
    return found


def configs():
    serialized = {}
    for module, names in cases.SERIALIZED.items():
        for name in names:
            keras.utils.clear_session()
            value = getattr(getattr(keras, module), name)()
            serialized[f"{module}.{name}"] = getattr(keras, module).serialize(value)
    return serialized


def callbacks():
    module = keras.callbacks
    return [cases.run_callback(module, *case) for case in cases.CALLBACKS]


def csv():
    texts = []
    for arguments, epochs in cases.CSV:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "log.csv")
            for rows in epochs:
                logger = keras.callbacks.CSVLogger(path, **arguments)
                logger.on_train_begin()
                for epoch, logs in enumerate(rows):
                    logger.on_epoch_end(epoch, dict(logs))
                logger.on_train_end()
            texts.append(Path(path).read_bytes().decode())
    return texts


def progress():
    texts = []
    for arguments, updates in cases.PROGRESS:
        output = io.StringIO()
        with contextlib.redirect_stdout(output), cases.clock(keras.src.utils.progbar.time) as tick:
            bar = keras.utils.Progbar(**arguments)
            for seconds, update in updates:
                tick(seconds)
                bar.update(**update)
        texts.append(output.getvalue())
    return texts


if __name__ == "__main__":
    parts = (schedules, losses, metrics, signatures, configs, callbacks, csv, progress)
    golden = {"keras": keras.__version__, **{part.__name__: part() for part in parts}}
    Path(__file__).with_name("face.json").write_text(json.dumps(golden, indent=1) + "\n")
