from __future__ import annotations

import geopandas as gpd
import pytest
from rasterio.windows import Window
from shapely.geometry import Point, box

from cloudrobust.scenes.area import Area, covering, holds, union

from .small_scenes import small_geoboxes

GRIDS = small_geoboxes()  # 1200 m from (600000, 5400000) downwards


def area(*boxes: tuple[float, float, float, float], margin: float = 0.0) -> Area:
    return Area(gpd.GeoSeries([box(*b) for b in boxes], crs="EPSG:32632"), margin)


def bounds(window: Window, side: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom in metres from the corner."""
    return tuple(
        side * n
        for n in (window.col_off, window.row_off, window.col_off + window.width, window.row_off + window.height)
    )  # type: ignore[return-value]


def test_windows_of_all_grids_cover_the_ground_of_the_coarsest() -> None:
    windows = area((600130, 5399810, 600290, 5399860)).windows(GRIDS.values())
    assert {bounds(windows[GRIDS[band]], side) for band, side in (("B02", 10), ("B05", 20), ("B01", 60))} == {
        (120, 120, 300, 240)
    }


def test_margin_grows_the_window_up_to_the_edge_of_the_grid() -> None:
    windows = area((600130, 5399810, 600290, 5399860), margin=130).windows(GRIDS.values())
    assert bounds(windows[GRIDS["B02"]], 10) == (0, 0, 420, 360)


def test_parcels_on_exact_pixel_edges_take_no_further_pixel() -> None:
    assert covering((600060, 5399820, 600120, 5399940), GRIDS["B01"]) == Window(1, 1, 1, 2)


@pytest.mark.parametrize(
    "shapes",
    [
        gpd.GeoSeries([], crs="EPSG:32632"),
        gpd.GeoSeries([Point(0, 0).buffer(0)], crs="EPSG:32632"),
        gpd.GeoSeries([box(700000, 5399000, 700100, 5399100)], crs="EPSG:32632"),
    ],
    ids=["none", "empty", "elsewhere"],
)
def test_a_tile_without_parcels_has_empty_windows(shapes: gpd.GeoSeries) -> None:
    windows = Area(shapes).windows(GRIDS.values())
    assert {(w.width, w.height) for w in windows.values()} == {(0, 0)}


def test_parcels_in_another_coordinate_system_cover_the_same_window() -> None:
    metres = area((600130, 5399810, 600290, 5399860))
    degrees = Area(metres.shapes.to_crs("EPSG:4326"), 0)
    assert degrees.windows(GRIDS.values()) == metres.windows(GRIDS.values())


def test_holds_and_union_agree() -> None:
    one, other = Window(2, 3, 4, 5), Window(5, 1, 3, 4)
    both = union(one, other)
    assert both == Window(2, 1, 6, 7)
    assert holds(both, one)
    assert holds(both, other)
    assert not holds(one, other)
    assert holds(one, Window(0, 0, 0, 0))
    assert union(one, Window(0, 0, 0, 0)) == one
