"""Composites against pandas, and what they say about what was measured."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from cloudrobust.errors import InputError
from cloudrobust.steps import apply
from cloudrobust.steps.composite import windows

from .made import as_pixels, as_series, cloudy_series, numbers, series

KINDS = ["dekad", "half-month", "month"]


def labels(days: pd.DatetimeIndex, kind: str) -> list[tuple[int, int, int]]:
    """Year, month and part of the month of each day, worked out independently."""
    part = {"dekad": np.minimum((days.day - 1) // 10, 2), "half-month": (days.day > 15) * 1, "month": days.day * 0}
    return list(zip(days.year, days.month, part[kind], strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_windows_divide_the_days_without_gap_or_overlap(kind: str) -> None:
    first, last = dt.date(2023, 11, 13), dt.date(2024, 3, 4)
    spans = list(windows(first, last, kind))
    days = pd.date_range(first, last)
    groups = pd.Series(days, index=labels(days, kind)).groupby(level=0, sort=False).agg(["min", "max"])
    assert [(start, end) for start, end in spans] == [
        (row["min"].date(), row["max"].date()) for _, row in groups.iterrows()
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["median", "mean"])
def test_statistics_equal_those_of_pandas(kind: str, method: str) -> None:
    cube = cloudy_series(1)
    result = apply(cube, {"do": "composite", "window": kind, "method": method})
    days = pd.date_range("2022-01-01", "2022-12-31")
    times = cube["time"].to_index().normalize()
    everything = list(dict.fromkeys(labels(days, kind)))
    for parcel in range(cube.sizes["parcel"]):
        for name in ("reflectance", "reflectance_std"):
            frame = pd.DataFrame(cube[name].values[parcel].astype(float), index=labels(times, kind))
            expected = frame.groupby(level=0).agg(method).reindex(everything)
            np.testing.assert_allclose(result[name].values[parcel], expected, rtol=1e-6)
    assert result.sizes["time"] == len(everything)
    assert list(dict.fromkeys(labels(result["time"].to_index(), kind))) == everything


def test_the_clearest_is_taken_whole_and_ties_go_to_the_middle() -> None:
    times = pd.to_datetime(["2022-05-01T10:00", "2022-05-04T10:00", "2022-05-06T10:00", "2022-05-10T10:00"])
    values = np.arange(8.0).reshape(1, 4, 2) / 10
    values[0, 3, 1] = np.nan
    cube = series(times, values)
    cube["clear_fraction"][:] = [0.6, 0.8, 0.8, 0.9]
    result = apply(cube, {"do": "composite", "method": "clearest"})
    assert result["reflectance"].values[0, 0].tolist() == [np.float32(0.6), pytest.approx(np.nan, nan_ok=True)]
    cube["clear_fraction"][:] = [0.6, 0.8, 0.8, 0.1]
    result = apply(cube, {"do": "composite", "method": "clearest"})
    # of the whole dekad 1-10 the cube covers all; its middle is the 5th, and the 4th is the earlier of both neighbours
    assert result["time"].values[0] == np.datetime64("2022-05-05")
    assert result["reflectance"].values[0, 0].tolist() == [np.float32(0.2), np.float32(0.3)]
    assert result["clear_fraction"].values[0, 0] == np.float32(0.8)
    assert result["observation_distance"].values[0, 0] == 1


def test_the_best_weighs_clearness_against_nearness() -> None:
    times = pd.to_datetime(["2022-05-01", "2022-05-15", "2022-05-31"])
    cube = series(times, np.array([0.1, 0.2, 0.3]).reshape(1, 3, 1))
    for clear, expected in (([1.0, 0.7, 0.4], 0.2), ([1.0, 0.5, 0.4], 0.1)):
        cube["clear_fraction"][:] = clear
        best = apply(cube, {"do": "composite", "window": "month", "method": "best"})
        score = np.array(clear) * np.exp(-0.5 * (np.array([15, 1, 15]) / 15.5) ** 2)
        assert best["reflectance"].values.ravel().tolist() == [np.float32([0.1, 0.2, 0.3][score.argmax()])]
        assert score.argmax() == [0.1, 0.2, 0.3].index(expected)


@pytest.mark.parametrize("method", ["median", "mean", "clearest", "best"])
def test_a_window_without_observation_is_missing_and_never_zero(method: str) -> None:
    cube = cloudy_series(2, dates=12)
    result = apply(cube, {"do": "composite", "method": method})
    seen = (
        pd.DataFrame(cube["observed"].values.T, index=labels(cube["time"].to_index(), "dekad")).groupby(level=0).any()
    )
    expected = seen.reindex(labels(result["time"].to_index(), "dekad"), fill_value=False).to_numpy().T
    np.testing.assert_array_equal(result["observed"].values.astype(bool), expected)
    np.testing.assert_array_equal(np.isfinite(result["reflectance"]).any("band").values, expected)
    assert (result["filled_fraction"].values == 0).all()
    away = np.abs(numbers(result["time"].to_index())[:, None] - numbers(cube["time"].to_index())).astype(float)
    for parcel in range(cube.sizes["parcel"]):
        nearest = np.where(cube["observed"].values[parcel], away, np.inf).min(axis=1)
        np.testing.assert_array_equal(result["observation_distance"].values[parcel], nearest)


def test_measured_values_come_before_filled_in_ones() -> None:
    times = pd.date_range("2022-05-01", periods=10)
    cube = series(times, np.linspace(0.1, 1.0, 10).reshape(1, 10, 1))
    cube["observed"][0] = [0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    result = apply(cube, {"do": "composite", "method": "mean"})
    assert result["reflectance"].item() == pytest.approx(0.3)
    cube["observed"][:] = 0
    result = apply(cube, {"do": "composite", "method": "mean"})
    assert result["reflectance"].item() == pytest.approx(0.55)
    assert result["observed"].item() == 0
    assert result["filled_fraction"].item() == 1


def test_units_names_and_scenes_are_kept() -> None:
    cube = cloudy_series(3)
    result = apply(cube, {"do": "composite", "window": "month"})
    assert result["reflectance"].attrs == cube["reflectance"].attrs
    assert result["reflectance"].dims == ("parcel", "time", "band")
    assert result["wavelength"].attrs == {"units": "nm"}
    words = [word for text in result["scene"].values for word in text.split()]
    assert sorted(words) == sorted(cube["scene"].values)


def test_pixels_are_composed_like_parcels() -> None:
    cube = cloudy_series(4, parcels=6).drop_vars(["clear_fraction", "pixel_count", "reflectance_std"])
    for method in ("median", "mean", "clearest", "best"):
        parcels = apply(cube, {"do": "composite", "method": method})
        result = apply(as_pixels(cube, 2, 3), {"do": "composite", "method": method})
        assert result["reflectance"].dims == ("time", "band", "y", "x")
        np.testing.assert_array_equal(as_series(result["reflectance"]), parcels["reflectance"].values)
        np.testing.assert_array_equal(as_series(result["observed"]), parcels["observed"].values)


def test_no_window_lies_in_the_gaps_of_a_selection() -> None:
    cube = apply(cloudy_series(5), {"do": "select", "months": [3, 4, 9]})
    result = apply(cube, {"do": "composite", "window": "half-month"})
    assert sorted(set(result["time"].to_index().month)) == [3, 4, 9]
    assert result.sizes["time"] == 6


def test_a_cube_without_dates_is_an_error() -> None:
    cube = cloudy_series(6).isel(time=[])
    with pytest.raises(InputError, match="composite: the series has no date"):
        apply(cube, {"do": "composite"})
    assert isinstance(cube, xr.Dataset)
