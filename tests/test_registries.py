"""What is registered is also exported, documented and tested: nothing new is forgotten in one of these places."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import gradient_cases
import pytest
import test_layers
import test_ops
import test_shape_layers
from golden import (
    activation_cases,
    augmentation_cases,
    convolution_cases,
    face_cases,
    layer_cases,
    normalization_cases,
    rule_cases,
    score_cases,
    shape_cases,
    training_cases,
)

import fashioncnn
from fashioncnn import callbacks, layers
from fashioncnn.utils import registry
from fashioncnn.utils.absent import keras_names

ROOT = Path(__file__).parents[1]
CORE = sorted((path.parent.name, name) for path in (ROOT / "csrc").glob("*/registry.h")
              for name in re.findall(r"EACH\((\w+)\)", path.read_text("utf-8")) if name != "EACH")
KERNELS = re.findall(r"EACH\((\w+)\)", (ROOT / "csrc" / "kernels" / "name.h").read_text("utf-8"))
REGISTRIES = {each.module.removeprefix("keras."): each for each in vars(registry).values()
              if isinstance(each, registry.Registry)}
OF_USERS = {"Lambda"}  # tests/test_custom.py
OF_BATCHES = {"MixUp", "CutMix"}  # tests/test_mixing.py
LAYERS = {name for name, cls in registry.LAYERS.all_classes().items() if issubclass(cls, layers.Layer)
          and cls.__module__.startswith("fashioncnn.layers.") and cls is not layers.InputLayer}


def keras_has(home, names):
    """Those of the names that Keras has, too."""
    return set(names).intersection(keras_names()["modules"][home])


@pytest.mark.parametrize("home", REGISTRIES)
def test_every_registered_class_is_exported(home):
    kind = REGISTRIES[home]
    module = importlib.import_module(f"fashioncnn.{home}")
    own = {name for name, cls in kind.all_classes().items() if cls.__module__.startswith(f"fashioncnn.{home}.")}
    assert own
    assert own - set(module.__all__) == set()
    assert all(getattr(module, name) is kind.classes[name] for name in own)


@pytest.mark.parametrize("home", ["losses", "metrics"])
def test_a_function_that_stands_for_a_class_is_exported_and_is_called_like_it(home):
    kind, module = REGISTRIES[home], importlib.import_module(f"fashioncnn.{home}")
    for function, cls in kind.by_function.items():
        assert getattr(module, function.__name__) is function
        assert registry.snake_case(cls.__name__) == function.__name__


@pytest.mark.parametrize(("kind", "name"), CORE, ids=str)
def test_the_seam_says_what_each_class_of_the_core_takes(kind, name):
    text = (ROOT / "fashioncnn" / "_core.pyi").read_text("utf-8")
    assert re.search(rf"^ +{name}  " if kind == "layers" else f'"{name}"', text, re.MULTILINE)


def test_a_c_test_calls_every_kernel():
    text = "".join(path.read_text("utf-8") for path in (ROOT / "tests" / "c").glob("*.[ch]"))
    assert len(KERNELS) > 30
    assert [name for name in KERNELS if not re.search(rf"(->|\)\.|\.){name}\b", text)] == []


@pytest.mark.parametrize("home", ["losses", "metrics", "optimizers", "optimizers.schedules"])
def test_the_signature_of_every_class_is_compared_with_that_of_keras(home):
    assert keras_has(home, REGISTRIES[home].all_classes()) - set(face_cases.SIGNATURES[home]) == set()


def test_the_signature_of_every_callback_is_compared_with_that_of_keras():
    found = keras_has("callbacks", callbacks.__all__) - {"Callback", "CallbackList"}
    assert found == set(face_cases.SIGNATURES["callbacks"])


def test_every_loss_and_optimizer_is_trained_with_in_a_golden_case():
    optimizers = {type(fashioncnn.optimizers.get(make(fashioncnn.optimizers))).__name__
                  for make in training_cases.OPTIMIZERS.values()}
    assert optimizers == keras_has("optimizers", registry.OPTIMIZERS.all_classes())
    losses = {case[0] for case in (*training_cases.LOSSES.values(), *score_cases.LOSSES.values())}
    assert losses == keras_has("losses", registry.LOSSES.all_classes())


def test_every_metric_is_compared_with_that_of_keras():
    compared = {case[0] for case in face_cases.METRICS}
    compared.update(type(make(fashioncnn.metrics)).__name__ for make, _ in score_cases.METRICS.values())
    assert compared == keras_has("metrics", registry.METRICS.all_classes()) - {"Mean", "Sum"}


@pytest.mark.parametrize("home", ["regularizers", "constraints"])
def test_every_regularizer_and_constraint_is_compared_with_that_of_keras(home):
    own = keras_has(home, REGISTRIES[home].all_classes())
    assert own - {"Regularizer"} == set(rule_cases.CLASSES[home])


def test_every_layer_is_an_example_and_a_golden_case():
    examples = [*test_layers.EXAMPLES, *test_shape_layers.EXAMPLES]
    assert {type(layer).__name__ for layer, *_ in examples} == LAYERS - OF_USERS - OF_BATCHES
    cases = [case[-1] for case in (*layer_cases.FORWARD_LAYERS.values(), *activation_cases.LAYERS.values(),
                                   *normalization_cases.STACKS.values())]
    golden = {type(layer).__name__ for make in cases for layer in make(layers)}
    golden.update(type(make(layers)).__name__
                  for _, make in [*shape_cases.MERGES.values(), *shape_cases.LAYERS.values(),
                                  *convolution_cases.LAYERS.values(), *augmentation_cases.LAYERS.values(),
                                  *augmentation_cases.IN_INFERENCE.values()])
    assert golden - {"InputLayer"} == keras_has("layers", LAYERS - OF_USERS - OF_BATCHES)


def test_the_gradient_of_every_layer_is_tested():
    tested = {node["type"] for _, nodes in gradient_cases.LAYERS.values() for node in nodes}
    c_tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests" / "c").glob("test_layers_*.c"))
    tested.update(re.findall(r'test_backward\("(\w+)"', c_tests))
    used = set()
    for layer, shapes in [(layer, [(9, 8, 3)]) for layer, *_ in test_layers.EXAMPLES] + [
            (layer, shapes) for layer, shapes, *_ in test_shape_layers.EXAMPLES]:
        graph = layers.graph.Graph()
        graph.connect(layer, *(graph.input(shape, "x") for shape in shapes))
        used.update(node["type"] for node in graph.nodes[len(shapes):])
    assert used - tested == set()
    for function, shapes in test_ops.CASES.values():  # whose gradients are all tested
        inputs = [fashioncnn.Input(shape) for shape in shapes]
        graph = layers.graph.Graph()
        graph.connect(fashioncnn.Model(inputs, function(*inputs)), *(graph.input(shape, "x") for shape in shapes))
        used.update(node["type"] for node in graph.nodes[len(shapes):])
    assert used | {"by_training", "over_batch", "weight"} == {name for kind, name in CORE if kind == "layers"}


def test_the_gradient_of_every_loss_is_tested():
    tested = {loss["type"] for loss, *_ in gradient_cases.LOSSES.values()}
    assert tested | {"value"} == {name for kind, name in CORE if kind == "losses"}
