"""Has real Keras write some models of file_cases.py into tests/golden/files, for tests/test_keras_files.py.

    python tests/golden/make_files.py

Needs Keras 3 with TensorFlow and h5py (``pip install tensorflow-cpu``).
"""

from __future__ import annotations

from pathlib import Path

import keras
from file_cases import STORED
from file_worker import write

FOLDER = Path(__file__).parent / "files"

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    write(keras, FOLDER, STORED)
