"""Models whose layers form a chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fashioncnn.layers.arguments import extents
from fashioncnn.layers.graph import Graph
from fashioncnn.layers.input import InputLayer
from fashioncnn.layers.layer import Layer
from fashioncnn.models.model import Model
from fashioncnn.models.objective import NOTHING, Objective
from fashioncnn.models.training import Plan
from fashioncnn.utils import checks
from fashioncnn.utils.locks import CHANGING
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

    def __init__(self, layers: Sequence[Layer] | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(name=name, trainable=trainable)
        if layers is not None and not isinstance(layers, (list, tuple)):
            raise checks.ArgumentError(f"Sequential() takes a list of layers, got {layers!r}")
        self._input: InputLayer | None = None
        self._stack: list[Layer] = []
        for layer in layers or ():
            self.add(layer, rebuild=False)
        self._rebuild()

    @property
    def layers(self) -> list[Layer]:
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
                self._forget_network()
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
            shape = layer.declared_input_shape or (layer.input_shape[1:] if isinstance(layer, Model)
                                                   and layer.knows_shapes else None)
            self._input = None if shape is None else InputLayer(shape)
        self._stack.append(layer)

    def _check_new(self, layer: Layer) -> None:
        known = {id(inner) for inner in self._flatten_layers()}
        for inner in layer._flatten_layers():
            if id(inner) in known:
                raise ValueError(f"the same layer twice ('{inner.name}') is not supported by fashioncnn (yet): weights "
                                 "cannot be shared; make another layer of that kind")
        if any(other.name == layer.name for other in self._stack):
            raise ValueError(f"model '{self.name}' has a layer called '{layer.name}' already; names must differ")

    def _rebuild(self) -> None:
        """Builds the network for the layers as they are now, if the shape of the input is known."""
        shape = self._input.shape if self._input is not None else None
        shape = self._input_shape if shape is None else shape
        if shape is None or not self._stack:
            return
        plan = self._plan(shape, None if self.network is None else NOTHING)
        if self.network is not None:
            self._forget_compilation()
        self._settle(plan)

    def build(self, input_shape: Sequence[int | None] | None = None) -> None:
        if input_shape is None:
            if self._input is None:
                raise ValueError(f"build() needs input_shape: model '{self.name}' has no Input")
            input_shape = self._input.batch_shape
        if None in extents("input_shape", tuple(input_shape)[1:]):
            return
        super().build(input_shape)

    def _plan(self, input_shape: tuple[int, ...], objective: Objective | None = None) -> Plan:
        if not self._stack:
            raise ValueError(f"model '{self.name}' has no layers; add some")
        return super()._plan(input_shape, objective)

    def add_to(self, graph: Graph, *inputs: int) -> int:
        (position,) = inputs
        if self._input is not None:
            self._input.check(graph.shape(position), self.name)
        for layer in self._stack:
            position = graph.connect(layer, position)
        return position

    def get_config(self) -> dict[str, Any]:
        """The architecture, as Keras writes it."""
        stack = self._stack if self._input is None else [self._input, *self._stack]
        config = {**super().get_config(), "layers": [LAYERS.serialize(layer) for layer in stack]}
        if self.built:
            config["build_input_shape"] = self.input_shape
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
        if not isinstance(config.get("layers"), (list, tuple)):
            raise ValueError(f"a Sequential's config needs a list of 'layers', got {config.get('layers')!r}")
        stack = [LAYERS.deserialize(layer, custom_objects) for layer in config["layers"]]
        model = cls(stack, config.get("trainable", True), config.get("name"))
        if config.get("build_input_shape") is not None:
            model.build(config["build_input_shape"])
        return model
