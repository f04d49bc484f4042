"""What optimizers remember: averages, their variables, and variables that are updated without a model."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from fashioncnn import Input, Model, Sequential, Variable, layers, utils
from fashioncnn.optimizers import SGD, Adadelta, Adagrad, Adam, AdamW, Ftrl, Nadam, RMSprop

X = np.linspace(-1, 1, 24, dtype=np.float32).reshape(12, 2)
Y = np.linspace(2, 0, 12, dtype=np.float32)


def model_of(optimizer, **options):
    utils.set_random_seed(3)
    model = Sequential([Input((2,)), layers.Dense(3, activation="tanh"), layers.Dense(1)])
    model.compile(optimizer, "mse", **options)
    return model


def train(model, batches, size=4):
    for batch in range(batches):
        rows = slice(batch % 3 * size, (batch % 3 + 1) * size)
        model.train_on_batch(X[rows], Y[rows])


# ---- averages ----

def test_gradients_of_equal_batches_are_averaged():
    averaging, plain = model_of(SGD(0.1, gradient_accumulation_steps=3)), model_of(SGD(0.1))
    for number in range(1, 4):
        averaging.train_on_batch(X[number * 3 - 3:number * 3], Y[number * 3 - 3:number * 3])
        assert (averaging.optimizer.iterations, averaging.network.iterations) == (number // 3, number)
        if number == 1:
            start = model_of("sgd").get_weights()
            assert all(map(np.array_equal, averaging.get_weights(), start))
    plain.train_on_batch(X[:9], Y[:9])
    for ours, theirs in zip(averaging.get_weights(), plain.get_weights(), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-6)


def test_fit_ends_with_the_average_of_weights_and_goes_on_from_it():
    model = model_of(SGD(0.1, use_ema=True, ema_momentum=0.5))
    model.fit(X, Y, batch_size=4, epochs=2, verbose=0)
    averages = [v.numpy() for v in model.optimizer.variables[2:]]
    assert len(averages) == 4
    assert all(map(np.array_equal, model.get_weights(), averages))
    other = model_of(SGD(0.1))
    other.fit(X, Y, batch_size=4, epochs=2, verbose=0)
    assert not np.array_equal(model.get_weights()[0], other.get_weights()[0])
    model.fit(X, Y, batch_size=4, epochs=0, verbose=0)
    assert all(map(np.array_equal, model.get_weights(), averages))


def test_a_step_on_a_batch_leaves_the_weights_to_themselves():
    averaging, plain = model_of(SGD(0.1, use_ema=True)), model_of(SGD(0.1))
    for model in (averaging, plain):
        train(model, 3)
    assert all(map(np.array_equal, averaging.get_weights(), plain.get_weights()))
    averaging.optimizer.finalize_variable_values(averaging.trainable_weights)
    assert not np.array_equal(averaging.get_weights()[0], plain.get_weights()[0])
    plain.optimizer.finalize_variable_values(plain.trainable_weights)  # has no averages
    with pytest.raises(ValueError, match="not one of those"):
        averaging.optimizer.finalize_variable_values(plain.trainable_weights)


def test_frozen_weights_have_no_part_in_averages():
    model = model_of(SGD(0.1, use_ema=True))
    model.layers[0].trainable = False
    before = model.layers[0].get_weights()
    model.fit(X, Y, batch_size=4, verbose=0)
    assert all(map(np.array_equal, model.layers[0].get_weights(), before))
    assert [v.path.rpartition("_")[0].rpartition("_")[2] for v in model.optimizer.variables[2:]] == ["kernel", "bias"]


def test_statistics_are_no_optimizers_business():
    model = Sequential([Input((2,)), layers.BatchNormalization(), layers.Dense(1)])
    model.compile(SGD(0.1, momentum=0.5, use_ema=True, weight_decay=0.5), "mse")
    model.fit(X + 3, Y, batch_size=4, shuffle=False, verbose=0)
    assert len(model.optimizer.variables) == 2 + 2 * len(model.trainable_weights)
    other = Sequential([Input((2,)), layers.BatchNormalization(), layers.Dense(1)])
    other.compile(SGD(0.1), "mse")
    other.fit(X + 3, Y, batch_size=4, shuffle=False, verbose=0)
    assert all(map(np.array_equal, model.layers[0].get_weights()[2:], other.layers[0].get_weights()[2:]))


def test_weights_that_no_loss_depends_on_keep_their_values():
    inputs = Input((2,))
    used, unused = layers.Dense(1), layers.Dense(1, kernel_initializer="ones")
    model = Model(inputs, [used(inputs), unused(inputs)])
    model.compile(SGD(0.1, use_ema=True, weight_decay=0.5), ["mse", None])
    model.fit(X, [Y, Y], batch_size=4, verbose=0)
    assert (unused.get_weights()[0] == 1).all()
    model.optimizer.apply([np.ones((2, 1))], [unused.kernel])  # but the caller may have a gradient of them
    assert unused.get_weights()[0] == pytest.approx(np.full((2, 1), 1 - 0.05 - 0.1))
    kept = unused.get_weights()[0]
    model.compile(model.optimizer, ["mse", None])
    model.train_on_batch(X, [Y, Y])
    assert np.array_equal(unused.get_weights()[0], kept)


@pytest.mark.parametrize(("optimizer", "name", "value"), [
    (SGD(), "use_ema", True), (SGD(), "gradient_accumulation_steps", 2),
    (SGD(gradient_accumulation_steps=2), "gradient_accumulation_steps", 3),
    (Adagrad(), "initial_accumulator_value", 0.5), (Ftrl(), "initial_accumulator_value", 0.5)])
def test_what_fixes_the_beginning_cannot_be_set_later(optimizer, name, value):
    setattr(optimizer, name, value)
    other = type(optimizer).from_config(optimizer.get_config())
    model_of(other)
    setattr(other, name, value)
    with pytest.raises(AttributeError, match=f"{name} cannot be set any more: the optimizer has weights"):
        setattr(other, name, 7 if name != "use_ema" else False)
    assert getattr(other, name) == value


def test_iterations_cannot_be_set_where_gradients_are_averaged():
    optimizer = SGD(gradient_accumulation_steps=2)
    with pytest.raises(AttributeError, match="gradient_accumulation_steps"):
        optimizer.iterations = 4
    with pytest.raises(AttributeError, match="gradient_accumulation_steps"):
        optimizer.iterations.assign(4)


def test_slots_begin_with_the_optimizers_number():
    model = model_of(Adagrad(initial_accumulator_value=0.25))
    assert all((v.numpy() == 0.25).all() for v in model.optimizer.variables[2:])
    train(model, 1)
    moved = model.optimizer.variables[2].numpy()
    assert (moved > 0.25).all()
    model.compile(model.optimizer, "mse")
    assert np.array_equal(model.optimizer.variables[2].numpy(), moved)


# ---- variables ----

def test_variables_are_named_as_in_keras_and_can_be_set():
    model = model_of(Adam(0.5, amsgrad=True, use_ema=True, gradient_accumulation_steps=2, name="a"))
    names = [v.path for v in model.optimizer.variables]
    kernel, bias = (v.path.replace("/", "_") for v in model.layers[0].weights)
    assert names[:2] == ["a/iteration", "a/learning_rate"]
    assert [name for name in names if kernel in name or bias in name] == [
        f"a/{weight}_{slot}" for slot in ("average", "gradient_accumulator") for weight in (kernel, bias)] + [
        f"a/{weight}_{slot}" for weight in (kernel, bias) for slot in ("momentum", "velocity")] + [
        f"a/{weight}_velocity_hat" for weight in (kernel, bias)]
    train(model, 3)
    assert model.optimizer.variables[0] == 3
    slot = model.optimizer.variables[-1]
    slot.assign([0.5])
    assert model.optimizer.variables[-1].numpy() == [0.5]
    model.optimizer.variables[1].assign(0.25)
    assert model.optimizer.learning_rate == 0.25


def test_variables_of_an_optimizer_without_weights():
    assert [v.name for v in Adam().variables] == ["iteration", "learning_rate"]
    assert [v.name for v in Adam(lambda: 0.1).variables] == ["iteration"]
    assert not Adam().built


@pytest.mark.parametrize("way", ["set_weights", "load_own_variables"])
def test_another_optimizer_goes_on_with_the_variables_of_one(way):
    first, second = (model_of(RMSprop(0.1, momentum=0.5, gradient_accumulation_steps=2)) for _ in range(2))
    train(first, 3)
    second.set_weights(first.get_weights())
    if way == "set_weights":
        second.optimizer.set_weights(first.optimizer.variables)
    else:
        store = {}
        first.optimizer.save_own_variables(store)
        assert list(store) == [str(i) for i in range(len(first.optimizer.variables))]
        second.optimizer.load_own_variables(store)
    for model in (first, second):
        train(model, 3)
    assert all(map(np.array_equal, first.get_weights(), second.get_weights()))


def test_weights_that_do_not_fit_change_nothing():
    optimizer = model_of("adam").optimizer
    values = [v.numpy() for v in optimizer.variables]
    with pytest.raises(ValueError, match="9 arrays; the optimizer has 10 variables"):
        optimizer.set_weights(values[:-1])
    with pytest.raises(ValueError, match="shape"):
        optimizer.set_weights([values[0] + 5, *values[1:-1], np.zeros(7)])
    assert optimizer.iterations == 0
    with pytest.raises(ValueError, match="build"):
        Adam().set_weights([])


# ---- without a model ----

def test_variables_without_a_model_are_updated():
    first, second = Variable([[1.0, 2.0]], name="first"), Variable(3.0, name="second")
    optimizer = SGD(0.5, momentum=0.5)
    assert optimizer.apply_gradients([([[1.0, 0.0]], first), (2.0, second)]) == 1
    assert (first.numpy().tolist(), second.numpy()) == ([[0.5, 2.0]], 2.0)
    second.assign(10.0)
    optimizer.apply([[[0.0, 0.0]], 0.0])
    assert (first.numpy().tolist(), second.numpy()) == ([[0.25, 2.0]], 9.5)
    assert [v.path for v in optimizer.variables[2:]] == [f"{optimizer.name}/first_momentum",
                                                         f"{optimizer.name}/second_momentum"]


def test_gradients_that_are_missing_leave_their_variables():
    first, second = Variable([1.0], name="first"), Variable([1.0], name="second")
    optimizer = Adam(0.5)
    optimizer.build([first, second])
    with pytest.warns(UserWarning, match="no gradient for the variables first"):
        optimizer.apply([None, [1.0]])
    assert (first.numpy(), optimizer.iterations) == ([1.0], 1)
    assert second.numpy() == pytest.approx([0.5], abs=1e-5)
    averaging = SGD(0.5, use_ema=True)
    averaging.build([first, second])
    with pytest.warns(UserWarning, match="no gradient"), pytest.raises(ValueError, match="use_ema=True"):
        averaging.apply([None, [1.0]])


def test_the_optimizer_of_a_model_takes_gradients_of_its_weights():
    model = model_of(SGD(0.5))
    kernel, bias, *_ = model.weights
    before = [weight.numpy() for weight in model.weights]
    model.optimizer.apply_gradients([(np.ones((2, 3)), kernel), (np.ones(3), bias)])
    assert np.array_equal(kernel.numpy(), before[0] - 0.5)
    assert np.array_equal(bias.numpy(), before[1] - 0.5)
    assert all(map(np.array_equal, model.get_weights()[2:], before[2:]))
    assert model.network.trainable == [True] * 4


@pytest.mark.parametrize(("call", "error"), [
    (lambda o, v: o.apply([np.ones(3)], [v]), "shape"), (lambda o, v: o.apply([np.ones(2)] * 2, [v]), "2 gradients"),
    (lambda o, v: o.apply([None], [v]), "no gradient is given"), (lambda o, v: o.apply([["x", "y"]], [v]), "dtype"),
    (lambda o, v: o.apply([np.ones(2)]), "needs variables"), (lambda o, v: o.apply([1.0], [3.0]), "variables, got 3.0"),
    (lambda o, v: o.apply([np.ones(2)], [v]) or o.apply([np.ones(2)], [Variable([1, 2.0])]), "not one of those")])
def test_gradients_that_do_not_fit_are_refused(call, error):
    variable, optimizer = Variable([1.0, 2.0]), SGD(1.0)
    with pytest.raises(ValueError, match=error):
        call(optimizer, variable)
    assert optimizer.iterations == (error == "not one of those")


def test_an_update_that_is_not_finite_is_refused():
    variable, optimizer = Variable([1.0, 2.0]), SGD(1.0)
    with pytest.raises(FloatingPointError, match="variable"):
        optimizer.apply([[np.inf, 1.0]], [variable])
    assert (variable.numpy().tolist(), optimizer.iterations) == ([1.0, 2.0], 0)


def test_no_gradients_are_no_update():
    optimizer = SGD()
    optimizer.apply_gradients([])
    assert optimizer.iterations == 0


def test_the_scale_of_a_loss_is_taken_back():
    variable, optimizer = Variable([1.0]), SGD(1.0, loss_scale_factor=1024.0)
    assert optimizer.scale_loss(2.0) == 2048.0
    optimizer.apply([[512.0]], [variable])
    assert variable.numpy() == [0.5]
    assert SGD().scale_loss(2.0) == 2.0
    first, second = model_of(SGD(0.1, loss_scale_factor=4.0)), model_of(SGD(0.1))
    for model in (first, second):
        train(model, 2)
    assert all(map(np.array_equal, first.get_weights(), second.get_weights()))


def test_a_copy_goes_on_with_the_variables_of_the_same_names():
    variable, optimizer = Variable([1.0], name="v"), Nadam(0.1)
    optimizer.apply([[1.0]], [variable])
    other, twin = copy.deepcopy(optimizer), Variable(variable.numpy(), name="v")
    for each, one in ((optimizer, variable), (other, twin)):
        each.apply([[-0.5]], [one])
    assert np.array_equal(variable.numpy(), twin.numpy())
    assert (optimizer.iterations, other.iterations) == (2, 2)
    with pytest.raises(ValueError, match="trained with other weights"):
        model_of(other)


def test_an_optimizer_that_was_only_built_may_become_a_models():
    optimizer = Adam(0.1)
    optimizer.build([Variable([1.0])])
    train(model_of(optimizer), 1)
    assert optimizer.iterations == 1


# ---- weight decay ----

def test_some_variables_do_not_decay():
    by_name, by_variable, none = (model_of(SGD(0.5, weight_decay=0.5)) for _ in range(3))
    by_name.optimizer.exclude_from_weight_decay(var_names=["bias", "gamma"])
    by_variable.optimizer.exclude_from_weight_decay([by_variable.layers[0].kernel])
    for model in (by_name, by_variable, none):
        model.set_weights([np.ones_like(weight) for weight in model.get_weights()])
        model.optimizer.apply([np.zeros_like(weight) for weight in model.get_weights()])
    assert [float(w.min()) for w in none.get_weights()] == [0.75] * 4
    assert [float(w.min()) for w in by_name.get_weights()] == [0.75, 1.0, 0.75, 1.0]
    assert [float(w.min()) for w in by_variable.get_weights()] == [1.0, 0.75, 0.75, 0.75]
    by_name.optimizer.exclude_from_weight_decay()
    assert by_name.network.decays == [True] * 4


def test_what_does_not_decay_is_known_before_the_model_is_and_in_a_copy():
    optimizer = AdamW(weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    model = model_of(optimizer)
    assert model.network.decays == [True, False, True, False]
    assert copy.deepcopy(model).network.decays == [True, False, True, False]


def test_of_variables_with_the_same_name_the_one_that_was_meant_does_not_decay():
    first, second = Variable([1.0]), Variable([1.0])
    optimizer = Adadelta(0.5, weight_decay=0.5)
    optimizer.exclude_from_weight_decay([second])
    optimizer.apply([[0.0], [0.0]], [first, second])
    assert (first.numpy(), second.numpy()) == ([0.75], [1.0])
