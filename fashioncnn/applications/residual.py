"""Residual blocks: what a few convolutions add to their input.

A layer that is not needed has only to become 0 for its block to hand on what came in. So a deep network is no worse
than a shallow one to begin with, and gradients reach its first layers as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fashioncnn import layers
from fashioncnn.applications.parts import Application
from fashioncnn.layers.symbolic import KerasTensor
from fashioncnn.models import Model

EPSILON = 1.001e-5
Shortcut = Callable[[KerasTensor, int, int, str], KerasTensor]
Block = Callable[[KerasTensor, int, int, Shortcut | None, str], KerasTensor]


def normalized(x: KerasTensor, filters: int, kernel_size: int, name: str, strides: int = 1, *, padding: str = "same",
               use_bias: bool = False) -> KerasTensor:
    """A convolution and its batch normalization.

    Args:
        x: Images.
        filters: Output channels.
        kernel_size: Height and width of the kernel.
        name: What the names of the layers begin with.
        strides: How far the kernel moves.
        padding: Of a kernel of more than one pixel.
        use_bias: Whether the convolution has a bias: in Keras's own networks it has, and Keras's first weights then;
            else they are those of He et al.
    """
    start = "glorot_uniform" if use_bias else "he_normal"
    x = layers.Conv2D(filters, kernel_size, strides=strides, padding=padding if kernel_size > 1 else "valid",
                      use_bias=use_bias, kernel_initializer=start, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(axis=3, epsilon=EPSILON, name=f"{name}_bn")(x)
    return x


def relu(x: KerasTensor, name: str) -> KerasTensor:
    """``max(x, 0)``."""
    x = layers.Activation("relu", name=name)(x)
    return x


def basic(x: KerasTensor, filters: int, strides: int, shortcut: Shortcut | None, name: str) -> KerasTensor:
    """Two 3x3 convolutions.

    Args:
        x: Images.
        filters: Output channels.
        strides: Those of the first convolution.
        shortcut: What is done with `x` before it is added; None: nothing.
        name: What the names of the layers begin with.
    """
    kept = x if shortcut is None else shortcut(x, filters, strides, name)
    x = relu(normalized(x, filters, 3, f"{name}_1", strides), f"{name}_1_relu")
    x = normalized(x, filters, 3, f"{name}_2")
    return relu(layers.Add(name=f"{name}_add")([kept, x]), f"{name}_out")


def bottleneck(x: KerasTensor, filters: int, strides: int, shortcut: Shortcut | None, name: str) -> KerasTensor:
    """A 3x3 convolution of few channels, between a 1x1 one that makes them few and one that makes them four times as
    many. Arguments as for `basic`."""
    kept = x if shortcut is None else shortcut(x, 4 * filters, strides, name)
    x = relu(normalized(x, filters, 1, f"{name}_1", strides, use_bias=True), f"{name}_1_relu")
    x = relu(normalized(x, filters, 3, f"{name}_2", use_bias=True), f"{name}_2_relu")
    x = normalized(x, 4 * filters, 1, f"{name}_3", use_bias=True)
    return relu(layers.Add(name=f"{name}_add")([kept, x]), f"{name}_out")


def stack(x: KerasTensor, block: Block, filters: int, count: int, strides: int, shortcut: Shortcut | None,
          name: str) -> KerasTensor:
    """Blocks in a row; `strides` and `shortcut` are those of the first."""
    x = block(x, filters, strides, shortcut, f"{name}_block1")
    for number in range(2, count + 1):
        x = block(x, filters, 1, None, f"{name}_block{number}")
    return x


def projection(x: KerasTensor, filters: int, strides: int, name: str) -> KerasTensor:
    """A shortcut with weights: a 1x1 convolution."""
    return normalized(x, filters, 1, f"{name}_0", strides)


def projection_with_bias(x: KerasTensor, filters: int, strides: int, name: str) -> KerasTensor:
    """The same, as Keras's own networks have it."""
    return normalized(x, filters, 1, f"{name}_0", strides, use_bias=True)


def widening(x: KerasTensor, filters: int, strides: int, name: str) -> KerasTensor:
    """A shortcut without weights: every so many pixels, with channels of zeros added."""
    x = layers.MaxPooling2D(1, strides=strides, name=f"{name}_0_pool")(x)
    added = filters - (x.shape[-1] or 0)
    x = layers.Permute((1, 3, 2), name=f"{name}_0_turn")(x)
    x = layers.ZeroPadding2D(((0, 0), (0, added)), name=f"{name}_0_pad")(x)
    x = layers.Permute((1, 3, 2), name=f"{name}_0_back")(x)
    return x


def finished(application: Application, x: KerasTensor, activation: Any, name: str | None) -> Model:
    """The model of a body that ends in `x`, and of its top or its pooling."""
    if application.include_top:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = layers.Dense(application.classes, activation=activation, name="predictions")(x)
    else:
        x = application.pooled(x, {"avg": "avg_pool", "max": "max_pool"})
    return application.model(x, name)
