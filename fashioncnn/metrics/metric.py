"""Base class of the metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from fashioncnn.saving.registry import snake_case
from fashioncnn.utils import checks


class Metric:
    """A number that describes predictions, collected over the batches of an epoch.

    Some metrics are counted by the core while it has a batch in hand (see `core_config`); all others get each batch's
    targets and predictions. For one of your own, derive from this class and define `update_state`, `result` and
    `reset_state`.

    Args:
        dtype: None or "float32".
        name: A name for the metric, its key in logs and histories.
    """

    takes_labels: ClassVar[bool | None] = None
    _direction: str | None = None

    def __init__(self, dtype: str | None = None, name: str | None = None) -> None:
        self.name = name or snake_case(type(self).__name__)
        self.dtype = checks.float32(type(self).__name__, dtype)

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Adds a batch."""
        raise NotImplementedError(f"{type(self).__name__} must define update_state()")

    def result(self) -> float:
        """The metric of all batches since the last reset."""
        raise NotImplementedError(f"{type(self).__name__} must define result()")

    def reset_state(self) -> None:
        """Forgets all batches."""
        raise NotImplementedError(f"{type(self).__name__} must define reset_state()")

    def __call__(self, *args: Any, **kwargs: Any) -> float:
        """Adds a batch and returns the metric of all."""
        self.update_state(*args, **kwargs)
        return self.result()

    def core_config(self) -> dict[str, Any] | None:
        """What the core's `Network.set_metrics` takes, or None where Python computes the metric."""
        return None

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Metric:
        """The metric that `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"
