"""Names of Keras that are not here, names that Keras had once, and names that are mistyped: all are told apart."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from importlib.resources import files

import numpy as np
import pytest

import fashioncnn
from fashioncnn import Input, Sequential, callbacks, initializers, layers, losses, metrics, optimizers, utils
from fashioncnn.utils.absent import Absent, AbsentError, keras_names

TABLE = json.loads(files("fashioncnn").joinpath("utils/keras_names.json").read_text("utf-8"))
NAMES = [(module, name) for module, names in TABLE["modules"].items() for name in names]
PREFIXES = ["fashioncnn", "fashioncnn.keras"]


def execute(code):
    """Runs statements as a script would."""
    exec(code, {"np": np})


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_public_name_of_keras_can_be_imported_and_does_something_or_says_that_it_is_absent(prefix):
    there = absent = 0
    for module, name in NAMES:
        home = f"{prefix}.{module}".rstrip(".")
        value = getattr(importlib.import_module(home), name)
        execute(f"from {home} import {name}")
        if not isinstance(value, Absent):
            there += 1
            continue
        absent += 1
        for use in (lambda value=value: value(3), lambda value=value: value.something,
                    lambda value=value: type("Mine", (value,), {}) if False else value.__mro_entries__(())):
            with pytest.raises(AbsentError, match=rf"'.*{name}' of Keras is not in fashioncnn \(yet\)"):
                use()
        assert not isinstance(3, value)
        assert not issubclass(int, value)
    assert there > 150
    assert absent > 300


@pytest.mark.parametrize("module", ["layers", "optimizers", "metrics", "losses", "callbacks", "models", "utils",
                                    "datasets", "initializers", "activations", "optimizers.schedules", "saving",
                                    "backend", "config", "random", "regularizers", "constraints",
                                    "applications", "applications.resnet"])
@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_name_that_nobody_has_is_refused_by_every_module(module, prefix):
    for code in (f"from {prefix}.{module} import xyzzy", f"import {prefix}.{module} as m; m.xyzzy",
                 f"import {prefix}.{module}.xyzzy"):
        with pytest.raises((ImportError, AttributeError), match=rf"module 'fashioncnn.{module}' has no 'xyzzy'"):
            execute(code)
    assert not hasattr(importlib.import_module(f"{prefix}.{module}"), "_private")


@pytest.mark.parametrize(("code", "message"), [
    ("from fashioncnn.layers import Convv2D", "did you mean 'Conv2D'?"),
    ("from fashioncnn.keras.layers import MaxPoling2D", "did you mean 'MaxPooling2D'?"),
    ("import fashioncnn; fashioncnn.layers.Desne(3)", "did you mean 'Dense'?"),
    ("from fashioncnn.callbacks import EarlyStoping", "did you mean 'EarlyStopping'?"),
    ("from fashioncnn.models import laod_model", "did you mean 'load_model'?"),
    ("from fashioncnn.layers import MaxPooling3D; MaxPooling3D()", "near it is 'MaxPooling2D'"),
    ("from fashioncnn import quantizers; quantizers.get('x')", "'quantizers.get' of Keras is not in fashioncnn"),
    ("from fashioncnn.keras.quantizers import get; get('x')", "'quantizers.get' of Keras is not in fashioncnn"),
    ("import fashioncnn as k; k.applications.DenseNet121()", "'DenseNet121' of Keras"),
    ("from fashioncnn.keras.applications.resnet_v2 import ResNet50V2 as R; R()", "'applications.resnet_v2.ResNet50V2"),
    ("from fashioncnn.keras.preprocessing.sequence import pad_sequences as p; p([])", "'preprocessing.sequence.pad_se"),
    ("from fashioncnn.keras.preprocessing import text_dataset_from_directory as t; t('x')", "'text_dataset_from_direc"),
    ("import fashioncnn as k; k.utils.timeseries_dataset_from_array([])", "'timeseries_dataset_from_array' of Keras"),
    ("import fashioncnn as k; k.utils.audio_dataset_from_directory('x')", "'audio_dataset_from_directory' of Keras"),
    ("from fashioncnn.datasets import imdb; imdb.load_data()", "'datasets.imdb.load_data' of Keras"),
    ("from fashioncnn.keras import backend as K; K.rnn(3)", "'rnn' of Keras is not in fashioncnn"),
    ("class B(__import__('fashioncnn').layers.EinsumDense): pass", "'EinsumDense' of Keras"),
    ("import fashioncnn as tf; tf.data.TFRecordDataset('x')", "'data.TFRecordDataset' of TensorFlow is not in fash"),
    ("import fashioncnn as tf; tf.GradientTape()", "'GradientTape' of TensorFlow.*train_on_batch.. train"),
    ("import fashioncnn as tf; tf.function(len)", "'function' of TensorFlow.*leave it out"),
    ("from fashioncnn import hessians", "'hessians' of TensorFlow.*NumPy may"),
    ("import fashioncnn as tf; tf.lite.TFLiteConverter", "'lite' of TensorFlow.*as ONNX or as C"),
    ("import fashioncnn as tf; tf.distribute.MirroredStrategy()", "'distribute' of TensorFlow.*one machine's CPUs"),
    ("import fashioncnn as tf; tf.tpu", "'tpu' of TensorFlow.*one machine's CPUs"),
    ("import fashioncnn as tf; tf.summary.create_file_writer('x')", "'summary' of TensorFlow.*callbacks.TensorBoard"),
    ("import fashioncnn as tf; tf.math.bessel_i0(3)", "'math.bessel_i0' of TensorFlow is not in fashioncnn"),
    ("from fashioncnn.layers import RandomHue; RandomHue(0.1)", "'RandomHue' of Keras.*image.random_hue"),
    ("import fashioncnn as tf; tf.image.total_variation(3)",
     "'image.total_variation' of TensorFlow is not in fashioncnn"),
    ("import fashioncnn as tf; tf.image.resise", "module 'fashioncnn.image' has no 'resise'; did you mean 'resize'"),
    ("import fashioncnn as tf; tf.nn.ctc_loss(1)", "'nn.ctc_loss' of TensorFlow"),
    ("import fashioncnn as tf; tf.io.TFRecordWriter('x')", "'io.TFRecordWriter' of TensorFlow.*np.save"),
    ("from fashioncnn.keras.utils import np_utils", "'np_utils' is an old name.*to_categorical"),
    ("from fashioncnn.utils.np_utils import to_categorical", "'np_utils' is an old name.*to_categorical"),
    ("from fashioncnn.keras.layers.convolutional import Conv2D", "an old name.*from fashioncnn.layers"),
    ("from fashioncnn.layers.core import Dense", "an old name.*from fashioncnn.layers"),
    ("from fashioncnn.keras.utils.vis_utils import plot_model", "an old name.*from fashioncnn.utils"),
    ("from fashioncnn.keras.layers.experimental.preprocessing import Rescaling", "from fashioncnn.layers"),
    ("from fashioncnn.keras.wrappers.scikit_learn import KerasClassifier", "old name of Keras: use CNNCl"),
    ("from fashioncnn.wrappers import KerasRegressor", "old name of Keras: use CNNCl"),
    ("from fashioncnn import layers; layers.Linear(3)", "name of PyTorch; instead: Dense"),
    ("from fashioncnn import layers; layers.Conv2d(3, 3)", "name of PyTorch; instead: Conv2D"),
    ("from fashioncnn import nn; nn.Module", "name of PyTorch; instead: Model or layers.Layer"),
    ("import fashioncnn; fashioncnn.optim", "name of PyTorch; instead: optimizers"),
    ("from fashioncnn.wrappers import SKLearnClassifier; SKLearnClassifier(3)", "CNNClassifier of fashioncnn.sklearn"),
])
def test_what_a_script_says_is_answered(code, message):
    with pytest.raises((ImportError, AttributeError), match=message):
        execute(code)


def test_a_script_that_only_imports_goes_on():
    execute("""
from fashioncnn.keras.layers import LSTM, Dense, EinsumDense
from fashioncnn.keras.callbacks import RemoteMonitor
from fashioncnn.keras import quantizers, distribution
import fashioncnn.keras.applications
assert Dense(3).units == 3
assert not isinstance(Dense(3), (LSTM, EinsumDense))
assert repr(LSTM) == "<'LSTM' of Keras is not in fashioncnn (yet)>"
""")


@pytest.fixture(scope="module")
def model():
    model = Sequential([Input((4,)), layers.Dense(3)])
    model.compile("adam", "mse")
    model.fit(np.ones((4, 4)), np.ones((4, 3)), verbose=0)
    return model


@pytest.mark.parametrize(("read", "message"), [
    (lambda m: m.get_state_tree(), "'get_state_tree' of Keras"), (lambda m: m.add_metric, "'add_metric'.*metrics="),
    (lambda m: m.state_dict(), r"name of PyTorch; instead: saving.to_torch\(model\)"),
    (lambda m: m.eval(), r"name of PyTorch; instead: predict\(\)"), (lambda m: m.to("cuda"), "the CPU computes"),
    (lambda m: m.layers[0].quantize, "Dense: 'quantize' of Keras"), (lambda m: m.export_(3), "did you mean 'export'"),
    (lambda m: m.train_step(3), "'train_step' of Keras"), (lambda m: m.quantize("int8"), "'quantize' of Keras"),
    (lambda m: m.optimizer.stateless_apply([]), "Adam: 'stateless_apply' of Keras"),
    (lambda m: m.predict_classes(3), r"'predict_classes' is an old name of Keras: write predict\(x\).argmax"),
    (lambda m: m.predict_proba(3), "predict.. returns probabilities"),
    (lambda m: m.fit_generator(3), "fit.. takes generators"), (lambda m: m.optimizer.lr, "write learning_rate"),
    (lambda m: m.optimizer.decay, "InverseTimeDecay"), (lambda m: m.predct(3), "did you mean 'predict'?"),
    (lambda m: m.layers[0].kernal, "did you mean 'kernel'?"),
    (lambda m: m.xyzzy, "'Sequential' object has no attribute"),
    (lambda m: losses.Huber().xyzzy, "'Huber' object has no attribute 'xyzzy'"),
    (lambda m: metrics.Mean().dtype_, "did you mean 'dtype'?"),
    (lambda m: callbacks.EarlyStopping().monitor_op, "'monitor_op' of Keras"),
    (lambda m: utils.PyDataset().xyzzy, "no attribute 'xyzzy'"),
    (lambda m: m.layers[0].kernel.xyzzy, "no attribute 'xyzzy'"),
])
def test_attributes_that_are_absent_say_so(read, message, model):
    with pytest.raises(AttributeError, match=message):
        read(model)


def test_members_of_keras_classes_never_give_a_bare_error():
    """Every public member of each class that is here, too."""
    objects = [Sequential([Input((4,)), layers.Dense(3)]), layers.Conv2D(2, 3), layers.Dropout(0.5), optimizers.Adam(),
               losses.Huber(), metrics.SparseCategoricalAccuracy(), callbacks.EarlyStopping(), utils.PyDataset(),
               optimizers.schedules.CosineDecay(0.1, 10)]
    refusals = []
    for value in objects:
        for base in type(value).__mro__:
            for name in TABLE["members"].get(base.__name__, ()):
                try:
                    getattr(value, name)
                except (AttributeError, NotImplementedError) as error:
                    refusals.append((name, str(error)))
    for name, message in refusals:
        assert message != name
        assert name in message or "must define" in message or "no defined shapes" in message, name
    assert sum("of Keras is not in fashioncnn" in message for _, message in refusals) > 60


def test_the_history_says_which_keys_it_has(model):
    history = model.fit(np.ones((4, 4)), np.ones((4, 3)), verbose=0).history
    for key, message in (("acc", "no 'acc' among the keys 'loss'$"), ("los", "no 'los' among.*'loss'"),
                         ("val_acc", "no 'val_acc' among the keys 'loss'; there was no validation")):
        with pytest.raises(KeyError) as caught:
            history[key]
        assert re.search(message, caught.value.args[0])
    assert history.get("acc") is None
    assert history == {"loss": history["loss"]}
    history.update({"accuracy": [1.0], "val_accuracy": [1.0]})
    for key, message in (("acc", "write 'accuracy'"), ("val_acc", "write 'val_accuracy'")):
        with pytest.raises(KeyError, match=message):
            history[key]


@pytest.mark.parametrize(("make", "message"), [
    (lambda: optimizers.SGD(0.1, nestrov=True), "did you mean 'nesterov'?"),
    (lambda: layers.Dense(3, activaton="relu"), "did you mean 'activation'?"),
    (lambda: layers.Conv2D(3, 3, border="same"), "unexpected keyword argument 'border'; it takes filters"),
    (lambda: layers.Conv2D(3, 3, border_mode="same"), "'border_mode' is an old name of Keras: write padding"),
    (lambda: layers.Dense(output_dim=3), "'output_dim' is an old name of Keras: write units"),
    (lambda: layers.Dropout(p=0.5), "write rate"), (lambda: losses.Huber(detla=3), "did you mean 'delta'?"),
    (lambda: metrics.Mean(nme="a"), "did you mean 'name'?"), (lambda: utils.PyDataset(worker=3), "'workers'?"),
    (lambda: callbacks.ReduceLROnPlateau(epsilon=0.1), "write min_delta"),
    (lambda: callbacks.EarlyStopping(min_deltaa=0.1), "did you mean 'min_delta'?"),
    (lambda: callbacks.LambdaCallback(on_epoch_begn=print), "did you mean 'on_epoch_begin'?"),
    (lambda: initializers.RandomNormal(std=1), "it takes mean, stddev, seed"),
    (lambda: optimizers.schedules.CosineDecay(0.1, decay_step=3), "did you mean 'decay_steps'?"),
    (lambda: Sequential(layer=[]), "did you mean 'layers'?"),
    (lambda: Sequential().compile(optimiser="adam"), "did you mean 'optimizer'?"),
    (lambda: Sequential().fit(1, 2, nb_epoch=3), "'nb_epoch' is an old name of Keras: write epochs"),
    (lambda: Sequential().fit(1, 2, workers=3), "a utils.PyDataset has it"),
    (lambda: Sequential().predict(1, batchsize=3), "did you mean 'batch_size'?"),
    (lambda: optimizers.Adam(lr=0.1), "write learning_rate"),
])
def test_an_unknown_keyword_is_told_what_there_is(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_what_scripts_ask_tensorflow_for():
    code = """
import fashioncnn as tf
from fashioncnn import keras
assert tf.__version__ == keras.__version__ == tf.keras.__version__ == tf.version() >= "2.0"
assert int(tf.__version__.split(".")[0]) >= 2 and tuple(map(int, keras.__version__.split("."))) >= (3, 0)
tf.random.set_seed(1)
first = keras.layers.Dense(3)(tf.keras.initializers.Ones()((2, 2)))
tf.random.set_seed(1)
assert (keras.layers.Dense(3)(tf.keras.initializers.Ones()((2, 2))) == first).all()
assert tf.config.list_physical_devices("GPU") == tf.config.experimental.list_physical_devices("GPU") == []
assert len(tf.config.list_physical_devices()) == len(tf.config.list_physical_devices("CPU")) == 1
for gpu in tf.config.list_physical_devices("GPU"):
    tf.config.experimental.set_memory_growth(gpu, True)
tf.config.set_visible_devices([], "GPU")
tf.config.experimental.set_visible_devices(tf.config.list_physical_devices("CPU"), "CPU")
tf.config.run_functions_eagerly(True)
tf.config.experimental.enable_op_determinism()
assert not tf.test.is_gpu_available() and tf.test.gpu_device_name() == ""
assert keras.backend.image_data_format() == "channels_last"
keras.backend.clear_session()
assert keras.layers.Conv2D(1, 1).name == "conv2d"
keras.backend.set_image_data_format("channels_last")
keras.config.set_floatx("float32")
assert (keras.backend.floatx(), keras.backend.epsilon(), keras.backend.backend()) == ("float32", 1e-7, "fashioncnn")
for refused in (lambda: keras.backend.set_image_data_format("channels_first"),
                lambda: tf.config.set_visible_devices([], "CPU"),
                lambda: keras.backend.set_floatx("float16")):
    try:
        refused()
    except ValueError as error:
        assert "not supported by fashioncnn" in str(error)
    else:
        raise AssertionError("accepted")
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_the_version_names_the_keras_of_the_table():
    assert keras_names()["keras"].split(".")[:2] == fashioncnn.__version__.split(".")[:2]


class OwnModel(Sequential):
    def quantize(self, mode):
        return super().quantize(mode)


class OwnDense(layers.Dense):
    def make(self):
        return super().add_metric(3)


@pytest.mark.parametrize(("read", "message"), [
    (lambda: Sequential.quantize, "Sequential: 'quantize' of Keras is not in fashioncnn"),
    (lambda: Sequential.save_("x"), "type object 'Sequential' has no attribute"),
    (lambda: OwnModel().quantize("int8"), "OwnModel: 'quantize' of Keras is not in fashioncnn"),
    (lambda: OwnDense(3).make(), "OwnDense: 'add_metric' of Keras is not in fashioncnn"),
    (lambda: metrics.Metric.stateless_result, "Metric: 'stateless_result' of Keras"),
])
def test_classes_and_super_say_what_is_absent(read, message):
    with pytest.raises(AttributeError, match=message):
        read()


def test_what_is_absent_hides_nothing_that_is_there():
    class Quantizes:
        def quantize(self):
            return "done"

    class Both(Sequential, Quantizes):
        pass

    assert Both().quantize() == "done"
    assert "quantize" in dir(Both())
    assert "quantize" not in dir(Sequential())
    assert "fit" in dir(Sequential())
    assert Both.from_config(Both([layers.Dense(3)]).get_config()).quantize() == "done"
    assert not hasattr(Sequential, "quantize")
    assert not hasattr(Sequential(), "quantize")


@pytest.mark.parametrize(("base", "use"), [
    (Sequential, lambda model: model.add(layers.Dense(3))), (layers.Dense, lambda layer: layer.name),
    (layers.Dense, lambda layer: layer.build((None, 3))), (metrics.Mean, lambda metric: metric.result()),
    (metrics.Mean, lambda metric: metric.name), (callbacks.EarlyStopping, lambda each: each.mode),
    (callbacks.EarlyStopping, lambda each: each.on_epoch_end(0, {"val_loss": 1.0})),
    (callbacks.CSVLogger, lambda logger: logger.on_train_begin()), (optimizers.SGD, lambda each: each.iterations),
])
def test_a_constructor_that_was_not_called_is_asked_for(base, use):
    careless = type("Careless", (base,), {"__init__": lambda self: None})()
    with pytest.raises(AttributeError, match=r"Careless.\w+ is set by the constructor: call super.* first"):
        use(careless)


def test_absent_classes_can_be_part_of_annotations():
    lstm, gru = layers.LSTM, layers.GRU
    assert isinstance(None, lstm | None)
    assert isinstance(3, int | lstm)
    assert not isinstance(3, None | lstm)
    assert (lstm | gru) is gru
    with pytest.raises(AbsentError, match="'LSTM' of Keras"):
        lstm[3]


@pytest.mark.parametrize(("code", "message"), [
    ("from fashioncnn import src", "no 'src': inner modules of Keras.*fashioncnn.layers"),
    ("import fashioncnn; fashioncnn.keras.src", "no 'src': inner modules of Keras"),
    ("import fashioncnn.src.layers", "no 'src': inner modules of Keras"),
    ("from fashioncnn.python.keras import layers", "no 'python': inner modules of Keras"),
    ("from fashioncnn.keras.engine.topology import Layer", "'engine' is an old name.*fashioncnn.layers"),
    ("from fashioncnn.keras import engine", "'engine' is an old name"),
    ("from fashioncnn.objectives import mse", "'objectives' is an old name.*fashioncnn.losses"),
])
def test_inner_and_old_modules_say_where_to_import_from(code, message):
    with pytest.raises((ImportError, AttributeError), match=message):
        execute(code)


def test_version_is_a_function_and_a_module():
    assert fashioncnn.version() == fashioncnn.version.VERSION == fashioncnn.__version__


@pytest.mark.parametrize("name", ["jit_compile", "compiled_loss", "input_spec", "add_variable"])
def test_what_only_looks_alike_is_not_said_to_be_near(name, model):
    with pytest.raises(AttributeError, match=rf"'{name}' of Keras is not in fashioncnn \(yet\)$"):
        getattr(model, name)
