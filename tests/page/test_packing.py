"""What travels inside the page comes out of it unchanged."""

from __future__ import annotations

import base64
import gzip
import json

import geopandas as gpd
import numpy as np
import pytest
import shapely

from cloudrobust.report.page.packing import MISSING, integers, outlines, packed


def unpacked(text: str) -> object:
    return json.loads(gzip.decompress(base64.b64decode(text)))


def test_json_comes_back_and_the_same_text_each_time() -> None:
    value = {"name": "Ä & <b>", "list": [1, None, 2.5]}
    assert unpacked(packed(value)) == value
    assert packed(value) == packed(value)


def test_numbers_are_rounded_missing_ones_stay_missing_and_large_ones_are_cut() -> None:
    text = integers([0.1234, np.nan, -0.5, 99.0], 1000)
    assert np.frombuffer(base64.b64decode(text), "<i2").tolist() == [123, MISSING, -500, 32767]


def rings(found: dict, number: int) -> list[np.ndarray]:
    return [np.cumsum(np.reshape(ring, (-1, 2)), axis=0) / 10 for ring in found["rings"][number]]


def test_outlines_come_back_in_metres_from_the_corner() -> None:
    hole = shapely.box(100, 100, 200, 200).difference(shapely.box(140, 140, 160, 160))
    frame = gpd.GeoDataFrame(geometry=[shapely.box(10, 20, 60, 90), hole, None], crs=32632)
    found = outlines(frame)
    assert (found["corner"], found["size"], found["epsg"]) == ([10, 20], [190, 180], 32632)
    (first,) = rings(found, 0)
    assert shapely.Polygon(first).equals(shapely.box(0, 0, 50, 70))
    outer, inner = rings(found, 1)
    assert shapely.Polygon(outer, [inner]).area == pytest.approx(hole.area)
    assert found["rings"][2] == []


def test_points_become_discs_that_can_be_clicked() -> None:
    frame = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0, 1000], [0, 0]), crs=32632)
    for number in (0, 1):
        (ring,) = rings(outlines(frame), number)
        assert shapely.Polygon(ring).area > 50
