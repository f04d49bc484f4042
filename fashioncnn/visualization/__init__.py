"""Pictures of training, of images and of what a network sees in them; they need the extra "plot" (matplotlib).

Each function returns a `Picture`: a notebook shows it when it is the last line of a cell, `save` writes it to a file,
and as a matplotlib figure it can be changed in every way.
"""

from __future__ import annotations

from fashioncnn.pictures.embedding import embedding
from fashioncnn.pictures.images import gallery
from fashioncnn.pictures.picture import Picture
from fashioncnn.pictures.training import confusion_matrix, curves
from fashioncnn.utils import absent
from fashioncnn.visualization.attention import grad_cam, grad_cam_map, saliency, saliency_map
from fashioncnn.visualization.features import feature_maps, features, filters

__all__ = [
    "Picture",
    "confusion_matrix",
    "curves",
    "embedding",
    "feature_maps",
    "features",
    "filters",
    "gallery",
    "grad_cam",
    "grad_cam_map",
    "saliency",
    "saliency_map",
]

__getattr__ = absent.module_getattr(__name__)
