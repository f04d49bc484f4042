"""Data sets: IDX files whole and damaged, where data is looked for, downloads, and the sample."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import struct
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mutate import asked_for

from fashioncnn import DataError
from fashioncnn.datasets import fashion_mnist, load_idx, mnist
from fashioncnn.datasets.source import File, Source

TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
IMAGES = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)


def idx_bytes(array: np.ndarray, code: int = 8) -> bytes:
    header = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(TYPES[code]).tobytes()


@pytest.fixture
def write(tmp_path):
    def write_file(content: bytes, name: str = "data.gz") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write_file


# ---- IDX files ----

READ_A_FIFO = """
import contextlib, os, signal, sys, threading, time
from fashioncnn.datasets import load_idx

def trickle():
    with contextlib.suppress(BrokenPipeError), open(sys.argv[1], "wb", buffering=0) as fifo:
        for byte in bytes.fromhex(sys.argv[2]):
            time.sleep(0.005)
            fifo.write(bytes([byte]))

handled = []
signal.signal(signal.SIGALRM, lambda *unused: handled.append(1) if sys.argv[3] == "goes on" else 1 / 0)
signal.setitimer(signal.ITIMER_REAL, 0.02, 0.002)
threading.Thread(target=trickle, daemon=True).start()
try:
    print(load_idx(sys.argv[1]).tolist(), bool(handled))
except ZeroDivisionError:
    signal.setitimer(signal.ITIMER_REAL, 0)
    print("given up", flush=True)
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
@pytest.mark.parametrize(("handler", "expected"), [("goes on", "[1, 2, 3] True"), ("raises", "given up")])
def test_a_read_goes_on_after_a_signal_unless_its_handler_raises(tmp_path, handler, expected):
    os.mkfifo(tmp_path / "fifo")
    content = idx_bytes(np.array([1, 2, 3], np.uint8)).hex()
    result = subprocess.run([sys.executable, "-c", READ_A_FIFO, str(tmp_path / "fifo"), content, handler],
                            capture_output=True, text=True, timeout=60, check=False)
    assert result.stdout.strip() == expected, result.stderr


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
@pytest.mark.parametrize("code", TYPES)
@pytest.mark.parametrize("shape", [(7,), (0,), (3, 0, 2), (2, 3, 4), (1, 2, 1, 2, 1, 3)])
def test_every_type_and_rank_is_read_in_native_byte_order(write, pack, code, shape):
    array = (np.arange(np.prod(shape)) * 1000 - 7).astype(np.uint8 if code == 8 else TYPES[code]).reshape(shape)
    loaded = load_idx(write(pack(idx_bytes(array, code))))
    assert loaded.dtype == np.dtype(TYPES[code]).newbyteorder("=")
    np.testing.assert_array_equal(loaded, array)


def test_gzip_members_are_joined(write):
    content = idx_bytes(IMAGES)
    members = b"".join(gzip.compress(content[i : i + 9]) for i in range(0, len(content), 9))
    np.testing.assert_array_equal(load_idx(write(members)), IMAGES)


def test_paths_of_all_kinds_are_taken(write):
    path = write(idx_bytes(IMAGES), "ünïcode \N{SNOWMAN}")
    for form in (path, str(path), os.fsencode(path)):
        np.testing.assert_array_equal(load_idx(form), IMAGES)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
def test_a_file_cut_anywhere_is_damaged(write, pack):
    content = pack(idx_bytes(IMAGES))
    for length in range(len(content)):
        with pytest.raises(DataError, match=r"data\.gz: .*(ends|cannot hold|is not an IDX file)"):
            load_idx(write(content[:length]))


def test_a_cut_file_says_how_much_is_there(write):
    images = np.random.default_rng(0).integers(0, 256, (60000, 2, 2), np.uint8)
    cut = idx_bytes(images)[: 16 + 1204 * 4 + 3]
    with pytest.raises(DataError, match=r"cannot hold more than 1,204 of its 60,000 images \(file truncated or still"):
        load_idx(write(cut))
    with pytest.raises(DataError, match=r"ends after 1,204 of 60,000 images \(file truncated or still downloading\)"):
        load_idx(write(gzip.compress(cut)))
    with pytest.raises(DataError, match=r"ends after 3\d,\d{3} of 60,000 images \(file truncated"):
        load_idx(write(gzip.compress(idx_bytes(images))[: 120 << 10]))


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
def test_bytes_after_the_elements_are_damage(write, pack):
    with pytest.raises(DataError, match="goes on after its 5 images"):
        load_idx(write(pack(idx_bytes(IMAGES) + b"\0")))


@pytest.mark.parametrize(
    ("tail", "message"),
    [
        (b"\0", "something else follows its gzip data"),
        (b"x" * 100, "something else follows its gzip data"),
        (b"\x1fgarbage", "damaged gzip data"),
        (gzip.compress(b"")[:-3], "ends before its checksum"),
    ],
)
def test_bytes_after_the_gzip_data_are_damage(write, tail, message):
    with pytest.raises(DataError, match=message):
        load_idx(write(gzip.compress(idx_bytes(IMAGES)) + tail))


def test_no_flipped_bit_of_a_gzipped_file_changes_an_image_unnoticed(write):
    content = gzip.compress(idx_bytes(IMAGES), mtime=0)
    for position in range(len(content)):
        for bit in range(8):
            damaged = bytearray(content)
            damaged[position] ^= 1 << bit
            try:
                loaded = load_idx(write(bytes(damaged)))
            except DataError:
                continue
            np.testing.assert_array_equal(loaded, IMAGES)  # a flip in gzip's time stamp or padding, say


@pytest.mark.parametrize(
    "header", ["", "00", "00000803", "00000800", "00000807", "00000a01", "00010801", "01000801", "89504e470d0a1a0a"]
)
def test_a_wrong_header_is_damage(write, header):
    with pytest.raises(DataError):
        load_idx(write(bytes.fromhex(header)))


def test_a_wrong_count_is_damage(write):
    content = bytearray(idx_bytes(IMAGES))
    for count in (0, 4, 6, 2**31, 2**32 - 1):
        content[4:8] = struct.pack(">I", count)
        with pytest.raises(DataError):
            load_idx(write(bytes(content)))
        with pytest.raises(DataError):
            load_idx(write(gzip.compress(bytes(content))))


@pytest.mark.parametrize("extents", [(2**32 - 1,) * 6, (2**31, 2**31, 2**31), (0, *(2**32 - 1,) * 5), (65536, 65537)])
def test_claims_that_overflow_are_refused(write, extents):
    header = bytes([0, 0, 14, len(extents)]) + struct.pack(f">{len(extents)}I", *extents)
    with pytest.raises(DataError, match="4 GiB"):
        load_idx(write(gzip.compress(header)))


MEMORY_PROBE = """
import sys
import fashioncnn.datasets
from core import peak_megabytes
before = peak_megabytes()
try:
    {call}
except fashioncnn.DataError as error:
    print(peak_megabytes() - before, error)
"""


def megabytes_and_message(call: str, *arguments: str) -> tuple[float, str]:
    """What a call that ends in DataError takes of memory, in a process of its own, and what it says."""
    probe = subprocess.run([sys.executable, "-c", MEMORY_PROBE.format(call=call), *arguments],
                           cwd=Path(__file__).parent, capture_output=True, text=True, check=True, timeout=60)
    megabytes, message = probe.stdout.split(" ", 1)
    return float(megabytes), message


@pytest.mark.parametrize("count", [100, 2**31], ids=["more content than claimed", "a claim beyond the file"])
def test_a_gzip_bomb_takes_no_memory(write, count):
    header = bytes([0, 0, 8, 1]) + struct.pack(">I", count)
    path = write(gzip.compress(header + bytes(200 << 20), 1))
    assert path.stat().st_size < 2 << 20
    megabytes, message = megabytes_and_message("fashioncnn.datasets.load_idx(sys.argv[1])", str(path))
    assert "data.gz" in message
    assert megabytes < 20


@pytest.mark.parametrize(
    ("name", "error"), [("missing", FileNotFoundError), (".", IsADirectoryError), ("data.gz/x", NotADirectoryError)]
)
def test_what_cannot_be_read_is_an_os_error(tmp_path, write, name, error):
    write(b"")
    message = ""
    try:  # which looks at the class before the instance is made, and pytest.raises after
        load_idx(tmp_path / name)
    except error as caught:
        message = str(caught)
    assert str(tmp_path) in message


@pytest.mark.parametrize("path", [b"/nowhere/\xff", "/nowhere/" + "\N{SNOWMAN}" * 80 + "/x" * 400])
def test_errors_name_paths_that_are_no_text_or_very_long(path):
    with pytest.raises(FileNotFoundError, match="No such file"):
        load_idx(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_forbidden_file_is_an_os_error(write):
    path = write(idx_bytes(IMAGES))
    path.chmod(0)
    with pytest.raises(PermissionError):
        load_idx(path)


@pytest.mark.parametrize("path", [3, None, ["x"]])
def test_what_is_no_path_is_a_type_error(path):
    with pytest.raises(TypeError):
        load_idx(path)


@given(st.binary(max_size=64), st.booleans())
@example(b"\0\0\x08\x01\0\0\0\0", False)
@example(b"\0\0\x0e\x02\0\0\0\0\xff\xff\xff\xff", True)
def test_any_bytes_are_read_exactly_or_refused(tmp_path_factory, content, packed):
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(gzip.compress(content) if packed else content)
    try:
        array = load_idx(path)
    except DataError:
        return
    codes = {np.dtype(name).newbyteorder("="): code for code, name in TYPES.items()}
    assert idx_bytes(array, codes[array.dtype]) == content


# ---- where data is looked for ----


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(idx_bytes(array)).hexdigest()


PARTS = {
    "train-images": np.arange(6 * 28 * 28, dtype=np.uint8).reshape(6, 28, 28),
    "train-labels": np.arange(6, dtype=np.uint8),
    "test-images": np.ones((2, 28, 28), np.uint8),
    "test-labels": np.array([3, 9], np.uint8),
}
PACKED = {name: gzip.compress(idx_bytes(part), mtime=0) for name, part in PARTS.items()}


def make_folder(folder: Path, names=PARTS, pack: bool = True) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        path = folder / (f"{name}.gz" if pack else name)
        path.write_bytes(PACKED[name] if pack else idx_bytes(PARTS[name]))
    return folder


@pytest.fixture
def source(home, tmp_path):
    files = tuple(File(name, hashlib.md5(PACKED[name]).hexdigest(), digest(PARTS[name])) for name in PARTS)
    return Source("toy", ("http://127.0.0.1:9/",), (tmp_path / "system",), alone=True, package="dataset-toy",
                  files=files)


def assert_is_the_toy(data):
    for part, expected in zip((*data[0], *data[1]), PARTS.values(), strict=True):
        np.testing.assert_array_equal(part, expected)


@pytest.mark.parametrize("pack", [True, False])
def test_folders_are_tried_in_order(source, home, tmp_path, monkeypatch, pack):
    assert source.find() is None
    monkeypatch.setenv("FASHIONCNN_DATA", str(tmp_path / "chosen"))
    folders = [
        tmp_path / "system",
        home / ".cache/fashioncnn/toy",
        home / ".keras/datasets/toy",
        tmp_path / "chosen",
        tmp_path / "chosen/toy",
    ]
    for folder in folders:
        make_folder(folder, pack=pack)
        assert source.find() == folder
        assert_is_the_toy(source.load())


def test_caches_move_with_their_variables(source, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    assert source.find() is None
    assert source.find() != make_folder(tmp_path / "xdg/toy")
    for folder in (tmp_path / "xdg/fashioncnn/toy", tmp_path / "keras/datasets/toy"):
        make_folder(folder)
        assert source.find() == folder


def test_a_relative_cache_variable_is_ignored(source, home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", "xdg")
    make_folder(tmp_path / "xdg/fashioncnn/toy")
    assert source.find() is None


def test_a_folder_with_three_of_the_four_files_does_not_count(source, tmp_path):
    make_folder(tmp_path / "system", list(PARTS)[:3])
    assert source.find() is None


def test_a_folder_that_cannot_be_looked_into_does_not_count(source, tmp_path, monkeypatch):
    monkeypatch.setenv("FASHIONCNN_DATA", str(tmp_path / ("x" * 300)))  # as if by a mode that stops even root
    make_folder(tmp_path / "system")
    assert_is_the_toy(source.load())


def test_a_read_only_folder_will_do(source, tmp_path):
    folder = make_folder(tmp_path / "system")
    for path in (*folder.iterdir(), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert_is_the_toy(source.load())
    finally:
        folder.chmod(0o755)


def test_a_file_with_other_content_is_damage_and_named(source, tmp_path):
    folder = make_folder(tmp_path / "system")
    other = PARTS["test-images"].copy()
    other[1, 2, 3] += 1
    (folder / "test-images.gz").write_bytes(gzip.compress(idx_bytes(other)))
    with pytest.raises(DataError, match=r"system/test-images\.gz: is not toy's test-images"):
        source.load()
    (folder / "test-images.gz").write_bytes(gzip.compress(idx_bytes(PARTS["test-images"].astype("i1"), 9)))
    with pytest.raises(DataError, match=r"test-images\.gz"):
        source.load()


# ---- downloads ----


def with_mirrors(source: Source, *mirrors: str) -> Source:
    return replace(source, mirrors=mirrors)


def test_missing_data_is_downloaded_once_into_the_cache(source, server, home):
    folder, address = server
    make_folder(folder / "toy")
    source = with_mirrors(source, address + "toy/")
    assert_is_the_toy(source.load())
    cache = home / ".cache/fashioncnn/toy"
    assert source.find() == cache
    assert sorted(path.name for path in cache.iterdir()) == sorted(f"{name}.gz" for name in PARTS)
    assert_is_the_toy(with_mirrors(source).load())


def test_the_next_mirror_is_tried_after_one_that_lacks_a_file_or_sends_another(source, server):
    folder, address = server
    make_folder(folder / "lacking", list(PARTS)[:2])
    wrong = make_folder(folder / "wrong")
    (wrong / "test-labels.gz").write_bytes(PACKED["test-labels"][:-4])
    make_folder(folder / "right")
    source = with_mirrors(source, *(f"{address}{name}/" for name in ("lacking", "wrong", "right")))
    assert_is_the_toy(source.load())


def test_a_wrong_download_leaves_no_file_behind(source, server, home):
    folder, address = server
    make_folder(folder / "wrong")
    (folder / "wrong" / "train-images.gz").write_bytes(PACKED["train-labels"])
    with pytest.raises(OSError, match="does not match"):
        with_mirrors(source, address + "wrong/").load()
    assert list((home / ".cache/fashioncnn/toy").iterdir()) == []


def test_the_mirror_variable_replaces_the_mirrors(source, server, monkeypatch):
    folder, address = server
    make_folder(folder / "own")
    monkeypatch.setenv("FASHIONCNN_MIRROR", address + "own")
    assert_is_the_toy(source.load())


def test_with_nothing_reachable_the_error_says_what_was_tried_and_what_to_do(source, home):
    pytest.importorskip("pooch")
    with pytest.raises(OSError, match="could not be downloaded") as caught:
        source.load()
    for part in ("apt-get install dataset-toy", "FASHIONCNN_DATA", 'pip install "fashioncnn[data]"', "127.0.0.1",
                 str(home / ".keras/datasets/toy")):
        assert part in str(caught.value)


def test_without_pooch_the_error_names_the_extra(source, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(OSError, match=r'needs pooch: pip install "fashioncnn\[data\]"'):
        source.load()


def test_a_cache_that_cannot_be_made_is_an_os_error(source, server, home):
    folder, address = server
    make_folder(folder / "toy")
    home.mkdir()
    (home / ".cache").write_text("a file, not a folder")
    with pytest.raises(OSError, match="cache"):
        with_mirrors(source, address + "toy/").load()


# ---- the two data sets ----


def test_fashion_mnist_is_keras_s():
    folder = fashion_mnist.find()
    if folder is None:
        pytest.skip("Fashion-MNIST is not on this machine")
    (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()
    assert (x_train.shape, y_train.shape) == ((60000, 28, 28), (60000,))
    assert (x_test.shape, y_test.shape) == ((10000, 28, 28), (10000,))
    assert {x_train.dtype, y_train.dtype, x_test.dtype, y_test.dtype} == {np.dtype(np.uint8)}
    assert np.bincount(y_train).tolist() == [6000] * 10
    assert fashion_mnist.class_names[y_train[0]] == "Ankle boot"


def test_the_sample_is_balanced_and_taken_from_the_data_set():
    train, test = fashion_mnist.load_sample()
    assert np.bincount(train[1]).tolist() == [200] * 10
    assert np.bincount(test[1]).tolist() == [50] * 10
    if fashion_mnist.find() is None:
        pytest.skip("Fashion-MNIST is not on this machine to compare with")
    for (images, labels), (all_images, all_labels) in zip((train, test), fashion_mnist.load_data(), strict=True):
        known = {(image.tobytes(), label) for image, label in zip(all_images, all_labels, strict=True)}
        assert all((image.tobytes(), label) in known for image, label in zip(images, labels, strict=True))


# ---- Keras's own file of MNIST ----

ARRAYS = dict(zip(("x_train", "y_train", "x_test", "y_test"), PARTS.values(), strict=True))


@pytest.fixture
def archive(source, home, monkeypatch):
    """Where Keras keeps its mnist.npz, and where the toy is taken for MNIST."""
    monkeypatch.setattr(mnist, "SOURCE", source)
    path = home / ".keras/datasets/mnist.npz"
    path.parent.mkdir(parents=True)
    return path


def npy_bytes(shape: str, descr: str = "'|u1'", content: bytes = b"", version: bytes = b"\1\0") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    length = struct.pack("<H" if version == b"\1\0" else "<I", len(header))
    return b"\x93NUMPY" + version + length + header + content


def write_archive(path: Path, x_train: bytes, zeros: int = 0) -> None:
    """An mnist.npz whose first member is `x_train` and that many zeros, which take next to no room."""
    np.savez(path, **ARRAYS)
    with zipfile.ZipFile(path) as whole:
        members = {name: whole.read(name) for name in whole.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for name, content in (members | {"x_train.npy": x_train}).items():
            with file.open(name, "w") as member:
                member.write(content)
                for _ in range(zeros >> 20 if name == "x_train.npy" else 0):
                    member.write(bytes(1 << 20))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_mnist_is_read_from_keras_s_file_and_verified(archive, save):
    save(archive, **ARRAYS)
    assert_is_the_toy(mnist.load_data())
    save(archive, **(ARRAYS | {"y_test": np.array([3, 8], np.uint8)}))
    with pytest.raises(DataError, match=r"mnist\.npz: is not toy's test-labels"):
        mnist.load_data()


@pytest.mark.parametrize("write_file", [
    lambda path: np.savez(path, **(ARRAYS | {"x_train": np.array([{}], dtype=object)})),
    lambda path: np.savez(path, **(ARRAYS | {"x_train": ARRAYS["x_train"].astype(np.float32)})),
    lambda path: np.savez(path, **(ARRAYS | {"x_train": np.uint8(3)})),
    lambda path: np.savez(path, x_train=ARRAYS["x_train"]),
    lambda path: path.write_text("not an archive"),
    lambda path: path.write_bytes(b""),
    lambda path: np.save(path.open("wb"), ARRAYS["x_train"]),
    lambda path: write_archive(path, b"\x93NUMPY"),
    lambda path: write_archive(path, npy_bytes("(" * 2000)),
    lambda path: write_archive(path, npy_bytes("(6, 28")),
    lambda path: write_archive(path, npy_bytes("(6, 28, 28)")),
    lambda path: write_archive(path, npy_bytes("(0, 2**40)".replace("2**40", str(2**40)))),
    lambda path: write_archive(path, npy_bytes("(-1,)", content=b"abc")),
    lambda path: write_archive(path, npy_bytes("(1, 2)", "[('a', '|u1'), ('b', '|O')]", b"abc")),
], ids=["objects", "floats", "a scalar", "lacking", "text", "empty", "one array", "no header", "parentheses",
        "half a shape", "no content", "an empty array", "less than nothing", "records"])
def test_a_file_of_keras_s_name_that_is_something_else_is_damage(archive, write_file):
    write_file(archive)
    with pytest.raises(DataError, match=r"mnist\.npz"):
        mnist.load_data()


def damaged(content: bytes, random) -> bytes:
    """The content cut, or without some bytes, or with a few others, most of them where zip and NumPy have headers."""
    kind = random.random()
    if kind < 0.2:
        return content[: random.randrange(len(content))]
    changed = bytearray(content)
    if kind < 0.3:
        start = random.randrange(len(content))
        del changed[start : start + random.randrange(1, 50)]
        return bytes(changed)
    headers = [match.start() for match in re.finditer(rb"PK|\x93N", content)]
    for _ in range(random.randrange(1, 6)):
        start = random.choice([random.choice(headers) + random.randrange(200), random.randrange(len(content))])
        changed[min(start, len(content) - 1)] = random.randrange(256)
    return bytes(changed)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_any_damage_of_keras_s_file_is_noticed_and_reported_as_such(archive, save):
    save(archive, **ARRAYS)
    content, random = archive.read_bytes(), Random(1)
    for _ in range(asked_for(1000)):
        archive.write_bytes(damaged(content, random))
        try:
            data = mnist.load_data()
        except DataError:
            continue
        assert_is_the_toy(data)  # a date or a permission was changed, say


READ_MNIST = "from fashioncnn.datasets import mnist; mnist.load_data()"


@pytest.mark.parametrize(("header", "zeros", "told"), [
    (npy_bytes("(1000000, 28, 28)"), 300 << 20, "is not Keras's mnist.npz: it holds uint8 (1000000, 28, 28)"),
    (npy_bytes("(6, 28, 28)"), 300 << 20, "x_train does not have 4704 bytes"),
    (npy_bytes("(-2,)"), 300 << 20, "x_train does not have -2 bytes"),
    (npy_bytes("(999999999999,)"), 0, "is not Keras's mnist.npz"),
    (b"\x93NUMPY\2\0" + struct.pack("<I", 300 << 20), 300 << 20, "x_train has the unknown format version (2, 0)"),
], ids=["true claim", "modest claim", "negative claim", "empty claim", "large header"])
def test_a_zip_bomb_takes_no_more_memory_than_mnist_would(archive, monkeypatch, header, zeros, told):
    monkeypatch.setenv("KERAS_HOME", str(archive.parents[1]))
    write_archive(archive, header, zeros)
    assert archive.stat().st_size < 3 << 20
    megabytes, message = megabytes_and_message(READ_MNIST)
    assert "mnist.npz: " in message
    assert told in message
    assert megabytes < 100
