from __future__ import annotations

import datetime as dt
import json

import netCDF4
import numpy as np
import pytest

from cloudrobust.errors import InputError
from cloudrobust.parcels.series import make_series, read_series, write_dataset


@pytest.fixture
def series():
    generator = np.random.default_rng(0)
    reflectance = generator.random((5, 3, 2)).astype(np.float32)
    reflectance[2, 1] = np.nan
    return make_series(
        parcels=["7", "007", "ä", "b c", "x"],
        times=np.array(["2022-05-05T10:24:11", "2022-05-10T10:20:31", "2022-06-01T00:00:00"], "datetime64[ns]"),
        bands=["B02", "B8A"],
        chain="L2A/season",
        reflectance=reflectance,
        deviation=reflectance / 10,
        observed=np.isfinite(reflectance).any(axis=2),
        pixel_count=generator.random((5, 3)).astype(np.float32),
        clear_fraction=generator.random((5, 3)).astype(np.float32),
        scenes=["S2A_1", "S2B_2", "S2A_3"],
        period=(dt.date(2022, 3, 1), dt.date(2022, 10, 31)),
    )


def test_writing_and_reading_changes_nothing(series, tmp_path):
    write_dataset(series, tmp_path / "series.nc")
    again = read_series(tmp_path / "series.nc")
    assert again.equals(series)
    assert again.attrs == series.attrs
    assert again["time"].dtype == series["time"].dtype == "datetime64[ns]"
    assert again["parcel"].dtype.kind == "U"
    for name in series.data_vars:
        assert again[name].dtype == series[name].dtype, name
    assert list(tmp_path.iterdir()) == [tmp_path / "series.nc"]


def test_the_file_says_what_it_is(series, tmp_path):
    write_dataset(series, tmp_path / "series.nc")
    with netCDF4.Dataset(tmp_path / "series.nc") as file:
        assert file.Conventions == "CF-1.11"
        assert (file.level, file.chain) == ("L2A", "L2A/season")
        assert file["reflectance"].units == "1"
        assert file["reflectance"].standard_name == "surface_bidirectional_reflectance"
        assert file["reflectance"].dimensions == ("parcel", "time", "band")
        assert file["reflectance"].filters()["zlib"]
        assert file["wavelength"].units == "nm"
        assert file["wavelength"][:].tolist() == [492.7, 864.7]
        assert file["observed"].flag_meanings == "missing measured"
        assert file["observed"].flag_values.tolist() == [0, 1]
        assert file["time"].units == "seconds since 1970-01-01"
        assert file.time_coverage_start == "2022-03-01"
        assert "numpy" in json.loads(file.provenance)["versions"]


def test_times_finer_than_seconds_are_kept(series, tmp_path):
    fine = series.assign_coords(time=series["time"] + np.timedelta64(24, "ms"))
    write_dataset(fine, tmp_path / "series.nc")
    np.testing.assert_array_equal(read_series(tmp_path / "series.nc")["time"], fine["time"])


def test_only_the_wanted_variables_are_read(series, tmp_path):
    write_dataset(series, tmp_path / "series.nc")
    assert set(read_series(tmp_path / "series.nc", ["observed"]).data_vars) == {"observed"}
    nothing = read_series(tmp_path / "series.nc", [])
    assert not nothing.data_vars
    assert nothing["scene"].values.tolist() == ["S2A_1", "S2B_2", "S2A_3"]
    with pytest.raises(InputError, match="has no variable 'ndvi'"):
        read_series(tmp_path / "series.nc", ["ndvi"])


def test_missing_and_broken_files_are_told(tmp_path):
    with pytest.raises(InputError, match=r"gone\.nc: there is no such series"):
        read_series(tmp_path / "gone.nc")
    (tmp_path / "broken.nc").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"broken\.nc: is no readable NetCDF file"):
        read_series(tmp_path / "broken.nc")
