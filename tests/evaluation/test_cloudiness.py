"""What is known of clouds: truth first, then a mask, then the spectrum, and what nothing knows stays unknown."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
import xarray as xr

from cloudrobust.config.sources import SimulatorSource
from cloudrobust.errors import InputError
from cloudrobust.evaluation.cloudiness import SOURCES, known_clouds, spectra_clouds, true_clouds
from cloudrobust.parcels.tiles import TileCoverage
from cloudrobust.scenes.bands import BANDS
from cloudrobust.scenes.simulator.landscape import TILE, geoboxes
from cloudrobust.scenes.simulator.source import SimulatedArchive
from cloudrobust.scenes.simulator.truth import SHADOW, SNOW, THIN, Truth, write_truth

DAYS = np.array(["2022-01-10T10:20", "2022-04-10T10:20", "2022-07-10T10:20"], "datetime64[ns]")


def cube(values: list[list[float]], parcels: str = "ab", days: np.ndarray = DAYS) -> xr.Dataset:
    return xr.Dataset(
        {"clear_fraction": (("parcel", "time"), np.array(values, np.float32))},
        {"parcel": list(parcels), "time": days},
    )


def test_the_truth_of_a_parcel_is_its_share_without_cloud_shadow_and_snow(tmp_path: Path) -> None:
    config = SimulatorSource(store=tmp_path, size=1800, parcels=70)
    archive = SimulatedArchive(config)
    grid = archive.grid(TILE)
    box = geoboxes(config.size)["B02"]
    west, north = box.affine.c, box.affine.f
    squares = [shapely.box(west + x, north - 400, west + x + 100, north - 300) for x in (300, 600)]
    parcels = gpd.GeoDataFrame(
        {"parcel": ["a", "b"], "status": "usable", "interior": gpd.GeoSeries(squares, crs=str(box.crs))},
        geometry="interior",
    )
    coverage = TileCoverage.build(parcels, grid)
    classes = np.zeros(box.shape, np.uint8)
    classes[30:35, 30:40] = THIN  # the upper half of parcel a
    classes[30:32, 60:65] = SHADOW  # a tenth of parcel b
    classes[38:40, 60:70] = SNOW  # two tenths of it
    time, never = datetime(2022, 1, 10, 10, 20, 31), datetime(2022, 1, 15, 10, 20, 31)
    write_truth(archive.truth_path(TILE, time), Truth(classes, np.zeros(box.shape, np.float32)), box)
    found = true_clouds(archive, [time, never], coverage)
    assert found["time"].values.tolist() == [np.datetime64(time, "ns").astype(int)]
    np.testing.assert_allclose(found["clear_fraction"].values[:, 0], [0.5, 0.7], atol=1e-6)


def test_the_best_source_that_knows_a_date_is_taken() -> None:
    truth = cube([[0.2]], "a", DAYS[:1])
    masked = cube([[0.9, 0.7], [0.6, np.nan]], days=DAYS[:2] + np.timedelta64(20, "s"))
    spectra = cube([[1, 1, 0], [0, 1, np.nan]])
    times = np.concatenate([DAYS, masked["time"].values])
    found = known_clouds(["a", "b"], times, [truth], [masked], [spectra])
    assert found["time"].values.tolist() == DAYS.tolist()  # levels of one acquisition are one date
    np.testing.assert_allclose(found["clear_fraction"], [[0.2, 0.7, 0], [0.6, 1, np.nan]], rtol=1e-6)
    named = np.array(SOURCES)[found["known_by"].values].tolist()
    assert named == [["truth", "mask", "spectrum"], ["mask", "spectrum", "unknown"]]


def test_a_branch_without_any_date_is_an_error() -> None:
    with pytest.raises(InputError, match="no branch has an acquisition"):
        known_clouds(["a"], np.zeros(0, "datetime64[ns]"))


def test_a_white_spectrum_is_cloud_a_green_one_is_not_and_a_gap_is_unknown() -> None:
    names = list(BANDS)
    green = {"B01": 0.12, "B02": 0.09, "B03": 0.09, "B04": 0.06, "B05": 0.11, "B06": 0.3, "B07": 0.38, "B08": 0.4,
             "B8A": 0.42, "B09": 0.12, "B10": 0.002, "B11": 0.2, "B12": 0.1}  # fmt: skip
    white = dict.fromkeys(names, 0.8) | {"B09": 0.4, "B10": 0.05, "B11": 0.6, "B12": 0.5}
    values = np.array([[[each[name] for name in names] for each in (green, white, green)]], np.float32)
    values[0, 2, 3] = np.nan
    series = xr.Dataset(
        {"reflectance": (("parcel", "time", "band"), values)},
        {"parcel": ["a"], "time": DAYS, "band": names},
        {"level": "L1C"},
    )
    found = spectra_clouds(series)
    assert found is not None
    np.testing.assert_array_equal(found["clear_fraction"], [[1, 0, np.nan]])
    assert spectra_clouds(series.sel(band=["B02", "B03"])) is None
    assert spectra_clouds(series.assign_attrs(level="L2A")) is None
