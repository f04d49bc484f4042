"""Python's operators for tensors whose numbers are not known yet: each one stands for a function of `fashioncnn.ops`.

And whether a layer's code is traced at the moment: see `fashioncnn.utils.tracing`.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import importlib
from collections.abc import Callable
from typing import Any, TypeVar, cast

from fashioncnn.utils import structures
from fashioncnn.utils.absent import SaysWhatIsAbsent

F = TypeVar("F", bound=Callable[..., Any])

BINARY = {"add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide", "floordiv": "floor_divide",
          "mod": "mod", "pow": "power", "matmul": "matmul"}
BITWISE = {"and": "logical_and", "or": "logical_or", "xor": "logical_xor"}
COMPARISONS = {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal", "ne": "not_equal"}
UNARY = {"neg": "negative", "abs": "absolute", "invert": "logical_not"}
# NumPy's functions with an operator of the same meaning: what ``array + tensor`` calls.
UFUNCS = {"true_divide": "divide", "remainder": "mod", "bitwise_and": "logical_and", "bitwise_or": "logical_or",
          "bitwise_xor": "logical_xor", **{name: name for name in (
              "add", "subtract", "multiply", "divide", "floor_divide", "power", "matmul", "less", "less_equal",
              "greater", "greater_equal", "equal", "not_equal", "maximum", "minimum")}}

# What arrays and tensors elsewhere have as methods: what is written for them here.
METHODS = {"T": "ops.transpose(x)", "astype": "ops.cast(x, dtype)", "dim": "x.ndim", "flatten": "layers.Flatten()(x)",
           "permute": "ops.transpose(x, axes)", "size": "ops.shape(x)", "to": "ops.cast(x, dtype)",
           "unsqueeze": "ops.expand_dims(x, axis)", "view": "ops.reshape(x, shape)"}
NUMBERS = ("backward", "cpu", "detach", "item", "numpy", "tolist")  # what asks a tensor for its numbers

RUNNING: contextvars.ContextVar[Any] = contextvars.ContextVar("trace", default=None)  # the trace of the code that runs


def operation(name: str, module: str = "fashioncnn.ops") -> Callable[..., Any]:
    """The function of `fashioncnn.ops`, which is made in a part above."""
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


def of_tensors(name: str, module: str = "fashioncnn.ops", **renamed: str) -> Callable[[F], F]:
    """Makes a function of arrays the operation called `name` where it is called on tensors without numbers.

    Args:
        name: The name there.
        module: Where that is.
        renamed: What arguments are called there that have other names. That of the result is left out.
    """
    def decorate(function: F) -> F:
        @functools.wraps(function)
        def call(*arguments: Any, **keywords: Any) -> Any:
            if has_tensors(*arguments, *keywords.values()):
                keywords = {renamed.get(key, key): value for key, value in keywords.items() if key != "name"}
                return operation(name, module)(*arguments, **keywords)
            return function(*arguments, **keywords)

        return cast(F, call)

    return decorate


def has_tensors(*values: Any) -> bool:
    """Whether values are tensors without numbers, or lists of them, or code is traced."""
    return RUNNING.get() is not None or any(isinstance(leaf, Operators) for leaf in structures.leaves(values))


class Operators(SaysWhatIsAbsent):
    """What can be added, compared and indexed. The numbers themselves cannot be asked for."""

    def _refuse(self, what: str) -> NotImplementedError:
        return NotImplementedError(
            f"{what} a symbolic tensor, whose numbers are not known yet, is not possible: the code of a model runs "
            "once, and leaves a network behind. Functions of fashioncnn.ops take its place, as ops.where for `if`; "
            "or make a model, Model(inputs, outputs), and call it on an array")

    def __getattr__(self, name: str) -> Any:
        if name in NUMBERS:
            raise AttributeError(f"{self._refuse(f'{name}() of')}", name=name, obj=self)
        hint = METHODS.get(name)
        if hint is None and not name.startswith("_"):
            with contextlib.suppress(AttributeError):
                hint = f"ops.{name}(x, ...)" if callable(operation(name)) else None
        if hint is not None:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}': write {hint}", name=name,
                                 obj=self)
        return super().__getattr__(name)

    def __getitem__(self, key: Any) -> Any:
        return operation("get_item")(self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError("numbers of a symbolic tensor cannot be set: make a new one, by ops.where, by ops.concatenate "
                        "or by a product with zeros and ones")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        name = UFUNCS.get(ufunc.__name__)
        if name is None or method != "__call__" or keywords:
            raise self._refuse(f"np.{ufunc.__name__}() of")
        return operation(name)(*inputs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise self._refuse("making an array of")

    def __bool__(self) -> bool:
        raise self._refuse("asking for the truth of")

    def __float__(self) -> float:
        raise self._refuse("making a number of")

    __int__ = __index__ = __float__

    def __iter__(self) -> Any:
        raise self._refuse("going through")

    def __len__(self) -> int:
        raise self._refuse("asking for the length of")


def _forward(name: str) -> Any:
    def apply(self: Operators, *others: Any) -> Any:
        return operation(name)(self, *others)

    return apply


def _backward(name: str) -> Any:
    def apply(self: Operators, other: Any) -> Any:
        return operation(name)(other, self)

    return apply


for _operator, _name in {**BINARY, **BITWISE, **COMPARISONS, **UNARY}.items():
    setattr(Operators, f"__{_operator}__", _forward(_name))
for _operator, _name in {**BINARY, **BITWISE}.items():
    setattr(Operators, f"__r{_operator}__", _backward(_name))
