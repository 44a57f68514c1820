"""Bands chosen, indices computed, values normalised."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cloudrobust.errors import InputError
from cloudrobust.scenes.bands import BAND
from cloudrobust.steps import apply

from .made import as_pixels, as_series, cloudy_series, series

ALL = tuple(name for name in BAND if name != "B10")


def full_series(seed: int = 0) -> tuple:
    values = np.random.default_rng(seed).uniform(0.02, 0.6, (5, 20, len(ALL))).astype(np.float32).astype(float)
    values[:, 3] = np.nan
    values[2, :, ALL.index("B05")] = np.nan
    return series(pd.date_range("2022-01-01", periods=20, freq="7D"), values, ALL), dict(
        zip(ALL, np.moveaxis(values, 2, 0), strict=True)
    )


def test_indices_equal_their_formulas() -> None:
    cube, band = full_series()
    b, g, r, re1, n, s1 = (band[name] for name in ("B02", "B03", "B04", "B05", "B08", "B11"))
    expected = {
        "NDVI": (n - r) / (n + r),
        "EVI": 2.5 * (n - r) / (n + 6 * r - 7.5 * b + 1),
        "NDWI": (g - n) / (g + n),
        "NDRE": (n - re1) / (n + re1),
        "NDMI": (n - s1) / (n + s1),
        "SAVI": (1 + 1.0) * (n - r) / (n + r + 1.0),
    }
    result = apply(cube, {"do": "index", "names": list(expected)})
    assert result["band"].values.tolist() == [*ALL, *expected]
    for name, values in expected.items():
        np.testing.assert_allclose(result["reflectance"].sel(band=name), values, rtol=1e-6)
    np.testing.assert_array_equal(result["reflectance"].sel(band=list(ALL)), cube["reflectance"])
    assert result["reflectance"].dims == cube["reflectance"].dims
    assert result["reflectance"].attrs == cube["reflectance"].attrs
    assert np.isnan(result["wavelength"].sel(band="NDVI"))
    assert np.isnan(result["reflectance_std"].sel(band="NDVI")).all()
    np.testing.assert_array_equal(result["reflectance_std"].sel(band=list(ALL)), cube["reflectance_std"])


def test_an_index_may_replace_the_bands() -> None:
    cube, _ = full_series()
    result = apply(cube, {"do": "index", "names": ["NDVI"], "keep": False})
    assert result["band"].values.tolist() == ["NDVI"]
    assert result["reflectance"].shape == (5, 20, 1)
    assert result["reflectance"].attrs["units"] == "1"
    assert "standard_name" not in result["reflectance"].attrs


def test_an_index_is_missing_where_it_is_not_finite_or_a_band_is_missing() -> None:
    cube, _ = full_series()
    cube["reflectance"].loc[{"parcel": "P001"}] = 0.0
    result = apply(cube, {"do": "index", "names": ["NDVI", "NDRE"]})["reflectance"]
    assert np.isnan(result.sel(parcel="P001", band=["NDVI", "NDRE"])).all()
    assert np.isnan(result.sel(parcel="P002", band="NDRE")).all()
    assert np.isfinite(result.sel(parcel="P002", band="NDVI")).sum() == 19


def test_indices_of_pixels_equal_those_of_parcels() -> None:
    cube, _ = full_series()
    four = cube.isel(parcel=[0, 1, 2, 3])
    step = {"do": "index", "names": ["NDVI", "EVI"], "keep": False}
    got = apply(as_pixels(four, 2, 2), step)["reflectance"]
    np.testing.assert_array_equal(as_series(got), apply(four, step)["reflectance"].values)


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["NDVII"], "step index: names: unknown index 'NDVII'; did you mean 'NDVI'"),
        (["kNDVI"], "needs more than Sentinel-2 has"),
        (["NDVI", "NDVI"], "an index occurs twice"),
        ([], "step index: names"),
    ],
)
def test_an_index_that_cannot_be_computed_is_named(names: list[str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        apply(full_series()[0], {"do": "index", "names": names})


def test_an_index_needs_its_bands_and_comes_once() -> None:
    cube, _ = full_series()
    with pytest.raises(InputError, match="needs band B08 for NDVI, which is not there"):
        apply(cube.sel(band=["B04"]), {"do": "index", "names": ["NDVI"]})
    twice = apply(cube, {"do": "index", "names": ["NDVI"]})
    with pytest.raises(InputError, match="NDVI is there already"):
        apply(twice, {"do": "index", "names": ["NDVI"]})


def test_bands_are_kept_in_the_named_order_or_dropped() -> None:
    cube, _ = full_series()
    kept = apply(cube, {"do": "bands", "keep": ["B08", "B04"]})
    assert kept["band"].values.tolist() == ["B08", "B04"]
    np.testing.assert_array_equal(kept["reflectance"].values[:, :, 0], cube["reflectance"].sel(band="B08"))
    assert kept["wavelength"].sel(band="B04") == cube["wavelength"].sel(band="B04")
    dropped = apply(cube, {"do": "bands", "drop": ["B01", "B09"]})
    assert dropped["band"].values.tolist() == [name for name in ALL if name not in ("B01", "B09")]
    assert set(kept.data_vars) == {*cube.data_vars, "filled_fraction"}


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        ({"keep": ["B99"]}, "there is no band 'B99'"),
        ({"drop": list(ALL)}, "leaves no band"),
        ({}, "give either keep or drop"),
        ({"keep": ["B02"], "drop": ["B03"]}, "give either keep or drop"),
        ({"keep": ["B02", "B02"]}, "a band occurs twice"),
    ],
)
def test_bands_that_cannot_be_chosen_are_named(step: dict, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        apply(full_series()[0], {"do": "bands", **step})


def test_series_are_normalised_by_themselves() -> None:
    cube = cloudy_series(1)
    cube["reflectance"][3] = cube["reflectance"][3] * 0 + 0.3
    result = apply(cube, {"do": "normalise"})
    values = cube["reflectance"].values.astype(float)
    for parcel in range(cube.sizes["parcel"]):
        for band in range(3):
            one = pd.Series(values[parcel, :, band])
            expected = (one - one.mean()) / one.std(ddof=0) if one.std(ddof=0) > 1e-6 else one * 0
            np.testing.assert_allclose(result["reflectance"].values[parcel, :, band], expected, rtol=1e-4, atol=1e-4)
    assert (result["reflectance"].values[3][np.isfinite(values[3])] == 0).all()
    one = result.isel(parcel=[4])
    alone = apply(cube.isel(parcel=[4]), {"do": "normalise"})
    np.testing.assert_array_equal(alone["reflectance"], one["reflectance"])


def test_spectra_get_length_one_and_ranges_go_from_zero_to_one() -> None:
    cube, band = full_series()
    result = apply(cube, {"do": "normalise", "method": "spectrum"})["reflectance"]
    length = np.sqrt((result.astype(float) ** 2).sum("band", skipna=False))
    whole = np.isfinite(cube["reflectance"]).all("band").values
    np.testing.assert_allclose(length.values[whole], 1, rtol=1e-5)
    assert np.isnan(length.values[~whole]).all()
    scaled = apply(cube, {"do": "normalise", "method": "range", "low": 0.1, "high": 0.5})
    np.testing.assert_allclose(scaled["reflectance"].sel(band="B08"), (band["B08"] - 0.1) / 0.4, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(scaled["reflectance_std"], cube["reflectance_std"] / 0.4, rtol=1e-5)
    assert scaled["reflectance"].attrs["units"] == "1"
    assert "standard_name" not in scaled["reflectance"].attrs
    assert "normalised (range)" in scaled["reflectance"].attrs["long_name"]
