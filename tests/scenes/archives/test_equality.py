"""The same scenes, and the same series to the last digit, whichever service they come from."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import xarray as xr
from rasterio.windows import Window

from cloudrobust.parcels.aggregate import observe
from cloudrobust.parcels.tiles import TileCoverage
from cloudrobust.scenes import open_scene
from cloudrobust.scenes.area import Area
from cloudrobust.scenes.fetch import fetch_month
from cloudrobust.scenes.grid import Grid
from cloudrobust.scenes.index import read_index, write_index
from cloudrobust.scenes.source import Source

from .conftest import FIRST, LAST, MONTH, TILE, Archive, Service


def observations(source: Source, parcels: gpd.GeoDataFrame, grid: Grid, level: str, folder: Path) -> xr.Dataset:
    """The month's series of a level, by way of the index's file."""
    index = folder / f"{level}.parquet"
    write_index(fetch_month(source, TILE, level, MONTH, FIRST, LAST), index)
    coverage = TileCoverage.build(parcels, grid)
    return observe(read_index(index), coverage, getattr(source, "store", None), chain=level)


@pytest.fixture(scope="module")
def parcels(made: Archive) -> gpd.GeoDataFrame:
    """Usable parcels, as read_parcels gives them."""
    frame = made.parcels.loc[made.area.shapes.index]
    inner = frame.geometry.buffer(-10)
    return frame.assign(status="usable", interior=inner)[~inner.is_empty]


@pytest.mark.parametrize("service", ["safe", "stac", "sentinelhub"], indirect=True)
def test_every_service_gives_the_series_of_the_simulators_own_files(
    service: Service, made: Archive, parcels: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    source = service.make(Area(parcels.geometry), **({} if service.kind == "safe" else {"margin": 0}))
    grid, own = source.grid(TILE), made.source.grid(TILE)
    assert grid.geoboxes == own.geoboxes
    for level in ("L1C", "L2A"):
        ours = observations(source, parcels, grid, level, tmp_path / "fetched")
        expected = observations(made.source, parcels, own, level, tmp_path / "own")
        assert ours.sizes["time"] == 3
        assert ours.sizes["parcel"] > 10
        assert np.isfinite(ours["reflectance"]).all()
        xr.testing.assert_identical(ours.drop_attrs(), expected.drop_attrs())


@pytest.mark.parametrize("service", ["stac", "sentinelhub"], indirect=True)
def test_pixels_are_those_of_the_files_to_the_last_number(service: Service, made: Archive) -> None:
    source = service.make()
    for level in ("L1C", "L2A"):
        for row in fetch_month(source, TILE, level, MONTH, FIRST, LAST).itertuples():
            scene = open_scene(row, source.store)  # type: ignore[attr-defined]
            original = open_scene(made.source.folder / f"{row.id}.SAFE")
            assert scene.geoboxes == original.geoboxes
            assert scene.bands == original.bands
            windows = {band: scene.window(band) for band in scene.bands}
            assert windows["B02"].width < original.geoboxes["B02"].shape.x
            for band, window in windows.items():
                ours, theirs = scene.read(band, window), original.read(band, window)
                np.testing.assert_array_equal(ours.data, theirs.data)
                np.testing.assert_array_equal(ours.mask, theirs.mask)
            if level == "L2A":
                w = scene.window("SCL")
                np.testing.assert_array_equal(scene.read_classification(w), original.read_classification(w))
            known = ("id", "level", "tile", "time", "platform", "orbit", "baseline")
            assert [getattr(scene, k) for k in known] == [getattr(original, k) for k in known]
            assert (row.offset, row.quantification) == (original.metadata.offset, original.metadata.quantification)
            assert row.cloud_cover == original.metadata.cloud_cover


@pytest.mark.parametrize("service", ["sentinelhub"], indirect=True)
def test_sentinel_hub_brings_the_cloud_probability(service: Service, made: Archive) -> None:
    source = service.make()
    row = next(fetch_month(source, TILE, "L2A", MONTH, FIRST, LAST).itertuples())
    scene, original = open_scene(row, source.store), open_scene(made.source.folder / f"{row.id}.SAFE")  # type: ignore[attr-defined]
    window = scene.window("CLD")
    np.testing.assert_array_equal(scene.read_cloud_probability(window), original.read_cloud_probability(window))


@pytest.mark.parametrize("service", ["stac"], indirect=True)
def test_reading_beyond_the_stored_window_says_so(service: Service) -> None:
    source = service.make()
    row = next(fetch_month(source, TILE, "L2A", MONTH, FIRST, LAST).itertuples())
    scene = open_scene(row, source.store)  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=r"only rows 0 to \d+ and columns 0 to \d+ is stored.*source\.margin"):
        scene.read("B02", Window(180, 180, 5, 5))
    with pytest.raises(ValueError, match="only rows"):
        scene.read("B02")
