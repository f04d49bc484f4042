"""Base class of the models: a network of layers, its weights, and what can be said about it."""

from __future__ import annotations

import os
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np

from fashioncnn._core import Network
from fashioncnn.layers.arguments import known_shape
from fashioncnn.layers.graph import Graph
from fashioncnn.layers.layer import USERS_METHODS, Layer
from fashioncnn.metrics import Metric
from fashioncnn.models import summary
from fashioncnn.models.objective import Objective
from fashioncnn.models.training import Plan, Trainer
from fashioncnn.utils import checks, output
from fashioncnn.utils.locks import CHANGING, Turn
from fashioncnn.utils.registry import LAYERS, snake_case
from fashioncnn.utils.tensor import Tensor
from fashioncnn.utils.variable import Place, Variable


class Model(Trainer, Layer):
    """A network of layers that can be trained. Make one with `Sequential`.

    A model is a layer too: it can be part of another model, and both then have the same weights. It can be copied, and
    pickled with all that it has learned.

    Args:
        inputs: Not supported.
        outputs: Not supported.
        name: A name; None: made from the class.
        trainable: Whether training changes the weights.

    Raises:
        NotImplementedError: When `Model` itself is made.
    """

    has_weights = True
    _core_methods: ClassVar[tuple[str, ...]] = (
        *Layer._core_methods, "train_step", "test_step", "predict_step", "compute_loss", "compute_metrics",
        "get_metrics_result", "metrics", "make_train_function", "make_test_function", "make_predict_function",
        "train_function", "test_function", "predict_function")
    _users_methods = USERS_METHODS | {
        "add", "compile", "evaluate", "fit", "get_layer", "load_weights", "pop", "predict", "predict_on_batch", "save",
        "save_weights", "summary", "test_on_batch", "to_json", "train_on_batch"}
    _instead = "Models of your own are not supported by fashioncnn (yet): use Sequential, and callbacks."

    def __init__(self, inputs: Any = None, outputs: Any = None, name: str | None = None, trainable: bool = True,
                 **options: Any) -> None:
        if type(self) is Model or inputs is not None or outputs is not None:
            raise NotImplementedError("Model(inputs, outputs) is not supported by fashioncnn (yet); supported: "
                                      "Sequential([...])")
        Layer.__init__(self, name=name, trainable=trainable, **options)
        Trainer.__init__(self)
        self.network: Network | None = None
        self._parameters: list[tuple[Variable, Place]] = []
        self._outer: weakref.WeakSet[Model] = weakref.WeakSet()

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the input."""
        raise NotImplementedError(f"{type(self).__name__}: models of your own are not supported by fashioncnn (yet); "
                                  "supported: Sequential")

    def _flatten_layers(self) -> Iterator[Layer]:
        yield self
        for layer in self.layers:
            yield from layer._flatten_layers()

    def _own_metrics(self) -> list[Metric]:
        """Metrics that are attributes of the model or of a layer, and fed by their owner."""
        owners = [self, *(layer for layer in self._flatten_layers() if not isinstance(layer, Model))]
        values = (value for owner in owners for name, value in vars(owner).items() if name != "_loss_tracker")
        return [value for value in values if isinstance(value, Metric)]

    def _output_name(self) -> str:
        return self.layers[-1].name if self.layers else self.name

    def _output_activation(self) -> str:
        *_, last = self._flatten_layers()
        return getattr(getattr(last, "activation", None), "__name__", snake_case(type(last).__name__))

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes the weights.

        Args:
            input_shape: With the batch axis first: ``(None, 28, 28, 1)``.

        Raises:
            NotImplementedError: If a class redefines what the core does.
            ValueError: If a layer does not fit, or the model was built for another shape.
        """
        shape = known_shape("input_shape", tuple(input_shape)[1:])
        with CHANGING:
            if self._input_shape not in (None, shape):
                raise ValueError(f"build() got input_shape={tuple(input_shape)}, but model '{self.name}' takes "
                                 f"{self.input_shape}")
            if self.network is None:
                self._settle(self._plan(shape))

    def _plan(self, input_shape: tuple[int, ...], objective: Objective | None = None) -> Plan:
        """The network for inputs of this shape, and what belongs to it. Raises if something does not fit.

        Args:
            input_shape: Without the batch axis.
            objective: What it is to be trained for; None: what the model was compiled with.
        """
        graph = Graph()
        graph.connect(self, graph.input(input_shape, "input"))
        network, parameters = graph.build()
        objective = self._objective if objective is None else objective
        metrics = objective.resolve(network.output_shapes[-1])
        objective.apply(network, metrics)
        network.check_finite = self._check_finite
        return Plan(graph, network, parameters, metrics)

    def _settle(self, plan: Plan) -> None:
        """Makes the planned network the model's own: from now on the layers' weights are in it."""
        network, before = plan.network, self.network
        if self.compiled and self.optimizer is not None:
            self.optimizer.attach(network, [parameter.path for parameter in plan.parameters])
        plan.graph.settle(network)
        for layer in self._flatten_layers():
            if isinstance(layer, Model) and layer is not self:
                layer._outer.add(self)
        old, self._parameters = self._parameters, []
        for parameter in plan.parameters:
            values = np.empty(parameter.shape, np.float32)
            network.read("weights", parameter.offset, values)
            variable, place = parameter.layer.weight_of(parameter, values), Place(network, parameter.offset)
            self._parameters.append((variable, place))
            if variable.place is None or variable.place.network is before:
                variable.move(place)
        _leave(old, before)
        self.network, self._metrics = network, plan.metrics

    def _forget_network(self) -> None:
        """Undoes `_settle`."""
        _leave(self._parameters, self.network)
        if self.network is not None:
            self._forget_compilation()
        self.network = self._input_shape = self._output_shape = None
        self._parameters = []

    def _refuse_change(self) -> None:
        """Raises if another model's network was made from this one's layers: it would not see the change."""
        for outer in self._outer:
            raise ValueError(f"model '{self.name}' is part of model '{outer.name}', which is built and would not "
                             "see the change; change it first, or make a new model")

    def _weight_paths(self) -> list[str]:
        return [variable.path for variable, _ in self._parameters]

    def _trainable_flags(self) -> list[bool]:
        return [self._trainable and variable.trainable for variable, _ in self._parameters]

    def _trainable_variables(self) -> list[Variable]:
        return [variable for (variable, _), trainable in zip(self._parameters, self._trainable_flags(), strict=True)
                if trainable]

    def _pull(self) -> None:
        """Takes over what became of weights that live in another model's network."""
        for variable, place in self._parameters:
            if variable.place is not place:
                place.network.write("weights", place.offset, variable.numpy())

    @contextmanager
    def _holding_weights(self) -> Iterator[None]:
        """All weights live in this model's network, whoever looks at them or sets them; then where they were before."""
        guests = [(variable, variable.place, place) for variable, place in self._parameters
                  if variable.place is not place]
        for variable, _, place in guests:
            variable.take_to(place)
        try:
            yield
        finally:
            for variable, home, place in guests:
                if variable.place is place:
                    variable.take_to(home)

    def __getstate__(self) -> dict[str, Any]:
        """All but the network, which is built anew; weights and optimizer carry what is in it."""
        state = {**self.__dict__, "network": None, "_parameters": []}
        del state["_pass"], state["_outer"]
        return {**state, "_random_step": None if self.network is None else self.network.random_step}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        self._pass, self._outer = Turn(), weakref.WeakSet()
        random_step = self.__dict__.pop("_random_step")
        if random_step is not None:
            assert self._input_shape is not None, "a model with a network knows its shapes"
            self._settle(self._plan(self._input_shape)._replace(metrics=self._metrics))
            self.built_network.random_step = random_step
        if self.history is not None:
            self.history.set_model(self)

    def __call__(self, inputs: Any, training: bool = False) -> Tensor:
        """The model's outputs for an array of inputs, as an array; the quickest way for one image or a few.

        Args:
            inputs: (N, ...) numbers.
            training: Whether to act as in training (dropout does).

        Raises:
            ArgumentError: If `inputs` is not made of numbers.
            NotImplementedError: If `inputs` is a layer.
            ValueError: If it does not fit the model.
        """
        if isinstance(inputs, Layer):
            return super().__call__(inputs)
        return self._outputs("model", inputs, training)

    def _hand_on_trainable(self) -> None:
        for layer in self.layers:
            layer.trainable = self._trainable

    @property
    def weights(self) -> list[Variable]:
        """All weights, in the order of the layers."""
        return [weight for layer in self.layers for weight in layer.weights]

    def _weight_items(self) -> list[tuple[str, Variable]]:
        """(name, weight) of every weight, for files.

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
            own = layer._weight_items() if isinstance(layer, Model) else [(w.name, w) for w in layer.weights]
            items += [(f"{place}/{name}", weight) for name, weight in own]
        return items

    def save_weights(self, filepath: str | bytes | os.PathLike[str], overwrite: bool = True) -> None:
        """Writes the weights to a file: see `saving.save_weights`."""
        from fashioncnn import saving

        saving.save_weights(self, filepath, overwrite)

    def load_weights(self, filepath: str | bytes | os.PathLike[str], skip_mismatch: bool = False) -> None:
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
        (print_fn or output.write_line)(text)

    def to_json(self, **options: Any) -> str:
        """The architecture, without weights, in Keras's JSON; `models.model_from_json` makes a model of it again.

        Args:
            options: See `json.dumps`.
        """
        import json

        return json.dumps(LAYERS.serialize(self), **options)


def _leave(parameters: list[tuple[Variable, Place]], network: Network | None) -> None:
    """From now on the weights that are in the network have their values themselves."""
    for variable, _ in parameters:
        if variable.place is not None and variable.place.network is network:
            variable.leave()
