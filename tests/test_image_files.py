"""Pictures in files and folders: as arrays, and as data sets."""

from __future__ import annotations

import contextlib
import io
import os

import numpy as np
import pytest

from fashioncnn import DataError, Input, Sequential, data, layers, preprocessing, utils
from fashioncnn.utils import image_dataset_from_directory, resizing

Image = pytest.importorskip("PIL.Image")
RANDOM = np.random.RandomState(0)


def picture(path, shape=(12, 20, 3), mode=None, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    made = Image.fromarray(RANDOM.randint(0, 256, shape).astype(np.uint8))
    (made.convert(mode) if mode else made).save(path, **options)
    return path


@pytest.fixture
def folder(tmp_path):
    """Nine pictures of three classes, beside what is none."""
    for name in ("b/1.png", "b/2.bmp", "b/3.PNG", "a/1.gif", "a/2.png", "a/deep/3.png", "a/deep/0.png", "c/1.jpg",
                 "c/2.jpeg"):
        picture(tmp_path / name)
    (tmp_path / "a" / "notes.txt").write_text("none")
    (tmp_path / ".hidden").mkdir()
    return tmp_path


def read(folder, **options):
    return image_dataset_from_directory(folder, **{"image_size": (8, 8), "verbose": False, **options})


def names(dataset, folder):
    return [os.path.relpath(path, folder).replace(os.sep, "/") for path in dataset.file_paths]


# Single pictures.


def test_what_is_saved_is_loaded(tmp_path):
    for channels, mode in ((1, "grayscale"), (3, "rgb"), (4, "rgba")):
        pixels = RANDOM.randint(0, 256, (5, 7, channels)).astype(np.float32)
        utils.save_img(tmp_path / "x.png", pixels, scale=False)
        np.testing.assert_array_equal(utils.img_to_array(utils.load_img(tmp_path / "x.png", mode)), pixels)
        with open(tmp_path / "x.png", "rb") as file:
            np.testing.assert_array_equal(utils.img_to_array(utils.load_img(io.BytesIO(file.read()), mode)), pixels)


def test_arrays_become_pictures_and_back():
    pixels = np.array([[[-1.0], [0.0], [1.0]]])
    assert utils.img_to_array(utils.array_to_img(pixels))[0, :, 0].tolist() == [0, 127, 255]
    assert utils.array_to_img(np.full((1, 1, 1), 300.0), scale=False).mode == "I"
    first = utils.img_to_array(np.zeros((4, 5, 3)), data_format="channels_first", dtype="uint8")
    assert (first.shape, first.dtype) == ((3, 4, 5), np.uint8)
    assert utils.array_to_img(first, data_format="channels_first").size == (5, 4)


def test_jpeg_has_no_transparency(tmp_path):
    with pytest.warns(UserWarning, match="without it"):
        utils.save_img(tmp_path / "x.jpg", np.zeros((4, 4, 4)))
    assert utils.load_img(tmp_path / "x.jpg", "rgba").mode == "RGBA"


def test_a_size_is_reached_with_and_without_distortion(tmp_path):
    path = picture(tmp_path / "x.png", (10, 20, 3))
    assert utils.load_img(path, target_size=(5, 6)).size == (6, 5)
    assert utils.load_img(path, target_size=np.array([5, 6, 3])).size == (6, 5)
    kept = utils.load_img(path, target_size=(10, 10), keep_aspect_ratio=True, interpolation="bilinear")
    np.testing.assert_array_equal(np.asarray(kept), np.asarray(Image.open(path))[:, 5:15])


@pytest.mark.parametrize(("content", "kind"), [(b"", "not a picture"), (b"hello", "not a picture"), (None, "damaged")])
def test_files_that_are_no_pictures_are_named(content, kind, tmp_path):
    path = picture(tmp_path / "bad.png")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(DataError, match=rf"bad.png: .*{kind}"):
        utils.load_img(path)
    with pytest.raises(DataError, match=r"bad.png: .*"):
        list(read(tmp_path, labels=None))


def test_no_damage_ends_otherwise_than_in_a_dataerror(tmp_path):
    """Bytes exchanged at random, in each kind of file."""
    random = np.random.RandomState(1)
    for end in ("png", "bmp", "gif", "jpg"):
        whole = picture(tmp_path / f"x.{end}").read_bytes()
        for _ in range(40):
            bad = bytearray(whole)
            for place in random.randint(0, len(bad), 3):
                bad[place] = random.randint(256)
            (tmp_path / f"x.{end}").write_bytes(bad)
            with contextlib.suppress(DataError):
                utils.load_img(tmp_path / f"x.{end}")


@pytest.mark.parametrize(("make", "kind", "message"), [
    (lambda p: utils.load_img(3), TypeError, "a path or an io.BytesIO, got int"),
    (lambda p: utils.load_img(p / "no.png"), FileNotFoundError, "no.png"),
    (lambda p: utils.load_img(p / "x.png", "gray"), ValueError, "color_mode='gray' is not supported"),
    (lambda p: utils.load_img(p / "x.png", target_size=(3, 3), interpolation="x"), ValueError, "interpolation='x'"),
    (lambda p: utils.load_img(p / "x.png", target_size=3), ValueError, r"target_size of \(height, width\), got 3"),
    (lambda p: utils.load_img(p / "x.png", target_size=(3, 0)), ValueError, "`target_size` must be an integer >= 1"),
    (lambda p: utils.load_img(p / "x.png", target_size=("3", 3)), TypeError, "`target_size` must be an integer"),
    (lambda p: utils.img_to_array(np.zeros(3)), ValueError, r"two or three axes, got the shape \(3,\)"),
    (lambda p: utils.array_to_img(np.zeros((3, 3))), ValueError, "three axes"),
    (lambda p: utils.array_to_img(np.zeros((3, 3, 2))), ValueError, "1, 3 or 4 channels, got 2"),
    (lambda p: utils.img_to_array(np.zeros((3, 3)), "x"), ValueError, "data_format='x'"),
])
def test_what_cannot_be_loaded_is_said(make, kind, message, tmp_path):
    picture(tmp_path / "x.png")
    with pytest.raises(kind, match=message):
        make(tmp_path)


# Folders.


def test_files_come_class_by_class_in_the_order_of_their_paths(folder, capsys):
    dataset = image_dataset_from_directory(folder, shuffle=False, image_size=8)
    assert capsys.readouterr().out == "Found 9 files belonging to 3 classes.\n"
    assert names(dataset, folder) == ["a/1.gif", "a/2.png", "a/deep/0.png", "a/deep/3.png", "b/1.png", "b/2.bmp",
                                      "b/3.PNG", "c/1.jpg", "c/2.jpeg"]
    assert dataset.class_names == ["a", "b", "c"]
    (images, labels), = dataset
    assert (images.shape, images.dtype, labels.dtype) == ((9, 8, 8, 3), np.float32, np.int32)
    assert labels.tolist() == [0, 0, 0, 0, 1, 1, 1, 2, 2]
    expected = resizing.resized(np.asarray(Image.open(folder / "a/2.png")), 8, 8)
    np.testing.assert_array_equal(images[1], expected)


def test_the_order_and_the_split_are_those_of_keras(folder):
    """What Keras 3.15.1 gave for the same names, seed and split."""
    left = read(folder, seed=7, validation_split=0.3, subset="training")
    right = read(folder, seed=7, validation_split=0.3, subset="validation")
    assert names(left, folder) == KERAS_ORDER[:-2]
    assert names(right, folder) == KERAS_ORDER[-2:]
    both = read(folder, seed=7, validation_split=0.3, subset="both")
    assert [each.file_paths for each in both] == [left.file_paths, right.file_paths]
    by_name = {"a": 0, "b": 1, "c": 2}
    (_, labels), = both[1]
    assert labels.tolist() == [by_name[name[0]] for name in KERAS_ORDER[-2:]]


KERAS_ORDER = ["a/deep/0.png", "c/1.jpg", "a/1.gif", "c/2.jpeg", "b/2.bmp", "a/deep/3.png", "b/3.PNG", "a/2.png",
               "b/1.png"]


def test_each_pass_is_shuffled_and_labels_stay_with_their_images(folder):
    for place, path in enumerate(sorted(folder.rglob("*.*g"))):
        Image.fromarray(np.full((4, 4, 3), place, np.uint8)).save(path, format="png")
    dataset = read(folder, seed=1, batch_size=2, interpolation="nearest", labels=list(range(9)))
    passes = []
    for _ in range(2):
        images, labels = (np.concatenate(part) for part in zip(*dataset, strict=True))
        passes.append(labels.tolist())
        assert len({(int(image[0, 0, 0]), int(label)) for image, label in zip(images, labels, strict=True)}) == 9
    assert sorted(passes[0]) == sorted(passes[1]) == list(range(9))
    assert passes[0] != passes[1]


@pytest.mark.parametrize(("options", "shape", "label"), [
    ({"label_mode": "categorical"}, (9, 8, 8, 3), (9, 3)), ({"label_mode": None}, (9, 8, 8, 3), None),
    ({"labels": None}, (9, 8, 8, 3), None), ({"label_mode": "binary", "class_names": ["b", "a"]}, (7, 8, 8, 3), (7, 1)),
    ({"color_mode": "grayscale"}, (9, 8, 8, 1), (9,)), ({"color_mode": "rgba"}, (9, 8, 8, 4), (9,)),
    ({"data_format": "channels_first"}, (9, 3, 8, 8), (9,)), ({"image_size": (4, 6)}, (9, 4, 6, 3), (9,)),
    ({"crop_to_aspect_ratio": True}, (9, 8, 8, 3), (9,)), ({"pad_to_aspect_ratio": True}, (9, 8, 8, 3), (9,)),
])
def test_forms_of_elements(options, shape, label, folder):
    element, = read(folder, shuffle=False, **options)
    images, labels = element if label else (element, None)
    assert images.shape == shape
    assert labels is None or labels.shape == label
    if options.get("label_mode") == "binary":
        assert labels[:, 0].tolist() == [0, 0, 0, 1, 1, 1, 1]
    if options.get("pad_to_aspect_ratio"):
        assert not images[:, 0].any()
        assert images[:, 4].all(axis=(1, 2)).any()


def test_single_images_and_a_model_on_a_folder(folder):
    image, label = next(iter(read(folder, batch_size=None)))
    assert (image.shape, label.shape) == ((8, 8, 3), ())
    model = Sequential([Input((8, 8, 3)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(3)])
    model.compile("adam", "mse")
    history = model.fit(read(folder, label_mode="categorical", seed=1), epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2
    assert model.predict(read(folder, labels=None, shuffle=False), verbose=0).shape == (9, 3)


def test_sixteen_bits_keep_the_upper_ones(tmp_path):
    Image.fromarray((np.arange(64).reshape(8, 8) * 1024).astype(np.uint16)).save(tmp_path / "wide.png")
    images, = read(tmp_path, labels=None, color_mode="grayscale")
    assert images[0, :, :, 0].tolist() == (np.arange(64).reshape(8, 8) * 4).tolist()


def test_links_are_followed_where_it_is_asked_for(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    picture(other / "9.png")
    (folder / "a" / "link").symlink_to(other)
    assert len(read(folder).file_paths) == 9
    assert len(read(folder, follow_links=True).file_paths) == 10


@pytest.mark.parametrize(("options", "message"), [
    ({"labels": ["cat"] * 9}, "got the label 'cat'.*return_inverse=True"),
    ({"labels": "all"}, "got labels='all'"), ({"labels": [1, 2]}, "got 2 labels, and found 9 files"),
    ({"labels": [0.5] * 9}, "`labels` must be an integer"), ({"label_mode": "one"}, "label_mode='one' is not"),
    ({"class_names": ["a", "z"]}, r"the folders in .* are \['a', 'b', 'c'\]"),
    ({"labels": None, "class_names": ["a"]}, "which go with labels='inferred'"),
    ({"label_mode": "binary"}, "needs two classes, and found"), ({"color_mode": "bgr"}, "color_mode='bgr'"),
    ({"image_size": (1, 2, 3)}, "size of .height, width."), ({"interpolation": "cubic"}, "interpolation='cubic'"),
    ({"validation_split": 0.2}, "needs both `validation_split` and `subset`"), ({"subset": "both"}, "needs both"),
    ({"validation_split": 1.5, "subset": "both"}, "`validation_split` must be > 0 and < 1"),
    ({"validation_split": 0.3, "subset": "both"}, "needs a `seed` where files are shuffled and split"),
    ({"validation_split": 0.01, "subset": "both", "seed": 1}, "leaves one part of the 9 files in .* empty"),
    ({"validation_split": 0.3, "subset": "test", "seed": 1}, "subset='test'"), ({"format": "grain"}, "format='grain'"),
    ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "give one of them"),
    ({"batch_size": 0}, "`batch_size` must be an integer >= 1"), ({"data_format": "x"}, "data_format='x'"),
])
def test_arguments_that_do_not_fit_are_refused(options, message, folder):
    with pytest.raises(ValueError, match=message):
        read(folder, **options)


def test_folders_that_are_empty_or_not_there_are_named(tmp_path):
    for labels in ("inferred", None):
        with pytest.raises(FileNotFoundError, match="nowhere"):
            read(tmp_path / "nowhere", labels=labels)
        with pytest.raises(ValueError, match=r"found no images in .*\.png"):
            read(tmp_path, labels=labels)
    picture(tmp_path / "x.png")
    with pytest.raises(ValueError, match="they lie in folders, one for each class"):
        read(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_files_that_cannot_be_read_are_named(folder):
    (folder / "b" / "1.png").chmod(0)
    with pytest.raises(PermissionError, match=r"b/1\.png"):
        list(read(folder))


def test_the_older_name_is_the_same_function():
    assert preprocessing.image_dataset_from_directory is image_dataset_from_directory


# Splitting.


def test_a_data_set_and_arrays_are_split():
    left, right = utils.split_dataset((np.arange(10), np.arange(10) * 2), left_size=0.7)
    assert [(int(x), int(y)) for x, y in right] == [(7, 14), (8, 16), (9, 18)]
    assert len(left) == 7
    left, right = utils.split_dataset(data.Dataset.range(10).batch(4), right_size=3)
    assert [batch.tolist() for batch in left] == [[0, 1, 2, 3], [4, 5, 6]]
    assert [batch.tolist() for batch in right] == [[7, 8, 9]]
    left, right = utils.split_dataset([np.arange(6)], left_size=2, right_size=1)
    assert [int(x) for x, in left] == [0, 1]
    assert [int(x) for x, in right] == [5]


def test_a_seed_gives_the_order_of_keras():
    left, right = utils.split_dataset(np.arange(8), left_size=5, shuffle=True, seed=3)
    assert [int(x) for x in left] + [int(x) for x in right] == KERAS_SPLIT


KERAS_SPLIT = [0, 5, 7, 2, 1, 6, 4, 3]


@pytest.mark.parametrize(("arguments", "message"), [
    ({}, "needs `left_size` or `right_size`"), ({"left_size": 10}, "leaves one part"),
    ({"left_size": 11}, "at most 10"),
    ({"left_size": 0.01}, "leaves one part"), ({"left_size": 6, "right_size": 5}, "more than the 10 elements"),
    ({"left_size": 1.5}, "`left_size` must be"), ({"left_size": "x"}, "`left_size` must be an integer"),
    ({"left_size": 2, "preferred_backend": "torch"}, "preferred_backend='torch'"),
])
def test_sizes_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        utils.split_dataset(np.arange(10), **arguments)
    with pytest.raises(TypeError, match="takes a Dataset, arrays, or something with numbered items, got int"):
        utils.split_dataset(3, left_size=0.5)
