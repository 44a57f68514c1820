"""Linear interpolation onto equal dates, against pandas and numpy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudrobust.config.steps import Interpolate
from cloudrobust.errors import InputError
from cloudrobust.steps import apply

from .made import cloudy, numbers, series


@pytest.mark.parametrize("edges", ["nearest", "missing"])
def test_equals_numpy_on_every_series_by_itself(edges: str) -> None:
    times, values = cloudy(1)
    result = apply(
        series(times, values, time_coverage_start="2022-01-01", time_coverage_end="2022-12-31"),
        {"do": "interpolate", "every": "10d", "edges": edges},
    )
    old = times.normalize().values.astype("datetime64[D]").astype(int)
    new = result["time"].values.astype("datetime64[D]").astype(int)
    assert new[0] == np.datetime64("2022-01-01").astype(int)
    assert np.all(np.diff(new) == 10)
    for parcel in range(values.shape[0]):
        for band in range(values.shape[2]):
            valid = np.isfinite(values[parcel, :, band])
            got = result["reflectance"].values[parcel, :, band]
            if not valid.any():
                assert np.isnan(got).all()
                continue
            outside = {"left": np.nan, "right": np.nan} if edges == "missing" else {}
            expected = np.interp(new, old[valid], values[parcel, valid, band], **outside)
            np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_equals_pandas_time_interpolation_of_a_real_cloudy_series(real_data) -> None:
    archive = np.load(real_data / "slovenia-l1c-2015" / "ndvi_cloudprob_68dates.npz", allow_pickle=True)
    times = pd.DatetimeIndex(archive["time"].astype("datetime64[D]"))
    ndvi = archive["ndvi"].reshape(68, -1)[:, ::97].astype(np.float64)
    probability = archive["cloudprob"].reshape(68, -1)[:, ::97].astype(np.float64)
    scale = 100.0 if probability.max() > 1 else 1.0
    ndvi[probability / scale > 0.4] = np.nan
    result = apply(series(times, ndvi.T[:, :, None]), Interpolate(every="16d"))
    for pixel in range(0, ndvi.shape[1], 5):
        daily = pd.Series(ndvi[:, pixel], index=times).resample("D").mean()
        expected = daily.interpolate("time", limit_area="inside").ffill().bfill()[result["time"].to_index()]
        np.testing.assert_allclose(result["reflectance"].values[pixel, :, 0], expected, rtol=1e-4, atol=1e-5)


@settings(deadline=None, max_examples=40)
@given(st.floats(-1, 1), st.floats(-0.01, 0.01), st.integers(0, 2**32 - 1), st.integers(3, 30))
def test_an_affine_series_is_reproduced_exactly(level: float, slope: float, seed: int, every: int) -> None:
    times, values = cloudy(seed, parcels=2)
    days = (times.normalize() - pd.Timestamp("2022-01-01")).days.to_numpy()
    affine = np.where(np.isfinite(values), (level + slope * days)[None, :, None], np.nan)
    result = apply(series(times, affine), Interpolate(every=f"{every}d", edges="missing"))
    new_days = (result["time"].to_index() - pd.Timestamp("2022-01-01")).days.to_numpy()
    got = result["reflectance"].values
    expected = np.broadcast_to((level + slope * new_days)[None, :, None], got.shape)
    np.testing.assert_allclose(got[np.isfinite(got)], expected[np.isfinite(got)], rtol=1e-4, atol=1e-5)


def test_mask_and_interpolation_of_all_real_pixels_equal_scipy(real_data) -> None:
    """As eo-learn does it: probability over 0.4 is cloud, linear between the rest, missing outside of it."""
    from scipy.interpolate import interp1d

    archive = np.load(real_data / "slovenia-l1c-2015" / "ndvi_cloudprob_68dates.npz")
    times = pd.DatetimeIndex(archive["time"].astype("datetime64[ns]"))
    ndvi = archive["ndvi"].reshape(68, -1).astype(np.float64)
    ndvi[archive["cloudprob"].reshape(68, -1) > 0.4] = np.nan
    result = apply(series(times, ndvi.T[:, :, None]), Interpolate(every="16d", edges="missing"))
    got = result["reflectance"].values[:, :, 0]
    days, new = numbers(times), numbers(result["time"].to_index())
    daily = pd.DataFrame(ndvi, index=days).groupby(level=0).mean()  # 2015-12-08 was seen twice
    for pixel in range(0, ndvi.shape[1], 11):
        clear = daily[pixel].dropna()
        expected = interp1d(clear.index, clear, bounds_error=False)(new)
        np.testing.assert_allclose(got[pixel], expected, rtol=1e-5, atol=1e-6)
    share = float((np.isfinite(got) & (result["observed"].values == 0)).sum() / np.isfinite(got).sum())
    assert result.attrs["filled_fraction"] == pytest.approx(share, abs=1e-6)


@pytest.mark.parametrize("method", ["nearest", "previous", "cubic", "akima"])
@pytest.mark.parametrize("edges", ["nearest", "missing"])
def test_every_method_equals_scipy_on_each_series_by_itself(method: str, edges: str) -> None:
    from scipy import interpolate

    times, values = cloudy(7)
    values[2, 3:, 2] = np.nan  # one or two observations
    window = {"time_coverage_start": "2022-01-01", "time_coverage_end": "2022-12-31"}
    result = apply(series(times, values, **window), Interpolate(method=method, every="5d", edges=edges))
    days, new = numbers(times), numbers(result["time"].to_index())
    for parcel in range(values.shape[0]):
        for band in range(values.shape[2]):
            valid = np.isfinite(values[parcel, :, band])
            got = result["reflectance"].values[parcel, :, band]
            if not valid.any():
                assert np.isnan(got).all()
                continue
            x, y = days[valid], values[parcel, valid, band]
            if valid.sum() < 2:
                inside = np.where(new == x[0], y[0], np.nan)
            elif method == "cubic":
                inside = interpolate.make_interp_spline(x, y, k=min(3, len(x) - 1))(new)
            elif method == "akima":
                inside = interpolate.Akima1DInterpolator(x, y)(new)
            else:
                kind = {"nearest": "nearest", "previous": "previous"}[method]  # nearest: the earlier of two
                inside = interpolate.interp1d(x, y, kind=kind, bounds_error=False)(new)
            expected = np.where((new >= x[0]) & (new <= x[-1]), inside, np.nan)
            if edges == "nearest":
                expected = np.where(new < x[0], y[0], np.where(new > x[-1], y[-1], expected))
            np.testing.assert_allclose(got, expected, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("method", ["linear", "nearest", "previous", "cubic", "akima"])
@pytest.mark.parametrize("edges", ["nearest", "missing"])
@pytest.mark.parametrize("gap", [10, 25])
def test_beyond_the_longest_gap_a_date_is_missing(method: str, edges: str, gap: int) -> None:
    times, values = cloudy(8)
    window = {"time_coverage_start": "2022-01-01", "time_coverage_end": "2022-12-31"}
    cube = series(times, values, **window)
    free = apply(cube, Interpolate(method=method, every="3d", edges=edges))
    bound = apply(cube, Interpolate(method=method, every="3d", edges=edges, maximum_gap=gap))
    days, new = numbers(times), numbers(free["time"].to_index())
    for parcel in range(1, values.shape[0]):
        seen = days[np.isfinite(values[parcel, :, 0])]
        for date, target in enumerate(new):
            before, after = seen[seen <= target], seen[seen >= target]
            if before.size and after.size:
                apart = {
                    "nearest": min(target - before[-1], after[0] - target),
                    "previous": target - before[-1],
                }.get(method, after[0] - before[-1])
            else:
                apart = np.abs(seen - target).min()
            got, was = bound["reflectance"].values[parcel, date, 0], free["reflectance"].values[parcel, date, 0]
            if apart > gap:
                assert np.isnan(got)
            else:
                assert got == was or (np.isnan(got) and np.isnan(was))
    assert np.isnan(bound["reflectance"][1:]).sum() > np.isnan(free["reflectance"][1:]).sum()


def test_the_share_that_is_filled_in_is_told_for_every_series() -> None:
    times = pd.date_range("2022-01-01", periods=8, freq="5D")
    values = np.full((3, 8, 1), np.nan)
    values[0] = 0.2
    values[1, ::2] = 0.2
    result = apply(series(times, values), Interpolate(every="5d", edges="missing"))
    np.testing.assert_allclose(result["filled_fraction"], [0, 3 / 7, np.nan])
    assert result.attrs["filled_fraction"] == pytest.approx(3 / 15, abs=1e-6)
    assert result["filled_fraction"].attrs["units"] == "1"


def test_two_observations_of_one_day_are_averaged() -> None:
    times = pd.DatetimeIndex(["2022-01-01T10:00", "2022-01-05T10:00", "2022-01-05T10:20", "2022-01-09T10:00"])
    values = np.array([0.1, 0.2, 0.4, 0.5]).reshape(1, 4, 1)
    for method in ("linear", "cubic", "akima", "nearest", "previous"):
        result = apply(series(times, values), Interpolate(method=method, every="4d"))
        np.testing.assert_allclose(result["reflectance"].values.ravel(), [0.1, 0.3, 0.5], rtol=1e-6)


def test_a_parcel_without_any_observation_stays_missing_and_is_never_zero() -> None:
    times = pd.date_range("2022-01-01", periods=5, freq="10D")
    result = apply(series(times, np.full((1, 5, 2), np.nan)), Interpolate())
    assert np.isnan(result["reflectance"].values).all()
    assert not result["observed"].values.any()
    assert np.isnan(result["observation_distance"].values).all()


def test_measured_values_can_be_told_from_filled_in_ones() -> None:
    times = pd.to_datetime(["2022-01-01T10:20", "2022-01-08T10:20", "2022-01-15T10:20"])
    values = np.array([0.1, np.nan, 0.3]).reshape(1, 3, 1)
    result = apply(series(pd.DatetimeIndex(times), values), Interpolate(every="7d"))
    assert result["observed"].values[0].tolist() == [1, 0, 1]
    assert result["observation_distance"].values[0].tolist() == [0, 7, 0]


def test_the_order_of_dates_in_the_input_does_not_matter() -> None:
    times, values = cloudy(3)
    window = {"time_coverage_start": "2022-01-01", "time_coverage_end": "2022-12-31"}
    ordered = series(times, values, **window)
    shuffled = ordered.isel(time=np.random.default_rng(0).permutation(times.size))
    xr.testing.assert_identical(apply(ordered, Interpolate()), apply(shuffled, Interpolate()))


def test_pixels_are_served_like_parcels() -> None:
    times, values = cloudy(4, parcels=6)
    parcels = apply(series(times, values), Interpolate())
    pixels = xr.Dataset(
        {
            "reflectance": (
                ("time", "band", "y", "x"),
                values.reshape(2, 3, -1, 3).transpose(2, 3, 0, 1).astype(np.float32),
            ),
            "observed": (("time", "y", "x"), np.isfinite(values).any(axis=2).reshape(2, 3, -1).transpose(2, 0, 1)),
        },
        coords={"time": times, "band": ["B01", "B02", "B03"]},
    )
    got = apply(pixels, Interpolate())["reflectance"].transpose("y", "x", "time", "band").values.reshape(6, -1, 3)
    np.testing.assert_array_equal(got, parcels["reflectance"].transpose("parcel", "time", "band").values)


def test_a_series_without_dates_is_an_error() -> None:
    with pytest.raises(InputError, match="the series has no date"):
        apply(series(pd.DatetimeIndex([]), np.zeros((1, 0, 1))), Interpolate())


def test_unknown_steps_and_parameters_are_named() -> None:
    empty = xr.Dataset()
    with pytest.raises(InputError, match="unknown step 'interpolat'; did you mean 'interpolate'"):
        apply(empty, {"do": "interpolat"})
    with pytest.raises(InputError, match="step interpolate: every"):
        apply(empty, {"do": "interpolate", "every": "two weeks"})
