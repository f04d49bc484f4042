"""Layers of images that also take one image alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from fashioncnn.layers.layer import Layer
from fashioncnn.layers.symbolic import is_symbolic


class ImageLayer(Layer):
    """A layer of images (N, H, W, C) that, called on an array (H, W, C), takes it as one image, as Keras does."""

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The same as for other layers; and (H, W, C) is one image."""
        if not is_symbolic(inputs) and np.ndim(inputs) == 3:
            return super().__call__(np.asarray(inputs)[np.newaxis], *args, **kwargs)[0]
        return super().__call__(inputs, *args, **kwargs)
