"""Whole models and weights in Keras's files: what Keras wrote goes on here. test_round_trips.py has the way back."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from golden import file_worker
from golden.file_cases import STORED, ZOO

import fashioncnn as k
from fashioncnn import DataError, layers, models, saving
from fashioncnn.saving.hdf5 import Hdf5File

h5py = pytest.importorskip("h5py")
GOLDEN = Path(__file__).parent / "golden" / "files"


def expected(folder, name):
    with np.load(file_worker.path_of(folder, name, ".npz")) as file:
        return dict(file)


@pytest.mark.parametrize(("name", "ending"), [(name, ending) for name in STORED for ending in ZOO[name].endings])
def test_what_keras_wrote_goes_on_here(name, ending):
    model = file_worker.loaded(k, ZOO[name], file_worker.path_of(GOLDEN, name, ending))
    predictions, losses = file_worker.differences(expected(GOLDEN, name), file_worker.run(ZOO[name], model))
    assert predictions < 1e-5
    assert losses < 1e-4


@pytest.fixture
def model():
    k.utils.set_random_seed(1)
    model = k.Sequential([k.Input((4,)), layers.Dense(3, activation="relu"), layers.Dense(2)], name="net")
    model.compile(k.optimizers.Adam(0.003), loss="mse", metrics=["mae"])
    model.fit(np.ones((8, 4)), np.ones((8, 2)), verbose=0)
    return model


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first.get_weights(), second.get_weights(), strict=True))


def test_the_layout_is_keras_own(model, tmp_path):
    model.save(tmp_path / "a.keras")
    with zipfile.ZipFile(tmp_path / "a.keras") as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        config = json.loads(archive.read("config.json"))
        with h5py.File(archive.open("model.weights.h5")) as file:
            found = {}
            file.visititems(lambda name, item: found.update({name: item.shape} if hasattr(item, "shape") else {}))
    assert (config["class_name"], config["build_config"]) == ("Sequential", {"input_shape": [None, 4]})
    assert config["compile_config"]["optimizer"]["config"]["learning_rate"] == 0.003
    assert found == {"layers/dense/vars/0": (4, 3), "layers/dense/vars/1": (3,), "layers/dense_1/vars/0": (3, 2),
                     "layers/dense_1/vars/1": (2,), "optimizer/vars/0": (), "optimizer/vars/1": (),
                     "optimizer/vars/2": (4, 3), "optimizer/vars/3": (4, 3), "optimizer/vars/4": (3,),
                     "optimizer/vars/5": (3,), "optimizer/vars/6": (3, 2), "optimizer/vars/7": (3, 2),
                     "optimizer/vars/8": (2,), "optimizer/vars/9": (2,)}


@pytest.mark.parametrize("ending", [".keras", ".h5", ".hdf5"])
def test_compiling_is_optional(model, tmp_path, ending):
    path = tmp_path / f"a{ending}"
    models.save_model(model, path)
    loaded = models.load_model(path, compile=False)
    assert not loaded.compiled
    assert same(loaded, model)
    loaded = models.load_model(str(path))
    assert (loaded.optimizer.iterations, loaded.optimizer.learning_rate) == (1, 0.003)
    model.save(path, include_optimizer=False)
    assert not models.load_model(path).compiled


def test_names_without_a_known_ending_are_refused(model, tmp_path):
    for name in ("a", "a.tf", "a.weights"):
        with pytest.raises(ValueError, match=r"Please add either a `\.keras` extension"):
            model.save(tmp_path / name)
        with pytest.raises(ValueError, match="File format not supported"):
            saving.load_model(tmp_path / name)
    model.save(tmp_path / "a.keras")
    with pytest.raises(FileExistsError):
        model.save(tmp_path / "a.keras", overwrite=False)
    with pytest.raises(FileNotFoundError):
        saving.load_model(tmp_path / "b.keras")


def test_a_model_without_weights_keeps_its_layers(tmp_path):
    with pytest.warns(UserWarning, match="not built"):
        k.Sequential([layers.Dense(3)]).save(tmp_path / "a.keras")
    assert saving.load_model(tmp_path / "a.keras").layers[0].units == 3


def test_a_new_optimizer_stays_new_as_in_keras(model, tmp_path):
    model.save_weights(tmp_path / "a.weights.h5")
    other = k.models.clone_model(model)
    other.compile(k.optimizers.Adam(1e-5), "mse")
    with pytest.warns(UserWarning, match=r"call optimizer.build\(model.trainable_variables\)"):
        other.load_weights(tmp_path / "a.weights.h5")
    assert same(other, model)
    assert (other.optimizer.iterations, other.optimizer.learning_rate) == (0, 1e-5)


def test_other_weights_are_skipped_where_that_is_wanted(model, tmp_path):
    other = k.Sequential([k.Input((4,)), layers.Dense(3, activation="relu"), layers.Dense(5)])
    before = other.get_weights()
    model.save_weights(tmp_path / "a.weights.h5")
    model.save(tmp_path / "a.h5")
    for name in ("a.weights.h5", "a.h5"):
        with pytest.raises(ValueError, match=r"does not fit the model"):
            other.load_weights(tmp_path / name)
        assert all(map(np.array_equal, other.get_weights(), before))
    for name in ("a.weights.h5", "a.h5"):
        with pytest.warns(UserWarning, match="1 layers were left as they are"):
            other.load_weights(tmp_path / name, skip_mismatch=True)
    assert np.array_equal(other.get_weights()[0], model.get_weights()[0])
    assert np.array_equal(other.get_weights()[2], before[2])
    with pytest.raises(ValueError, match="by_name=True is not supported"):
        other.load_weights(tmp_path / "a.weights.h5", by_name=True)


def test_layers_are_found_by_name_where_that_is_wanted(model, tmp_path):
    model.save(tmp_path / "a.h5")
    last = model.layers[1].name
    other = k.Sequential([k.Input((3,)), layers.Dense(2, name=last), layers.Dense(7, name="new")])
    other.load_weights(tmp_path / "a.h5", by_name=True)
    assert np.array_equal(other.layers[0].get_weights()[0], model.layers[1].get_weights()[0])


def keras2_file(path):
    """As tf.keras 2.4 wrote it, but for what no reader looks at."""
    def layer(name, **config):
        return {"class_name": name, "config": {"name": name.lower(), "trainable": True, "dtype": "float32", **config}}

    initializer = {"class_name": "GlorotUniform", "config": {"seed": None, "dtype": "float32"}}
    config = {"name": "sequential", "layers": [
        {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 6, 6, 1], "dtype": "float32",
                                                "sparse": False, "ragged": False, "name": "conv2d_input"}},
        layer("Conv2D", batch_input_shape=[None, 6, 6, 1], filters=2, kernel_size=[3, 3],
              kernel_initializer=initializer, groups=1),
        layer("BatchNormalization", axis=[3]), layer("DepthwiseConv2D", kernel_size=[3, 3], groups=1),
        layer("LeakyReLU", alpha=0.25), layer("Flatten"), layer("Dense", units=3, activation="softmax")]}
    training = {"loss": {"class_name": "SparseCategoricalCrossentropy",
                         "config": {"reduction": "auto", "name": "sparse_categorical_crossentropy"}},
                "metrics": [[{"class_name": "MeanMetricWrapper", "config": {
                    "name": "accuracy", "dtype": "float32", "fn": "sparse_categorical_accuracy"}}]],
                "weighted_metrics": None, "loss_weights": None,
                "optimizer_config": {"class_name": "Adam", "config": {"name": "Adam", "learning_rate": 0.002,
                                                                      "decay": 0.0, "beta_1": 0.8}}}
    random = np.random.default_rng(1)
    weights = {"conv2d": {"kernel:0": (3, 3, 1, 2), "bias:0": (2,)},
               "batchnormalization": {f"{name}:0": (2,) for name in ("gamma", "beta", "moving_mean",
                                                                      "moving_variance")},
               "depthwiseconv2d": {"depthwise_kernel:0": (3, 3, 2, 1), "bias:0": (2,)},
               "leakyrelu": {}, "flatten": {}, "dense": {"kernel:0": (8, 3), "bias:0": (3,)}}
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"], file.attrs["backend"] = b"2.4.0", b"tensorflow"
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": config}).encode()
        file.attrs["training_config"] = json.dumps(training).encode()
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in weights]
        for name, shapes in weights.items():
            own = group.create_group(name)
            own.attrs["weight_names"] = [f"{name}/{weight}".encode() for weight in shapes]
            for weight, shape in shapes.items():
                own[f"{name}/{weight}"] = random.random(shape).astype(np.float32)
    return path


def test_what_keras_2_wrote_is_read(tmp_path):
    path = keras2_file(tmp_path / "a.h5")
    model = saving.load_model(path)
    with h5py.File(path) as file:
        kernel = file["model_weights/dense/dense/kernel:0"][()]
    assert np.array_equal(model.layers[-1].get_weights()[0], kernel)
    assert (model.optimizer.beta_1, model.layers[3].negative_slope) == (0.8, 0.25)
    assert list(model.evaluate(np.ones((2, 6, 6, 1)), [0, 1], verbose=0, return_dict=True)) == ["accuracy", "loss"]
    other = k.models.clone_model(model)
    other.load_weights(path)
    assert same(other, model)


def test_a_long_list_of_names_is_cut_as_keras_does(tmp_path):
    names = [f"a_rather_long_name_of_a_layer_{i:05}" for i in range(4000)]
    path = tmp_path / "a.h5"
    from fashioncnn.saving.hdf5 import write_names, written

    path.write_bytes(written(lambda file: write_names(file, "layer_names", names)))
    with h5py.File(path) as file:
        assert set(file.attrs) == {"fashioncnn_checksum", "layer_names0", "layer_names1", "layer_names2"}
    with Hdf5File.opened("a", path.read_bytes()) as file:
        assert file.names("layer_names") == names


@pytest.mark.parametrize("version", ["earliest", "latest"])
@pytest.mark.parametrize("names", [[], ["a"], ["ä", "long" * 100, ""]])
def test_strings_are_read_from_files_of_every_version(names, version, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w", libver=version) as file:
        file.attrs["text"], file.attrs["number"] = "value" * 30000, 3
        group = file.create_group("group")
        group.attrs["names"] = [name.encode() for name in names]
        group.attrs["fixed"] = np.asarray([name.encode() for name in names], "S500")
        for number in range(4):
            group.attrs[f"other{number}"] = np.arange(number)
    with Hdf5File.opened("a", (tmp_path / "a.h5").read_bytes()) as file:
        assert file.text("text") == "value" * 30000
        assert file.text("nothing") is None
        assert file.group("group").names("names") == file.group("group").names("fixed") == names
        with pytest.raises(DataError, match="is no list"):
            file.names("text")


class Doubled(k.metrics.MeanAbsoluteError):
    """A metric of the user's."""


def test_classes_of_the_users_are_found_by_their_names(model, tmp_path):
    model.compile("sgd", "mse", metrics=[Doubled()])
    model.save(tmp_path / "a.keras")
    with pytest.raises(DataError, match=r"'Doubled' of module .* if it is yours, pass it in `custom_objects`"):
        saving.load_model(tmp_path / "a.keras")
    assert saving.load_model(tmp_path / "a.keras", {"Doubled": Doubled}).compiled
    with saving.custom_object_scope({"Doubled": Doubled}):
        assert saving.load_model(tmp_path / "a.keras").compiled
    registered = saving.register_keras_serializable("tests")(Doubled)
    try:
        model.save(tmp_path / "b.keras")
        assert saving.load_model(tmp_path / "b.keras").compiled
        assert saving.get_registered_name(registered) == "tests>Doubled"
    finally:
        del saving.get_custom_objects()["tests>Doubled"]


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_model_with_a_lambda_is_kept_without_how_it_was_compiled(ending, tmp_path):
    model = k.Sequential([k.Input((2,)), k.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[lambda y_true, y_pred: y_pred])
    with pytest.warns(UserWarning, match=r"how model .* was compiled is not kept: .*lambda"):
        model.save(tmp_path / f"model{ending}")
    again = k.saving.load_model(tmp_path / f"model{ending}")
    assert not again.compiled
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])


# ---- classes of users ----

@saving.register_keras_serializable("tests")
class Holder(layers.Layer):
    """A layer that tells of the one in it as it is, and makes it again of what was told."""

    def __init__(self, inner, scale=2.0, **options):
        super().__init__(**options)
        self.inner = saving.deserialize_keras_object(inner) if isinstance(inner, dict) else inner
        self.scale = float(scale)

    def get_config(self):
        return {**super().get_config(), "inner": self.inner, "scale": np.float32(self.scale)}

    def call(self, x):
        return self.inner(x) * self.scale


@saving.register_keras_serializable("tests")
class Careless(Holder):
    """The same, but it takes what was told for a layer."""

    def __init__(self, inner, **options):
        super().__init__(None, **options)
        self.inner = inner


def holding(cls):
    return k.Sequential([k.Input((4,)), cls(layers.Dense(3, activation="relu"))])


def test_objects_that_a_config_has_are_described(tmp_path):
    model = holding(Holder)
    model.save(tmp_path / "m.keras")
    again = saving.load_model(tmp_path / "m.keras")
    x = np.ones((2, 4), np.float32)
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    json.dumps(layers.serialize(model.layers[0]))
    again = k.Sequential.from_config(json.loads(json.dumps(model.get_config())))
    assert again.layers[0].inner.activation is k.activations.relu


def test_objects_that_a_class_does_not_make_again_are_told(tmp_path):
    holding(Careless).save(tmp_path / "m.keras")
    with pytest.raises(TypeError, match="explicitly deserialized") as caught:
        saving.load_model(tmp_path / "m.keras")
    assert isinstance(caught.value, DataError)


class Counting(layers.Layer):
    """A layer that keeps more than its weights."""

    def __init__(self, **options):
        super().__init__(**options)
        self.dense, self.calls = layers.Dense(2), 0

    def build(self, input_shape):
        self.w = self.add_weight((input_shape[-1],), "ones", name="w")

    def call(self, x):
        return self.dense(x * self.w)

    def save_own_variables(self, store):
        super().save_own_variables(store)
        store["calls"] = np.int64(self.calls)

    def load_own_variables(self, store):
        self.calls = int(store.pop("calls"))
        super().load_own_variables(store)


@pytest.mark.parametrize("ending", [".keras", ".weights.h5"])
def test_what_a_layer_keeps_itself_is_written_and_read(ending, tmp_path):
    path = tmp_path / f"m{ending}"
    model = k.Sequential([k.Input((4,)), Counting()])
    model.layers[0].w.assign([1, 2, 3, 4])
    model.layers[0].calls = 7
    other = k.Sequential([k.Input((4,)), Counting()])
    if ending == ".keras":
        model.save(path)
        other = saving.load_model(path, custom_objects={"Counting": Counting})
    else:
        model.save_weights(path)
        other.load_weights(path)
    assert other.layers[0].calls == 7
    for mine, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("broken", ["save_own_variables", "load_own_variables"])
def test_an_error_in_what_a_layer_keeps_is_its_own(broken, tmp_path):
    def fail(self, store):
        raise ValueError("mine")

    cls, path = type("Broken", (Counting,), {broken: fail}), tmp_path / "m.keras"

    def save_and_load():
        k.Sequential([k.Input((4,)), cls()]).save(path)
        saving.load_model(path, custom_objects={"Broken": cls})

    with pytest.raises(ValueError, match=r"^mine$"):
        save_and_load()
    assert path.exists() is (broken == "load_own_variables")


def test_files_of_a_layer_s_own_are_refused(tmp_path):
    plain = saving.register_keras_serializable("tests")(type("Assets", (layers.ReLU,), {}))
    nothing = {f"{verb}_assets": lambda self, path: None for verb in ("save", "load")}
    cls = type("Assets", (layers.ReLU,), nothing)
    with pytest.raises(NotImplementedError, match=r"^assets in files, which Assets\.save_assets\(\) is about"):
        k.Sequential([k.Input((4,)), cls()]).save(tmp_path / "m.keras")
    k.Sequential([k.Input((4,)), cls(), layers.Dense(2)]).save_weights(tmp_path / "m.weights.h5")  # has none in Keras
    k.Sequential([k.Input((4,)), plain()]).save(tmp_path / "m.keras")
    with pytest.raises(NotImplementedError, match="assets in files"):
        saving.load_model(tmp_path / "m.keras", custom_objects={"tests>Assets": cls})


def test_a_layer_is_found_under_the_name_of_a_property(tmp_path):
    class Plain(k.Model):
        def __init__(self, name):
            super().__init__()
            setattr(self, name, k.Sequential([layers.Dense(3), layers.Dense(2)]))

        def call(self, x):
            return self.body(x)

    class Renamed(Plain):
        @property
        def body(self):
            return self.a_body

    x = np.ones((2, 4), np.float32)
    first, second = Plain("body"), Renamed("a_body")
    first(x), second(x)
    first.save_weights(tmp_path / "m.weights.h5")
    second.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(first(x), second(x))


@saving.register_keras_serializable("tests")
class Compiles(k.Sequential):
    def compile(self, *arguments, **options):
        super().compile(*arguments, **options)


def test_a_compile_of_the_user_s_is_not_called_when_a_file_is_read(tmp_path):
    model = Compiles([k.Input((4,)), layers.Dense(2)])
    model.compile("sgd", "mse")
    model.save(tmp_path / "m.keras")
    with pytest.warns(UserWarning, match=r"`compile\(\)` was not called as part of model loading"):
        again = saving.load_model(tmp_path / "m.keras")
    assert not again.compiled


def test_lists_that_hold_themselves_are_no_obstacle(tmp_path):
    @saving.register_keras_serializable("tests")
    class Circular(k.Model):
        def __init__(self, **options):
            super().__init__(**options)
            self.blocks = [layers.Dense(3)]
            self.blocks.append(self.blocks)

        def call(self, x):
            return self.blocks[0](x)

    x = np.ones((2, 4), np.float32)
    model = Circular()
    expected = model(x)
    model.save(tmp_path / "m.keras")
    np.testing.assert_array_equal(saving.load_model(tmp_path / "m.keras")(x), expected)
