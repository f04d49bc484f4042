"""`ImageDataGenerator`: batches of images that are changed at random, from arrays, folders and tables.

Random numbers come from NumPy's global ones, in Keras's order: after ``np.random.seed`` the same images are changed in
the same way. Affine changes of a batch are one call of the core.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.preprocessing import iterators
from fashioncnn.preprocessing.affine import apply_affine_transform, batch_transformed, check_options
from fashioncnn.preprocessing.shifts import apply_brightness_shift, apply_channel_shift
from fashioncnn.utils import checks, images, overrides

Array = NDArray[Any]
Parameters = dict[str, Any]
_OLD_OF_DATAFRAMES = ("has_ext", "sort", "drop_duplicates")


class ImageDataGenerator:
    """Changes images at random, and normalizes them.

    In this order: the affine changes in one, `channel_shift_range`, the flips, `brightness_range`,
    `preprocessing_function`, `rescale`, what is samplewise, what is featurewise, `zca_whitening`. Layers, as
    `layers.RandomFlip`, do some of it within a model.

    Args:
        featurewise_center: Whether the mean of all images, of each channel, is subtracted; see `fit`.
        samplewise_center: Whether each image's mean is subtracted.
        featurewise_std_normalization: Whether it is divided by the deviation of all images, of each channel.
        samplewise_std_normalization: Whether each image is divided by its deviation.
        zca_whitening: Whether pixels are decorrelated.
        zca_epsilon: What is added to the singular values then.
        rotation_range: At most so many degrees, either way.
        width_shift_range: A number below 1: a part of the width; from 1 on: pixels, whole ones of an int; or a list of
            pixels to choose from, with either sign. As in Keras 3, images move so far up or down.
        height_shift_range: The same of the height; they move so far to the left or right.
        brightness_range: Two factors: see `apply_brightness_shift`.
        shear_range: At most so many degrees, either way.
        zoom_range: Two factors, or one number r for 1 - r and 1 + r.
        channel_shift_range: At most so much is added, or subtracted.
        fill_mode: See `apply_affine_transform`.
        cval: The constant.
        horizontal_flip: Whether every other image is mirrored.
        vertical_flip: Whether every other image stands on its head.
        rescale: A factor for all pixels; None or 0: none.
        preprocessing_function: Called with each image, after it was changed.
        data_format: None or "channels_last", or "channels_first".
        validation_split: Which part `subset` "validation" of `flow` and its kin has.
        interpolation_order: 1: bilinear; 0: the nearest pixel.
        dtype: Of the images; None: float32.

    Raises:
        TypeError: If a keyword is unknown.
        ValueError: If an argument is out of range or not supported.

    Example:
        >>> np.random.seed(1)
        >>> generator = ImageDataGenerator(rotation_range=15, horizontal_flip=True, rescale=1 / 255)
        >>> batches = generator.flow(np.zeros((50, 28, 28, 1)), np.arange(50), batch_size=32)
        >>> len(batches), batches[0][0].shape
        (2, (32, 28, 28, 1))
    """

    def __init__(self, featurewise_center: bool = False, samplewise_center: bool = False,
                 featurewise_std_normalization: bool = False, samplewise_std_normalization: bool = False,
                 zca_whitening: bool = False, zca_epsilon: float = 1e-6, rotation_range: float = 0,
                 width_shift_range: Any = 0.0, height_shift_range: Any = 0.0,
                 brightness_range: Sequence[float] | None = None, shear_range: float = 0.0, zoom_range: Any = 0.0,
                 channel_shift_range: float = 0.0, fill_mode: str = "nearest", cval: float = 0.0,
                 horizontal_flip: bool = False, vertical_flip: bool = False, rescale: float | None = None,
                 preprocessing_function: Callable[[Any], Any] | None = None, data_format: str | None = None,
                 validation_split: float = 0.0, interpolation_order: int = 1, dtype: Any = None) -> None:
        check_options("ImageDataGenerator", fill_mode, interpolation_order)
        self.data_format = images.data_format_of("ImageDataGenerator", data_format)
        is_last = self.data_format == "channels_last"
        self.channel_axis, self.row_axis, self.col_axis = (3, 1, 2) if is_last else (1, 2, 3)
        self.featurewise_center = featurewise_center
        self.samplewise_center = samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening, self.zca_epsilon = zca_whitening, zca_epsilon
        self.rotation_range, self.shear_range = rotation_range, shear_range
        self.channel_shift_range = channel_shift_range
        self.width_shift_range, self.height_shift_range = width_shift_range, height_shift_range
        self.zoom_range = _zoom(zoom_range)
        self.brightness_range = brightness_range
        if brightness_range is not None and (not isinstance(brightness_range, (tuple, list))
                                             or len(brightness_range) != 2):
            raise ValueError(f"`brightness_range` must be a tuple or list of two numbers, got {brightness_range!r}")
        self.fill_mode, self.cval, self.interpolation_order = fill_mode, cval, interpolation_order
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.rescale, self.preprocessing_function = rescale, preprocessing_function
        self.dtype = "float32" if dtype is None else dtype
        if validation_split:
            checks.number("validation_split", validation_split, above=0, below=1)
        self._validation_split = validation_split
        self.mean: Array | None = None
        self.std: Array | None = None
        self.zca_whitening_matrix: Array | None = None
        self._settle_normalization()

    def _settle_normalization(self) -> None:
        """What each normalization needs, or excludes, is set; it is warned of."""
        for wanted, center in (("zca_whitening", "featurewise_center"),
                               ("featurewise_std_normalization", "featurewise_center"),
                               ("samplewise_std_normalization", "samplewise_center")):
            if wanted == "featurewise_std_normalization" and self.zca_whitening and getattr(self, wanted):
                warnings.warn(f"zca_whitening=True sets {wanted} to False", stacklevel=3)
                self.featurewise_std_normalization = False
            elif getattr(self, wanted) and not getattr(self, center):
                warnings.warn(f"{wanted}=True sets {center} to True", stacklevel=3)
                setattr(self, center, True)

    def flow(self, x: Any, y: Any = None, batch_size: int = 32, shuffle: bool = True, sample_weight: Any = None,
             seed: int | None = None, save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png",
             ignore_class_split: bool = False, subset: str | None = None) -> iterators.NumpyArrayIterator:
        """Batches of images in arrays.

        Args:
            x: Images of four axes; or such, and one array or a list of arrays that go with them unchanged.
            y: Labels, or None.
            batch_size: Images of a batch.
            shuffle: Whether each pass has another order.
            sample_weight: A weight for each image, or None.
            seed: Where NumPy's random numbers are set to, for each batch; None: they go on.
            save_to_dir: A folder where every image that is made is saved; None: none.
            save_prefix: How their names begin.
            save_format: What they end in.
            ignore_class_split: Whether the two subsets may have different labels.
            subset: "training" or "validation", which is the first `validation_split` of the images; None: all.

        Returns:
            A `utils.PyDataset`, which is also an iterator without end.
        """
        return iterators.NumpyArrayIterator(x, y, self, batch_size, shuffle, sample_weight, seed, self.data_format,
                                            save_to_dir, save_prefix, save_format, subset, ignore_class_split,
                                            self.dtype)

    def flow_from_directory(self, directory: Any, target_size: Sequence[int] = (256, 256), color_mode: str = "rgb",
                            classes: Sequence[str] | None = None, class_mode: str | None = "categorical",
                            batch_size: int = 32, shuffle: bool = True, seed: int | None = None,
                            save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png",
                            follow_links: bool = False, subset: str | None = None, interpolation: str = "nearest",
                            keep_aspect_ratio: bool = False) -> iterators.DirectoryIterator:
        """Batches of pictures in folders, one folder a class.

        Args:
            directory: The folder around them.
            target_size: Height and width.
            color_mode: "rgb", "rgba" or "grayscale".
            classes: The folders that are classes; None: all, sorted.
            class_mode: "categorical": rows of ones and zeros; "binary" and "sparse": numbers; "input": the images
                themselves; None: no labels.
            batch_size: See `flow`.
            shuffle: See `flow`.
            seed: See `flow`.
            save_to_dir: See `flow`.
            save_prefix: See `flow`.
            save_format: See `flow`.
            follow_links: Whether to go into folders that are links.
            subset: "training" or "validation", which is the first `validation_split` of each class; None: all.
            interpolation: See `utils.load_img`.
            keep_aspect_ratio: See `utils.load_img`.
        """
        return iterators.DirectoryIterator(directory, self, target_size, color_mode, classes, class_mode, batch_size,
                                           shuffle, seed, self.data_format, save_to_dir, save_prefix, save_format,
                                           follow_links, subset, interpolation, keep_aspect_ratio, self.dtype)

    def flow_from_dataframe(self, dataframe: Any, directory: Any = None, x_col: str = "filename",
                            y_col: Any = "class", weight_col: str | None = None,
                            target_size: Sequence[int] = (256, 256), color_mode: str = "rgb",
                            classes: Sequence[str] | None = None, class_mode: str | None = "categorical",
                            batch_size: int = 32, shuffle: bool = True, seed: int | None = None,
                            save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png",
                            subset: str | None = None, interpolation: str = "nearest",
                            validate_filenames: bool = True, **kwargs: Any) -> iterators.DataFrameIterator:
        """Batches of the pictures that a table of pandas names.

        Args:
            dataframe: The table.
            directory: What its paths begin with; None: nothing.
            x_col: The column of paths.
            y_col: The column of labels; for "multi_output" a list of columns.
            weight_col: The column of weights; None: none.
            target_size: See `flow_from_directory`.
            color_mode: See `flow_from_directory`.
            classes: The labels that are classes, in order; None: all, sorted.
            class_mode: As for `flow_from_directory`, where a label of "categorical" may be a list of classes; "raw":
                what is in the column; "multi_output": a list of what is in several.
            batch_size: See `flow`.
            shuffle: See `flow`.
            seed: See `flow`.
            save_to_dir: See `flow`.
            save_prefix: See `flow`.
            save_format: See `flow`.
            subset: "training" or "validation", which is the first `validation_split` of the rows; None: all.
            interpolation: See `utils.load_img`.
            validate_filenames: Whether rows whose file is no picture, or not there, are left out, with a warning.
            kwargs: Old ones: "has_ext", "sort" and "drop_duplicates" are without effect.
        """
        for name in kwargs:
            if name not in _OLD_OF_DATAFRAMES:
                raise TypeError(f"flow_from_dataframe() got an unexpected keyword argument '{name}'")
            warnings.warn(f"`{name}` of flow_from_dataframe() is old and without effect", DeprecationWarning,
                          stacklevel=2)
        class_mode = "raw" if class_mode == "other" else class_mode
        return iterators.DataFrameIterator(dataframe, directory, self, x_col, y_col, weight_col, target_size,
                                           color_mode, classes, class_mode, batch_size, shuffle, seed,
                                           self.data_format, save_to_dir, save_prefix, save_format, subset,
                                           interpolation, False, self.dtype, validate_filenames)

    def get_random_transform(self, img_shape: Sequence[int], seed: int | None = None) -> Parameters:
        """The parameters of a random change, for `apply_transform`.

        Args:
            img_shape: The image's shape.
            seed: Where NumPy's random numbers are set to; None: they go on.
        """
        if seed is not None:
            np.random.seed(seed)
        found: Parameters = {"theta": _either_way(self.rotation_range) if self.rotation_range else 0}
        found["tx"] = _shift(self.height_shift_range, img_shape[self.row_axis - 1])
        found["ty"] = _shift(self.width_shift_range, img_shape[self.col_axis - 1])
        found["shear"] = _either_way(self.shear_range) if self.shear_range else 0
        low, high = self.zoom_range
        found["zx"], found["zy"] = (1, 1) if low == high == 1 else (_between(low, high), _between(low, high))
        found["flip_horizontal"] = (np.random.random_sample() < 0.5) * self.horizontal_flip
        found["flip_vertical"] = (np.random.random_sample() < 0.5) * self.vertical_flip
        found["channel_shift_intensity"] = _either_way(self.channel_shift_range) if self.channel_shift_range else None
        found["brightness"] = None if self.brightness_range is None else _between(*self.brightness_range)
        return found

    def apply_transform(self, x: Any, transform_parameters: Mapping[str, Any]) -> Array:
        """An image after a change.

        Args:
            x: One image of three axes.
            transform_parameters: "theta", "tx", "ty", "shear", "zx", "zy": see `apply_affine_transform`;
                "flip_horizontal", "flip_vertical", "channel_shift_intensity", "brightness". What is missing, or None,
                does nothing.
        """
        affine = {name: transform_parameters[name] for name in ("theta", "tx", "ty", "shear", "zx", "zy")
                  if name in transform_parameters}
        image = apply_affine_transform(x, **affine, row_axis=self.row_axis - 1, col_axis=self.col_axis - 1,
                                       channel_axis=self.channel_axis - 1, fill_mode=self.fill_mode, cval=self.cval,
                                       order=self.interpolation_order)
        return self._recoloured(image, transform_parameters)

    def _recoloured(self, image: Any, parameters: Mapping[str, Any]) -> Array:
        """What comes after the affine changes."""
        if parameters.get("channel_shift_intensity") is not None:
            image = apply_channel_shift(image, parameters["channel_shift_intensity"], self.channel_axis - 1)
        if parameters.get("flip_horizontal", False):
            image = np.flip(image, self.col_axis - 1)
        if parameters.get("flip_vertical", False):
            image = np.flip(image, self.row_axis - 1)
        if parameters.get("brightness") is not None:
            image = apply_brightness_shift(image, parameters["brightness"], False)
        return np.asarray(image)

    def random_transform(self, x: Any, seed: int | None = None) -> Array:
        """An image after a random change: see `get_random_transform` and `apply_transform`."""
        return self.apply_transform(x, self.get_random_transform(np.shape(x), seed))

    def standardize(self, x: Any) -> Any:
        """An image, or a batch, after the normalization; floats are changed where they are.

        "Samplewise" means here: by what all that is passed has.
        """
        if self.preprocessing_function:
            x = self.preprocessing_function(x)
        return self._normalized(x, None)

    def _normalized(self, x: Any, axes: tuple[int, ...] | None) -> Any:
        if self.rescale:
            x *= self.rescale
        if self.samplewise_center:
            x -= np.mean(x, axis=axes, keepdims=True)
        if self.samplewise_std_normalization:
            x /= np.std(x, axis=axes, keepdims=True) + 1e-6
        if (mean := self._fitted("featurewise_center", self.mean)) is not None:
            x -= mean
        if (deviation := self._fitted("featurewise_std_normalization", self.std)) is not None:
            x /= deviation + 1e-6
        if (matrix := self._fitted("zca_whitening", self.zca_whitening_matrix)) is not None:
            x = (x.reshape(-1, math.prod(x.shape[-3:])) @ matrix).reshape(x.shape)
        return x

    def _fitted(self, option: str, value: Array | None) -> Array | None:
        """What an option needs, if it is set; warns where `fit` has not found it yet."""
        if not getattr(self, option):
            return None
        if value is None:
            warnings.warn(f"ImageDataGenerator: {option}=True is without effect until fit(x) has seen images",
                          stacklevel=4)
        return value

    def changed(self, batch: Array) -> Array:
        """A batch after random changes and the normalization, in Keras's order of random numbers; it may change."""
        if len(batch) == 0:
            return batch
        one_by_one = self.preprocessing_function is not None or overrides.overridden(
            self, ["get_random_transform", "apply_transform", "standardize"])
        if one_by_one:
            for place, image in enumerate(batch):
                parameters = self.get_random_transform(image.shape)
                batch[place] = self.standardize(self.apply_transform(image.astype(self.dtype), parameters))
            return batch
        found = [self.get_random_transform(batch.shape[1:]) for _ in range(len(batch))]
        result = batch_transformed(batch, found, self.channel_axis, self.fill_mode, self.cval, self.interpolation_order)
        for place, parameters in enumerate(found):
            if parameters["flip_horizontal"] or parameters["flip_vertical"] or any(
                    parameters[name] is not None for name in ("channel_shift_intensity", "brightness")):
                result[place] = self._recoloured(result[place], parameters)
        return np.asarray(self._normalized(result, (1, 2, 3)), self.dtype)

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Finds the mean, the deviation and the whitening of images, as far as they are used.

        Args:
            x: Images of four axes, which are not changed.
            augment: Whether randomly changed images are looked at instead.
            rounds: How many times each then.
            seed: Where NumPy's random numbers are set to; None: they go on.

        Raises:
            ValueError: If `x` has another number of axes.
        """
        array = np.array(x, dtype=self.dtype)
        if array.ndim != 4:
            raise ValueError(f"ImageDataGenerator.fit() takes images of four axes, got the shape {array.shape}")
        if len(array) == 0:
            raise ValueError("ImageDataGenerator.fit() got no images")
        if array.shape[self.channel_axis] not in (1, 3, 4):
            warnings.warn(f"ImageDataGenerator.fit() got {array.shape[self.channel_axis]} channels, in axis "
                          f"{self.channel_axis} of the shape {array.shape}; images have 1, 3 or 4", stacklevel=2)
        if seed is not None:
            np.random.seed(seed)
        if self.rescale:
            array *= self.rescale
        if augment:
            array = np.stack([self.random_transform(image) for _ in range(rounds) for image in array])
        axes = (0, self.row_axis, self.col_axis)
        shape = [1, 1, 1]
        shape[self.channel_axis - 1] = array.shape[self.channel_axis]
        if self.featurewise_center:
            self.mean = np.mean(array, axis=axes).reshape(shape)
            array -= self.mean
        if self.featurewise_std_normalization:
            self.std = np.std(array, axis=axes).reshape(shape)
            array /= self.std + 1e-6
        if self.zca_whitening:
            left, values, _ = np.linalg.svd(array.reshape(len(array), -1).T, full_matrices=False)
            self.zca_whitening_matrix = (left * (np.sqrt(len(array)) / (values + self.zca_epsilon))) @ left.T


def _zoom(zoom_range: Any) -> list[float]:
    if isinstance(zoom_range, (float, int)):
        return [1 - zoom_range, 1 + zoom_range]
    if np.ndim(zoom_range) == 1 and len(zoom_range) == 2 and all(isinstance(each, (float, int)) for each in zoom_range):
        return [zoom_range[0], zoom_range[1]]
    raise ValueError(f"`zoom_range` must be a number, or a tuple or list of two, got {zoom_range!r}")


def _between(low: float, high: float) -> float:
    """What ``np.random.uniform(low, high)`` gives, sooner."""
    return low + (high - low) * np.random.random_sample()


def _either_way(reach: float) -> float:
    return _between(-reach, reach)


def _shift(reach: Any, extent: int) -> Any:
    """How many pixels."""
    if isinstance(reach, float):
        return 0 if reach == 0 else _either_way(reach) * extent if reach < 1 else _either_way(reach)
    if not (len(reach) if np.ndim(reach) else reach):
        return 0
    if np.ndim(reach) == 0 and not isinstance(reach, (int, np.integer)):
        return _shift(float(reach), extent)
    pixels = np.random.choice(reach)
    pixels *= np.random.choice([-1, 1])
    return pixels * extent if np.max(reach) < 1 else pixels
