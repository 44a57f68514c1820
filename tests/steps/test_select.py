"""Temporal selection keeps exactly the dates that fulfil its conditions."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudrobust.config.steps import Select
from cloudrobust.errors import InputError
from cloudrobust.steps import apply
from cloudrobust.steps.select import keeps, select_scenes

from .made import cloudy_series, series

YEARS = pd.date_range("2021-01-01", "2024-12-31", freq="D")


def cube(times: pd.DatetimeIndex):
    values = np.arange(times.size, dtype=np.float32).reshape(1, -1, 1)
    ends = {"time_coverage_start": str(times[0].date()), "time_coverage_end": str(times[-1].date())}
    return series(times, values, **ends)


def test_first_and_last_day_are_included_whatever_the_hour() -> None:
    times = pd.to_datetime(["2022-02-28T23:59", "2022-03-01T00:01", "2022-10-31T23:59", "2022-11-01T00:00"])
    step = Select(start="03-01", end="10-31")
    assert keeps(times.values, step).tolist() == [False, True, True, False]


def test_a_window_may_run_across_new_year() -> None:
    kept = YEARS[keeps(YEARS.values, Select(start="11-15", end="02-10"))]
    month_day = kept.strftime("%m-%d")
    assert set(month_day[kept.month > 6]) == set(pd.date_range("2023-11-15", "2023-12-31").strftime("%m-%d"))
    assert set(month_day[kept.month < 6]) == set(pd.date_range("2023-01-01", "2023-02-10").strftime("%m-%d"))
    assert len(kept) == 4 * (47 + 41)


def test_months_and_days_of_the_year() -> None:
    assert set(YEARS[keeps(YEARS.values, Select(months=[4, 11]))].month) == {4, 11}
    assert set(YEARS[keeps(YEARS.values, Select(days=[60, 366]))].day_of_year) == {60, 366}
    around = YEARS[keeps(YEARS.values, Select(days=[2, 100], around=3))]
    expected = {97, 98, 99, 100, 101, 102, 103, 1, 2, 3, 4, 5}
    by_year = [set(around[around.year == year].day_of_year) for year in (2023, 2024)]
    # three days before the second are the last of the year before it, by the calendar of the year that they lie in
    assert by_year == [expected | {364, 365}, expected | {365, 366}]


def test_conditions_hold_together() -> None:
    step = Select(start="03-01", end="10-31", months=[2, 3, 10, 11], days=range(60, 80))
    kept = YEARS[keeps(YEARS.values, step)]
    assert (kept.month == 3).all()
    assert set(kept.day_of_year) == set(range(60, 80))


def test_the_covered_period_shrinks_with_the_selection() -> None:
    selected = apply(cube(pd.date_range("2021-06-01", "2022-12-31", freq="5D")), {"do": "select", "start": "03-01"})
    assert selected.attrs["time_coverage_start"] == "2021-06-01"
    later = apply(cube(pd.date_range("2022-01-01", "2022-12-31", freq="5D")), Select(start="03-01", end="10-31"))
    assert (later.attrs["time_coverage_start"], later.attrs["time_coverage_end"]) == ("2022-03-01", "2022-10-31")
    assert "time_coverage_ranges" not in later.attrs


def test_nothing_is_interpolated_into_what_a_selection_left_out() -> None:
    whole = cloudy_series(1, time_coverage_start="2022-01-01", time_coverage_end="2022-12-31")
    gaps = apply(whole, Select(months=[3, 4, 9]))
    assert gaps.attrs["time_coverage_ranges"] == "2022-03-01/2022-04-30 2022-09-01/2022-09-30"
    dates = apply(gaps, {"do": "interpolate", "every": "7d"})["time"].to_index()
    everything = pd.date_range("2022-03-01", "2022-09-30", freq="7D")
    assert dates.tolist() == [day for day in everything if day.month in (3, 4, 9)]
    narrower = apply(gaps, Select(start="04-10", end="09-10"))
    assert narrower.attrs["time_coverage_ranges"] == "2022-04-10/2022-04-30 2022-09-01/2022-09-10"
    alone = apply(gaps, Select(months=[9]))
    assert "time_coverage_ranges" not in alone.attrs
    assert alone.attrs["time_coverage_start"] == "2022-09-01"


def test_dates_are_clear_by_the_mean_of_the_parcels() -> None:
    made = cloudy_series(2)
    share = made["clear_fraction"].mean("parcel").values
    kept = apply(made, Select(minimum_clear=0.4))
    np.testing.assert_array_equal(kept["time"], made["time"][share >= 0.4])
    assert 0 < kept.sizes["time"] < made.sizes["time"]
    with pytest.raises(InputError, match=r"the clearest date is clear by 0\.\d\d; lower it"):
        apply(made, Select(minimum_clear=0.95))
    with pytest.raises(InputError, match="no variable 'clear_fraction'"):
        apply(made.drop_vars("clear_fraction"), Select(minimum_clear=0.4))


def test_scenes_are_clear_by_their_cloud_cover() -> None:
    scenes = pd.DataFrame({"time": pd.date_range("2022-01-01", periods=4), "cloud_cover": [0.0, 40.0, 40.1, 100.0]})
    assert select_scenes(scenes, Select(minimum_clear=0.6)).index.size == 2
    assert select_scenes(scenes, Select()).index.size == 4


def test_a_window_without_a_date_is_an_error_that_says_so() -> None:
    with pytest.raises(InputError, match="none of the 3 dates lies in the window"):
        apply(cube(pd.date_range("2022-06-01", periods=3)), Select(start="01-01", end="01-31"))


def test_an_index_is_selected_like_a_cube() -> None:
    times = pd.date_range("2022-01-01", "2022-12-31", freq="3D")
    step = Select(start="03-01", end="04-15", months=[4])
    scenes = select_scenes(pd.DataFrame({"time": times, "id": range(times.size)}), step)
    assert scenes["time"].tolist() == apply(cube(times), step)["time"].to_index().tolist()


days = st.dates(min_value=dt.date(2022, 1, 1), max_value=dt.date(2022, 12, 31)).map("{:%m-%d}".format)
steps = st.builds(
    Select,
    start=days,
    end=days,
    months=st.lists(st.integers(1, 12), max_size=6),
    days=st.lists(st.integers(1, 365), max_size=0) | st.lists(st.integers(1, 365), min_size=20, max_size=90),
)


def dates_of(step: Select) -> set[int]:
    """Days of 2022 that a selection keeps, from its definition."""
    everything = pd.date_range("2022-01-01", "2022-12-31")
    text = everything.strftime("%m-%d")
    inside = (text >= step.start) & (text <= step.end)
    if step.start > step.end:
        inside = (text >= step.start) | (text <= step.end)
    inside &= everything.month.isin(step.months or range(1, 13))
    return set(everything[inside & everything.day_of_year.isin(step.days or range(1, 367))].day_of_year)


@settings(deadline=None, max_examples=25)
@given(steps, steps)
def test_two_selections_are_the_selection_of_their_intersection(first: Select, second: Select) -> None:
    times = pd.date_range("2022-01-01", "2022-12-31", freq="D")
    whole = cube(times)
    both = dates_of(first) & dates_of(second)
    try:
        left = set(apply(apply(whole, first), second)["time"].to_index().day_of_year)
    except InputError:
        left = set()
    assert left == both
    if both:
        alone = Select(days=sorted(both))
        assert set(apply(whole, alone)["time"].to_index().day_of_year) == left
        swapped = apply(apply(whole, second), first)
        assert apply(apply(whole, first), second).identical(swapped)


@given(steps)
def test_the_part_of_a_selection_that_concerns_a_month_keeps_the_same_days_of_it(step: Select) -> None:
    for month in pd.period_range("2024-01", "2024-12", freq="M"):
        dates = pd.date_range(month.start_time, month.end_time, freq="D").values
        kept = keeps(dates, step)
        if kept.any():
            np.testing.assert_array_equal(keeps(dates, step.in_month(str(month))), kept)
        else:
            with pytest.raises(ValueError, match="no day of"):
                step.in_month(str(month))


def test_a_season_that_gains_a_month_says_the_same_of_the_others() -> None:
    short, long = Select(start="04-10", end="05-31"), Select(start="04-10", end="06-20")
    for month in ("2022-04", "2022-05"):
        assert short.in_month(month) == long.in_month(month)
    assert Select(days=[130], around=3).in_month("2022-05") == Select(start="05-07", end="05-13").in_month("2022-05")
