"""Modules of TensorFlow that scripts on images use through ``import fashioncnn as tf``: on NumPy arrays, at once."""
