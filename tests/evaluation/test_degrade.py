"""Degraded series: what is lost is lost, what is clouded is a real observation, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from cloudrobust.evaluation.degrade import (
    clouded,
    cloudy_observations,
    lots,
    placed,
    seen,
)
from cloudrobust.learning.truncation import stacked, until, without

TIMES = pd.date_range("2022-03-01 10:20", periods=12, freq="10D").to_numpy()


@pytest.fixture
def series() -> xr.Dataset:
    generator = np.random.default_rng(0)
    values = generator.random((5, 12, 3)).astype(np.float32)
    values[1, 4:6] = np.nan
    values[2] = np.nan
    return xr.Dataset(
        {
            "reflectance": (("parcel", "time", "band"), values, {"units": "1"}),
            "observed": (("parcel", "time"), np.isfinite(values).any(axis=2).astype(np.int8)),
        },
        {"parcel": [f"p{n}" for n in range(5)], "time": TIMES, "band": ["B02", "B04", "B08"]},
        {"chain": "L2A", "time_coverage_start": "2022-03-01"},
    )


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.9])
def test_every_parcel_loses_its_share_of_clear_dates_and_more_at_greater_shares(share: float) -> None:
    clear = np.random.default_rng(1).random((30, 40)) < 0.6
    clear[0] = False
    order = lots(clear, seed=2)
    lost = order < share
    assert not (lost & ~clear).any()
    np.testing.assert_allclose(lost.sum(axis=1), share * clear.sum(axis=1), atol=0.5001)
    assert ((order < share / 2) <= lost).all()
    np.testing.assert_array_equal(order, lots(clear, seed=2))
    assert (order != lots(clear, seed=3)).any()


def test_dates_of_two_levels_are_matched_by_acquisition() -> None:
    flags = np.eye(3, dtype=bool)
    onto = np.array([TIMES[2] + np.timedelta64(20, "s"), TIMES[0] - np.timedelta64(3, "D"), TIMES[0], TIMES[1]])
    found, known = placed(flags, TIMES[:3], onto)
    assert known.tolist() == [True, False, True, True]
    np.testing.assert_array_equal(found, np.array([[0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0]], dtype=bool))


def test_what_is_lost_is_missing_and_all_else_is_as_it_was(series) -> None:
    lost = np.zeros((5, 12), dtype=bool)
    lost[0, 3] = lost[1, 4] = True
    after = without(series, lost)
    assert np.isnan(after["reflectance"].values[lost]).all()
    assert (after["observed"].values[lost] == 0).all()
    np.testing.assert_array_equal(after["reflectance"].values[~lost], series["reflectance"].values[~lost])
    assert after.attrs == series.attrs
    assert after["reflectance"].dtype == np.float32
    assert after["reflectance"].dims == series["reflectance"].dims
    np.testing.assert_array_equal(seen(after), seen(series) & ~lost)


def test_injected_clouds_are_whole_observations_of_the_pool(series) -> None:
    clouds = np.array([[0.5, 0.6, 0.7], [0.8, 0.9, 1.0]], dtype=np.float32)
    lost = np.zeros((5, 12), dtype=bool)
    lost[[0, 0, 3], [1, 2, 11]] = True
    after = clouded(series, lost, clouds, seed=4)
    for value in after["reflectance"].values[lost]:
        assert any(np.array_equal(value, cloud) for cloud in clouds)
    np.testing.assert_array_equal(after["reflectance"].values[~lost], series["reflectance"].values[~lost])
    xr.testing.assert_identical(after, clouded(series, lost, clouds, seed=4))


def test_cloudy_observations_are_those_that_the_mask_rejects_on_known_dates(series) -> None:
    clear = np.ones((5, 12), dtype=bool)
    clear[0, :2] = clear[1, 4] = clear[3, 11] = False
    known = np.arange(12) != 11
    pool = cloudy_observations(series, clear, known)
    # The gap of p1 has no value, and the last date is not known.
    np.testing.assert_array_equal(pool, series["reflectance"].values[0, :2])


def test_nothing_is_seen_after_the_end(series) -> None:
    after = until(series, np.datetime64("2022-04-10"))
    assert seen(after)[:, :5].sum() == seen(series)[:, :5].sum()
    assert not seen(after)[:, 5:].any()


def test_stacked_cubes_come_apart_again(series) -> None:
    cubes = {"0": series, "1": until(series, np.datetime64("2022-04-01"))}
    both = stacked(cubes)
    assert both["parcel"].values[[0, 5]].tolist() == ["0|p0", "1|p0"]
    assert both.attrs == series.attrs
    for number, cube in enumerate(cubes.values()):
        part = both.isel(parcel=slice(5 * number, 5 * number + 5))
        np.testing.assert_array_equal(part["reflectance"].values, cube["reflectance"].values)
