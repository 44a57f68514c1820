"""Temporal selection keeps exactly the days of its window."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from cloudrobust.config.steps import Select
from cloudrobust.errors import InputError
from cloudrobust.steps import apply
from cloudrobust.steps.select import keeps, select_scenes


def cube(times: pd.DatetimeIndex) -> xr.Dataset:
    values = np.arange(times.size, dtype=np.float32).reshape(1, -1, 1)
    return xr.Dataset(
        {
            "reflectance": (("parcel", "time", "band"), values),
            "observed": (("parcel", "time"), np.ones((1, times.size), np.int8)),
        },
        coords={"parcel": ["1"], "time": times, "band": ["B04"]},
        attrs={"time_coverage_start": str(times[0].date()), "time_coverage_end": str(times[-1].date())},
    )


def test_first_and_last_day_are_included_whatever_the_hour() -> None:
    times = pd.to_datetime(["2022-02-28T23:59", "2022-03-01T00:01", "2022-10-31T23:59", "2022-11-01T00:00"])
    step = Select(start="03-01", end="10-31")
    assert keeps(times.values, step).tolist() == [False, True, True, False]


def test_the_covered_period_shrinks_with_the_selection() -> None:
    selected = apply(cube(pd.date_range("2021-06-01", "2022-12-31", freq="5D")), {"do": "select", "start": "03-01"})
    assert selected.attrs["time_coverage_start"] == "2021-06-01"
    later = apply(cube(pd.date_range("2022-01-01", "2022-12-31", freq="5D")), Select(start="03-01", end="10-31"))
    assert (later.attrs["time_coverage_start"], later.attrs["time_coverage_end"]) == ("2022-03-01", "2022-10-31")


def test_a_window_without_a_date_is_an_error_that_says_so() -> None:
    with pytest.raises(InputError, match="none of the 3 dates lies in the window"):
        apply(cube(pd.date_range("2022-06-01", periods=3)), Select(start="01-01", end="01-31"))


def test_an_index_is_selected_like_a_cube() -> None:
    times = pd.date_range("2022-01-01", "2022-12-31", freq="3D")
    step = Select(start="03-01", end="04-15")
    scenes = select_scenes(pd.DataFrame({"time": times, "id": range(times.size)}), step)
    assert scenes["time"].tolist() == apply(cube(times), step)["time"].to_index().tolist()


days = st.dates(min_value=pd.Timestamp("2022-01-01").date(), max_value=pd.Timestamp("2022-12-31").date())


@given(st.tuples(days, days), st.tuples(days, days))
def test_two_selections_are_the_selection_of_their_intersection(first: tuple, second: tuple) -> None:
    times = pd.date_range("2022-01-01", "2022-12-31", freq="D").values
    windows = [sorted(f"{day:%m-%d}" for day in pair) for pair in (first, second)]
    both = np.logical_and(*(keeps(times, Select(start=start, end=end)) for start, end in windows))
    start, end = max(w[0] for w in windows), min(w[1] for w in windows)
    expected = keeps(times, Select(start=start, end=end)) if start <= end else np.zeros(times.size, bool)
    assert np.array_equal(both, expected)
