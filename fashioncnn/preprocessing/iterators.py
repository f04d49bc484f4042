"""Iterators of `ImageDataGenerator` over arrays, folders and tables: data sets, and endless iterators in one."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.utils import checks, images, output
from fashioncnn.utils.dataset import PyDataset

Array = NDArray[Any]
FORMATS = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")
SUBSETS = (None, "training", "validation")


class Iterator(PyDataset):
    """Batches of numbered images; derive from it and define `_get_batches_of_transformed_samples`.

    Args:
        n: How many images there are.
        batch_size: Images of a batch.
        shuffle: Whether each pass has another order.
        seed: Where NumPy's random numbers are set to, for each batch; None: they go on.
        kwargs: See `utils.PyDataset`.
    """

    white_list_formats = FORMATS

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = n
        self.batch_size = checks.integer("batch_size", batch_size, at_least=1)
        self.shuffle, self.seed = shuffle, seed
        self.batch_index = self.total_batches_seen = 0
        self.lock = threading.Lock()
        self.index_array: Array | None = None

    @property
    def makes_in_advance(self) -> bool:
        """Whether threads make the batches in advance; else one does so in `fit`."""
        return self.workers > 1

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    def __getitem__(self, idx: int) -> Any:
        if idx >= len(self):
            raise IndexError(f"there are {len(self)} batches, got the number {idx}")
        with self.lock:
            self._seed()
            self.total_batches_seen += 1
            if self.index_array is None:
                self._set_index_array()
            assert self.index_array is not None
            chosen = self.index_array[self.batch_size * idx : self.batch_size * (idx + 1)]
        return self._get_batches_of_transformed_samples(chosen)

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        with self.lock:
            self._seed()
            if self.batch_index == 0 or self.index_array is None:
                self._set_index_array()
            assert self.index_array is not None
            first = self.batch_index * self.batch_size
            chosen = self.index_array[first : first + self.batch_size]
            self.batch_index = self.batch_index + 1 if self.n > first + self.batch_size else 0
            self.total_batches_seen += 1
        return self._get_batches_of_transformed_samples(chosen)

    next = __next__

    def _seed(self) -> None:
        if self.seed is not None:
            np.random.seed(self.seed + self.total_batches_seen)

    def _set_index_array(self) -> None:
        self.index_array = np.random.permutation(self.n) if self.shuffle else np.arange(self.n)

    def on_epoch_end(self) -> None:
        """Draws another order."""
        self._set_index_array()

    def reset(self) -> None:
        """Lets `next` begin with the first batch."""
        self.batch_index = 0

    def _get_batches_of_transformed_samples(self, index_array: Array) -> Any:
        """The batch of the images of these numbers."""
        raise NotImplementedError(f"{type(self).__name__} must define _get_batches_of_transformed_samples(self, "
                                  "index_array)")


def save_batch(batch: Array, numbers: Array, folder: Any, prefix: str, end: str, data_format: str, most: float) -> None:
    """Saves each image of a batch, under its number and a random one, so that none is overwritten."""
    for image, number in zip(batch, numbers, strict=True):
        picture = images.array_to_img(image, data_format, scale=True)
        picture.save(os.path.join(folder, f"{prefix}_{number}_{np.random.randint(int(most))}.{end}"))


class NumpyArrayIterator(Iterator):
    """Batches of images in arrays: see `ImageDataGenerator.flow`, whose arguments it takes."""

    def __init__(self, x: Any, y: Any, image_data_generator: Any, batch_size: int = 32, shuffle: bool = False,
                 sample_weight: Any = None, seed: int | None = None, data_format: str | None = None,
                 save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png", subset: str | None = None,
                 ignore_class_split: bool = False, dtype: Any = None) -> None:
        self.dtype = "float32" if dtype is None else dtype
        others: list[Any] = []
        if isinstance(x, (tuple, list)):
            x, rest = x[0], x[1]
            others = list(map(np.asarray, rest if isinstance(rest, list) else [rest]))
        x = np.asarray(x)
        if x.ndim != 4:
            raise ValueError(f"flow() takes images of four axes, got the shape {x.shape}")
        y = None if y is None else np.asarray(y)
        sample_weight = None if sample_weight is None else np.asarray(sample_weight)
        for name, array in (("y", y), ("sample_weight", sample_weight), *(("x[1]", other) for other in others)):
            if array is not None and len(array) != len(x):
                raise ValueError(f"flow() got {len(x)} images and {len(array)} rows in `{name}`; both must have the "
                                 "same number")
        checks.one_of("flow()", "subset", subset, SUBSETS)
        if subset is not None:
            count = int(len(x) * image_data_generator._validation_split)
            if y is not None and not ignore_class_split and set(np.unique(y[:count])) != set(np.unique(y[count:])):
                raise ValueError("flow(): the two subsets have different labels; shuffle images that are sorted by "
                                 "their labels, or pass ignore_class_split=True")
            rows = slice(0, count) if subset == "validation" else slice(count, None)
            x, y, others = x[rows], None if y is None else y[rows], [other[rows] for other in others]
            sample_weight = None if sample_weight is None else sample_weight[rows]
        self.x, self.x_misc, self.y, self.sample_weight = x, others, y, sample_weight
        self.data_format = images.data_format_of("flow()", data_format)
        channels = x.shape[-1 if self.data_format == "channels_last" else 1]
        if channels not in (1, 3, 4):
            warnings.warn(f"flow() got images of {channels} channels, {self.data_format}, in the shape {x.shape}; they "
                          "have 1, 3 or 4", stacklevel=3)
        self.image_data_generator = image_data_generator
        self.save_to_dir, self.save_prefix, self.save_format = save_to_dir, save_prefix, save_format
        super().__init__(len(x), batch_size, shuffle, seed)

    def _get_batches_of_transformed_samples(self, index_array: Array) -> Any:
        batch = self.image_data_generator.changed(self.x[index_array].astype(self.dtype, copy=False))
        if self.save_to_dir:
            save_batch(batch, index_array, self.save_to_dir, self.save_prefix, self.save_format, self.data_format, 1e4)
        found: tuple[Any, ...] = ([batch, *(other[index_array] for other in self.x_misc)] if self.x_misc else batch,)
        if self.y is None:
            return found[0]
        found += (self.y[index_array],)
        return found if self.sample_weight is None else (*found, self.sample_weight[index_array])


class FileIterator(Iterator):
    """Batches of pictures in files.

    Attributes:
        filenames: Their paths, relative to `directory`.
        filepaths: Their paths.
        samples: How many there are.
        classes: The number of each one's class, where there are classes.
        class_indices: The number of each class, by name.
    """

    class_modes: tuple[str | None, ...] = ()
    filenames: list[str]
    classes: Any
    class_indices: dict[str, int]
    sample_weight: Any = None

    def __init__(self, image_data_generator: Any, target_size: Sequence[int], color_mode: str, class_mode: str | None,
                 data_format: str | None, save_to_dir: Any, save_prefix: str, save_format: str, subset: str | None,
                 interpolation: str, keep_aspect_ratio: bool, dtype: Any) -> None:
        owner = "ImageDataGenerator.flow"
        checks.one_of(owner, "class_mode", class_mode, self.class_modes)
        checks.one_of(owner, "color_mode", color_mode, images.COLOR_MODES)
        checks.one_of(owner, "subset", subset, SUBSETS)
        checks.one_of(owner, "interpolation", interpolation, images.INTERPOLATIONS)
        self.image_data_generator, self.color_mode, self.class_mode = image_data_generator, color_mode, class_mode
        self.target_size = images.size_of(owner, target_size)
        self.data_format = images.data_format_of(owner, data_format)
        channels = {"rgb": 3, "rgba": 4, "grayscale": 1}[color_mode]
        self.image_shape = ((*self.target_size, channels) if self.data_format == "channels_last"
                            else (channels, *self.target_size))
        self.save_to_dir, self.save_prefix, self.save_format = save_to_dir, save_prefix, save_format
        self.subset, self.interpolation, self.keep_aspect_ratio = subset, interpolation, keep_aspect_ratio
        self.dtype = "float32" if dtype is None else dtype
        part = image_data_generator._validation_split if image_data_generator is not None else 0
        self.split = {None: None, "validation": (0, part), "training": (part, 1)}[subset]

    def _begin(self, directory: Any, batch_size: int, shuffle: bool, seed: int | None) -> None:
        """Sets what follows from the `filenames`."""
        self.filepaths = [os.path.join(directory, name) for name in self.filenames]
        self.samples = len(self.filenames)
        super().__init__(self.samples, batch_size, shuffle, seed)

    @property
    def labels(self) -> Any:
        """The label of each file."""
        return self.classes

    def _get_batches_of_transformed_samples(self, index_array: Array) -> Any:
        batch = np.empty((len(index_array), *self.image_shape), self.dtype)
        for place, number in enumerate(index_array):
            picture = images.load_img(self.filepaths[number], self.color_mode, self.target_size, self.interpolation,
                                      self.keep_aspect_ratio)
            batch[place] = images.img_to_array(picture, self.data_format)
        if self.image_data_generator is not None:
            batch = self.image_data_generator.changed(batch)
        if self.save_to_dir:
            save_batch(batch, index_array, self.save_to_dir, self.save_prefix, self.save_format, self.data_format, 1e7)
        if self.class_mode is None:
            return batch
        labels = self._labels_of(batch, index_array)
        return (batch, labels) if self.sample_weight is None else (batch, labels, self.sample_weight[index_array])

    def _labels_of(self, batch: Array, numbers: Array) -> Any:
        if self.class_mode == "input":
            return batch.copy()
        if self.class_mode == "multi_output":
            return [column[numbers] for column in self.labels]
        if self.class_mode == "raw":
            return self.labels[numbers]
        if self.class_mode == "categorical":
            rows = np.zeros((len(numbers), len(self.class_indices)), self.dtype)
            for row, number in zip(rows, numbers, strict=True):
                row[self.classes[number]] = 1
            return rows
        return np.array([self.classes[number] for number in numbers], self.dtype)


class DirectoryIterator(FileIterator):
    """Batches of pictures in folders: see `ImageDataGenerator.flow_from_directory`, whose arguments it takes.

    Raises:
        FileNotFoundError: If there is no such folder.
        DataError: When a batch is asked for, if a file is no picture, or a damaged one.
    """

    class_modes = ("categorical", "binary", "sparse", "input", None)
    allowed_class_modes = frozenset(class_modes)

    def __init__(self, directory: Any, image_data_generator: Any, target_size: Sequence[int] = (256, 256),
                 color_mode: str = "rgb", classes: Sequence[str] | None = None,
                 class_mode: str | None = "categorical", batch_size: int = 32, shuffle: bool = True,
                 seed: int | None = None, data_format: str | None = None, save_to_dir: Any = None,
                 save_prefix: str = "", save_format: str = "png", follow_links: bool = False,
                 subset: str | None = None, interpolation: str = "nearest", keep_aspect_ratio: bool = False,
                 dtype: Any = None) -> None:
        super().__init__(image_data_generator, target_size, color_mode, class_mode, data_format, save_to_dir,
                         save_prefix, save_format, subset, interpolation, keep_aspect_ratio, dtype)
        self.directory = directory
        names = list(classes) if classes else sorted(
            name for name in os.listdir(directory) if os.path.isdir(os.path.join(directory, name)))
        self.num_classes = len(names)
        self.class_indices = {name: number for number, name in enumerate(names)}
        self.filenames, numbers = [], []
        for number, name in enumerate(names):
            found = self._found(os.path.join(os.fspath(directory), name), name, follow_links)
            self.filenames += found
            numbers += [number] * len(found)
        self.classes = np.array(numbers, np.int32)
        output.write_line(f"Found {len(self.filenames)} images belonging to {self.num_classes} classes.")
        self._begin(directory, batch_size, shuffle, seed)

    def _found(self, folder: str, name: str, follow_links: bool) -> list[str]:
        """The files of a class, or those of the subset, relative to the directory."""
        found = []
        for root, _, files in sorted(os.walk(folder, followlinks=follow_links), key=lambda each: each[0]):
            inner = os.path.relpath(root, folder)
            found += [os.path.normpath(os.path.join(name, inner, file)) for file in sorted(files)
                      if file.lower().endswith(FORMATS)]
        if self.split is None:
            return found
        return found[int(self.split[0] * len(found)) : int(self.split[1] * len(found))]


class DataFrameIterator(FileIterator):
    """Batches of the pictures that a table names: see `ImageDataGenerator.flow_from_dataframe`, whose arguments it
    takes.

    Raises:
        TypeError: If a column holds something else than it should.
        ValueError: If an option is unknown, or there are not two classes where there should be.
        DataError: When a batch is asked for, if a file is no picture, or a damaged one.
    """

    class_modes = ("binary", "categorical", "input", "multi_output", "raw", "sparse", None)
    allowed_class_modes = frozenset(class_modes)

    def __init__(self, dataframe: Any, directory: Any = None, image_data_generator: Any = None,
                 x_col: str = "filename", y_col: Any = "class", weight_col: str | None = None,
                 target_size: Sequence[int] = (256, 256), color_mode: str = "rgb",
                 classes: Sequence[str] | None = None, class_mode: str | None = "categorical", batch_size: int = 32,
                 shuffle: bool = True, seed: int | None = None, data_format: str | None = "channels_last",
                 save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png", subset: str | None = None,
                 interpolation: str = "nearest", keep_aspect_ratio: bool = False, dtype: Any = "float32",
                 validate_filenames: bool = True) -> None:
        super().__init__(image_data_generator, target_size, color_mode, class_mode, data_format, save_to_dir,
                         save_prefix, save_format, subset, interpolation, keep_aspect_ratio, dtype)
        self.directory = directory or ""
        has_classes = class_mode in ("binary", "categorical", "sparse")
        if classes and not has_classes:
            warnings.warn(f"`classes` is without effect with class_mode={class_mode!r}", stacklevel=3)
        table = self._checked(dataframe, x_col, y_col, weight_col)
        if validate_filenames:
            table = table[self._valid(table[x_col].tolist(), x_col)]
        if has_classes:
            table = self._with_classes(table, y_col, classes)
        if self.split is not None:
            table = table.iloc[int(self.split[0] * len(table)) : int(self.split[1] * len(table))]
        self.filenames = table[x_col].tolist()
        self.sample_weight = table[weight_col].to_numpy() if weight_col else None
        if has_classes:
            self.classes = [self._number_of(label) for label in table[y_col]]
        elif class_mode == "raw":
            self._targets: Any = table[y_col].to_numpy()
        elif class_mode == "multi_output":
            self._targets = [np.array(table[column].tolist()) for column in y_col]
        kind = "validated" if validate_filenames else "non-validated"
        belonging = f" belonging to {len(self.class_indices)} classes" if has_classes else ""
        output.write_line(f"Found {len(self.filenames)} {kind} image filenames{belonging}.")
        self._begin(self.directory, batch_size, shuffle, seed)

    @property
    def labels(self) -> Any:
        """The label of each file."""
        return self._targets if self.class_mode in ("multi_output", "raw") else self.classes

    def _number_of(self, label: Any) -> Any:
        if isinstance(label, (list, tuple)):
            return [self.class_indices[each] for each in label]
        return self.class_indices[label]

    def _checked(self, table: Any, x_col: str, y_col: Any, weight_col: str | None) -> Any:
        """The table, if its columns hold what they should."""
        if self.class_mode == "multi_output" and not isinstance(y_col, list):
            raise TypeError(f"class_mode='multi_output' needs a list of columns as `y_col`, got {type(y_col).__name__}")
        used = [x_col, *([weight_col] if weight_col else [])]
        if self.class_mode not in ("input", None):
            used += y_col if isinstance(y_col, list) else [y_col]
        missing = [name for name in used if name not in table.columns]
        if missing:
            raise ValueError(f"the table has no column {missing[0]!r}; it has {', '.join(map(repr, table.columns))}")
        kinds: Any = {"binary": str, "sparse": str, "categorical": (str, list, tuple)}.get(str(self.class_mode))
        for column, expected in ((x_col, str), (y_col, kinds)):
            if expected is None:
                continue
            wrong = next((value for value in table[column] if not isinstance(value, expected)), None)
            if wrong is not None:
                raise TypeError(f"the column {column!r} must hold texts"
                                + (", or lists of them" if expected is not str else "")
                                + f", got {wrong!r} of type {type(wrong).__name__}")
        if weight_col and table[weight_col].dtype.kind not in "iuf":
            raise TypeError(f"the column of weights {weight_col!r} must hold numbers, got {table[weight_col].dtype}")
        return table

    def _valid(self, names: list[str], x_col: str) -> Array:
        """Which rows name a file that may be a picture. Warns of the others."""
        valid = np.array([name.lower().endswith(FORMATS) and os.path.isfile(os.path.join(self.directory, name))
                          for name in names], bool)
        if not valid.all():
            warnings.warn(f"{(~valid).sum()} of {len(names)} names in the column {x_col!r} are no pictures, or not "
                          "there, and are left out", stacklevel=4)
        return valid

    def _with_classes(self, table: Any, y_col: str, classes: Sequence[str] | None) -> Any:
        """The rows whose labels are classes, and nothing else."""
        labels = table[y_col].tolist()
        if classes:
            names = list(dict.fromkeys(classes))
            labels = [[each for each in label if each in names] or None if isinstance(label, (list, tuple))
                      else label if label in names else None for label in labels]
            table = table.assign(**{y_col: labels})[[label is not None for label in labels]]
        else:
            names = sorted({each for label in labels
                            for each in (label if isinstance(label, (list, tuple)) else [label])})
        if self.class_mode == "binary" and len(names) != 2:
            raise ValueError(f"class_mode='binary' needs two classes, got {len(names)}: {', '.join(names)}")
        self.class_indices = {name: number for number, name in enumerate(names)}
        return table
