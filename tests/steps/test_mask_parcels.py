"""s2cloudless on the means of parcels: no pixels needed, both levels served."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from s2cloudless import S2PixelCloudDetector

from cloudrobust.config.steps import Mask
from cloudrobust.errors import InputError
from cloudrobust.scenes.bands import BANDS, bands_of
from cloudrobust.steps import apply
from cloudrobust.steps.cloudless import BANDS as TEN
from cloudrobust.steps.mask import apply as mask

from .made import series

PHIWEEK = ("B01", "B10", "B11", "B12", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09")
STEP = Mask(method="parcel")


@pytest.fixture(scope="module")
def raw(real_data: Path) -> xr.Dataset:
    """Real parcels of Bavaria at L1C with their clouds."""
    values = np.load(real_data / "bavaria-l1c-2018" / "x.npy")[:40]
    order = [PHIWEEK.index(band) for band in BANDS]
    times = pd.date_range("2018-01-02T10:10", periods=values.shape[1], freq="5D")
    return series(times, values[:, :, order], BANDS, level="L1C")


def package(cube: xr.Dataset) -> np.ndarray:
    spectra = cube["reflectance"].sel(band=list(TEN)).transpose("parcel", "time", "band").values
    return S2PixelCloudDetector().get_cloud_probability_maps(spectra[None])[0]


def test_parcels_are_masked_as_the_package_would(raw: xr.Dataset) -> None:
    result = apply(raw, STEP)
    cloudy = package(raw) > 0.4
    assert 0.1 < cloudy.mean() < 0.9
    np.testing.assert_array_equal(np.isnan(result["reflectance"]).all("band"), cloudy)
    np.testing.assert_array_equal(result["observed"].values == 0, cloudy)
    np.testing.assert_array_equal(np.isnan(result["reflectance_std"]).all("band"), cloudy)
    assert (result["clear_fraction"].values[cloudy] == 0).all()
    assert (result["pixel_count"].values[cloudy] == 0).all()
    np.testing.assert_array_equal(result["cloud_probability"], package(raw))
    kept = ~cloudy
    np.testing.assert_array_equal(result["reflectance"].values[kept], raw["reflectance"].values[kept])
    assert result["reflectance"].attrs == raw["reflectance"].attrs
    assert result["observed"].dtype == np.int8


def test_a_parcel_that_lacks_a_band_is_unknown_and_so_masked(raw: xr.Dataset) -> None:
    gap = raw.copy(deep=True)
    gap["reflectance"].loc[{"band": "B10", "parcel": "P003"}] = np.nan
    result = apply(gap, STEP)
    assert np.isnan(result["reflectance"].sel(parcel="P003")).all()
    assert (result["observed"].sel(parcel="P003") == 0).all()


def test_the_other_level_is_masked_by_the_same_acquisitions(raw: xr.Dataset) -> None:
    ground = raw.sel(band=list(bands_of("L2A"))).assign_attrs(level="L2A")
    ground = ground.isel(time=[3, 5, 8, 13, 21], parcel=[4, 2, 9])
    moved = ground.assign_coords(time=[*ground["time"].values[:4], np.datetime64("2018-12-31T10:00:01", "ns")])
    result = mask(moved, STEP, reference=raw)
    cloudy = package(raw)[[4, 2, 9]][:, [3, 5, 8, 13]] > 0.4
    np.testing.assert_array_equal(result["observed"].values[:, :4] == 0, cloudy)
    assert (result["observed"].values[:, 4] == 0).all()  # no L1C of that day: unknown
    assert np.isnan(result["cloud_probability"].values[:, 4]).all()


def test_what_is_missing_for_the_test_is_said(raw: xr.Dataset) -> None:
    ground = raw.sel(band=list(bands_of("L2A"))).assign_attrs(level="L2A")
    with pytest.raises(InputError, match="give it the L1C series of the same parcels"):
        apply(ground, STEP)
    with pytest.raises(InputError, match="reference is of level L2A"):
        mask(ground, STEP, reference=ground)
    with pytest.raises(InputError, match="has no parcel 'P001'"):
        mask(ground, STEP, reference=raw.isel(parcel=[0]))
    with pytest.raises(InputError, match="has none of the dates"):
        mask(ground.isel(time=[0]), STEP, reference=raw.isel(time=[1]))
    with pytest.raises(InputError, match="needs band B10"):
        apply(raw.drop_sel(band="B10"), STEP)
