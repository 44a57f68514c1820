"""For every value a user can tell whether it was measured: in its own band, on its own date."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudrobust.steps import apply

from .made import cloudy, numbers, series

NDVI = {"do": "index", "names": ["NDVI"]}
CHAINS: list[list[dict[str, Any]]] = [
    *(
        [{"do": "interpolate", "every": "1d", "method": method}]
        for method in ("linear", "nearest", "previous", "cubic")
    ),
    [{"do": "interpolate", "every": "1d", "edges": "missing", "maximum_gap": 9}],
    [{"do": "interpolate", "every": "1d"}, {"do": "smooth"}, {"do": "normalise"}, {"do": "bands", "drop": ["B02"]}],
    [{"do": "smooth"}, {"do": "interpolate", "every": "1d"}, {"do": "select", "months": [4, 5, 6]}],
    [{"do": "interpolate", "every": "1d"}, NDVI],
    [NDVI, {"do": "interpolate", "every": "1d"}],
    [{"do": "interpolate", "every": "1d"}, {"do": "interpolate", "every": "1d", "method": "nearest"}],
]


def through(cube: xr.Dataset, steps: list[dict[str, Any]]) -> xr.Dataset:
    for step in steps:
        cube = apply(cube, step)
    return cube


def with_gaps(seed: int) -> xr.Dataset:
    """A cloudy series in which single bands are missing on dates that count as observed, as B01 beside a cloud."""
    times, values = cloudy(seed, parcels=4, dates=30)
    values[np.random.default_rng(seed).random(values.shape) < 0.2] = np.nan
    return series(times, values, time_coverage_start="2022-01-01", time_coverage_end="2022-12-31")


def few(*values: tuple[float, float], **attrs: str) -> xr.Dataset:
    """One parcel with values of B04 and B08, a date every five days from 2022-05-01 on."""
    times = pd.date_range("2022-05-01T10:00", periods=len(values), freq="5D")
    window = {"time_coverage_start": "2022-05-01", "time_coverage_end": "2022-05-31"}
    return series(times, np.array(values)[None], ("B04", "B08"), **(window | attrs))


@pytest.mark.parametrize("steps", CHAINS, ids=lambda steps: "-".join(step["do"] for step in steps))
@settings(deadline=None, max_examples=4)
@given(st.integers(0, 2**32 - 1))
def test_exactly_what_was_measured_in_its_band_on_its_date_counts_as_measured(
    steps: list[dict[str, Any]], seed: int
) -> None:
    cube = with_gaps(seed)
    result = through(cube, steps)
    old, new = numbers(cube["time"].to_index()), numbers(result["time"].to_index())
    present = np.isfinite(cube["reflectance"])
    known = {band: present.sel(band=band).values for band in cube["band"].values}
    known["NDVI"] = known["B04"] & known["B08"]
    for band in result["band"].values:
        value = np.isfinite(result["reflectance"].sel(band=band).values)
        own = np.zeros(value.shape, bool)
        own[:, np.isin(new, old)] = known[band][:, np.isin(old, new)]
        np.testing.assert_array_equal(result["filled"].sel(band=band).values == 0, own | ~value)


def test_a_band_that_is_missing_on_an_observed_date_is_filled_in_there() -> None:
    cube = few((0.1, 0.4), (np.nan, 0.5), (0.3, 0.6))
    result = apply(cube, {"do": "interpolate", "every": "5d"}).isel(parcel=0, time=slice(3))
    assert result["observed"].values.tolist() == [1, 1, 1]
    assert result["filled"].sel(band="B04").values.tolist() == [0, 1, 0]
    assert result["filled"].sel(band="B08").values.tolist() == [0, 0, 0]
    np.testing.assert_allclose(result["reflectance"].sel(band="B04"), [0.1, 0.2, 0.3], rtol=1e-6)


def test_before_anything_is_filled_in_a_missing_band_is_missing() -> None:
    cube = apply(few((0.1, 0.4), (np.nan, 0.5)), {"do": "select"})
    assert np.isnan(cube["reflectance"].values[0, 1, 0])
    assert cube["observed"].values.tolist() == [[1, 1]]
    assert cube.attrs["filled_fraction"] == 0


def test_the_share_that_is_filled_in_is_described_as_a_share_and_not_as_reflectance() -> None:
    cube = few((0.1, 0.4), (0.2, 0.5))
    cube["reflectance"].attrs = {"standard_name": "surface_bidirectional_reflectance", "cell_methods": "area: mean"}
    for step in ({"do": "interpolate", "every": "5d"}, {"do": "composite"}, {"do": "smooth"}):
        attributes = apply(cube, step)["filled_fraction"].attrs
        assert set(attributes) == {"long_name", "units", "valid_min", "valid_max"}, step


@pytest.mark.parametrize("method", ["median", "mean", "clearest", "best"])
def test_a_composite_tells_band_by_band_what_it_is_made_of(method: str) -> None:
    # May has no measurement of B04 at all, June has one of three dates.
    cube = few((np.nan, 0.4), (np.nan, 0.5), *[(np.nan, 0.5)] * 5, (0.3, 0.6), (np.nan, np.nan))
    cube.attrs["time_coverage_end"] = "2022-06-30"
    even = apply(cube, {"do": "interpolate", "every": "5d"})
    monthly = apply(even, {"do": "composite", "window": "month", "method": method}).isel(parcel=0)
    assert monthly["observed"].values.tolist() == [1, 1]
    assert monthly["filled"].sel(band="B04").values.tolist() == [1, 0]
    assert monthly["filled"].sel(band="B08").values.tolist() == [0, 0]
    direct = apply(cube, {"do": "composite", "window": "month", "method": method}).isel(parcel=0)
    assert np.isnan(direct["reflectance"].sel(band="B04").values[0])
    assert (direct["filled"] == 0).all()


def test_a_median_is_that_of_a_bands_own_measured_values() -> None:
    cube = few((0.1, 0.4), (np.nan, 0.5), (0.9, 0.6), (np.nan, 0.6), (0.1, 0.7))
    even = apply(cube, {"do": "interpolate", "every": "5d"})
    monthly = apply(even, {"do": "composite", "window": "month"}).isel(parcel=0, time=0)
    # Of .1, .9 and .1, and not of the values drawn between them.
    assert monthly["reflectance"].sel(band="B04").item() == pytest.approx(0.1)


OWN = """
import numpy as np
import xarray as xr


def forward(cube):
    return cube.assign(reflectance=cube["reflectance"].fillna(0.2))


def honest(cube):
    values = cube["reflectance"].fillna(0.2)
    return cube.assign(reflectance=values, filled=xr.ones_like(values))


def index(cube):
    ratio = (cube["reflectance"].sel(band=["B08"]) / cube["reflectance"].sel(band="B04", drop=True)).assign_coords(
        band=["ratio"]
    )
    wide = cube.reindex(band=["B04", "B08", "ratio"])
    values = xr.concat([cube["reflectance"], ratio], "band", coords="minimal", compat="override")
    return wide.drop_vars("filled", errors="ignore").assign(reflectance=values.transpose(*cube["reflectance"].dims))


def flat(cube):
    return cube.assign(filled=cube["observed"])
"""


def test_what_a_users_step_puts_where_nothing_was_counts_as_filled_in(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(OWN)
    cube = few((0.1, 0.4), (np.nan, 0.5), (np.nan, np.nan))

    def own(function: str, given: xr.Dataset = cube) -> xr.Dataset:
        return apply(given, {"do": "custom", "file": str(file), "function": function}).isel(parcel=0)

    assert own("forward")["filled"].values.tolist() == [[0, 0], [1, 0], [1, 1]]
    assert own("honest")["filled"].values.tolist() == [[1, 1], [1, 1], [1, 1]]
    even = apply(cube, {"do": "interpolate", "every": "5d"})
    filled = own("index", even)["filled"].isel(time=slice(3))
    assert filled.values.tolist() == [[0, 0, 0], [1, 0, 1], [1, 1, 1]]
    with pytest.raises(Exception, match=r"returns filled over \(parcel, time\); give it the dims of reflectance"):
        own("flat")
