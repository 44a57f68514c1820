from __future__ import annotations

from pathlib import Path

import pytest
from affine import Affine
from odc.geo.geobox import GeoBox

from cloudrobust.errors import InputError
from cloudrobust.scenes.bands import BANDS
from cloudrobust.scenes.grid import Grid

from .small_scenes import small_geoboxes

# the real grid of the Slovenian files, and one that is turned, with values that have no short decimal form
ODD = GeoBox(
    (101, 100),
    Affine(9.99479222007154, 0.0, 465181.0522318204, 0.0, -9.997448467363668, 5080254.63349641),
    "EPSG:32633",
)
TURNED = GeoBox((7, 5), Affine(1 / 3, 0.1, 1e-7, 0.2, -2 / 3, 123456.78901234567), "EPSG:2154")


def test_odd_grids_survive_the_file_to_the_last_bit(tmp_path: Path) -> None:
    grid = Grid("33TVM", {"B02": ODD, "SCL": TURNED})
    grid.to_json(tmp_path / "grid.json")
    again = Grid.from_json(tmp_path / "grid.json")
    assert again == grid
    assert tuple(again.geoboxes["B02"].affine) == tuple(ODD.affine)
    assert tuple(again.geoboxes["SCL"].affine) == tuple(TURNED.affine)
    assert again.geoboxes["SCL"].shape == (7, 5)


def test_bands_of_equal_grids_form_one_group_finest_first() -> None:
    groups = Grid("32UPU", small_geoboxes()).groups()
    assert [bands for _, bands in groups] == [
        ("B02", "B03", "B04", "B08"),
        ("B05", "B06", "B07", "B8A", "B11", "B12"),
        ("B01", "B09", "B10"),
    ]
    assert [box.shape[0] for box, _ in groups] == [120, 60, 20]


def test_all_bands_on_one_grid_form_one_group() -> None:
    assert Grid("33TVM", dict.fromkeys(BANDS, ODD)).groups() == [(ODD, BANDS)]


def test_groups_hold_only_the_bands_asked_for() -> None:
    groups = Grid("32UPU", small_geoboxes()).groups(["B12", "SCL", "B02"])
    assert [bands for _, bands in groups] == [("B02",), ("B12", "SCL")]


def test_check_names_the_product_whose_band_lies_elsewhere() -> None:
    grid = Grid("32UPU", small_geoboxes())
    grid.check(small_geoboxes(), "X.SAFE")
    with pytest.raises(InputError, match=r"X\.SAFE: band B02 has the grid"):
        grid.check({"B02": grid.geoboxes["B02"].pad(1)}, "X.SAFE")


def test_missing_or_broken_grid_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json"):
        Grid.from_json(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text('{"tile": "32UPU"}')
    with pytest.raises(InputError, match=r"bad\.json: is no grid file"):
        Grid.from_json(tmp_path / "bad.json")
