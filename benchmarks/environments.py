"""An interpreter for each peer: one that is given, or a virtual environment under benchmarks/.envs, made once."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

FOLDER = Path(__file__).parent / ".envs"
TORCH = ["torch==2.13.0", "numpy"]
PACKAGES = {
    "keras": ["tensorflow-cpu"],
    "torch": TORCH,
    "onnxruntime": [*TORCH, "onnx", "onnxruntime", "onnxscript"],  # PyTorch writes the files
}


def interpreter(peer: str, given: str | None) -> str:
    """Path of a Python that can import `peer`.

    Raises:
        subprocess.CalledProcessError: If the packages cannot be installed.
    """
    if given:
        return given
    folder = FOLDER / peer
    python = folder / "bin" / "python"
    finished = folder / "finished"
    if not finished.exists():
        print(f"Making {folder} with {', '.join(PACKAGES[peer])} ...", flush=True)
        venv.create(folder, clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES[peer]], check=True)
        finished.touch()
    return str(python)
