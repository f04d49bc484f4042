"""Models as pictures: their layers as boxes and arrows, and what notebooks show of them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from fashioncnn import Input, Model, Sequential, layers, utils
from fashioncnn.pictures.boxes import Diagram
from fashioncnn.pictures.diagram import draw


def branched():
    """Two inputs, a shared layer, a way around, a model within, two outputs."""
    one, other = Input((8, 8, 3), name="one"), Input((8, 8, 3), name="other")
    shared = layers.Conv2D(4, 3, padding="same", activation="relu", name="shared")
    total = layers.Add(name="add")([shared(one), shared(other), layers.Conv2D(4, 1, name="side")(one)])
    pool = Sequential([Input((8, 8, 4)), layers.GlobalAveragePooling2D(name="pool"), layers.Dense(2, name="two")],
                      name="head")
    return Model([one, other], [pool(total), layers.Flatten(name="flat")(total)], name="branched")


def names(diagram):
    """The arrows, by the boxes' names."""
    titles = [box.title.partition(" ")[0] for box in diagram.boxes]
    return sorted((titles[start], titles[end]) for start, end in diagram.arrows)


def test_arrows_are_the_models_connections():
    assert names(Diagram(branched(), show_layer_names=True)) == sorted([
        ("one", "shared"), ("other", "shared"), ("one", "side"), ("shared", "add"), ("side", "add"), ("add", "head"),
        ("add", "flat")])


def test_models_within_are_expanded():
    diagram = Diagram(branched(), show_layer_names=True, expand_nested=True)
    assert {("add", "pool"), ("pool", "two"), ("add", "flat")} <= set(names(diagram))
    group, = diagram.groups
    assert [box.title for box in diagram.boxes[group.begin : group.end]] == ["pool (GlobalAveragePooling2D)",
                                                                             "two (Dense)"]
    outer = Sequential([Input((8, 8, 3)), Sequential([layers.Conv2D(2, 3, name="a"), layers.Flatten(name="b")]),
                        layers.Dense(1, name="c")])
    assert names(Diagram(outer, show_layer_names=True, expand_nested=True)) == [("a", "b"), ("b", "c")]


def test_boxes_say_what_is_asked_for():
    model = branched()
    model.get_layer("side").trainable = False
    diagram = Diagram(model, show_shapes=True, show_dtype=True, show_layer_activations=True, show_trainable=True)
    by_name = dict(zip([layer.name for layer in model.layers], diagram.boxes, strict=True))
    assert by_name["shared"] == ("Conv2D", [
        ("Activation", "relu"), ("Input shape", "(None, 8, 8, 3)"), ("Output shape", "(None, 8, 8, 4)"),
        ("Output dtype", "float32")], True)
    assert by_name["side"].trainable is False
    assert by_name["add"].trainable is None
    assert by_name["one"].lines == [("Output shape", "(None, 8, 8, 3)"), ("Output dtype", "float32")]


def test_graphviz_gets_every_box_and_arrow():
    dot = utils.model_to_dot(branched(), show_shapes=True, expand_nested=True)
    text = dot.to_string()
    assert text.count("->") == 8
    assert text.count("Output shape") == 8
    assert "subgraph cluster_head_0" in text
    assert len(dot.get_subgraphs()[0].get_nodes()) == 2
    deep = Sequential([Input((4,)), Sequential([layers.Dense(2), Sequential([layers.Dense(3)], name="c")], name="b")])
    outer, = utils.model_to_dot(deep, expand_nested=True).get_subgraphs()
    inner, = outer.get_subgraphs()
    assert (outer.get_label(), inner.get_label()) == ('"b"', '"c"')
    assert (len(outer.get_nodes()), len(inner.get_nodes())) == (1, 1)


needs_graphviz = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")


@needs_graphviz
@pytest.mark.parametrize("make", [
    branched,
    lambda: Sequential([Input((4,)), layers.Dense(3), layers.Dense(2)]),
    *(lambda name=name: Sequential([Input((4,)), Sequential([layers.Dense(2, name=name)], name=name)], name=name)
      for name in ("<x>", "a<b>|{c}", 'a"b"', "a\\", "a\nb\x01", "größe & 数", "graph")),
])
def test_graphviz_draws(make, tmp_path):
    utils.plot_model(make(), tmp_path / "model.png", show_shapes=True, show_layer_names=True, expand_nested=True,
                     show_layer_activations=True, rankdir="LR", dpi=96)
    with Image.open(tmp_path / "model.png") as image:
        assert image.width > image.height > 50


@needs_graphviz
def test_graphviz_says_what_it_cannot_draw(tmp_path):
    with pytest.raises(ValueError, match="Graphviz made no 'xyz' of the model: Format: \"xyz\" not recognized"):
        utils.plot_model(branched(), tmp_path / "model.xyz")


def test_models_can_be_drawn_side_by_side():
    pydot = pytest.importorskip("pydot")
    both = pydot.Dot()
    for name in ("one", "two"):
        both.add_subgraph(utils.model_to_dot(Sequential([Input((4,)), layers.Dense(3), layers.Dense(2)], name=name),
                                             subgraph=True))
    text = both.to_string()
    for name in ("one", "two"):
        assert f"cluster_{name}" in text
        assert f"{name}_0 -> {name}_1" in text


@pytest.mark.parametrize("rankdir", ["TB", "LR", "BT", "RL"])
def test_matplotlib_draws_boxes_that_do_not_touch(rankdir, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    diagram = Diagram(branched(), show_shapes=True, show_layer_names=True)
    drawn = draw(diagram, rankdir)
    # Each box is two rectangles: itself and its title.
    boxes = [patch.get_bbox() for patch in drawn.axes[0].patches if hasattr(patch, "get_bbox")][::2]
    assert len(boxes) == len(diagram.boxes)
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])
    centers = {box.title.partition(" ")[0]: ((place.x0 + place.x1) / 2, (place.y0 + place.y1) / 2)
               for box, place in zip(diagram.boxes, boxes, strict=True)}
    axis, sign = {"TB": (1, 1), "BT": (1, -1), "LR": (0, 1), "RL": (0, -1)}[rankdir]
    for start, end in names(diagram):
        assert sign * (centers[end][axis] - centers[start][axis]) > 0
    utils.plot_model(branched(), tmp_path / "model.png", rankdir=rankdir, dpi=50)
    with Image.open(tmp_path / "model.png") as image:
        assert image.size == tuple(int(extent * 50) for extent in draw(Diagram(branched()), rankdir).get_size_inches())


def test_what_cannot_be_drawn_says_so(tmp_path):
    with pytest.raises(ValueError, match="has no shapes yet"):
        utils.plot_model(Sequential([layers.Dense(2)]), tmp_path / "model.png")
    with pytest.raises(ValueError, match="layer_range"):
        utils.plot_model(branched(), tmp_path / "model.png", layer_range=["a", "b"])
    with pytest.raises(ValueError, match="rankdir"):
        utils.plot_model(branched(), tmp_path / "model.png", rankdir="XY")
    assert list(tmp_path.iterdir()) == []


def test_the_extra_is_named_where_it_is_missing():
    code = """
import sys
sys.modules.update({"pydot": None, "matplotlib": None})
from fashioncnn import Input, Sequential, layers, utils
model = Sequential([Input((2,)), layers.Dense(1)])
assert "<table" in model._repr_html_()
for draw in (utils.model_to_dot, utils.plot_model):
    try:
        draw(model)
    except ImportError as error:
        assert 'pip install "fashioncnn[plot]"' in str(error), error
    else:
        raise AssertionError(draw)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_notebooks_show_a_table_and_after_training_the_curves():
    model = branched()
    text = re.sub("<[^>]*>", " ", model._repr_html_())
    for word in ("branched", "shared (Conv2D)", "(None, 8, 8, 4)", "Total params", "Connected to", "pool (Global"):
        assert word in text
    assert "<img" not in model._repr_html_()
    chain = Sequential([Input((2,)), layers.Dense(1)], name="a<b")
    assert "a&lt;b" in chain._repr_html_()
    assert "Connected to" not in chain._repr_html_()
    chain.compile("sgd", "mse")
    chain.fit(np.zeros((4, 2)), np.zeros(4), verbose=0)
    assert 'src="data:image/png;base64,iVBOR' in chain._repr_html_()
    assert "?" in Sequential([layers.Dense(2)])._repr_html_()
