"""Layers that bring the numbers of an image to one scale, each image by itself."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from fashioncnn import constraints, initializers, regularizers
from fashioncnn.layers.arguments import constraint, not_negative, regularizer
from fashioncnn.layers.axes import along, axis_or_axes, integer
from fashioncnn.layers.graph import Graph, Shape
from fashioncnn.layers.initial import first_values
from fashioncnn.layers.layer import Layer
from fashioncnn.utils import checks
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Setting
from fashioncnn.utils.variable import Variable


class ScaledNormalization(Layer):
    """A normalization, and what follows it: ``gamma * y + beta``.

    Args:
        epsilon: At least 0; added to the variance.
        center: Whether beta is added.
        scale: Whether gamma multiplies.
        beta_initializer: How beta starts.
        gamma_initializer: How gamma starts.
        beta_regularizer: None, or a penalty for beta: see `fashioncnn.regularizers`.
        gamma_regularizer: The same for gamma.
        beta_constraint: None, or what beta is brought back to: see `fashioncnn.constraints`.
        gamma_constraint: The same for gamma.
        options: See `Layer`.

    Raises:
        ArgumentError: If a keyword is unknown or an argument has the wrong type.
        ValueError: If an argument is out of range or not supported.
    """

    has_weights = True
    epsilon = Setting(not_negative)
    center = Setting(checks.truth)
    scale = Setting(checks.truth)
    beta_initializer = Setting(lambda name, value: initializers.get(value) or initializers.Zeros())
    gamma_initializer = Setting(lambda name, value: initializers.get(value) or initializers.Ones())
    beta_regularizer = regularizer()
    gamma_regularizer = regularizer()
    beta_constraint = constraint()
    gamma_constraint = constraint()

    def __init__(self, epsilon: float = 1e-3, center: bool = True, scale: bool = True, beta_initializer: Any = "zeros",
                 gamma_initializer: Any = "ones", beta_regularizer: Any = None, gamma_regularizer: Any = None,
                 beta_constraint: Any = None, gamma_constraint: Any = None, **options: Any) -> None:
        super().__init__(**options)
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = beta_initializer
        self.gamma_initializer = gamma_initializer
        self.beta_regularizer = beta_regularizer
        self.gamma_regularizer = gamma_regularizer
        self.beta_constraint = beta_constraint
        self.gamma_constraint = gamma_constraint

    def initial_value(self, name: str, shape: Shape) -> NDArray[Any]:
        return first_values(self, name, self.gamma_initializer if name == "gamma" else self.beta_initializer, shape)

    @property
    def gamma(self) -> Variable | None:
        """The factors, once the layer is built and if it has them."""
        return self._variables.get("gamma")

    @property
    def beta(self) -> Variable | None:
        """What is added, once the layer is built and if it has that."""
        return self._variables.get("beta")

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            **self._own_config(),
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
            "beta_constraint": constraints.serialize(self.beta_constraint),
            "gamma_constraint": constraints.serialize(self.gamma_constraint),
        }

    def _own_config(self) -> dict[str, Any]:
        """The arguments which only this class has."""
        return {}


@LAYERS.register()
class LayerNormalization(ScaledNormalization):
    """``gamma * (x - mean) / sqrt(variance + epsilon) + beta``, with the mean and the variance along some axes.

    Args:
        axis: An axis, or a list of them; the batch axis, axis 0, cannot be one.
        epsilon: At least 0; added to the variance.
        center: Whether beta is added.
        scale: Whether gamma multiplies.
        beta_initializer: How beta starts.
        gamma_initializer: How gamma starts.
        beta_regularizer: None, or a penalty for beta: see `fashioncnn.regularizers`.
        gamma_regularizer: The same for gamma.
        beta_constraint: None, or what beta is brought back to: see `fashioncnn.constraints`.
        gamma_constraint: The same for gamma.
        options: ``rms_scaling=True`` leaves out the mean and beta, but not the mean in the variance: old, and not what
            its name says, which `RMSNormalization` is. For the others see `Layer`.

    Shapes:
        input (N, ...), output the same, gamma and beta the extents of the axes.

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If an argument is out of range or not supported; when it is built, if the input does not have one of
            the axes.

    Example:
        >>> LayerNormalization()([[1.0, 2.0, 3.0]]).round(3)
        array([[-1.224,  0.   ,  1.224]], dtype=float32)

    Source: Ba, Kiros and Hinton, Layer Normalization, 2016.
    """

    axis = Setting(axis_or_axes)
    rms_scaling = Setting(checks.truth)

    def __init__(self, axis: int | Sequence[int] = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
                 beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", beta_regularizer: Any = None,
                 gamma_regularizer: Any = None, beta_constraint: Any = None, gamma_constraint: Any = None,
                 **options: Any) -> None:
        rms_scaling = options.pop("rms_scaling", False)
        super().__init__(epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer,
                         gamma_regularizer, beta_constraint, gamma_constraint, **options)
        self.axis = axis
        self.rms_scaling = rms_scaling
        if self.rms_scaling:
            warnings.warn("`rms_scaling` of LayerNormalization is old, and divides by the deviation, not by the root "
                          "mean square; layers.RMSNormalization does that", stacklevel=2)

    def add_to(self, graph: Graph, *inputs: int) -> int:
        axes = along("LayerNormalization", self.axis, graph.shape(inputs[0]))
        kind = "variance" if self.rms_scaling else "standard"
        position = graph.add(self, "normalization", *inputs, along=axes, kind=kind, epsilon=self.epsilon)
        scale, center = self.scale or self.rms_scaling, self.center and not self.rms_scaling
        return _add_affine(graph, self, position, axes, "gamma" if scale else "", center)

    def _own_config(self) -> dict[str, Any]:
        return {"axis": _axis_of(self), "rms_scaling": self.rms_scaling}


@LAYERS.register()
class GroupNormalization(ScaledNormalization):
    """``gamma * (x - mean) / sqrt(variance + epsilon) + beta``, with the mean and the variance of groups of channels.

    Args:
        groups: How many groups the channels are divided into, side by side; -1: each is one, which is known as
            instance normalization.
        axis: That of the channels.
        epsilon: At least 0; added to the variance.
        center: Whether beta is added.
        scale: Whether gamma multiplies.
        beta_initializer: How beta starts.
        gamma_initializer: How gamma starts.
        beta_regularizer: None, or a penalty for beta: see `fashioncnn.regularizers`.
        gamma_regularizer: The same for gamma.
        beta_constraint: None, or what beta is brought back to: see `fashioncnn.constraints`.
        gamma_constraint: The same for gamma.
        options: See `Layer`.

    Shapes:
        input (N, ..., C), output the same, gamma and beta (C,).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If an argument is out of range or not supported; when it is built, if the channels cannot be divided
            into so many groups.

    Example:
        >>> GroupNormalization(groups=2)([[0.0, 2.0, 5.0, 5.0]]).round(3)
        array([[-1.,  1.,  0.,  0.]], dtype=float32)

    Source: Wu and He, Group Normalization, 2018.
    """

    groups = Setting(lambda name, value: _groups(name, value))
    axis = Setting(integer)

    def __init__(self, groups: int = 32, axis: int = -1, epsilon: float = 1e-3, center: bool = True,
                 scale: bool = True, beta_initializer: Any = "zeros", gamma_initializer: Any = "ones",
                 beta_regularizer: Any = None, gamma_regularizer: Any = None, beta_constraint: Any = None,
                 gamma_constraint: Any = None, **options: Any) -> None:
        super().__init__(epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer,
                         gamma_regularizer, beta_constraint, gamma_constraint, **options)
        self.groups = groups
        self.axis = axis

    def add_to(self, graph: Graph, *inputs: int) -> int:
        shape = graph.shape(inputs[0])
        axes = along("GroupNormalization", self.axis, shape)
        channels = axes.index(1)
        extent = shape[channels]
        groups = extent if self.groups == -1 else self.groups
        if extent < groups:
            raise ValueError(f"GroupNormalization '{self.name}': the number of groups ({groups}) cannot be more than "
                             f"the number of channels ({extent})")
        if extent % groups:
            raise ValueError(f"GroupNormalization '{self.name}': {groups} groups; the number of channels ({extent}) "
                             f"must be a multiple of the number of groups")
        grouped = (*shape[:channels], groups, extent // groups, *shape[channels + 1:])
        position = graph.add(self, "reshape", *inputs, target_shape=grouped)
        inside = tuple(int(axis != channels) for axis in range(len(grouped)))
        position = graph.add(self, "normalization", position, along=inside, kind="standard", epsilon=self.epsilon)
        position = graph.add(self, "reshape", position, target_shape=shape)
        return _add_affine(graph, self, position, axes, "gamma" if self.scale else "", self.center)

    def _own_config(self) -> dict[str, Any]:
        groups = self.groups
        if groups == -1 and self.knows_shapes:
            groups = self.output_shape[self.axis]
        return {"groups": groups, "axis": self.axis}


@LAYERS.register()
class RMSNormalization(Layer):
    """``scale * x / sqrt(mean(x**2) + epsilon)``, with the mean along the last axes, and a scale that is learned.

    Args:
        axis: The last axis, or a list of several that end with it.
        epsilon: At least 0; added to the mean.
        options: See `Layer`.

    Shapes:
        input (N, ...), output the same, scale the extents of the axes.

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If `epsilon` is negative; when it is built, if the axes are not the last ones of the input.

    Example:
        >>> RMSNormalization()([[1.0, 7.0]]).round(3)
        array([[0.2, 1.4]], dtype=float32)

    Source: Zhang and Sennrich, Root Mean Square Layer Normalization, 2019.
    """

    has_weights = True
    axis = Setting(axis_or_axes)
    epsilon = Setting(not_negative)

    def __init__(self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis
        self.epsilon = epsilon

    def add_to(self, graph: Graph, *inputs: int) -> int:
        axes = along("RMSNormalization", self.axis, graph.shape(inputs[0]))
        if list(axes) != sorted(axes):
            raise checks.unsupported("RMSNormalization", "axis", self.axis, "the last axis, or several that end with "
                                     "it: Keras's scale fits no others")
        position = graph.add(self, "normalization", *inputs, along=axes, kind="rms", epsilon=self.epsilon)
        return _add_affine(graph, self, position, axes, "scale", False)

    def initial_value(self, name: str, shape: Shape) -> float:
        return 1.0

    @property
    def scale(self) -> Variable | None:
        """The factors, once the layer is built."""
        return self._variables.get("scale")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": _axis_of(self), "epsilon": self.epsilon}


@LAYERS.register()
class UnitNormalization(Layer):
    """``x / sqrt(sum(x**2))``, with the sum along some axes: vectors of length 1.

    Args:
        axis: An axis, or a list of them; the batch axis, axis 0, cannot be one.
        options: See `Layer`.

    Shapes:
        input (N, ...), output the same.

    Raises:
        ArgumentError: If `axis` is not made of integers or a keyword is unknown.
        ValueError: When it is built, if the input does not have one of the axes.

    Example:
        >>> UnitNormalization()([[3.0, 4.0]])
        array([[0.6, 0.8]], dtype=float32)
    """

    axis = Setting(axis_or_axes)

    def __init__(self, axis: int | Sequence[int] = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis

    def add_to(self, graph: Graph, *inputs: int) -> int:
        axes = along("UnitNormalization", self.axis, graph.shape(inputs[0]))
        return graph.add(self, "normalization", *inputs, along=axes, kind="unit")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


def _groups(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or (value < 1 and value != -1):
        raise checks.ArgumentError(f"the argument `{name}` must be a positive integer, or -1 for a group of each "
                                   f"channel, got {value!r}")
    return value


def _axis_of(layer: LayerNormalization | RMSNormalization) -> Any:
    """The axes as Keras describes them: from the first build on as a list, in order."""
    if not layer.knows_shapes:
        return layer.axis
    return sorted(layer.axis) if isinstance(layer.axis, list) else [layer.axis]


def _add_affine(graph: Graph, layer: Layer, position: int, axes: tuple[int, ...], scale: str, offset: bool) -> int:
    """Adds the node with the weights, the factors being called `scale`, unless there are none."""
    if not (scale or offset):
        return position
    return graph.add(layer, "affine", position, along=axes, scale=scale, offset=offset)
