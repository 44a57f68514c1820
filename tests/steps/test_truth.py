"""The true sky as mask and the true ground as interpolation, on a small simulated archive."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource

from cloudrobust.config.sources import SimulatorSource
from cloudrobust.config.steps import Interpolate, Mask
from cloudrobust.errors import InputError
from cloudrobust.parcels.tiles import TileCoverage
from cloudrobust.scenes import open_scene
from cloudrobust.scenes.fetch import describe
from cloudrobust.scenes.index import to_index
from cloudrobust.scenes.simulator import read_truth
from cloudrobust.scenes.simulator.acquisitions import at
from cloudrobust.scenes.simulator.source import SimulatedArchive
from cloudrobust.steps.interpolate import apply as interpolate
from cloudrobust.steps.mask import mask_scenes
from cloudrobust.steps.true_ground import apply as true_ground

from .made import series

TILE = "32UPU"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> SimulatedArchive:
    return SimulatedArchive(SimulatorSource(store=tmp_path_factory.mktemp("truth"), size=1200, parcels=24))


@pytest.fixture(scope="module")
def parcels(archive: SimulatedArchive) -> gpd.GeoDataFrame:
    found = archive.renderer.landscape.parcels
    return found.assign(status="usable", interior=found.geometry.buffer(-10)).set_geometry("interior")


@pytest.fixture(scope="module")
def coverage(archive: SimulatedArchive, parcels: gpd.GeoDataFrame) -> TileCoverage:
    return TileCoverage.build(parcels, archive.grid(TILE))


def cloudiest(archive: SimulatedArchive) -> Path:
    """The L1C product of the first date in May that is partly cloudy."""
    for found in archive.search(TILE, "L1C", date(2022, 5, 1), date(2022, 6, 30)):
        path = archive.fetch(found)
        classes = read_truth(archive.truth_path(TILE, found.time)).classes
        if 0.05 < np.isin(classes, (1, 2, 3)).mean() < 0.95:
            return path
    raise AssertionError("every date is wholly clear or cloudy")


def test_the_true_sky_masks_every_pixel_that_it_touches(
    archive: SimulatedArchive, coverage: TileCoverage, tmp_path: Path
) -> None:
    scene = open_scene(cloudiest(archive))
    classes = read_truth(archive.truth_path(TILE, scene.time)).classes
    index = to_index([describe(scene.path, archive.store)])
    for wanted in ((1, 2, 3), (3,)):
        folder = tmp_path / str(len(wanted))
        step = Mask.model_validate({"methods": [{"do": "truth", "classes": list(wanted)}]})
        masked = mask_scenes(index, step, coverage, archive.store, folder)
        with rasterio.open(folder / masked["mask"].iloc[0]) as file:
            found = file.read(1).astype(bool)
        window = coverage.window("B8A")
        for row in range(found.shape[0]):
            for column in range(found.shape[1]):
                top, left = 2 * (window.row_off + row), 2 * (window.col_off + column)
                assert found[row, column] == np.isin(classes[top : top + 2, left : left + 2], wanted).any()
    assert 0 < found.mean() < 1  # of shadow alone


def test_a_scene_without_truth_is_named(archive: SimulatedArchive, coverage: TileCoverage, tmp_path: Path) -> None:
    scene = open_scene(cloudiest(archive))
    truth = archive.truth_path(TILE, scene.time)
    index = to_index([describe(scene.path, archive.store)])
    truth.rename(truth.with_suffix(".away"))
    try:
        with pytest.raises(InputError, match=f"mask truth: scene {scene.id} has no true sky"):
            mask_scenes(index, Mask(method="truth"), coverage, archive.store, tmp_path / "masks")
    finally:
        truth.with_suffix(".away").rename(truth)


def test_the_true_ground_is_what_exactextract_finds_in_the_landscape(
    archive: SimulatedArchive, parcels: gpd.GeoDataFrame, coverage: TileCoverage
) -> None:
    shapes = parcels[~parcels["interior"].is_empty][["parcel", "interior"]]
    names = parcels["parcel"].astype(str).tolist()
    bands = ("B02", "B8A", "B09")
    times = pd.date_range("2022-05-01T10:20", "2022-06-30", freq="10D")
    window = {"time_coverage_start": "2022-05-01", "time_coverage_end": "2022-06-30"}
    empty = series(times, np.full((len(names), times.size, 3), 0.5), bands, **window).assign_coords(parcel=names)
    step = Interpolate(method="truth", every="20d")
    result = true_ground(empty, step, archive, coverage)
    assert [str(day.date()) for day in result["time"].to_index()] == ["2022-05-01", "2022-05-21", "2022-06-10",
                                                                      "2022-06-30"]  # fmt: skip
    grids = archive.grid(TILE)
    for day in (date(2022, 5, 1), date(2022, 6, 10)):
        images = archive.true_ground(day, bands)
        for band in bands:
            box = next(geobox for geobox, members in grids.groups() if band in members).boundingbox
            raster = NumPyRasterSource(
                images[band].astype(float), xmin=box.left, ymin=box.bottom, xmax=box.right, ymax=box.top,
                srs_wkt=parcels.crs.to_wkt(),
            )  # fmt: skip
            means = exact_extract(raster, shapes, ["mean"], output="pandas",
                                  include_cols=["parcel"]).set_index("parcel")["mean"]  # fmt: skip
            own = result["reflectance"].sel(band=band, time=np.datetime64(day)).to_series()
            np.testing.assert_allclose(own[coverage.parcels], means[coverage.parcels], atol=2e-6)
    assert (result["filled_fraction"].dropna("parcel") == 0).all()
    held = result.sel(parcel=coverage.parcels)
    assert (held["observed"] == 1).all()
    assert (held["observation_distance"] == 0).all()


def test_on_the_day_of_a_pass_it_is_the_ground_below_its_products(archive: SimulatedArchive) -> None:
    found = archive.search(TILE, "L2A", date(2022, 6, 1), date(2022, 6, 30))[0]
    surface = archive.renderer.surface(at(archive.config, found.time), "B08")
    ground = archive.true_ground(found.time.date(), ["B08"])["B08"]
    # Another orbit passes ten minutes earlier or later.
    np.testing.assert_allclose(ground, surface, atol=0.01)


def test_only_the_simulator_knows_the_ground() -> None:
    cube = series(pd.date_range("2022-05-01", periods=4, freq="10D"), np.full((2, 4, 3), 0.5))
    with pytest.raises(InputError, match="only the simulator knows the true ground"):
        interpolate(cube, Interpolate(method="truth"))
