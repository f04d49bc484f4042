"""Layers and models that users write: a class with `call`, and where it has weights `build` and `add_weight`.

`call` runs on traced tensors whenever a graph is made, and its nodes do the layer's work. So it runs a few times at
first, and never in training.
"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from fashioncnn import constraints, initializers, regularizers
from fashioncnn.layers.call_arguments import CallArguments
from fashioncnn.layers.graph import Graph, GraphLayer
from fashioncnn.layers.symbolic import Extents
from fashioncnn.utils import checks, naming, structures, tracing
from fashioncnn.utils.absent import set_by_constructors
from fashioncnn.utils.overrides import is_our_method, overridden
from fashioncnn.utils.variable import Variable

# What a class with a `call` of its own may define, besides what users call.
OF_USERS = ("call", "build", "compute_output_shape", "compute_mask")


class WrittenLayer(GraphLayer, Protocol):
    """What is asked of a layer here. `fashioncnn.layers.Layer` says more of each."""

    name: str
    _trainable: bool
    _variables: dict[str, Variable]
    _never_trained: set[str]
    _is_user_built: bool
    _input_form: Any
    _output_form: Any

    def build(self, input_shape: Any) -> None: ...
    def call(self, inputs: Any) -> Any: ...
    def make_core_weights(self, shapes: Sequence[Extents]) -> None: ...
    def _flatten_layers(self) -> list[Any]: ...


class AsksForTraining(Exception):
    """A call asked for the truth of its argument `training`, which is not known yet."""


class Training:
    """Stands for the argument `training` of a call: layers that are passed it act as the network.

    Args:
        value: What it is taken for; None: nobody has to know it yet.
    """

    def __init__(self, value: bool | None) -> None:
        self._value = value

    def __bool__(self) -> bool:
        if self._value is None:
            raise AsksForTraining
        return self._value

    def __eq__(self, other: object) -> bool:
        return bool(self) == other

    __hash__ = None  # type: ignore[assignment]


AS_THE_NETWORK, IN_TRAINING = Training(None), Training(True)


def is_custom(layer: WrittenLayer) -> bool:
    """Whether a layer's work is said by a `call` that a user wrote."""
    return not is_our_method(vars(layer).get("call", type(layer).call))


def parts_of(layer: WrittenLayer, kind: type) -> Iterator[Any]:
    """The layers that a layer has as attributes, or in lists, tuples and dicts of them, each once."""
    seen: set[int] = set()
    for _, value in parts_by_name(layer, kind):
        for part in _walk(value, kind):
            if id(part) not in seen and part is not layer:
                seen.add(id(part))
                yield part


def parts_by_name(layer: WrittenLayer, kind: type) -> Iterator[tuple[str, Any]]:
    """The attributes of a layer that are layers; of lists, tuples and dicts the layers in them, as a list."""
    ours = set_by_constructors(type(layer)) | {"_arguments_given"}
    for name, value in vars(layer).items():
        if name not in ours and value is not layer:
            parts = list(_walk(value, kind))
            if parts:
                yield name, value if isinstance(value, kind) else parts


def _walk(value: Any, kind: type, around: tuple[Any, ...] = ()) -> Iterator[Any]:
    """The things of a kind in lists, tuples and dicts, which may hold themselves."""
    if isinstance(value, kind):
        yield value
    elif structures.is_nested(value) and all(value is not outer for outer in around):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _walk(item, kind, (*around, value))


def add_to(layer: WrittenLayer, graph: Graph, inputs: Sequence[int]) -> list[int]:
    """Runs a layer's `call` on the outputs of the nodes at `inputs`; returns the positions of what it returns.

    Raises:
        ArgumentError: If it returns anything but tensors.
        NotImplementedError: If it does what cannot be traced.
    """
    make_weights(layer, [(None, *graph.shape(position)) for position in inputs], graph.scope)
    return add_function(layer, graph, inputs, layer.call, takes_training(layer))


def add_function(layer: WrittenLayer, graph: Graph, inputs: Sequence[int], call: Callable[..., Any],
                 takes_training: bool) -> list[int]:
    """What `add_to` does, for any function of the layer's inputs."""
    if not takes_training:
        return _run(layer, graph, inputs, call, {})
    before = graph.state()
    try:
        return _run(layer, graph, inputs, call, {"training": AS_THE_NETWORK})
    except AsksForTraining:
        graph.go_back(before)
    if graph.firmly is not None:
        return _run(layer, graph, inputs, call, {"training": IN_TRAINING if graph.firmly else False})
    return _chosen(layer, graph, lambda training: _run(layer, graph, inputs, call, {"training": training}))


def _chosen(layer: WrittenLayer, graph: Graph, run: Callable[[Any], list[int]]) -> list[int]:
    """What a call that asks for `training` makes: both, of which the network takes what it is run for.

    Raises:
        NotImplementedError: If outputs of the layers in it are penalized, or it asserts one of the values.
        ValueError: If the shapes differ.
    """
    before, penalties = len(graph.losses), len(graph.penalized)
    try:
        of_training = run(IN_TRAINING)
        between = len(graph.losses)
        with graph.acting(False, firm=True):
            of_inference = run(False)
    except AssertionError as error:
        raise NotImplementedError(f"{type(layer).__name__} '{layer.name}': an assertion in call() about `training` is "
                                  "not supported by fashioncnn (yet), which runs the code for both values") from error
    if len(graph.penalized) > penalties:
        raise NotImplementedError(f"{type(layer).__name__} '{layer.name}': call() asks for the truth of `training`, "
                                  "and calls a layer with an activity_regularizer; that is not supported by "
                                  "fashioncnn (yet)")
    if [graph.shape(position) for position in of_training] != [graph.shape(position) for position in of_inference]:
        raise ValueError(f"{type(layer).__name__} '{layer.name}': call() returns other shapes with training=True than "
                         "with training=False")
    for number in range(before, len(graph.losses)):
        graph.losses[number] = tracing.only(graph.losses[number], in_training=number < between)
    return [graph.operate(layer, "by_training", *pair) for pair in zip(of_training, of_inference, strict=True)]


def given(cls: type, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a constructor by name, as far as they fit."""
    try:
        bound = inspect.signature(cls.__init__).bind(None, *arguments, **named)  # type: ignore[misc]
    except TypeError:
        return {}
    of_kind = {parameter.kind: parameter.name for parameter in bound.signature.parameters.values()}
    others = bound.arguments.pop(of_kind.get(inspect.Parameter.VAR_KEYWORD, ""), {})
    return {**dict(list(bound.arguments.items())[1:]), **others}


def config_of(layer: WrittenLayer) -> dict[str, Any]:
    """The arguments of a class without a `get_config`, as far as they are plain values: so does Keras.

    Raises:
        NotImplementedError: If they are not.
    """
    config = dict(layer.__dict__.get("_arguments_given", {}))
    parameters = inspect.signature(type(layer).__init__).parameters
    if "name" in parameters or any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        config["name"] = layer.name
    for name, value in config.items():
        if not all(leaf is None or isinstance(leaf, (bool, int, float, str)) for leaf in structures.leaves(value)):
            raise NotImplementedError(f"{type(layer).__name__} '{layer.name}' cannot be described: its argument {name} "
                                      f"is a {type(value).__name__}; define get_config(), which returns the arguments")
    return config


def noting(build: Callable[..., Any]) -> Callable[..., Any]:
    """A `build` that a user wrote, of which the layer knows afterwards that it has run, whoever called it."""
    @functools.wraps(build)
    def call(self: WrittenLayer, *arguments: Any, **keywords: Any) -> Any:
        with naming.scoped(naming.scope(self.name)):
            result = build(self, *arguments, **keywords)
        self._is_user_built = True
        return result

    call.is_users = True  # type: ignore[attr-defined]  # see `overridden`
    return call


def make_weights(layer: WrittenLayer, shapes: Sequence[tuple[int | None, ...]], scope: Sequence[str]) -> None:
    """Calls a layer's own `build`, once.

    Args:
        layer: The layer.
        shapes: Those of its inputs, with the batch axis.
        scope: The names of the layers that it is called in, and its own.
    """
    if layer._is_user_built:
        return
    if not overridden(layer, ["build"]):
        if not layer._variables:
            with naming.scoped(scope):
                layer.make_core_weights([shape[1:] for shape in shapes])
        return
    layer._is_user_built = True
    before = dict(layer._variables)
    try:
        with tracing.pausing(), naming.scoped(scope):
            form = layer._input_form
            if isinstance(form, CallArguments):
                layer.build(**form.shapes_for(layer, iter(shapes)))
            else:
                layer.build(structures.single(list(shapes)) if form is None else structures.filled(form, iter(shapes)))
    except BaseException:
        layer._is_user_built, layer._variables = False, before
        raise


def shape_first(add: Callable[..., Variable]) -> Callable[..., Variable]:
    """An `add_weight` that says what is wrong: the name comes first, as in Keras 2; it is called in `call`."""
    @functools.wraps(add)
    def call(self: WrittenLayer, *arguments: Any, **keywords: Any) -> Variable:
        if tracing.is_running():
            raise ValueError(f"{type(self).__name__} '{self.name}': call() makes a weight, and you cannot add new "
                             "elements of state to a layer that is built: make it in the constructor or in build()")
        if len(arguments) > 3:
            raise TypeError(f"{type(self).__name__}.add_weight() takes at most 3 positional arguments, got "
                            f"{len(arguments)}; the others are given by name")
        if arguments and "shape" in keywords and not isinstance(arguments[0], str):
            raise ValueError(f"{type(self).__name__}.add_weight(): `shape` was passed both as the first argument, "
                             f"{arguments[0]!r}, and by its name, {keywords['shape']!r}")
        if arguments and isinstance(arguments[0], str):
            raise ValueError(f"{type(self).__name__}.add_weight({arguments[0]!r}, ...): the shape comes first; write "
                             f"add_weight(shape=..., name={arguments[0]!r})")
        return add(self, *arguments, **keywords)

    return call


def add_weight(layer: WrittenLayer, shape: Any, initializer: Any, dtype: Any, trainable: bool, regularizer: Any,
               constraint: Any, name: str | None) -> Variable:
    """See `Layer.add_weight`."""
    checks.float32(f"{type(layer).__name__}.add_weight", dtype)
    extents = tuple(shape) if isinstance(shape, (list, tuple)) else () if shape is None else (shape,)
    if any(extent is None for extent in extents):
        raise ValueError(f"{type(layer).__name__} '{layer.name}': add_weight() got shape={shape!r}; every extent must "
                         "be known")
    make = initializers.get(initializer) or initializers.GlorotUniform()
    title = name or "variable"
    keys = itertools.chain([title], (f"{title}_{number}" for number in itertools.count(1)))
    key = next(key for key in keys if key not in layer._variables)
    variable = Variable(np.asarray(make(extents), np.float32), trainable=trainable and layer._trainable, name=title)
    variable.path = "/".join((*naming.scope(layer.name), title))
    variable.is_weight = True
    variable.regularizer, variable.constraint = regularizers.get(regularizer), constraints.get(constraint)
    layer._variables[key] = variable
    if not trainable:
        layer._never_trained.add(key)
    return variable


def track(layer: Any, name: str, variable: Variable) -> None:
    """Makes a variable that is an attribute of a layer a weight of it. One that is not of float32 is none.

    Raises:
        ValueError: In `call`, and once the layer is built.
    """
    if tracing.is_running() or layer.__dict__.get("_output_shapes") is not None:
        raise ValueError(f"{type(layer).__name__}.{name}: you cannot add new elements of state, as the variable "
                         f"'{variable.path}', to a layer that is built: make it in the constructor or in build()")
    if variable.dtype == "float32":
        variable.is_weight = True
        layer.__dict__.setdefault("_variables", {})[name] = variable
        if not variable.trainable:
            layer.__dict__.setdefault("_never_trained", set()).add(name)


def _run(layer: WrittenLayer, graph: Graph, inputs: Sequence[int], call: Callable[..., Any],
         keywords: Mapping[str, Any]) -> list[int]:
    with tracing.running(tracing.Trace(graph, layer, joins_batch=True)) as trace:
        tensors = [tracing.TracedTensor(trace, position) for position in inputs]
        form = layer._input_form
        if isinstance(form, CallArguments):
            positional, named = form.filled(iter(tensors))
            result = call(*positional, **named, **keywords)
        else:
            given = structures.filled(form, iter(tensors)) if form is not None else structures.single(list(tensors))
            result = call(given, **keywords)
    outputs = structures.leaves(result)
    for output in outputs:
        if not isinstance(output, tracing.TracedTensor) or output.trace.graph is not graph or (
                not output.batched or output.joins is not None):
            raise checks.ArgumentError(f"{type(layer).__name__} '{layer.name}': call() must return tensors that depend "
                                       f"on its inputs, got {output!r}")
    layer._output_form = structures.mapped(lambda _: None, result)
    return [output.position for output in outputs]


def takes_training(layer: WrittenLayer) -> bool:
    """Whether a layer's `call` has an argument `training`."""
    parameters = inspect.signature(layer.call).parameters.values()
    return any(parameter.name == "training" or parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)



def check_part(layer: Any, part: Any) -> None:
    """Raises NotImplementedError if the `call` of `layer` calls a layer with weights that is none of its attributes."""
    if not (part.has_weights or part._variables) or not hasattr(layer, "_flatten_layers"):
        return
    if all(part is not known for known in layer._flatten_layers()):
        raise NotImplementedError(f"{type(layer).__name__} '{layer.name}': call() calls the layer '{part.name}', which "
                                  "is none of its attributes, so that its weights would be nobody's: make it in the "
                                  "constructor or in build(), as self.name_of_layer = ...")
