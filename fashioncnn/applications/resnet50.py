"""ResNet50 under the name that Keras keeps for it alone."""

from __future__ import annotations

from fashioncnn.applications.resnet import ResNet50, decode_predictions, preprocess_input
from fashioncnn.utils import absent

__all__ = ["ResNet50", "decode_predictions", "preprocess_input"]

__getattr__ = absent.module_getattr(__name__)
