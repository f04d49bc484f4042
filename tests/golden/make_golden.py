"""Runs the golden cases on real Keras and stores what it returned.

    python tests/golden/make_golden.py                  all of them, in five minutes
    python tests/golden/make_golden.py forward loss     those of some suites

Needs Keras 3 with TensorFlow (``pip install tensorflow-cpu``). One thread and deterministic kernels, so that two runs
store the same numbers.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["KERAS_BACKEND"] = "tensorflow"
sys.path.insert(0, str(Path(__file__).parents[1]))

import keras
import tensorflow as tf
from golden.suites import SUITES, save


def main() -> None:
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    results = {}
    for suite in sys.argv[1:] or SUITES:
        cases = SUITES[suite]
        print(f"{suite}: {len(cases)} cases", flush=True)
        results[suite] = {}
        for name, case in cases.items():
            keras.utils.set_random_seed(1)
            results[suite][name] = case(keras)
    results["made by"] = {"versions": {"keras": keras.__version__, "tensorflow": tf.__version__}}
    save(results)


if __name__ == "__main__":
    main()
