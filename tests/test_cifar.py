"""CIFAR-10 and CIFAR-100: both versions, whole, damaged and hostile, and Kuzushiji-MNIST."""

from __future__ import annotations

import gzip
import hashlib
import inspect
import io
import pickle
import struct
import tarfile
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from cifar_files import Python2Pickle, Toy, as_images, binary_batch, make_data, python_batch, tar_bytes
from golden.face import GOLDEN
from mutate import asked_for
from test_datasets import idx_bytes, megabytes_and_message

from fashioncnn import DataError
from fashioncnn.datasets import cifar10, cifar100, kmnist
from fashioncnn.datasets.cifar import BatchFile, Labels
from fashioncnn.datasets.pickled import read_pickle
from fashioncnn.datasets.tarball import read_members

TEN = Toy(cifar10.SOURCE, {"labels": 10}, 3)
HUNDRED = Toy(cifar100.SOURCE, {"coarse_labels": 20, "fine_labels": 100}, 4)
TOYS = [(cifar10, TEN), (cifar100, HUNDRED)]
pytestmark = pytest.mark.usefixtures("home")


def install(monkeypatch, module, toy):
    monkeypatch.setattr(module, "SOURCE", toy.source)


def assert_is_the_toy(loaded, toy, key, dtype):
    for test, (images, labels) in enumerate(loaded):
        np.testing.assert_array_equal(images, toy.images(bool(test)))
        np.testing.assert_array_equal(labels, toy.numbers(key, bool(test)))
        assert (images.dtype, labels.dtype) == (np.uint8, dtype)
        assert images.shape[1:] == (32, 32, 3)
        assert labels.shape[1:] == (1,)
        assert images.flags.c_contiguous


# ---- whole files ----


@pytest.mark.parametrize("packed", [True, False], ids=["archive", "folder"])
@pytest.mark.parametrize("number", [0, 1], ids=["Python", "binary"])
def test_both_versions_give_what_keras_gives(tmp_path, monkeypatch, number, packed):
    monkeypatch.setenv("FASHIONCNN_DATA", str(tmp_path))
    for module, toy in TOYS:
        install(monkeypatch, module, toy)
        toy.write(tmp_path, toy.source.versions[number], packed)
    assert_is_the_toy(cifar10.load_data(), TEN, "labels", np.uint8)
    assert_is_the_toy(cifar100.load_data(), HUNDRED, "fine_labels", np.int64)
    assert_is_the_toy(cifar100.load_data("coarse"), HUNDRED, "coarse_labels", np.int64)
    assert_is_the_toy(cifar100.load_data(label_mode="fine"), HUNDRED, "fine_labels", np.int64)


@pytest.mark.parametrize("module", [cifar10, cifar100])
def test_signature_is_that_of_keras(module):
    ours = [[p.name, repr(p.default)] for p in inspect.signature(module.load_data).parameters.values()]
    assert ours == GOLDEN["signatures"][f"{module.__name__.removeprefix('fashioncnn.')}.load_data"]


@pytest.mark.parametrize("columns_first", [False, True])
def test_the_tests_own_pickles_are_real_ones(columns_first):
    """Python's own `pickle` reads the same of them."""
    data, labels = make_data(1203, 1)[:, :12], {"labels": list(range(256)) * 4}
    content = python_batch(data, labels, columns_first)
    real, ours = pickle.loads(content, encoding="bytes"), read_pickle(content, "toy")
    assert real.keys() == ours.keys() == {b"batch_label", b"labels", b"data", b"filenames"}
    np.testing.assert_array_equal(real[b"data"], data)
    np.testing.assert_array_equal(ours[b"data"].values, data)
    for key in (b"batch_label", b"labels", b"filenames"):
        assert ours[key] == real[key]


def test_integers_strings_and_memory_of_all_sizes_are_read():
    values = [0, 255, 256, 65535, 65536, -1, 2**31 - 1, -(2**31)]
    made = Python2Pickle()
    made.items(values, made.integer)
    assert read_pickle(made.bytes(), "toy") == values == pickle.loads(made.bytes())
    strings = [b"", b"a", b"b" * 255, b"c" * 256]
    made = Python2Pickle()
    made.items(strings * 100, made.string)
    assert read_pickle(made.bytes(), "toy") == strings * 100
    assert read_pickle(b"\x80\x02U\x01aq\x01r\x00\x01\x00\x00h\x01j\x00\x01\x00\x00\x87.", "toy") == (b"a",) * 3
    assert read_pickle(b"\x80\x02](Neq\x01\x88a\x89a)a.", "toy") == [None, True, False, ()]


# ---- where they are looked for ----


@pytest.mark.parametrize(("module", "toy"), TOYS, ids=["10", "100"])
def test_folders_are_tried_in_order(tmp_path, home, monkeypatch, module, toy):
    install(monkeypatch, module, toy)
    monkeypatch.setenv("FASHIONCNN_DATA", str(tmp_path / "own"))
    python, binary = toy.source.versions
    assert module.find() is None
    for folder, version, packed in [
        (home / ".cache/fashioncnn" / toy.source.name, python, True),
        (home / ".keras/datasets", python, False),
        (home / ".keras/datasets" / f"{python.folder}-target", python, False),
        (tmp_path / "own", binary, True),
        (tmp_path / "own" / toy.source.name, binary, False),
    ]:
        toy.write(folder, version, packed)
        assert module.find() == folder
        np.testing.assert_array_equal(module.load_data()[0][0], toy.images(False))


def test_a_folder_that_lacks_a_file_does_not_count(tmp_path, monkeypatch):
    install(monkeypatch, cifar10, TEN)
    monkeypatch.setenv("FASHIONCNN_DATA", str(tmp_path))
    version = TEN.source.versions[0]
    TEN.write(tmp_path, version, packed=False)
    (tmp_path / version.folder / "data_batch_3").unlink()
    assert cifar10.find() is None


def test_another_label_mode_is_refused():
    with pytest.raises(ValueError, match=r"label_mode='rough' is not supported by fashioncnn; supported: 'fine', 'coa"):
        cifar100.load_data("rough")


def test_what_is_missing_is_downloaded_once(server, home, monkeypatch):
    folder, address = server
    for module, toy in TOYS:
        monkeypatch.setattr(module, "SOURCE", replace(toy.source, mirrors=(address,)))
        toy.write(folder, toy.source.versions[0], packed=True)
        assert (module.find(), module.load_data()[0][0].shape[1:]) == (None, (32, 32, 3))
        assert module.find() == home / ".cache/fashioncnn" / toy.source.name
        monkeypatch.setattr(module, "SOURCE", toy.source)
        np.testing.assert_array_equal(module.load_data()[1][0], toy.images(True))


def test_a_wrong_download_is_refused_and_the_advice_says_what_to_put_where(server, home, monkeypatch):
    folder, address = server
    (folder / TEN.source.versions[0].archive).write_bytes(b"a page that says sorry")
    monkeypatch.setattr(cifar10, "SOURCE", replace(TEN.source, mirrors=(address,)))
    with pytest.raises(OSError, match="does not match") as caught:
        cifar10.load_data()
    for part in ("put one of its archives, or the folder that it unpacks to, into a folder called cifar-10 and set",
                 str(home / ".keras/datasets/cifar-10-batches-py-target")):
        assert part in str(caught.value)


# ---- damage ----


@pytest.mark.parametrize("number", [0, 1], ids=["Python", "binary"])
def test_an_archive_that_is_another_is_damage(tmp_path, monkeypatch, number):
    install(monkeypatch, cifar10, TEN)
    monkeypatch.setenv("FASHIONCNN_DATA", str(tmp_path))
    archive = TEN.write(tmp_path, TEN.source.versions[number], packed=True) / TEN.source.versions[number].archive
    archive.write_bytes(archive.read_bytes()[:-1])
    with pytest.raises(DataError, match=rf"{archive.name}: is not the published archive \(its SHA-256 differs\)"):
        cifar10.load_data()


@pytest.mark.parametrize(("number", "name", "change", "message"), [
    (0, "test_batch", lambda content: content[:-1] + b"x", r"test_batch: is not the published file \(its MD5 differs"),
    (0, "test_batch", lambda content: content + bytes(1 << 20), "test_batch: is no file of 3 images: it is larger"),
    (1, "test_batch.bin", lambda content: content[:-1], "test_batch.bin: ends within an image"),
    (1, "test_batch.bin", lambda content: content[3073:], r"test_batch.bin: has images \(2, 3072\)"),
    (1, "test_batch.bin", lambda content: content + b"x", "test_batch.bin: is no file of 3 images: it is larger"),
    (1, "test_batch.bin", lambda content: b"\x0a" + content[1:], "labels from . to 10; expected 0 to 9"),
    (1, "test_batch.bin", lambda content: b"", r"has images \(0, 3072\)"),
])
def test_an_unpacked_file_that_is_another_is_damage(tmp_path, monkeypatch, number, name, change, message):
    install(monkeypatch, cifar10, TEN)
    monkeypatch.setenv("FASHIONCNN_DATA", str(tmp_path))
    version = TEN.source.versions[number]
    path = TEN.write(tmp_path, version, packed=False) / version.folder / name
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError, match=message):
        cifar10.load_data()


DATA = make_data(3, 0)
WHOLE = python_batch(DATA, {"labels": [1, 2, 3]})
TEN_LABELS, VERSION = Labels("labels", 0, 10), TEN.source.versions[0]
FILE = BatchFile("toy", 3)


@pytest.mark.parametrize(("content", "message"), [
    (python_batch(DATA, {"labels": [1, 2, 10]}), "labels from 1 to 10; expected 0 to 9"),
    (python_batch(DATA, {"labels": [1, 2, -1]}), "labels from -1 to 2"),
    (python_batch(DATA, {"labels": [1, 2]}), r"labels \(2,\); expected 3"),
    (python_batch(DATA[:, 1:], {"labels": [1, 2, 3]}), r"images \(3, 3071\)"),
    (python_batch(DATA, {"classes": [1, 2, 3]}), "no list of integers called 'labels'"),
    (b"\x80\x02](K\x01e.", "does not hold a dict"),
    (b"\x80\x02}U\x04dataK\x01s.", "no array called 'data'"),
    (WHOLE.replace(b"(K\x01K\x02K\x03e", b"(K\x01K\x02\x88e"), "no list of integers called 'labels'"),
    (WHOLE.replace(b"(K\x01K\x02K\x03e", b"(K\x01K\x02Ne"), "no list of integers called 'labels'"),
])
def test_a_pickle_of_something_else_is_damage(content, message):
    with pytest.raises(DataError, match=message):
        VERSION.read(content, FILE, "toy", TEN_LABELS)


HOSTILE = [
    (b"cposix\nsystem\n(S'touch hacked'\ntR.", "asks for 'posix system', which is no part of an array, at byte 16"),
    (b"cbuiltins\neval\nU\x011\x85R.", "asks for 'builtins eval'"),
    (b"cnumpy.core.multiarray\n_reconstruct\nNR.", "makes what is neither"),
    (b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x01\x85U\x01b\x87R.", "makes what is neither"),
    (b"cnumpy\ndtype\nU\x01OK\x00K\x01\x87R.", "makes what is neither"),
    (b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87RNb.", "element type that is no unsigned byte"),
    (b"cnumpy\nndarray\n)\x81.", r"unknown instruction b'\\x81'"),
    (b"\x80\x04N.", "not of protocol 2"),
    (b"\x95\x00\x00\x00\x00\x00\x00\x00\x00N.", "unknown instruction"),
    (b"\x82\x01.", "unknown instruction"),
    (b"P7\n.", "unknown instruction b'P'"),
    (b"T\xff\xff\xff\x7fabc.", "ends at byte"),
    (b"T\xff\xff\xff\xffabc.", "negative length"),
    (b"r\xff\xff\xff\x7f.", "keeps what is not there"),
    (b"h\x07.", "recalls 7, which was not kept"),
    (b"(" * 20, "nested too deeply"),
    (b"t.", "has no mark"), (b"\x87.", "takes more than there is"), (b"]a.", "has no list"), (b"e.", "has no mark"),
    (b"}](NNu.", "has no dict"), (b"}(K\x01Nu.", "keys are not strings"), (b"}(U\x01au.", "keys are not strings"),
    (b"}K\x01Ns.", "keys are not strings"), (b"}(U\x01aNNu.", "keys are not strings"),
    (b"c" + b"a" * 200 + b"\nb\n.", "name without end"), (b"cnumpy", "name without end"),
    (b"N", "ends at byte"), (b"", "ends at byte"), (b"NN.", "does not end with its one object"),
    (b".", "does not end with its one object"), (b"(N.", "does not end with"), (b"N.N", "does not end with"),
    (b"N" * 1_000_001, "more than 1,000,000 instructions"),
    (b"b.", "takes more"), (b"Nb.", "unknown state"), (b"]Nb.", "unknown state"), (b"R.", "takes more"),
]


@pytest.mark.parametrize(("code", "message"), HOSTILE, ids=[str(number) for number in range(len(HOSTILE))])
def test_a_hostile_pickle_is_refused_and_does_nothing(tmp_path, monkeypatch, code, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=f"^toy: damaged pickle: it .*{message}"):
        read_pickle(b"\x80\x02" + code, "toy")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("old", "new", "message"), [
    (b"K\x01K\x03M\x00\x0c\x86", b"K\x01K\x04M\x00\x0c\x86", "has an array of 9,216 bytes, which are not those of"),
    (b"K\x01K\x03M\x00\x0c\x86", b"K\x01J\xff\xff\xff\xffM\x00\x0c\x86", "has an array of 9,216 bytes"),
    (b"K\x01K\x03M\x00\x0c\x86", b"K\x01K\x03K\x08M\x80\x01\x87", "has an array of 9,216 bytes"),
    (b"K\x01K\x03M\x00\x0c\x86", b"NK\x03M\x00\x0c\x86", "unknown state"),
    (b"U\x01|", b"U\x01>", "element type that is no unsigned byte"),
    (b"\x89T", b"NT", "unknown state"),
])
def test_an_array_that_contradicts_itself_is_damage(old, new, message):
    assert WHOLE.count(old) == 1
    with pytest.raises(DataError, match=message):
        read_pickle(WHOLE.replace(old, new), "toy")


def test_a_dict_with_a_key_that_takes_long_to_hash_is_refused():
    nested = b")" + b"q\x00h\x00\x86" * 100  # a tuple of two of the one before, a hundred times
    with pytest.raises(DataError, match="keys are not strings"):
        read_pickle(b"\x80\x02}" + nested + b"Ns.", "toy")


# ---- archives ----

WANTED = {"toy/a": 1000, "toy/b": 10}
MEMBERS = {"toy/b": b"bb", "toy/other": bytes(2000), "toy/a": bytes(range(256)) * 3}


def read(path: Path, content: bytes, most: int = 1 << 20) -> dict[str, bytes]:
    path.write_bytes(content)
    return dict(read_members(path, WANTED, most))


def special(kind: bytes, name: str = "toy/a", **fields) -> bytes:
    """An archive whose first member is of some kind, before whole ones."""
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w:gz", format=tarfile.GNU_FORMAT) as archive:
        info = tarfile.TarInfo(name)
        info.type = kind
        for field, value in fields.items():
            setattr(info, field, value)
        archive.addfile(info)
        for whole, content in MEMBERS.items():
            info = tarfile.TarInfo(whole)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return memory.getvalue()


def edited(change) -> bytes:
    """An archive with another first header, whose checksum is right."""
    plain = bytearray(tar_bytes(MEMBERS, mode="w"))
    change(plain)
    plain[148:156] = b" " * 8
    plain[148:156] = b"%06o\0 " % sum(plain[:512])
    return gzip.compress(bytes(plain))


def with_size(field: bytes):
    def change(plain):
        plain[124:136] = field
        plain[156:157] = b"0"

    return change


def with_note(text: bytes) -> bytes:
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w", format=tarfile.GNU_FORMAT) as archive:
        info = tarfile.TarInfo("note")
        info.type, info.size = b"x", len(text)
        archive.addfile(info, io.BytesIO(text))
    return gzip.compress(memory.getvalue()[: 512 + len(text) + -len(text) % 512]
                         + gzip.decompress(tar_bytes(MEMBERS)))


@pytest.mark.parametrize("content", [
    tar_bytes(MEMBERS), tar_bytes(MEMBERS, tarfile.USTAR_FORMAT), tar_bytes(MEMBERS, tarfile.PAX_FORMAT),
    tar_bytes({f"./{name}": content for name, content in MEMBERS.items()}),
    gzip.compress(gzip.decompress(tar_bytes(MEMBERS)).rstrip(b"\0") + bytes(512)),
    with_note(b"13 comment=a\n"),
], ids=["GNU", "ustar", "PAX", "dots", "no end", "note"])
def test_archives_of_all_kinds_are_read(tmp_path, content):
    assert read(tmp_path / "x.tar.gz", content) == {name: MEMBERS[name] for name in ("toy/b", "toy/a")}


def test_a_long_name_in_a_ustar_header_is_put_together(tmp_path):
    name = f"{'folder' * 20}/{'file' * 20}"
    (tmp_path / "x").write_bytes(tar_bytes({name: b"abc"}, tarfile.USTAR_FORMAT))
    assert dict(read_members(tmp_path / "x", {name: 3}, 1 << 20)) == {name: b"abc"}


@pytest.mark.parametrize(("content", "message"), [
    (special(tarfile.SYMTYPE, linkname="/etc/passwd"), "holds 'toy/a', which is a link"),
    (special(tarfile.LNKTYPE, linkname="toy/b"), "is a link"), (special(tarfile.CHRTYPE), "is a device"),
    (special(tarfile.BLKTYPE), "is a device"), (special(tarfile.FIFOTYPE), "is a FIFO"),
    (special(b"S"), "of the unknown type b'S'"), (special(tarfile.GNUTYPE_LONGNAME), "of the unknown type b'L'"),
    (special(b"0", "/toy/a"), "holds '/toy/a', which leads out of its folder"),
    (special(b"0", "toy/../../a"), "leads out"), (special(b"0", ".."), "leads out"),
    (special(b"0", "toy/a"), "holds toy/a twice"),
    (tar_bytes({**MEMBERS, "toy/b": bytes(11)}), "claims 11 bytes for toy/b, which has at most 10"),
    (tar_bytes({"toy/a": b""}), "lacks toy/b"), (tar_bytes({}), "lacks toy/a"),
    (tar_bytes({**MEMBERS, "toy/other": bytes(2 << 20)}), "unpacks to more than 1,048,576 bytes"),
    (tar_bytes({f"toy/{number}": b"" for number in range(1001)}), "holds more than 1000 members"),
    (gzip.compress(b"x" + gzip.decompress(tar_bytes(MEMBERS))[1:]), "a header with a wrong checksum"),
    (edited(with_size(b"77777777777\0")), "unpacks to more|ends after"),
    (edited(with_size(b"\x80" + bytes(10) + b"\1")), "a header with the number"),
    (edited(with_size(b"0000000009 \0")), "a header with the number"),
    (edited(with_size(b"-0000000001\0")), "a header with the number"),
    (with_note(b"16 path=../../a\n"), "has a note on 'path'"), (with_note(b"11 size=99\n"), "has a note on 'size'"),
    (with_note(b"22 GNU.sparse.major=1\n"), "has a note on 'GNU.sparse.major'"),
    (with_note(b"13 comment=abcdefgh"), "cannot be read"), (with_note(b"99 mtime=1\n"), "cannot be read"),
    (with_note(b"0 mtime=1\n"), "cannot be read"), (with_note(bytes(1 << 17)), "a note of 131,072 bytes"),
    (b"", "lacks"), (b"no archive", "cannot be unpacked"), (gzip.compress(b"no archive"), "ends within a header"),
    (gzip.compress(b"x" * 512), "a header with the number"), (tar_bytes(MEMBERS) + b"x", "cannot be unpacked"),
])
def test_a_hostile_archive_is_refused(tmp_path, content, message):
    with pytest.raises(DataError, match=rf"^{tmp_path}/x.tar.gz: damaged archive: it .*({message})"):
        read(tmp_path / "x.tar.gz", content)
    assert [path.name for path in tmp_path.iterdir()] == ["x.tar.gz"]


def test_an_archive_cut_anywhere_is_damaged(tmp_path):
    content = tar_bytes(MEMBERS)
    for length in range(len(content)):
        with pytest.raises(DataError, match="damaged archive"):
            read(tmp_path / "x.tar.gz", content[:length])


READ_ARCHIVE = """
from pathlib import Path; from fashioncnn.datasets.tarball import read_members
    dict(read_members(Path(sys.argv[1]), {"toy/a": 100_000, "toy/b": 10}, 1 << 20))"""


@pytest.mark.parametrize(("name", "kind"), [("toy/a", b"0"), ("toy/other", b"0"), ("note", b"x"), ("toy/a", b"L")])
def test_an_archive_that_unpacks_to_very_much_takes_no_memory(tmp_path, name, kind):
    info = tarfile.TarInfo(name)
    info.size, info.type = 300 << 20, kind
    path = tmp_path / "x.tar.gz"
    with gzip.open(path, "wb", 1) as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        for _ in range(300):
            file.write(bytes(1 << 20))
    assert path.stat().st_size < 4 << 20
    megabytes, message = megabytes_and_message(READ_ARCHIVE.strip(), str(path))
    assert "x.tar.gz: damaged archive" in message
    assert megabytes < 20


# ---- any damage at all ----


def damaged(content: bytes, random: Random, places: int) -> bytes:
    """The content cut, or with bytes taken out, put in or changed; most of them where there are few pixels."""
    changed = bytearray(content)
    for _ in range(random.randrange(1, 5)):
        if not changed:
            break
        at = random.choice([random.randrange(places), len(changed) - 1 - random.randrange(places)]) % len(changed)
        kind = random.randrange(5)
        if kind == 0:
            del changed[at : at + random.randrange(1, 9)]
        elif kind == 1:
            changed[at:at] = random.choice([b"(", b"e", b"R", b"b", b"t", b"u", b"h\x01", b"q\x01", b".", b"K\x00"])
        elif kind == 2:
            changed[at] = random.choice(b"()]}ebtuasRcNKMJUTqrhj.\x85\x86\x87\x88\x89\x80\0\xff7")
        elif kind == 3:
            changed[at] ^= 1 << random.randrange(8)
        elif random.random() < 0.1:
            del changed[at:]
            changed += b"."
    return bytes(changed)


def test_a_damaged_pickle_gives_a_data_error_or_a_batch():
    content, random = python_batch(DATA, {"labels": [1, 2, 3]}), Random(1)
    read, count = 0, asked_for(3000)
    for _ in range(count):
        try:
            images, labels = VERSION.read(damaged(content, random, 300), FILE, "toy", TEN_LABELS)
        except DataError:
            continue
        read += 1
        assert (images.shape, labels.shape) == ((3, 3072), (3,))
    assert 0 < read < count // 2


def test_a_damaged_archive_gives_a_data_error_or_its_files(tmp_path):
    plain, random = gzip.decompress(tar_bytes(MEMBERS)), Random(2)
    for number in range(asked_for(1000)):
        content = gzip.compress(damaged(plain, random, 2000), 1) if number % 2 \
            else damaged(tar_bytes(MEMBERS), random, 300)
        try:
            found = read(tmp_path / "x.tar.gz", content)
        except DataError:
            continue
        assert found.keys() == WANTED.keys()


def test_pixels_are_where_the_makers_say():
    data = np.arange(3072, dtype=np.uint16).astype(np.uint8)[None]
    image = as_images(data)[0]
    assert image[0, 1].tolist() == [1, 1, 1]
    assert image[2, 0, 0] == 64
    assert struct.unpack("<B", binary_batch(data, {"labels": [7]})[:1]) == (7,)


# ---- Kuzushiji-MNIST ----


@pytest.fixture
def characters(monkeypatch, tmp_path):
    """A folder with a small Kuzushiji-MNIST, which is taken for the real one."""
    parts = [np.arange(np.prod(shape), dtype=np.uint8).reshape(shape) for shape in ((5, 28, 28), 5, (2, 28, 28), 2)]
    files = []
    (tmp_path / "data/kmnist").mkdir(parents=True)
    for file, part in zip(kmnist.SOURCE.files, parts, strict=True):
        packed = gzip.compress(idx_bytes(part), mtime=0)
        (tmp_path / f"data/kmnist/{file.name}.gz").write_bytes(packed)
        files.append(replace(file, md5=hashlib.md5(packed).hexdigest(), shape=part.shape))
    monkeypatch.setattr(kmnist, "SOURCE", replace(kmnist.SOURCE, files=tuple(files), mirrors=("http://127.0.0.1:9/",)))
    monkeypatch.setenv("FASHIONCNN_DATA", str(tmp_path / "data"))
    return tmp_path / "data/kmnist", parts


def test_kmnist_is_read_packed_and_unpacked(characters):
    folder, parts = characters
    for _ in range(2):
        (x_train, y_train), (x_test, y_test) = kmnist.load_data()
        for read, part in zip((x_train, y_train, x_test, y_test), parts, strict=True):
            np.testing.assert_array_equal(read, part)
        for path in [*folder.glob("*.gz")]:
            path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
            path.unlink()
    assert len(kmnist.class_names) == 10


def test_another_kmnist_is_damage(characters):
    folder, parts = characters
    path = folder / f"{kmnist.SOURCE.files[0].name}.gz"
    path.write_bytes(gzip.compress(idx_bytes(parts[0] + 1), mtime=0))
    with pytest.raises(DataError, match=r"is not kmnist's train-images-idx3-ubyte \(its MD5 differs\)"):
        kmnist.load_data()
    path.write_bytes(gzip.compress(idx_bytes(parts[0][:4]), mtime=0))
    with pytest.raises(DataError, match=r"its shape is \(4, 28, 28\), not \(5, 28, 28\)"):
        kmnist.load_data()
