"""State dicts of PyTorch: read into models that predict what PyTorch predicted, and written as PyTorch writes them."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import mutate
import numpy as np
import pytest

from fashioncnn import Input, Model, Sequential, layers, saving

TORCH = Path(__file__).parent / "golden" / "torch"


def _lenet():
    return Sequential([
        Input((28, 28, 1)), layers.Conv2D(4, 5, padding="same", activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(8, 5, activation="tanh"), layers.AveragePooling2D(), layers.Flatten(), layers.Dense(24, "relu"),
        layers.Dropout(0.5), layers.Dense(10, "softmax")])


def _vgg():
    stack = []
    for filters in (8, 8, 16):
        stack += [layers.Conv2D(filters, 3, padding="same", use_bias=False), layers.BatchNormalization(epsilon=1e-5),
                  layers.ReLU()]
    return Sequential([Input((12, 10, 3)), *stack, layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10)])


def _separable():
    return Sequential([
        Input((9, 8, 4)), layers.DepthwiseConv2D(3, depth_multiplier=2), layers.BatchNormalization(epsilon=1e-5),
        layers.PReLU(shared_axes=[1, 2]), layers.Conv2D(6, 3, groups=2), layers.LeakyReLU(0.1),
        layers.Conv2DTranspose(5, 2, strides=2, activation="hard_silu"), layers.GlobalAveragePooling2D(),
        layers.LayerNormalization(epsilon=1e-5), layers.Dense(3)])


def _sequences():
    return Sequential([
        Input((16, 4)), layers.Conv1D(8, 3, padding="same", use_bias=False), layers.BatchNormalization(epsilon=1e-5),
        layers.Activation("gelu"), layers.MaxPooling1D(2), layers.Conv1D(6, 3, activation="silu"), layers.Flatten(),
        layers.Dense(4)])


NETWORKS = {"lenet": _lenet, "vgg": _vgg, "separable": _separable, "sequences": _sequences}


def state_of(arrays):
    return {name.removeprefix("state/"): arrays[name] for name in arrays.files if name.startswith("state/")}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_pytorch(name):
    arrays = np.load(TORCH / f"{name}.npz")
    state, model = state_of(arrays), NETWORKS[name]()
    saving.from_torch(model, state)
    np.testing.assert_allclose(model(np.moveaxis(arrays["x"], 1, -1)), arrays["y"], atol=1e-6)
    back = saving.to_torch(model)
    assert list(back) == list(state)
    for key, array in back.items():
        assert array.dtype == state[key].dtype
        assert array.flags.c_contiguous
        np.testing.assert_array_equal(array, state[key], strict=True)


def test_modules_are_taken_in_their_order_whatever_they_are_called():
    model = _lenet()
    state = saving.to_torch(model)
    names = {"0": "features.conv1", "3": "features.conv2", "7": "classifier.0", "10": "head"}
    renamed = {f"{names[place]}.{last}": values + 1 for place, _, last, values in
               ((*name.rpartition("."), values) for name, values in state.items())}
    saving.from_torch(model, renamed)
    for name, values in saving.to_torch(model).items():
        np.testing.assert_array_equal(values, state[name] + 1)


def test_the_order_of_modules_does_not_matter_where_their_names_say_it():
    """Files that are sorted by names have "10" before "2"."""
    model = Sequential([Input((3,)), *(layers.Dense(3, "tanh") for _ in range(6))])
    state = {name: values + number for number, (name, values) in enumerate(saving.to_torch(model).items())}
    by_name = dict(sorted(state.items()))
    assert list(by_name) != list(state)
    saving.from_torch(model, by_name)
    for name, values in saving.to_torch(model).items():
        np.testing.assert_array_equal(values, state[name])
    with pytest.raises(ValueError, match=r"'net\.2' comes after number 10; modules are taken in their order"):
        saving.from_torch(model, {f"net.{name}": values for name, values in by_name.items()})


@pytest.mark.parametrize(("state", "message"), [([1], "is a list, and no dict"), ({1: 2}, "has the name 1; expected")])
def test_what_is_no_state_dict_is_a_type_error(state, message):
    with pytest.raises(TypeError, match=message):
        saving.from_torch(_lenet(), state)


class Tensor:
    """As PyTorch's: numbers are had by asking for them in steps."""

    def __init__(self, array):
        self._array = array

    def detach(self):
        return self

    cpu = float = detach

    def numpy(self):
        return self._array


def test_tensors_are_read():
    model = Sequential([Input((2,)), layers.Dense(1)])
    saving.from_torch(model, {"0.weight": Tensor(np.array([[2.0, 3.0]])), "0.bias": Tensor(np.array([1]))})
    np.testing.assert_array_equal(model([[10.0, 100.0]]), [[321.0]])


def test_numbers_of_modules():
    model = Sequential([
        Input((9, 9, 2)), layers.Conv2D(3, 3, strides=2, padding="same", activation="relu"),
        layers.SeparableConv2D(4, 3, activation="relu"),
        Sequential([layers.Flatten(), layers.Dense(4), layers.BatchNormalization(center=False, scale=False)]),
        layers.Dense(2)])
    assert {name: array.shape for name, array in saving.to_torch(model).items()} == {
        "1.weight": (3, 2, 3, 3), "1.bias": (3,), "3.weight": (3, 1, 3, 3), "4.weight": (4, 3, 1, 1), "4.bias": (4,),
        "6.1.weight": (4, 36), "6.1.bias": (4,), "6.2.running_mean": (4,), "6.2.running_var": (4,),
        "6.2.num_batches_tracked": (), "7.weight": (2, 4), "7.bias": (2,)}


@pytest.mark.parametrize(("options", "place"), [
    ({"strides": 2}, 2), ({}, 1), ({"strides": 2, "padding": "valid"}, 1), ({"strides": (2, 1)}, 2),
    ({"strides": 2, "output_padding": 1}, 2), ({"strides": 2, "output_padding": 0}, 1),
    ({"dilation_rate": 2}, 1), ({"strides": 2, "kernel_size": 4}, 1)])
def test_a_transposed_convolution_has_a_cropping_behind_it_where_ends_differ(options, place):
    options = {"kernel_size": 3, "padding": "same", **options}
    model = Sequential([Input((4, 4, 1)), layers.Conv2DTranspose(1, **options), layers.BatchNormalization()])
    assert f"{place}.running_mean" in saving.to_torch(model)


def test_weights_behind_a_flatten_are_permuted_with_it():
    model = Sequential([Input((2, 3, 4)), layers.Flatten(), layers.PReLU(), layers.BatchNormalization(),
                        layers.LayerNormalization(), layers.Dense(1)])
    for weight in model.weights:
        if weight.size == 24:
            weight.assign(np.arange(24).reshape(weight.shape))
    state = saving.to_torch(model)
    expected = np.moveaxis(np.arange(24).reshape(2, 3, 4), -1, 0).reshape(-1)
    for name in ("1.weight", "2.weight", "2.running_var", "3.bias", "4.weight"):
        np.testing.assert_array_equal(state[name].reshape(-1), expected)


def test_the_way_there_and_back_keeps_every_kind_of_layer():
    model = Sequential([
        Input((6, 6, 4)), layers.GroupNormalization(2), layers.LayerNormalization((1, 2, 3)),
        layers.SeparableConv2D(4, 3), layers.Dense(5), layers.Conv2DTranspose(3, 2, strides=2),
        layers.PReLU(shared_axes=[1, 2]), layers.DepthwiseConv2D(2, depth_multiplier=3), layers.Flatten(),
        layers.PReLU(), layers.BatchNormalization(), layers.Dense(2)])
    chance = np.random.default_rng(0)
    model.set_weights([chance.random(weight.shape) for weight in model.weights])
    other = Sequential.from_config(model.get_config())
    saving.from_torch(other, saving.to_torch(model))
    for mine, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(("change", "message"), [
    (lambda state: state.pop("0.bias"), "Conv2D '.*' has '0.bias', which the state dict lacks"),
    (lambda state: state.update({"0.extra": 1}), "the state dict has '0.extra', which Conv2D '.*' lacks"),
    (lambda state: state.update({"3.weight": np.zeros((8, 4, 3, 3))}),
     r"'3.weight' is float64 \(8, 4, 3, 3\); Conv2D '.*' takes numbers of shape \(8, 4, 5, 5\)"),
    (lambda state: state.update({"3.bias": np.array(["a"] * 8)}), "'3.bias' is <U1"),
    (lambda state: state.update({"3.bias": [1, [2, 3]]}), "'3.bias' is no array .*takes numbers of shape"),
    (lambda state: state.update({"3.bias": np.full(8, np.nan)}), "'3.bias' has numbers that are not finite"),
    (lambda state: state.update({"3.bias": np.full(8, 1e39)}), "'3.bias' has numbers that are not finite in float32"),
    (lambda state: state.update({"11.weight": 1}), r"has 5 modules with weights \(0, 3, 7, 10, 11\), and model '.*' 4"),
    (lambda state: [state.pop(name) for name in ("10.weight", "10.bias")], "has 3 modules"),
])
def test_what_does_not_fit_is_named_and_changes_nothing(change, message):
    model = _lenet()
    before = model.get_weights()
    state = {name: array + 1 for name, array in saving.to_torch(model).items()}
    change(state)
    with pytest.raises(ValueError, match=message):
        saving.from_torch(model, state)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(("layer", "message"), [
    (layers.Permute((2, 1, 3), name="p"), "Permute 'p' has no counterpart"),
    (layers.BatchNormalization(1, name="b"), "BatchNormalization 'b'.*axis=1"),
    (layers.BatchNormalization(scale=False, name="b"), "scale=False with center=True"),
    (layers.LayerNormalization(name="n"), "axis=-1"),
    (layers.PReLU(name="r"), "shared_axes=None"),
    (layers.Conv2D(2, 1, activation=layers.PReLU(), name="c"), None),
])
def test_layers_without_a_counterpart(layer, message):
    model = Sequential([Input((4, 5, 3)), layer])
    if message is None:
        model = Sequential([Input((4, 5, 3)), layers.Conv2D(2, 1, activation=layers.LeakyReLU())])
        assert len(saving.to_torch(model)) == 2
        return
    with pytest.raises(NotImplementedError, match=message):
        saving.to_torch(model)


def test_a_dense_layer_on_something_larger_has_none():
    model = Sequential([Input((24,)), layers.Reshape((2, 3, 2, 2)), layers.Dense(3, name="d")])
    with pytest.raises(NotImplementedError):
        saving.to_torch(model)


def test_other_models():
    with pytest.raises(ValueError, match="isn't built"):
        saving.to_torch(Sequential([layers.Dense(2)]))
    x = Input((3,))
    with pytest.raises(NotImplementedError, match="no chain of layers"):
        saving.to_torch(Model(x, layers.Add()([layers.Dense(2)(x), layers.Dense(2)(x)])))
    assert list(saving.to_torch(Model(x, layers.Dense(2)(layers.Dense(3, "relu")(x))))) == [
        "0.weight", "0.bias", "2.weight", "2.bias"]


def _damaged(original, chance):
    """A state dict with one or two things wrong."""
    state = dict(original)
    for _ in range(chance.randrange(1, 3)):
        name, other = (chance.choice(list(state)) for _ in range(2))
        array = np.asarray(original[chance.choice(list(original))])
        kind = chance.randrange(9)
        if kind == 0:
            del state[name]
        elif kind == 1:
            state[name], state[other] = state[other], state[name]
        elif kind == 2:
            state[chance.choice(["extra", "0.extra", "99.weight", "", ".", f"{name}."])] = array
        elif kind == 3:
            state[name] = array.astype(chance.choice(["f2", "c8", "?", "i8", "O", "U", "M8[s]"]))
        elif kind == 4:
            state[name] = chance.choice([None, "a", [], [1, [2]], {}, 3, object(), np.ma.masked, b"a", array.tolist()])
        elif kind == 5:
            state[name] = chance.choice([array[..., None], array[None], array.T, array.reshape(-1)])
        elif kind == 6:
            state[name] = array * chance.choice([np.nan, np.inf, 1e300])
        elif kind == 7:
            state = dict(sorted(state.items(), key=lambda _: chance.random()))
        else:
            state[name.replace("0", "1")] = state.pop(name)
    return state


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.filterwarnings("ignore:.*(overflow|invalid value|discard).*")
def test_damaged_state_dicts_are_refused_or_read_as_they_say(name, capsys):
    """What is read is all of it, under the model's names: then the way back gives the same numbers."""
    arrays, model, chance, found = np.load(TORCH / f"{name}.npz"), NETWORKS[name](), random.Random(0), Counter()
    original = state_of(arrays)
    before = model.get_weights()
    for _ in range(mutate.COUNT):
        state = _damaged(original, chance)
        try:
            saving.from_torch(model, state)
        except ValueError:
            found["ValueError"] += 1
            for old, new in zip(before, model.get_weights(), strict=True):
                np.testing.assert_array_equal(old, new)
            continue
        found["read"] += 1
        given = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}
        back = saving.to_torch(model)
        read = {key: back[key] for key in back if not key.endswith("num_batches_tracked")}
        by_name = read.keys() == given.keys()
        assert len(read) == len(given)
        for key, values in read.items() if by_name else ():
            np.testing.assert_array_equal(values, np.asarray(given[key], np.float32))
        model.set_weights(before)
    if mutate.COUNT > 1000:
        with capsys.disabled():
            print(f"\n{name}: {dict(found)}")
    assert found.keys() == {"ValueError", "read"}
