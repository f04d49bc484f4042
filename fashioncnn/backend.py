"""What scripts ask Keras's backend for, as far as it has an answer here: images have their channels last, numbers are
float32."""

from __future__ import annotations

from fashioncnn.config import backend, epsilon, floatx, image_data_format, set_floatx, set_image_data_format
from fashioncnn.utils import absent
from fashioncnn.utils.naming import clear_session

__all__ = ["backend", "clear_session", "epsilon", "floatx", "image_data_format", "set_floatx", "set_image_data_format"]

__getattr__ = absent.module_getattr(__name__)
