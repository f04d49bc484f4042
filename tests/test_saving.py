"""Weights in files: whole or not at all, and nothing is changed by a file that does not fit or is damaged."""

from __future__ import annotations

import errno
import os
import resource
import stat
import subprocess
import sys
import threading
import zipfile

import numpy as np
import pytest

from fashioncnn import Input, Sequential, layers, utils
from fashioncnn._core import DataError
from fashioncnn.saving import load_weights, save_weights, weights
from fashioncnn.saving.files import replacing
from fashioncnn.utils.registry import Registry, snake_case
from fashioncnn.utils.variable import Variable

ENDINGS = [".npz", ".safetensors"]
SHAPES = {"conv2d/kernel": (3, 3, 1, 4), "conv2d/bias": (4,), "dense/kernel": (5, 2), "dense/bias": (2,)}


class Model:
    """Named weights."""

    def __init__(self, seed=0, shapes=None):
        random = np.random.default_rng(seed)
        shapes = SHAPES if shapes is None else shapes
        self.items = [(name, Variable(random.normal(size=shape))) for name, shape in shapes.items()]

    @property
    def vector(self):
        """All their values."""
        return np.concatenate([weight.numpy().ravel() for _, weight in self.items])

    def _weight_items(self):
        return self.items


@pytest.fixture(params=ENDINGS)
def path(request, tmp_path):
    if request.param == ".safetensors":
        pytest.importorskip("safetensors")
    return tmp_path / f"weights{request.param}"


def unchanged_after(error, model, path, match=None):
    """Loading `path` raises `error` and leaves the model alone."""
    before = model.vector.copy()
    with pytest.raises(error, match=match) as caught:
        load_weights(model, path)
    np.testing.assert_array_equal(model.vector, before)
    return caught.value


def test_weights_come_back_bit_by_bit(path):
    model, other = Model(1), Model(2)
    model.items[-1][1].assign([np.nan, -0.0])
    model.items[1][1].assign([1e-45, np.inf, -np.inf, 1])
    save_weights(model, path)
    load_weights(other, path)
    assert other.vector.tobytes() == model.vector.tobytes()


def test_same_weights_give_the_same_bytes(path):
    save_weights(Model(1), path)
    first = path.read_bytes()
    save_weights(Model(1), path)
    assert path.read_bytes() == first


def test_file_is_readable_by_others(path):
    model = Model(1)
    save_weights(model, path)
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as found:
            arrays = dict(found)
    else:
        from safetensors.numpy import load_file

        arrays = load_file(path)
    assert arrays.keys() == SHAPES.keys()
    for name, weight in model.items:
        np.testing.assert_array_equal(arrays[name], weight.numpy())


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_file_written_by_numpy_is_read(write, tmp_path):
    model, other = Model(1), Model(2)
    arrays = {name: np.asfortranarray(weight.numpy()) for name, weight in model.items}
    write(tmp_path / "a.npz", **arrays)
    load_weights(other, tmp_path / "a.npz")
    np.testing.assert_array_equal(other.vector, model.vector)


def test_views_that_are_not_contiguous_are_saved_right(path):
    class Strided(Model):
        def _weight_items(self):
            return [("w", Variable(np.arange(12, dtype=np.float32).reshape(3, 4).T))]

    target = Model(shapes={"w": (4, 3)})
    save_weights(Strided(), path)
    load_weights(target, path)
    np.testing.assert_array_equal(target.vector.reshape(4, 3), np.arange(12).reshape(3, 4).T)


@pytest.mark.parametrize(("shapes", "message"), [
    ({**SHAPES, "extra/bias": (3,)}, r"lacks extra/bias"),
    ({name: shape for name, shape in SHAPES.items() if "dense" not in name}, r"has dense/bias, dense/kernel"),
    ({**SHAPES, "dense/kernel": (2, 5)}, r"dense/kernel is float32 \(5, 2\), expected float32 \(2, 5\)"),
    ({f"layer_{i}/bias": (1,) for i in range(9)}, r"lacks layer_0/bias.*, \.\.\."),
])
def test_file_that_does_not_fit_says_why(path, shapes, message):
    save_weights(Model(), path)
    error = unchanged_after(ValueError, Model(3, shapes), path, message)
    assert not isinstance(error, DataError)


def test_other_element_types_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", **{name: weight.numpy().astype(np.float64) for name, weight in Model().items})
    unchanged_after(ValueError, Model(3), tmp_path / "a.npz", "float64")


def test_pickles_are_never_read(tmp_path):
    arrays = {name: weight.numpy() for name, weight in Model().items}
    arrays["dense/bias"] = np.array([print, 1], dtype=object)
    np.savez(tmp_path / "a.npz", **arrays)
    unchanged_after(ValueError, Model(3), tmp_path / "a.npz", "object")


def test_every_truncation_is_noticed(path):
    save_weights(Model(), path)
    whole = path.read_bytes()
    model = Model(3)
    for length in [*range(0, len(whole), 7), len(whole) - 1]:
        path.write_bytes(whole[:length])
        unchanged_after(DataError, model, path, path.name)


def test_every_flipped_byte_is_noticed_or_harmless(path):
    saved = Model()
    save_weights(saved, path)
    whole = path.read_bytes()
    model = Model(3)
    before = model.vector.copy()
    noticed = 0
    for position in range(0, len(whole), 3):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x55]) + whole[position + 1 :])
        try:
            load_weights(model, path)
        except ValueError:
            noticed += 1
            np.testing.assert_array_equal(model.vector, before)
        else:
            np.testing.assert_array_equal(model.vector, saved.vector)
            model = Model(3)
    assert noticed > saved.vector.nbytes // 4


def test_weights_that_were_exchanged_are_noticed(path):
    """The file is whole, but the weights of two names are not theirs."""
    shapes = {"a/kernel": (2, 3), "b/kernel": (2, 3), "c/bias": (3,)}
    save_weights(Model(1, shapes), path)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"a/k", b"x/k").replace(b"b/k", b"a/k").replace(b"x/k", b"b/k"))
    unchanged_after(DataError, Model(3, shapes), path, "its checksum is crc32:")


@pytest.mark.parametrize(("old", "new"), [(b'"checksum":"crc32:', b'"chmcksum":"crc32:'),
                                          (b'"checksum":"crc32:', b'"checksum":"crc33:')])
def test_a_damaged_checksum_is_noticed(old, new, tmp_path):
    pytest.importorskip("safetensors")
    path = tmp_path / "a.safetensors"
    save_weights(Model(1), path)
    content = path.read_bytes()
    path.write_bytes(content.replace(old, new)[:-1] + bytes([content[-1] ^ 1]))
    unchanged_after(DataError, Model(3), path, "its checksum is crc32:")


def test_array_that_claims_to_be_huge_takes_no_memory(tmp_path):
    save_weights(Model(), tmp_path / "a.npz")
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["dense/bias.npy"] = members["dense/bias.npy"].replace(b"(2,)", b"(999999999999,)")
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    unchanged_after(ValueError, Model(3), tmp_path / "b.npz")


def test_an_npz_with_more_arrays_than_a_model_has_takes_no_memory(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for number in range(10_001):
            archive.writestr(zipfile.ZipInfo(f"{number}.npy"), b"")
    monkeypatch.setattr(zipfile, "ZipFile", None)  # whose directory takes ten times the file's size
    unchanged_after(DataError, Model(), tmp_path / "a.npz", "has 10001 members; at most 10000 are read")


def test_file_that_is_something_else_is_damaged(path):
    path.write_bytes(b"this is no archive" * 10)
    unchanged_after(DataError, Model(), path, path.name)


def test_what_cannot_be_opened_is_an_os_error_with_its_name(path):
    error = unchanged_after(FileNotFoundError, Model(), path)
    assert (error.errno, error.filename) == (errno.ENOENT, str(path))
    path.mkdir()
    error = unchanged_after(IsADirectoryError, Model(), path)
    assert (error.errno, error.filename) == (errno.EISDIR, str(path))
    unchanged_after(ValueError, Model(), f"{path.parent}/a\0{path.suffix}", "embedded null byte")


def test_an_error_names_the_file_where_nothing_can_be_taken_away_either(path, monkeypatch):
    """As on a disk that is read only: the system says that even of a file that is not there."""
    def refuse(*arguments):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(arguments[0]))

    monkeypatch.setattr("fashioncnn.saving.files.open", refuse, raising=False)
    monkeypatch.setattr("os.unlink", refuse)
    with pytest.raises(OSError, match="Read-only") as caught:
        save_weights(Model(), path)
    assert caught.value.filename == str(path)


def test_a_path_may_be_bytes(path):
    model, other = Model(1), Model(2)
    save_weights(model, os.fsencode(path))
    load_weights(other, os.fsencode(path))
    np.testing.assert_array_equal(other.vector, model.vector)
    with pytest.raises(ValueError, match=r"called 'a\.pkl' are not supported"):
        load_weights(other, b"a.pkl")


@pytest.mark.parametrize("name", ["a.h5", "a.keras", "a.pkl", "a"])
def test_other_endings_are_refused(name, tmp_path):
    with pytest.raises(ValueError, match=r"names that end in \.weights\.h5 or \.npz or \.safetensors"):
        save_weights(Model(), tmp_path / name)
    if not name.endswith(("h5", "keras")):
        with pytest.raises(ValueError, match=r"names that end in \.weights\.h5 or .* or \.h5 or \.hdf5"):
            load_weights(Model(), tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_existing_file_is_kept_where_overwriting_is_not_wanted(path):
    path.write_bytes(b"old")
    with pytest.raises(FileExistsError, match=path.name):
        save_weights(Model(), path, overwrite=False)
    assert path.read_bytes() == b"old"


def test_an_unknown_keyword_is_told_with_those_that_are_known(path):
    with pytest.raises(ValueError, match=r"'max_shard_size'; it takes filepath, overwrite"):
        Sequential([Input((2,)), layers.Dense(1)]).save_weights(path, max_shard_size=1)


def test_missing_extra_is_named(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(ImportError, match=r'pip install "fashioncnn\[safetensors\]"'):
        save_weights(Model(), path.with_suffix(".safetensors"))
    assert os.listdir(path.parent) == []


# --- a real model's weights


def real_model(seed):
    utils.set_random_seed(seed)
    return Sequential([Input((6, 6, 1)), layers.Conv2D(2, 3), layers.Conv2D(3, 3), layers.Flatten(),
                       layers.Dense(4, name=f"head_{seed}")])


def test_real_models_weights_come_back_whatever_its_layers_are_called(path):
    model, other = real_model(1), real_model(2)
    x = np.random.default_rng(1).normal(size=(3, 6, 6, 1))
    assert not np.array_equal(model.predict(x, verbose=0), other.predict(x, verbose=0))
    model.save_weights(path)
    other.load_weights(path)
    np.testing.assert_array_equal(model.predict(x, verbose=0), other.predict(x, verbose=0))
    assert [name for name, _ in model._weight_items()] == [
        "conv2d/kernel", "conv2d/bias", "conv2d_1/kernel", "conv2d_1/bias", "dense/kernel", "dense/bias"]


def test_real_model_is_unchanged_after_a_file_of_another(path):
    other = Sequential([Input((4,)), layers.Dense(4)])
    other.save_weights(path)
    model = real_model(1)
    before = model.get_weights()
    with pytest.raises(ValueError, match="does not fit"):
        model.load_weights(path)
    for after, weight in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(after, weight)


# --- files that are replaced whole


def test_failure_in_the_middle_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def interrupted():
        with replacing(path) as file:
            file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (path.read_bytes(), os.listdir(tmp_path)) == (b"old", ["file"])


def test_full_disk_leaves_the_old_file_and_names_it(path, monkeypatch):
    save_weights(Model(1), path)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=f"No space left on device.*{path.name}") as caught:
        save_weights(Model(2), path)
    assert caught.value.errno == errno.ENOSPC
    assert (path.read_bytes(), os.listdir(path.parent)) == (before, [path.name])


def test_write_that_the_system_cuts_short_leaves_the_old_file(path):
    save_weights(Model(1), path)
    before = path.read_bytes()
    code = f"""
import resource, sys
sys.path[:0] = {[os.path.dirname(__file__), os.getcwd()]!r}
from test_saving import Model
from fashioncnn.saving import save_weights
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    save_weights(Model(2), {str(path)!r})
except OSError as error:
    print(type(error).__name__, error.filename)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["OSError", str(path)]
    assert (path.read_bytes(), os.listdir(path.parent)) == (before, [path.name])
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 100


def test_link_is_followed_and_permissions_are_kept(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    with replacing(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert (target.read_bytes(), target.stat().st_mode & 0o777) == (b"new", 0o640)


def test_new_file_has_the_permissions_that_open_gives(tmp_path):
    (tmp_path / "opened").write_bytes(b"")
    with replacing(tmp_path / "replaced"):
        pass
    assert (tmp_path / "replaced").stat().st_mode == (tmp_path / "opened").stat().st_mode


@pytest.mark.parametrize(("name", "error"), [("missing/file", FileNotFoundError), (".", IsADirectoryError)])
def test_place_that_cannot_be_written_is_named(name, error, tmp_path):
    with pytest.raises(error, match=str(tmp_path)), replacing(tmp_path / name):
        pass
    assert os.listdir(tmp_path) == []


def test_a_fifo_is_written_into(tmp_path):
    fifo, received = tmp_path / "fifo", []
    os.mkfifo(fifo)
    reader = threading.Thread(target=lambda: received.append(fifo.read_bytes()), daemon=True)
    reader.start()
    with replacing(fifo) as file:
        file.write(b"new")
    reader.join(5)
    assert received == [b"new"]
    assert (stat.S_ISFIFO(fifo.stat().st_mode), os.listdir(tmp_path)) == (True, ["fifo"])


def test_an_open_file_is_written_into_by_its_number(tmp_path):
    if not os.path.exists("/dev/fd"):
        pytest.skip("this system gives open files no names")
    with open(tmp_path / "file", "wb", buffering=0) as file:
        file.write(b"before ")
        with replacing(f"/dev/fd/{file.fileno()}") as same:
            same.write(b"between ")
        file.write(b"after")
    assert ((tmp_path / "file").read_bytes(), os.listdir(tmp_path)) == (b"before between after", ["file"])


def test_a_link_that_leads_to_itself_is_an_error(tmp_path):
    (tmp_path / "link").symlink_to("link")
    with pytest.raises(OSError, match="link"), replacing(tmp_path / "link"):
        pass


def test_readers_never_see_half_a_file(tmp_path):
    path = tmp_path / "a.npz"
    save_weights(Model(0), path)
    stop = threading.Event()

    def write():
        seed = 0
        while not stop.is_set():
            save_weights(Model(seed := seed + 1), path)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(50):
            load_weights(Model(), path)
    finally:
        stop.set()
        writer.join()


# --- the registry


@pytest.mark.parametrize(("name", "snake"), [
    ("Conv2D", "conv2d"), ("MaxPooling2D", "max_pooling2d"), ("ReLU", "re_lu"), ("AdamW", "adam_w"), ("SGD", "sgd"),
    ("RMSprop", "rm_sprop"), ("SparseTopKCategoricalAccuracy", "sparse_top_k_categorical_accuracy"),
    ("Conv2DTranspose", "conv2d_transpose"), ("GlobalAveragePooling2D", "global_average_pooling2d")])
def test_snake_case_is_that_of_keras(name, snake):
    assert snake_case(name) == snake


def test_registry_makes_known_classes_and_those_it_is_handed():
    registry = Registry("thing", "keras.things")

    @registry.base
    class Base:
        def get_config(self):
            return {}

        @classmethod
        def from_config(cls, config):
            return cls(**config)

    @registry.register("k")
    class Known(Base):
        pass

    class Mine(Base):
        pass

    assert all(type(registry.get(name)) is Known for name in ("Known", "known", "KNOWN", "k"))
    description = registry.serialize(Mine())
    assert (description["registered_name"], description["class_name"]) == ("Mine", "Mine")
    with pytest.raises(ValueError, match=r"'Mine' of module .* is not supported by fashioncnn; if it is yours"):
        registry.deserialize(description)
    assert type(registry.deserialize(description, {"Mine": Mine})) is Mine


def test_only_three_formats_are_written():
    assert weights.WEIGHT_FILE_ENDINGS == (".weights.h5", ".npz", ".safetensors")
