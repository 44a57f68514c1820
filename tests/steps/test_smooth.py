"""Smoothing against dense algebra and against polynomials fitted one window at a time."""

from __future__ import annotations

from math import factorial

import numpy as np
import pandas as pd
import pytest

from cloudrobust.errors import InputError
from cloudrobust.steps import apply, smooth
from cloudrobust.steps.smooth import differences

from .made import cloudy_series, series


def dense_whittaker(positions: np.ndarray, values: np.ndarray, lam: float, order: int) -> np.ndarray:
    """One series by the normal equations, its differences as Newton's divided differences of unit vectors."""
    count = len(positions)
    mean = (positions[-1] - positions[0]) / (count - 1)
    matrix = np.zeros((count - order, count))
    for row in range(count - order):
        at = positions[row : row + order + 1]
        for column in range(order + 1):
            others = np.delete(at, column)
            matrix[row, row + column] = factorial(order) * mean**order / np.prod(at[column] - others)
    weight = np.isfinite(values).astype(float)
    solved = np.linalg.solve(np.diag(weight) + lam * matrix.T @ matrix, np.where(weight > 0, values, 0.0))
    return np.where(weight > 0, solved, np.nan)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("smoothness", [0.1, 10.0, 1e5])
def test_whittaker_equals_dense_algebra_on_uneven_cloudy_series(order: int, smoothness: float) -> None:
    cube = cloudy_series(1)
    result = apply(cube, {"do": "smooth", "smoothness": smoothness, "order": order})
    positions = (cube["time"].values - cube["time"].values[0]) / np.timedelta64(1, "D")
    for parcel in range(cube.sizes["parcel"]):
        for band in range(cube.sizes["band"]):
            values = cube["reflectance"].values[parcel, :, band].astype(float)
            if not np.isfinite(values).any():
                continue
            expected = dense_whittaker(positions, values, smoothness, order)
            np.testing.assert_allclose(result["reflectance"].values[parcel, :, band], expected, rtol=1e-4, atol=2e-5)


def test_on_equal_dates_differences_are_the_ordinary_ones() -> None:
    for order in (1, 2, 3):
        expected = np.diff(np.eye(9), order, axis=0)
        np.testing.assert_allclose(differences(np.arange(9) * 14.0, order), expected, atol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_whittaker_leaves_a_polynomial_below_its_order_as_it_is(order: int) -> None:
    cube = cloudy_series(2)
    days = (cube["time"].values - cube["time"].values[0]) / np.timedelta64(365, "D")
    cube["reflectance"] = (
        cube["reflectance"] * 0 + (0.1 + sum(days**power for power in range(order))).astype("f4")[:, None]
    )
    result = apply(cube, {"do": "smooth", "smoothness": 1e4, "order": order})
    np.testing.assert_allclose(result["reflectance"], cube["reflectance"], atol=1e-4)


def test_many_series_are_solved_in_pieces_to_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    cube = cloudy_series(3, parcels=20)
    whole = apply(cube, {"do": "smooth"})
    monkeypatch.setattr(smooth, "AT_ONCE", 100)
    np.testing.assert_array_equal(apply(cube, {"do": "smooth"})["reflectance"], whole["reflectance"])


def test_what_is_missing_stays_missing_and_what_is_lonely_stays_as_it_is() -> None:
    cube = cloudy_series(4)
    cube["reflectance"][1] = np.nan
    cube["reflectance"][2] = np.nan
    cube["reflectance"][2, 5:7] = 0.25
    result = apply(cube, {"do": "smooth"})
    np.testing.assert_array_equal(np.isnan(result["reflectance"]), np.isnan(cube["reflectance"]))
    assert (result["reflectance"].values[2, 5:7] == np.float32(0.25)).all()
    np.testing.assert_array_equal(result["observed"], cube["observed"])
    assert result["reflectance"].attrs == cube["reflectance"].attrs


@pytest.mark.parametrize(("window", "degree"), [(5, 2), (7, 3), (3, 0)])
def test_savitzky_golay_equals_polynomials_fitted_window_by_window(window: int, degree: int) -> None:
    times = pd.date_range("2022-01-01", periods=30, freq="10D")
    values = np.random.default_rng(5).normal(0.3, 0.1, (4, 30, 2))
    values[1, [4, 17]] = np.nan
    result = apply(
        series(times, values), {"do": "smooth", "method": "savitzky-golay", "window": window, "degree": degree}
    )
    half = window // 2
    for parcel in range(4):
        for band in range(2):
            one = values[parcel, :, band]
            for date in range(30):
                start = min(max(date - half, 0), 30 - window)
                part = one[start : start + window]
                expected = one[date]
                if np.isfinite(part).all():
                    expected = np.polyval(np.polyfit(np.arange(window), part, degree), date - start)
                got = result["reflectance"].values[parcel, date, band]
                assert got == pytest.approx(expected, abs=1e-5, nan_ok=True)


def test_savitzky_golay_wants_equal_dates_and_enough_of_them() -> None:
    step = {"do": "smooth", "method": "savitzky-golay"}
    with pytest.raises(InputError, match="dates are not equal; put an interpolate or composite step before"):
        apply(cloudy_series(6), step)
    with pytest.raises(InputError, match="window of 7 dates is longer than the series of 5"):
        apply(series(pd.date_range("2022-01-01", periods=5), np.zeros((1, 5, 1))), step)
    dekads = apply(cloudy_series(7), {"do": "composite"})
    assert apply(dekads, step)["reflectance"].shape == dekads["reflectance"].shape


def test_two_dates_of_one_day_do_no_harm() -> None:
    twice = [pd.Timestamp("2022-01-01T10:00:00"), pd.Timestamp("2022-01-01T10:00:25")]
    times = pd.DatetimeIndex([*twice, *pd.date_range("2022-01-06", periods=20, freq="5D")])
    values = np.random.default_rng(0).normal(0.3, 0.05, (1, 22, 1))
    result = apply(series(times, values), {"do": "smooth", "smoothness": 100})
    assert np.abs(result["reflectance"].values - 0.3).max() < 0.1
