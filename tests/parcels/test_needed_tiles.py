"""Tiles that hold a set of parcels: names that ESA uses, and the fewest of them."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from cloudrobust.errors import InputError
from cloudrobust.parcels.needed_tiles import candidates, needed_tiles
from cloudrobust.scenes.mgrs import tile_at, tile_box, zone_of
from cloudrobust.scenes.safe.metadata import read_metadata


def fields(*places: tuple[float, float], crs: int = 4326, side: float = 0.002) -> gpd.GeoSeries:
    return gpd.GeoSeries([shapely.box(x, y, x + side, y + side) for x, y in places], crs=crs)


@pytest.mark.parametrize(
    ("place", "tile"),
    [  # well inside the own square of a tile that ESA's archive has under this name
        ((11.35, 48.40), "32UPU"),
        ((-3.70, 40.42), "30TVK"),
        ((15.62, 48.20), "33UWP"),
        ((12.57, 55.70), "33UUB"),
        ((18.60, -33.60), "34HBH"),
        ((-111.30, 32.22), "12SVA"),
    ],
)
def test_a_field_lies_in_the_tile_that_esa_names(place: tuple[float, float], tile: str) -> None:
    assert needed_tiles(fields(place)) == [tile]


def test_norway_has_wider_zones() -> None:
    assert (zone_of(5.32, 60.39), zone_of(2.9, 60.39), zone_of(5.32, 55.0)) == (32, 31, 31)
    assert [zone_of(x, 78) for x in (8.9, 9.1, 20.9, 21.1, 33.1)] == [31, 33, 33, 35, 37]
    assert zone_of(180.0, 0.0) == 1


@pytest.mark.parametrize("seed", range(4))
def test_names_and_boxes_are_each_others_inverse(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(200):
        zone, south = int(rng.integers(1, 61)), bool(rng.integers(2))
        x, y = float(rng.uniform(2e5, 8e5)), float(rng.uniform(1.2e6, 9.9e6) if south else rng.uniform(0, 9.2e6))
        name = tile_at(zone, south, x, y)
        crs, left, _, _, top = tile_box(name)
        assert crs == f"EPSG:{(32700 if south else 32600) + zone}"
        assert (left, top) == (x // 1e5 * 1e5 // 60 * 60, -(-((y // 1e5 + 1) * 1e5) // 60) * 60)


def squares(*corners: tuple[float, float], side: float = 100.0) -> gpd.GeoSeries:
    """Square fields by their south-west corner in zone 32."""
    return gpd.GeoSeries([shapely.box(x, y, x + side, y + side) for x, y in corners], crs=32632)


def test_one_tile_is_taken_where_one_holds_all() -> None:
    # Two squares, but the field in the eastern one lies in the overlap with the western tile.
    assert needed_tiles(squares((690_000, 5_350_000), (705_000, 5_350_000))) == ["32UPU"]
    assert needed_tiles(squares((690_000, 5_350_000), (715_000, 5_350_000))) == ["32UPU", "32UQU"]


def test_a_field_on_the_edge_of_a_square_is_held_whole() -> None:
    assert needed_tiles(squares((699_950, 5_350_000))) == ["32UPU"]


def test_real_products_hold_the_middle_of_their_footprint(real_data: Path) -> None:
    files = list((real_data / "safe-metadata").glob("*.xml"))
    assert files
    for file in files:
        metadata = read_metadata(file)
        if metadata.footprint.geom_type != "MultiPolygon":  # across 180 degrees
            middle = metadata.footprint.centroid
            held, _ = candidates(fields((middle.x, middle.y)))
            assert metadata.tile in held


def test_fields_on_both_sides_of_a_zone_border() -> None:
    assert len(needed_tiles(fields((11.97, 48.4), (12.03, 48.4)))) == 1
    assert len(needed_tiles(fields((11.0, 48.4), (13.2, 48.4)))) == 2


def test_a_country_is_covered() -> None:
    rng = np.random.default_rng(0)
    many = fields(*zip(rng.uniform(9.5, 13.5, 300), rng.uniform(47.6, 50.2, 300), strict=True))
    tiles = needed_tiles(many)
    assert len(tiles) > 3
    assert {tile[:2] for tile in tiles} <= {"32", "33"}
    held = np.zeros(len(many), bool)
    for tile in tiles:
        crs, *box = tile_box(tile)
        held |= many.to_crs(crs).within(shapely.box(*box)).to_numpy()
    assert held.all()


def test_what_no_tile_holds_is_named() -> None:
    large = squares((600_000, 5_250_000), side=150_000)
    both = gpd.GeoSeries([*squares((650_000, 5_350_000)), *large], crs=32632)
    with pytest.raises(InputError, match="1 lie in no single tile, the first is that in row 1"):
        needed_tiles(both)
    with pytest.raises(InputError, match="no reference system"):
        needed_tiles(both.set_crs(None, allow_override=True))
