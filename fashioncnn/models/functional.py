"""Models of connected layers: what `Model(inputs, outputs)` makes, and how it is written down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fashioncnn.layers.call_arguments import CallArguments
from fashioncnn.layers.layer import Layer
from fashioncnn.layers.symbolic import KerasTensor, Node
from fashioncnn.models.connections import Call, Connections, Source
from fashioncnn.models.model import Model
from fashioncnn.utils import structures
from fashioncnn.utils.operators import operation
from fashioncnn.utils.registry import LAYERS

TENSOR = "__keras_tensor__"


@LAYERS.register("Model", module="keras.src.models.functional")
class Functional(Model):
    """A model of layers that were called on symbolic tensors. `Model(inputs, outputs)` makes one: see `Model`.

    Args:
        inputs: See `Model`.
        outputs: See `Model`.
        name: A name; None: "functional", "functional_1", ...
        trainable: Whether training changes the weights.
    """

    def get_config(self) -> dict[str, Any]:
        """The architecture, as Keras writes it: each layer with what it is called on."""
        connections = self._known_connections("layers")
        return {
            "name": self.name,
            "trainable": self._trainable,
            "layers": [_layer_config(layer, connections) for layer in connections.layers],
            "input_layers": structures.mapped(lambda i: _place(connections.sources[i]), connections.inputs),
            "output_layers": structures.mapped(lambda i: _place(connections.sources[i]), connections.outputs),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any],
                    custom_objects: Mapping[str, type[Layer]] | None = None) -> Model:
        """The model that `get_config` or Keras described, without weights.

        Args:
            config: A mapping with "layers", "input_layers" and "output_layers".
            custom_objects: Layer classes by name, besides those of `fashioncnn.layers`.

        Raises:
            ArgumentError: If a layer has an argument that is unknown.
            ValueError: If the description is malformed, a class unknown, or the calls form a circle.
        """
        missing = [key for key in ("layers", "input_layers", "output_layers") if key not in config]
        if missing or not isinstance(config["layers"], (list, tuple)):
            raise ValueError(f"the config of a model of connected layers needs 'layers', 'input_layers' and "
                             f"'output_layers', got {sorted(config)}")
        layers = _Layers(config["layers"], custom_objects)
        inputs = _places_to_tensors(config["input_layers"], layers)
        outputs = _places_to_tensors(config["output_layers"], layers)
        known = ("name", "trainable", "dtype", "layers", "input_layers", "output_layers")
        own = {key: value for key, value in config.items() if key not in known} if cls is not Functional else {}
        return cls(inputs=inputs, outputs=outputs, name=config.get("name"),
                   trainable=config.get("trainable") is not False, **own)


def _place(source: Source) -> list[Any]:
    """[name of the layer, number of the call, number of the output]; Keras counts a model's own call first."""
    return [source.layer.name, source.use + isinstance(source.layer, Functional), source.output]


def _layer_config(layer: Layer, connections: Connections) -> dict[str, Any]:
    calls = [call for call in connections.calls if call.layer is layer]
    described = layer.described() if hasattr(layer, "described") else LAYERS.serialize(layer)
    return {**described, "name": layer.name,
            "inbound_nodes": [_call_config(call, connections) for call in sorted(calls, key=lambda call: call.use)]}


def _call_config(call: Call, connections: Connections) -> dict[str, Any]:
    def tensor_config(number: int) -> dict[str, Any]:
        source = connections.sources[number]
        shape = source.layer._output_shapes[source.output]  # type: ignore[index]
        return {"class_name": TENSOR, "config": {"shape": [None, *shape], "dtype": "float32",
                                                 "keras_history": [source.layer.name, source.use, source.output]}}

    if hasattr(call.layer, "described_call"):  # an operation
        description: dict[str, Any] = call.layer.described_call(
            [tensor_config(number) for number in structures.leaves(call.inputs)])
        return description
    keywords = {} if call.training is None else {"training": call.training}
    inputs = structures.mapped(tensor_config, call.inputs)
    form = getattr(call.layer, "_input_form", None)
    if isinstance(form, CallArguments):
        positional, named = form.filled(iter(inputs))
        return {"args": positional, "kwargs": {**named, **keywords}}
    return {"args": [inputs], "kwargs": keywords}


class _Layers:
    """The layers of a config, which are called as soon as what they are called on is there."""

    def __init__(self, configs: Any, custom_objects: Mapping[str, type[Layer]] | None) -> None:
        self.by_name: dict[str, Any] = {}
        waiting: list[tuple[Any, Any]] = []
        for config in configs:
            layer = _revived_operation(config) or LAYERS.deserialize(config, custom_objects)
            name = config.get("name", layer.name)
            self.by_name[name] = layer
            waiting += [(layer, call) for call in config.get("inbound_nodes", ())]
        self._call_all(waiting)

    def _call_all(self, waiting: list[tuple[Any, Any]]) -> None:
        while waiting:
            left: list[tuple[Any, Any]] = []
            for layer, call in waiting:
                blocked = any(layer is other for other, _ in left)  # calls of a layer keep their order
                if blocked or not self._can_call(call):
                    left.append((layer, call))
                elif hasattr(layer, "call_with"):
                    layer.call_with(self._revived(call["args"]), self._revived(call.get("kwargs", {})))
                else:
                    positional, named = self._arguments_of(call)
                    if not layer.is_custom:
                        positional, named = positional[:1], {"training": named.get("training")}
                    layer(*positional, **named)
            if len(left) == len(waiting):
                names = ", ".join(sorted({layer.name for layer, _ in left}))
                raise ValueError(f"the calls of a model's config form a circle, or ask for layers that are missing: "
                                 f"{names}")
            waiting = left

    def _can_call(self, call: Any) -> bool:
        return all(self._node(place) is not None for place in _places_in(call))

    def _node(self, place: Any) -> Node | None:
        name, number, _ = place
        layer = self.by_name.get(name)
        if layer is None:
            raise ValueError(f"the config of a model asks for the output of the layer {name!r}, which it does not have")
        nodes: list[Node] = layer._inbound_nodes
        return nodes[number] if number < len(nodes) else None

    def tensor(self, place: Any, *, of_model: bool) -> KerasTensor:
        """The tensor at [name, call, output]; `of_model`: where a model's own call counts as the first."""
        name, number, output = place
        shift = int(of_model and isinstance(self.by_name.get(name), Functional))
        node = self._node((name, number - shift, output))
        if node is None or not 0 <= output < len(node.outputs):
            raise ValueError(f"the config of a model asks for {list(place)}, which no layer makes")
        tensor: KerasTensor = node.outputs[output]
        return tensor

    def _arguments_of(self, call: Any) -> tuple[list[Any], dict[str, Any]]:
        if isinstance(call, Mapping):
            return self._revived(call["args"]), self._revived(call.get("kwargs", {}))
        tensors = [self.tensor(place[:3], of_model=False) for place in call]  # as Keras 2 wrote it
        options = call[0][3] if len(call[0]) > 3 else {}
        return [structures.single(tensors)], {"training": options.get("training")}

    def _revived(self, config: Any) -> Any:
        if isinstance(config, Mapping) and config.get("class_name") == TENSOR:
            return self.tensor(config["config"]["keras_history"], of_model=False)
        if isinstance(config, Mapping) and config.get("class_name") == "__slice__":
            return slice(*(config["config"][key] for key in ("start", "stop", "step")))
        if isinstance(config, Mapping) and config.get("class_name") == "__ellipsis__":
            return ...
        if isinstance(config, Mapping):
            return {key: self._revived(value) for key, value in config.items()}
        return [self._revived(item) for item in config] if isinstance(config, (list, tuple)) else config


def _revived_operation(config: Any) -> Any:
    """An operation of `ops` that a file describes; None if it describes a layer."""
    module = config.get("module") if isinstance(config, Mapping) else None
    if not isinstance(module, str) or not module.startswith("keras.src.ops."):
        return None
    return operation("Revived", "fashioncnn.ops.described")(config)


def _places_in(call: Any) -> Iterator[Any]:
    """[name, call, output] of each tensor that a call takes."""
    if isinstance(call, Mapping):
        if call.get("class_name") == TENSOR:
            yield call["config"]["keras_history"]
            return
        for value in call.values():
            yield from _places_in(value)
    elif isinstance(call, (list, tuple)):
        if len(call) >= 3 and isinstance(call[0], str):
            yield call[:3]
            return
        for item in call:
            yield from _places_in(item)


def _places_to_tensors(structure: Any, layers: _Layers) -> Any:
    if isinstance(structure, (list, tuple)) and len(structure) == 3 and isinstance(structure[0], str):
        return layers.tensor(structure, of_model=True)
    if isinstance(structure, Mapping):
        return {key: _places_to_tensors(item, layers) for key, item in structure.items()}
    return [_places_to_tensors(item, layers) for item in structure]
