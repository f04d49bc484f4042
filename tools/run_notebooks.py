"""Runs the notebooks on the whole data set and stores them with their outputs: python tools/run_notebooks.py

What tells of this machine and this hour is left out.
"""

from __future__ import annotations

from pathlib import Path

import nbclient
import nbformat

ROOT = Path(__file__).parents[1]


def main() -> None:
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        print(f"Running {path.name} ...", flush=True)
        notebook = nbformat.read(path, as_version=4)
        nbclient.NotebookClient(notebook, timeout=None, record_timing=False, coalesce_streams=True,
                                resources={"metadata": {"path": str(ROOT)}}).execute()
        notebook.metadata["language_info"] = {"name": "python"}
        nbformat.write(notebook, path)


if __name__ == "__main__":
    main()
