"""Five real acquisitions, as `.SAFE` products, against exactextract on the original files."""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from exactextract import exact_extract

from cloudrobust.config.sources import Parcels, RastersSource
from cloudrobust.parcels import TileCoverage, observe, read_parcels
from cloudrobust.parcels.labels import label_parcels
from cloudrobust.parcels.ledger import ledger, reconcile, totals
from cloudrobust.parcels.tiles import mark_outside
from cloudrobust.scenes import open_scene
from cloudrobust.scenes.bands import BANDS
from cloudrobust.scenes.fetch import describe
from cloudrobust.scenes.grid import Grid
from cloudrobust.scenes.index import to_index
from cloudrobust.scenes.rasters.source import RasterSource


@pytest.fixture(scope="module")
def landuse(real_data):
    return Parcels(
        file=real_data / "slovenia-l1c-2015" / "landuse.gpkg",
        id="index",
        label="LULC_NAME",
        buffer=0,
        minimum_inside=0,
        minimum_pixels=0.01,
        minimum_class_size=3,
    )


@pytest.fixture(scope="module")
def observed(landuse, real_data, real_scenes, make_index, make_row, tmp_path_factory):
    """Parcels, coverage and observations of the five acquisitions."""
    products = real_scenes.write_slovenia(tmp_path_factory.mktemp("store"), real_data)
    scenes = [open_scene(path) for path in products]
    grid = Grid(real_scenes.TILE, scenes[0].geoboxes)
    parcels, owners = mark_outside(read_parcels(landuse), {grid.tile: grid}, landuse.minimum_inside)
    coverage = TileCoverage.build(parcels, grid, landuse.minimum_inside, owners)
    index = make_index(*(make_row(s.path, s.tile, s.level, s.time, offset=0) for s in scenes))
    return parcels, coverage, observe(index, coverage, None, chain="L1C", threads=2)


def test_means_and_deviations_equal_exactextract_on_the_originals(observed, real_scenes, real_data):
    parcels, coverage, series = observed
    fields = gpd.GeoDataFrame(
        geometry=parcels.set_index("parcel").loc[coverage.parcels.tolist(), "geometry"].to_numpy(), crs=parcels.crs
    )
    files = real_scenes.slovenia_files(real_data)
    assert series.sizes["time"] == len(files) == 5
    for number, file in enumerate(files):
        with rasterio.open(file) as raster:
            peer = exact_extract(raster, fields, ["mean", "stdev"], output="pandas")
        for place, band in enumerate(BANDS, start=1):
            ours = series.isel(time=number).sel(band=band)
            mean, deviation = (pd.to_numeric(peer[f"band_{place}_{what}"]) / 10000 for what in ("mean", "stdev"))
            # 1e-6 of reflectance is a hundredth of a digital number; single precision resolves 1e-7.
            np.testing.assert_allclose(ours["reflectance"], mean, atol=1e-6, rtol=0, equal_nan=True)
            np.testing.assert_allclose(ours["reflectance_std"], deviation, atol=1e-6, rtol=0, equal_nan=True)


def test_every_one_of_the_88_parcels_is_accounted_for(observed, landuse):
    parcels, coverage, series = observed
    labelled = label_parcels(parcels, landuse)
    assert len(labelled) == 88
    assert (labelled["code"].isna()).sum() == 4
    account = ledger(labelled, owned=dict.fromkeys(coverage.parcels.tolist(), coverage.tile))
    reconcile(account, parcels["parcel"])
    summary = totals(account)
    assert summary.loc[summary["what"].isin(["excluded", "unlabelled", "usable"]), "parcels"].sum() == 88
    assert len(coverage) + len(coverage.outside) == 88
    assert series["parcel"].values.tolist() == coverage.parcels.tolist()
    assert (series["pixel_count"].values > 0).all()


def test_cloudy_dates_are_bright(observed):
    series = observed[2]
    blue = series["reflectance"].sel(band="B02").median("parcel").values
    # 2015-07-31 and 2015-08-20 are cloudy by the data's own description.
    cloudy = np.isin(series["time"].dt.strftime("%m-%d").values, ["07-31", "08-20"])
    assert cloudy.sum() == 2
    assert blue[cloudy].min() > blue[~cloudy].max()


def test_the_files_as_they_lie_give_the_same_as_products_made_of_them(observed, real_scenes, real_data, tmp_path):
    _, coverage, series = observed
    archive = RasterSource(
        RastersSource(
            store=real_data / "slovenia-l1c-2015",
            pattern="{time:%Y%m%d}.tif",
            level="L1C",
            tile=real_scenes.TILE,
            records=tmp_path,
        )
    )
    found = archive.search(real_scenes.TILE, "L1C", date(2015, 1, 1), date(2015, 12, 31))
    index = to_index(describe(archive.fetch(scene)) for scene in found)
    same = observe(index, coverage, None, chain="L1C")
    for variable in ("reflectance", "reflectance_std", "pixel_count", "clear_fraction"):
        np.testing.assert_array_equal(same[variable].values, series[variable].values)
