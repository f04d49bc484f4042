"""Optimizers and schedules: what they are configured with, and what they tell the core."""

from __future__ import annotations

import copy
import inspect
import json
import math
import pickle

import numpy as np
import pytest
from core import read, write
from golden import face_cases as cases
from golden.face import GOLDEN

from fashioncnn import Input, Sequential, layers, optimizers
from fashioncnn._core import Network
from fashioncnn.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Ftrl,
    Lion,
    Nadam,
    RMSprop,
    schedules,
)
from fashioncnn.utils import clear_session
from fashioncnn.utils.registry import OPTIMIZERS

CLASSES = list(OPTIMIZERS.all_classes().values())
PATHS = ["dense/kernel"]


ONES = np.ones((1, 1), np.float32)


def one_layer_model(optimizer, **options):
    """y = w x + b, from w = 1 and b = 0."""
    model = Sequential([Input((1,)), layers.Dense(1, kernel_initializer="ones", **options)])
    model.compile(optimizer, "mse")
    return model


def network_of_one_layer():
    return Network([{"type": "input", "name": "x", "shape": (2,)},
                    {"type": "dense", "name": "dense", "inputs": (0,), "units": 1, "use_bias": False}])


def train(network):
    """One update, of a mean squared error."""
    network.set_objective({"type": "mean_squared_error"}, [])
    network.train_step(np.array([[1.0, -2.0]]), np.array([[3.0]]), None, 0, 1)


@pytest.mark.parametrize("case", range(len(cases.SCHEDULES)))
def test_schedule_equals_keras(case):
    name, arguments = cases.SCHEDULES[case]
    schedule = getattr(schedules, name)(**arguments)
    rates = [schedule(step) for step in cases.STEPS]
    assert rates == pytest.approx(GOLDEN["schedules"][case], rel=2e-6, abs=1e-8)


@pytest.mark.parametrize(("schedule", "step", "rate"), [
    (schedules.ExponentialDecay(0.5, 10, 0.5), 20, 0.125),
    (schedules.ExponentialDecay(0.5, 10, 0.5, staircase=True), 19, 0.25),
    (schedules.InverseTimeDecay(0.5, 10, 1.0), 30, 0.125),
    (schedules.PolynomialDecay(0.5, 10, 0.0, power=2.0), 5, 0.125),
    (schedules.PolynomialDecay(0.5, 10, 0.25), 1000, 0.25),
    (schedules.PolynomialDecay(0.5, 10, 0.0, cycle=True), 15, 0.125),
    (schedules.PiecewiseConstantDecay([3], [0.5, 0.25]), 3, 0.5),
    (schedules.PiecewiseConstantDecay([3], [0.5, 0.25]), 4, 0.25),
    (schedules.CosineDecay(0.5, 10), 5, 0.25),
    (schedules.CosineDecay(0.5, 10, alpha=0.25), 99, 0.125),
    (schedules.CosineDecay(0.0, 10, warmup_target=0.5, warmup_steps=4), 1, 0.125),
    (schedules.CosineDecayRestarts(0.5, 10, m_mul=0.5), 10, 0.25),
    (schedules.CosineDecayRestarts(0.5, 10, m_mul=0.5), 20, 0.125),
])
def test_schedule_equals_value_computed_by_hand(schedule, step, rate):
    assert schedule(step) == pytest.approx(rate, rel=1e-12)


@pytest.mark.parametrize("t_mul", [1.0, 1.1, 2.0, 3.0])
def test_restarts_start_at_the_top_of_the_cosine(t_mul):
    schedule = schedules.CosineDecayRestarts(1.0, 1000, t_mul=t_mul)
    start = 0.0
    for period in range(6):
        first = math.ceil(start - 1e-6)
        assert schedule(first) == pytest.approx(1.0, abs=1e-5), period
        assert schedule(first + 1) < schedule(first)
        start += 1000 * t_mul**period


@pytest.mark.parametrize(("cls", "arguments", "name"), [
    (schedules.ExponentialDecay, (0.1, 0, 0.9), "decay_steps"),
    (schedules.InverseTimeDecay, (0.1, -1, 0.9), "decay_steps"),
    (schedules.PolynomialDecay, (0.1, 0), "decay_steps"),
    (schedules.CosineDecay, (math.nan, 10), "initial_learning_rate"),
    (schedules.CosineDecayRestarts, (0.1, 0), "first_decay_steps"),
    (schedules.CosineDecayRestarts, (0.1, 10, 0.5), "t_mul"),
    (schedules.PiecewiseConstantDecay, ([1, 2], [0.1, 0.2]), "boundaries"),
    (schedules.PiecewiseConstantDecay, ([2, 1], [0.1, 0.2, 0.3]), "boundaries"),
])
def test_schedule_refuses_bad_arguments(cls, arguments, name):
    with pytest.raises(ValueError, match=name):
        cls(*arguments)


@pytest.mark.parametrize("case", range(len(cases.SCHEDULES)))
def test_schedule_survives_serialization(case):
    name, arguments = cases.SCHEDULES[case]
    schedule = getattr(schedules, name)(**arguments)
    config = json.loads(json.dumps(schedules.serialize(schedule)))
    assert config["module"] == "keras.optimizers.schedules"
    assert schedules.deserialize(config).get_config() == schedule.get_config()


@pytest.mark.parametrize("name", [*cases.SIGNATURES["optimizers"], *cases.SIGNATURES["optimizers.schedules"]])
def test_signature_is_that_of_keras(name):
    module = "optimizers" if hasattr(optimizers, name) else "optimizers.schedules"
    cls = getattr(optimizers, name, None) or getattr(schedules, name)
    ours = [[p.name, repr(p.default)] for p in inspect.signature(cls).parameters.values() if p.kind != p.VAR_KEYWORD]
    assert ours == GOLDEN["signatures"][f"{module}.{name}"]


@pytest.mark.parametrize("name", cases.SERIALIZED["optimizers"])
def test_config_is_that_of_keras(name):
    expected = GOLDEN["configs"][f"optimizers.{name}"]
    clear_session()
    config = optimizers.serialize(optimizers.get(name))
    rate = expected["config"].pop("learning_rate")
    assert config["config"].pop("learning_rate") == pytest.approx(rate, rel=1e-7)
    assert config == expected


@pytest.mark.parametrize("name", cases.SERIALIZED["optimizers"])
def test_config_of_keras_is_accepted(name):
    restored = optimizers.deserialize(GOLDEN["configs"][f"optimizers.{name}"])
    assert type(restored).__name__ == name


def test_optimizer_with_schedule_survives_serialization():
    optimizer = SGD(schedules.CosineDecay(0.1, 100, warmup_target=0.2, warmup_steps=10), momentum=0.9, clipnorm=1.0)
    config = json.loads(json.dumps(optimizers.serialize(optimizer)))
    restored = optimizers.deserialize(config)
    assert restored.get_config() == optimizer.get_config()
    assert restored.rate_for_step(5) == optimizer.rate_for_step(5)


@pytest.mark.parametrize("identifier", ["adam", "Adam", "ADAM", Adam, Adam(),
                                        {"class_name": "Adam", "config": {}}])
def test_get_understands(identifier):
    assert type(optimizers.get(identifier)) is Adam


def test_get_leaves_none_alone():
    assert optimizers.get(None) is None


@pytest.mark.parametrize("identifier", ["adamm", "", 5, {"class_name": "eval", "config": {}}, {"config": {}},
                                        {"class_name": "Adam", "config": 3}])
def test_get_refuses(identifier):
    with pytest.raises(ValueError, match="optimizer"):
        optimizers.get(identifier)


def test_core_config_holds_what_the_core_expects():
    assert Adam(clipnorm=1).core_config() == {"type": "adam", "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7,
                                              "amsgrad": False, "clipnorm": 1.0}
    assert AdamW().core_config() == {"type": "adam", "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7,
                                     "amsgrad": False, "weight_decay": 0.004}
    assert SGD(nesterov=True, momentum=0.5).core_config() == {"type": "sgd", "momentum": 0.5, "nesterov": True}
    assert Adagrad(use_ema=True, ema_overwrite_frequency=3, gradient_accumulation_steps=2).core_config() == {
        "type": "adagrad", "initial_accumulator_value": 0.1, "epsilon": 1e-7, "ema_momentum": 0.99,
        "ema_overwrite_frequency": 3, "gradient_accumulation_steps": 2}
    assert RMSprop(global_clipnorm=2, centered=True).core_config() == {
        "type": "rmsprop", "rho": 0.9, "momentum": 0.0, "epsilon": 1e-7, "centered": True, "global_clipnorm": 2.0}


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize(("arguments", "error"), [
    ({"learning_rate": -0.1}, ValueError),
    ({"learning_rate": math.inf}, ValueError),
    ({"learning_rate": "0.1"}, TypeError),
    ({"learning_rate": True}, TypeError),
    ({"weight_decay": -1.0}, ValueError),
    ({"clipnorm": 0.0}, ValueError),
    ({"clipvalue": -1.0}, ValueError),
    ({"global_clipnorm": math.nan}, ValueError),
    ({"use_ema": None}, ValueError),
    ({"loss_scale_factor": 0.0}, ValueError),
    ({"gradient_accumulation_steps": 1}, ValueError),
    ({"gradient_accumulation_steps": 2.5}, TypeError),
    ({"ema_momentum": 2.0}, ValueError),
    ({"ema_overwrite_frequency": -1}, ValueError),
    ({"lr": 0.1}, TypeError),
])
def test_optimizer_refuses_and_names(cls, arguments, error):
    with pytest.raises(error, match=next(iter(arguments)).replace("lr", "'lr'")):
        cls(**arguments)


@pytest.mark.parametrize(("cls", "arguments"), [
    (Adam, {"beta_1": 1.0}), (Adam, {"beta_2": -0.1}), (Adam, {"epsilon": -1.0}), (AdamW, {"weight_decay": None}),
    (SGD, {"momentum": 1.5}), (RMSprop, {"rho": 1.0}), (RMSprop, {"epsilon": 0.0}), (RMSprop, {"momentum": -1.0}),
    (Nadam, {"beta_1": 1.0}), (Nadam, {"beta_2": -0.1}), (Nadam, {"epsilon": -1.0}), (Adamax, {"beta_1": 1.0}),
    (Adamax, {"beta_2": 1.0}), (Adamax, {"epsilon": 0.0}), (Adagrad, {"initial_accumulator_value": -0.1}),
    (Adagrad, {"epsilon": -1.0}), (Adadelta, {"rho": 1.0}), (Adadelta, {"epsilon": 0.0}), (Lion, {"beta_1": 0.0}),
    (Lion, {"beta_2": 1.5}), (Ftrl, {"learning_rate_power": 0.5}), (Ftrl, {"initial_accumulator_value": -1.0}),
    (Ftrl, {"l1_regularization_strength": -1.0}), (Ftrl, {"l2_regularization_strength": -1.0}),
    (Ftrl, {"l2_shrinkage_regularization_strength": -1.0}), (Ftrl, {"beta": -1.0}),
])
def test_optimizer_refuses_its_own_arguments_out_of_range(cls, arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        cls(**arguments)


@pytest.mark.parametrize("clips", [("clipnorm", "clipvalue"), ("clipnorm", "global_clipnorm"),
                                   ("clipvalue", "global_clipnorm")])
def test_at_most_one_way_of_clipping(clips):
    with pytest.raises(ValueError, match="at most one of"):
        Adam(**dict.fromkeys(clips, 1.0))


def test_numpy_numbers_and_integers_are_numbers():
    optimizer = SGD(np.float32(0.5), momentum=1)
    assert (optimizer.learning_rate, isinstance(optimizer.learning_rate, float), optimizer.momentum) == (0.5, True, 1.0)


def test_attach_hands_config_and_rate_to_the_network():
    network = network_of_one_layer()
    optimizer = SGD(0.5, momentum=0.5)
    assert optimizer.iterations == 0
    optimizer.attach(network, PATHS)
    assert (network.optimizer_slots, network.learning_rate) == (["momentum"], 0.5)
    network.iterations = 7
    assert optimizer.iterations == 7


def test_optimizer_belongs_to_one_network():
    optimizer = Adam()
    optimizer.attach(network_of_one_layer(), PATHS)
    with pytest.raises(ValueError, match="already belongs to another model"):
        optimizer.attach(network_of_one_layer(), PATHS)


def test_learning_rate_that_is_set_reaches_the_network():
    network, optimizer = network_of_one_layer(), SGD(0.5)
    optimizer.learning_rate = 0.25
    optimizer.attach(network, PATHS)
    optimizer.learning_rate = np.float64(0.125)
    assert (network.learning_rate, optimizer.learning_rate) == (0.125, 0.125)


def test_bad_learning_rate_changes_nothing():
    network, optimizer = network_of_one_layer(), SGD(0.5)
    optimizer.attach(network, PATHS)
    with pytest.raises(ValueError, match="learning_rate"):
        optimizer.learning_rate = -1.0
    assert (network.learning_rate, optimizer.learning_rate) == (0.5, 0.5)


def test_schedule_follows_the_networks_iterations_and_cannot_be_overwritten_by_a_number():
    network = network_of_one_layer()
    optimizer = SGD(schedules.PiecewiseConstantDecay([10], [0.5, 0.25]))
    assert optimizer.has_schedule
    optimizer.attach(network, PATHS)
    assert (network.learning_rate, optimizer.learning_rate) == (0.5, 0.5)
    network.iterations = 11
    assert (optimizer.learning_rate, optimizer.rate_for_step(3)) == (0.25, 0.5)
    with pytest.raises(TypeError, match="LearningRateSchedule"):
        optimizer.learning_rate = 0.1


def test_schedule_of_the_users_own():
    class Mine(schedules.LearningRateSchedule):
        def __call__(self, step):
            return np.float32(1 / (step + 1))

    optimizer = SGD(Mine())
    assert (optimizer.rate_for_step(3), type(optimizer.rate_for_step(3))) == (0.25, float)
    with pytest.raises(NotImplementedError, match="get_config"):
        optimizer.get_config()


def test_a_function_as_learning_rate_is_asked_before_every_update():
    rates = [0.25, 0.125]
    model = one_layer_model(SGD(lambda: rates[0]))
    for rate in (0.25, 0.125):
        before, rates[0] = model.get_weights()[0], rate
        model.train_on_batch(ONES, np.zeros((1, 1)))
        gradient = 2 * (before + 0)  # of w, where b is 0
        if rate == 0.25:
            assert model.get_weights()[0] == before - rate * gradient
        else:
            assert model.optimizer.learning_rate == rate
    constant = SGD(lambda: 0.5)
    assert (constant.has_schedule, constant.learning_rate) == (True, 0.5)
    with pytest.raises(TypeError, match="function"):
        constant.learning_rate = 0.1
    constant.learning_rate = lambda: 0.25
    assert constant.learning_rate == 0.25
    with pytest.raises(NotImplementedError, match="a function"):
        constant.get_config()
    with pytest.raises(ValueError, match="learning_rate"):
        SGD(lambda: -1.0).attach(network_of_one_layer(), PATHS)


def test_attaching_again_goes_on():
    network, optimizer = network_of_one_layer(), SGD(0.5, momentum=0.5)
    optimizer.attach(network, PATHS)
    train(network)
    moments = read(network, "momentum")
    optimizer.attach(network, PATHS)
    assert (network.iterations, *read(network, "momentum")) == (1, *moments)
    assert moments.any()


def test_a_detached_optimizer_brings_its_moments_to_the_same_weights_elsewhere_and_to_no_others():
    first, second, optimizer = network_of_one_layer(), network_of_one_layer(), Adam(0.5)
    optimizer.attach(first, PATHS)
    train(first)
    optimizer.detach()
    assert optimizer.iterations == 1
    with pytest.raises(ValueError, match="trained with other weights"):
        optimizer.attach(second, ["dense_1/kernel"])
    optimizer.attach(second, PATHS)
    assert (second.iterations, optimizer.iterations) == (1, 1)
    for slot in ("momentum", "velocity"):
        assert np.array_equal(read(first, slot), read(second, slot))
        assert read(first, slot).any()


@pytest.mark.parametrize("copied", [lambda value: pickle.loads(pickle.dumps(value)), copy.deepcopy, copy.copy])
def test_a_copy_has_the_state_and_is_independent(copied):
    network, optimizer = network_of_one_layer(), Adam(0.5, clipnorm=1.0)
    optimizer.attach(network, PATHS)
    train(network)
    other = copied(optimizer)
    assert (other.get_config(), other.iterations) == (optimizer.get_config(), 1)
    train(network)
    assert (other.iterations, optimizer.iterations) == (1, 2)
    second = network_of_one_layer()
    other.attach(second, PATHS)
    assert read(second, "velocity").any()


@pytest.mark.parametrize(("optimizer", "name", "value"), [
    (SGD(0.5), "momentum", 0.9), (SGD(0.5, momentum=0.9), "momentum", 0.0), (SGD(0.5, momentum=0.5), "nesterov", True),
    (SGD(0.5), "clipnorm", 0.1), (SGD(0.5), "clipvalue", 0.1), (SGD(0.5), "global_clipnorm", 0.1),
    (SGD(0.5), "weight_decay", 0.1), (Adam(0.5), "beta_1", 0.5), (Adam(0.5), "beta_2", 0.5),
    (Adam(0.5), "epsilon", 1.0),
    (RMSprop(0.5), "rho", 0.5), (RMSprop(0.5), "momentum", 0.5), (RMSprop(0.5), "epsilon", 1.0),
    (Nadam(0.5), "beta_2", 0.5), (Nadam(0.5), "epsilon", 1.0), (Adamax(0.5), "beta_1", 0.5),
    (Adamax(0.5), "epsilon", 1.0), (Adagrad(0.5), "epsilon", 1.0), (Adadelta(0.5), "rho", 0.5),
    (Adadelta(0.5), "epsilon", 1.0), (Lion(4.0, beta_2=0.5), "beta_1", 0.01), (Ftrl(0.5), "learning_rate_power", -1.0),
    (Ftrl(0.5), "l1_regularization_strength", 1.0), (Ftrl(0.5), "l2_regularization_strength", 1.0),
    (Ftrl(0.5), "l2_shrinkage_regularization_strength", 1.0), (Ftrl(0.5), "beta", 1.0),
    (SGD(0.5, use_ema=True, ema_overwrite_frequency=1), "ema_momentum", 0.5),
    (SGD(0.5, use_ema=True, ema_momentum=0.5), "ema_overwrite_frequency", 1)],
    ids=lambda value: value if isinstance(value, str) else "")
def test_an_argument_set_later_acts_from_the_next_update_on(optimizer, name, value):
    """The same as another optimizer made with it, that takes over where the first one is."""
    start = network_of_one_layer()
    write(start, [0.5, -0.25])
    optimizer.attach(start, PATHS)
    train(start)
    weights, other = read(start), type(optimizer).from_config({**optimizer.get_config(), name: value})
    optimizer.detach()
    results = []
    for candidate, changed in ((copy.copy(optimizer), False), (copy.copy(optimizer), True), (other, False)):
        network = network_of_one_layer()
        write(network, weights)
        candidate._state = optimizer._state
        candidate.attach(network, PATHS)
        if changed:
            setattr(candidate, name, value)
        train(network)
        train(network)  # a new moment makes no difference to the first update
        results.append(read(network))
    assert np.array_equal(results[1], results[2])
    assert not np.array_equal(results[0], results[1])


@pytest.mark.parametrize(("name", "value"), [("momentum", 2.0), ("momentum", "much"), ("clipnorm", -1.0),
                                             ("clipvalue", 1.0), ("use_ema", 3), ("nesterov", None)])
def test_a_bad_argument_set_later_changes_nothing(name, value):
    optimizer = SGD(0.5, momentum=0.5, clipnorm=1.0)
    before = optimizer.get_config()
    with pytest.raises(ValueError, match=name):
        setattr(optimizer, name, value)
    assert optimizer.get_config() == before


@pytest.mark.parametrize(("name", "instead"), [("lr", "learning_rate"), ("decay", "InverseTimeDecay")])
def test_old_spellings_are_told_the_new_one(name, instead):
    with pytest.raises(AttributeError, match=instead):
        getattr(Adam(), name)
    with pytest.raises(AttributeError, match=instead):
        setattr(Adam(), name, 0.1)


def test_the_decay_of_old_optimizers_is_ignored_with_a_warning():
    with pytest.warns(UserWarning, match=r"SGD\(\) ignores `decay`.*InverseTimeDecay"):
        optimizer = SGD(learning_rate=0.1, decay=1e-6, momentum=0.9, nesterov=True)
    assert optimizer.get_config() == {**SGD(0.1, momentum=0.9, nesterov=True).get_config(), "name": optimizer.name}


def test_an_unknown_argument_is_named():
    with pytest.raises(ValueError, match="learning_rat"):
        Adam(learning_rat=0.1)


def test_names_are_counted_as_in_keras():
    clear_session()
    assert [cls().name for cls in (Adam, Adam, optimizers.AdamW, SGD, RMSprop)] == [
        "adam", "adam_1", "adam_w", "sgd", "rm_sprop"]


@pytest.mark.parametrize("method", ["update_step", "apply_gradients", "build"])
def test_an_override_of_what_the_core_does_is_refused_by_name(method):
    mine = type("Mine", (Adam,), {method: lambda self, *arguments: None})
    with pytest.raises(NotImplementedError, match=rf"Mine defines {method}\(\)"):
        mine(0.1).attach(network_of_one_layer(), PATHS)
    with pytest.raises(NotImplementedError, match=method):
        setattr(Adam(), method, lambda *arguments: None)


def test_optimizer_of_the_users_own_is_refused_by_name():
    class Mine(optimizers.Optimizer):
        pass

    with pytest.raises(NotImplementedError, match="Mine"):
        Mine(0.1).attach(network_of_one_layer(), PATHS)


def test_rate_and_iterations_are_numbers_that_can_be_set():
    network, optimizer = network_of_one_layer(), SGD(0.5)
    optimizer.attach(network, PATHS)
    train(network)
    rate, count = optimizer.learning_rate, optimizer.iterations
    assert (rate, str(rate), repr(rate), f"{rate:.2f}", json.dumps([rate, count])) == (
        0.5, "0.5", "0.5", "0.50", "[0.5, 1]")
    assert (type(rate.numpy()), type(count.numpy()), rate.value.dtype, count.value) == (
        np.float32, np.int64, np.float32, 1)
    assert type(pickle.loads(pickle.dumps(rate))) is type(copy.deepcopy(rate)) is float
    assert type(pickle.loads(pickle.dumps(count))) is int
    rate.assign(0.25)
    count.assign(5)
    assert (optimizer.learning_rate, network.learning_rate, optimizer.iterations, network.iterations) == (
        0.25, 0.25, 5, 5)
    optimizer.learning_rate.assign_add(0.25)
    optimizer.iterations.assign_sub(2)
    assert (optimizer.learning_rate, optimizer.iterations) == (0.5, 3)
    with pytest.raises(ValueError, match="learning_rate"):
        rate.assign(-1.0)


@pytest.mark.parametrize("schedule", [
    schedules.ExponentialDecay(0.5, 10, 0.5), schedules.InverseTimeDecay(0.5, 10, 1.0),
    schedules.PolynomialDecay(0.5, 10), schedules.PiecewiseConstantDecay([3], [0.5, 0.25]),
    schedules.CosineDecay(0.5, 10), schedules.CosineDecay(0.0, 10, warmup_target=0.5, warmup_steps=4),
    schedules.CosineDecayRestarts(0.5, 10)], ids=lambda schedule: type(schedule).__name__)
def test_rates_are_floats_that_have_numpy(schedule):
    rate = schedule(3)
    assert isinstance(rate, float)
    assert type(rate.numpy()) is np.float32
    assert rate.numpy() == pytest.approx(rate)


def test_iterations_may_be_a_whole_float():
    optimizer = SGD()
    optimizer.iterations.assign(2.0)
    assert optimizer.iterations == 2
    for value in (2.5, math.nan, math.inf):
        with pytest.raises(TypeError, match="iterations"):
            optimizer.iterations = value
