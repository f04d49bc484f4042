"""Seeds, labels and data sets of batches."""

from __future__ import annotations

import gc
import inspect
import os
import random
import weakref

import numpy as np
import pytest
from golden import face_cases as cases
from golden.face import GOLDEN

from fashioncnn import layers, models, utils
from fashioncnn.utils import seeds
from fashioncnn.utils.dataset import batches_of


@pytest.mark.parametrize("name", cases.SIGNATURES["utils"])
def test_signature_is_that_of_keras(name):
    parameters = inspect.signature(getattr(utils, name)).parameters.values()
    ours = [[p.name, repr(p.default)] for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert ours == GOLDEN["signatures"][f"utils.{name}"]


def test_set_random_seed_seeds_python_and_numpy_too():
    def drawn():
        utils.set_random_seed(5)
        return random.random(), float(np.random.rand()), seeds.next_key()

    assert drawn() == drawn()


def test_keys_differ():
    utils.set_random_seed(5)
    keys = [seeds.next_key() for _ in range(100)] + [seeds.key_of(5)]
    assert len(set(keys)) == 101


@pytest.mark.parametrize(("seed", "error"), [(-1, ValueError), (2**32, ValueError), (1.0, TypeError), ("1", TypeError),
                                             (None, TypeError), (True, TypeError)])
def test_a_bad_seed_is_an_error(seed, error):
    with pytest.raises(error, match="`seed`"):
        utils.set_random_seed(seed)


def test_a_numpy_integer_is_a_seed():
    utils.set_random_seed(np.int64(5))
    assert seeds.next_key() == (5, 1)


@pytest.mark.parametrize("labels", [[0, 2, 1], np.array([[0], [2], [1]]), np.array([0, 2, 1], np.uint8),
                                    np.array([0.0, 2.0, 1.0])])
def test_to_categorical_writes_one_one_into_each_row(labels):
    assert utils.to_categorical(labels).tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert utils.to_categorical(labels, 5).shape == (3, 5)


def test_to_categorical_keeps_other_axes():
    assert utils.to_categorical(np.zeros((2, 3), int), 4).shape == (2, 3, 4)
    assert utils.to_categorical([], 4).shape == (0, 4)


@pytest.mark.parametrize(("labels", "classes", "message"), [
    ([0, 3], 3, "from 0 to 3 in `x`.*0 to 2"), ([-1, 0], 3, "from -1"), ([0.5], 3, "not whole"), ([], None, "empty"),
    ([0], 0, "`num_classes`"),
])
def test_to_categorical_refuses_what_is_not_a_class(labels, classes, message):
    with pytest.raises(ValueError, match=message):
        utils.to_categorical(labels, classes)


@pytest.mark.parametrize("order", [1, 2, 3, np.inf])
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_normalize_gives_every_line_of_an_axis_the_norm_one(axis, order):
    x = np.array([[3.0, -4.0, 0.0], [1.0, 2.0, 0.0]], np.float32)
    scaled = utils.normalize(x, axis, order)
    norms = np.linalg.norm(scaled.astype(float), order, axis)
    np.testing.assert_allclose(norms, np.where(np.linalg.norm(x, order, axis) == 0, 0, 1), rtol=1e-6)
    assert (scaled.dtype, utils.normalize([[3, 4]], order=2).tolist()) == (np.float32, [[0.6, 0.8]])


def test_normalize_refuses_what_is_no_number():
    with pytest.raises(TypeError, match="expected numbers"):
        utils.normalize(["a"])


def test_clearing_the_session_lets_models_in_rings_go():
    model = layers.Dense(3)
    model.ring = model
    gone = weakref.ref(model)
    gc.disable()
    try:
        del model
        utils.clear_session(free_memory=False)
        assert gone() is not None
        utils.clear_session()
        assert gone() is None
    finally:
        gc.enable()


def test_names_are_counted_by_class_until_the_session_is_cleared():
    utils.clear_session()
    assert [layers.Conv2D(1, 1).name, layers.ReLU().name, layers.Conv2D(1, 1).name] == ["conv2d", "re_lu", "conv2d_1"]
    utils.clear_session()
    assert layers.Conv2D(1, 1).name == "conv2d"


class ProcessNumbers(utils.PyDataset):
    def __len__(self):
        return 7

    def __getitem__(self, index):
        if index == 9:
            raise RuntimeError("mine")
        return index, os.getpid()


@pytest.mark.parametrize("workers", [1, 2])
def test_processes_make_the_batches_of_a_py_dataset(workers):
    batches = list(ProcessNumbers(workers=workers, use_multiprocessing=True, max_queue_size=3))
    assert [index for index, _ in batches] == list(range(7))
    makers = {process for _, process in batches}
    assert os.getpid() not in makers
    assert len(makers) <= workers
    with pytest.raises(RuntimeError, match="mine"):
        list(batches_of(ProcessNumbers(workers=workers, use_multiprocessing=True), [9]))
    assert {process for _, process in ProcessNumbers(workers=0, use_multiprocessing=True)} == {os.getpid()}


def test_a_model_learns_from_what_processes_make():
    class Ones(utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return np.full((4, 2), index, np.float32), np.ones((4, 1), np.float32)

    weights = []
    for options in ({}, {"workers": 2}, {"workers": 2, "use_multiprocessing": True}):
        model = models.Sequential([layers.Dense(1, kernel_initializer="ones")])
        model.compile("sgd", "mse")
        model.fit(Ones(**options), epochs=2, shuffle=False, verbose=0)
        weights.append(model.get_weights()[0].tolist())
    assert weights[0] == weights[1] == weights[2]


def test_py_dataset_checks_its_arguments():
    assert utils.Sequence is utils.PyDataset
    with pytest.raises(ValueError, match="use_multiprocessing"):
        utils.PyDataset(workers=4, use_multiprocessing="x")
    with pytest.raises(ValueError, match="workers"):
        utils.PyDataset(workers=-1)
    with pytest.raises(NotImplementedError, match="__len__"):
        _ = utils.PyDataset().num_batches
