from __future__ import annotations

import numpy as np
import pytest
import shapely

from cloudrobust.errors import InputError
from cloudrobust.parcels import TileCoverage, assign_tiles
from cloudrobust.parcels.tiles import mark_outside, share_inside
from cloudrobust.scenes.grid import Grid

LEFT, TOP = 600000.0, 5400000.0


def square(x: float, y: float, side: float = 50) -> shapely.Polygon:
    """A square whose upper left corner lies x to the right of and y below the tile's."""
    return shapely.box(LEFT + x, TOP - y - side, LEFT + x + side, TOP - y)


def test_all_windows_cover_the_same_ground(make_parcels, make_grid):
    coverage = TileCoverage.build(make_parcels([square(70, 130), square(330, 410)]), make_grid())
    boxes = [operator.geobox.boundingbox for _, operator in coverage.groups]
    assert len(boxes) == 3
    assert len(set(boxes)) == 1
    assert tuple(boxes[0]) == (LEFT + 60, TOP - 480, LEFT + 420, TOP - 120)  # snapped to 60 m
    assert coverage.window("B01").width == 6
    assert coverage.window("B11").col_off == 3
    assert coverage.window("B02").row_off == 12
    with pytest.raises(KeyError):
        coverage.window("SCL")


def test_grids_that_do_not_nest_get_windows_of_their_own(make_parcels, make_geobox):
    grid = Grid("32UPU", {"B02": make_geobox(100, 100), "B01": make_geobox(20, 20, (60, 60), left=LEFT - 7)})
    coverage = TileCoverage.build(make_parcels([square(100, 100)]), grid)
    assert coverage.window("B02").width == 5
    assert coverage.window("B01").width == 2
    assert coverage.of("B01").whole[0] == pytest.approx(2500 / 3600)
    assert coverage.finest.whole[0] == pytest.approx(25)


def test_a_parcel_across_the_edge_is_outside_unless_the_share_allows_it(make_parcels, make_grid):
    parcels = make_parcels([square(100, 100), square(1170, 100), square(-60, 0), square(2000, 2000)])
    coverage = TileCoverage.build(parcels, make_grid())
    assert coverage.parcels.tolist() == ["p000"]
    assert coverage.outside["parcel"].tolist() == ["p001", "p002", "p003"]
    assert coverage.outside["inside"].tolist() == pytest.approx([0.6, 0, 0])
    assert coverage.outside["reason"].tolist() == [
        "less than the required share inside 32UPU",
        "outside 32UPU",
        "outside 32UPU",
    ]
    loose = TileCoverage.build(parcels, make_grid(), minimum_inside=0.5)
    assert loose.parcels.tolist() == ["p000", "p001"]
    assert loose.inside.tolist() == pytest.approx([1, 0.6])
    assert loose.finest.whole.tolist() == pytest.approx([25, 15])
    assert TileCoverage.build(parcels, make_grid(), minimum_inside=0).parcels.tolist() == ["p000", "p001"]


def test_excluded_parcels_are_not_covered(make_parcels, make_grid):
    parcels = make_parcels([square(100, 100), square(200, 200), square(300, 300)])
    parcels["status"] = ["usable", "excluded", "unlabelled"]
    assert TileCoverage.build(parcels, make_grid()).parcels.tolist() == ["p000", "p002"]


def test_parcels_are_reprojected_to_the_tile(make_parcels, make_grid):
    parcels = make_parcels([square(100, 100)])
    other = parcels.to_crs("EPSG:3035")
    other["interior"] = other["interior"].to_crs("EPSG:3035")
    coverage = TileCoverage.build(other, make_grid())
    assert coverage.finest.whole[0] == pytest.approx(25, rel=1e-4)


def test_saving_and_loading_changes_nothing(make_parcels, make_grid, tmp_path):
    parcels = make_parcels([square(100, 100), square(333, 217), square(5000, 0)])
    coverage = TileCoverage.build(parcels, make_grid())
    coverage.save(tmp_path / "32UPU.npz")
    again = TileCoverage.load(tmp_path / "32UPU.npz")
    assert again.tile == "32UPU"
    assert again.parcels.tolist() == coverage.parcels.tolist()
    np.testing.assert_array_equal(again.inside, coverage.inside)
    assert again.outside.equals(coverage.outside)
    for (bands, operator), (other_bands, other) in zip(coverage.groups, again.groups, strict=True):
        assert bands == other_bands
        assert operator.window == other.window
        assert operator.geobox == other.geobox
        assert (operator.weights != other.weights).nnz == 0


def test_a_tile_without_parcels_is_a_valid_coverage(make_parcels, make_grid, tmp_path):
    coverage = TileCoverage.build(make_parcels([square(5000, 0)]), make_grid())
    coverage.save(tmp_path / "empty.npz")
    again = TileCoverage.load(tmp_path / "empty.npz")
    assert len(again) == 0
    assert again.finest.weights.shape == (0, 0)
    assert again.outside["parcel"].tolist() == ["p000"]


def test_a_parcel_belongs_to_the_tile_that_holds_it_fully(make_parcels, make_grid):
    grids = {"32UQU": make_grid("32UQU", left=LEFT + 600), "32UPU": make_grid("32UPU")}
    parcels = make_parcels([square(100, 0), square(580, 0), square(900, 0), square(1170, 0), square(1500, 0)])
    owners = assign_tiles(parcels, grids)
    # 900 m lies in both: the first by name; 580 m only in the one, 1170 m only in the other.
    assert owners.to_dict() == {"p000": "32UPU", "p001": "32UPU", "p002": "32UPU", "p003": "32UQU", "p004": "32UQU"}
    assert assign_tiles(parcels, dict(reversed(grids.items()))).equals(owners)
    coverages = [TileCoverage.build(parcels, grid, owners=owners) for grid in grids.values()]
    assert sorted(np.concatenate([c.parcels for c in coverages]).tolist()) == parcels["parcel"].tolist()
    reasons = coverages[0].outside.set_index("parcel")["reason"]
    assert reasons["p002"] == "belongs to another tile than 32UQU"


def test_of_several_tiles_the_one_with_most_of_a_parcel_owns_it(make_parcels, make_grid):
    grids = {"32UPU": make_grid("32UPU", side=600), "32UQU": make_grid("32UQU", left=LEFT + 600, side=600)}
    parcels = make_parcels([square(580, 0)])
    assert assign_tiles(parcels, grids, minimum_inside=0.5).to_dict() == {"p000": "32UQU"}
    with pytest.raises(InputError):
        assign_tiles(parcels, grids, minimum_inside=0.7)


def test_parcels_in_no_tile_are_told_with_where_they_are(make_parcels, make_grid):
    with pytest.raises(
        InputError, match=r"parcels\.file: none of its 1 measurable parcels lies in tile 32UPU; they span longitude 1"
    ):
        assign_tiles(make_parcels([square(99000, 0)]), {"32UPU": make_grid()})


def test_parcels_outside_are_excluded_with_the_reason(make_parcels, make_grid):
    parcels = make_parcels([square(100, 100), square(1170, 0), square(5000, 0)])
    marked, owners = mark_outside(parcels, {"32UPU": make_grid()})
    assert marked["status"].tolist() == ["usable", "excluded", "excluded"]
    assert marked["reason"].tolist() == ["", "less than the required share inside 32UPU", "outside 32UPU"]
    assert owners.to_dict() == {"p000": "32UPU"}
    assert parcels["status"].tolist() == ["usable"] * 3


def test_the_share_inside_is_that_of_the_area(make_parcels, make_grid):
    triangle = shapely.Polygon([(LEFT - 50, TOP - 100), (LEFT + 50, TOP - 100), (LEFT + 50, TOP - 200)])
    shapes = make_parcels([triangle, square(0, 0), square(1150, 1150)])["interior"]
    np.testing.assert_allclose(share_inside(shapes, make_grid()), [0.75, 1, 1])
