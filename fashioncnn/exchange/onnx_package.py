"""The package that reads and writes ONNX: an extra, which is loaded when it is used."""

from __future__ import annotations

from typing import Any

PRODUCER = "fashioncnn"
OPSET = 18  # the first in which ReduceMean takes its axes as Resize and Pad do; runtimes from 2023 on know it
IR_VERSION = 8  # of the same time


def load() -> Any:
    """The package `onnx`, with its parts `checker`, `helper` and `numpy_helper`.

    Raises:
        ImportError: If it is not installed.
    """
    try:
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ImportError as error:
        raise ImportError('.onnx files need an extra: pip install "fashioncnn[onnx]"') from error
    return onnx
