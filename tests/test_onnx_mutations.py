"""Damaged ONNX files: an error that names the file, or a model; never more memory than a few times the file.

The environment variable FASHIONCNN_MUTATIONS says how many; 10,000 take about two minutes.
"""

from __future__ import annotations

import random
import tracemalloc
from collections import Counter
from pathlib import Path

import mutate
import pytest
from exchange_zoo import made
from onnx_mutations import mutated_bytes, mutated_content

from fashioncnn import DataError, Model, saving

COUNT = mutate.asked_for(400)
TORCH = Path(__file__).parent / "golden" / "torch"
MEMORY = 16 << 20  # what Python may take
SPACE = 256 << 20  # what the process may grow by


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Of PyTorch, and our own."""
    path = tmp_path_factory.mktemp("files") / "model.onnx"
    found = [each.read_bytes() for each in sorted(TORCH.glob("*.onnx"))]
    for name in ("resized", "sequences", "group normalization", "attention", "shared", "margins"):
        made(name).export(path)
        found.append(path.read_bytes())
    return found


@pytest.fixture
def _little_memory():
    """What asks for more memory gets a MemoryError, where the system says how much there is."""
    if not Path("/proc/self/statm").exists():
        yield
        return
    import resource

    limits = resource.getrlimit(resource.RLIMIT_AS)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + SPACE, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, limits)


@pytest.mark.parametrize("mutated", [mutated_bytes, mutated_content])
@pytest.mark.usefixtures("_little_memory")
def test_damaged_files(mutated, files, tmp_path, capsys):
    chance, found, named, starved, most = random.Random(0), Counter(), [], [], 0
    path = tmp_path / "model.onnx"
    tracemalloc.start()
    try:
        for _ in range(COUNT // 2):
            path.write_bytes(mutated(chance.choice(files), chance))
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            try:
                made = saving.from_onnx(path)
                assert isinstance(made, Model)
                found["model"] += 1
            except (DataError, NotImplementedError) as error:
                named.append(str(path) in str(error))
                starved.append(isinstance(error.__cause__, MemoryError))
                found[type(error).__name__] += 1
            most = max(most, tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()
    with capsys.disabled():
        if COUNT > 1000:
            print(f"\n{mutated.__name__}: {dict(found)}, at most {most >> 20} MiB")
    assert all(named)
    assert not any(starved)
    assert most < MEMORY
    assert min(found.values()) > 0
    assert found.total() == COUNT // 2
