"""Models whose layers form a chain."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fashioncnn.layers.arguments import extents, form_of_shapes
from fashioncnn.layers.call_arguments import BY_NAME
from fashioncnn.layers.graph import Graph, Shape
from fashioncnn.layers.input import InputLayer
from fashioncnn.layers.layer import Layer
from fashioncnn.layers.rescaling import Rescaling
from fashioncnn.layers.single_image import ImageLayer
from fashioncnn.layers.symbolic import Extents, KerasTensor, is_symbolic
from fashioncnn.models import forms
from fashioncnn.models.connections import Connections
from fashioncnn.models.model import Model
from fashioncnn.models.objective import Objective
from fashioncnn.models.plan import Plan
from fashioncnn.models.ports import ONE_EACH, Ports
from fashioncnn.utils import checks, structures
from fashioncnn.utils.locks import CHANGING
from fashioncnn.utils.naming import auto_name
from fashioncnn.utils.overrides import overridden
from fashioncnn.utils.registry import LAYERS


@LAYERS.register(module="keras")
class Sequential(Model):
    """A chain of layers.

    The model is built, and its weights exist, as soon as the shape of its inputs is known: from an `Input` or an
    ``input_shape=`` of the first layer, from `build`, or from the first data that it sees.

    Args:
        layers: The layers, in order.
        trainable: Whether training changes the weights.
        name: A name; None: "sequential", "sequential_1", ...

    Raises:
        ArgumentError: If `layers` is not a list of layers.
        ValueError: If two layers have the same name, or one does not fit the one before it.

    Example:
        >>> from fashioncnn import Input, layers
        >>> model = Sequential([
        ...     Input(shape=(28, 28, 1)),
        ...     layers.Conv2D(32, (3, 3), activation="relu"),
        ...     layers.MaxPooling2D(),
        ...     layers.Flatten(),
        ...     layers.Dense(10, activation="softmax"),
        ... ])
        >>> model.count_params()
        54410
    """

    _may_be_empty = True

    def __init__(self, layers: Sequence[Layer] | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(name=name, trainable=trainable)
        if layers is not None and not isinstance(layers, (list, tuple)):
            raise checks.ArgumentError(f"Sequential() takes a list of layers, got {layers!r}")
        self._input: InputLayer | None = None
        self._stack: list[Layer] = []
        for layer in layers or ():
            self.add(layer, rebuild=False)
        self._rebuild()

    def _listed_layers(self) -> list[Layer]:
        return list(self._stack)

    def add(self, layer: Layer, rebuild: bool = True) -> None:
        """Puts a layer at the end. A compiled model with weights must be compiled again.

        Args:
            layer: The layer.
            rebuild: Whether the model is built again, if the shape of its inputs is known.

        Raises:
            ArgumentError: If it is not a layer.
            ValueError: If its name is taken, it does not fit the layer before it, or the model is part of another one
                that is built; the model is as it was then.
        """
        with CHANGING:
            self._refuse_change()
            before = self._input, list(self._stack)
            self._append(layer)
            if rebuild:
                self._rebuild_or(before)

    def pop(self, rebuild: bool = True) -> Layer:
        """Takes the last layer away and returns it. A compiled model with weights must be compiled again.

        Args:
            rebuild: See `add`.

        Raises:
            ValueError: If there is none, or the model is part of another one that is built.
        """
        with CHANGING:
            self._refuse_change()
            if not self._stack:
                raise ValueError(f"pop(): model '{self.name}' has no layers")
            before = self._input, list(self._stack)
            layer = self._stack.pop()
            if not self._stack:
                self._disconnect()
            elif rebuild:
                self._rebuild_or(before)
            return layer

    def _rebuild_or(self, before: tuple[InputLayer | None, list[Layer]]) -> None:
        """Builds the model again; if that fails, the layers are those of before."""
        try:
            self._rebuild()
        except BaseException:
            self._input, self._stack = before
            raise

    def _append(self, layer: Any) -> None:
        if isinstance(layer, KerasTensor) and isinstance(layer.node.operation, InputLayer):
            layer = layer.node.operation
        if isinstance(layer, type):
            raise checks.ArgumentError(f"a model is made of layers, got the class {layer.__name__}; write "
                                       f"{layer.__name__}(...)")
        if not isinstance(layer, Layer):
            raise checks.ArgumentError(f"a model is made of layers, got {layer!r} of type {type(layer).__name__}")
        if isinstance(layer, InputLayer):
            if self._input is not None or self._stack:
                raise ValueError(f"model '{self.name}' has an input or layers already; an Input goes first")
            self._input = layer
            return
        self._check_new(layer)
        if not self._stack and self._input is None:
            shape = layer.declared_input_shape
            if isinstance(layer, Model) and len(layer._input_shapes or ()) == 1:
                (shape,) = layer._input_shapes or (None,)
            self._input = None if shape is None else InputLayer(shape)
        self._stack.append(layer)

    def _check_new(self, layer: Layer) -> None:
        if any(inner is self for inner in layer._flatten_layers()):
            raise ValueError(f"model '{self.name}' cannot be a part of itself")
        if any(other.name == layer.name for other in self._stack):
            raise ValueError(f"model '{self.name}' has a layer called '{layer.name}' already; names must differ")

    def _rebuild(self) -> None:
        """Builds the model for the layers as they are now, if the shape of the input is known."""
        shapes = [self._input.shape] if self._input is not None else self._input_shapes
        if shapes is None or not self._stack:
            return
        self._describe(shapes)
        had_network = self.network is not None
        self._disconnect()
        self._build(shapes)
        fixed = self._fixed_input_shapes()
        if had_network and fixed is not None:
            self._settle(self._plan(fixed))

    def _describe(self, shapes: Sequence[Extents]) -> None:
        """Raises if the layers do not fit together."""
        for parameter in self._described(shapes).parameters:
            parameter.layer.first_values_of(parameter)

    def _disconnect(self) -> None:
        """Undoes the building, but for the layers' weights."""
        if self.network is not None:
            self._forget_network()
        self._input_shapes = self._output_shapes = None
        if self._connections is None:
            return
        nodes = list(dict.fromkeys(tensor.node for tensor in structures.leaves(self._outputs)))
        for node in nodes:
            for parent in node.parents:
                parent.operation._outbound_nodes.remove(node)
                if parent not in nodes:
                    nodes.append(parent)
            if not node.is_input:
                node.operation._inbound_nodes.remove(node)
        self._connections = self._inputs = self._outputs = None

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights.

        Args:
            input_shape: With the batch axis first: ``(None, 28, 28, 1)``; a list or dict of such, where the first layer
                takes one of tensors; None: that of the model's `Input`.

        Raises:
            NotImplementedError: If a class redefines what the core does.
            ValueError: If a layer does not fit, or the model was built for another shape.
        """
        if input_shape is None:
            if self._input is None:
                raise ValueError(f"build() needs input_shape: model '{self.name}' has no Input")
            input_shape = self._input.batch_shape
        given: list[Any] = []
        form = form_of_shapes(input_shape, given)
        shapes = [extents("input_shape", tuple(shape)[1:]) for shape in given]
        if self._input_shapes not in (None, shapes):
            raise ValueError(f"build() got input_shape={input_shape}, but model '{self.name}' takes {self.input_shape}")
        with CHANGING:
            self._input_form = form
            self._build(shapes)

    def set_shapes(self, inputs: Sequence[Extents], outputs: Sequence[Extents]) -> None:
        if not self.knows_shapes:
            auto_name("Functional")  # a Sequential of Keras has one in it, with which names count on
        super().set_shapes(inputs, outputs)
        for layer in self._stack:
            layer._within = weakref.ref(self)

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        super().__setstate__(state)
        for layer in self._stack:
            layer._within = weakref.ref(self)

    def _known_connections(self, what: str) -> Connections:
        """Those of the stack, which is called on a symbolic tensor when somebody asks for the first time."""
        if self._connections is None and self._input_shapes is not None:
            self._connect_stack(self._input_shapes)
        return super()._known_connections(what)

    def _connect_stack(self, shapes: Sequence[Extents]) -> None:
        """Calls the layers, one after the other, on symbolic tensors: now they have inputs and outputs."""
        has_own = self._input is not None and [self._input.shape] == list(shapes)
        inputs = [self._input.output] if has_own and self._input is not None else [
            InputLayer(shape).output for shape in shapes]
        first = tensors = structures.single(inputs)
        if self._input_form is not None:
            first = tensors = structures.filled(self._input_form, iter(inputs))
        for each in self._stack:
            tensors = each._call_on_tensors(tensors, None)
        self._connect(Connections.between(first, tensors), first, tensors)

    def _plan(self, input_shapes: Sequence[Shape], objective: Objective | None = None,
              targets: Sequence[Shape | None] | None = None) -> Plan:
        if not self._stack:
            raise ValueError(f"model '{self.name}' has no layers; add some")
        return super()._plan(input_shapes, objective, targets)

    def __call__(self, inputs: Any = BY_NAME, /, *arguments: Any, training: bool | None = None, **keywords: Any) -> Any:
        """The same as for other models. Layers that prepare images, and nothing else, take one image (H, W, C) alone,
        and images of another size than before, as they do by themselves."""
        if arguments or keywords or is_symbolic(inputs) or not self._goes_by_layers(inputs):
            return super().__call__(inputs, *arguments, training=training, **keywords)
        for layer in self._stack:
            inputs = layer(inputs, training=training)
        return inputs

    def _goes_by_layers(self, inputs: Any) -> bool:
        if inputs is BY_NAME or not self._prepares_images:
            return False
        shape = np.shape(inputs)
        if len(shape) != 4:
            return len(shape) == 3
        return self.built and any(want not in (None, extent) for want, extent in
                                  zip(self.input_shape[1:], shape[1:], strict=True))

    @property
    def _prepares_images(self) -> bool:
        """Whether all layers change images, of any size, and have no weights."""
        return bool(self._stack) and all(
            layer._prepares_images if isinstance(layer, Sequential) else isinstance(layer, (ImageLayer, Rescaling))
            for layer in self._stack) and not overridden(self, ["call"])

    @property
    def _runs_function(self) -> bool:
        return super()._runs_function or self._takes_any_form

    @property
    def _takes_any_form(self) -> bool:
        """Whether the first layer takes tensors of any form, as one that a user wrote does."""
        return self._input is None and any(layer._runs_function or layer.takes_several for layer in self._stack[:1])

    @property
    def _finds_forms(self) -> bool:
        if self._input is not None:
            return super()._finds_forms
        return (super()._finds_forms or self._takes_any_form
                or any(layer._runs_function for layer in self._stack[-1:]))

    def _note_form(self, inputs: Any) -> None:
        super()._note_form(inputs)
        if isinstance(self._input_form, list) and len(self._input_form) == 1:
            self._input_form = None

    def _ports(self) -> Ports:
        if not self._stack:
            return ONE_EACH
        if self._input is None:
            return forms.ports(self)
        own, last = self._input.name, self._stack[-1].name
        if self._output_form is None:
            return Ports(own, (own,), last, (last,))
        return forms.ports(self)._replace(inputs=own, input_names=(own,))

    def _output_layers(self) -> list[Layer]:
        return (self._stack[-1:] or [self]) * max(1, len(structures.leaves(self._output_form)))

    def add_to(self, graph: Graph, *inputs: int) -> list[int]:
        if len(inputs) != 1 and self._input_form is None:
            raise ValueError(f"model '{self.name}' has one input, got {len(inputs)}")
        if not self._stack:
            raise ValueError(f"model '{self.name}' has no layers; add some")
        if self._input is not None:
            self._input.check(graph.shape(inputs[0]), self.name)
        positions, form = list(inputs), self._input_form
        for layer in self._stack:
            _check_signature(layer)
            if layer._runs_function:
                layer._input_form = form
            positions = graph.connect(layer, *positions)
            form = layer._form_of_outputs(len(positions))
        self._output_form = form
        return positions

    def _packed_outputs(self, outputs: list[Any]) -> Any:
        return Layer._packed_outputs(self, outputs)

    def get_config(self) -> dict[str, Any]:
        """The architecture, as Keras writes it."""
        stack = self._stack if self._input is None else [self._input, *self._stack]
        config = {**super().get_config(), "layers": [LAYERS.serialize(layer) for layer in stack]}
        if self.built:
            config["build_input_shape"] = (
                self.input_shape if self._input_form is None
                else structures.filled(self._input_form, iter((None, *shape) for shape in self._input_shapes or ())))
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any],
                    custom_objects: Mapping[str, type[Layer]] | None = None) -> Sequential:
        """The model that `get_config` or Keras described, without weights.

        Args:
            config: A mapping with "name" and "layers".
            custom_objects: Layer classes by name, besides those of `fashioncnn.layers`.

        Raises:
            ArgumentError: If a layer has an argument that is unknown.
            ValueError: If the description is malformed or a class unknown.
        """
        if "name" not in config or not isinstance(config.get("layers"), (list, tuple)):
            raise ValueError("A Sequential model configuration must be a dictionary containing the 'name' and 'layers' "
                             f"keys, 'layers' being a list; got {sorted(config)}")
        stack = [LAYERS.deserialize(layer, custom_objects) for layer in config["layers"]]
        model = cls(stack, config.get("trainable", True), config["name"])
        if config.get("build_input_shape") is not None:
            model.build(config["build_input_shape"])
        return model


def _check_signature(layer: Layer) -> None:
    """Raises ValueError if a layer's `call` asks for more than what the layer before it makes."""
    if layer.is_custom:
        needed = [name for name, parameter in inspect.signature(layer.call).parameters.items()
                  if parameter.default is parameter.empty
                  and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)]
        if len(needed) > 1:
            raise ValueError(f"layers of a Sequential model can only have a single positional argument, the input; "
                             f"{type(layer).__name__} '{layer.name}' has {', '.join(needed)}: give the others defaults")
