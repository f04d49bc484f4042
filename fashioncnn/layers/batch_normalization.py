"""Normalization by the statistics of a batch."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fashioncnn import constraints, initializers, regularizers
from fashioncnn.layers import arguments
from fashioncnn.layers.graph import Graph, Shape
from fashioncnn.layers.layer import Layer
from fashioncnn.utils import checks
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Choice, Setting
from fashioncnn.utils.variable import Variable


@LAYERS.register()
class BatchNormalization(Layer):
    """Each channel with mean 0 and variance 1 over the batch, then scaled and moved.

    With mean and variance over all axes but ``axis``::

        y = gamma * (x - mean) / sqrt(variance + epsilon) + beta

    In training these are the batch's, and the moving statistics follow them::

        moving = momentum * moving + (1 - momentum) * batch

    In inference, and in training while the layer is not `trainable`, the moving statistics take the batch's place. All
    rows of a batch count, so nothing of this depends on how many threads there are.

    Args:
        axis: The channels' axis. Another than the last one is moved there and back again.
        momentum: How slowly the moving statistics move, in [0, 1].
        epsilon: At least 0: added to the variance.
        center: Whether there is a beta.
        scale: Whether there is a gamma.
        beta_initializer: How beta starts.
        gamma_initializer: How gamma starts.
        moving_mean_initializer: How the moving mean starts.
        moving_variance_initializer: How the moving variance starts.
        beta_regularizer: None, or a penalty for beta: see `fashioncnn.regularizers`.
        gamma_regularizer: The same for gamma.
        beta_constraint: None, or what beta is brought back to after each update: see `fashioncnn.constraints`.
        gamma_constraint: The same for gamma.
        renorm: False: batch renormalization is not supported.
        renorm_clipping: None.
        renorm_momentum: Without effect, as there is no renormalization.
        synchronized: Without effect: there is one device.
        options: See `Layer`.

    Shapes:
        input (N, ..., C), with `axis` in the place of the last one; output the same; gamma, beta, moving_mean and
        moving_variance (C,).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If an argument is out of range or not supported; when it is built, if there is no such axis, or it
            is the batch's.

    Example:
        >>> layer = BatchNormalization()
        >>> layer([[1.0, 10.0], [3.0, 30.0]], training=True).round(2)
        array([[-1., -1.],
               [ 1.,  1.]], dtype=float32)
        >>> layer.moving_mean.numpy().round(2)
        array([0.02, 0.2 ], dtype=float32)

    Source: Ioffe and Szegedy, "Batch normalization", 2015.
    """

    has_weights = True
    statistics: ClassVar[tuple[str, ...]] = ("moving_mean", "moving_variance")

    axis = Setting(lambda name, value: checks.integer(name, value, at_least=-(2**31)))
    momentum = Setting(lambda name, value: checks.number(name, value, at_least=0, at_most=1))
    epsilon = Setting(lambda name, value: checks.number(name, value, at_least=0))
    center = Setting(checks.truth)
    scale = Setting(checks.truth)
    beta_initializer = Setting(lambda name, value: initializers.get(value) or initializers.Zeros())
    gamma_initializer = Setting(lambda name, value: initializers.get(value) or initializers.Ones())
    moving_mean_initializer = Setting(lambda name, value: initializers.get(value) or initializers.Zeros())
    moving_variance_initializer = Setting(lambda name, value: initializers.get(value) or initializers.Ones())
    beta_regularizer = arguments.regularizer()
    gamma_regularizer = arguments.regularizer()
    beta_constraint = arguments.constraint()
    gamma_constraint = arguments.constraint()
    renorm = Choice(False)
    renorm_clipping = Choice(None)
    renorm_momentum = Setting(checks.number)
    synchronized = Setting(checks.truth)

    def __init__(self, axis: int = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True,
                 scale: bool = True, beta_initializer: Any = "zeros", gamma_initializer: Any = "ones",
                 moving_mean_initializer: Any = "zeros", moving_variance_initializer: Any = "ones",
                 beta_regularizer: Any = None, gamma_regularizer: Any = None, beta_constraint: Any = None,
                 gamma_constraint: Any = None, renorm: bool = False, renorm_clipping: None = None,
                 renorm_momentum: float = 0.99, synchronized: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = beta_initializer
        self.gamma_initializer = gamma_initializer
        self.moving_mean_initializer = moving_mean_initializer
        self.moving_variance_initializer = moving_variance_initializer
        self.beta_regularizer = beta_regularizer
        self.gamma_regularizer = gamma_regularizer
        self.beta_constraint = beta_constraint
        self.gamma_constraint = gamma_constraint
        self.renorm = renorm
        self.renorm_clipping = renorm_clipping
        self.renorm_momentum = renorm_momentum
        self.synchronized = synchronized

    def add_to(self, graph: Graph, *inputs: int) -> int:
        rank = len(graph.shape(inputs[0])) + 1
        if not -rank <= self.axis < rank:
            raise ValueError(f"BatchNormalization '{self.name}': axis {self.axis} is out of bounds for an input of "
                             f"{rank} axes")
        if self.axis in (0, -rank):
            raise checks.unsupported("BatchNormalization", "axis", self.axis, f"1 to {rank - 1}, and {1 - rank} to -1")
        if self.axis in (-1, rank - 1):
            return self._add_normalization(graph, inputs[0])
        channels = self.axis % rank - 1
        last = [*(axis for axis in range(rank - 1) if axis != channels), channels]
        back = [last.index(axis) for axis in range(rank - 1)]
        normalized = self._add_normalization(graph, graph.add(self, "permute", *inputs, dims=tuple(last)))
        return graph.add(self, "permute", normalized, dims=tuple(back))

    def _add_normalization(self, graph: Graph, position: int) -> int:
        return graph.add(self, "batch_normalization", position, center=self.center, scale=self.scale,
                         epsilon=self.epsilon, momentum=self.momentum)

    def initial_value(self, name: str, shape: Shape) -> NDArray[Any]:
        return np.asarray(getattr(self, f"{name}_initializer")(shape, dtype="float32"))

    @property
    def gamma(self) -> Variable | None:
        """What channels are multiplied by, once the layer is built and if there is one."""
        return self._variables.get("gamma")

    @property
    def beta(self) -> Variable | None:
        """What is added to channels, once the layer is built and if there is one."""
        return self._variables.get("beta")

    @property
    def moving_mean(self) -> Variable | None:
        """The mean that is used in inference, once the layer is built."""
        return self._variables.get("moving_mean")

    @property
    def moving_variance(self) -> Variable | None:
        """The variance that is used in inference, once the layer is built."""
        return self._variables.get("moving_variance")

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "moving_mean_initializer": initializers.serialize(self.moving_mean_initializer),
            "moving_variance_initializer": initializers.serialize(self.moving_variance_initializer),
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
            "beta_constraint": constraints.serialize(self.beta_constraint),
            "gamma_constraint": constraints.serialize(self.gamma_constraint),
            "synchronized": self.synchronized,
            "renorm": self.renorm,
            "renorm_clipping": self.renorm_clipping,
            "renorm_momentum": self.renorm_momentum,
        }
