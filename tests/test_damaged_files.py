"""Damaged and hostile files, full disks and killed writers: an error, and nothing else changes.

    FASHIONCNN_MUTATIONS=10000 python -m pytest tests/test_damaged_files.py      as many damaged files of each kind
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import marshal
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import mutate
import numpy as np
import pytest

import fashioncnn as k
from fashioncnn import DataError, layers, saving
from fashioncnn.saving import files, layout, limits, progress
from fashioncnn.saving.hdf5 import written

h5py = pytest.importorskip("h5py")
GOLDEN = Path(__file__).parent / "golden" / "files"


def small_model():
    model = k.Sequential([k.Input((4,), name="in"), layers.Dense(3, name="a"), layers.Dense(2, name="b")], name="net")
    model.compile("adam", "mse")
    return model


@pytest.fixture
def model():
    return small_model()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files that fashioncnn wrote, and in plain.safetensors one that another program did: it has no checksum."""
    folder = tmp_path_factory.mktemp("own")
    model = small_model()
    model.fit(np.ones((8, 4)), np.ones((8, 2)), verbose=0)
    for name in ("own.keras", "own.h5", "plain.keras"):
        model.save(folder / name)
    model.save_weights(folder / "own.weights.h5")
    model.save_weights(folder / "own.npz")
    progress.write(str(folder / "own.backup.h5"), model, progress.Progress(1, 1, 5, 2, [[1, 2]]))
    with contextlib.suppress(ImportError):
        model.save_weights(folder / "own.safetensors")
        import safetensors.numpy

        safetensors.numpy.save_file(dict(np.load(folder / "own.npz")), folder / "plain.safetensors")
    return folder


@pytest.mark.parametrize("name", [
    "own.keras", "own.weights.h5", "own.h5", "own.npz", "own.safetensors", "own.backup.h5", "plain.safetensors",
    "two_outputs.keras", "two_outputs.weights.h5", "two_outputs.h5"])
def test_damaged_files_do_no_harm(name, folder, tmp_path):
    """Own files have checksums: the same numbers come back, or an error. Others may have other numbers in them.

    Names are not in all checksums. Where one is damaged, the file is that of another model: a ValueError.
    """
    if name.endswith(".safetensors"):
        pytest.importorskip("safetensors")
    made = folder if (folder / name).exists() else GOLDEN
    for needed in {name, f"{name.split('.')[0]}.keras"}:
        (tmp_path / needed).write_bytes((made / needed).read_bytes())
    found = mutate.in_children(tmp_path / name, LIMIT_GIB="4")
    assert found.pop("MiB") < 200
    allowed = {"DataError", "the same", "not damaged"}
    if not name.startswith("own"):
        allowed |= {"other numbers", "ValueError"}
    elif name.endswith((".npz", ".safetensors")):
        allowed.add("ValueError")
    assert found.keys() <= allowed, found


def archive(path, config, weights=b"", **others):
    members = {"metadata.json": "{}", "config.json": config if isinstance(config, str) else json.dumps(config),
               "model.weights.h5": weights, **others}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def described(*stack):
    return {"class_name": "Sequential", "module": "keras", "registered_name": None,
            "config": {"name": "net", "layers": [
                {"class_name": name, "module": "keras.layers", "registered_name": None, "config": config}
                for name, config in stack]}}


IN = ("InputLayer", {"batch_shape": [None, 4], "name": "in"})
CODE = base64.b64encode(marshal.dumps(compile("1/0", "x", "eval"))).decode()


@pytest.mark.parametrize(("config", "error", "message"), [
    ("{", DataError, "config.json: damaged file"), ("[]", DataError, "expected a JSON object"),
    ("[" * 300 + "]" * 300, DataError, "brackets in more than 200"),
    (described(IN, ("Dense", {"units": 10**7})), DataError, "the weights of a layer would be 50000000 numbers"),
    (described(IN, ("Dense", {"units": 10**400})), DataError, "cannot be made"),
    *((described(("InputLayer", {"batch_shape": [None, lines, 4, 1]}), ("Resizing", {"height": 2, "width": columns})),
       DataError, "1000000000 lines or columns") for lines, columns in ((4, 10**9), (10**9, 2))),
    (described(IN, ("Lambda", {"function": {"class_name": "__lambda__", "config": {"value": CODE}}})), DataError,
     "layer 'Lambda' is not supported"),
    (described(IN, ("Dense", {"units": 2, "activation": {"class_name": "__lambda__", "config": {"value": CODE}}})),
     DataError,
     "'__lambda__' is not supported"),
    ({"class_name": "system", "module": "os", "config": {"command": "true"}}, DataError, "module 'os'"),
    ({"class_name": "Dense", "module": "keras.layers", "config": {"units": 2}}, DataError, "describes a layer"),
    ({"class_name": "load_model", "module": "keras.saving", "config": {}}, DataError, "'load_model' is not supported"),
    (described(IN, ("Dense", {})), DataError, "missing 1 required positional argument"),
    (described(IN, ("Dense", {"units": 2, "kernel_initializer": {"class_name": "Popen", "module": "subprocess",
                                                                 "config": {}}})), DataError, "module 'subprocess'"),
])
def test_a_hostile_description_is_refused(config, error, message, tmp_path):
    path = archive(tmp_path / "a.keras", config, written(lambda file: None))
    with pytest.raises(error, match=message):
        saving.load_model(path)


def test_a_compile_config_with_code_is_refused(tmp_path):
    config = {**described(IN, ("Dense", {"units": 1})), "compile_config": {
        "optimizer": "sgd", "loss": {"class_name": "__lambda__", "config": {"value": CODE}}}}
    with pytest.raises(NotImplementedError, match="never runs code"):
        saving.load_model(archive(tmp_path / "a.keras", config, bytes(100)))


def test_zip_files_that_lie_are_refused(model, tmp_path, monkeypatch):
    path = tmp_path / "a.keras"
    archive(path, {}, bytes(300 << 20))
    with pytest.raises(DataError, match="claims 314572800 bytes, unpacked from"):
        saving.load_model(path)
    archive(path, {}, b"", **{f"m{i}": b"" for i in range(1001)})
    with pytest.raises(DataError, match="at most 1000 are read"):
        saving.load_model(path)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("metadata.json", "{}")
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("metadata.json", "{}")
    with pytest.raises(DataError, match=r"2 members called 'metadata\.json'"):
        saving.load_model(path)
    model.save(path)
    monkeypatch.setattr(limits, "MAX_FILE", 100)
    with pytest.raises(DataError, match="at most 100 are read"):
        saving.load_model(path)


def hostile(fill):
    image = io.BytesIO()
    with h5py.File(image, "w") as file:
        fill(file)
    return image.getvalue()


def with_kernel(make):
    """A weights file whose first kernel is what `make(group)` puts there."""
    def fill(file):
        for place, shape in (("dense", (4, 3)), ("dense_1", (3, 2))):
            group = file.create_group(f"layers/{place}/vars")
            if place == "dense":
                make(group)
            else:
                group["0"] = np.zeros(shape, np.float32)
            group["1"] = np.zeros(shape[1:], np.float32)
    return hostile(fill)


def _virtual(group):
    layout = h5py.VirtualLayout((4, 3), np.float32)
    layout[...] = h5py.VirtualSource("other.h5", "x", (4, 3))
    group.create_virtual_dataset("0", layout)


@pytest.mark.parametrize(("make", "message"), [
    (lambda group: group.__setitem__("0", h5py.SoftLink("/layers/dense_1/vars/0")), "links are not followed"),
    (lambda group: group.__setitem__("0", h5py.ExternalLink("/etc/passwd", "/x")), "links are not followed"),
    (_virtual, "kept in other files"),
    (lambda group: group.create_dataset("0", (4, 3), np.float32, external=[("/etc/passwd", 0, 48)]), "other files"),
    (lambda group: group.create_dataset("0", (10**6, 10**6), np.float32, chunks=(1, 1)), r"has the shape \(1000000,"),
    (lambda group: group.create_dataset("0", (4, 3), np.float32), "claims 48 bytes, and 0 are stored"),
    (lambda group: group.create_dataset("0", (4, 3), h5py.string_dtype()), "not of numbers"),
    (lambda group: group.create_dataset("0", (4, 3), h5py.ref_dtype), "not of numbers"),
    (lambda group: group.create_dataset("0", data=np.zeros((4, 3), "c8")), "not of numbers"),
    (lambda group: group.create_dataset("0", data=h5py.Empty("f")), "it is no array"),
    (lambda group: group.create_group("0"), "it is no array"),
    (lambda group: group.create_dataset("0", data=np.ones((4, 3), "f4"), chunks=(4, 3), scaleoffset=3), "filters"),
])
def test_hostile_weights_are_refused(make, message, model, tmp_path):
    path = tmp_path / "a.weights.h5"
    path.write_bytes(with_kernel(make))
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        model.load_weights(path)
    assert all(map(np.array_equal, model.get_weights(), before))


def test_packed_weights_and_other_floats_are_read(model, tmp_path):
    kernel = np.arange(12.0).reshape(4, 3)
    path = tmp_path / "a.weights.h5"
    path.write_bytes(with_kernel(lambda group: group.create_dataset("0", data=kernel.astype(">f8"), compression="gzip",
                                                                     shuffle=True, fletcher32=True)))
    model.load_weights(path)
    assert np.array_equal(model.get_weights()[0], kernel)


@pytest.mark.parametrize("values", [(-1, 0.1), (1, np.nan), (1, -1.0)])
def test_numbers_of_an_optimizer_that_cannot_be_are_refused(values, model, tmp_path):
    def fill(file):
        layout.write(file, model)
        file["optimizer/vars/0"][...], file["optimizer/vars/1"][...] = values

    path = tmp_path / "a.weights.h5"
    path.write_bytes(written(fill))
    model.optimizer.build(model.trainable_variables)
    with pytest.raises(DataError, match="damaged file"):
        model.load_weights(path)


def test_a_changed_file_of_ours_is_read_where_that_was_meant(model, folder, tmp_path):
    path = tmp_path / "a.weights.h5"
    path.write_bytes((folder / "own.weights.h5").read_bytes())
    with h5py.File(path, "r+") as file:
        file["layers/dense/vars/1"][...] = 7
    with pytest.raises(DataError, match="its checksum is missing; if another program changed the file"):
        model.load_weights(path)
    with h5py.File(path, "r+") as file:
        del file.attrs["fashioncnn_checksum"]
    model.load_weights(path)
    assert (model.get_weights()[1] == 7).all()


@pytest.mark.parametrize("name", ["a.keras", "a.h5", "a.weights.h5"])
def test_a_full_disk_leaves_the_old_file(name, model, tmp_path):
    path = tmp_path / name
    (model.save_weights if "weights" in name else model.save)(path)
    before = path.read_bytes()
    script = f"""
import resource, signal, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_damaged_files import small_model
model = small_model()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    (model.save_weights if "weights" in {name!r} else model.save)({str(path)!r})
except OSError as error:
    print(error.filename)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [name]


def test_a_folder_that_takes_no_files_leaves_the_old_file(model, tmp_path, monkeypatch):
    path = tmp_path / "a.keras"
    model.save(path)
    before = path.read_bytes()
    opened = open

    def refuse(name, mode="r", *arguments, **options):
        if "x" in mode:
            raise PermissionError(13, "Permission denied", name)
        return opened(name, mode, *arguments, **options)

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(PermissionError):
        model.save(path)
    monkeypatch.undo()
    assert path.read_bytes() == before


class Killing:
    """A file whose process ends at a given call of its methods."""

    def __init__(self, file, counted):
        self._file, self._counted = file, counted

    def __getattr__(self, name):
        found = getattr(self._file, name)
        return self._counted(found) if name in ("write", "flush", "fileno") else found

    def __enter__(self):
        self._file.__enter__()
        return self

    def __exit__(self, *error):
        return self._file.__exit__(*error)


def killed_at(step, save):
    """The exit status of a process that saves, and ends at a given step of writing: 9, or 0 if there are fewer."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        steps = iter(range(1, step))

        def counted(function):
            def call(*arguments, **options):
                if next(steps, None) is None:
                    os._exit(9)
                return function(*arguments, **options)
            return call

        files.open = lambda *arguments: Killing(open(*arguments), counted)  # noqa: SIM115
        files.os.replace, files.os.fsync = counted(os.replace), counted(os.fsync)
        save()
        os._exit(0)
    except BaseException:
        os._exit(1)


@pytest.mark.parametrize(("name", "method"), [("a.keras", "save"), ("a.h5", "save"),
                                              ("a.weights.h5", "save_weights")])
@pytest.mark.filterwarnings("ignore:the state of optimizer")
def test_a_writer_killed_at_any_moment_leaves_the_old_file_or_the_new_one(name, method, model, tmp_path):
    path = tmp_path / name
    getattr(model, method)(path)
    old, other, status, step = path.read_bytes(), small_model(), 9, 0
    model.set_weights([weight * 0 + 5 for weight in model.get_weights()])
    while status == 9:
        step += 1
        path.write_bytes(old)
        status = killed_at(step, lambda: getattr(model, method)(path))
        other.load_weights(path)
        is_new = bool((other.get_weights()[0] == 5).all())
        assert is_new or path.read_bytes() == old
    assert (status, is_new) == (0, True)
    assert step > 4


def test_a_folder_comes_back(model, tmp_path):
    path = tmp_path / "model"
    model.save(path, zipped=False)
    model.fit(np.ones((8, 4)), np.ones((8, 2)), verbose=0)
    with pytest.raises(FileExistsError, match="pass overwrite=True"):
        model.save(path, overwrite=False, zipped=False)
    model.save(path, zipped=False)
    again = saving.load_model(path)
    assert all(map(np.array_equal, again.get_weights(), model.get_weights()))
    assert again.optimizer.iterations == 1


@pytest.mark.parametrize("step", [0, 1])
def test_a_folder_that_cannot_be_renamed_leaves_the_old_one(step, model, tmp_path, monkeypatch):
    path, renamed, results = tmp_path / "model", os.rename, iter([True] * step + [False, True])
    model.save(path, zipped=False)

    def rename(old, new):
        if not next(results):
            raise OSError(28, "No space left on device")
        renamed(old, new)

    monkeypatch.setattr("os.rename", rename)
    with pytest.raises(OSError, match="No space"):
        small_model().save(path, zipped=False)
    assert os.listdir(tmp_path) == ["model"]
    assert all(map(np.array_equal, saving.load_model(path).get_weights(), model.get_weights()))


def test_a_folder_with_other_things_is_kept(model, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").write_bytes(b"cat")
    with pytest.raises(FileExistsError, match="has something else in it"):
        model.save(tmp_path / "photos", zipped=False)
    with pytest.raises(ValueError, match=r"zipped=False makes a folder, whose name should not end"):
        model.save(tmp_path / "a.keras", zipped=False)
    assert os.listdir(tmp_path / "photos") == ["cat.png"]
    assert os.listdir(tmp_path) == ["photos"]


@pytest.mark.parametrize(("name", "content", "error"), [
    ("config.json", b"{", DataError), ("model.weights.h5", b"x", DataError), ("model.weights.h5", None, OSError),
    ("config.json", None, ValueError)])
def test_a_damaged_folder_is_an_error_that_names_it(name, content, error, model, tmp_path):
    model.save(tmp_path / "model", zipped=False)
    (tmp_path / "model" / name).unlink()
    if content is not None:
        (tmp_path / "model" / name).write_bytes(content)
    with pytest.raises(error, match=str(tmp_path / "model")):
        saving.load_model(tmp_path / "model")


@pytest.mark.parametrize("name", ["a.keras", "a.h5", "a.weights.h5", "a.npz", "a.safetensors", "a.onnx"])
def test_what_is_no_file_is_not_waited_for(name, model, tmp_path):
    """A FIFO that nobody writes into."""
    os.mkfifo(tmp_path / name)
    read = {".keras": saving.load_model, ".h5": saving.load_model}.get(name[1:], model.load_weights)
    if name.endswith((".safetensors", ".onnx")):
        pytest.importorskip(name[2:])
    with pytest.raises(DataError, match=f"{name}: not an ordinary file"):
        (saving.from_onnx if name.endswith(".onnx") else read)(tmp_path / name)


LOAD_AND_TELL_MEGABYTES = """
import sys
from core import peak_megabytes
from fashioncnn import DataError, saving
before = peak_megabytes()
try:
    saving.load_model(sys.argv[1])
except DataError as error:
    print(peak_megabytes() - before, error)
"""


def test_the_memory_for_a_file_is_bounded_by_its_size(tmp_path):
    """In a process of its own: one that has had more memory before would not notice."""
    path = archive(tmp_path / "a.keras", described(
        ("InputLayer", {"batch_shape": [None, 30000, 30000, 3], "name": "in"}),
        ("GlobalAveragePooling2D", {}), ("Dense", {"units": 10**6})), written(lambda file: None))
    done = subprocess.run([sys.executable, "-c", LOAD_AND_TELL_MEGABYTES, str(path)], cwd=Path(__file__).parent,
                          capture_output=True, text=True, check=True)
    megabytes, message = done.stdout.split(" ", 1)
    assert "would be" in message
    assert float(megabytes) < 100
