"""ImageDataGenerator: what the golden cases do not ask: files, tables, models, errors."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fashioncnn import DataError, Input, Sequential, layers
from fashioncnn.preprocessing.image import (
    ImageDataGenerator,
    Iterator,
    apply_affine_transform,
    apply_brightness_shift,
    random_brightness,
    random_channel_shift,
    random_rotation,
    random_shear,
    random_shift,
    random_zoom,
    smart_resize,
)
from fashioncnn.utils import PyDataset, load_img, set_random_seed

Image = pytest.importorskip("PIL.Image")
X = np.random.RandomState(0).randint(0, 256, (10, 8, 6, 3)).astype(np.float32)
Y = np.arange(10)
AXES = {"row_axis": 0, "col_axis": 1, "channel_axis": 2}


@pytest.fixture
def folder(tmp_path):
    for place, name in enumerate(("b/1.png", "b/2.bmp", "a/1.png", "a/2.png", "a/deep/3.jpg", "c/1.tiff")):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((9, 12, 3), place * 10, np.uint8)).save(path)
    (tmp_path / "a" / "notes.txt").write_text("none")
    return tmp_path


def drain(batches, number=None):
    taken = [batches[place] for place in range(len(batches))] if number is None else list(
        itertools.islice(batches, number))
    return [np.concatenate(part) for part in zip(*taken, strict=True)]


# Arrays.


def test_batches_can_be_numbered_or_asked_for_without_end():
    batches = ImageDataGenerator().flow(X, Y, batch_size=4, shuffle=False)
    assert isinstance(batches, PyDataset)
    assert (len(batches), batches.n, batches.batch_size) == (3, 10, 4)
    assert drain(batches)[1].tolist() == list(range(10))
    assert drain(batches, 5)[1].tolist() == [*range(10), *range(8)]
    batches.reset()
    assert next(batches)[1].tolist() == [0, 1, 2, 3]
    assert batches.next()[1].tolist() == [4, 5, 6, 7]
    with pytest.raises(IndexError, match="there are 3 batches, got the number 3"):
        batches[3]


def test_a_batch_is_its_images_one_by_one():
    """In one call of the core, or each alone, as a class whose methods are redefined has them."""
    class Own(ImageDataGenerator):
        def apply_transform(self, x, transform_parameters):
            return super().apply_transform(x, transform_parameters)

    options = {"rotation_range": 20, "zoom_range": 0.2, "channel_shift_range": 9, "vertical_flip": True,
               "samplewise_center": True, "rescale": 0.5}
    results = []
    for cls in (ImageDataGenerator, Own):
        np.random.seed(1)
        results.append(drain(cls(**options).flow(X, Y, batch_size=4))[0])
    np.testing.assert_allclose(*results, atol=1e-3)


def test_arrays_are_left_as_they_are():
    before = X.copy()
    generator = ImageDataGenerator(featurewise_center=True, rescale=2, horizontal_flip=True, rotation_range=9)
    generator.fit(X)
    drain(generator.flow(X, Y, batch_size=10))
    np.testing.assert_array_equal(X, before)


def test_weights_other_inputs_and_subsets():
    generator = ImageDataGenerator(validation_split=0.3)
    (x, other), y, weights = generator.flow([X, Y * 2], Y, batch_size=4, shuffle=False, sample_weight=Y * 3)[1]
    assert (x.shape, other.tolist(), y.tolist(), weights.tolist()) == (
        (4, 8, 6, 3), [8, 10, 12, 14], [4, 5, 6, 7], [12, 15, 18, 21])
    labels = [drain(generator.flow(X, Y, shuffle=False, subset=subset, ignore_class_split=True))[1].tolist()
              for subset in ("validation", "training")]
    assert labels == [[0, 1, 2], [3, 4, 5, 6, 7, 8, 9]]


def test_images_are_saved(tmp_path):
    batch, = [ImageDataGenerator().flow(X[:3], save_to_dir=tmp_path, save_prefix="p", shuffle=False)[0]]
    names = sorted(path.name for path in tmp_path.iterdir())
    assert [name.split("_")[:2] for name in names] == [["p", "0"], ["p", "1"], ["p", "2"]]
    assert load_img(tmp_path / names[0]).size == (6, 8)
    assert batch.shape == (3, 8, 6, 3)


def test_a_model_learns_from_it():
    def history(seed):
        set_random_seed(seed)
        model = Sequential([Input((8, 6, 3)), layers.Flatten(), layers.Dense(1, kernel_initializer="zeros")])
        model.compile("sgd", "mse")
        generator = ImageDataGenerator(rescale=1 / 255, rotation_range=20, validation_split=0.2)
        return model.fit(generator.flow(X, Y % 2, batch_size=4, subset="training"), epochs=3, verbose=0,
                         steps_per_epoch=2, validation_data=generator.flow(X, Y % 2, subset="validation"),
                         validation_steps=1).history

    assert history(1) == history(1)
    assert len(history(1)["val_loss"]) == 3
    assert history(1) != history(2)


def test_each_batch_of_a_seed_has_changes_of_its_own():
    def passes():
        batches = ImageDataGenerator(rotation_range=40).flow(X, Y, batch_size=10, shuffle=False, seed=3)
        return next(batches)[0], next(batches)[0], batches[0][0]

    first, second, third = passes()
    assert (first != second).any()
    assert (second != third).any()
    for one, two in zip(passes(), (first, second, third), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("what", ["samplewise", "featurewise"])
def test_images_of_one_colour_are_normalized_to_zeros(what):
    generator = ImageDataGenerator(**{f"{what}_center": True, f"{what}_std_normalization": True})
    generator.fit(np.ones((3, 4, 4, 1)))
    assert not generator.flow(np.ones((3, 4, 4, 1)))[0].any()
    assert not generator.standardize(np.ones((4, 4, 1))).any()


def test_a_layer_adapts_to_one_pass():
    layer = layers.Normalization()
    layer.adapt(ImageDataGenerator().flow(X, batch_size=4))
    np.testing.assert_allclose(np.ravel(layer.mean), X.mean(axis=(0, 1, 2)), rtol=1e-5)


def test_a_base_class_says_what_to_define():
    with pytest.raises(NotImplementedError, match="_get_batches_of_transformed_samples"):
        Iterator(3, 2, False, None)[0]


# Folders and tables.


def test_pictures_in_folders(folder, capsys):
    batches = ImageDataGenerator(rescale=0.1).flow_from_directory(folder, (4, 5), batch_size=4, shuffle=False)
    assert capsys.readouterr().out == "Found 6 images belonging to 3 classes.\n"
    assert [name.replace("\\", "/") for name in batches.filenames] == [
        "a/1.png", "a/2.png", "a/deep/3.jpg", "b/1.png", "b/2.bmp", "c/1.tiff"]
    assert (batches.class_indices, batches.classes.tolist()) == ({"a": 0, "b": 1, "c": 2}, [0, 0, 0, 1, 1, 2])
    assert (batches.samples, batches.num_classes, batches.image_shape) == (6, 3, (4, 5, 3))
    images, labels = drain(batches)
    assert images[:, 0, 0, 0].tolist() == pytest.approx([2, 3, 4, 0, 1, 5])
    assert labels.argmax(axis=1).tolist() == batches.classes.tolist()


@pytest.mark.parametrize(("options", "labels"), [
    ({"class_mode": "sparse"}, [0, 0, 0, 1, 1, 2]), ({"class_mode": "binary", "classes": ["b", "c"]}, [0, 0, 1]),
    ({"subset": "validation", "class_mode": "sparse"}, [0]), ({"subset": "training", "class_mode": "sparse"},
                                                              [0, 0, 1, 1, 2]), ({"class_mode": None}, None)])
def test_labels_of_folders(options, labels, folder):
    batch = ImageDataGenerator(validation_split=0.4).flow_from_directory(folder, (4, 4), shuffle=False, **options)[0]
    assert (batch.ndim == 4) if labels is None else batch[1].tolist() == labels


def test_a_folder_without_pictures_gives_an_empty_batch_and_trains_nothing(tmp_path):
    batches = ImageDataGenerator(horizontal_flip=True, rescale=0.5).flow_from_directory(tmp_path, (4, 4))
    x, y = next(batches)
    assert (len(batches), x.shape, y.shape) == (0, (0, 4, 4, 3), (0, 0))
    model = Sequential([layers.Flatten(), layers.Dense(1)])
    model.compile(loss="mse")
    with pytest.raises(ValueError, match="got `x` without batches"):
        model.fit(batches)


def test_the_images_themselves_are_targets(folder):
    x, y = ImageDataGenerator(rotation_range=30).flow_from_directory(folder, (4, 4), class_mode="input")[0]
    np.testing.assert_array_equal(x, y)


@pytest.fixture
def table(folder):
    pandas = pytest.importorskip("pandas")
    files = ["a/1.png", "a/2.png", "b/1.png", "b/2.bmp", "c/1.tiff"]
    return pandas.DataFrame({"filename": files, "class": list("uvwuv"), "number": [0.5, 1, 2, 3, 4], "weight": range(5),
                             "several": [["u"], ["v", "w"], ["w"], ["u", "w"], ["v"]]})


@pytest.mark.parametrize(("options", "labels"), [
    ({}, [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0]]), ({"class_mode": "sparse"}, [0, 1, 2, 0, 1]),
    ({"class_mode": "binary", "classes": ["w", "u"]}, [1, 0, 1]), ({"class_mode": "raw", "y_col": "number"},
                                                                    [0.5, 1, 2, 3, 4]),
    ({"y_col": "several", "classes": ["w", "u"]}, [[0, 1], [1, 0], [1, 0], [1, 1]]),
    ({"class_mode": "sparse", "subset": "validation"}, [0, 1]), ({"class_mode": None}, None)])
def test_pictures_of_a_table(options, labels, folder, table):
    generator = ImageDataGenerator(validation_split=0.4)
    batch = generator.flow_from_dataframe(table, folder, target_size=(4, 4), shuffle=False, **options)[0]
    assert (batch.ndim == 4) if labels is None else batch[1].tolist() == labels


def test_weights_and_several_targets_of_a_table(folder, table):
    generator = ImageDataGenerator()
    _, y, weights = generator.flow_from_dataframe(table, folder, class_mode="multi_output", shuffle=False,
                                                  y_col=["number", "weight"], weight_col="weight")[0]
    assert [column.tolist() for column in y] == [[0.5, 1, 2, 3, 4], [0, 1, 2, 3, 4]]
    assert weights.tolist() == [0, 1, 2, 3, 4]


def test_rows_without_pictures_are_left_out(folder, table):
    table.loc[1, "filename"] = "a/none.png"
    table.loc[2, "filename"] = "a/notes.txt"
    with pytest.warns(UserWarning, match="2 of 5 names in the column 'filename'"):
        batches = ImageDataGenerator().flow_from_dataframe(table, folder)
    assert batches.samples == 3
    batches = ImageDataGenerator().flow_from_dataframe(table, folder, validate_filenames=False, shuffle=False)
    with pytest.raises(FileNotFoundError, match=r"none\.png"):
        batches[0]


@pytest.mark.parametrize(("options", "kind", "message"), [
    ({"x_col": "no"}, ValueError, "no column 'no'; it has 'filename', 'class'"),
    ({"x_col": "number"}, TypeError, "column 'number' must hold texts, got 0.5"),
    ({"y_col": "number"}, TypeError, "must hold texts, or lists of them, got 0.5"),
    ({"class_mode": "sparse", "y_col": "several"}, TypeError, "must hold texts, got"),
    ({"class_mode": "binary"}, ValueError, "needs two classes, got 3: u, v, w"),
    ({"class_mode": "multi_output"}, TypeError, "needs a list of columns"),
    ({"class_mode": "x"}, ValueError, "class_mode='x' is not supported"),
    ({"weight_col": "class"}, TypeError, "must hold numbers"), ({"hasext": 1}, TypeError, "argument 'hasext'"),
])
def test_tables_that_do_not_fit_are_refused(options, kind, message, folder, table):
    with pytest.raises(kind, match=message):
        ImageDataGenerator().flow_from_dataframe(table, folder, **options)


def test_files_that_are_no_pictures_are_named(folder):
    (folder / "b" / "1.png").write_text("none")
    with pytest.raises(DataError, match=r"1\.png: not a picture"):
        ImageDataGenerator().flow_from_directory(folder, (4, 4))[0]
    with pytest.raises(FileNotFoundError, match="nowhere"):
        ImageDataGenerator().flow_from_directory(folder / "nowhere")


# Options.


@pytest.mark.parametrize(("make", "message"), [
    (lambda: ImageDataGenerator(fill_mode="mirror"), "fill_mode='mirror' is not supported"),
    (lambda: ImageDataGenerator(interpolation_order=3), "interpolation order=3 is not supported"),
    (lambda: ImageDataGenerator(data_format="x"), "data_format='x'"),
    (lambda: ImageDataGenerator(validation_split=1.5), "`validation_split` must be > 0 and < 1"),
    (lambda: ImageDataGenerator(zoom_range=[1, 2, 3]), "`zoom_range` must be a number"),
    (lambda: ImageDataGenerator(brightness_range=0.5), "`brightness_range` must be"),
    (lambda: ImageDataGenerator().flow(X[0], Y), "four axes, got the shape"),
    (lambda: ImageDataGenerator().flow(X, Y[:3]), "10 images and 3 rows in `y`"),
    (lambda: ImageDataGenerator().flow(X, subset="test"), "subset='test'"),
    (lambda: ImageDataGenerator().flow(X, batch_size=0), "`batch_size` must be"),
    (lambda: ImageDataGenerator(validation_split=0.5).flow(X, Y, subset="training"), "have different labels"),
    (lambda: ImageDataGenerator().fit(X[0]), "four axes"),
    (lambda: apply_affine_transform(X[0], row_axis=0, col_axis=0, channel_axis=2), "one image of three axes"),
    (lambda: random_zoom(X[0], (1,)), "`zoom_range` must be a tuple or list of two"),
    (lambda: random_brightness(X[0], (1,)), "`brightness_range`"),
    (lambda: smart_resize(X[0, 0], (3, 3)), "three axes or a batch of four"),
    (lambda: smart_resize(X, (3,)), "size of .height, width."),
    (lambda: smart_resize(X, (3, 3), "x"), "interpolation='x'"),
])
def test_what_cannot_be_is_said(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_what_options_need_is_set_and_warned_of():
    with pytest.warns(UserWarning, match="featurewise_std_normalization=True sets featurewise_center to True"):
        generator = ImageDataGenerator(featurewise_std_normalization=True)
    with pytest.warns(UserWarning, match="without effect until fit"):
        generator.standardize(X.copy())
    with pytest.warns(UserWarning, match="zca_whitening=True sets featurewise_center to True"):
        assert ImageDataGenerator(zca_whitening=True).featurewise_center


@pytest.mark.parametrize("change", [
    lambda x: random_rotation(x, 30, **AXES), lambda x: random_shift(x, 0.4, 0.4, **AXES),
    lambda x: random_shear(x, 30, **AXES), lambda x: random_zoom(x, (0.5, 0.8), **AXES),
    lambda x: random_channel_shift(x, 50, 2), lambda x: random_brightness(x, (0.2, 0.5))])
def test_single_changes_follow_from_numpys_seed(change):
    def changed(seed):
        np.random.seed(seed)
        return change(X[0])

    assert changed(1).shape == X[0].shape
    np.testing.assert_array_equal(changed(1), changed(1))
    assert (changed(1) != changed(2)).any()
    assert (changed(1) != X[0]).any()


def test_brightness_is_that_of_whole_numbers_from_0_to_255():
    assert apply_brightness_shift([[[10, 100, 250]]], 1.55, False).tolist() == [[[15, 155, 255]]]
    assert apply_brightness_shift([[[10, 100, 250, 9]]], 0.5, False).tolist() == [[[5, 50, 125, 9]]]


def test_smart_resize_keeps_proportions():
    image = np.arange(24.0).reshape(2, 12, 1)
    assert smart_resize(image, (2, 2))[..., 0].tolist() == [[5, 6], [17, 18]]
    assert smart_resize(image.transpose(2, 0, 1), (2, 2), data_format="channels_first").shape == (1, 2, 2)


def test_there_is_nothing_to_fit_to_without_images():
    with pytest.raises(ValueError, match="got no images"):
        ImageDataGenerator(featurewise_center=True).fit(np.zeros((0, 6, 6, 1)))
