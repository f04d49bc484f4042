"""Base class of the models: a network of layers, its weights, and what can be said about it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import Network
from fashioncnn.layers.dropout import Dropout
from fashioncnn.layers.graph import Graph
from fashioncnn.layers.layer import Layer, checked_shape
from fashioncnn.layers.variable import Variable
from fashioncnn.models import summary
from fashioncnn.models.training import Trainer
from fashioncnn.saving.registry import snake_case
from fashioncnn.utils import checks


class Model(Trainer, Layer):
    """A network of layers that can be trained. Make one with `Sequential`.

    A model is a layer too: it can be part of another model, and both then have the same weights.

    Args:
        inputs: Not supported.
        outputs: Not supported.
        name: A name; None: made from the class.
        trainable: Whether training changes the weights.

    Raises:
        ValueError: When `Model` itself is made.
    """

    def __init__(self, inputs: Any = None, outputs: Any = None, name: str | None = None, trainable: bool = True,
                 **options: Any) -> None:
        if type(self) is Model or inputs is not None or outputs is not None:
            raise ValueError("Model(inputs, outputs) is not supported by fashioncnn; supported: Sequential([...])")
        Layer.__init__(self, name=name, trainable=trainable, **options)
        Trainer.__init__(self)
        self.network: Network | None = None
        self._home = object()
        self._parameters: list[Variable] = []
        self._borrowed: list[tuple[Variable, NDArray[np.float32]]] = []
        self._built_here: list[Layer] = []

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the input."""
        raise NotImplementedError(f"{type(self).__name__}: models of your own are not supported by fashioncnn; "
                                  "supported: Sequential")

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes the weights.

        Args:
            input_shape: With the batch axis first: ``(None, 28, 28, 1)``.

        Raises:
            ValueError: If a layer does not fit, or the model was built for another shape.
        """
        shape = checked_shape("input_shape", tuple(input_shape)[1:])
        if self._input_shape not in (None, shape):
            raise ValueError(f"build() got input_shape={tuple(input_shape)}, but model '{self.name}' takes "
                             f"{self.input_shape}")
        if self.network is None:
            with self._unbuilt_after_an_error():
                self._build_network(shape)

    def _build_network(self, input_shape: tuple[int, ...]) -> None:
        graph = Graph()
        self.connect(graph, graph.input(input_shape, "input"))
        built_here = [layer for layer, _, _ in graph.connections if not layer.built]
        network, parameters = graph.build()
        network.seed = _dropout_seed(graph)
        self.network, self._built_here = network, built_here
        self._parameters, self._borrowed = [], []
        for parameter in parameters:
            borrowed = parameter.layer.adopt(parameter, self._home)
            if borrowed is not None:
                self._borrowed.append((borrowed, parameter.view))
            self._parameters.append(parameter.layer.weight(parameter.name))
        if self._compiled:
            assert self.optimizer is not None
            self._configure(network, self.optimizer, self.loss, self._wanted_metrics)
            network.check_finite = self._check_finite

    def _forget_network(self) -> None:
        self.network = None
        if self.optimizer is not None:
            self.optimizer.detach()
        self._parameters, self._borrowed = [], []
        for layer in self._built_here:
            layer.forget()

    def _trainable_flags(self) -> list[bool]:
        return [variable.trainable for variable in self._parameters]

    def _pull(self) -> None:
        """Takes over what became of weights that live in another model's network."""
        for variable, view in self._borrowed:
            view[...] = variable.value

    def _push(self) -> None:
        """Hands weights that live in another model's network back to it."""
        for variable, view in self._borrowed:
            variable.value[...] = view

    def __call__(self, inputs: Any, training: bool = False) -> NDArray[np.float32]:
        """The model's outputs for an array of inputs, as an array; the quickest way for one image or a few.

        Args:
            inputs: (N, ...) numbers.
            training: Whether to act as in training (dropout does).

        Raises:
            TypeError: If `inputs` is not made of numbers.
            ValueError: If it does not fit the model.
        """
        if isinstance(inputs, Layer):
            return super().__call__(inputs)
        return self._outputs("model", inputs, training)

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights; setting it sets it for every layer."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for layer in self.layers:
            layer.trainable = value

    @property
    def weights(self) -> list[Variable]:
        """All weights, in the order of the layers."""
        return [weight for layer in self.layers for weight in layer.weights]

    def _weight_items(self) -> list[tuple[str, NDArray[np.float32]]]:
        """(name, values) of every weight, for files; writing to the values changes the model.

        Names count the layers of each class, as in Keras's files: "conv2d_1/kernel" is the second Conv2D's, whatever
        the layers are called. So they do not depend on what else was made in the same process.

        Raises:
            ValueError: If the model is not built.
        """
        if not self.built:
            raise ValueError(f"model '{self.name}' has no weights yet: give it an Input, or call build(input_shape)")
        items = []
        counts: Counter[str] = Counter()
        for layer in self.layers:
            kind = snake_case(type(layer).__name__)
            place = f"{kind}_{counts[kind]}" if counts[kind] else kind
            counts[kind] += 1
            own = layer._weight_items() if isinstance(layer, Model) else [(w.name, w.value) for w in layer.weights]
            items += [(f"{place}/{name}", values) for name, values in own]
        return items

    def save_weights(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Writes the weights to a file: see `saving.save_weights`."""
        from fashioncnn import saving

        saving.save_weights(self, filepath, overwrite)

    def load_weights(self, filepath: str | os.PathLike[str], skip_mismatch: bool = False) -> None:
        """Reads the weights from a file: see `saving.load_weights`."""
        from fashioncnn import saving

        if skip_mismatch:
            raise checks.unsupported("load_weights()", "skip_mismatch", skip_mismatch, "False")
        saving.load_weights(self, filepath)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer called `name`, or at `index`.

        Raises:
            ValueError: If there is none, or not exactly one of the arguments is given.
        """
        if (name is None) == (index is None):
            raise ValueError(f"get_layer() takes either a name or an index, got name={name!r}, index={index!r}")
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"get_layer() got index={index}, but the model has {len(layers)} layers")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(f"get_layer() got name={name!r}; the layers are {', '.join(layer.name for layer in layers)}")

    def summary(self, line_length: int | None = None, positions: Sequence[float] | None = None,
                print_fn: Callable[[str], Any] | None = None, expand_nested: bool = False, show_trainable: bool = False,
                layer_range: Sequence[str] | None = None) -> None:
        """Prints the layers, their output shapes and their numbers of weights in a table.

        Args:
            line_length: Width of the table; None: 88, or what the terminal has.
            positions: Where the columns end, as parts of the width.
            print_fn: What takes the text; None: print.
            expand_nested: Whether the layers of models in the model are listed too.
            show_trainable: Whether a column says which layers are trained.
            layer_range: Names of the first and the last layer to list, or patterns for them.

        Raises:
            ValueError: If the table is too narrow, or `layer_range` finds no layer.
        """
        text = summary.render(self, line_length, positions, expand_nested, show_trainable, layer_range)
        (print_fn or print)(text)

    def to_json(self, **options: Any) -> str:
        """The architecture, without weights, in Keras's JSON; `models.model_from_json` makes a model of it again.

        Args:
            options: See `json.dumps`.
        """
        import json

        from fashioncnn import layers

        return json.dumps(layers.serialize(self), **options)


def _dropout_seed(graph: Graph) -> int:
    """What decides the dropout masks: the key of the first layer that needs one. Every node draws its own numbers."""
    for owner in graph.owners:
        if isinstance(owner, Dropout):
            return owner.key.seed ^ owner.key.stream << 32
    return 0
