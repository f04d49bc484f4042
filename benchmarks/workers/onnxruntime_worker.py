"""onnxruntime's worker, which only predicts: ``python onnxruntime_worker.py THREADS`` (see protocol.py).

PyTorch writes the network as a file, its batch normalizations folded by onnxruntime itself.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from protocol import clock, peak_memory, serve
from torch_networks import build

TOLERANCE = 1e-4  # of a probability


class OnnxruntimeWorker:
    def __init__(self, threads: int) -> None:
        self._options = onnxruntime.SessionOptions()
        self._options.intra_op_num_threads = threads

    def describe(self) -> str:
        return f"onnxruntime {onnxruntime.__version__}"

    def peak_memory(self) -> int:
        return peak_memory()

    def load(self, layers: list[list[Any]], input_shape: list[int], weights: str, data: str) -> None:
        with np.load(weights) as arrays:
            network = build(layers, input_shape, [arrays[name] for name in arrays.files])
        with np.load(data) as arrays:
            self._x = np.ascontiguousarray(arrays["x"].transpose(0, 3, 1, 2))
        network = torch.nn.Sequential(network, torch.nn.Softmax(dim=1)).eval()
        example = torch.from_numpy(self._x[:2])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "network.onnx"
            torch.onnx.export(network, (example,), path, input_names=["x"], output_names=["y"],
                              dynamic_shapes=({0: torch.export.Dim("batch")},), dynamo=True)  # fmt: skip
            self._session = onnxruntime.InferenceSession(path, self._options, providers=["CPUExecutionProvider"])
        with torch.inference_mode():
            expected = network(example).numpy()
        np.testing.assert_allclose(self._run(self._x[:2]), expected, rtol=0, atol=TOLERANCE)

    def _run(self, x: np.ndarray) -> np.ndarray:
        return self._session.run(["y"], {"x": x})[0]

    def warm_up(self, batch_size: int) -> str:
        self.predict(10 * batch_size, batch_size)
        return ""

    def predict(self, images: int, batch_size: int) -> float:
        x = self._x[:images]
        begin = clock()
        np.concatenate([self._run(x[start : start + batch_size]) for start in range(0, images, batch_size)])
        return clock() - begin

    def predict_one(self, images: int, call: str) -> float:
        """Both calls are the same here."""
        begin = clock()
        for i in range(images):
            self._run(self._x[i : i + 1])
        return clock() - begin


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[1]))
    serve(OnnxruntimeWorker(int(sys.argv[1])))
