from __future__ import annotations

from pathlib import Path

import pytest
from odc.geo.geobox import GeoBox
from shapely.geometry import box

from cloudrobust.errors import InputError
from cloudrobust.scenes.mgrs import SIDE, geoboxes_of, tile_box
from cloudrobust.scenes.safe.metadata import read_metadata


@pytest.mark.parametrize(
    ("tile", "crs", "left", "top"),
    [
        ("32UPU", "EPSG:32632", 600000, 5400000),
        ("33TUK", "EPSG:32633", 300000, 5000040),  # as Sentinel Hub's catalogue documents it
        ("33TVM", "EPSG:32633", 399960, 5200020),
        ("31UFU", "EPSG:32631", 600000, 5900040),
        ("01NAA", "EPSG:32601", 99960, 100020),  # at the equator
    ],
)
def test_tiles_lie_where_the_grid_system_puts_them(tile: str, crs: str, left: int, top: int) -> None:
    assert tile_box(tile) == (crs, left, top - SIDE, left + SIDE, top)


def test_real_products_lie_in_their_tiles(real_data: Path) -> None:
    """The footprints of four real products on both hemispheres lie in the tiles that their names say."""
    for path in (real_data / "safe-metadata").glob("*.xml"):
        metadata = read_metadata(path)
        crs, *bounds = tile_box(metadata.tile)
        height, width = SIDE // 60, SIDE // 60
        grid = geoboxes_of(crs, *bounds)["B01"]
        assert isinstance(grid, GeoBox)
        assert grid.shape == (height, width)
        outline = grid.extent.to_crs("EPSG:4326").geom
        if metadata.footprint.geom_type == "MultiPolygon":  # across 180 degrees
            continue
        # corners in metadata are rounded, and edges of tiles are no straight lines in degrees
        assert outline.buffer(0.01).covers(metadata.footprint)
        assert metadata.footprint.intersects(box(*outline.bounds))


@pytest.mark.parametrize("tile", ["32UPI", "61UPU", "32OPU", "32UAU", "32UPZ", "UPU", "32upu"])
def test_names_of_no_tile_are_refused(tile: str) -> None:
    with pytest.raises(InputError, match="there is no tile"):
        tile_box(tile)
