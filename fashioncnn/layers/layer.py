"""Base class of the layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.layers.graph import Graph, Parameter, Shape
from fashioncnn.layers.variable import Variable
from fashioncnn.utils import checks
from fashioncnn.utils.arrays import as_array
from fashioncnn.utils.naming import auto_name


class Layer:
    """One step of a network: what it is configured with, its weights, and which nodes of the core do its work.

    A layer's weights exist once the shape of its input is known: when it becomes part of a model with an `Input`, at
    the model's first `fit` or call, or through `build`.

    Args:
        name: A name, unique in a model; None: made from the class, as "conv2d_1".
        trainable: Whether training changes the weights.
        dtype: None or "float32".
        input_shape: Shape of one input, without the batch axis: takes the place of an `Input` before a model's first
            layer.
        input_dim: `input_shape` of a single axis.

    Raises:
        TypeError: If a keyword is unknown.
        ValueError: If `dtype` is something else.
    """

    def __init__(self, *, name: str | None = None, trainable: bool = True, dtype: Any = None,
                 input_shape: Sequence[int | None] | None = None, input_dim: int | None = None, **unknown: Any) -> None:
        for keyword in unknown:
            raise TypeError(f"{type(self).__name__}() got an unexpected keyword argument '{keyword}'")
        if name is not None and (not isinstance(name, str) or not name or "/" in name):
            raise ValueError(f"`name` must be a string without '/', got {name!r}")
        self._check_dtype(dtype)
        self.name = name or auto_name(type(self).__name__)
        if input_dim is not None:
            input_shape = (input_dim,)
        self.declared_input_shape = None if input_shape is None else checked_shape("input_shape", input_shape)
        self._trainable = bool(trainable)
        self._variables: dict[str, Variable] = {}
        self._input_shape: Shape | None = None
        self._output_shape: Shape | None = None

    def _check_dtype(self, dtype: Any) -> None:
        if isinstance(dtype, Mapping):
            dtype = dtype.get("config", {}).get("name")
        if dtype is not None and str(getattr(dtype, "name", dtype)) != "float32":
            raise checks.unsupported(type(self).__name__, "dtype", dtype, "'float32'")

    def _check_only(self, name: str, value: Any, *supported: Any) -> None:
        """Refuses an option of Keras that has only the `supported` values here."""
        if not any(value is option or value == option for option in supported):
            raise checks.unsupported(type(self).__name__, name, value, ", ".join(map(repr, supported)))

    def add_to(self, graph: Graph, *inputs: int) -> int:
        """Adds the nodes that do the layer's work on the outputs of the nodes at `inputs`.

        Returns:
            The position of the node whose output is the layer's.
        """
        raise NotImplementedError(f"{type(self).__name__}: layers of your own are not supported by fashioncnn; "
                                  "supported: the layers of fashioncnn.layers")

    def connect(self, graph: Graph, *inputs: int) -> int:
        """`add_to`, so that the layer also learns its shapes when the graph is built."""
        output = self.add_to(graph, *inputs)
        graph.connections.append((self, inputs, output))
        return output

    def initial_value(self, name: str, shape: Shape) -> NDArray[Any] | float:
        """The first values of the parameter `name`."""
        return 0.0

    def set_shapes(self, input_shape: Shape, output_shape: Shape) -> None:
        """Tells the layer what goes in and out, without the batch axis."""
        self._input_shape = input_shape
        self._output_shape = output_shape

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes the weights.

        Args:
            input_shape: With the batch axis first: ``(None, 28, 28, 1)``.

        Raises:
            ValueError: If the layer cannot take such an input.
        """
        if self.built:
            return
        graph = Graph()
        self.connect(graph, graph.input(checked_shape("input_shape", tuple(input_shape)[1:]), self.name))
        for parameter in graph.build()[1]:
            parameter.layer.adopt(parameter, None)

    def adopt(self, parameter: Parameter, home: object | None) -> Variable | None:
        """Lets a parameter of a network be one of the layer's weights, unless that lives in another model's network.

        Args:
            parameter: The layer's parameter in the network; it has the right values already.
            home: Stands for the model that the network belongs to.

        Returns:
            The weight, if it stays in the other model's network.
        """
        variable = self._variables.get(parameter.name)
        if variable is None:
            variable = self._variables[parameter.name] = Variable(parameter.name, self.name, parameter.view)
            variable.trainable = self._trainable
        elif variable.home is not None and variable.home is not home:
            return variable
        variable.value, variable.home = parameter.view, home
        return None

    def forget(self) -> None:
        """Undoes building."""
        self._variables.clear()
        self._input_shape = self._output_shape = None

    def variable(self, name: str) -> Variable | None:
        """The weight called `name`, if it exists."""
        return self._variables.get(name)

    def weight(self, name: str) -> Variable:
        """The weight called `name`, of a layer that is built."""
        return self._variables[name]

    def __call__(self, inputs: Any, training: bool = False) -> NDArray[np.float32]:
        """The layer's output for an array of inputs, as an array.

        Args:
            inputs: (N, ...) numbers.
            training: Whether to act as in training (dropout does).
        """
        if isinstance(inputs, Layer):
            raise ValueError(f"calling {type(self).__name__} on a layer, to connect them, is not supported by "
                             "fashioncnn; supported: Sequential([...]), or calling it on an array")
        x = as_array(type(self).__name__, "`inputs`", inputs)
        self.build((None, *x.shape[1:]))
        graph = Graph()
        self.add_to(graph, graph.input(x.shape[1:], self.name))
        network, _ = graph.build()
        outputs = np.empty((len(x), *network.output_shapes[-1]), np.float32)
        network.predict(x, 0, len(x), outputs, training)
        return outputs

    @property
    def built(self) -> bool:
        """Whether the shapes, and so the weights, are known."""
        return self._output_shape is not None

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """With the batch axis, None. AttributeError before the layer is built."""
        return (None, *self._known_shape(self._input_shape))

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """With the batch axis, None. AttributeError before the layer is built."""
        return (None, *self._known_shape(self._output_shape))

    def _known_shape(self, shape: Shape | None) -> Shape:
        if shape is None:
            raise AttributeError(f"{type(self).__name__} '{self.name}' has no defined shapes yet; build it first")
        return shape

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """The output's shape for an input's, both with the batch axis first.

        Example:
            >>> from fashioncnn import layers
            >>> layers.Conv2D(32, 3).compute_output_shape((None, 28, 28, 1))
            (None, 26, 26, 32)
        """
        batch, *shape = input_shape
        graph = Graph()
        output = self.add_to(graph, graph.input(checked_shape("input_shape", shape), self.name))
        return (batch, *graph.shape(output))

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for variable in self._variables.values():
            variable.trainable = self._trainable

    @property
    def weights(self) -> list[Variable]:
        """All weights, in the core's order."""
        return list(self._variables.values())

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that training changes."""
        return [weight for weight in self.weights if weight.trainable]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that training leaves alone."""
        return [weight for weight in self.weights if not weight.trainable]

    @property
    def variables(self) -> list[Variable]:
        """The same as `weights`."""
        return self.weights

    @property
    def trainable_variables(self) -> list[Variable]:
        """The same as `trainable_weights`."""
        return self.trainable_weights

    def get_weights(self) -> list[NDArray[np.float32]]:
        """Copies of the weights' values."""
        return [weight.numpy() for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replaces all values.

        Args:
            weights: Arrays, as `get_weights` returns them.

        Raises:
            TypeError: If one of them is not made of numbers.
            ValueError: If their number or a shape differs; then nothing was changed.
        """
        own = self.weights
        if len(weights) != len(own):
            raise ValueError(f"set_weights() got {len(weights)} arrays for '{self.name}', which has {len(own)} weights")
        arrays = [weight.checked(value) for weight, value in zip(own, weights, strict=True)]
        for weight, array in zip(own, arrays, strict=True):
            weight.value[...] = array

    def count_params(self) -> int:
        """The number of weights, each element counted.

        Raises:
            ValueError: Before the layer is built.
        """
        if not self.built:
            raise ValueError(f"count_params(): {type(self).__name__} '{self.name}' isn't built yet; call "
                             "build(input_shape), or give the model an Input")
        return sum(weight.value.size for weight in self.weights)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as Keras writes them."""
        policy = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"},
                  "registered_name": None}
        return {"name": self.name, "trainable": self._trainable, "dtype": policy}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Layer:
        """The layer that `get_config` described, without weights."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def checked_shape(argument: str, shape: Any) -> Shape:
    """`shape` as a tuple of positive integers.

    Raises:
        TypeError: If it is not a sequence of integers.
        ValueError: If an extent is None or not positive.
    """
    if isinstance(shape, (str, bytes)) or not isinstance(shape, Sequence):
        raise TypeError(f"`{argument}` must be a tuple of integers, got {shape!r}")
    if any(extent is None for extent in shape):
        raise ValueError(f"`{argument}` {tuple(shape)} with an unknown extent is not supported by fashioncnn; "
                         "supported: known extents")
    return tuple(checks.integer(argument, extent, at_least=1) for extent in shape)
