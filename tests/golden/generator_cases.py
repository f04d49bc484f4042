"""Golden cases of ImageDataGenerator: batches, labels and single images after ``np.random.seed``."""

from __future__ import annotations

import importlib
import warnings
from types import ModuleType
from typing import Any

import numpy as np
from golden.common import Case, random_of

BORDERS = {f"{mode}, order {order}": {"rotation_range": 50, "width_shift_range": 0.4, "shear_range": 30,
                                      "fill_mode": mode, "cval": 7.0, "interpolation_order": order}
           for mode in ("constant", "nearest", "reflect", "wrap") for order in (0, 1)}
OPTIONS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "rotation": {"rotation_range": 40},
    "shifts by parts": {"width_shift_range": 0.2, "height_shift_range": 0.3},
    "shifts by pixels": {"width_shift_range": 3, "height_shift_range": 2},
    "shifts of a list": {"width_shift_range": [1, 2.5, 4]},
    "shear": {"shear_range": 20},
    "zoom": {"zoom_range": 0.3},
    "zoom between": {"zoom_range": [0.7, 1.6]},
    "channel shift": {"channel_shift_range": 40.0},
    "brightness": {"brightness_range": [0.3, 1.8]},
    "flips": {"horizontal_flip": True, "vertical_flip": True},
    "many": {"rotation_range": 20, "width_shift_range": 0.1, "height_shift_range": 0.1, "zoom_range": 0.2,
             "channel_shift_range": 20, "horizontal_flip": True, "rescale": 1 / 255},
    "samplewise": {"samplewise_center": True, "samplewise_std_normalization": True, "rotation_range": 5},
    "featurewise": {"featurewise_center": True, "featurewise_std_normalization": True, "horizontal_flip": True},
    "whitening": {"zca_whitening": True, "zca_epsilon": 1e-2},
    "a function": {"preprocessing_function": lambda image: image * np.random.rand(), "rotation_range": 9},
    "channels first": {"data_format": "channels_first", "rotation_range": 30, "horizontal_flip": True},
    **BORDERS,
}


def _case(name: str, options: dict[str, Any]) -> Case:
    def run(keras: ModuleType) -> dict[str, Any]:
        tf = importlib.import_module("tensorflow") if keras.__name__ == "keras" else keras
        module = tf.keras.preprocessing.image
        images = random_of(name).randint(0, 256, (9, 7, 8, 3)).astype("float32")
        if options.get("data_format") == "channels_first":
            images = images.transpose(0, 3, 1, 2)
        labels = np.arange(9)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            np.random.seed(11)
            generator = module.ImageDataGenerator(**options)
            generator.fit(images)
            batches = generator.flow(images, labels, batch_size=4)
            several = [next(batches) for _ in range(3)]
            again = generator.flow(images, batch_size=4, seed=5)
            x, y = (np.concatenate(part) for part in zip(*several, strict=True))
            return {"images": x, "labels": y,
                    "by number": again[1], "single": generator.random_transform(images[0], seed=3),
                    "standardized": generator.standardize(images[:2].copy()), "batches": len(batches)}

    return run


GENERATOR = {name: _case(name, options) for name, options in OPTIONS.items()}
