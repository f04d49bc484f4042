"""Whole models to and from files: what each ending stands for, and Keras's .keras files."""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Mapping
from typing import IO, Any

from fashioncnn._core import DataError
from fashioncnn.saving import layout, legacy
from fashioncnn.saving.files import replace_folder, replacing
from fashioncnn.saving.hdf5 import Hdf5File, written
from fashioncnn.saving.limits import MAX_FILE, MAX_JSON, parse_json, read_file, read_members
from fashioncnn.saving.making import compiled, made
from fashioncnn.saving.weights import WEIGHTS_MEMBER, refuse_overwriting
from fashioncnn.utils import absent, checks
from fashioncnn.utils.keywords import told

_METADATA, _CONFIG = "metadata.json", "config.json"
LEGACY_ENDINGS = (".h5", ".hdf5")
MODEL_FILE_ENDINGS = (".keras", *LEGACY_ENDINGS)


class MissingFileError(FileNotFoundError, ValueError):
    """There is no such file: FileNotFoundError, as Python has it, and ValueError, as Keras has it."""


@told
def save_model(model: Any, filepath: str | bytes | os.PathLike[str], overwrite: bool = True, zipped: bool | None = None,
               *, include_optimizer: bool = True, save_format: str | None = None) -> None:
    """Writes a whole model to a file that `load_model` and Keras read. Needs the extra "hdf5".

    What is kept: the layers and how they are connected, the weights, how the model was compiled, and the state of the
    optimizer, so that training goes on. The file is written whole or not at all.

    Args:
        model: The model.
        filepath: Ends in .keras; or in .h5 or .hdf5, the older format. With ``zipped=False`` a folder, whose name does
            not end so.
        overwrite: Whether what exists is replaced.
        zipped: Whether it is one file, and not a folder with what would be in a .keras file; None: it is.
        include_optimizer: Whether it is kept how the model was compiled, and the state of the optimizer.
        save_format: None; what older scripts give here is in the file's ending.

    Raises:
        FileExistsError: If there is a file and `overwrite` is False.
        NotImplementedError: If a layer has something that cannot be described, as a lambda. How the model was compiled
            is left out, with a warning, where that cannot be described.
        OSError: If the file cannot be written; one that existed is still there.
        ValueError: If `filepath` has another ending.

    Example:
        >>> import os, tempfile
        >>> from fashioncnn import Input, Sequential, layers
        >>> path = os.path.join(tempfile.mkdtemp(), "model.keras")
        >>> save_model(Sequential([Input((4,)), layers.Dense(3)]), path)
        >>> load_model(path).output_shape
        (None, 3)
    """
    path = os.fsdecode(filepath)
    is_file = zipped is None or checks.truth("zipped", zipped)
    if not is_file and path.endswith(MODEL_FILE_ENDINGS):
        raise ValueError(f"save_model(): zipped=False makes a folder, whose name should not end as {path!r} does")
    if is_file and not path.endswith(MODEL_FILE_ENDINGS):
        given = f"; save_format={save_format!r} does not replace it" if save_format else ""
        raise ValueError(f"Invalid filepath extension for saving: {path!r}. Please add either a `.keras` extension, "
                         f"for Keras's own format, or `.h5`, for the older one{given}. `Model.export` writes files for "
                         "other programs")
    refuse_overwriting(path, overwrite)
    if not path.endswith(LEGACY_ENDINGS) and not model.built:
        warnings.warn(f"model '{model.name}' is not built yet and has no weights; the file has its layers only",
                      stacklevel=3)
    if not is_file:
        replace_folder(path, _contents(model, include_optimizer))
        return
    with replacing(path) as file:
        (_write if path.endswith(".keras") else legacy.write_model)(file, model, include_optimizer)


@told
def load_model(filepath: str | bytes | os.PathLike[str], custom_objects: Mapping[str, Any] | None = None,
               compile: bool = True, safe_mode: bool = True) -> Any:
    """The model that `save_model` or Keras wrote to a file. Needs the extra "hdf5".

    A file can do nothing but make a model: code in it is never run, classes must be known, no other file is opened, and
    memory is taken for no more than the file's size.

    Args:
        filepath: Ends in .keras, .h5 or .hdf5; or a folder that `save_model` made.
        custom_objects: Your own classes and functions that the file names.
        compile: Whether the model is compiled as it was, with the state of its optimizer.
        safe_mode: Without effect: no file is trusted.

    Raises:
        DataError: If the file is damaged, or asks for what is not known.
        NotImplementedError: If it holds code, or needs what fashioncnn does not have.
        OSError: If it cannot be read.
        ValueError: If `filepath` has another ending.
    """
    path = os.fsdecode(filepath)
    if path.endswith(MODEL_FILE_ENDINGS) and not os.path.exists(path):
        raise MissingFileError(errno.ENOENT, "File not found", path)
    if path.endswith(LEGACY_ENDINGS):
        return legacy.read_model(path, custom_objects, compile)
    if not path.endswith(".keras") and not os.path.isfile(os.path.join(path, _CONFIG)):
        raise ValueError(f"File format not supported: filepath={path!r}; supported: names that end in .keras, or in "
                         ".h5 or .hdf5 for the older format")
    return _read(path, custom_objects, compile)


def _write(file: IO[bytes], model: Any, include_optimizer: bool) -> None:
    import zipfile

    with zipfile.ZipFile(file, "w") as archive:
        for name, content in _contents(model, include_optimizer).items():
            archive.writestr(zipfile.ZipInfo(name), content)


def _refuse_assets(model: Any) -> None:
    """Raises NotImplementedError if a class in a model has files of its own to keep."""
    for owner in layout.owners(model, with_optimizers=False):
        for name in ("save_assets", "load_assets"):
            if callable(getattr(owner.value, name, None)):
                raise NotImplementedError(f"assets in files, which {type(owner.value).__name__}.{name}() is about, are "
                                          "not supported by fashioncnn; save_own_variables() may keep arrays")


def _contents(model: Any, include_optimizer: bool) -> dict[str, bytes]:
    """The members of a .keras file, by name."""
    import datetime
    import json

    _refuse_assets(model)
    config = dict(layout.described(model))
    if not include_optimizer:
        config["compile_config"] = {}
    metadata = {"keras_version": absent.keras_names()["keras"],
                "date_saved": datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S")}
    weights = written(lambda target: layout.write(target, model, include_optimizer) if model.built else None)
    return {_METADATA: json.dumps(metadata).encode(), _CONFIG: json.dumps(config).encode(), WEIGHTS_MEMBER: weights}


def _read(path: str, custom_objects: Mapping[str, Any] | None, compile: bool) -> Any:
    members = _members(path)
    config, weights = parse_json(f"{path}: {_CONFIG}", members[_CONFIG]), members[WEIGHTS_MEMBER]
    compile_config = config.pop("compile_config", None)
    model = made(f"{path}: {_CONFIG}", config, custom_objects, len(weights) // 4)
    if compile and compile_config:
        compiled(f"{path}: {_CONFIG}", model, compile_config, custom_objects)
    _refuse_assets(model)
    if model.built:
        where = f"{path}: {WEIGHTS_MEMBER}"
        with Hdf5File.opened(where, weights) as file:
            try:
                values = layout.read(file, model)
            except DataError:
                raise
            except ValueError as error:
                raise DataError(f"{path}: damaged file ({error})") from error
        layout.assign(values)
    return model


def _members(path: str) -> dict[str, bytes]:
    """What is in a .keras file, or in a folder of the same."""
    if not os.path.isdir(path):
        return read_members(path, (_METADATA, _CONFIG, WEIGHTS_MEMBER))
    limits = {_CONFIG: MAX_JSON, WEIGHTS_MEMBER: MAX_FILE}
    return {name: read_file(os.path.join(path, name), at_most) for name, at_most in limits.items()}
