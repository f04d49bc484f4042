"""fashioncnn's worker: ``python fashioncnn_worker.py THREADS`` (see protocol.py)."""

from __future__ import annotations

import sys

from keras_api import KerasWorker
from protocol import serve

import fashioncnn
from fashioncnn import _core

if __name__ == "__main__":
    fashioncnn.set_num_threads(int(sys.argv[1]))
    serve(KerasWorker(fashioncnn, f"fashioncnn {fashioncnn.__version__} ({_core.instruction_set()})"))
