"""What holds for every step, whatever its parameters and whatever the series."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudrobust.parcels.series import read_series, write_dataset
from cloudrobust.steps import apply

from .made import as_pixels, as_series, cloudy_series, numbers

seeds = st.integers(0, 2**32 - 1)
slow = settings(deadline=None, max_examples=15)
INTERPOLATE = [
    {"do": "interpolate", "method": method, "edges": edges}
    for method in ("linear", "nearest", "previous", "cubic", "akima")
    for edges in ("nearest", "missing")
]
ON_ANY_DATES: list[dict[str, Any]] = [
    *INTERPOLATE,
    {"do": "interpolate", "maximum_gap": 20},
    *({"do": "composite", "method": method} for method in ("median", "mean", "clearest", "best")),
    {"do": "smooth"},
    {"do": "smooth", "smoothness": 0.5, "order": 3},
    {"do": "index", "names": ["NDVI"]},
    *({"do": "normalise", "method": method} for method in ("series", "spectrum", "range")),
    {"do": "bands", "drop": ["B02"]},
    {"do": "select", "start": "11-01", "end": "08-31"},
]
CHAINS: list[list[dict[str, Any]]] = [
    [{"do": "interpolate", "every": "10d"}, {"do": "smooth", "method": "savitzky-golay", "window": 5}],
    [{"do": "composite", "window": "month"}, {"do": "interpolate"}, {"do": "index", "names": ["NDVI"], "keep": False}],
    [{"do": "select", "months": [3, 4, 5, 9]}, {"do": "smooth"}, {"do": "interpolate", "maximum_gap": 40}],
]
ALL = [[step] for step in ON_ANY_DATES] + CHAINS


def through(cube: xr.Dataset, steps: list[dict[str, Any]]) -> xr.Dataset:
    for step in steps:
        cube = apply(cube, step)
    return cube


def name(steps: list[dict[str, Any]]) -> str:
    return "-".join(f"{step['do']}-{step.get('method', '')}" for step in steps)


@pytest.mark.parametrize("steps", ALL, ids=name)
def test_the_order_of_scenes_in_the_input_never_matters(steps: list[dict[str, Any]]) -> None:
    cube = cloudy_series(1)
    shuffled = cube.isel(time=np.random.default_rng(0).permutation(cube.sizes["time"]))
    expected, got = through(cube, steps), through(shuffled, steps)
    xr.testing.assert_identical(got.sortby("time"), expected.sortby("time"))


@pytest.mark.parametrize("steps", ALL, ids=name)
def test_a_permutation_of_parcels_permutes_the_output(steps: list[dict[str, Any]]) -> None:
    cube = cloudy_series(2)
    order = np.random.default_rng(1).permutation(cube.sizes["parcel"])
    xr.testing.assert_allclose(
        through(cube.isel(parcel=order), steps), through(cube, steps).isel(parcel=order), rtol=1e-6
    )


@pytest.mark.parametrize("steps", ALL, ids=name)
def test_nothing_but_missing_values_gives_nothing_but_missing_values(steps: list[dict[str, Any]]) -> None:
    cube = cloudy_series(3)
    cube["reflectance"][:] = np.nan
    cube["observed"][:] = 0
    result = through(cube, steps)
    assert np.isnan(result["reflectance"]).all()
    assert (result["observed"] == 0).all()
    assert np.isnan(result["filled_fraction"]).all()


@pytest.mark.parametrize("steps", ALL, ids=name)
def test_units_names_flags_and_shares_are_kept(steps: list[dict[str, Any]], tmp_path: Path) -> None:
    cube = cloudy_series(4)
    result = through(cube, steps)
    assert result["reflectance"].dims == cube["reflectance"].dims
    assert result["reflectance"].dtype == np.float32
    assert result["reflectance"].attrs["units"] == "1"
    assert result["observed"].dims == ("parcel", "time")
    assert result["observed"].attrs["flag_meanings"] == "missing measured"
    assert set(np.unique(result["observed"])) <= {0, 1}
    assert result.attrs["chain"] == "L2A"
    times = result["time"].to_index()
    assert times.is_monotonic_increasing
    assert times.is_unique
    present = np.isfinite(result["reflectance"]).values
    unseen = present & (result["observed"].values == 0)[:, :, None]
    filled = result["filled"].values == 1 if "filled" in result else unseen
    assert not (filled & ~present).any()
    assert not (unseen & ~filled).any()
    with np.errstate(invalid="ignore"):
        share = filled.sum(axis=(1, 2)) / present.sum(axis=(1, 2))
    np.testing.assert_allclose(result["filled_fraction"], share, rtol=1e-6)
    write_dataset(result, tmp_path / "series.nc")
    xr.testing.assert_equal(read_series(tmp_path / "series.nc"), result)


@pytest.mark.parametrize("steps", [[step] for step in ON_ANY_DATES], ids=name)
def test_measured_values_stay_measured_and_the_rest_stays_told_apart(steps: list[dict[str, Any]]) -> None:
    cube = cloudy_series(5)
    result = through(cube, steps)
    old, new = numbers(cube["time"].to_index()), numbers(result["time"].to_index())
    for parcel in range(cube.sizes["parcel"]):
        days = set(old[cube["observed"].values[parcel] == 1])
        if steps[0]["do"] == "composite":
            continue  # of a window, not of a day: see its own tests
        assert set(new[result["observed"].values[parcel] == 1]) == days & set(new)


@slow
@given(seeds, st.floats(-1, 1), st.floats(-0.01, 0.01), st.sampled_from(["linear", "cubic", "akima"]))
def test_interpolating_an_affine_series_is_exact(seed: int, level: float, slope: float, method: str) -> None:
    cube = cloudy_series(seed, parcels=3)
    line = level + slope * (numbers(cube["time"].to_index()) - 19000)
    cube["reflectance"] = (cube["reflectance"] * 0 + line.astype(np.float32)[:, None]).astype(np.float32)
    result = apply(cube, {"do": "interpolate", "method": method, "every": "6d", "edges": "missing"})
    expected = level + slope * (numbers(result["time"].to_index()) - 19000)
    got = result["reflectance"].values
    wanted = np.broadcast_to(expected[:, None], got.shape)
    np.testing.assert_allclose(got[np.isfinite(got)], wanted[np.isfinite(got)], rtol=1e-4, atol=2e-5)


@slow
@given(seeds)
def test_interpolating_twice_onto_the_same_dates_changes_nothing(seed: int) -> None:
    step = {"do": "interpolate", "every": "9d"}
    once = apply(cloudy_series(seed), step)
    np.testing.assert_array_equal(apply(once, step)["reflectance"], once["reflectance"])


LINEAR = [
    [{"do": "interpolate", "every": "9d"}],
    [{"do": "smooth"}],
    [{"do": "composite", "method": "mean"}],
    [{"do": "normalise", "method": "range", "low": 0.1, "high": 0.7}],
    [{"do": "interpolate", "every": "9d"}, {"do": "smooth", "method": "savitzky-golay"}],
    [{"do": "interpolate", "method": "cubic", "every": "9d"}],
    [{"do": "select", "months": [5, 6]}, {"do": "bands", "keep": ["B04"]}],
]


@slow
@given(seeds, st.sampled_from(LINEAR))
def test_linear_steps_then_the_mean_equal_the_mean_then_the_steps(seed: int, steps: list[dict[str, Any]]) -> None:
    """Without a mask: all pixels of a date are there, or none of them."""
    rng = np.random.default_rng(seed)
    cube = cloudy_series(seed, parcels=12)
    clouds = rng.random(cube.sizes["time"]) < 0.5
    cube["reflectance"] = (cube["reflectance"].dims, rng.normal(0.3, 0.1, cube["reflectance"].shape).astype(np.float32))
    cube["reflectance"][:, clouds] = np.nan
    cube["observed"][:] = ~clouds
    weights = rng.random(12)

    def mean(made: xr.Dataset) -> xr.Dataset:
        values = (made["reflectance"].astype(float) * xr.DataArray(weights, dims="parcel")).sum("parcel", skipna=False)
        averaged = (
            (values / weights.sum()).astype(np.float32).expand_dims(parcel=["all"]).transpose(*made["reflectance"].dims)
        )
        return made.isel(parcel=[0]).assign_coords(parcel=["all"]).assign(reflectance=averaged)

    first, after = mean(through(cube, steps)), through(mean(cube), steps)
    np.testing.assert_allclose(first["reflectance"], after["reflectance"], rtol=1e-5, atol=1e-5)


@slow
@given(seeds, st.sampled_from(ON_ANY_DATES))
def test_pixels_are_served_like_parcels(seed: int, step: dict[str, Any]) -> None:
    cube = cloudy_series(seed, parcels=6).drop_vars(["reflectance_std", "pixel_count", "clear_fraction"])
    parcels = apply(cube, step)
    result = apply(as_pixels(cube, 2, 3), step)
    assert result["reflectance"].dims == ("time", "band", "y", "x")
    np.testing.assert_allclose(as_series(result["reflectance"]), parcels["reflectance"].values, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(as_series(result["observed"]), parcels["observed"].values)
