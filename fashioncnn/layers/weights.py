"""The weights of a layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from fashioncnn.constraints import Constraint
from fashioncnn.layers import custom
from fashioncnn.layers.graph import Parameter, Shape
from fashioncnn.regularizers import Regularizer
from fashioncnn.utils import budget, checks, tracing
from fashioncnn.utils.overrides import is_ours
from fashioncnn.utils.settings import Configured
from fashioncnn.utils.variable import Variable

T = TypeVar("T")


class HasWeights(Configured):
    """What a layer's weights are, how they start, and which of them training changes."""

    statistics: ClassVar[tuple[str, ...]] = ()  # weights that follow the batches while the layer is trainable
    name: str
    built: bool
    _trainable: bool
    _variables: dict[str, Variable]
    _never_trained: set[str]  # weights that were made so

    def __new__(cls: type[T], *arguments: Any, **named: Any) -> T:
        layer: T = super().__new__(cls, *arguments, **named)  # type: ignore[misc]
        if not is_ours(cls):
            layer.__dict__["_arguments_given"] = custom.given(cls, arguments, named)
        return layer

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        if "build" in vars(cls) and not is_ours(cls):
            cls.build = custom.noting(cls.build)  # type: ignore[attr-defined]

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets an attribute. A variable in a layer of your own becomes a weight of it, if it is none of another one."""
        super().__setattr__(name, value)
        if isinstance(value, Variable) and not value.is_weight and not is_ours(type(self)):
            custom.track(self, name, value)

    @custom.shape_first
    def add_weight(self, shape: Any = None, initializer: Any = None, dtype: Any = None, trainable: bool = True,
                   autocast: bool = True, regularizer: Any = None, constraint: Any = None, aggregation: str = "none",
                   overwrite_with_gradient: bool = False, name: str | None = None) -> Variable:
        """Makes a weight of a layer of your own, in its constructor or in `build`.

        Args:
            shape: Its extents; None: a single number.
            initializer: How it starts: see `initializers`; None: "glorot_uniform".
            dtype: None or "float32".
            trainable: Whether training changes it.
            autocast: Not used: all numbers are float32.
            regularizer: None, or a penalty for it.
            constraint: None, or what it is brought back to after each update.
            aggregation: Not used: there is one copy.
            overwrite_with_gradient: False.
            name: A name.

        Returns:
            The weight, which `call` computes with.

        Raises:
            ArgumentError: If an argument has the wrong type.
            ValueError: If an extent is not known, or another type is asked for.

        Example:
            >>> from fashioncnn.layers import Layer
            >>> class Scale(Layer):
            ...     def build(self, input_shape):
            ...         self.factor = self.add_weight((input_shape[-1],), "ones", name="factor")
            ...     def call(self, inputs):
            ...         return inputs * self.factor
            >>> Scale()([[1.0, 2.0]])
            array([[1., 2.]], dtype=float32)
        """
        if overwrite_with_gradient:
            raise checks.unsupported(f"{type(self).__name__}.add_weight", "overwrite_with_gradient", True, "False")
        return custom.add_weight(self, shape, initializer, dtype, trainable, regularizer, constraint, name)

    def add_loss(self, loss: Any) -> None:
        """Adds to the loss, in the `call` of a layer of your own.

        Args:
            loss: A tensor that `call` computes: a number for the whole batch, ``ops.mean(...)``, or some for each
                image, whose sum over the batch counts.

        Raises:
            NotImplementedError: Where no code of a layer is traced.
        """
        if not tracing.is_traced(loss):
            raise NotImplementedError(f"{type(self).__name__}.add_loss() takes a tensor that call() computes, and is "
                                      f"called there; got {loss!r}")
        trace = tracing.current()
        trace.graph.losses.append(trace.operand(loss))

    def weight_shape(self, name: str, shape: Shape) -> Shape:
        """The shape of the weight whose parameter in the core, called `name`, has this shape."""
        return shape

    def initial_value(self, name: str, shape: Shape) -> NDArray[Any] | float:
        """The first values of the parameter `name`."""
        return 0.0

    def values_of(self, name: str, shape: Shape) -> NDArray[Any] | float:
        """The values of the parameter `name`: those of the weight, or the first ones. Errors: see `check_shape_of`."""
        self.check_shape_of(name, shape)
        return self._variables[name].numpy() if name in self._variables else self.initial_value(name, shape)

    def check_shape_of(self, name: str, shape: Shape) -> None:
        """Raises ValueError if the layer has a weight `name` of another shape already."""
        known = self._variables.get(name)
        if known is not None and known.shape != shape:
            raise ValueError(f"{type(self).__name__} '{self.name}' has a {name} of shape {known.shape} already; this "
                             f"input needs {shape}. Make a new layer for it.")

    def rules_of(self, name: str) -> tuple[Regularizer | None, Constraint | None]:
        """The regularizer and the constraint of the parameter `name`, which a layer has under that name.

        Those of "kernel" are `kernel_regularizer` and `kernel_constraint`; those of "depthwise_kernel" begin with
        "depthwise".
        """
        if custom.is_custom(self) and name in self._variables:
            return self._variables[name].regularizer, self._variables[name].constraint
        about = name.removesuffix("_kernel")
        return getattr(self, f"{about}_regularizer", None), getattr(self, f"{about}_constraint", None)

    def path_of(self, name: str, scope: str) -> str:
        """The path of the weight `name`: that which it was made with, or one within `scope`."""
        return self._variables[name].path if name in self._variables else f"{scope}/{name}"

    def first_values_of(self, parameter: Parameter) -> NDArray[np.float32]:
        """The values that a parameter has, or starts with, as an array."""
        values = np.empty(parameter.shape, np.float32)
        values[...] = self.values_of(parameter.name, parameter.shape)
        return values

    def weight_of(self, parameter: Parameter, values: NDArray[np.float32]) -> Variable:
        """The layer's weight that is a network's parameter; made with the values where there is none yet."""
        if parameter.name not in self._variables:
            budget.spend(values.size)
            trainable = self._trainable and parameter.name not in self.statistics
            variable = Variable(values, trainable=trainable, name=parameter.name)
            variable.path, variable.is_weight = parameter.path, True
            variable.regularizer, variable.constraint = self.rules_of(parameter.name)
            self._variables[parameter.name] = variable
        return self._variables[parameter.name]

    def may_change(self, name: str) -> bool:
        """Whether training changes the weight `name`: by gradients, or as a statistic that follows the batches."""
        return self._trainable if name in self.statistics else self._variables[name].trainable

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights; set, it acts from the next epoch or batch of training on.

        It is handed on to the weights, and by a model to its layers. As in Keras, the value that it has already is not.
        """
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        value = checks.flag("trainable", value)
        if value != self._trainable:
            self._trainable = value
            self._hand_on_trainable()

    def _hand_on_trainable(self) -> None:
        for name, variable in self._variables.items():
            variable.trainable = self._trainable and name not in self.statistics and name not in self._never_trained
        for layer in self._inner_layers():
            layer.trainable = self._trainable

    @property
    def weights(self) -> list[Variable]:
        """All weights, in the core's order; those of a layer of your own before those of the layers in it."""
        weights = [weight for layer in self._flatten_layers() for weight in layer.own_weights]
        return list({id(weight): weight for weight in weights}.values())

    @property
    def own_weights(self) -> list[Variable]:
        """The weights without those of the layers in it."""
        return [self._variables[name] for name in sorted(self._variables, key=self._never_trained.__contains__)]

    @property
    def is_custom(self) -> bool:
        """Whether a user wrote what the layer computes."""
        return custom.is_custom(self)

    def attributes_with_layers(self) -> Iterator[tuple[str, Any]]:
        """The attributes of a layer of your own that are layers, by name, and the layers in lists, tuples and dicts."""
        return custom.parts_by_name(self, HasWeights)

    def _inner_layers(self) -> list[Any]:
        """The layers that a layer of your own is made of."""
        is_own = custom.is_custom(self) or not (is_ours(type(self)) or self.has_weights)
        return list(custom.parts_of(self, HasWeights)) if is_own else []

    def _flatten_layers(self, around: tuple[Any, ...] = ()) -> list[Any]:
        """The layer, and all that it is made of; one that refers to those around it is no part of these again."""
        around = (*around, self)
        return [self, *(inner for layer in self._inner_layers() if all(layer is not outer for outer in around)
                        for inner in layer._flatten_layers(around))]

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that training changes: where the layer is trainable itself, those that are."""
        return [weight for weight in self.weights if self._trainable and weight.trainable]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that training leaves alone."""
        return [weight for weight in self.weights if not (self._trainable and weight.trainable)]

    @property
    def variables(self) -> list[Variable]:
        """The same as `weights`."""
        return self.weights

    @property
    def trainable_variables(self) -> list[Variable]:
        """The same as `trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The same as `non_trainable_weights`."""
        return self.non_trainable_weights

    def get_weights(self) -> list[NDArray[np.float32]]:
        """Copies of the weights' values."""
        return [weight.numpy() for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replaces all values.

        Args:
            weights: Arrays, as `get_weights` returns them.

        Raises:
            ArgumentError: If one of them is not made of numbers.
            ValueError: If their number or a shape differs; then nothing was changed.
        """
        own = self.weights
        if len(weights) != len(own):
            raise ValueError(f"set_weights() got {len(weights)} arrays for '{self.name}', which has {len(own)} weights")
        arrays = [weight.checked(value) for weight, value in zip(own, weights, strict=True)]
        for weight, array in zip(own, arrays, strict=True):
            weight.assign(array)

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Puts the layer's own weights, not those of the layers in it, into a mapping, for a file.

        A layer of your own may put other arrays there, for its `load_own_variables`.
        """
        for number, variable in enumerate(self.own_weights):
            store[str(number)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Takes the layer's own weights from what `save_own_variables` put into a mapping.

        Raises:
            ValueError: If their number or a shape differs; then nothing was changed.
        """
        own = self.own_weights
        if len(store) != len(own):
            raise ValueError(f"load_own_variables() got {len(store)} arrays for '{self.name}', which has {len(own)} "
                             "weights of its own")
        arrays = [variable.checked(store[str(number)]) for number, variable in enumerate(own)]
        for variable, array in zip(own, arrays, strict=True):
            variable.assign(array)

    def count_params(self) -> int:
        """The number of weights, each element counted.

        Raises:
            ValueError: Before the layer is built.
        """
        if not self.built:
            raise ValueError(f"count_params(): {type(self).__name__} '{self.name}' isn't built yet; call "
                             "build(input_shape), or give the model an Input")
        return sum(weight.size for weight in self.weights)
