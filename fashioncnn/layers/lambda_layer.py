"""A function of the user's as a layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fashioncnn.layers.custom import add_function
from fashioncnn.layers.graph import Graph
from fashioncnn.layers.layer import Layer
from fashioncnn.utils import checks
from fashioncnn.utils.registry import LAYERS


@LAYERS.register()
class Lambda(Layer):
    """A function of tensors as a layer.

    The function runs once, when the network is made: it computes with operators and functions of `fashioncnn.ops`. It
    has no weights; a layer with weights is a class of its own: see `Layer.add_weight`.

    Args:
        function: ``function(inputs, **arguments)``.
        output_shape: None, or what comes out, without the batch axis: it must be right.
        mask: None: masks are no part of what models compute.
        arguments: Further arguments of the function, as a dict.
        options: See `Layer`.

    Shapes:
        input and output are the function's, with the batch axis first.

    Raises:
        ArgumentError: If `function` cannot be called, or `arguments` is no dict.
        ValueError: When it is built, if the function makes another shape than `output_shape`.

    Example:
        >>> Lambda(lambda x: x * 2 + 1)([[1.0, 2.0]])
        array([[3., 5.]], dtype=float32)
    """

    _runs_function = True
    function: Callable[..., Any]
    arguments: dict[str, Any]

    def __init__(self, function: Callable[..., Any], output_shape: Any = None, mask: Any = None,
                 arguments: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(**options)
        if not callable(function):
            raise checks.ArgumentError(f"Lambda: `function` must be a function, got {function!r}")
        if mask is not None:
            raise checks.unsupported("Lambda", "mask", mask, "None")
        if not isinstance(arguments or {}, Mapping):
            raise checks.ArgumentError(f"Lambda: `arguments` must be a dict, got {arguments!r}")
        self.function = function
        self.declared_output_shape = output_shape
        self.arguments = dict(arguments or {})

    def add_to(self, graph: Graph, *inputs: int) -> list[int]:
        made = add_function(self, graph, inputs, lambda given, **_: self.function(given, **self.arguments),
                            takes_training=False)
        declared = self.declared_output_shape
        if declared is not None and not callable(declared) and [tuple(declared)] != [graph.shape(p) for p in made]:
            raise ValueError(f"Lambda '{self.name}': the function makes outputs of shapes "
                             f"{[graph.shape(position) for position in made]}, not output_shape={declared!r}")
        return made

    def made_anew(self) -> Lambda:
        return Lambda(self.function, self.declared_output_shape, None, self.arguments, name=self.name,
                      trainable=self.trainable)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Lambda:
        """Raises ValueError: a description of such a layer holds code, which is never run."""
        raise ValueError("layer 'Lambda' is not supported by fashioncnn in a description: it holds code, which is "
                         "never run; write a class derived from Layer, with a call()")

    def get_config(self) -> dict[str, Any]:
        """Raises NotImplementedError: files with code in them are not supported."""
        raise NotImplementedError(f"Lambda '{self.name}' cannot be written to a file: files with code in them are not "
                                  "supported by fashioncnn; write a class derived from Layer, with a call(), and "
                                  "register it by saving.register_keras_serializable(). save_weights() keeps weights")
