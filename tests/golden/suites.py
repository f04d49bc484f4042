"""Every golden case by suite and name; results are kept as arrays in <suite>.npz and everything else in golden.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from golden.activation_cases import DESCRIPTION, FUNCTION, GRADIENT
from golden.application_cases import APPLICATION
from golden.augmentation_cases import AUGMENTATION
from golden.backend_cases import BACKEND
from golden.common import Case
from golden.compile_cases import COMPILES
from golden.convolution_cases import CONVOLUTION
from golden.custom_cases import CUSTOM
from golden.dataset_cases import DATASET
from golden.fit_cases import FITS, METRICS
from golden.functional_cases import FUNCTIONAL
from golden.generator_cases import GENERATOR
from golden.layer_cases import ACTIVATION, FORWARD
from golden.normalization_cases import NORMALIZATION
from golden.penalty_cases import PENALTY
from golden.rule_cases import RULE
from golden.score_cases import SCORE
from golden.shape_cases import SHAPE
from golden.summary_cases import SUMMARIES
from golden.tensorflow_cases import TENSORFLOW
from golden.training_cases import LOSS, OPTIMIZER, REFERENCE

FOLDER = Path(__file__).parent
SUITES: dict[str, dict[str, Case]] = {
    "forward": FORWARD,
    "activation": ACTIVATION,
    "convolution": CONVOLUTION,
    "loss": LOSS,
    "optimizer": OPTIMIZER,
    "reference": REFERENCE,
    "normalization": NORMALIZATION,
    "fit": FITS,
    "compile": COMPILES,
    "metric": METRICS,
    "shape": SHAPE,
    "rule": RULE,
    "penalty": PENALTY,
    "summary": SUMMARIES,
    "functional": FUNCTIONAL,
    "custom": CUSTOM,
    "application": APPLICATION,
    "augmentation": AUGMENTATION,
    "backend": BACKEND,
    "tensorflow": TENSORFLOW,
    "dataset": DATASET,
    "generator": GENERATOR,
    "function": FUNCTION,
    "gradient": GRADIENT,
    "description": DESCRIPTION,
    "score": SCORE,
}
WITHOUT_ARRAYS = ("summary", "description", "dataset")
HOW_TO_MAKE = "is not stored: run `python tests/golden/{}` with an interpreter that has tensorflow-cpu"
Results = dict[str, dict[str, dict[str, Any]]]  # suite -> case -> key -> value


def is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic)


def _index() -> dict[str, dict[str, dict[str, Any]]]:
    """What golden.json holds; nothing where there is none."""
    path = FOLDER / "golden.json"
    index: dict[str, dict[str, dict[str, Any]]] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return index


def save(results: Results) -> None:
    """Stores the results of some suites, or of all; the others stay as they are."""
    index = _index()
    for suite, by_name in results.items():
        index[suite] = {}
        arrays = {}
        for name, result in by_name.items():
            index[suite][name] = {}
            for key, value in result.items():
                if is_array(value):
                    arrays[f"{name}/{key}"] = np.asarray(value)
                else:
                    index[suite][name][key] = value
        if arrays:
            np.savez_compressed(FOLDER / f"{suite}.npz", allow_pickle=False, **arrays)
    (FOLDER / "golden.json").write_text(json.dumps(index, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load() -> Results:
    """The results of all suites whose files are there."""
    index = _index()
    has_arrays = {path.stem for path in FOLDER.glob("*.npz")}
    results = {suite: cases for suite, cases in index.items() if suite in has_arrays or suite in WITHOUT_ARRAYS}
    for path in FOLDER.glob("*.npz"):
        with np.load(path, allow_pickle=False) as arrays:
            for key, value in arrays.items():
                name, part = key.rsplit("/", 1)
                results.setdefault(path.stem, {}).setdefault(name, {})[part] = value
    return results
