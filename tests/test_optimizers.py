"""Optimizers and schedules: what they are configured with, and what they tell the core."""

from __future__ import annotations

import inspect
import json
import math

import numpy as np
import pytest
from golden import face_cases as cases
from golden.face import GOLDEN

from fashioncnn import optimizers
from fashioncnn.optimizers import SGD, Adam, AdamW, RMSprop, schedules

CLASSES = [Adam, AdamW, SGD, RMSprop]


class Network:
    """The part of the core's Network that an optimizer touches."""

    def __init__(self):
        self.iterations = 0
        self.learning_rate = None
        self.optimizer = None

    def set_optimizer(self, config):
        self.optimizer = config
        self.iterations = 0


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
    ours = [[p.name, repr(p.default)] for p in inspect.signature(cls).parameters.values()]
    assert ours == GOLDEN["signatures"][f"{module}.{name}"]


@pytest.mark.parametrize("name", cases.SERIALIZED["optimizers"])
def test_config_is_that_of_keras(name):
    expected = GOLDEN["configs"][f"optimizers.{name}"]
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
    assert RMSprop(global_clipnorm=2, centered=True).core_config() == {
        "type": "rmsprop", "rho": 0.9, "momentum": 0.0, "epsilon": 1e-7, "centered": True, "global_clipnorm": 2.0}


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize(("arguments", "error"), [
    ({"learning_rate": -0.1}, ValueError),
    ({"learning_rate": math.inf}, ValueError),
    ({"learning_rate": "0.1"}, TypeError),
    ({"learning_rate": True}, TypeError),
    ({"learning_rate": lambda: 0.1}, ValueError),
    ({"weight_decay": -1.0}, ValueError),
    ({"clipnorm": 0.0}, ValueError),
    ({"clipvalue": -1.0}, ValueError),
    ({"global_clipnorm": math.nan}, ValueError),
    ({"use_ema": True}, ValueError),
    ({"loss_scale_factor": 2.0}, ValueError),
    ({"gradient_accumulation_steps": 2}, ValueError),
    ({"ema_momentum": 2.0}, ValueError),
    ({"lr": 0.1}, TypeError),
])
def test_optimizer_refuses_and_names(cls, arguments, error):
    with pytest.raises(error, match=next(iter(arguments)).replace("lr", "'lr'")):
        cls(**arguments)


@pytest.mark.parametrize(("cls", "arguments"), [
    (Adam, {"beta_1": 1.0}), (Adam, {"beta_2": -0.1}), (Adam, {"epsilon": -1.0}), (AdamW, {"weight_decay": None}),
    (SGD, {"momentum": 1.5}), (RMSprop, {"rho": 1.0}), (RMSprop, {"epsilon": 0.0}), (RMSprop, {"momentum": -1.0}),
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
    assert (optimizer.learning_rate, type(optimizer.learning_rate), optimizer.momentum) == (0.5, float, 1.0)


def test_attach_hands_config_and_rate_to_the_network():
    network = Network()
    optimizer = Adam(0.5)
    assert optimizer.iterations == 0
    optimizer.attach(network)
    assert (network.optimizer, network.learning_rate) == (optimizer.core_config(), 0.5)
    network.iterations = 7
    assert optimizer.iterations == 7


def test_optimizer_belongs_to_one_network():
    optimizer = Adam()
    optimizer.attach(Network())
    with pytest.raises(ValueError, match="already belongs to another model"):
        optimizer.attach(Network())


def test_learning_rate_that_is_set_reaches_the_network():
    network, optimizer = Network(), SGD(0.5)
    optimizer.learning_rate = 0.25
    optimizer.attach(network)
    optimizer.learning_rate = np.float64(0.125)
    assert (network.learning_rate, optimizer.learning_rate) == (0.125, 0.125)


def test_bad_learning_rate_changes_nothing():
    network, optimizer = Network(), SGD(0.5)
    optimizer.attach(network)
    with pytest.raises(ValueError, match="learning_rate"):
        optimizer.learning_rate = -1.0
    assert (network.learning_rate, optimizer.learning_rate) == (0.5, 0.5)


def test_schedule_follows_the_networks_iterations_and_cannot_be_overwritten_by_a_number():
    network = Network()
    optimizer = SGD(schedules.PiecewiseConstantDecay([10], [0.5, 0.25]))
    assert optimizer.has_schedule
    optimizer.attach(network)
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


def test_attaching_again_starts_afresh():
    network, optimizer = Network(), Adam(0.5)
    optimizer.attach(network)
    network.iterations = 3
    optimizer.attach(network)
    assert network.iterations == 0


def test_optimizer_of_the_users_own_is_refused_by_name():
    class Mine(optimizers.Optimizer):
        pass

    with pytest.raises(ValueError, match=r"Mine.*not supported"):
        Mine(0.1).attach(Network())
