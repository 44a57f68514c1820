from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from cloudrobust.errors import InputError
from cloudrobust.parcels.collect import collect
from cloudrobust.parcels.series import make_series, write_dataset

BANDS = ["B02", "B03"]


@pytest.fixture
def month(tmp_path):
    """A function that writes observations with random numbers and returns the file."""

    def write(name, parcels, times, chain="L1C", bands=BANDS, prefix="S2A", seed=0):
        shape = (len(parcels), len(times), len(bands))
        values = np.random.default_rng(seed).random(shape).astype(np.float32)
        dataset = make_series(
            parcels=parcels,
            times=np.array(times, "datetime64[ns]"),
            bands=bands,
            chain=chain,
            reflectance=values,
            deviation=values / 10,
            observed=np.ones(shape[:2], bool),
            pixel_count=np.full(shape[:2], 9, np.float32),
            clear_fraction=np.full(shape[:2], 1, np.float32),
            scenes=[f"{prefix}_{time}" for time in times],
            facts={"baselines": ["04.00" if seed else "05.09"], "offsets": [-1000], "minimum_clear": 0.5},
        )
        path = tmp_path / f"{name}.nc"
        write_dataset(dataset, path)
        return path, dataset

    return write


def test_months_are_put_together_in_time(month):
    june, late = month("june", ["a", "b"], ["2022-06-03T10:00:00", "2022-06-13T10:00:00"], seed=1)
    may, early = month("may", ["a", "b"], ["2022-05-04T10:00:00"], seed=2)
    empty, _ = month("april", ["a", "b"], [])
    period = (dt.date(2022, 4, 1), dt.date(2022, 6, 30))
    series = collect([june, empty, may], ["b", "a", "nowhere"], chain="L1C", period=period)
    assert series["parcel"].values.tolist() == ["b", "a"]
    assert series["time"].values.tolist() == sorted(series["time"].values.tolist())
    assert series.attrs["time_coverage_start"] == "2022-04-01"
    for part in (early, late):
        for name in part.data_vars:
            cut = series[name].sel(parcel=part["parcel"], time=part["time"])
            np.testing.assert_array_equal(cut.values, part[name].values, err_msg=name)
    assert series["scene"].values[0] == "S2A_2022-05-04T10:00:00"
    assert collect([may, june, empty], ["b", "a"], chain="L1C", period=period).identical(series)


def test_tiles_seen_at_one_time_share_a_date(month):
    west, one = month("west", ["a", "c"], ["2022-05-04T10:00:00", "2022-05-09T10:00:00"], prefix="W", seed=1)
    east, two = month("east", ["b"], ["2022-05-04T10:00:00", "2022-05-06T10:00:00"], prefix="E", seed=2)
    series = collect([west, east], ["a", "b", "c"], chain="L1C")
    assert dict(series.sizes) == {"parcel": 3, "time": 3, "band": 2}
    assert series["scene"].values.tolist() == [
        "E_2022-05-04T10:00:00 W_2022-05-04T10:00:00",
        "E_2022-05-06T10:00:00",
        "W_2022-05-09T10:00:00",
    ]
    assert series["observed"].values.tolist() == [[1, 0, 1], [1, 1, 0], [1, 0, 1]]
    assert np.isnan(series["reflectance"].values[1, 2]).all()
    assert series["clear_fraction"].values[0].tolist() == [1, 0, 1]
    np.testing.assert_array_equal(series["reflectance"].values[1, :2], two["reflectance"].values[0])
    np.testing.assert_array_equal(series["reflectance"].values[[0, 2]][:, [0, 2]], one["reflectance"].values)


def test_a_season_without_any_scene_is_a_series_without_dates(month):
    path, _ = month("may", ["a"], [])
    series = collect([path], ["a"], chain="L1C")
    assert dict(series.sizes) == {"parcel": 1, "time": 0, "band": 2}


def test_files_that_do_not_fit_are_told(month):
    may, _ = month("may", ["a"], ["2022-05-04T10:00:00"])
    again, _ = month("again", ["a"], ["2022-05-04T10:00:00"])
    with pytest.raises(InputError, match=r"again\.nc: holds dates that another month of its tile holds too"):
        collect([may, again], ["a"], chain="L1C")
    with pytest.raises(InputError, match=r"may\.nc: holds parcel 'a', which is unknown"):
        collect([may], ["b"], chain="L1C")
    with pytest.raises(InputError, match=r"may\.nc: is of chain L1C, not L2A"):
        collect([may], ["a"], chain="L2A")
    other, _ = month("other", ["a"], ["2022-06-04T10:00:00"], bands=["B02"])
    with pytest.raises(InputError, match=r"other\.nc: has other bands"):
        collect([may, other], ["a"], chain="L1C")
    with pytest.raises(InputError, match="there are no months to collect"):
        collect([], ["a"], chain="L1C")
