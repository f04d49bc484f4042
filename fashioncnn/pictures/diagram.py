"""A model's boxes and arrows drawn by matplotlib, where Graphviz is not installed.

Boxes lie on ranks, each below those whose arrows end at it. An arrow that passes a rank has a place of its own there,
so that it goes around the boxes. On a rank places are sorted by the middle of what leads to them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from fashioncnn.pictures.boxes import Box, Diagram
from fashioncnn.pictures.picture import Picture

LETTER, LINE = 0.085, 0.2  # inches of a letter's width, of a line's height, at 9 points
GAP, RANK_GAP = 0.3, 0.35  # between places on a rank, between ranks


_At = tuple[int, int]  # a rank, and the number of a place on it


class _Place(NamedTuple):
    """A box, or where an arrow passes a rank."""

    box: int | None
    width: float
    height: float


def draw(diagram: Diagram, rankdir: str = "TB") -> Picture:
    """The picture.

    Args:
        diagram: The boxes and arrows.
        rankdir: "TB", "LR", "BT" or "RL": where ranks go to.
    """
    sideways = rankdir in ("LR", "RL")
    ranks, lines = _ranks(diagram, sideways)
    breadth = max(sum(place.width + GAP for place in rank) for rank in ranks)
    depths = [max(place.height for place in rank) + RANK_GAP for rank in ranks]
    centers: list[list[tuple[float, float]]] = []
    down = 0.0
    for rank, depth in zip(ranks, depths, strict=True):
        across = (breadth - sum(place.width + GAP for place in rank)) / 2
        row = []
        for place in rank:
            row.append((across + (place.width + GAP) / 2, down + depth / 2))
            across += place.width + GAP
        centers.append(row)
        down += depth

    width, height = (down, breadth) if sideways else (breadth, down)
    picture = Picture(width + 0.2, height + 0.2)
    picture.set_layout_engine("none")
    axes = picture.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-0.1, width + 0.1), ylim=(height + 0.1, -0.1))
    axes.set_axis_off()

    def at(rank: int, index: int, shift: float = 0.0) -> tuple[float, float]:
        across, along = centers[rank][index]
        height = ranks[rank][index].height if ranks[rank][index].box is not None else depths[rank] - RANK_GAP
        along += shift * height / 2
        if rankdir in ("BT", "RL"):
            along = down - along
        return (along, across) if sideways else (across, along)

    def line(begin: tuple[float, float], end: tuple[float, float], head: str) -> None:
        axes.annotate("", end, begin, arrowprops={"arrowstyle": head, "color": "black", "shrinkA": 0, "shrinkB": 0})

    for start, end in lines:
        goes_on = ranks[end[0]][end[1]].box is None
        line(at(*start, 1), at(*end, -1), "-" if goes_on else "-|>")
    for r, rank_places in enumerate(ranks):
        for i, place in enumerate(rank_places):
            if place.box is None:
                line(at(r, i, -1), at(r, i, 1), "-")
            else:
                size = (place.height, place.width) if sideways else (place.width, place.height)
                _draw_box(axes, diagram.boxes[place.box], at(r, i), size)
    return picture


def _draw_box(axes: Any, box: Box, center: tuple[float, float], size: tuple[float, float]) -> None:
    from matplotlib.patches import Rectangle

    (x, y), (width, height) = center, size
    left, top = x - width / 2, y - height / 2
    colors = {None: "#1f3044", True: "forestgreen", False: "firebrick"}
    axes.add_patch(Rectangle((left, top), width, height, facecolor="white", edgecolor="black"))
    axes.add_patch(Rectangle((left, top), width, LINE * 1.4, facecolor=colors[box.trainable], edgecolor="black"))
    axes.text(x, top + LINE * 0.7, box.title, ha="center", va="center", color="white", fontsize=9, weight="bold")
    for number, (name, value) in enumerate(box.lines):
        axes.text(x, top + LINE * (2.0 + number), f"{name}: {value}", ha="center", va="center", fontsize=8)


def _size(box: Box) -> tuple[float, float]:
    letters = max([len(box.title) + 1, *(len(name) + len(value) + 2 for name, value in box.lines)])
    return letters * LETTER + 0.2, LINE * (1.4 + (len(box.lines) + 0.2 if box.lines else 0))


def _ranks(diagram: Diagram, sideways: bool) -> tuple[list[list[_Place]], list[tuple[_At, _At]]]:
    """The places on each rank, and the lines between places of ranks that follow each other."""
    count = len(diagram.boxes)
    ranks_of = [0] * count
    for _ in range(count):  # boxes may be listed before those that lead to them
        for start, end in diagram.arrows:
            ranks_of[end] = max(ranks_of[end], ranks_of[start] + 1)
    places: list[_Place] = []
    rank_of_place: list[int] = []
    for number, box in enumerate(diagram.boxes):
        width, height = _size(box)
        places.append(_Place(number, height, width) if sideways else _Place(number, width, height))
        rank_of_place.append(ranks_of[number])
    parents: dict[int, list[int]] = {}
    for start, end in diagram.arrows:
        before = start
        for rank in range(ranks_of[start] + 1, ranks_of[end]):
            places.append(_Place(None, 0.15, 0.0))
            rank_of_place.append(rank)
            parents.setdefault(len(places) - 1, []).append(before)
            before = len(places) - 1
        parents.setdefault(end, []).append(before)

    rows: list[list[int]] = [[] for _ in range(max(ranks_of) + 1)]
    for number, rank in enumerate(rank_of_place):
        rows[rank].append(number)
    index: dict[int, int] = {}
    for row in rows:
        middles = {n: [index[p] / max(len(rows[rank_of_place[p]]) - 1, 1) for p in parents.get(n, ())] for n in row}
        row.sort(key=lambda n: sum(middles[n]) / len(middles[n]) if middles[n] else 0.5)
        index.update({number: i for i, number in enumerate(row)})
    lines = [((rank_of_place[parent], index[parent]), (rank_of_place[number], index[number]))
             for number, of_number in parents.items() for parent in of_number]
    return [[places[number] for number in row] for row in rows], lines
