"""Parcels by crop and by part."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from cloudrobust.report.figures.parcels import PARTS, parcels_figure
from cloudrobust.report.palette import class_colours
from cloudrobust.report.style import save


@pytest.fixture
def figure(parcels, split):
    return parcels_figure(parcels, split, block=400.0)


def test_every_parcel_has_the_colour_of_its_class(figure, parcels, with_gid):
    (collection,) = with_gid(figure, "classes")
    usable = parcels[parcels["status"] == "usable"]
    colours = class_colours(set(usable["class"]))
    np.testing.assert_allclose(collection.get_facecolor(), [to_rgba(colours[c]) for c in usable["class"]])


def test_the_legend_counts_every_parcel_once(figure, parcels):
    words = [
        text.get_text() for legend in (figure.legends[0], figure.axes[0].get_legend()) for text in legend.get_texts()
    ]
    usable = parcels[parcels["status"] == "usable"]["class"].value_counts()
    assert words[0] == f"sugar beet ({usable['sugar beet']})"  # the largest class first
    assert {"excluded (2)", "without label (1)"} <= set(words)
    assert sum(int(word.split("(")[1].rstrip(")")) for word in words) == 36


def test_every_part_is_shown_with_its_count(figure, split, with_gid):
    for part, colour in PARTS.items():
        (collection,) = with_gid(figure, part)
        assert len(collection.get_paths()) == (split["part"] == part).sum()
        assert to_rgba(colour) == pytest.approx(tuple(collection.get_facecolor()[0]))
    words = [text.get_text() for text in figure.axes[1].get_legend().get_texts()]
    assert words == [f"{part} ({(split['part'] == part).sum()})" for part in PARTS]


def test_blocks_of_test_and_validation_enclose_their_parcels(figure, parcels, split, with_gid):
    blocks = with_gid(figure, "block")
    held_out = split[split["part"] != "train"]
    assert len(blocks) == held_out["block"].nunique()
    west, south, *_ = parcels.total_bounds
    where = parcels.set_index("parcel").geometry.representative_point().loc[held_out["parcel"]]
    for point in where:
        x, y = (point.x - west) / 1000, (point.y - south) / 1000
        inside = [b for b in blocks if 0 <= x - b.get_x() <= b.get_width() and 0 <= y - b.get_y() <= b.get_height()]
        assert len(inside) == 1


def test_excluded_parcels_are_hatched_on_both_maps(figure, with_gid):
    collections = with_gid(figure, "excluded")
    assert [len(c.get_paths()) for c in collections] == [2, 2]
    assert all(c.get_hatch() for c in collections)


def test_a_split_without_blocks_has_no_outlines(parcels, split, with_gid):
    assert with_gid(parcels_figure(parcels, split.assign(block=""), block=400.0), "block") == []


def test_parcels_without_position_are_said_to_be_missing(parcels, split):
    parcels.loc[3, "geometry"] = None
    figure = parcels_figure(parcels, split)
    words = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert "not drawn: 1 without position" in words


def test_the_same_parcels_give_the_same_bytes(parcels, split, tmp_path):
    one, two = (save(parcels_figure(parcels, split, 400.0), tmp_path / name) for name in ("one", "two"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
