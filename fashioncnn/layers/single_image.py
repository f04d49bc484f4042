"""Layers of images that also take one image alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fashioncnn.layers.call_arguments import BY_NAME
from fashioncnn.layers.graph import Description
from fashioncnn.layers.layer import Layer
from fashioncnn.layers.symbolic import Extents, is_symbolic


class ImageLayer(Layer):
    """A layer of images (N, H, W, C) that, called on an array (H, W, C), takes it as one image, as Keras does."""

    def __call__(self, inputs: Any = BY_NAME, /, *args: Any, **kwargs: Any) -> Any:
        """The same as for other layers; and (H, W, C) is one image."""
        if inputs is BY_NAME:
            inputs, kwargs = self._first_by_name(kwargs)
        if not is_symbolic(inputs) and np.ndim(inputs) == 3:
            return super().__call__(np.asarray(inputs)[np.newaxis], *args, **kwargs)[0]
        return super().__call__(inputs, *args, **kwargs)

    def _described(self, shapes: Sequence[Extents]) -> Description:
        if len(shapes[0]) == 2:
            raise NotImplementedError("single images in models are not supported by fashioncnn (yet): "
                                      f"{type(self).__name__} '{self.name}' takes batches (N, H, W, C), got shape "
                                      f"{(None, *shapes[0])}")
        return super()._described(shapes)
