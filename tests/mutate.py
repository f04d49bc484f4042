"""Damages files, and reads them: for tests of readers, and by itself for a long run.

    python tests/mutate.py FOLDER NAME COUNT SEED

Prints, as JSON, how the reading of so many damaged copies of a file ended, and the largest memory of the process. A
child process reads them, so that a crash is seen, told and survived: `in_children`.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import struct
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from core import peak_megabytes

import fashioncnn as k
from fashioncnn import DataError, saving
from fashioncnn.saving import progress

PIECE = 200  # files for a process


def asked_for(default: int) -> int:
    """How many damaged files a test is to read: the environment variable FASHIONCNN_MUTATIONS says it for all."""
    return int(os.environ.get("FASHIONCNN_MUTATIONS", default))


COUNT = asked_for(60)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The bytes with something wrong: bits flipped, an end missing, parts exchanged, a size that is a lie."""
    damaged, kind = bytearray(data), chance.randrange(7)
    if kind == 0:
        for _ in range(chance.choice((1, 1, 2, 8))):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    elif kind == 1:
        del damaged[chance.randrange(len(damaged)):]
    elif kind == 2:
        start, length = chance.randrange(len(damaged)), chance.choice((1, 8, 512))
        damaged[start:start + length] = chance.randbytes(len(damaged[start:start + length]))
    elif kind == 3:
        size = chance.choice((8, 64, 512))
        one, other = (chance.randrange(max(1, len(damaged) - size)) for _ in range(2))
        damaged[one:one + size], damaged[other:other + size] = damaged[other:other + size], damaged[one:one + size]
    elif kind == 4:
        lie = struct.pack("<Q", chance.choice((0, 1, 2**31, 2**32 - 1, 2**40, 2**63, 2**64 - 1, len(damaged))))
        start = chance.randrange(0, len(damaged) - 8) & ~7
        width = chance.choice((2, 4, 8))
        damaged[start:start + width] = lie[:width]
    elif kind == 5:
        start = chance.randrange(len(damaged))
        del damaged[start:start + chance.choice((1, 4, 100))]
    else:
        start = chance.randrange(len(damaged))
        damaged[start:start] = chance.randbytes(chance.choice((1, 4, 100)))
    return bytes(damaged)


def numbers(model: k.Model) -> bytes:
    """All that a file is to bring back."""
    state = [] if model.optimizer is None else [np.asarray(variable) for variable in model.optimizer.variables]
    return b"".join(array.tobytes() for array in [*model.get_weights(), *state])


class Reader(NamedTuple):
    """What reads files of one kind.

    Attributes:
        read: Reads a file, and returns all that it brought, as bytes.
        state: What must be as it was where a file cannot be read.
        reset: Makes all as it was before `read`.
    """

    read: Callable[[Path], bytes]
    state: Callable[[], bytes] = bytes
    reset: Callable[[], object] = bytes


def _whole(source: Path) -> Reader:
    return Reader(lambda path: numbers(saving.load_model(path)))


def _into_model(read: Callable[[Path, k.Model], object], source: Path) -> Reader:
    """Weights go to a model that is in the file beside the source; its own are 0, and its optimizer has moments."""
    model = saving.load_model(source.with_name(f"{source.name.split('.')[0]}.keras"))

    def brought(path: Path) -> bytes:
        return repr(read(path, model)).encode() + numbers(model)

    def reset() -> None:
        read(source, model)
        model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])

    return Reader(brought, lambda: numbers(model), reset)


def _weights(source: Path) -> Reader:
    return _into_model(lambda path, model: model.load_weights(path), source)


def _progress(source: Path) -> Reader:
    return _into_model(lambda path, model: progress.read(str(path), model), source)


def _idx(source: Path) -> Reader:
    def read(path: Path) -> bytes:
        array = k.datasets.load_idx(path)
        return f"{array.dtype} {array.shape}".encode() + array.tobytes()

    return Reader(read)


READERS = {".keras": _whole, ".h5": _whole, ".weights.h5": _weights, ".npz": _weights, ".safetensors": _weights,
           ".backup.h5": _progress, ".idx": _idx, ".idx.gz": _idx}


def outcome(path: Path, reader: Reader, expected: bytes) -> str:
    """How reading a file ended."""
    before = reader.state()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = reader.read(path)
    except (ValueError, NotImplementedError) as error:
        result = "DataError" if isinstance(error, DataError) else type(error).__name__
        return result if reader.state() == before else "CHANGED what was there"
    except BaseException as error:
        return f"ESCAPED {type(error).__name__}: {error}"
    reader.reset()
    return "the same" if found == expected else "other numbers"


def run(source: Path, count: int, seed: int, folder: Path) -> dict[str, int]:
    """Reads so many damaged copies of a file; the numbers of outcomes, and the largest memory in MiB."""
    data, ending = source.read_bytes(), source.name[source.name.index("."):]
    reader = READERS[ending](source)
    expected = reader.read(source)
    reader.reset()
    found: Counter[str] = Counter()
    chance = random.Random(seed)
    path = folder / f"damaged{seed}{ending}"
    for _ in range(count):
        signal.alarm(20)
        damaged = mutated(data, chance)
        path.write_bytes(damaged)
        ended = outcome(path, reader, expected)
        found[ended if damaged != data else "not damaged"] += 1
    path.unlink()
    return {**found, "MiB": round(peak_megabytes())}


def in_children(source: Path, **environment: str) -> dict[str, int]:
    """What `run` returns for COUNT copies, read by processes of their own; files that it needs are beside the source.
    """
    found: Counter[str] = Counter()
    memory = 0
    for seed, count in enumerate(min(PIECE, COUNT - start) for start in range(0, COUNT, PIECE)):
        done = subprocess.run([sys.executable, __file__, str(source.parent), source.name, str(count), str(seed)],
                              capture_output=True, text=True, env={**os.environ, **environment})
        assert done.returncode == 0, (source.name, seed, done.returncode, done.stderr[-4000:])
        answer = json.loads(done.stdout)
        memory = max(memory, answer.pop("MiB"))
        found.update(answer)
    if COUNT > 1000:
        print(f"{source.name}: {dict(found)}, at most {memory} MiB", file=sys.__stderr__)
    return {**found, "MiB": memory}


def main() -> None:
    folder, name, count, seed = sys.argv[1:]
    if "LIMIT_GIB" in os.environ:
        limit = int(os.environ["LIMIT_GIB"]) << 30
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    print(json.dumps(run(Path(folder) / name, int(count), int(seed), Path(folder))))


if __name__ == "__main__":
    main()
