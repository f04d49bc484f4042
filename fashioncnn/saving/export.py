"""Writes a model in another program's format, for inference; `fashioncnn.exchange` has the writers."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any, NamedTuple

from fashioncnn.utils import checks, keywords, output


class _Format(NamedTuple):
    """The ending of its files, and what writes them: a function of a module that is loaded when it is used."""

    ending: str
    module: str
    function: str


_FORMATS = {
    "c": _Format(".c", "c_export", "export_c"),
    "onnx": _Format(".onnx", "onnx_export", "export_onnx"),
}


def export(model: Any, filepath: str | os.PathLike[str], format: str | None = None, verbose: bool | None = None,
           input_signature: None = None, **options: Any) -> Any:
    """Writes a model for inference in another program: see `Model.export`."""
    path = os.fsdecode(filepath)
    if format is None:
        format = next((name for name, known in _FORMATS.items() if path.endswith(known.ending)), None)
    if format not in _FORMATS:
        endings = ", ".join(f"{name!r} ({known.ending})" for name, known in _FORMATS.items())
        raise ValueError(f"export({path!r}, format={format!r}) is not supported by fashioncnn; supported formats: "
                         f"{endings}")
    if input_signature is not None:
        raise checks.unsupported("export()", "input_signature", input_signature, "None: the model's inputs have shapes")
    chosen = _FORMATS[format]
    module = importlib.import_module(f"fashioncnn.exchange.{chosen.module}")
    write: Callable[..., Any] = getattr(module, chosen.function)
    keywords.refuse_unknown("export", write, options)
    report = write(model, path, **options)
    if verbose:
        output.write_line(f"Saved artifact at '{path}'.")
    return report
