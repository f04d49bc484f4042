"""Keras's mix-in `Trainer`, which makes a layer a model.

Keras's tests of training mix it into layers: ``class ExampleModel(Trainer, layers.Dense)``. Users make models of layers
instead, and so does this mix-in: a Sequential model of the one layer does the work.
"""

from __future__ import annotations

from typing import Any

import own_layers
import package
from placeholders import AbsentFeature

# Methods by which a model of one's own changes how it is trained.
STEPS = ("train_step", "test_step", "predict_step", "compute_loss", "compute_metrics", "make_train_function",
         "make_test_function", "make_predict_function")


class Trainer:
    """What a layer does not have is asked of the model of that layer."""

    def __init__(self) -> None:
        own = type(self).__mro__[: type(self).__mro__.index(Trainer)]
        for name in STEPS:
            if any(name in vars(cls) for cls in own):
                raise AbsentFeature(f"Model.{name}")

    @property
    def _model(self) -> Any:
        if own_layers.are_absent() and own_layers.is_own(self):
            raise AbsentFeature(own_layers.FEATURE)
        model = self.__dict__.get("_one_layer_model")
        if model is None:
            model = self.__dict__["_one_layer_model"] = package.find("", "Sequential")([self])
        return model

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'", name=name, obj=self)
        return getattr(self._model, name)
