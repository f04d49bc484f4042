"""fashioncnn's worker: ``python fashioncnn_worker.py THREADS`` (see protocol.py)."""

from __future__ import annotations

import sys

import numpy as np
from keras_api import KerasWorker
from protocol import serve

import fashioncnn
from fashioncnn import _core
from fashioncnn.testing.gradients import _Loss


class Fashioncnn(KerasWorker):
    def _gradients(self, x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
        return [gradient for _, _, gradient in _Loss(self._model, x, y, None).gradients()]


if __name__ == "__main__":
    fashioncnn.set_num_threads(int(sys.argv[1]))
    serve(Fashioncnn(fashioncnn, f"fashioncnn {fashioncnn.__version__} ({_core.instruction_set()})"))
