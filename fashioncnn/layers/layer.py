"""Base class of the layers."""

from __future__ import annotations

import copy
import inspect
import math
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from numpy.typing import NDArray

from fashioncnn import regularizers
from fashioncnn.layers import channels, custom, unknown
from fashioncnn.layers.arguments import extents, form_of_shapes, regularizer
from fashioncnn.layers.call_arguments import BY_NAME, Bundle, CallArguments, bundled, has_gaps
from fashioncnn.layers.calls import added_in, outputs_of
from fashioncnn.layers.graph import Description, Graph, Shape, settle
from fashioncnn.layers.symbolic import Extents, KerasTensor, Node, is_symbolic
from fashioncnn.layers.weights import HasWeights
from fashioncnn.utils import budget, checks, keywords, naming, policies, structures, tracing
from fashioncnn.utils.arrays import as_array, is_array
from fashioncnn.utils.naming import auto_name, checked_name
from fashioncnn.utils.overrides import is_ours, is_written, overridden
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Setting
from fashioncnn.utils.tensor import Tensor, tensor
from fashioncnn.utils.variable import Variable

# What a subclass may redefine: only users call it.
USERS_METHODS = frozenset(("build_from_config", "count_params", "from_config", "get_build_config", "get_config",
                           "get_weights", "load_own_variables", "name", "path", "save_own_variables", "set_weights"))
# Steps from which on a layer that is called by itself draws its masks: a model's are numbered from 0.
FIRST_OF_LAYERS = 1 << 62


@LAYERS.base
class Layer(HasWeights):
    """One step of a network: what it is configured with, its weights, and which nodes of the core do its work.

    A layer's weights exist once the shape of its input is known: when it becomes part of a model with an `Input`, at
    the model's first `fit` or call, or through `build`. Until then its arguments can be set as attributes, too.

    Args:
        name: A name, unique in a model; None: made from the class, as "conv2d_1".
        trainable: Whether training changes the weights.
        dtype: A `DTypePolicy` or its name, "float32" or "mixed_bfloat16"; None: the one that
            `mixed_precision.set_global_policy` set.
        input_shape: Shape of one input, without the batch axis: takes the place of an `Input` before a model's first
            layer.
        input_dim: `input_shape` of a single axis.
        batch_size: None, or any number: batches of every size are taken.
        activity_regularizer: None, or a penalty for the outputs: L1, L2 or L1L2 of `fashioncnn.regularizers`. What one
            image costs is part of its loss in training and in evaluating, whether the layer is trainable or not.

    Raises:
        ArgumentError: If a keyword is unknown, or an argument has the wrong type.
        ValueError: If `dtype` is something else.
    """

    dtype_policy = Setting(lambda name, value: policies.get(value))
    name: str
    supports_masking: bool
    has_weights: ClassVar[bool] = False
    activity_regularizer = regularizer()
    takes_several: ClassVar[bool] = False  # inputs: a list of arrays is one for each
    _frozen_because = "the layer is built, and the network that does its work is made; make another layer"
    _core_methods: ClassVar[tuple[str, ...]] = ("__call__", "call", "build", "compute_output_shape", "compute_mask",
                                                "trainable_weights", "trainable_variables", "non_trainable_weights")
    _users_methods = USERS_METHODS
    _instead = ("In a layer of your own define call(), for what it computes, and if it has weights build(), which "
                "makes them by add_weight().")

    def __init__(self, *, name: str | None = None, trainable: bool = True, dtype: Any = None,
                 input_shape: Sequence[int | None] | None = None, input_dim: int | None = None,
                 batch_size: int | None = None, activity_regularizer: Any = None, **unknown: Any) -> None:
        for keyword in unknown:
            raise keywords.unexpected(type(self).__name__, keyword, inspect.signature(type(self)).parameters)
        self.dtype_policy = dtype
        if batch_size is not None:
            checks.integer("batch_size", batch_size, at_least=1)
        self.name = checked_name(name, type(self).__name__)
        if input_dim is not None:
            input_shape = (input_dim,)
        self.declared_input_shape = None if input_shape is None else extents("input_shape", input_shape)
        self.activity_regularizer = activity_regularizer
        self._trainable = checks.flag("trainable", trainable)
        self._variables: dict[str, Variable] = self.__dict__.get("_variables", {})  # some came before, as attributes
        self._input_shapes: list[Extents] | None = None
        self._output_shapes: list[Extents] | None = None
        self._inbound_nodes: list[Node] = []
        self._outbound_nodes: list[Node] = []
        self._within: weakref.ref[Any] | None = None  # a chain of layers, which can call this one on a symbolic tensor
        self._training_calls = 0
        self._penalties: list[Tensor] = []  # for the outputs of the last call
        self._is_user_built = False  # whether a `build` that a user wrote has run
        self._never_trained: set[str] = self.__dict__.get("_never_trained", set())  # weights that were made so
        self._input_form: Any = None  # structures of what `call` that a user wrote takes and returns
        self._output_form: Any = None

    def _change_setting(self, name: str, value: Any) -> None:
        if self.knows_shapes:
            super()._change_setting(name, value)
        else:
            self.__dict__[name] = value

    def add_to(self, graph: Graph, *inputs: int) -> int | list[int]:
        """Adds the nodes that do the layer's work on the outputs of the nodes at `inputs`.

        Returns:
            The position of the node whose output is the layer's, or the positions where it has several outputs.
        """
        raise NotImplementedError(f"{type(self).__name__} has no call(): define it, for what the layer computes")

    def nodes_for(self, graph: Graph, *inputs: int) -> int | list[int]:
        """What `add_to` does; or what a `call` that a user wrote leaves behind."""
        return custom.add_to(self, graph, inputs) if custom.is_custom(self) else self.add_nodes(graph, *inputs)

    def add_nodes(self, graph: Graph, *inputs: int, add: Callable[..., int | list[int]] | None = None
                  ) -> int | list[int]:
        """What `add_to`, or another function, does, for images with their channels where `data_format` says."""
        add = add or self.add_to
        if self.__dict__.get("data_format") != "channels_first":
            return add(graph, *inputs)
        made = add(graph, *(channels.to_the_end(graph, self, position) for position in inputs))
        assert isinstance(made, int), "layers of images have one output"
        has_pixels = len(graph.shape(made)) == len(graph.shape(inputs[0])) > 1
        return channels.to_the_front(graph, self, made) if has_pixels else made

    def refuse_overrides(self) -> None:
        if not custom.is_custom(self):
            super().refuse_overrides()
            return
        found = overridden(self, [name for name in self._core_methods if name not in custom.OF_USERS])
        if found:
            raise self._refusal(found)

    def penalty_for_outputs(self) -> dict[str, float] | None:
        """The factors of the penalty for the layer's outputs; None: it has none.

        Raises:
            NotImplementedError: If the penalty is no sum over numbers, or is written in Python.
        """
        penalty = self.activity_regularizer
        if penalty is None or is_written(penalty):
            return None
        config = penalty.core_config() or {"type": "l1_l2"}
        if config.pop("type") != "l1_l2":
            raise NotImplementedError(f"{type(self).__name__}: activity_regularizer={penalty!r} is not supported by "
                                      "fashioncnn (yet); supported: L1, L2, L1L2 and None")
        return config

    def add_written_penalty(self, graph: Graph, outputs: Sequence[int]) -> None:
        """Adds the penalty for the outputs to the loss, where a user wrote it: divided by the number of images.

        Raises:
            ArgumentError: If it is no sum over the batch, `ops.sum(...)` in the end.
        """
        if not is_written(self.activity_regularizer):
            return
        with tracing.running(tracing.Trace(graph, self, joins_batch=True)) as trace:
            for output in outputs:
                penalty = self.activity_regularizer(tracing.TracedTensor(trace, output))
                if not isinstance(penalty, tracing.TracedTensor) or penalty.joins != "sum" or penalty.shape != ():
                    raise checks.ArgumentError(f"{type(self).__name__} '{self.name}': an `activity_regularizer` of "
                                               f"your own must return a sum over all numbers, ops.sum(...); got "
                                               f"{penalty!r}")
                penalty.joins = "mean"
                graph.losses.append(penalty)

    def note_penalties(self, penalties: Sequence[Any]) -> None:
        """Takes what the layer added to the loss in the last call: what its outputs cost, for each use of the layer,
        and what `add_loss` was given."""
        self._penalties = [tensor(penalty) for penalty in penalties]

    def set_shapes(self, inputs: Sequence[Extents], outputs: Sequence[Extents]) -> None:
        """Tells the layer what goes in and out, without the batch axis. What differs from call to call is None."""
        self._input_shapes, self._output_shapes = list(inputs), list(outputs)

    def build(self, input_shape: Sequence[Any]) -> None:
        """Makes the weights.

        Args:
            input_shape: With the batch axis first: ``(None, 28, 28, 1)``; a list of such for several inputs. Other
                extents may be None, too, if no weight's shape depends on them.

        Raises:
            NotImplementedError: If a subclass redefines what the core does.
            ValueError: If the layer cannot take such an input.
        """
        if overridden(self, ["build"]):  # which calls this one
            self._is_user_built = True
            self.make_core_weights([extents("input_shape", tuple(shape)[1:]) for shape in _listed(input_shape)])
            return
        if input_shape is None and not self.has_weights:
            self._is_user_built = True
            return
        shapes: list[Any] = []
        form = form_of_shapes(input_shape, shapes)
        if self._runs_function:
            self._input_form = form
        self._build([extents("input_shape", tuple(shape)[1:]) for shape in shapes])

    def make_core_weights(self, shapes: Sequence[Extents]) -> None:
        """Makes the weights that the class of this package has from which a user's is derived."""
        if not self.has_weights:
            return
        graph = Graph()
        self.add_nodes(graph, *(graph.input(shape, self.name) for shape in unknown.filled(shapes, unknown.TRIED[0])))
        for parameter in graph.describe()[1]:
            parameter = parameter._replace(path="/".join((*naming.scope(self.name), parameter.name)))
            self.weight_of(parameter, self.first_values_of(parameter))

    def _build(self, shapes: Sequence[Extents]) -> list[Extents]:
        """Makes the weights for inputs of these shapes, where there are none yet; returns the outputs' shapes."""
        uses, parameters = self._described(shapes)
        for parameter in parameters:
            parameter.layer.check_shape_of(parameter.name, parameter.shape)
        if not self.knows_shapes:
            values = [parameter.layer.first_values_of(parameter) for parameter in parameters]
            for parameter, value in zip(parameters, values, strict=True):
                parameter.layer.weight_of(parameter, value)
            settle(uses)
        return list(uses[-1].outputs)

    def _described(self, shapes: Sequence[Extents]) -> Description:
        """What the layer is made of for inputs of these shapes. ValueError if it cannot take them."""
        if unknown.is_known(shapes):
            description = self._described_for(shapes)  # type: ignore[arg-type]
            self._check_budget(description)
            return description
        try:
            first, second = (self._described_for(unknown.filled(shapes, length)) for length in unknown.TRIED)
        except ValueError as error:
            raise ValueError(f"{type(self).__name__} '{self.name}' cannot take inputs of shapes "
                             f"{[(None, *shape) for shape in shapes]}, tried with {unknown.TRIED[0]} for what is not "
                             f"known: {error}") from error
        self._check_budget(first)
        return unknown.joined(first, second)

    @staticmethod
    def _check_budget(description: Description) -> None:
        """Raises ValueError if the weights that are not there yet are more than a file that is read can have."""
        budget.check(sum(math.prod(parameter.shape) for parameter in description.parameters
                         if parameter.name not in parameter.layer._variables))

    def _described_for(self, shapes: Sequence[Shape]) -> Description:
        graph, _ = self._graph_of(shapes)
        _, parameters = graph.describe()
        return Description(graph.uses(), parameters)

    def _graph_of(self, shapes: Sequence[Shape]) -> tuple[Graph, list[int]]:
        """A graph of the layer alone, and the positions of its outputs."""
        graph = Graph()
        inputs = [graph.input(shape, self.name) for shape in shapes]
        return graph, graph.connect(self, *inputs)

    def __call__(self, inputs: Any = BY_NAME, /, *arguments: Any, training: bool | None = None, **keywords: Any) -> Any:
        """The layer's output: an array for an array of inputs, a symbolic tensor for a symbolic tensor.

        Args:
            inputs: (N, ...) numbers, or what `Input` or another layer returned; a list of these for several inputs.
                The first argument of `call`, which can be given by its name as well.
            arguments: What the `call` of a layer of your own takes besides: further tensors.
            keywords: The same by name, and whatever is no tensor.
            training: Whether to act as in training (dropout does); on a symbolic tensor None means: as the model that
                is made of it.

        Raises:
            ArgumentError: If `inputs` is not made of numbers.
            NotImplementedError: If a subclass redefines what the core does.
            ValueError: If the layer cannot take such inputs.
        """
        self._require_call()
        if inputs is BY_NAME:
            inputs, keywords = self._first_by_name(keywords)
        if arguments or keywords or (self._runs_function and has_gaps(inputs)):
            inputs, training = self._bundled(inputs, arguments, keywords, training)
        if isinstance(inputs, Layer):
            raise checks.ArgumentError(f"{type(self).__name__} '{self.name}' was called on the layer '{inputs.name}'; "
                                       f"call it on what that returns: {self.name}({inputs.name}(x))")
        if is_symbolic(inputs):
            before = self._input_form
            self._note_form(inputs)
            if tracing.is_traced(*structures.leaves(inputs)):
                return self._call_in_trace(inputs, training)
            self._check_form(before)
            return self._call_on_tensors(inputs, training)
        form = self._input_form
        try:
            arrays = [as_array(type(self).__name__, "`inputs`", array, may_be_empty=True)
                      for array in self._arrays_of(inputs)]
            return self._call_on_arrays(arrays, bool(training))
        finally:
            if self._inbound_nodes:
                self._input_form = form

    @property
    def _runs_function(self) -> bool:
        """Whether a function that a user wrote does the work, which takes inputs of any form."""
        return custom.is_custom(self)

    def _note_form(self, inputs: Any) -> None:
        """Keeps the form of what a `call` that a user wrote takes."""
        if not self._runs_function:
            return
        form: Any = structures.mapped(lambda _: None, inputs) if structures.is_nested(inputs) else None
        if isinstance(inputs, Bundle):
            form = inputs.form
        self._input_form = form

    def _check_form(self, before: Any) -> None:
        """Raises NotImplementedError if a call between the layers of a model has other arguments than one before it."""
        now = self._input_form
        if self._inbound_nodes and now != before and CallArguments in (type(now), type(before)):
            self._input_form = before
            raise NotImplementedError(f"{type(self).__name__} '{self.name}' was called with other arguments before; "
                                      "that is not supported by fashioncnn (yet) between the layers of a model: make "
                                      "a model of your own, with a call()")

    def _require_call(self) -> None:
        """Raises NotImplementedError if nothing says what the layer computes."""
        if type(self).add_to is Layer.add_to and not custom.is_custom(self):
            self.add_to(Graph())

    def _first_by_name(self, keywords: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """The first argument of `call`, given by its name, and the others. TypeError if it is not there."""
        first = next(iter(inspect.signature(self.call).parameters), "inputs")
        rest = dict(keywords)
        if first not in rest:
            raise checks.ArgumentError(f"{type(self).__name__} '{self.name}' takes `{first}` first, which it did not "
                                       "get")
        return rest.pop(first), rest

    def _bundled(self, inputs: Any, arguments: Any, keywords: Any, training: Any) -> tuple[Any, Any]:
        """Inputs and `training`, for a call with other arguments.

        Raises:
            NotImplementedError: If one is a mask.
            TypeError: If the layer does not take them.
        """
        if custom.is_custom(self):
            return bundled(self.call, inputs, arguments, keywords, training)
        is_mask = len(arguments) == 1 and is_array(arguments[0]) and getattr(arguments[0], "ndim", 1) > 0
        if is_mask or (keywords.get("mask") is not None and keywords.keys() == {"mask"}):
            raise NotImplementedError(f"masks are not supported by fashioncnn (yet): {type(self).__name__} "
                                      f"'{self.name}' was called with one; give it what is not masked")
        if len(arguments) > 1 or any(name != "mask" or value is not None for name, value in keywords.items()):
            what = f"{1 + len(arguments)} positional arguments" if len(arguments) > 1 else ", ".join(keywords)
            raise checks.ArgumentError(f"{type(self).__name__} '{self.name}' takes `inputs` and `training`, got {what}")
        return inputs, arguments[0] if arguments else training

    def _call_in_trace(self, inputs: Any, training: Any) -> Any:
        """The call of a layer within the `call` of another."""
        trace = tracing.current()
        custom.check_part(trace.layer, self)
        positions = [trace.operand(value).position for value in structures.leaves(inputs)]
        told = None if training is None or isinstance(training, custom.Training) else bool(training)
        made = trace.graph.connect(self, *positions, training=told, firm=told is not None)
        return self._packed_outputs([tracing.TracedTensor(trace, position) for position in made])

    def _arrays_of(self, inputs: Any) -> list[Any]:
        if self._runs_function and structures.is_nested(inputs) and any(map(is_array, structures.leaves(inputs))):
            self._note_form(inputs)
            return structures.leaves(inputs)
        return list(inputs) if self.takes_several and isinstance(inputs, (list, tuple)) else [inputs]

    def _call_on_tensors(self, inputs: Any, training: bool | None) -> Any:
        tensors = structures.leaves(inputs)
        strangers = [tensor for tensor in tensors if not isinstance(tensor, KerasTensor)]
        if strangers:
            raise checks.ArgumentError(f"{type(self).__name__} '{self.name}' got symbolic tensors together with "
                                       f"{type(strangers[0]).__name__}; an array that is always the same is not "
                                       "supported by fashioncnn (yet) as one of several inputs")
        batch = tensors[0].shape[0]
        self._make_own_weights([tensor.shape for tensor in tensors])
        shapes = self._build([tensor.shape[1:] for tensor in tensors])
        outputs = [KerasTensor((batch, *shape), name=auto_name("KerasTensor")) for shape in shapes]
        if all(tensor._keras_history is not None for tensor in tensors):
            Node(self, inputs, outputs, training)
        return self._packed_outputs(outputs)

    def _packed_outputs(self, outputs: list[Any]) -> Any:
        """What a call returns: its only output, or the outputs in the form that the layer has for them."""
        if self._output_form is not None:
            return structures.filled(self._output_form, iter(outputs))
        return structures.single(outputs)

    def _form_of_outputs(self, count: int) -> Any:
        """The form of what a call returns; None for one tensor."""
        return self._output_form if self._output_form is not None or count == 1 else [None] * count

    def _make_own_weights(self, shapes: Sequence[Extents]) -> None:
        """Calls a `build` that a user wrote, which hears of the batch's size as well, as far as it is known."""
        if custom.is_custom(self) and unknown.is_known([shape[1:] for shape in shapes]):
            custom.make_weights(self, shapes, naming.scope(self.name))

    def _call_on_arrays(self, arrays: Sequence[NDArray[Any]], training: bool) -> Any:
        self._make_own_weights([array.shape for array in arrays])
        self._build([array.shape[1:] for array in arrays])
        graph, positions = self._graph_of([array.shape[1:] for array in arrays])
        added = added_in(graph)
        network, parameters = graph.build([*positions, *(each.position for each in added)])
        if training or graph.is_told:
            network.random_step = FIRST_OF_LAYERS + self._training_calls
            self._training_calls += 1
        if training:
            network.trainable = [parameter.layer.may_change(parameter.name) for parameter in parameters]
        shapes = network.output_shapes[: len(positions)]
        outputs = outputs_of(network, arrays, shapes, training, graph.penalized, added)
        for parameter in parameters:
            if training and parameter.name in parameter.layer.statistics:
                moved = parameter.read(network)
                parameter.layer.weight_of(parameter, moved).assign(moved)
        return self._packed_outputs(outputs)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """The same as calling the layer; of a subclass, what it adds to."""
        if not tracing.is_traced(*structures.leaves(inputs)):
            return self(inputs, training=training)
        trace = tracing.current()
        graph: Any = trace.graph
        made = self.add_nodes(graph, *(trace.operand(value).position for value in structures.leaves(inputs)))
        positions = [made] if isinstance(made, int) else made
        return structures.single([tracing.TracedTensor(trace, position) for position in positions])

    @property
    def input(self) -> Any:
        """The symbolic tensor, or the structure of tensors, that the layer was first called on.

        Raises:
            AttributeError: If it was not called on any.
        """
        return self._first_node("input").inputs

    @property
    def output(self) -> Any:
        """The symbolic tensor that the layer returned when it was first called on one.

        Raises:
            AttributeError: If it was not called on any.
        """
        return self._first_node("output").output

    def _first_node(self, what: str) -> Node:
        chain = None if self._within is None else self._within()
        if not self._inbound_nodes and chain is not None:
            chain._known_connections(what)
        if not self._inbound_nodes:
            raise AttributeError(f"{type(self).__name__} '{self.name}' has no `{what}` yet: it was not called on a "
                                 "symbolic tensor, nor built as part of a model")
        return self._inbound_nodes[0]

    @property
    def title(self) -> str:
        """What the class is called in a summary."""
        return type(self).__name__

    @property
    def knows_shapes(self) -> bool:
        """Whether the shapes of inputs and outputs are known, and so all weights exist."""
        return self._output_shapes is not None

    @property
    def built(self) -> bool:
        """Whether all weights exist; a layer that never has any is built from the start, as in Keras."""
        return (self.knows_shapes or self._is_user_built
                or not (self.has_weights or overridden(self, ["build"]) or custom.is_custom(self)))

    @built.setter
    def built(self, value: bool) -> None:
        if is_ours(type(self)) and type(self) is not Layer:
            raise AttributeError(f"{type(self).__name__}.built cannot be set", name="built", obj=self)
        self._is_user_built = bool(value)

    @property
    def input_shape(self) -> Any:
        """With the batch axis, None; a list for several inputs. AttributeError before the layer is built."""
        return self._with_batch_axis(self._input_shapes)

    @property
    def output_shape(self) -> Any:
        """With the batch axis, None; a list for several outputs. AttributeError before the layer is built."""
        return self._with_batch_axis(self._output_shapes)

    def _with_batch_axis(self, shapes: list[Extents] | None) -> Any:
        if shapes is None:
            raise AttributeError(f"{type(self).__name__} '{self.name}' has no defined shapes yet; build it first")
        return structures.single([(None, *shape) for shape in shapes])

    def compute_output_shape(self, input_shape: Sequence[Any]) -> Any:
        """The output's shape for an input's, both with the batch axis first; lists for several of them.

        Example:
            >>> from fashioncnn import layers
            >>> layers.Conv2D(32, 3).compute_output_shape((None, 28, None, 1))
            (None, 26, None, 32)
        """
        self._require_call()
        given = _listed(input_shape)
        uses, _ = self._described([extents("input_shape", tuple(shape)[1:]) for shape in given])
        return structures.single([(given[0][0], *shape) for shape in uses[-1].outputs])

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """What becomes of a mask: it stays. Masks are no part of what models compute."""
        return previous_mask

    @property
    def dtype(self) -> str:
        """The type of weights and outputs."""
        return "float32"

    variable_dtype = dtype

    @property
    def compute_dtype(self) -> str:
        """What the policy rounds the factors of products to: "float32" or "bfloat16". Outputs are float32."""
        policy: policies.DTypePolicy = self.dtype_policy
        return policy.compute_dtype

    @property
    def precision(self) -> dict[str, bool]:
        """What nodes are told whose products the policy is about."""
        return {"bfloat16": True} if self.compute_dtype == "bfloat16" else {}

    @property
    def path(self) -> str:
        """The name with those of the models around it: "sequential/conv2d"."""
        weights = self.weights
        return weights[0].path.rpartition("/")[0] if weights else self.name

    @property
    def losses(self) -> list[Any]:
        """The penalties, which are part of the loss: of the last call, then for the trainable weights.

        Those of a call are what its outputs cost, and what layers of your own gave to `add_loss`. The last call is that
        of the layer, or of a model around it, with arrays; `fit`, `evaluate` and `predict` are no calls.
        """
        layers = {id(layer): layer for layer in self._flatten_layers()}.values()
        return [*(penalty for layer in layers for penalty in layer._penalties),
                *(weight.regularizer(weight) for weight in self.trainable_weights if weight.regularizer is not None)]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as Keras writes them.

        Raises:
            NotImplementedError: If they are not known: a class of your own defines this method, unless they are plain.
        """
        if custom.is_custom(self) and not overridden(self, ["get_config"]):
            return custom.config_of(self)
        config = {"name": self.name, "trainable": self._trainable, "dtype": policies.serialize(self.dtype_policy)}
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return config

    def get_build_config(self) -> dict[str, Any] | None:
        """For what shape of input the weights were made; None where there are none."""
        has_weights = self.has_weights or (custom.is_custom(self) and not isinstance(self._input_form, CallArguments))
        if not (has_weights and self.knows_shapes):
            return None
        is_nested = self._runs_function and structures.is_nested(self._input_form)
        return {"input_shape": structures.filled(self._input_form, iter((None, *shape) for shape in self._input_shapes))
                if is_nested and self._input_shapes else self.input_shape}

    def build_from_config(self, config: Mapping[str, Any]) -> None:
        """Makes the weights for the shape that `get_build_config` told. Errors as of `build`."""
        if config.get("input_shape") is not None:
            self.build(config["input_shape"])

    def made_anew(self) -> Layer:
        """A layer with the same configuration, without weights."""
        return type(self).from_config(self.get_config())

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Layer:
        """The layer that `get_config` described, without weights."""
        return cls(**config)

    def __getstate__(self) -> dict[str, Any]:
        """All but the calls on symbolic tensors: they belong to the models that were made of them."""
        return {**self.__dict__, "_inbound_nodes": [], "_outbound_nodes": [], "_within": None}

    def __copy__(self) -> Layer:
        """An independent copy: two layers never share weights."""
        return copy.deepcopy(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _listed(shape: Sequence[Any]) -> list[Sequence[int | None]]:
    """A shape, or a list of shapes, as a list of shapes."""
    several = isinstance(shape, (list, tuple)) and len(shape) > 0 and isinstance(shape[0], (list, tuple))
    return list(shape) if several else [shape]
