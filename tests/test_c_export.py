"""Models as C files: what they compute, how they compile, and what is refused."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import c_programs
import c_zoo
import numpy as np
import pytest
import random_graphs

from fashioncnn import Input, Model, Sequential, layers, ops
from fashioncnn._core import Network
from fashioncnn.exchange import c_export, c_float, c_library, c_program, c_steps
from fashioncnn.models import Model as AnyModel

ROOT = Path(__file__).parents[1]
TEMPLATES = sorted((ROOT / "fashioncnn" / "exchange" / "c").glob("*.c"))
OF_USERS = {  # node types that only the code of layers and losses of users makes
    "by_training", "constant", "divide", "equal", "function", "greater", "greater_equal", "less", "less_equal",
    "not_equal", "over_batch", "pad", "power", "reduce", "slice", "weight", "where"}
NEVER_WRITTEN = {  # node types without a call in C, because nothing is left of them or they are others then
    "activity_regularization", "alpha_dropout", "batch_normalization", "dropout", "gaussian_dropout", "gaussian_noise",
    "random_brightness", "random_contrast", "random_crop", "random_erasing", "random_flip", "random_rotation",
    "random_translation", "random_zoom", "reshape", "standardization"}


def small(**options):
    return Sequential([Input((4, 4, 1)), layers.Conv2D(2, 3, **options), layers.Flatten(), layers.Dense(3)])


def outputs_of(model, inputs):
    made = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    return [np.asarray(array) for array in (made if isinstance(made, list) else [made])]


def assert_near(got, expected):
    for own, other in zip(got, expected, strict=True):
        assert own.shape == other.shape
        assert np.abs(own - other).max() <= 1e-5 * np.abs(other).max()


@pytest.mark.parametrize("make", c_zoo.ZOO, ids=lambda make: make.__name__)
def test_c_computes_what_predict_does(make, tmp_path):
    model = c_zoo.with_random_weights(make)
    inputs = c_zoo.random_inputs(model, 3)
    expected = outputs_of(model, inputs)
    model.export(tmp_path / "net.c")
    program = c_programs.build(tmp_path / "net.c")
    assert_near(c_programs.run(program, inputs, [array.shape[1:] for array in expected]), expected)


@pytest.mark.parametrize("make", c_zoo.ZOO, ids=lambda make: make.__name__)
def test_no_compiler_has_anything_to_say(make, tmp_path):
    make().export(tmp_path / "net.c")
    for compiler in c_programs.COMPILERS:
        c_programs.check_with(compiler, tmp_path / "net.c")
    assert c_programs.build(tmp_path / "net.c", ["-O3"]).exists()  # the optimizer sees more


def test_every_type_of_node_is_in_the_zoo():
    registry = re.findall(r"EACH\((\w+)\)", (ROOT / "csrc" / "layers" / "registry.h").read_text())
    seen = {node["type"] for make in c_zoo.ZOO for node in c_export._described(make())[0]}
    written = set(registry) - OF_USERS
    assert written == seen - {"input"}
    assert written == set(c_float.CALLS) | NEVER_WRITTEN


def test_code_of_users_is_refused_by_the_name_of_its_layer(tmp_path):
    numbers, image = Input((3,)), Input((2, 4, 3))
    squares = layers.Lambda(lambda x: ops.einsum("nhwc,nhwd->nhcd", x, x), name="squares")
    for x, output in ((numbers, ops.square(numbers)), (image, squares(image)),
                      (numbers, layers.Lambda(lambda x: x / (x + 1), name="square")(numbers))):
        with pytest.raises(NotImplementedError, match=r"'square"):
            Model(x, output).export(tmp_path / "a.c")


def test_a_type_of_node_that_is_unknown_is_refused_by_the_name_of_its_layer():
    step = c_steps.Step("fourier", "my layer", [0], [(3,)], 1, (3,), {}, {})
    with pytest.raises(NotImplementedError, match=r"layer 'my layer' \(fourier\) cannot be written as C"):
        c_float.add_step(c_program.Program(), step)


@pytest.mark.parametrize("seed", range(12))
def test_random_networks(seed, tmp_path):
    drawn = random_graphs.draw(seed)
    nodes = [{name: value for name, value in node.items() if name != "training"} for node in drawn.nodes]
    network = Network(nodes, list(drawn.outputs))
    random = np.random.RandomState(seed)
    for _, name, shape, offset in network.parameters:
        values = random.standard_normal(shape).astype(np.float32) * np.float32(0.3)
        network.write("weights", offset, np.abs(values) + np.float32(0.5) if name == "moving_variance" else values)
    rows = len(drawn.x[0])
    expected = tuple(np.empty((rows, *shape), np.float32) for shape in network.output_shapes)
    network.predict(drawn.x if len(drawn.x) > 1 else drawn.x[0], 0, rows,
                    expected if len(expected) > 1 else expected[0])
    steps = c_steps.steps_of(nodes, list(drawn.outputs), network)
    c_export.write_program(str(tmp_path / "net.c"), "net", steps, c_float.program_of(steps),
                           [f"x{k}" for k in range(len(drawn.x))], [f"y{k}" for k in range(len(expected))])
    program = c_programs.build(tmp_path / "net.c")
    assert_near(c_programs.run(program, list(drawn.x), network.output_shapes), expected)


# ---- the file ----


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
@pytest.mark.parametrize("compiler", c_programs.COMPILERS)
def test_each_file_of_functions_compiles_alone(compiler, path):
    subprocess.run([compiler, *c_programs.STRICT, "-Wno-unused-function", "-fsyntax-only", path], check=True)


def test_every_function_is_used_by_some_network(tmp_path):
    of_int8 = "".join((TEMPLATES[0].parent / f"int8.{ending}").read_text() for ending in "ch")
    names = {name for name, definition in c_library._definitions().items() if definition.text not in of_int8}
    sources = []
    for number, make in enumerate(c_zoo.ZOO):
        make().export(tmp_path / f"net{number}.c")
        sources.append((tmp_path / f"net{number}.c").read_text())
    assert {name for name in names if not any(re.search(rf"\b{name}\b", source) for source in sources)} == set()


def test_only_what_is_used_is_in_the_file(tmp_path):
    small().export(tmp_path / "net.c")
    source = (tmp_path / "net.c").read_text()
    assert "static void conv2d(" in source
    assert "softmax" not in source
    assert "int8" not in source


def test_the_head_says_what_the_file_takes_and_how_it_is_called(tmp_path):
    report = small().export(tmp_path / "small_net.c")
    source = (tmp_path / "small_net.c").read_text()
    head = source[:source.index("*/")]
    assert f"Weights: {report.weights:,} bytes" in head
    assert f"Memory for activations: {report.memory:,} bytes" in head
    assert "void small_net_predict(const float *input, float *output);" in head
    assert "input   (4, 4, 1), 16 floats" in head
    assert "output  (3,), 3 floats" in head
    assert "calls must not overlap in time" in head
    assert report.weights == 4 * small().count_params()
    assert report.memory == 4 * int(re.search(r"static float arena\[(\d+)\];", source).group(1))
    assert max(map(len, source.splitlines())) <= 120


def test_weights_are_exact(tmp_path):
    model = Sequential([Input((5,)), layers.Dense(1, use_bias=False)])
    values = np.float32([1 / 3, -1e-38, 3e38, 0.0, 1.0]).reshape(5, 1)
    model.layers[-1].set_weights([values])
    model.export(tmp_path / "net.c")
    written = re.search(r"dense\w*_kernel\[5\] = \{([^}]*)\}", (tmp_path / "net.c").read_text()).group(1)
    assert [float.fromhex(text.strip(" \nf")) for text in written.split(",")[:-1]] == list(values.ravel())


def test_shared_weights_are_there_once(tmp_path):
    one, two = Input((3,)), Input((3,))
    dense = layers.Dense(40)
    report = Model([one, two], layers.Add()([dense(one), dense(two)])).export(tmp_path / "net.c")
    assert report.weights == 4 * (3 * 40 + 40)


def test_memory_is_used_again(tmp_path):
    model = Sequential([Input((100,)), *(layers.Dense(100, activation="tanh") for _ in range(9))])
    assert model.export(tmp_path / "net.c").memory == 2 * 100 * 4


def test_a_pool_behind_a_convolution_needs_no_room_for_its_outputs(tmp_path):
    model = Sequential([Input((20, 20, 1)), layers.Conv2D(8, 3), layers.MaxPooling2D(), layers.Flatten()])
    assert model.export(tmp_path / "net.c").memory == 4 * 8


def test_tensors_that_live_at_the_same_time_never_overlap():
    for seed in range(40):
        drawn = random_graphs.draw(seed)
        nodes = [{name: value for name, value in node.items() if name != "training"} for node in drawn.nodes]
        network = Network(nodes, list(drawn.outputs))
        program = c_float.program_of(c_steps.steps_of(nodes, list(drawn.outputs), network))
        memory = c_program.plan_memory(program)
        lives = c_program._lives(program)
        sharing = c_program._shared_places(program, lives)
        chain = {tensor: first for first, members in sharing.items() for tensor in members}
        spans = [(tensor, offset, offset + program.rooms[tensor].size) for tensor, (_, offset) in memory.place.items()]
        for one, begin, end in spans:
            for other, first, last in spans:
                if chain[one] != chain[other] and begin < last and first < end:
                    assert lives[one][1] < lives[other][0] or lives[other][1] < lives[one][0]


def test_an_input_that_is_not_whole_is_an_error(tmp_path):
    small().export(tmp_path / "net.c")
    program = c_programs.build(tmp_path / "net.c")
    result = subprocess.run([program], input=bytes(17 * 4), capture_output=True, check=False)
    assert (result.returncode, result.stderr) == (1, b"the last input is not whole\n")
    assert len(result.stdout) == 3 * 4


# ---- names ----


@pytest.mark.parametrize(("file", "name"), [("net.c", "net"), ("my net-2.c", "my_net_2"), ("3x3.c", "n3x3"),
                                            ("float.c", "float_"), ("größe.c", "gr__e")])
def test_the_function_is_called_as_the_file_is(file, name, tmp_path):
    small().export(tmp_path / file)
    assert f"void {name}_predict(" in (tmp_path / file).read_text()


def test_a_name_that_is_given_is_used(tmp_path):
    small().export(tmp_path / "net.c", name="digits")
    source = (tmp_path / "net.c").read_text()
    assert "void digits_predict(" in source
    assert "#ifdef DIGITS_MAIN" in source


@pytest.mark.parametrize("name", ["float", "", "3x", "a-b", "_x", "größe", 7])
def test_a_name_that_c_does_not_take_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match="is not a name that C takes"):
        small().export(tmp_path / "net.c", name=name)


def test_names_of_layers_cannot_break_the_file(tmp_path):
    names = ("*\\\n int main", "??)\\\nb", "dense", "größe 1", "gr__e_1", "a*")
    model = Sequential([Input((3,)), *(layers.Dense(4, name=name) for name in names)])
    model.export(tmp_path / "a\\\nb.c")
    for compiler in c_programs.COMPILERS:
        c_programs.check_with(compiler, tmp_path / "a\\\nb.c")


# ---- what is refused ----


def test_a_layer_that_acts_as_in_training_is_refused(tmp_path):
    image = Input((4,))
    model = Model(image, layers.Dropout(0.5, name="always")(image, training=True))
    with pytest.raises(NotImplementedError, match="layer 'always' was called with training=True"):
        model.export(tmp_path / "net.c")


def test_unknown_extents_are_refused(tmp_path):
    model = Sequential([Input((None, None, 1)), layers.Conv2D(2, 3)])
    with pytest.raises(ValueError, match="no inputs of known shapes"):
        model.export(tmp_path / "net.c")
    with pytest.raises(ValueError, match="no inputs of known shapes"):
        Sequential([layers.Dense(3)]).export(tmp_path / "net.c")


def test_weights_that_are_not_finite_are_refused_and_the_old_file_stays(tmp_path):
    model = small()
    model.export(tmp_path / "net.c")
    before = (tmp_path / "net.c").read_bytes()
    model.layers[-1].set_weights([np.full((8, 3), np.nan), np.zeros(3)])
    with pytest.raises(ValueError, match="are not finite"):
        model.export(tmp_path / "net.c")
    assert (tmp_path / "net.c").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["net.c"]


def test_another_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"supported formats: .*'c'"):
        small().export(tmp_path / "net.pas")
    with pytest.raises(ValueError, match="unexpected keyword argument 'nam'; did you mean 'name'"):
        small().export(tmp_path / "net.c", nam="x")


def test_export_changes_nothing_and_gives_the_same_file_again(tmp_path):
    model: AnyModel = c_zoo.with_random_weights(c_zoo.convolutions)
    before = model.get_weights()
    model.export(tmp_path / "net.c")
    first = (tmp_path / "net.c").read_bytes()
    model.export(tmp_path / "net.c")
    assert (tmp_path / "net.c").read_bytes() == first
    assert all(np.array_equal(one, other) for one, other in zip(before, model.get_weights(), strict=True))


def test_what_nobody_reads_is_left_out(tmp_path):
    class Wastes(layers.Layer):
        def call(self, x):
            ops.transpose(x, (0, 2, 3, 1))
            return x + 1

    model = Sequential([Input((5, 4, 3)), Wastes(), layers.Flatten(), layers.Dense(2)])
    x = np.random.default_rng(0).random((3, 5, 4, 3), np.float32)
    model.export(tmp_path / "net.c")
    got = c_programs.run(c_programs.build(tmp_path / "net.c"), [x], [(2,)])
    assert_near(got, [model.predict(x, verbose=0)])
