"""Has Keras read what fashioncnn wrote, and the other way round, and prints how far both are off, as a table.

    python tests/golden/check_files.py --keras-python ~/keras/bin/python

The models are those of file_cases.py. Ends with status 1 if a prediction is off by more than 1e-5, a loss by more than
1e-4 of itself, or a file cannot be read. Keras cannot read its own files where a layer is shared between models.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

WORKER = Path(__file__).parent / "file_worker.py"
LIMITS = (1e-5, 1e-4)
KNOWN = {("keras", "fashioncnn", "layer shared between models")}  # which Keras does not write so that it can be read


def run(python: str, *arguments: str) -> str:
    done = subprocess.run([python, str(WORKER), *arguments], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def worst(results: dict[str, dict[str, Any]], ending: str, number: int) -> str:
    values = [by_ending[ending][number] for by_ending in results.values() if isinstance(by_ending[ending], list)]
    known = [value for value in values if value is not None]
    return f"{max(known):.1e}" if known else "-"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keras-python", required=True, help="an interpreter that has Keras 3 and TensorFlow")
    pythons = {"keras": parser.parse_args().keras_python, "fashioncnn": sys.executable}
    bad = []
    print("| written by | read by | file | models | predictions | losses and metrics after |")
    print("|---|---|---|---|---|---|")
    for writer, reader in (("keras", "fashioncnn"), ("fashioncnn", "keras"), ("fashioncnn", "fashioncnn")):
        with tempfile.TemporaryDirectory() as folder:
            run(pythons[writer], writer, "write", folder)
            results = json.loads(run(pythons[reader], reader, "read", folder).splitlines()[-1])
        for name in [name for name in results if (writer, reader, name) in KNOWN]:
            del results[name]
        for ending in next(iter(results.values())):
            print(f"| {writer} | {reader} | `{ending}` | {len(results)} | {worst(results, ending, 0)} | "
                  f"{worst(results, ending, 1)} |")
        bad += [(writer, reader, name, ending, value) for name, by_ending in results.items()
                for ending, value in by_ending.items() if isinstance(value, str) or any(
                    found is not None and found > limit for found, limit in zip(value, LIMITS, strict=True))]
    for entry in bad:
        print(*entry, file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
