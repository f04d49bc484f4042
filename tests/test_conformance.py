"""How Keras's tests are run and judged, on small test files of our own in a small tree that looks like Keras's."""

from __future__ import annotations

import importlib
import sys
import textwrap
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "conformance"
sys.path.append(str(FOLDER))

collect, features, files, scope, table = map(importlib.import_module,
                                            ["collect", "features", "files", "scope", "table"])

EXPORTS = {
    "layers": ["Dense", "Absent9D"],
    "losses": ["MeanSquaredError", "huber"],
    "utils": ["to_categorical"],
}
SECONDS = 5


@pytest.fixture
def keras(tmp_path):
    """The folder of a package `keras` without any code: its public modules say what they export."""
    folder = tmp_path / "keras"
    for area, names in EXPORTS.items():
        (folder / "src" / area).mkdir(parents=True)
        (folder / "src" / area / "__init__.py").touch()
        (folder / area).mkdir()
        listing = "\n".join(f"from keras.src.{area} import {name} as {name}" for name in names)
        (folder / area / "__init__.py").write_text(listing)
    (folder / "src" / "testing").mkdir()
    return folder


@pytest.fixture
def run(keras):
    """Runs a test file with the given methods, and returns {method: result}."""

    def run(body, file="layers/small_test.py", before=""):
        source = f"""
import numpy as np
from keras.src import backend, layers, losses, ops, testing, utils
{textwrap.dedent(before)}

class SmallTest(testing.TestCase):
{textwrap.indent(textwrap.dedent(body), "    ")}
"""
        (keras / "src" / file).write_text(source)
        results = collect.run_file(sys.executable, keras, file, SECONDS)
        return {result.test.removeprefix("SmallTest."): result for result in results}

    return run


def kinds(results):
    return {name: result.kind for name, result in results.items()}


def test_a_test_that_holds_is_passed_and_one_that_does_not_is_wrong(run):
    results = run("""
    def test_true(self):
        self.assertAllClose(losses.huber(np.zeros((1, 2)), np.ones((1, 2))), [0.5])

    def test_false(self):
        self.assertAllClose(losses.huber(np.zeros((1, 2)), np.ones((1, 2))), [0.6])

    def test_other_error(self):
        with self.assertRaises(KeyError):
            layers.Dense(-1)
    """)
    assert kinds(results) == {"test_true": "passed", "test_false": "wrong", "test_other_error": "wrong"}
    assert "AssertionError" in results["test_false"].error
    assert "small_test.py" in results["test_false"].trace


def test_what_keras_exports_and_fashioncnn_lacks_is_absent_by_its_name(run):
    results = run("""
    def test_call(self):
        layers.Absent9D(3)

    def test_base_class(self):
        Own()

    def test_hidden_in_an_assertion(self):
        with self.assertRaises(Exception):
            layers.Absent9D(3)

    def test_beside_it(self):
        self.assertEqual(utils.to_categorical([1]).shape, (1, 2))
    """, before="""
    class Own(layers.Absent9D):
        pass
    """)
    assert kinds(results) == {"test_call": "absent", "test_base_class": "absent",
                              "test_hidden_in_an_assertion": "absent", "test_beside_it": "passed"}
    assert {result.reason for result in results.values() if result.kind == "absent"} == {"layers.Absent9D"}


def test_what_is_not_meant_for_users_or_belongs_to_others_is_out_of_scope(run):
    results = run("""
    def test_private_name(self):
        layers.something_inside(3)

    def test_private_attribute(self):
        layers.Dense(1)._inside_of_keras

    def test_other_framework(self):
        tf.constant(1)

    def test_quantize(self):
        self.fail()

    def test_skips_itself(self):
        self.skipTest("not today")

    @pytest.mark.skipif(backend.backend() != "tensorflow", reason="for TensorFlow only")
    def test_for_another_backend(self):
        self.fail()

    def test_nothing(self):
        self.assertEqual(1, 1)
    """, before="""
    import pytest
    import tensorflow as tf
    """)
    assert set(kinds(results).values()) == {"out of scope"}
    assert {name: result.reason for name, result in results.items()} == {
        "test_private_name": "internals",
        "test_private_attribute": "internals",
        "test_other_framework": "other frameworks",
        "test_quantize": "quantization",
        "test_skips_itself": "skipped",
        "test_for_another_backend": "skipped",
        "test_nothing": "nothing asked",
    }


def test_a_test_that_hangs_or_ends_its_process_is_wrong_and_the_others_still_run(run):
    results = run("""
    def test_1_before(self):
        layers.Dense(1)

    def test_2_ends_the_process(self):
        os._exit(3)

    def test_3_between(self):
        layers.Dense(1)

    def test_4_hangs(self):
        while True:
            time.sleep(1)

    def test_5_after(self):
        layers.Dense(1)
    """, before="""
    import os
    import time
    """)
    assert kinds(results) == {"test_1_before": "passed", "test_2_ends_the_process": "wrong", "test_3_between": "passed",
                              "test_4_hangs": "wrong", "test_5_after": "passed"}
    assert "exit status 3" in results["test_2_ends_the_process"].error
    assert "within" in results["test_4_hangs"].error


def test_a_file_that_cannot_be_loaded_is_wrong_itself(run):
    results = run("""
    def test_something(self):
        pass
    """, before="raise RuntimeError('no')")
    assert kinds(results) == {"(the file)": "wrong"}
    assert "RuntimeError: no" in results["(the file)"].error


def test_a_layer_must_do_what_is_expected_of_it(run):
    results = run("""
    def test_right(self):
        self.run_layer_test(layers.Dense, {"units": 3}, input_shape=(2, 4), expected_output_shape=(2, 3),
                            expected_num_trainable_weights=2, supports_masking=True)

    def test_shape(self):
        self.run_layer_test(layers.Dense, {"units": 3}, input_shape=(2, 4), expected_output_shape=(2, 5))

    def test_weights(self):
        self.run_layer_test(layers.Dense, {"units": 3}, input_shape=(2, 4), expected_num_trainable_weights=1)

    def test_values(self):
        self.run_layer_test(layers.Dense, {"units": 1, "kernel_initializer": "ones"}, input_data=np.ones((1, 4)),
                            expected_output=np.array([[5.0]]))

    def test_type(self):
        self.run_layer_test(layers.Dense, {"units": 3}, input_shape=(2, 4), expected_output_dtype="int32")

    def test_description(self):
        self.run_layer_test(Forgetful, {"units": 3}, input_shape=(2, 4))

    def test_typing_error(self):
        self.run_layer_test(layers.Dense, {"units": 3}, expected_colour="red")
    """, before="""
    class Forgetful(layers.Dense):
        @classmethod
        def from_config(cls, config):
            return cls(units=7)
    """)
    assert kinds(results) == {"test_right": "passed", **dict.fromkeys(
        ["test_shape", "test_weights", "test_values", "test_type", "test_description", "test_typing_error"], "wrong")}


def test_an_awaited_error_may_have_other_words_but_that_is_noted(run):
    results = run("""
    def test_words(self):
        with self.assertRaisesRegex(ValueError, "words of Keras"):
            layers.Dense(0)
    """)
    assert results["test_words"].kind == "passed"
    assert "words of Keras" in results["test_words"].notes[0]


@pytest.mark.parametrize(("message", "awaited", "feature"), [
    ("'layers.BatchNormalization' of Keras is not in fashioncnn yet", None, "layers.BatchNormalization"),
    ("Conv2D: data_format='channels_first' is not supported by fashioncnn; supported: None, 'channels_last'", None,
     "data_format='channels_first'"),
    ("Thing: colour='red' is not supported by fashioncnn; supported: 'blue', 'green'", None, "Thing(colour=)"),
    ("Thing: colour='red' is not supported by fashioncnn; supported: 'blue', 'green'", "the colour is not", None),
    ("Thing: colour='red' is not supported by fashioncnn; supported: None", "the colour is not", "Thing(colour=)"),
    ("the shapes do not fit", None, None),
])
def test_sentences_that_name_an_absent_feature(message, awaited, feature):
    assert features.missed(ValueError(message), awaited) == feature


def test_the_table_has_a_row_for_each_file_and_names_every_reason_feature_and_wrong_test():
    results = [
        collect.Result("losses/a_test.py", "A.test_1", "passed", "", ""),
        collect.Result("losses/a_test.py", "A.test_2", "absent", "losses.Circle", "AbsentFeature: losses.Circle"),
        collect.Result("losses/b_test.py", "B.test_3", "wrong", "", "AssertionError: <thing at 0x7f00> | 2"),
        collect.Result("losses/b_test.py", "B.test_4", "out of scope", "quantization", ""),
    ]
    text = table.markdown(results, "3.0", {"distribution": [4, 5]}, 20.0)
    assert "| losses/a | 2 | 1 | 1 | 0 | 0 |" in text
    assert "| losses/b | 2 | 0 | 0 | 1 | 1: quantization 1 |" in text
    assert "| **2 files** | 4 | 1 | 1 | 1 | 1 |" in text
    assert "- `losses/b_test.py::B.test_3`: AssertionError: &lt;thing> / 2" in text
    assert "`losses.Circle` 1" in text
    assert "| distribution | training on several devices | 0 | 2 | 9 |" in text


def test_every_reason_of_the_scope_is_described():
    used = {reason for _, reason in files.OUT_OF_SCOPE} | {rule.reason for rule in scope.RULES}
    assert used <= set(scope.REASONS)
    assert len(set(files.IN_SCOPE)) == len(files.IN_SCOPE)
