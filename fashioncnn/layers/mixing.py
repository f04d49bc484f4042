"""Layers that mix the images of a batch with each other, and their labels: they work on arrays, before a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.layers.augmentation import Factor
from fashioncnn.layers.call_arguments import BY_NAME
from fashioncnn.layers.dropout import RandomLayer
from fashioncnn.layers.graph import Graph
from fashioncnn.layers.symbolic import is_symbolic
from fashioncnn.utils import checks
from fashioncnn.utils.arrays import as_array
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Choice, Setting
from fashioncnn.utils.tensor import Tensor

Floats = NDArray[np.float32]


class _Mix:
    """How the images of one batch are mixed.

    Args:
        order: With which image each is mixed.
        weight: What part of its label each keeps.
        masks: (N, H, W, 1), which pixels come from the other image; None: `weight` mixes the pixels, too.
    """

    def __init__(self, order: NDArray[np.int64], weight: Floats, masks: NDArray[np.bool_] | None = None) -> None:
        self.order, self.weight, self.masks = order, weight, masks

    def mixed(self, values: Floats) -> Floats:
        """Values of images, each mixed as a whole."""
        weight = self.weight.reshape(-1, *(1 for _ in values.shape[1:]))
        return weight * values + (np.float32(1) - weight) * values[self.order]

    def mixed_pixels(self, images: Floats) -> Floats:
        """Images, or masks of segmentation."""
        return self.mixed(images) if self.masks is None else np.where(self.masks, images[self.order], images)


class _MixingLayer(RandomLayer):
    """A layer that mixes images of a batch in training; called by itself and not told, it acts, as in Keras."""

    data_format = Choice("channels_last", none="channels_last")

    def __init__(self, seed: int | None, data_format: str | None, **options: Any) -> None:
        super().__init__(seed, **options)
        self.data_format = data_format

    def __call__(self, inputs: Any = BY_NAME, /, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """The batch, mixed.

        Args:
            inputs: A dict with "images" (N, H, W, C), and if wanted "labels" (N, classes), which are one-hot or
                probabilities, and "segmentation_masks" (N, H, W, K); or the images alone.
            args: `training`.
            training: Whether to act; None: yes.
            kwargs: `inputs`, where it is given by its name.

        Returns:
            A dict of float32 arrays with the same keys; or the images.

        Raises:
            ArgumentError: If an array is not made of numbers.
            NotImplementedError: If it is called within a model, or there are bounding boxes.
            ValueError: If a shape does not fit.
        """
        if inputs is BY_NAME:
            inputs, kwargs = self._first_by_name(kwargs)
        if args:
            args, training = args[1:], args[0]
        if is_symbolic(inputs) or args or kwargs:
            return super().__call__(inputs, *args, training=training, **kwargs)
        acts = training is None or bool(training)
        if not isinstance(inputs, Mapping):
            return self._mixed({"images": inputs}, acts)["images"]
        return self._mixed(inputs, acts)

    def _mixed(self, data: Mapping[str, Any], training: bool) -> dict[str, Any]:
        known = ("images", "labels", "segmentation_masks")
        if "bounding_boxes" in data:
            raise NotImplementedError(f"{type(self).__name__} '{self.name}': bounding boxes are not supported by "
                                      "fashioncnn (yet)")
        if "images" not in data:
            raise ValueError(f"{type(self).__name__} '{self.name}' got a dict of {sorted(data)}; expected 'images', "
                             "with 'labels' and 'segmentation_masks' where there are any")
        arrays = {name: np.asarray(as_array(type(self).__name__, f"`{name}`", data[name]), np.float32)
                  for name in known if name in data}
        images = arrays["images"]
        if images.ndim not in (3, 4):
            raise ValueError(f"{type(self).__name__} '{self.name}' expects images (N, H, W, C), got shape "
                             f"{images.shape}")
        if training and images.ndim == 4:
            self._check_rows(arrays)
            mix = self._draw(images.shape)
            arrays = {name: mix.mixed(array) if name == "labels" else mix.mixed_pixels(array)
                      for name, array in arrays.items()}
        return {**data, **{name: array.view(Tensor) for name, array in arrays.items()}}

    def _check_rows(self, arrays: Mapping[str, Floats]) -> None:
        rows = len(arrays["images"])
        for name, array in arrays.items():
            rank = 2 if name == "labels" else 4
            if len(array) != rows or array.ndim != rank:
                hint = "; one-hot labels can be mixed, which utils.to_categorical makes" if name == "labels" else ""
                raise ValueError(f"{type(self).__name__} '{self.name}' got `{name}` of shape {array.shape} for {rows} "
                                 f"images; expected {rank} axes and as many rows{hint}")

    def _generator(self) -> np.random.Generator:
        """What the next batch is drawn from."""
        self._training_calls += 1
        return np.random.Generator(np.random.Philox(key=[self.core_seed, self._training_calls]))

    def _draw(self, shape: tuple[int, ...]) -> _Mix:
        raise NotImplementedError

    def add_to(self, graph: Graph, *inputs: int) -> int:
        raise NotImplementedError(
            f"{type(self).__name__} '{self.name}' mixes images of a batch and their labels, and in a model each image "
            "is computed alone: call it where batches are made, in a generator, in the __getitem__ of a "
            "utils.PyDataset or in the map() of a data set, "
            f"as {type(self).__name__}()({{'images': x, 'labels': y}})")


@LAYERS.register()
class MixUp(_MixingLayer):
    """Mixes each image of a batch with another one, and their labels alike: ``w * a + (1 - w) * b``.

    It works on arrays: see `__call__`.

    Args:
        alpha: Positive; w comes from the Beta distribution with twice this parameter, for each image anew.
        data_format: None or "channels_last".
        seed: An integer; None: the random numbers follow from `utils.set_random_seed`.
        options: See `Layer`.

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If `alpha` is not positive.

    Example:
        >>> import numpy as np
        >>> batch = {"images": np.random.rand(8, 28, 28, 1), "labels": np.eye(10)[np.arange(8)]}
        >>> mixed = MixUp(alpha=0.2, seed=1)(batch)
        >>> mixed["images"].shape, mixed["labels"].sum(axis=1).tolist()
        ((8, 28, 28, 1), [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])

    Source: Zhang et al., mixup: Beyond empirical risk minimization, 2018.
    """

    alpha = Setting(lambda name, value: value if checks.number(name, value, above=0) else None)

    def __init__(self, alpha: float = 0.2, data_format: str | None = None, seed: int | None = None,
                 **options: Any) -> None:
        super().__init__(seed, data_format, **options)
        self.alpha = alpha

    def _draw(self, shape: tuple[int, ...]) -> _Mix:
        random = self._generator()
        order = random.permutation(shape[0])
        return _Mix(order, random.beta(self.alpha, self.alpha, shape[0]).astype(np.float32))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": "channels_last", "alpha": self.alpha, "seed": self.seed}


@LAYERS.register()
class CutMix(_MixingLayer):
    """Puts a rectangle of another image into each image of a batch, and mixes the labels as the areas are.

    It works on arrays: see `__call__`.

    Args:
        factor: From 0 to 1. A number for the whole batch is drawn from 0 to `factor`, or from (low, high); the kept
            part of an image's area comes from the Beta distribution with twice this parameter.
        seed: An integer; None: the random numbers follow from `utils.set_random_seed`.
        data_format: None or "channels_last".
        options: See `Layer`.

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If `factor` is out of range.

    Example:
        >>> import numpy as np
        >>> batch = {"images": np.random.rand(8, 28, 28, 1), "labels": np.eye(10)[np.arange(8)]}
        >>> CutMix(seed=1)(batch)["labels"].shape
        (8, 10)

    Source: Yun et al., CutMix: Regularization strategy to train strong classifiers, 2019.
    """

    factor = Factor(0, 1)

    def __init__(self, factor: Any = 1.0, seed: int | None = None, data_format: str | None = None,
                 **options: Any) -> None:
        super().__init__(seed, data_format, **options)
        self.factor = factor

    def _draw(self, shape: tuple[int, ...]) -> _Mix:
        random = self._generator()
        rows, *extents = shape[:3]
        alpha = random.uniform(*self.factor) + 1e-6
        ratio = np.sqrt(1.0 - random.beta(alpha, alpha, rows))
        inside, area = [], np.ones(rows)
        for extent in extents:
            length = ratio * extent
            begin = random.random(rows) * (extent - length)
            places = np.arange(extent)
            inside.append((places >= begin[:, np.newaxis]) & (places < (begin + length)[:, np.newaxis]))
            area *= length / extent
        masks = inside[0][:, :, np.newaxis, np.newaxis] & inside[1][:, np.newaxis, :, np.newaxis]
        return _Mix(random.permutation(rows), (1.0 - area).astype(np.float32), masks)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": "channels_last", "factor": self.factor, "seed": self.seed}
