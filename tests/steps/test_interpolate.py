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


def series(times: pd.DatetimeIndex, values: np.ndarray, **attrs: str) -> xr.Dataset:
    """Series of shape (parcel, time, band); observed where any band is."""
    return xr.Dataset(
        {
            "reflectance": (("parcel", "time", "band"), values.astype(np.float32), {"units": "1"}),
            "observed": (("parcel", "time"), np.isfinite(values).any(axis=2).astype(np.int8)),
        },
        coords={
            "parcel": [str(number) for number in range(values.shape[0])],
            "time": times,
            "band": [f"B{number:02d}" for number in range(1, values.shape[2] + 1)],
            "scene": ("time", [f"S{number}" for number in range(times.size)]),
        },
        attrs=attrs,
    )


def cloudy(seed: int, parcels: int = 7, dates: int = 40) -> tuple[pd.DatetimeIndex, np.ndarray]:
    rng = np.random.default_rng(seed)
    days = np.sort(rng.choice(360, dates, replace=False))
    times = pd.Timestamp("2022-01-01T10:21") + pd.to_timedelta(days, unit="D")
    values = rng.normal(0.2, 0.1, (parcels, dates, 3))
    values[rng.random((parcels, dates)) < 0.6] = np.nan
    values[0, :, 1] = np.nan
    return pd.DatetimeIndex(times), values


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
