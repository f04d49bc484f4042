"""Base class of the layers."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fashioncnn.layers.arguments import extents, known_shape
from fashioncnn.layers.graph import Graph, Parameter, Shape
from fashioncnn.utils import checks, keywords
from fashioncnn.utils.arrays import as_array
from fashioncnn.utils.naming import checked_name
from fashioncnn.utils.overrides import overridden
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Configured
from fashioncnn.utils.tensor import Tensor
from fashioncnn.utils.variable import Variable

# What a subclass may redefine: only users call it.
USERS_METHODS = frozenset(("count_params", "from_config", "get_config", "get_weights", "name", "path", "set_weights"))
# Steps from which on a layer that is called by itself draws its masks: a model's are numbered from 0.
FIRST_OF_LAYERS = 1 << 62


@LAYERS.base
class Layer(Configured):
    """One step of a network: what it is configured with, its weights, and which nodes of the core do its work.

    A layer's weights exist once the shape of its input is known: when it becomes part of a model with an `Input`, at
    the model's first `fit` or call, or through `build`. Until then its arguments can be set as attributes, too.

    Args:
        name: A name, unique in a model; None: made from the class, as "conv2d_1".
        trainable: Whether training changes the weights.
        dtype: None or "float32".
        input_shape: Shape of one input, without the batch axis: takes the place of an `Input` before a model's first
            layer.
        input_dim: `input_shape` of a single axis.
        batch_size: None, or any number: batches of every size are taken.

    Raises:
        ArgumentError: If a keyword is unknown, or an argument has the wrong type.
        ValueError: If `dtype` is something else.
    """

    name: str
    supports_masking: bool
    has_weights: ClassVar[bool] = False
    statistics: ClassVar[tuple[str, ...]] = ()  # weights that follow the batches while the layer is trainable
    _frozen_because = "the layer is built, and the network that does its work is made; make another layer"
    _core_methods: ClassVar[tuple[str, ...]] = ("__call__", "call", "build", "compute_output_shape", "compute_mask",
                                                "trainable_weights", "trainable_variables", "non_trainable_weights")
    _users_methods = USERS_METHODS
    _instead = "Layers of your own are not supported by fashioncnn (yet): use those of fashioncnn.layers."

    def __init__(self, *, name: str | None = None, trainable: bool = True, dtype: Any = None,
                 input_shape: Sequence[int | None] | None = None, input_dim: int | None = None,
                 batch_size: int | None = None, **unknown: Any) -> None:
        for keyword in unknown:
            raise keywords.unexpected(type(self).__name__, keyword, inspect.signature(type(self)).parameters)
        checks.float32(type(self).__name__, dtype)
        if batch_size is not None:
            checks.integer("batch_size", batch_size, at_least=1)
        self.name = checked_name(name, type(self).__name__)
        if input_dim is not None:
            input_shape = (input_dim,)
        self.declared_input_shape = None if input_shape is None else extents("input_shape", input_shape)
        self._trainable = checks.flag("trainable", trainable)
        self._variables: dict[str, Variable] = {}
        self._input_shape: Shape | None = None
        self._output_shape: Shape | None = None
        self._training_calls = 0

    def _change_setting(self, name: str, value: Any) -> None:
        if self.knows_shapes:
            super()._change_setting(name, value)
        else:
            self.__dict__[name] = value

    def add_to(self, graph: Graph, *inputs: int) -> int:
        """Adds the nodes that do the layer's work on the outputs of the nodes at `inputs`.

        Returns:
            The position of the node whose output is the layer's.
        """
        raise NotImplementedError(f"{type(self).__name__}: layers of your own are not supported by fashioncnn (yet); "
                                  "supported: the layers of fashioncnn.layers")

    def weight_shape(self, name: str, shape: Shape) -> Shape:
        """The shape of the weight whose parameter in the core, called `name`, has this shape."""
        return shape

    def initial_value(self, name: str, shape: Shape) -> NDArray[Any] | float:
        """The first values of the parameter `name`."""
        return 0.0

    def values_of(self, name: str, shape: Shape) -> NDArray[Any] | float:
        """The values of the parameter `name`: those of the weight, or the first ones.

        Raises:
            ValueError: If the weight has another shape.
        """
        known = self._variables.get(name)
        if known is None:
            return self.initial_value(name, shape)
        if known.shape != shape:
            raise ValueError(f"{type(self).__name__} '{self.name}' has a {name} of shape {known.shape} already; this "
                             f"input needs {shape}. Make a new layer for it.")
        return known.numpy()

    def path_of(self, name: str, scope: str) -> str:
        """The path of the weight `name`: that which it was made with, or one within `scope`."""
        return self._variables[name].path if name in self._variables else f"{scope}/{name}"

    def weight_of(self, parameter: Parameter, values: NDArray[np.float32]) -> Variable:
        """The layer's weight that is a network's parameter; made with the values where there is none yet."""
        if parameter.name not in self._variables:
            trainable = self._trainable and parameter.name not in self.statistics
            variable = Variable(values, trainable=trainable, name=parameter.name)
            variable.path = parameter.path
            self._variables[parameter.name] = variable
        return self._variables[parameter.name]

    def may_change(self, name: str) -> bool:
        """Whether training changes the weight `name`: by gradients, or as a statistic that follows the batches."""
        return self._trainable if name in self.statistics else self._variables[name].trainable

    def set_shapes(self, input_shape: Shape, output_shape: Shape) -> None:
        """Tells the layer what goes in and out, without the batch axis."""
        self._input_shape = input_shape
        self._output_shape = output_shape

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes the weights.

        Args:
            input_shape: With the batch axis first: ``(None, 28, 28, 1)``.

        Raises:
            NotImplementedError: If a subclass redefines what the core does.
            ValueError: If the layer cannot take such an input.
        """
        if self.knows_shapes:
            return
        graph = Graph()
        graph.connect(self, graph.input(known_shape("input_shape", tuple(input_shape)[1:]), self.name))
        network, parameters = graph.build()
        for parameter in parameters:
            parameter.layer.weight_of(parameter, parameter.read(network))
        graph.settle(network)

    def __call__(self, inputs: Any, training: bool = False) -> Tensor:
        """The layer's output for an array of inputs, as an array.

        Args:
            inputs: (N, ...) numbers.
            training: Whether to act as in training (dropout does).

        Raises:
            ArgumentError: If `inputs` is not made of numbers.
            NotImplementedError: If a subclass redefines what the core does, or `inputs` is a layer.
            ValueError: If the layer cannot take such inputs.
        """
        if isinstance(inputs, Layer):
            raise NotImplementedError(f"calling {type(self).__name__} on a layer, to connect them, is not supported by "
                                      "fashioncnn (yet); supported: Sequential([...]), or calling it on an array")
        x = as_array(type(self).__name__, "`inputs`", inputs)
        self.build((None, *x.shape[1:]))
        graph = Graph()
        graph.connect(self, graph.input(x.shape[1:], self.name))
        network, parameters = graph.build()
        if training:
            network.random_step = FIRST_OF_LAYERS + self._training_calls
            self._training_calls += 1
            network.trainable = [parameter.layer.may_change(parameter.name) for parameter in parameters]
        outputs = np.empty((len(x), *network.output_shapes[-1]), np.float32)
        network.predict(x, 0, len(x), outputs, training)
        for parameter in parameters:
            if training and parameter.name in parameter.layer.statistics:
                parameter.layer._variables[parameter.name].assign(parameter.read(network))
        return outputs.view(Tensor)

    def call(self, inputs: Any, training: bool = False) -> Tensor:
        """The same as calling the layer."""
        return self(inputs, training)

    @property
    def knows_shapes(self) -> bool:
        """Whether the shapes of inputs and outputs are known, and so all weights exist."""
        return self._output_shape is not None

    @property
    def built(self) -> bool:
        """Whether all weights exist; a layer that never has any is built from the start, as in Keras."""
        return self.knows_shapes or not (self.has_weights or overridden(self, ["build"]))

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
        output = graph.connect(self, graph.input(known_shape("input_shape", shape), self.name))
        return (batch, *graph.shape(output))

    @property
    def dtype(self) -> str:
        """The type of weights and outputs."""
        return "float32"

    compute_dtype = variable_dtype = dtype

    @property
    def path(self) -> str:
        """The name with those of the models around it: "sequential/conv2d"."""
        weights = self.weights
        return weights[0].path.rpartition("/")[0] if weights else self.name

    @property
    def losses(self) -> list[Any]:
        """Losses that a layer adds itself: none."""
        return []

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights; set, it acts from the next epoch or batch of training on.

        It is handed on to the weights, and by a model to its layers. As in Keras, the value that it has already is not.
        """
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        value = checks.flag("trainable", value)
        if value != self._trainable:
            self._trainable = value
            self._hand_on_trainable()

    def _hand_on_trainable(self) -> None:
        for name, variable in self._variables.items():
            variable.trainable = self._trainable and name not in self.statistics

    @property
    def weights(self) -> list[Variable]:
        """All weights, in the core's order."""
        return list(self._variables.values())

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that training changes: where the layer is trainable itself, those that are."""
        return [weight for weight in self.weights if self._trainable and weight.trainable]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that training leaves alone."""
        return [weight for weight in self.weights if not (self._trainable and weight.trainable)]

    @property
    def variables(self) -> list[Variable]:
        """The same as `weights`."""
        return self.weights

    @property
    def trainable_variables(self) -> list[Variable]:
        """The same as `trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The same as `non_trainable_weights`."""
        return self.non_trainable_weights

    def get_weights(self) -> list[NDArray[np.float32]]:
        """Copies of the weights' values."""
        return [weight.numpy() for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replaces all values.

        Args:
            weights: Arrays, as `get_weights` returns them.

        Raises:
            ArgumentError: If one of them is not made of numbers.
            ValueError: If their number or a shape differs; then nothing was changed.
        """
        own = self.weights
        if len(weights) != len(own):
            raise ValueError(f"set_weights() got {len(weights)} arrays for '{self.name}', which has {len(own)} weights")
        arrays = [weight.checked(value) for weight, value in zip(own, weights, strict=True)]
        for weight, array in zip(own, arrays, strict=True):
            weight.assign(array)

    def count_params(self) -> int:
        """The number of weights, each element counted.

        Raises:
            ValueError: Before the layer is built.
        """
        if not self.built:
            raise ValueError(f"count_params(): {type(self).__name__} '{self.name}' isn't built yet; call "
                             "build(input_shape), or give the model an Input")
        return sum(weight.size for weight in self.weights)

    def _flatten_layers(self) -> Iterator[Layer]:
        """The layer, and all that it is made of."""
        yield self

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as Keras writes them."""
        policy = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"},
                  "registered_name": None}
        return {"name": self.name, "trainable": self._trainable, "dtype": policy}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Layer:
        """The layer that `get_config` described, without weights."""
        return cls(**config)

    def __copy__(self) -> Layer:
        """An independent copy: two layers never share weights."""
        return copy.deepcopy(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"
