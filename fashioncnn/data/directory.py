"""`utils.image_dataset_from_directory`: pictures in folders, one folder a class, as a `Dataset`.

Files are found, ordered, shuffled and split as in Keras, so that a seed gives the same split.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.data.dataset import AUTOTUNE, Dataset
from fashioncnn.utils import checks, images, output, resizing

OWNER = "image_dataset_from_directory()"
FORMATS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_MODES = {"rgb": "RGB", "rgba": "RGBA", "grayscale": "L"}


def image_dataset_from_directory(
        directory: Any, labels: Any = "inferred", label_mode: str | None = "int", class_names: Any = None,
        color_mode: str = "rgb", batch_size: int | None = 32, image_size: Any = (256, 256), shuffle: bool = True,
        seed: int | None = None, validation_split: float | None = None, subset: str | None = None,
        interpolation: str = "bilinear", follow_links: bool = False, crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False, data_format: str | None = None, format: str = "tf",
        verbose: bool = True) -> Any:
    """The pictures below a folder as a `data.Dataset` of batches; they are read when they are asked for.

    Files may end in .bmp, .gif (the first picture), .jpeg, .jpg or .png. Pixels go from 0 to 255, in float32, or in
    uint8 where `interpolation` is "nearest".

    Args:
        directory: The folder. With "inferred" labels each folder in it is a class.
        labels: "inferred"; or a list of integers, one for each file in the order of their paths; or None: none.
        label_mode: "int": int32 labels; "categorical": rows of ones and zeros; "binary": 0.0 or 1.0, for two classes;
            None: no labels.
        class_names: The folders that are classes, in the order of their numbers; None: all, sorted.
        color_mode: "rgb", "rgba" or "grayscale".
        batch_size: Images of a batch; None: single images.
        image_size: (height, width), to which each picture is brought.
        shuffle: Whether the files come in a random order, another one in each pass; else they are sorted.
        seed: Of that order and of the split; None: it follows from NumPy's global seed.
        validation_split: Which part of the files is the validation's, from the end of the order.
        subset: "training", "validation", or "both" for a list of the two data sets.
        interpolation: "bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian" or "mitchellcubic".
        follow_links: Whether to go into folders that are links.
        crop_to_aspect_ratio: Whether the largest window in the middle that has the size's proportions is taken.
        pad_to_aspect_ratio: Whether black is put around the whole picture instead.
        data_format: None or "channels_last"; "channels_first".
        format: "tf".
        verbose: Whether to print how many files were found.

    Returns:
        The data set, with the attributes `class_names` and `file_paths`; for "both" a list of two.

    Shapes:
        elements (N, height, width, channels), and labels (N,), (N, 1) or (N, classes)

    Raises:
        ValueError: If an argument does not fit, or there are no pictures.
        FileNotFoundError: If there is no such folder.
        DataError: In a pass, if a file is no picture or a damaged one; it is named.
        ImportError: If Pillow is not installed.

    Example:
        >>> import pathlib, tempfile
        >>> from fashioncnn.utils import save_img
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("bag", "shoe"):
        ...         pathlib.Path(folder, name).mkdir()
        ...         save_img(f"{folder}/{name}/1.png", np.zeros((28, 28, 1)))
        ...     data = image_dataset_from_directory(folder, color_mode="grayscale", image_size=(28, 28), seed=1)
        ...     for images, labels in data:
        ...         print(data.class_names, images.shape, sorted(labels.tolist()))
        Found 2 files belonging to 2 classes.
        ['bag', 'shoe'] (2, 28, 28, 1) [0, 1]
    """
    _check(labels, label_mode, class_names, validation_split, subset, shuffle, seed)
    if labels is None or label_mode is None:
        labels = label_mode = None
    checks.one_of(OWNER, "color_mode", color_mode, images.COLOR_MODES)
    size = resizing.size_of(OWNER, (image_size, image_size) if isinstance(image_size, int) else image_size)
    method = checks.one_of(OWNER, "interpolation", str(interpolation).lower(), resizing.METHODS)
    checks.one_of(OWNER, "format", format, ("tf",))
    if batch_size is not None:
        batch_size = checks.integer("batch_size", batch_size, at_least=1)
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError(f"{OWNER} got both `crop_to_aspect_ratio` and `pad_to_aspect_ratio`; give one of them")
    images.pillow()
    fit = "crop" if crop_to_aspect_ratio else "pad" if pad_to_aspect_ratio else "distort"
    reader = Reader(color_mode, size, method, fit, images.data_format_of(OWNER, data_format))
    if seed is None:
        seed = int(np.random.randint(1_000_000))
    directory = os.fspath(directory)
    files = found(directory, labels, FORMATS, class_names, shuffle, seed, follow_links, verbose)
    if label_mode == "binary" and len(files.class_names or ()) != 2:
        raise ValueError(f"{OWNER} got label_mode='binary', which needs two classes, and found {files.class_names}")
    parts = [files] if not validation_split else files.split(validation_split, directory)
    chosen = {None: parts, "both": parts, "training": parts[:1], "validation": parts[1:]}[subset]
    made = []
    for part in chosen:
        shuffles = shuffle and not (subset == "both" and part is parts[-1])
        if verbose and validation_split:
            kind = "training" if part is parts[0] else "validation"
            output.write_line(f"Using {len(part.paths)} files for {kind}.")
        made.append(_dataset(part, label_mode, reader, batch_size, seed if shuffles else None))
    return made if subset == "both" else made[0]


def _check(labels: Any, label_mode: Any, class_names: Any, validation_split: Any, subset: Any, shuffle: Any,
           seed: Any) -> None:
    is_list = isinstance(labels, (list, tuple, np.ndarray))
    if not is_list and labels not in ("inferred", None):
        raise ValueError(f"{OWNER} got labels={labels!r}; expected 'inferred', None, or a list of integers, one for "
                         "each file")
    if is_list and class_names:
        raise ValueError(f"{OWNER} got `class_names`, which go with labels='inferred'")
    checks.one_of(OWNER, "label_mode", label_mode, ("int", "categorical", "binary", None))
    checks.one_of(OWNER, "subset", subset, ("training", "validation", "both", None))
    if validation_split is not None and validation_split != 0:
        checks.number("validation_split", validation_split, above=0, below=1)
    if bool(validation_split) != bool(subset):
        raise ValueError(f"{OWNER} needs both `validation_split` and `subset`, or none of them; got "
                         f"validation_split={validation_split} and subset={subset!r}")
    if validation_split and shuffle and seed is None:
        raise ValueError(f"{OWNER} needs a `seed` where files are shuffled and split: else the two parts, made by two "
                         "calls, might overlap")


class Files:
    """Paths, with the labels that belong to them."""

    def __init__(self, paths: list[str], labels: NDArray[np.int32] | None, class_names: list[str] | None) -> None:
        self.paths, self.labels, self.class_names = paths, labels, class_names

    def split(self, part: float, directory: str) -> list[Files]:
        """Those for training, and the last ones for validation.

        Raises:
            ValueError: If there are none for one of them.
        """
        count = len(self.paths) - int(part * len(self.paths))
        if count in (0, len(self.paths)):
            raise ValueError(f"{OWNER}: validation_split={part} leaves one part of the {len(self.paths)} files in "
                             f"{directory} empty")
        return [Files(self.paths[rows], None if self.labels is None else self.labels[rows], self.class_names)
                for rows in (slice(0, count), slice(count, None))]


def found(directory: str, labels: Any, formats: tuple[str, ...], class_names: Sequence[str] | None, shuffle: bool,
          seed: int, follow_links: bool, verbose: bool) -> Files:
    """The files below a folder, in Keras's order.

    Raises:
        ValueError: If there are none, or labels or class names do not fit.
        OSError: If a folder cannot be read.
    """
    inferred = isinstance(labels, str)
    folders = [""]
    if inferred:
        folders = sorted(name for name in os.listdir(directory)
                         if os.path.isdir(os.path.join(directory, name)) and not name.startswith("."))
        if class_names is not None:
            missing = [name for name in class_names if name not in folders]
            if missing:
                raise ValueError(f"{OWNER} got class_names={list(class_names)}; the folders in {directory} are "
                                 f"{folders}")
            folders = list(class_names)
    elif class_names is not None:
        raise ValueError(f"{OWNER} got `class_names`, which go with labels='inferred'")
    elif not os.path.isdir(directory):
        raise FileNotFoundError(f"{directory}: no such folder")
    by_folder = [list(_files(os.path.join(directory, folder), formats, follow_links)) for folder in folders]
    paths = [path for group in by_folder for path in group]
    if not paths:
        hint = "; with labels='inferred' they lie in folders, one for each class" if inferred else ""
        raise ValueError(f"{OWNER} found no images in {directory}, which end in {', '.join(formats)}{hint}")
    numbers, names = None, None
    if inferred:
        numbers = np.repeat(np.arange(len(folders), dtype=np.int32), [len(group) for group in by_folder])
        names = folders
    elif labels is not None:
        if len(labels) != len(paths):
            raise ValueError(f"{OWNER} got {len(labels)} labels, and found {len(paths)} files in {directory}")
        for label in labels:
            if isinstance(label, str):
                raise checks.ArgumentError(f"{OWNER} got the label {label!r}; `labels` are integers, one for each file "
                                           "in the order of their paths: numbers of names are made by "
                                           "`np.unique(names, return_inverse=True)[1].tolist()`")
        numbers = np.array([checks.integer("labels", label, at_least=0) for label in labels], np.int32)
        names = [str(label) for label in np.unique(numbers)]
    if verbose:
        belonging = f" belonging to {len(names)} classes" if names is not None else ""
        output.write_line(f"Found {len(paths)} files{belonging}.")
    if shuffle:
        np.random.RandomState(seed).shuffle(paths)
        if numbers is not None:
            np.random.RandomState(seed).shuffle(numbers)
    return Files(paths, numbers, names)


def _files(folder: str, formats: tuple[str, ...], follow_links: bool) -> Iterator[str]:
    def fail(error: OSError) -> None:
        raise error

    for root, _, names in sorted(os.walk(folder, onerror=fail, followlinks=follow_links), key=lambda each: each[0]):
        for name in sorted(names):
            if name.lower().endswith(formats):
                yield os.path.join(folder, os.path.relpath(os.path.join(root, name), folder))


class Reader:
    """Reads files as images of one size.

    Args:
        color_mode: "rgb", "rgba" or "grayscale".
        size: Height and width.
        method: See `resizing.resized`.
        fit: "crop", "pad" or "distort": what becomes of other proportions.
        data_format: "channels_last" or "channels_first".
    """

    def __init__(self, color_mode: str, size: tuple[int, int], method: str, fit: str, data_format: str) -> None:
        self._mode, self._size, self._method = _MODES[color_mode], size, method
        self._resize = {"crop": resizing.resized_with_crop, "pad": resizing.resized_with_pad,
                        "distort": resizing.resized}[fit]
        self._first = data_format == "channels_first"

    def read(self, path: Any) -> NDArray[Any]:
        """The image in a file.

        Raises:
            DataError: If it is no picture, or a damaged one.
            OSError: If it cannot be read.
        """
        pixels = images.read_picture(path, lambda picture: pixels_of(picture, self._mode))
        image = self._resize(pixels, *self._size, self._method)
        return np.ascontiguousarray(image.transpose(2, 0, 1)) if self._first else image


def pixels_of(picture: Any, mode: str) -> NDArray[np.uint8]:
    """A picture in 8 bits a channel, (H, W, C); of 16 bits the upper 8 are taken, as in TensorFlow."""
    if picture.mode.startswith("I"):
        wide = np.asarray(picture).astype(np.int64).clip(0, 65535) >> 8
        picture = images.pillow().fromarray(wide.astype(np.uint8))
    pixels = np.asarray(picture if picture.mode == mode else picture.convert(mode))
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def _dataset(files: Files, label_mode: str | None, reader: Reader, batch_size: int | None,
             seed: int | None) -> Dataset:
    """Batches of images and labels; in a random order if there is a seed."""
    paths: Any = np.array(files.paths, object)
    elements: Any = paths
    if files.labels is not None:
        labels: Any = files.labels
        if label_mode == "binary":
            labels = labels.astype(np.float32)[:, np.newaxis]
        elif label_mode == "categorical":
            labels = np.eye(len(files.class_names or ()), dtype=np.float32)[labels]
        elements = (paths, labels)
    data = Dataset.from_tensor_slices(elements)
    if seed is not None:
        data = data.shuffle(1024 if batch_size is None else 8 * batch_size, seed)

    def read(path: Any, *label: Any) -> Any:
        image = reader.read(path.item())
        return (image, *label) if label else image

    data = data.map(read, num_parallel_calls=AUTOTUNE)
    if batch_size is not None:
        data = data.batch(batch_size)
    data = data.prefetch(AUTOTUNE)
    data.class_names, data.file_paths = files.class_names, files.paths
    return data
