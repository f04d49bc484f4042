"""What `fashioncnn train` can vary, and the network it describes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import fashioncnn
from fashioncnn.utils import checks, registry

OPTIMIZERS: dict[str, Any] = {name.lower(): cls for name, cls in sorted(registry.OPTIMIZERS.all_classes().items())}


@dataclasses.dataclass(frozen=True)
class Configuration:
    """One training run. The defaults are the reference network and its training.

    Args:
        epochs: Passes over the training images.
        batch_size: Images in one update.
        optimizer: One of `OPTIMIZERS`.
        learning_rate: None takes the optimizer's own.
        filters: Of each convolution; every one is followed by 2x2 max pooling.
        kernel_size: Of every convolution, square.
        dropout: Rate before the last layer; 0 leaves the layer out.
        validation_split: Share of the training images kept for validation.
        seed: Of the initial weights, the order of the images and the dropout.

    Raises:
        TypeError: If a value has the wrong type.
        ValueError: If a value is out of range.

    Example:
        >>> Configuration(filters=(16,), seed=7).filters
        (16,)
    """

    epochs: int = 5
    batch_size: int = 32
    optimizer: str = "adam"
    learning_rate: float | None = None
    filters: tuple[int, ...] = (32, 64)
    kernel_size: int = 3
    dropout: float = 0.0
    validation_split: float = 0.0
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "kernel_size"):
            checks.integer(name, getattr(self, name), at_least=1)
        checks.integer("seed", self.seed, at_least=0)
        for count in self.filters:
            checks.integer("filters", count, at_least=1)
        for name in ("dropout", "validation_split"):
            checks.number(name, getattr(self, name), at_least=0, below=1)
        checks.optional_number("learning_rate", self.learning_rate, above=0)
        if self.optimizer not in list(OPTIMIZERS):
            raise ValueError(f"`optimizer` must be one of {', '.join(OPTIMIZERS)}, got {self.optimizer!r}")

    @classmethod
    def names(cls) -> list[str]:
        """Of everything that can be varied."""
        return [field.name for field in dataclasses.fields(cls)]

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Configuration:
        """The configuration that `to_json` described.

        Raises:
            KeyError: If the filters are missing.
            TypeError: If a value has the wrong type.
            ValueError: If a name is unknown or a value out of range.
        """
        if not isinstance(values, Mapping):
            raise TypeError(f"the configuration must be a mapping, got {values!r}")
        if unknown := values.keys() - set(cls.names()):
            raise ValueError(f"there is no option called {', '.join(map(repr, sorted(unknown)))}")
        if not isinstance(values["filters"], (list, tuple)):
            raise TypeError(f"`filters` must be a list, got {values['filters']!r}")
        return cls(**{**values, "filters": tuple(values["filters"])})

    def to_json(self) -> dict[str, Any]:
        """A JSON-compatible description."""
        return dataclasses.asdict(self)

    def make_model(self) -> fashioncnn.Sequential:
        """The compiled network, with fresh weights drawn from `seed`."""
        fashioncnn.utils.set_random_seed(self.seed)
        fashioncnn.utils.clear_session()  # the weights' file is read by the layers' names: count them afresh
        layers = fashioncnn.layers
        model = fashioncnn.Sequential([fashioncnn.Input((28, 28, 1))])
        for count in self.filters:
            model.add(layers.Conv2D(count, self.kernel_size, activation="relu"))
            model.add(layers.MaxPooling2D(2))
        model.add(layers.Flatten())
        model.add(layers.Dense(128, activation="relu"))
        if self.dropout:
            model.add(layers.Dropout(self.dropout))
        model.add(layers.Dense(10, activation="softmax"))
        rate = {} if self.learning_rate is None else {"learning_rate": self.learning_rate}
        model.compile(OPTIMIZERS[self.optimizer](**rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model
