"""Models whose layers form a chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fashioncnn.layers.graph import Graph
from fashioncnn.layers.input import InputLayer
from fashioncnn.layers.layer import Layer
from fashioncnn.models.model import Model


class Sequential(Model):
    """A chain of layers.

    The model is built, and its weights exist, as soon as the shape of its inputs is known: from an `Input` or an
    ``input_shape=`` of the first layer, from `build`, or from the first data that it sees.

    Args:
        layers: The layers, in order.
        trainable: Whether training changes the weights.
        name: A name; None: "sequential", "sequential_1", ...

    Raises:
        TypeError: If `layers` is not a list of layers.
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
            raise TypeError(f"Sequential() takes a list of layers, got {layers!r}")
        self._input: InputLayer | None = None
        self._stack: list[Layer] = []
        for layer in layers or ():
            self._append(layer)
        if not trainable:
            self.trainable = False
        self._rebuild()

    @property
    def layers(self) -> list[Layer]:
        return list(self._stack)

    def add(self, layer: Layer) -> None:
        """Puts a layer at the end. A compiled model with weights must be compiled again.

        Raises:
            TypeError: If it is not a layer.
            ValueError: If its name is taken, or it does not fit the layer before it; the model is as it was then.
        """
        before = self._input
        self._append(layer)
        try:
            self._rebuild()
        except BaseException:
            self._input = before
            if self._stack and self._stack[-1] is layer:
                self._stack.pop()
            raise

    def pop(self) -> Layer:
        """Takes the last layer away and returns it. A compiled model with weights must be compiled again.

        Raises:
            ValueError: If there is none.
        """
        if not self._stack:
            raise ValueError(f"pop(): model '{self.name}' has no layers")
        layer = self._stack.pop()
        if self._stack:
            self._rebuild()
        else:
            self._built_here = [self]
            self._forget_network()
        return layer

    def _append(self, layer: Any) -> None:
        if isinstance(layer, type):
            raise TypeError(f"a model is made of layers, got the class {layer.__name__}; write {layer.__name__}(...)")
        if not isinstance(layer, Layer):
            raise TypeError(f"a model is made of layers, got {layer!r} of type {type(layer).__name__}")
        if isinstance(layer, InputLayer):
            if self._input is not None or self._stack:
                raise ValueError(f"model '{self.name}' has an input or layers already; an Input goes first")
            self._input = layer
            return
        for other in self._stack:
            if other is layer:
                raise ValueError(f"the same layer twice ('{layer.name}') is not supported by fashioncnn; supported: "
                                 "another layer of that kind")
            if other.name == layer.name:
                raise ValueError(f"model '{self.name}' has a layer called '{layer.name}' already; names must differ")
        if not self._stack and self._input is None:
            shape = layer.declared_input_shape or (layer.input_shape[1:] if isinstance(layer, Model) and layer.built
                                                   else None)
            self._input = None if shape is None else InputLayer(shape)
        self._stack.append(layer)

    def _rebuild(self) -> None:
        """Builds the network for the layers as they are now, if the shape of the input is known."""
        shape = self._input.shape if self._input is not None else self._input_shape
        if shape is not None and self._stack:
            if self.network is not None and self.optimizer is not None:
                self.optimizer.detach()
                self._compiled = False
            self._build_network(shape)

    def build(self, input_shape: Sequence[int | None] | None = None) -> None:
        if input_shape is None:
            if self._input is None:
                raise ValueError(f"build() needs input_shape: model '{self.name}' has no Input")
            input_shape = self._input.batch_shape
        super().build(input_shape)

    def _build_network(self, input_shape: tuple[int, ...]) -> None:
        if not self._stack:
            raise ValueError(f"model '{self.name}' has no layers; add some")
        super()._build_network(input_shape)

    def add_to(self, graph: Graph, *inputs: int) -> int:
        (position,) = inputs
        if self._input is not None and graph.shape(position) != self._input.shape:
            raise ValueError(f"model '{self.name}' takes inputs of shape {self._input.batch_shape}, got "
                             f"{(None, *graph.shape(position))}")
        for layer in self._stack:
            position = layer.connect(graph, position)
        return position

    def get_config(self) -> dict[str, Any]:
        """The architecture, as Keras writes it."""
        from fashioncnn import layers

        stack = self._stack if self._input is None else [self._input, *self._stack]
        config = {**super().get_config(), "layers": [layers.serialize(layer) for layer in stack]}
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
            TypeError: If a layer has an argument that is unknown.
            ValueError: If the description is malformed or a class unknown.
        """
        from fashioncnn import layers

        if not isinstance(config.get("layers"), (list, tuple)):
            raise ValueError(f"a Sequential's config needs a list of 'layers', got {config.get('layers')!r}")
        stack = [layers.deserialize(layer, custom_objects) for layer in config["layers"]]
        model = cls(stack, config.get("trainable", True), config.get("name"))
        if config.get("build_input_shape") is not None:
            model.build(config["build_input_shape"])
        return model
