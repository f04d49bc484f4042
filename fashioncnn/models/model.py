"""Base class of the models: a network of layers, its weights, and what can be said about it."""

from __future__ import annotations

import os
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, cast

from fashioncnn._core import Network
from fashioncnn.layers import custom, unknown
from fashioncnn.layers.call_arguments import BY_NAME
from fashioncnn.layers.calls import Added, added_in
from fashioncnn.layers.graph import Graph, GraphLayer, Shape, settle
from fashioncnn.layers.layer import USERS_METHODS, Layer
from fashioncnn.layers.symbolic import Extents, KerasTensor, is_symbolic
from fashioncnn.metrics import Metric
from fashioncnn.models import calls, compiling, forms, heads, rules, weight_names
from fashioncnn.models.connections import Connections
from fashioncnn.models.objective import NOTHING, Aim, Objective
from fashioncnn.models.plan import Plan, Weight
from fashioncnn.models.ports import Ports
from fashioncnn.models.training import Trainer
from fashioncnn.utils import output, structures
from fashioncnn.utils.keywords import told
from fashioncnn.utils.locks import Turn
from fashioncnn.utils.overrides import overridden
from fashioncnn.utils.registry import LAYERS, snake_case
from fashioncnn.utils.variable import Place, Variable


class Model(Trainer, Layer):
    """A network of layers that can be trained: whatever leads from some symbolic tensors to others.

    Layers called on `Input`, and on what other layers returned, make symbolic tensors; a model is made of the first and
    the last of them. A layer that was called several times has the same weights everywhere. A model is a layer too: it
    can be part of another model, and both then have the same weights. It can be copied, and pickled with all that it
    has learned. For a simple chain of layers there is `Sequential`.

    Args:
        inputs: A symbolic tensor, or a list, tuple or dict of them. It may lie between layers: then the model begins
            there.
        outputs: The same.
        name: A name; None: made from the class.
        trainable: Whether training changes the weights.
        options: See `Layer`.

    Raises:
        ArgumentError: If something else than symbolic tensors is given.
        NotImplementedError: When a model without them, and without a `call` of yours, is to compute something.
        ValueError: If the outputs depend on other inputs, too.

    Example:
        >>> from fashioncnn import Input, layers
        >>> image, colours = Input((28, 28, 1)), Input((3,))
        >>> features = layers.Flatten()(layers.Conv2D(4, 3, strides=2)(image))
        >>> side = layers.Dense(16, name="side")(colours)
        >>> model = Model([image, colours], [layers.Dense(16, name="main")(features), side])
        >>> model.output_names
        ['main', 'side']
    """

    has_weights = True
    _core_methods: ClassVar[tuple[str, ...]] = (
        *Layer._core_methods, "train_step", "test_step", "predict_step", "compute_loss", "compute_metrics",
        "get_metrics_result", "metrics", "make_train_function", "make_test_function", "make_predict_function",
        "train_function", "test_function", "predict_function")
    _users_methods = USERS_METHODS | {
        "add", "compile", "compile_from_config", "evaluate", "export", "fit", "get_compile_config", "get_layer",
        "load_weights", "pop", "predict", "predict_on_batch", "profile", "save", "save_weights", "summary",
        "test_on_batch", "to_json", "train_on_batch"}
    _instead = ("In a model of your own define call(), for what it computes, with self.add_loss() for what is added to "
                "the loss; fit() trains it, and callbacks see and change what happens on the way.")

    def __new__(cls, *arguments: Any, **keywords: Any) -> Model:
        """A `Functional`, as in Keras, where `Model` itself is called with tensors."""
        if cls is Model and (arguments or keywords.keys() & {"inputs", "outputs"}):
            cls = LAYERS.find("Functional")
        return super().__new__(cls, *arguments, **keywords)

    def __init__(self, inputs: Any = None, outputs: Any = None, name: str | None = None, trainable: bool = True,
                 **options: Any) -> None:
        Layer.__init__(self, name=name, trainable=trainable, **options)
        Trainer.__init__(self)
        self.network: Network | None = None
        self._parameters: list[Weight] = []
        self._penalized: list[GraphLayer] = []
        self._is_told = self._looks_at_batches = False
        self._added: list[Added] = []  # to the loss, by `add_loss`
        self._is_open = False  # an extent of an input is not known before there are data
        self._outer: weakref.WeakSet[Model] = weakref.WeakSet()
        self._connections: Connections | None = None
        self._inputs: Any = None
        self._outputs: Any = None
        if (inputs is None) != (outputs is None):
            raise ValueError(f"{type(self).__name__}() needs `inputs` and `outputs`, got only one of them")
        if inputs is not None:
            self._connect(Connections.between(inputs, outputs), inputs, outputs)
            if not self._trainable:
                self._hand_on_trainable()

    _may_be_empty: ClassVar[bool] = False

    @classmethod
    def from_config(cls, config: Mapping[str, Any],
                    custom_objects: Mapping[str, type[Layer]] | None = None) -> Layer:
        """The model that `get_config` described; one of connected layers as a `Functional`: see there."""
        functional = LAYERS.find("Functional")
        if cls is not Model and not ("input_layers" in config and "output_layers" in config):
            return super().from_config(config)
        make = functional.from_config.__func__
        model: Layer = make(functional if cls is Model else cls, config, custom_objects)
        return model

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; of a model of connected layers all that it is made of."""
        if self._connections is None or self._may_be_empty or custom.is_custom(self):
            return super().get_config()
        config: dict[str, Any] = LAYERS.find("Functional").get_config(self)
        return config

    def _connect(self, connections: Connections, inputs: Any, outputs: Any) -> None:
        """Makes the layers between symbolic tensors the model's."""
        self._connections, self._inputs, self._outputs = connections, inputs, outputs
        self.set_shapes([tensor.shape[1:] for tensor in structures.leaves(inputs)],
                        [tensor.shape[1:] for tensor in structures.leaves(outputs)])

    def set_shapes(self, inputs: Sequence[Extents], outputs: Sequence[Extents]) -> None:
        super().set_shapes(inputs, outputs)
        self._is_open = not unknown.is_known(inputs)
        for layer in self._flatten_layers():
            if isinstance(layer, Model) and layer is not self:
                layer._outer.add(self)

    def _known_connections(self, what: str) -> Connections:
        if self._connections is None and custom.is_custom(self):
            raise AttributeError(f"{type(self).__name__} '{self.name}' has no defined {what}: its call() makes them. "
                                 "Make a model of connected layers, Model(x, net(x)), which has them")
        if self._connections is None:
            raise AttributeError(f"{type(self).__name__} '{self.name}' has no defined {what} yet: give it an Input, or "
                                 "call build(input_shape)")
        return self._connections

    @property
    def layers(self) -> list[Layer]:
        """The layers, from the inputs to the outputs; those of the inputs are among them. Of a model of your own those
        that are its attributes."""
        return self._listed_layers()

    @layers.setter
    def layers(self, value: Any) -> None:
        raise AttributeError("`Model.layers` is reserved: it lists all layers; give the attribute another name")

    def _listed_layers(self) -> list[Layer]:
        if self._connections is None or custom.is_custom(self):
            return list(custom.parts_of(self, Layer))
        return list(self._connections.layers)

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic tensors of the inputs. AttributeError before the model is built."""
        self._known_connections("inputs")
        return structures.leaves(self._inputs)

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic tensors of the outputs. AttributeError before the model is built."""
        self._known_connections("outputs")
        return structures.leaves(self._outputs)

    @property
    def input(self) -> Any:
        """The inputs, in the form that the model was made with. AttributeError before the model is built."""
        self._known_connections("input")
        return self._inputs

    @property
    def output(self) -> Any:
        """The outputs, in the form that the model was made with. AttributeError before the model is built."""
        self._known_connections("output")
        return self._outputs

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs. AttributeError before the model is built."""
        return self._known_connections("inputs").input_names

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that make the outputs. AttributeError before the model is built."""
        return self._known_connections("outputs").output_names

    def _ports(self) -> Ports:
        if self._connections is None:
            return forms.ports(self)
        return Ports(self._inputs, tuple(self.input_names), self._outputs, tuple(self._names_of_outputs()))

    @property
    def _finds_forms(self) -> bool:
        """Whether the forms of inputs and outputs show when there are data only."""
        return custom.is_custom(self)

    def _names_of_outputs(self) -> list[str]:
        """What the outputs are called in `compile` and in logs."""
        if isinstance(self._outputs, Mapping) and not any(map(structures.is_nested, self._outputs.values())):
            return sorted(self._outputs)
        if self._output_form is not None:
            return list(forms.names_of(self._output_form, "output"))
        if self._connections is not None:
            return self.output_names
        return [self.name] if not self._may_be_empty else [layer.name for layer in self._output_layers()]

    def _fixed_input_shapes(self) -> list[Shape] | None:
        """The shapes of the inputs; None where they are not known, or not whole, before there are data."""
        shapes = [tuple(extent for extent in shape if extent is not None) for shape in self._input_shapes or ()]
        return shapes if shapes == self._input_shapes else None

    def _inner_layers(self) -> list[Layer]:
        return self.layers

    def _own_metrics(self) -> list[Metric]:
        """Metrics that are attributes of the model or of a layer, and fed by their owner."""
        owners = [self, *(layer for layer in self._flatten_layers() if not isinstance(layer, Model))]
        return [value for owner in owners for value in vars(owner).values()
                if isinstance(value, Metric) and value is not self._loss_tracker]

    def _output_layers(self) -> list[Layer]:
        """The layers that make the outputs."""
        if custom.is_custom(self):
            return [self] * len(self._names_of_outputs())
        connections = self._known_connections("outputs")
        return [connections.sources[number].layer for number in connections.output_numbers]

    def _output_activations(self) -> list[str]:
        """The name of the activation that each output comes from."""
        names = []
        for layer in self._output_layers():
            *_, last = layer._flatten_layers()
            names.append(getattr(getattr(last, "activation", None), "__name__", snake_case(type(last).__name__)))
        return names

    def add_to(self, graph: Graph, *inputs: int) -> list[int]:
        if self._connections is None:
            raise NotImplementedError(f"{type(self).__name__} has no call(): define it, for what the model computes; "
                                      "or write Model(inputs, outputs) or Sequential([...])")
        connections = self._connections
        if len(inputs) != len(connections.input_layers):
            raise ValueError(f"model '{self.name}' has {len(connections.input_layers)} inputs, got {len(inputs)}")
        for layer, position in zip(connections.input_layers, inputs, strict=True):
            layer.check(graph.shape(position), self.name)
        return connections.add_to(graph, inputs)

    def penalty_for_outputs(self) -> None:
        """Raises ValueError if the model is to penalize its outputs: as in Keras, that is up to the layers."""
        if self.activity_regularizer is not None:
            raise ValueError(f"{type(self).__name__} '{self.name}' takes no `activity_regularizer`: give it to the "
                             "layers that make the outputs")

    def _packed_outputs(self, outputs: list[Any]) -> Any:
        if custom.is_custom(self):
            return super()._packed_outputs(outputs)
        return structures.filled(self._outputs, iter(outputs)) if structures.is_nested(self._outputs) else outputs[0]

    def _form_of_outputs(self, count: int) -> Any:
        is_nested = structures.is_nested(self._outputs)
        return structures.mapped(lambda _: None, self._outputs) if is_nested else super()._form_of_outputs(count)

    def _packed_arrays(self, arrays: list[Any]) -> Any:
        """What the model returns for arrays: of a list of one output that output itself, as in Keras."""
        packed = self._packed_outputs(arrays)
        return packed[0] if isinstance(packed, (list, tuple)) and len(packed) == 1 else packed

    def make_core_weights(self, shapes: Sequence[Extents]) -> None:
        """There are none: the layers have them."""

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights of a model of your own for an input's shape, the batch axis first, or a list of such."""
        if custom.is_custom(self):
            super().build(input_shape)

    def _plan(self, input_shapes: Sequence[Shape], objective: Objective | None = None,
              targets: Sequence[Shape | None] | None = None) -> Plan:
        """The network for inputs of these shapes, and what belongs to it. Raises if something does not fit.

        Args:
            input_shapes: Without the batch axis.
            objective: What it is to be trained for; None: what the model was compiled with.
            targets: The shapes of rows of targets, where losses that users wrote are to be traced.
        """
        graph = Graph()
        is_deaf = custom.is_custom(self) and not custom.takes_training(self)  # to fit(), as in Keras
        outputs = graph.connect(self, *[graph.input(shape, "input") for shape in input_shapes],
                                training=False if is_deaf else None, firm=is_deaf)
        if objective is None:
            objective = self._objective if self.compiled else self._nothing()
        found = [] if targets is None else heads.of_losses(graph, outputs, objective.losses, targets)
        added = added_in(graph)
        found += heads.of_layers(added)
        network, parameters = graph.build([*outputs, *(head.position for head in found)])
        network = rules.with_written(network, parameters)
        if found:
            network = cast(Network, heads.HeadedNetwork(network, len(outputs), found))
        metrics = objective.resolve(network.output_shapes, targets)
        objective.apply(network, metrics)
        network.check_finite = self._check_finite
        return Plan(graph, network, parameters, metrics, added)

    def _settle(self, plan: Plan) -> None:
        """Makes the planned network the model's own: from now on the layers' weights are in it."""
        network, before = plan.network, self.network
        if before is not None:
            network.random_step = before.random_step
            if self.optimizer is not None:
                self.optimizer.detach()
        if self.compiled and self.optimizer is not None:
            self.optimizer.attach(network, [parameter.path for parameter in plan.parameters],
                                  [parameter.shape for parameter in plan.parameters])
        if not self.knows_shapes:
            settle(plan.graph.uses())
        old, self._parameters = self._parameters, []
        for parameter in plan.parameters:
            variable = parameter.layer.weight_of(parameter, parameter.read(network))
            place = Place(network, parameter.offset)
            self._parameters.append(Weight(variable, place, parameter.layer, parameter.name))
            if variable.place is None or variable.place.network is before:
                variable.move(place)
        _leave(old, before)
        self.network, self._metrics, self._penalized = network, plan.metrics, plan.graph.penalized
        self._is_told, self._looks_at_batches = plan.graph.is_told, plan.graph.looks_at_batches
        self._added = plan.added
        self._tell_trainable()
        self._order_slots()

    def _ensure_network(self) -> None:
        """Makes the network of a model whose shapes are known."""
        shapes = self._fixed_input_shapes()
        if self.network is None and shapes is not None:
            self._settle(self._plan(shapes, self._nothing()))

    def _nothing(self) -> Objective:
        return NOTHING._replace(aims=(Aim(),) * len(self._names_of_outputs()))

    def _take_heads_off(self) -> None:
        """Makes the network of a model whose shapes are known, if there is none; anew without losses of users in it."""
        self._ensure_network()
        if any(head.output is not None for head in getattr(self.network, "heads", ())):
            self._settle(self._plan(self.built_network.input_shapes, self._nothing()))

    def _order_slots(self) -> None:
        """Tells the optimizer the order of the weights, which is not that of the calls where a user wrote a layer."""
        if self.compiled and self.optimizer is not None and any(layer.is_custom for layer in self._flatten_layers()):
            places = {id(weight): place for place, weight in enumerate(self.weights)}
            order = [places.get(id(weight.variable), len(places)) for weight in self._parameters]
            self.optimizer.order_slots(sorted(range(len(order)), key=order.__getitem__))

    def _forget_network(self) -> None:
        """Undoes `_settle`."""
        _leave(self._parameters, self.network)
        if self.network is not None:
            self._forget_compilation()
        self.network = None
        self._parameters, self._penalized, self._added = [], [], []

    def _refuse_change(self) -> None:
        """Raises if another model's network was made from this one's layers: it would not see the change."""
        for outer in self._outer:
            raise ValueError(f"model '{self.name}' is part of model '{outer.name}', which is built and would not "
                             "see the change; change it first, or make a new model")

    def _weight_paths(self) -> list[str]:
        return [weight.variable.path for weight in self._parameters]

    def _weight_shapes(self) -> list[tuple[int, ...]]:
        return [weight.variable.shape for weight in self._parameters]

    def _trainable_flags(self) -> list[bool]:
        """One truth value a parameter of the network: see `Network.trainable`."""
        return [self._trainable and weight.layer.may_change(weight.name) for weight in self._parameters]

    def _tell_trainable(self) -> None:
        """Tells the network which parameters are trained: the optimizer has moments of these."""
        if self.network is not None:
            self.network.trainable = self._trainable_flags()

    def _trainable_variables(self) -> list[Variable]:
        return [weight.variable for weight, trainable in zip(self._parameters, self._trainable_flags(), strict=True)
                if trainable and weight.name not in weight.layer.statistics]

    def _pull(self) -> None:
        """Takes over what became of weights that live in another model's network."""
        for weight in self._parameters:
            if weight.variable.place is not weight.place:
                weight.place.network.write("weights", weight.place.offset, weight.variable.numpy())

    @contextmanager
    def _holding_weights(self) -> Iterator[None]:
        """All weights live in this model's network, whoever looks at them or sets them; then where they were before."""
        guests = [(weight.variable, weight.variable.place, weight.place) for weight in self._parameters
                  if weight.variable.place is not weight.place]
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
        state = {**super().__getstate__(), "network": None, "_parameters": [], "_penalized": [], "_added": [],
                 "_inputs": None, "_outputs": None, "_is_in_fit": False}
        del state["_pass"], state["_outer"]
        return {**state, "_ran": None if self.network is None else (self.network.input_shapes,
                                                                    self.network.random_step)}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        self._pass, self._outer = Turn(), weakref.WeakSet()
        ran = self.__dict__.pop("_ran")
        if self._connections is not None:
            self._inputs, self._outputs = self._connections.replay()
        if ran is not None:
            input_shapes, random_step = ran
            self._settle(self._plan(input_shapes)._replace(metrics=self._metrics))
            self.built_network.random_step = random_step
        if self.history is not None:
            self.history.set_model(self)

    def __call__(self, inputs: Any = BY_NAME, /, *arguments: Any, training: bool | None = None, **keywords: Any) -> Any:
        """The model's outputs: arrays for arrays, the quickest way for one image or a few; symbolic tensors for such.

        Args:
            inputs: (N, ...) numbers, or a symbolic tensor; in the form of the model's inputs where there are several.
            training: Whether to act as in training (dropout does). None: each layer as it was told when it was called
                on a symbolic tensor, and as in inference where it was told nothing.

        Raises:
            ArgumentError: If `inputs` is not made of numbers.
            ValueError: If it does not fit the model.
        """
        if inputs is BY_NAME:
            inputs, keywords = self._first_by_name(keywords)
        if isinstance(inputs, Layer) or is_symbolic(inputs):
            return super().__call__(inputs, *arguments, training=training, **keywords)
        if arguments or keywords:
            inputs, training = self._bundled(inputs, arguments, keywords, training)
        return calls.outputs_for(self, "model", inputs, training)

    def _hand_on_trainable(self) -> None:
        for layer in self.layers:
            layer.trainable = self._trainable

    def _weight_items(self) -> list[tuple[str, Variable]]:
        """(name, weight) of every weight, for files: see `weight_names`. ValueError if the model is not built."""
        if not self.built:
            raise ValueError(f"model '{self.name}' has no weights yet: give it an Input, or call build(input_shape)")
        return weight_names.items(self.layers)

    def get_compile_config(self) -> dict[str, Any]:
        """How the model was compiled, as Keras writes it; empty if it was not.

        Raises:
            NotImplementedError: If a learning rate is a function, or a metric a lambda.
        """
        return compiling.described(self._optimizer, self._compile_arguments)

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compiles the model as `get_compile_config` told, unless `compile` is the user's. Errors as of `compile`."""
        if overridden(self, ["compile"]):
            warnings.warn("`compile()` was not called as part of model loading because the model's `compile()` method "
                          "is custom. Override get_compile_config() and compile_from_config(config), too, or call "
                          "compile() after loading", stacklevel=2)
            return
        self.compile(**compiling.arguments(config))

    @told
    def save_weights(self, filepath: str | bytes | os.PathLike[str], overwrite: bool = True) -> None:
        """Writes the weights to a file: see `saving.save_weights`."""
        from fashioncnn import saving

        saving.save_weights(self, filepath, overwrite)

    @told
    def load_weights(self, filepath: str | bytes | os.PathLike[str], skip_mismatch: bool = False,
                     by_name: bool | None = None) -> None:
        """Reads the weights from a file: see `saving.load_weights`."""
        from fashioncnn import saving

        saving.load_weights(self, filepath, skip_mismatch, by_name)

    @told
    def save(self, filepath: str | bytes | os.PathLike[str], overwrite: bool = True, zipped: bool | None = None, *,
             include_optimizer: bool = True, save_format: str | None = None) -> None:
        """Writes the whole model to a file that `saving.load_model` and Keras read: see `saving.save_model`."""
        from fashioncnn import saving

        saving.save_model(self, filepath, overwrite, zipped, include_optimizer=include_optimizer,
                          save_format=save_format)

    def export(self, filepath: str | os.PathLike[str], format: str | None = None, verbose: bool | None = None,
               input_signature: None = None, **options: Any) -> Any:
        """Writes the model for inference in another program.

        ONNX needs the extra "onnx". C is one file in C99 that needs the C library alone, with the weights as constants,
        static memory, and a function ``NAME_predict(const float *input, float *output)``: see the guide.

        Args:
            filepath: The file.
            format: "onnx" or "c"; None: by the file's ending, .onnx or .c.
            verbose: Whether a line says that it is done.
            input_signature: None: the inputs have the shapes that the model was made with, and batches are of any size.
            options: Of the format. For ONNX: ``opset_version``, at least 18. For C: ``name``, what names begin with (by
                default the file's name); ``quantize="int8"`` for weights and activations of 8 bits, with
                ``calibration_data``, some hundred inputs, and if wanted ``y``, their classes.

        Returns:
            What the format reports. C: a tuple with the bytes of ``weights`` and of ``memory``; of quantized networks
            with `y`, the model's ``accuracy`` and the ``quantized_accuracy`` of the C code, on the calibration data.

        Raises:
            ImportError: If the format's extra is not installed.
            NotImplementedError: If the format has nothing for what a layer does; names the layer.
            OSError: If the file cannot be written; one that existed is still there.
            ValueError: If the format or an option is not supported, or the model is not built.

        Example:
            >>> from fashioncnn import Input, Sequential, layers
            >>> model = Sequential([Input((28, 28, 1)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(10)])
            >>> model.export("digits.onnx")
            >>> report = model.export("digits.c")
            >>> report.weights, report.memory
            (108360, 10816)
        """
        from fashioncnn.saving.export import export

        return export(self, filepath, format, verbose, input_signature, **options)

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
            print_fn: What takes the text, which ends with a line break; None: it is printed.
            expand_nested: Whether the layers of models in the model are listed too.
            show_trainable: Whether a column says which layers are trained.
            layer_range: Names of the first and the last layer to list, or patterns for them.

        Raises:
            ValueError: If the table is too narrow, or `layer_range` finds no layer.
        """
        from fashioncnn.models import summary

        text = summary.render(self, line_length, positions, expand_nested, show_trainable, layer_range)
        if print_fn is None:
            output.write_line(text)
        else:
            print_fn(f"{text}\n")

    def _repr_html_(self) -> str:
        """The summary as notebooks show it, with the curves of the last training."""
        from fashioncnn.models import summary

        return summary.render_html(self)

    def to_json(self, **options: Any) -> str:
        """The architecture, without weights, in Keras's JSON; `models.model_from_json` makes a model of it again.

        Args:
            options: See `json.dumps`.
        """
        import json

        return json.dumps(LAYERS.serialize(self), **options)


def _leave(parameters: list[Weight], network: Network | None) -> None:
    """From now on the weights that are in the network have their values themselves."""
    for variable, *_ in parameters:
        if variable.place is not None and variable.place.network is network:
            variable.leave()
