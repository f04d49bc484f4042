"""Damages files, and reads them: for tests/test_damaged_files.py, and by itself for a long run.

    python tests/mutate.py FOLDER NAME COUNT SEED

Prints, as JSON, how the reading of so many damaged copies of a file ended, and the largest memory of the process. A
child process reads them, so that a crash is seen, told and survived.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import struct
import sys
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from core import peak_megabytes

import fashioncnn as k
from fashioncnn import DataError, saving


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


def outcome(path: Path, base: k.Model | None, expected: bytes) -> str:
    """How reading a file ended; for weights, they go to `base`, which must stay as it is where they cannot be read."""
    before = None if base is None else numbers(base)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if base is None:
                found = saving.load_model(path)
            else:
                found = base
                base.load_weights(path)
    except DataError:
        result = "DataError"
    except (ValueError, NotImplementedError) as error:
        result = type(error).__name__
    except BaseException as error:
        return f"ESCAPED {type(error).__name__}: {error}"
    else:
        return "the same" if numbers(found) == expected else "other numbers"
    return result if base is None or numbers(base) == before else "CHANGED the model"


def _blank(model: k.Model) -> None:
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])


def run(source: Path, count: int, seed: int, folder: Path) -> dict[str, int]:
    """Reads so many damaged copies of a file; the numbers of outcomes, and the largest memory in MiB."""
    data = source.read_bytes()
    is_weights = source.name.endswith(".weights.h5")
    base = saving.load_model(source.with_name(source.name.replace(".weights.h5", ".keras"))) if is_weights else None
    if base is None:
        expected = numbers(saving.load_model(source))
    else:
        base.load_weights(source)
        expected = numbers(base)
        _blank(base)
    found: Counter[str] = Counter()
    chance = random.Random(seed)
    path = folder / f"damaged{seed}{source.name[source.name.index('.'):]}"
    for _ in range(count):
        signal.alarm(20)
        damaged = mutated(data, chance)
        path.write_bytes(damaged)
        ending = outcome(path, base, expected)
        found[ending if damaged != data else "not damaged"] += 1
        if base is not None and ending in ("the same", "other numbers"):
            base.load_weights(source)
            _blank(base)
    path.unlink()
    return {**found, "MiB": round(peak_megabytes())}


def main() -> None:
    folder, name, count, seed = sys.argv[1:]
    if "LIMIT_GIB" in os.environ:
        limit = int(os.environ["LIMIT_GIB"]) << 30
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    print(json.dumps(run(Path(folder) / name, int(count), int(seed), Path(folder))))


if __name__ == "__main__":
    main()
