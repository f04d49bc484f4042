"""Sequential models whose inputs or outputs are lists and dicts: that shows when there are data."""

import numpy as np
import pytest

from fashioncnn import Input, Sequential, layers, saving, utils

X = {"a": np.random.default_rng(0).standard_normal((12, 4)).astype(np.float32),
     "b": np.random.default_rng(1).standard_normal((12, 3)).astype(np.float32)}
Y = {"one": np.zeros((12, 2), np.float32), "two": np.ones((12, 2), np.float32)}


@saving.register_keras_serializable("tests")
class Pair(layers.Layer):
    """Two inputs and two outputs, both in a dict."""

    def __init__(self, **options):
        super().__init__(**options)
        self.first, self.second = layers.Dense(2), layers.Dense(2)

    def call(self, x):
        assert isinstance(x, dict)
        return {"one": self.first(x["a"]), "two": self.second(x["b"])}


class Same(layers.Layer):
    def call(self, x):
        return x


class Twice(layers.Layer):
    def call(self, x):
        return [x, 2 * x]


def compiled(model=None):
    utils.set_random_seed(2)
    model = model or Sequential([Pair()])
    model.compile("sgd", {"one": "mse", "two": "mse"}, {"one": 0.1, "two": 0.2}, {"one": ["mae"]})
    return model


def test_a_dict_goes_through_whole():
    model = compiled()
    history = model.fit(X, Y, epochs=2, verbose=0).history
    assert list(history) == ["loss", "one_loss", "one_mae", "two_loss"]
    np.testing.assert_allclose(history["loss"][0], 0.1 * history["one_loss"][0] + 0.2 * history["two_loss"][0],
                               rtol=1e-5)
    predicted, called = model.predict(X, verbose=0), model(X)
    assert sorted(predicted) == sorted(called) == ["one", "two"]
    for name, layer, part in (("one", model.layers[0].first, X["a"]), ("two", model.layers[0].second, X["b"])):
        np.testing.assert_allclose(predicted[name], layer(part), rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(predicted[name], called[name])
    assert model.evaluate(X, Y, verbose=0, return_dict=True)["one_mae"] > 0


def test_batches_of_dicts_train_as_the_whole_does():
    batches, whole = compiled(), compiled()
    parts = [({name: x[rows] for name, x in X.items()}, {name: y[rows] for name, y in Y.items()})
             for rows in (slice(0, 6), slice(6, 12))]
    utils.set_random_seed(3)
    batches.fit(iter(parts), verbose=0)
    utils.set_random_seed(3)
    whole.fit(X, Y, batch_size=6, shuffle=False, verbose=0)
    for a, b in zip(batches.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_it_is_written_down_and_copied(tmp_path):
    model = compiled()
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "m.keras")
    expected = model.predict(X, verbose=0)
    again = saving.load_model(tmp_path / "m.keras")
    built = compiled()
    built.build({"a": (None, 4), "b": (None, 3)})
    built.set_weights(model.get_weights())
    for other in (again, built):
        for name, found in other.predict(X, verbose=0).items():
            np.testing.assert_array_equal(found, expected[name])
    again.fit(X, Y, verbose=0)
    lines = []
    model.summary(print_fn=lines.append)
    assert "(Pair)" in "".join(lines)


def test_a_list_goes_through_layers_and_models_in_it():
    model = Sequential([Same(), Sequential([Same()]), Twice()])
    found = model([X["a"], X["a"]])
    assert isinstance(found, list)
    single = Sequential([Same(), Twice()])
    assert [part.shape for part in single(X["a"])] == [(12, 4), (12, 4)]
    single.compile("sgd", ["mse", "mse"])
    assert len(single.evaluate(X["a"], [X["a"], X["a"]], verbose=0)) == 3


def test_a_list_for_a_layer_that_takes_several():
    model = Sequential([layers.Concatenate(), layers.Dense(2)])
    assert model([X["a"], X["b"]]).shape == (12, 2)
    assert model.predict([X["a"], X["b"]], verbose=0).shape == (12, 2)
    assert Sequential([layers.Concatenate()])([Input((3,)), Input((4,))]).shape == (None, 7)


def test_layers_can_be_added_and_taken_away_again():
    model = Sequential([Same()])
    assert len(model([X["a"], X["b"]])) == 2
    model.add(layers.Concatenate())
    assert model.outputs[0].shape == (None, 7)
    assert model([X["a"], X["b"]]).shape == (12, 7)
    model.pop()
    assert len(model.outputs) == len(model([X["a"], X["b"]])) == 2


def test_data_of_another_form_are_refused():
    model = compiled()
    model.fit(X, Y, verbose=0)
    for wrong in ({"a": X["a"]}, X["a"]):
        with pytest.raises(ValueError, match="'a'"):
            model.predict(wrong, verbose=0)
    with pytest.raises(ValueError, match="one input"):
        Sequential([Input((4,)), Same()])([Input((4,)), Input((4,))])


def test_a_layer_that_needs_more_than_its_input_is_refused():
    class Needs(layers.Layer):
        def call(self, x, training):
            return x

    with pytest.raises(ValueError, match="can only have a single positional argument"):
        Sequential([Needs()]).build((None, 2))
