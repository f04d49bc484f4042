"""Keras's own unit tests against fashioncnn: ``python conformance/run.py [--only losses] [--details]``.

The tests are those of the Keras that is installed; none is copied. Each file runs in a process of its own with imports
of `keras` answered by fashioncnn (see `redirect`). A full run writes docs/compatibility.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import collect
import files
import scope
import table
from collect import Result

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "conformance.json"
TABLE = ROOT / "docs" / "compatibility.md"
NEEDED = ("pytest", "scipy")  # besides what comes with Keras


def keras_interpreter(given: str | None) -> str:
    """The Python of the benchmarks' Keras, or a given one, with what the tests need."""
    spec = importlib.util.spec_from_file_location("environments", ROOT / "benchmarks" / "environments.py")
    assert spec is not None, "it lies in this project"
    assert spec.loader is not None, "it is a file"
    environments = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(environments)
    try:
        python: str = environments.interpreter("keras", given)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"an environment with Keras could not be made ({error}); see --keras-python") from error
    missing = [name for name in NEEDED
               if subprocess.run([python, "-c", f"import {name}"], capture_output=True).returncode]
    if missing and given:
        raise SystemExit(f"{python} lacks {' and '.join(missing)}: {python} -m pip install {' '.join(missing)}")
    if missing:
        subprocess.run([python, "-m", "pip", "install", "--quiet", *missing], check=True)
    return python


def find_keras(python: str) -> tuple[Path, str]:
    """Folder and version of Keras, without loading it.

    Raises:
        SystemExit: If there is none, or the extension of fashioncnn is not built for this interpreter.
    """
    code = (
        "import sys, pathlib, importlib.util as u, importlib.metadata as m; "
        f"sys.path.insert(0, {str(ROOT)!r}); import fashioncnn._core; "
        "print(pathlib.Path(u.find_spec('keras').origin).parent); print(m.version('keras'))"
    )
    found = subprocess.run([python, "-c", code], capture_output=True, text=True)
    if found.returncode:
        last = (found.stderr.strip().splitlines() or ["?"])[-1]
        raise SystemExit(f"{python} cannot load Keras beside the fashioncnn of {ROOT}: {last}\n"
                         f"The extension must be built for the same version of Python, as by running in that folder: "
                         f"{python} setup.py build_ext --inplace")
    folder, version = found.stdout.split()
    return Path(folder), version


def explained(result: Result) -> Result:
    """A wrong result that `scope.ABSENT` explains is absent."""
    known = scope.ABSENT.get(f"{result.file}::{result.test}")
    return result._replace(kind="absent", reason=known[0]) if known and result.kind == "wrong" else result


def needless_explanations(results: list[Result]) -> list[str]:
    """Entries of `scope.ABSENT` whose tests have been run and do not fail in that way any more."""
    found = {f"{result.file}::{result.test}": result for result in results}
    return [name for name, (feature, _) in scope.ABSENT.items() if name in found and found[name].reason != feature]


def run_all(python: str, keras: Path, wanted: list[str], jobs: int, seconds: float) -> list[Result]:
    """The results of several files, in their order."""
    def run(file: str) -> list[Result]:
        started = time.monotonic()
        results = [explained(result) for result in collect.run_file(python, keras, file, seconds)]
        counts = Counter(result.kind for result in results)
        line = ", ".join(f"{counts[kind]} {kind}" for kind in ("passed", "absent", "wrong", "out of scope"))
        print(f"{file}: {line} ({time.monotonic() - started:.1f} s)", flush=True)
        return results

    with ThreadPoolExecutor(jobs) as pool:
        return [result for results in pool.map(run, wanted) for result in results]


def print_details(results: list[Result]) -> None:
    for result in results:
        if result.kind in ("absent", "wrong"):
            print(f"{result.kind}  {result.file}::{result.test}  {result.reason}\n    {result.error}")
    for result in results:
        for note in result.notes:
            print(f"wording  {result.file}::{result.test}\n    {note}")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="only the files whose path holds this; writes no table")
    parser.add_argument("--keras-python", help="interpreter with Keras, pytest and scipy; else an environment is made")
    parser.add_argument("--jobs", type=int, default=1, help="files at the same time")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long one test may take")
    parser.add_argument("--details", action="store_true", help="print every test that fails")
    return parser.parse_args()


def main() -> int:
    options = parse()
    python = keras_interpreter(options.keras_python)
    keras, version = find_keras(python)
    wanted = [file for file in files.IN_SCOPE if options.only in file]
    if not wanted:
        raise SystemExit(f"no file in scope has {options.only!r} in its path")
    results = run_all(python, keras, wanted, options.jobs, options.seconds)
    if options.details:
        print_details(results)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"keras": version, "results": [result._asdict() for result in results]}, indent=1))
    if not options.only:
        TABLE.write_text(table.markdown(results, version, table.files_out_of_scope(keras), options.seconds))
    for name in needless_explanations(results):
        print(f"scope.ABSENT need not explain {name} any more")
    print(table.summary(results))
    return 1 if any(result.kind == "wrong" for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
