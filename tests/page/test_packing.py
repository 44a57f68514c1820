"""What travels inside the page comes out of it unchanged."""

from __future__ import annotations

import base64
import gzip
import json

import geopandas as gpd
import numpy as np
import pytest
import shapely

from cloudrobust.report.page.packing import MISSING, Binary, integers, outlines, packed


def unpacked(text: str) -> object:
    """What the page's script does."""
    whole = gzip.decompress(base64.b64decode(text))
    start = 4 + int.from_bytes(whole[:4], "little")

    def revived(value: dict) -> object:
        at = value.get("at")
        return whole[start + at[0] : start + at[0] + at[1]] if isinstance(at, list) else value

    return json.loads(whole[4:start], object_hook=revived)


def numbers(packed_numbers: dict) -> np.ndarray:
    data, lag, block = packed_numbers["data"], packed_numbers["lag"], packed_numbers["block"]
    low, high = np.frombuffer(data, np.uint8).reshape(2, -1)
    out = (low | high.astype(np.uint16) << 8).astype(np.uint16).view(np.int16).copy()
    for i in range(lag, len(out) if lag else 0):
        if i % block >= lag:
            out[i] += out[i - lag]
    return out


def test_json_comes_back_and_the_same_text_each_time() -> None:
    value = {"name": "Ä & <b>", "list": [1, None, 2.5]}
    assert unpacked(packed(value)) == value
    assert packed(value) == packed(value)


def test_numbers_are_rounded_missing_ones_stay_missing_and_large_ones_are_cut() -> None:
    found = unpacked(packed(integers([0.1234, np.nan, -0.5, 99.0], 1000)))
    assert isinstance(found, dict)
    assert numbers(found).tolist() == [123, MISSING, -500, 32767]


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("along", [None, 0, 1, 2])
def test_differences_along_any_axis_come_back(along: int | None) -> None:
    values = np.random.default_rng(0).normal(0, 20, (5, 4, 3))
    values[0, 1, 2] = np.nan
    found = unpacked(packed({"a": "x", "values": integers(values, 1000, along), "b": [Binary(b"abc")]}))
    assert isinstance(found, dict)
    expected = np.where(np.isfinite(values), np.clip(np.round(values * 1000), -32767, 32767), MISSING)
    np.testing.assert_array_equal(numbers(found["values"]), expected.ravel())
    assert found["b"] == [b"abc"]


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
