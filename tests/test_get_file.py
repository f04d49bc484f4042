"""`utils.get_file`, from a server on this machine only."""

from __future__ import annotations

import hashlib
import io
import os
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from cifar_files import tar_bytes

from fashioncnn import DataError
from fashioncnn.utils import get_file

CONTENT = b"Float like a butterfly, sting like a bee."
SHA256, MD5 = hashlib.sha256(CONTENT).hexdigest(), hashlib.md5(CONTENT).hexdigest()
MEMBERS = {"flowers/roses/1.txt": b"red", "flowers/tulips/2.txt": b"yellow"}
pytestmark = pytest.mark.usefixtures("home")


def zip_bytes(members: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", kind) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return memory.getvalue()


@pytest.fixture
def put(server):
    """Puts a file on the server, and returns its address."""
    folder, address = server

    def put_file(name: str, content: bytes) -> str:
        (folder / name).write_bytes(content)
        return address + name

    return put_file


def files_in(folder: str | Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def test_a_file_is_downloaded_once_into_keras_s_folder(put, home):
    origin = put("note.txt", CONTENT)
    path = get_file(origin=origin)
    assert path == str(home / ".keras/datasets/note.txt")
    assert Path(path).read_bytes() == CONTENT
    put("note.txt", b"another")
    assert Path(get_file("note.txt", origin)).read_bytes() == CONTENT
    assert Path(get_file("note.txt", origin, force_download=True)).read_bytes() == b"another"
    assert sorted(os.listdir(home / ".keras/datasets")) == ["note.txt"]


def test_folders_and_names_can_be_chosen(put, tmp_path, monkeypatch):
    origin = put("note.txt", CONTENT)
    assert get_file("mine", origin + "?a=b", cache_dir=tmp_path / "x", cache_subdir="y") == str(tmp_path / "x/y/mine")
    assert get_file(Path("my.txt"), origin, cache_subdir=str(tmp_path / "z")) == str(tmp_path / "z/my.txt")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    assert get_file(origin=origin) == str(tmp_path / "keras/datasets/note.txt")


@pytest.mark.parametrize("known", [{"file_hash": SHA256}, {"md5_hash": MD5}, {"file_hash": MD5},
                                   {"file_hash": MD5.upper(), "hash_algorithm": "md5"},
                                   {"file_hash": SHA256, "hash_algorithm": "sha256"}])
def test_a_hash_is_verified_and_another_file_is_downloaded_again(put, home, known):
    origin = put("note.txt", b"old")
    get_file(origin=origin)
    put("note.txt", CONTENT)
    assert Path(get_file(origin=origin, **known)).read_bytes() == CONTENT
    put("note.txt", b"wrong")
    assert Path(get_file(origin=origin, **known)).read_bytes() == CONTENT
    with pytest.raises(ValueError, match="does not match the known hash"):
        get_file(origin=origin, force_download=True, **known)
    assert (home / ".keras/datasets/note.txt").read_bytes() == CONTENT
    assert os.listdir(home / ".keras/datasets") == ["note.txt"]


@pytest.mark.parametrize(("name", "content"), [("flowers.tgz", tar_bytes(MEMBERS)),
                                               ("flowers.zip", zip_bytes(MEMBERS))])
def test_archives_are_unpacked_where_keras_unpacks_them(put, home, name, content):
    origin, folder = put(name, content), home / ".keras/datasets"
    for options, into, archive in [({"fname": "flowers"}, "flowers", "flowers_archive"),
                                   ({"fname": name}, "flowers_extracted", name), ({}, name, f"{name}_archive")]:
        path = get_file(origin=origin, extract=True, **options)
        assert path == str(folder / into)
        assert files_in(path) == MEMBERS
        assert (folder / archive).is_file()
        for each in (folder / into, folder / archive):
            each.rename(home / f"{each.name} {len(options)}")


def test_unpacking_again_replaces_what_was_there(put, home):
    origin = put("flowers.tgz", tar_bytes(MEMBERS))
    path = Path(get_file("flowers", origin, untar=True))
    (path / "mine").write_text("here")
    assert files_in(get_file("flowers", origin, untar=True)) == MEMBERS
    assert sorted(os.listdir(home / ".keras/datasets")) == ["flowers", "flowers_archive"]


def with_member(kind: bytes) -> bytes:
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w:gz") as archive:
        info = tarfile.TarInfo("flowers/link")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    return memory.getvalue()


@pytest.mark.parametrize(("content", "message"), [
    (with_member(tarfile.SYMTYPE), "neither a file nor a folder"), (with_member(tarfile.LNKTYPE), "neither a file"),
    (with_member(tarfile.FIFOTYPE), "neither a file"), (tar_bytes({"../x": b"x"}), "leads out"),
    (tar_bytes({"/x": b"x"}), "leads out"), (zip_bytes({"a/../../x": b"x"}), "leads out"),
    (zip_bytes({"/x": b"x"}), "leads out"), (tar_bytes(MEMBERS)[:-30], "damaged archive"),
    (zip_bytes({"a": bytes(999)}, zipfile.ZIP_STORED).replace(bytes(99), b"x" * 99), "damaged archive"),
])
def test_a_hostile_archive_leaves_nothing_behind(put, home, content, message):
    with pytest.raises(DataError, match=rf"flowers_archive: .*{message}"):
        get_file("flowers", put("flowers", content), extract=True)
    assert os.listdir(home) == [".keras"]
    assert os.listdir(home / ".keras") == ["datasets"]
    assert os.listdir(home / ".keras/datasets") == ["flowers_archive"]


def test_what_is_no_archive_is_kept_and_warned_of(put):
    with pytest.warns(UserWarning, match="is no archive of a known kind"):
        get_file("note", put("note.txt", CONTENT), extract=True)
    with pytest.warns(UserWarning, match="is no archive of a known kind"):
        get_file("zip", put("x.zip", zip_bytes(MEMBERS)), extract=True, archive_format="tar")


@pytest.mark.parametrize(("options", "message"), [
    ({}, "needs `origin`"), ({"origin": "file:///etc/passwd"}, "supported: addresses of http and https"),
    ({"origin": "http://127.0.0.1:9/"}, "the name ''"), ({"origin": "http://127.0.0.1:9/x", "fname": "a/b"}, "'a/b'"),
    ({"origin": "http://127.0.0.1:9/.."}, "the name '..'"),
    ({"origin": "http://127.0.0.1:9/x", "archive_format": "rar"}, "supported: 'auto', 'tar', 'zip', None"),
    ({"origin": "http://127.0.0.1:9/x", "file_hash": "0", "hash_algorithm": "crc"}, "supported: 'auto', 'md5', 'sha25"),
])
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        get_file(**options)


def test_what_cannot_be_downloaded_is_an_os_error(put, home, monkeypatch):
    with pytest.raises(OSError, match=r"get_file\(\) could not download http.*missing"):
        get_file(origin=put("note.txt", CONTENT).replace("note.txt", "missing"))
    assert os.listdir(home / ".keras/datasets") == []
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=r'pip install "fashioncnn\[data\]"'):
        get_file(origin=put("other.txt", CONTENT))
