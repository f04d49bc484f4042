"""Data sets: what the golden cases, which have no randomness and no errors, do not ask."""

from __future__ import annotations

import gc
import threading
import time
import traceback

import numpy as np
import pytest

import fashioncnn as tf
from fashioncnn import Input, Sequential, layers, utils
from fashioncnn.data import Dataset
from fashioncnn.utils.absent import AbsentError
from fashioncnn.utils.ahead import ahead

X = np.arange(96, dtype=np.float32).reshape(24, 4) / 96
Y = np.arange(24) % 3


def numbers(data):
    return [int(x) for x in data]


def network():
    utils.set_random_seed(3)
    model = Sequential([Input((4,)), layers.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


# The order of shuffle.


def test_shuffle_gives_all_in_an_order_that_follows_from_the_seed():
    for size in (1, 3, 10, 99):
        first, second = (numbers(Dataset.range(10).shuffle(size, seed=4)) for _ in range(2))
        assert first == second
        assert sorted(first) == list(range(10))
        assert (first == list(range(10))) == (size == 1)
    assert numbers(Dataset.range(10).shuffle(10, seed=4)) != numbers(Dataset.range(10).shuffle(10, seed=5))


@pytest.mark.parametrize("arrays", [True, False])
def test_a_buffer_lets_nothing_come_much_too_early(arrays):
    data = Dataset.from_tensor_slices(np.arange(200)) if arrays else Dataset.range(200)
    order = numbers(data.shuffle(5, seed=1))
    assert all(value < place + 5 for place, value in enumerate(order))
    assert sorted(order) == list(range(200))


def test_shuffle_of_all_has_every_order():
    found = {tuple(numbers(Dataset.from_tensor_slices([0, 1, 2]).shuffle(3, seed=seed))) for seed in range(60)}
    assert len(found) == 6


@pytest.mark.parametrize("size", [4, 20])
def test_each_pass_has_an_order_of_its_own_unless_told_otherwise(size):
    data = Dataset.from_tensor_slices(np.arange(20)).shuffle(size, seed=2)
    passes = [numbers(data) for _ in range(3)]
    assert passes[0] != passes[1] != passes[2]
    repeated = numbers(Dataset.from_tensor_slices(np.arange(20)).shuffle(size, seed=2).repeat(3))
    assert repeated == [*passes[0], *passes[1], *passes[2]]
    same = Dataset.from_tensor_slices(np.arange(20)).shuffle(size, seed=2, reshuffle_each_iteration=False)
    assert numbers(same) == numbers(same) == passes[0]


def test_without_a_seed_the_order_follows_from_the_global_seed():
    def orders():
        utils.set_random_seed(5)
        first, second = (Dataset.range(9).shuffle(9) for _ in range(2))
        return numbers(first), numbers(second)

    assert orders() == orders()
    first, second = orders()
    assert first != second


def test_cache_keeps_the_order_of_the_first_pass():
    for data in (Dataset.from_tensor_slices(np.arange(9)), Dataset.range(9)):
        cached = data.shuffle(9).cache()
        assert numbers(cached) == numbers(cached)
        again = data.cache().shuffle(9)
        assert numbers(again) != numbers(again)


# What is computed, when and how often.


def test_nothing_is_computed_before_it_is_asked_for_and_a_cache_computes_once():
    calls = []

    def note(x):
        calls.append(int(x))
        return x

    data = Dataset.range(3).map(note).cache().batch(2)
    assert calls == []
    next(iter(data))
    assert calls == [0, 1]
    calls.clear()
    assert [batch.tolist() for batch in data] == [batch.tolist() for batch in data] == [[0, 1], [2]]
    assert calls == [0, 1, 2]


def test_what_a_function_changes_stays_with_it():
    array = np.ones((4, 2), np.float32)

    def double(x):
        x *= 2
        return x

    for data in (Dataset.from_tensor_slices(array), Dataset.from_tensor_slices(array).batch(2),
                 Dataset.from_tensor_slices(array).shuffle(4).batch(2), Dataset.from_tensor_slices(array).cache(),
                 Dataset.from_tensor_slices(array).batch(2).cache(), Dataset.from_tensors(array).repeat(2)):
        for _ in range(2):
            assert all((x == 2).all() for x in data.map(double))
    assert (array == 1).all()


def test_arrays_are_not_copied_and_files_are_read_as_needed(tmp_path):
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    data = Dataset.from_tensor_slices(mapped)
    assert np.shares_memory(data._step.arrays, mapped)
    np.testing.assert_array_equal(np.concatenate(list(data.batch(7))), X)


def test_elements_have_numpy():
    image, label = next(iter(Dataset.from_tensor_slices((X, Y))))
    assert image.numpy().tolist() == X[0].tolist()
    assert label.numpy() == 0
    assert ["a", "b", "c"][label] == "a"
    assert next(iter(Dataset.from_tensor_slices(["a"]))).numpy() == b"a"


def test_a_thread_makes_elements_in_advance_and_ends_with_the_iterator():
    made = []

    def note(x):
        made.append(threading.current_thread().name)
        return x

    before = threading.active_count()
    following = iter(Dataset.range(100).map(note).prefetch(3))
    assert next(following) == 0
    wait_for(lambda: len(made) == 5)  # one is out, three wait, and one waits for a place
    time.sleep(0.05)
    assert len(made) == 5
    assert set(made) == {"fashioncnn-ahead"}
    del following
    gc.collect()
    wait_for(lambda: threading.active_count() == before)
    assert len(made) <= 6


def test_a_thread_goes_on_only_while_it_is_wanted():
    closed = []

    def things():
        try:
            yield from range(1000)
        finally:
            closed.append(True)

    following = ahead(things, 1)
    assert next(following) == 0
    following.close()
    wait_for(lambda: closed == [True])


def wait_for(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_threads_call_a_slow_function_at_once_and_keep_the_order():
    together, most = [], []

    def slow(x):
        together.append(1)
        most.append(len(together))
        time.sleep(0.01 if x % 2 else 0.002)
        together.pop()
        return x

    assert numbers(Dataset.range(20).map(slow, num_parallel_calls=4)) == list(range(20))
    assert max(most) > 1
    most.clear()
    numbers(Dataset.range(4).map(slow))
    assert max(most) == 1


def test_elements_are_drawn_from_several_data_sets_by_their_weights():
    few, many = Dataset.range(1).repeat(), Dataset.range(1, 2).repeat()
    mixed = Dataset.sample_from_datasets([few, many], [0.2, 0.8], seed=1)
    first, second = (numbers(mixed.take(400)) for _ in range(2))
    assert 250 < sum(first) < 370
    assert first != second
    again = Dataset.sample_from_datasets([few, many], [0.2, 0.8], seed=1, rerandomize_each_iteration=False)
    assert numbers(again.take(400)) == numbers(again.take(400)) == first
    assert mixed.cardinality() == -1
    assert len(Dataset.sample_from_datasets([Dataset.range(3), Dataset.range(4)])) == 7
    all_of_both = Dataset.sample_from_datasets([Dataset.range(3), Dataset.range(3, 30)], [0.9, 0.1], seed=2)
    assert sorted(numbers(all_of_both)) == list(range(30))
    cut = Dataset.sample_from_datasets([Dataset.range(3), Dataset.range(3, 300)], seed=2, stop_on_empty_dataset=True)
    assert len(numbers(cut)) < 40
    never = Dataset.sample_from_datasets([Dataset.range(3), Dataset.range(9)], [0.0, 1.0])
    assert numbers(never) == list(range(9))


def test_windows_know_their_lengths_and_may_be_gone_through_again():
    windows = Dataset.range(7).window(3)
    assert [len(window) for window in windows] == [3, 3, 1]
    assert (len(windows), len(Dataset.range(7).window(3, 2, 2, True)), len(Dataset.range(2).window(3, 1, 1, True))) == (
        3, 2, 0)
    first = next(iter(windows))
    assert numbers(first) == numbers(first) == [0, 1, 2]
    x, y = next(iter(Dataset.from_tensor_slices((X, Y)).window(2)))
    np.testing.assert_array_equal(np.stack(list(x)), X[:2])
    assert numbers(y) == [0, 1]


def test_a_pass_gives_its_next_element():
    passed = iter(Dataset.range(2))
    assert (int(passed.get_next()), int(next(passed))) == (0, 1)
    with pytest.raises(StopIteration):
        passed.get_next()
    ended = iter(Dataset.range(9).repeat().prefetch(1))
    next(ended)
    ended.close()
    with pytest.raises(StopIteration):
        next(ended)
    iter(Dataset.range(2)).close()


def test_a_generator_is_begun_anew_in_each_pass():
    begun = []

    def make():
        begun.append(1)
        yield from range(3)

    data = Dataset.from_generator(make, output_signature=tf.TensorSpec((), tf.int64))
    assert numbers(data) == numbers(data) == [0, 1, 2]
    assert len(begun) == 2


def test_files_are_listed(tmp_path):
    for name in "bca":
        (tmp_path / f"{name}.png").touch()
    paths = [str(tmp_path / f"{name}.png").encode() for name in "abc"]
    assert list(Dataset.list_files(str(tmp_path / "*.png"), shuffle=False).as_numpy_iterator()) == paths
    assert sorted(Dataset.list_files(tmp_path / "*.png", seed=1).as_numpy_iterator()) == paths
    with pytest.raises(FileNotFoundError, match=r"no file like .*\.gif"):
        Dataset.list_files(str(tmp_path / "*.gif"))


# Errors.


def fail(x):
    raise RuntimeError(f"mine {x}")


@pytest.mark.parametrize("data", [
    Dataset.range(3).map(fail), Dataset.range(3).map(fail).prefetch(1), Dataset.range(3).filter(fail),
    Dataset.range(3).map(fail, num_parallel_calls=2).batch(2), Dataset.from_generator(lambda: map(fail, [1]))])
def test_errors_of_functions_are_shown_as_theirs(data):
    with pytest.raises(RuntimeError, match=r"mine \d") as caught:
        list(data)
    assert "fail" in {frame.name for frame in traceback.extract_tb(caught.value.__traceback__)}


def test_a_function_that_raises_StopIteration_does_not_end_the_data():
    def following(iterator):
        return lambda x: next(iterator) < 2

    three = iter(range(3))
    for data in (Dataset.range(9).map(following(iter([0]))), Dataset.range(9).filter(following(iter([0]))),
                 Dataset.range(9).flat_map(following(iter([]))), Dataset.range(9).take_while(following(iter([0]))),
                 Dataset.range(9).interleave(following(iter([])), cycle_length=1),
                 Dataset.range(9).map(lambda x: next(three), num_parallel_calls=2)):
        with pytest.raises(RuntimeError, match="raised StopIteration"):
            list(data)


def test_what_is_none_stays_so_beside_other_data_sets():
    zipped = Dataset.zip(Dataset.from_tensor_slices((X, None)), Dataset.range(2))
    rows = Dataset.zip(Dataset.from_tensor_slices((X, None)), Dataset.from_tensor_slices(Y[:3]))
    assert [element[0][1] for element in zipped] == [None] * 2
    assert [element[0][1] for element in rows] == [None] * 3


def test_an_error_in_a_thread_of_a_pool_comes_when_its_turn_has_come():
    def sometimes(x):
        time.sleep(0.001)
        return fail(x) if x == 7 else x

    got = []
    with pytest.raises(RuntimeError, match="mine 7"):
        got.extend(map(int, Dataset.range(20).map(sometimes, num_parallel_calls=3)))
    assert got == list(range(7))


@pytest.mark.parametrize(("make", "message"), [
    (lambda: Dataset.from_tensor_slices((X, Y[:5])), "arrays of 5 and 24 rows"),
    (lambda: Dataset.from_tensor_slices(2.5), "from_tensors.. takes one"),
    (lambda: Dataset.from_tensor_slices(()), "nothing to slice"),
    (lambda: Dataset.from_tensor_slices([[1], [1, 2]]), "not an array"),
    (lambda: Dataset.from_tensor_slices([object()]), "elements are numbers, texts"),
    (lambda: Dataset.range(3).batch(0), "`batch_size` must be an integer >= 1, got 0"),
    (lambda: Dataset.range(3).batch(2.5), "`batch_size` must be an integer"),
    (lambda: Dataset.range(3).shuffle(0), "`buffer_size` must be an integer >= 1"),
    (lambda: Dataset.range(3).shuffle(3, seed=-1), "`seed` must be an integer >= 0"),
    (lambda: Dataset.range(3).shard(2, 2), "`index` must be below num_shards=2"),
    (lambda: Dataset.range(3).map(3), "`map_func` must be a function, got int"),
    (lambda: Dataset.range(3).map(len, num_parallel_calls=0), "AUTOTUNE or an integer >= 1"),
    (lambda: Dataset.range(3).cache("x"), "keeps elements in memory"),
    (lambda: Dataset.range(3).concatenate([1]), "expected a Dataset, got list"),
    (lambda: Dataset.zip(Dataset.range(3), [1]), "expected a Dataset, got "),
    (lambda: Dataset.range(3).window(0), "`size` must be an integer >= 1"),
    (lambda: Dataset.range(3).window(2).element_spec, "elements of window.. are data sets"),
    (lambda: Dataset.range(3).interleave(3), "`map_func` must be a function"),
    (lambda: Dataset.range(3).interleave(len, cycle_length=0), "`cycle_length` must be AUTOTUNE or an integer >= 1"),
    (lambda: Dataset.sample_from_datasets([]), "sample_from_datasets.. got no data sets"),
    (lambda: Dataset.sample_from_datasets([Dataset.range(3)], [0.5, 0.5]), "for 1 data sets"),
    (lambda: Dataset.sample_from_datasets([Dataset.range(3)] * 2, [-1, 1.5]), "not negative"),
    (lambda: Dataset.choose_from_datasets([[1]], Dataset.range(3)), "expected a Dataset, got list"),
    (lambda: list(Dataset.choose_from_datasets([Dataset.range(3)], Dataset.range(3))), "number 1 was chosen of 1 data"),
    (lambda: list(Dataset.range(3).map(np.arange).padded_batch(2, [0])), r"\(1,\), which is larger than \(0,\)"),
    (lambda: list(Dataset.range(3).map(np.arange).padded_batch(2, [1, 1])), r"\(1, 1\) for elements of 1 axes"),
    (lambda: list(Dataset.range(3).apply(tf.data.experimental.assert_cardinality(2))), "and there are more"),
    (lambda: list(Dataset.range(3).apply(tf.data.experimental.assert_cardinality(4))), "and there are 3"),
    (lambda: list(Dataset.range(3).apply(tf.data.experimental.assert_cardinality(-1))), "no end, and there are 3"),
    (lambda: Dataset(X), "from_tensor_slices.., from_generator"),
    (lambda: Dataset.from_generator(iter([1])), "must be a function that returns an iterable"),
    (lambda: Dataset.range(3).get_single_element(), "one element, got several"),
    (lambda: list(Dataset.from_generator(lambda: iter([[1.5, 2]]), tf.float32, (3,))), r"shape \(2,\); the spec says"),
    (lambda: list(Dataset.from_generator(lambda: iter([1.5]), tf.int32)), "type float32; the spec says int32"),
    (lambda: list(Dataset.from_generator(lambda: iter([X[:1], X[:2]])).batch(2)), r"\(1, 4\) and \(2, 4\)"),
    (lambda: list(Dataset.from_generator(lambda: iter([1, 1.5])).batch(2)), "types int32 and float32"),
    (lambda: list(Dataset.from_generator(lambda: iter([1, (1, 2)])).batch(2)), "different structures: a single tensor"),
])
def test_what_cannot_be_is_said(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_length_that_there_is_not_is_said():
    with pytest.raises(TypeError, match="the data set is infinite"):
        len(Dataset.range(3).repeat())
    with pytest.raises(TypeError, match="not known before a pass"):
        len(Dataset.range(3).filter(bool))
    assert Dataset.range(0)


def test_what_tensorflow_has_besides_is_absent_by_name():
    for use in (lambda: Dataset.range(3).rebatch(2), lambda: Dataset.random(), lambda: tf.data.TFRecordDataset("x")):
        with pytest.raises(AbsentError, match="of TensorFlow is not in fashioncnn"):
            use()
    with pytest.raises(AttributeError, match="did you mean 'Dataset'"):
        _ = tf.data.Datset
    assert tf.data.experimental.AUTOTUNE == tf.data.AUTOTUNE == -1
    assert int(tf.data.experimental.cardinality(Dataset.range(3))) == 3
    options = tf.data.Options()
    options.threading.private_threadpool_size = 3
    assert numbers(Dataset.range(3).with_options(options)) == [0, 1, 2]


# In fit, evaluate and predict.


@pytest.mark.parametrize("decorate", [lambda data: data, lambda data: data.prefetch(2), lambda data: data.cache(),
                                      lambda data: data.map(lambda *batch: batch)])
def test_training_on_a_data_set_is_training_on_its_batches(decorate):
    data = decorate(Dataset.from_tensor_slices((X, Y)).batch(5))
    ours, theirs = network(), network()
    ours.fit(data, epochs=3, verbose=0, validation_data=data)
    theirs.fit(X, Y, batch_size=5, shuffle=False, epochs=3, verbose=0, validation_data=(X, Y))
    for name, values in theirs.history.history.items():
        assert ours.history.history[name] == pytest.approx(values)
    np.testing.assert_array_equal(ours.get_weights()[0], theirs.get_weights()[0])
    assert ours.evaluate(data, verbose=0) == pytest.approx(theirs.evaluate(X, Y, verbose=0))
    np.testing.assert_array_equal(ours.predict(data, verbose=0), theirs.predict(X, verbose=0))
    np.testing.assert_array_equal(ours.predict(data.map(lambda x, y: x), verbose=0), theirs.predict(X, verbose=0))


def test_weights_of_samples_and_classes_count():
    weights = (Y + 1).astype(np.float32)
    ours, theirs, third = network(), network(), network()
    ours.fit(Dataset.from_tensor_slices((X, Y, weights)).batch(8), verbose=0)
    theirs.fit(X, Y, sample_weight=weights, batch_size=8, shuffle=False, verbose=0)
    third.fit(Dataset.from_tensor_slices((X, Y)).batch(8), class_weight={0: 1, 1: 2, 2: 3}, verbose=0)
    for model in (ours, third):
        np.testing.assert_array_equal(model.get_weights()[0], theirs.get_weights()[0])


def test_the_same_bits_come_again_with_a_shuffle_in_a_thread():
    def weights():
        model = network()
        data = Dataset.from_tensor_slices((X, Y)).shuffle(24).repeat().batch(5).prefetch(2)
        model.fit(data, steps_per_epoch=7, epochs=3, verbose=0)
        return model.get_weights()[0]

    np.testing.assert_array_equal(weights(), weights())


def test_an_epoch_goes_on_where_the_last_one_ended():
    seen = []

    def note(x, y):
        seen.append(int(y[0]))
        return x, y

    data = Dataset.from_tensor_slices((X[:6], np.arange(6) % 3)).batch(1).map(note).repeat()
    network().fit(data, steps_per_epoch=4, epochs=3, verbose=0)
    assert seen[:12] == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]


def test_a_data_set_of_unknown_length_is_used_up_in_each_epoch(capsys):
    data = Dataset.from_tensor_slices((X, Y)).filter(lambda x, y: y > 0).batch(4)
    model = network()
    model.fit(data, epochs=2, verbose=2)
    assert "4/4" in capsys.readouterr().out.splitlines()[-1]
    assert len(model.history.history["loss"]) == 2


def test_without_an_end_the_number_of_steps_is_asked_for():
    data = Dataset.from_tensor_slices((X, Y)).batch(4).repeat()
    model = network()
    for use, steps in ((lambda: model.fit(data), "steps_per_epoch"), (lambda: model.evaluate(data), "steps"),
                       (lambda: model.predict(data), "steps"),
                       (lambda: model.fit(X, Y, validation_data=data), "validation_steps")):
        with pytest.raises(ValueError, match=f"repeats without end; `{steps}` says how many"):
            use()
    model.fit(X, Y, validation_data=data, validation_steps=2, verbose=0)
    assert model.predict(data, steps=3, verbose=0).shape == (12, 3)
    assert len(model.evaluate(data, steps=3, verbose=0)) == 2


def test_data_that_run_out_are_warned_of():
    data = Dataset.from_tensor_slices((X, Y)).batch(8)
    with pytest.warns(UserWarning, match="ran out after 3 batches"):
        network().fit(data, steps_per_epoch=5, verbose=0)


@pytest.mark.parametrize("use", ["fit", "evaluate", "predict"])
def test_a_batch_size_beside_batches_is_left_out_and_warned_of(use):
    data, usual = Dataset.from_tensor_slices((X, Y)).batch(8), network()
    with pytest.warns(UserWarning, match=rf"{use}\(\) does without `batch_size`=2: .* makes whole batches itself"):
        result = getattr(usual, use)(data, batch_size=2, verbose=0)
    expected = getattr(network(), use)(data, verbose=0)
    assert result.history == expected.history if use == "fit" else np.array_equal(result, expected)


def test_single_elements_are_refused_and_errors_of_functions_come_out_of_fit():
    with pytest.raises(ValueError, match=r"fit\(\) got `x` of single elements; .* dataset.batch\(32\)"):
        network().fit(Dataset.from_tensor_slices((X, Y)), verbose=0)
    with pytest.raises(RuntimeError, match="mine"):
        network().fit(Dataset.from_tensor_slices((X, Y)).map(lambda x, y: fail(y)).batch(4), verbose=0)
    with pytest.raises(ValueError, match="got `y` together with `x` of type Dataset"):
        network().fit(Dataset.from_tensor_slices(X).batch(4), Y, verbose=0)
    with pytest.raises(ValueError, match="without batches"):
        network().fit(Dataset.from_tensor_slices((X, Y)).take(0).batch(4), verbose=0)


def test_a_model_that_is_not_built_and_one_of_two_inputs_learn_from_data_sets():
    model = Sequential([layers.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(Dataset.from_tensor_slices((X, Y)).shuffle(24).batch(4), verbose=0)
    assert model.count_params() == 15
    a, b = Input((4,), name="a"), Input((4,), name="b")
    model = tf.keras.Model({"a": a, "b": b}, layers.Dense(3)(layers.add([a, b])))
    model.compile("adam", "mse")
    model.fit(Dataset.from_tensor_slices(({"a": X, "b": X}, np.eye(3)[Y])).batch(4), verbose=0)
    assert model.predict(Dataset.from_tensor_slices({"a": X, "b": X}).batch(4), verbose=0).shape == (24, 3)


def test_a_callback_may_stop_and_the_thread_ends():
    class Stop(tf.keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = True

    before = threading.active_count()
    network().fit(Dataset.from_tensor_slices((X, Y)).repeat().batch(2), steps_per_epoch=50, callbacks=[Stop()],
                  verbose=0)
    gc.collect()
    wait_for(lambda: threading.active_count() == before)
