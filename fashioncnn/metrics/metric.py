"""Base class of the metrics."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from fashioncnn import initializers
from fashioncnn.utils import checks
from fashioncnn.utils.naming import auto_name
from fashioncnn.utils.registry import METRICS
from fashioncnn.utils.settings import Configured
from fashioncnn.utils.variable import Variable


@METRICS.base
class Metric(Configured):
    """A number that describes predictions, collected over the batches of a pass over data.

    Some metrics are counted by the core while it has a batch in hand (see `core_config`); all others get each batch's
    targets and predictions, as arrays. For one of your own, derive from this class, make the variables it counts in
    with `add_variable`, and define `update_state` and `result`.

    Args:
        dtype: None or "float32".
        name: A name for the metric, its key in logs and histories.

    Example:
        >>> import numpy as np
        >>> class LargestError(Metric):
        ...     def __init__(self, name="largest_error"):
        ...         super().__init__(name=name)
        ...         self.largest = self.add_variable((), "zeros", name="largest")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.largest.assign(max(self.largest, np.abs(y_true - y_pred).max()))
        ...     def result(self):
        ...         return self.largest.value
        >>> LargestError()(np.array([1.0, 2.0]), np.array([1.5, 2.0]))
        array(0.5, dtype=float32)
    """

    name: str
    dtype: str
    takes_labels: ClassVar[bool | None] = None
    _direction: str | None = None
    _frozen_because = "a model may be compiled with it; make another metric, and compile again"
    _core_methods = ("update_state", "reset_state")
    _instead = "Derive a class from it, whose methods Python calls."

    def __init__(self, dtype: str | None = None, name: str | None = None) -> None:
        self.name = name or auto_name(type(self).__name__)
        self.dtype = checks.float32(type(self).__name__, dtype)

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets an attribute. A variable stays and takes the value: ``self.total += x`` counts, and can be reset."""
        variable = vars(self).get(name)
        if isinstance(variable, Variable) and isinstance(value, (int, float, np.ndarray, np.generic)):
            variable.assign(value)
        else:
            super().__setattr__(name, value)

    def add_variable(self, shape: Sequence[int], initializer: Any = None, dtype: Any = None, aggregation: str = "sum",
                     name: str | None = None) -> Variable:
        """Makes a variable, which `reset_state` sets to 0.

        Args:
            shape: Its shape.
            initializer: A name, a function or an object of `fashioncnn.initializers`; None: "zeros".
            dtype: A NumPy dtype; None: float32.
            aggregation: Without effect: all counting is done in one process.
            name: A name.
        """
        value = (initializers.get(initializer) or initializers.Zeros())(tuple(shape))
        variable = Variable(np.asarray(value, dtype), dtype=dtype, trainable=False, name=name)
        variable.path = f"{self.name}/{variable.name}"
        self.__dict__.setdefault("_variables", []).append(variable)
        return variable

    def add_weight(self, shape: Sequence[int] = (), initializer: Any = None, dtype: Any = None,
                   name: str | None = None) -> Variable:
        """The older name of `add_variable`."""
        return self.add_variable(shape, initializer, dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """Its variables and those of metrics that it is made of, be they in lists or dicts."""
        found = {id(variable): variable for variable in _variables_in(list(vars(self).values()))}
        return list(found.values())

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Adds a batch."""
        raise NotImplementedError(f"{type(self).__name__} must define update_state()")

    def result(self) -> Any:
        """The metric of all batches since the last reset: a number, or a dict of several by name."""
        raise NotImplementedError(f"{type(self).__name__} must define result()")

    def reset_state(self) -> None:
        """Forgets all batches."""
        for variable in self.variables:
            variable.assign(np.zeros(variable.shape))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Adds a batch and returns the metric of all."""
        self.update_state(*args, **kwargs)
        return self.result()

    def core_config(self) -> dict[str, Any] | None:
        """What the core's `Network.set_objective` takes, or None where Python computes the metric."""
        return None

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Metric:
        """The metric that `get_config` described."""
        return cls(**config)

    def __copy__(self) -> Metric:
        """An independent copy."""
        return copy.deepcopy(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _variables_in(value: Any) -> Iterator[Variable]:
    if isinstance(value, Variable):
        yield value
    elif isinstance(value, Metric):
        yield from value.variables
    elif isinstance(value, (list, tuple, dict)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _variables_in(inner)
