from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from cloudrobust.config.sources import Parcels, Split, TableSource
from cloudrobust.errors import InputError
from cloudrobust.parcels.labels import label_parcels
from cloudrobust.parcels.read import load_parcels, write_parcels
from cloudrobust.parcels.series import read_series, write_dataset
from cloudrobust.parcels.split import split
from cloudrobust.parcels.table import read_table

YEAR = SimpleNamespace(start=dt.date(2022, 1, 1), end=dt.date(2022, 12, 31))


@pytest.fixture
def long_form() -> pd.DataFrame:
    """Three parcels, uneven dates, one empty cell and one nodata."""
    return pd.DataFrame(
        {
            "parcel": ["b", "b", "a", "a", "c"],
            "time": ["2022-05-02", "2022-05-12", "2022-05-02", "2022-06-01", "2022-05-12"],
            "label": ["1", "1", "2", None, None],
            "blue": [100, 200, 300, 65535, 500],
            "nir": [1000.0, np.nan, 3000.0, 65535.0, 5000.0],
            "lon": [11.0, 11.0, 11.1, 11.1, 11.2],
            "lat": [48.0, 48.0, 48.1, 48.1, 48.2],
        }
    )


@pytest.fixture
def source(tmp_path):
    """A function that writes a table and returns its config."""

    def write(frame, name="table.parquet", **config):
        path = tmp_path / name
        frame.to_parquet(path) if name.endswith("parquet") else frame.to_csv(path, index=False)
        return TableSource(**{"file": path, "bands": {"B08": "nir", "B02": "blue"}, "nodata": 65535, **config})

    return write


@pytest.mark.parametrize("name", ["table.parquet", "table.csv"])
def test_long_form_becomes_a_cube(source, long_form, name):
    series, parcels = read_table(source(long_form, name), YEAR)
    assert series["parcel"].values.tolist() == ["b", "a", "c"]
    assert series["band"].values.tolist() == ["B02", "B08"]
    assert series["time"].dt.strftime("%m-%d").values.tolist() == ["05-02", "05-12", "06-01"]
    nan = np.nan
    np.testing.assert_allclose(
        series["reflectance"].sel(band="B02"), [[0.01, 0.02, nan], [0.03, nan, nan], [nan, 0.05, nan]], rtol=1e-6
    )
    np.testing.assert_allclose(
        series["reflectance"].sel(band="B08"), [[0.1, nan, nan], [0.3, nan, nan], [nan, 0.5, nan]], rtol=1e-6
    )
    assert series["observed"].values.tolist() == [[1, 1, 0], [1, 0, 0], [0, 1, 0]]
    assert series.attrs["level"] == series.attrs["chain"] == "L2A"
    assert series.attrs["time_coverage_end"] == "2022-12-31"
    assert parcels["parcel"].tolist() == ["b", "a", "c"]
    assert parcels["code"].tolist() == ["1", "2", None]
    assert parcels["status"].tolist() == ["usable", "usable", "unlabelled"]
    assert parcels.geometry.isna().all()


def test_scale_and_offset_are_applied(source, long_form):
    series, _ = read_table(source(long_form, scale=1e-4, offset=-0.1), YEAR)
    assert float(series["reflectance"].sel(parcel="b", band="B08")[0]) == pytest.approx(0)


def test_positions_become_points_in_metres(source, long_form):
    _, parcels = read_table(source(long_form, longitude="lon", latitude="lat"), YEAR)
    assert parcels.crs == "EPSG:32632"
    assert (parcels.geom_type == "Point").all()
    np.testing.assert_allclose(parcels.to_crs(4326).geometry.x, [11, 11.1, 11.2])


def test_dates_outside_the_period_are_left_out(source, long_form):
    may = SimpleNamespace(start=dt.date(2022, 5, 3), end=dt.date(2022, 5, 31))
    series, parcels = read_table(source(long_form), may)
    assert series.sizes["time"] == 1
    assert parcels["parcel"].tolist() == ["b", "c"]
    june = SimpleNamespace(start=dt.date(2023, 1, 1), end=dt.date(2023, 2, 1))
    with pytest.raises(InputError, match="holds no date from 2023-01-01 to 2023-02-01, only 2022-05-02 to 2022-06-01"):
        read_table(source(long_form), june)


def test_parcels_never_measured_are_excluded_with_the_reason(source, long_form):
    long_form.loc[4, ["blue", "nir"]] = 65535
    _, parcels = read_table(source(long_form), YEAR)
    assert parcels["status"].tolist() == ["usable", "usable", "excluded"]
    assert parcels["reason"].tolist()[2] == "never measured in the period"


def test_the_order_of_rows_does_not_change_a_parcel(source, long_form):
    series, _ = read_table(source(long_form), YEAR)
    shuffled, _ = read_table(source(long_form.iloc[[4, 2, 0, 3, 1]], "other.parquet"), YEAR)
    assert shuffled["parcel"].values.tolist() == ["c", "a", "b"]
    np.testing.assert_array_equal(shuffled.sel(parcel=series["parcel"])["reflectance"], series["reflectance"])


def test_parcels_of_a_table_survive_being_written(source, long_form, tmp_path):
    for config in (source(long_form), source(long_form, longitude="lon", latitude="lat")):
        _, parcels = read_table(config, YEAR)
        write_parcels(parcels, tmp_path / "parcels.parquet")
        again = load_parcels(tmp_path / "parcels.parquet")
        assert again.columns.tolist() == parcels.columns.tolist()
        assert again["parcel"].tolist() == ["b", "a", "c"]
        assert again.geometry.isna().tolist() == parcels.geometry.isna().tolist()
        assert again.crs == parcels.crs


def test_a_column_of_parts_is_kept(source, long_form):
    long_form["fold"] = ["train", "train", "test", "test", "train"]
    _, parcels = read_table(source(long_form), YEAR, "fold")
    assert parcels["part"].tolist() == ["train", "test", "train"]


# -- the real table ------------------------------------------------------------------------------


def real_config(real_data, *more: str) -> TableSource:
    names = ["B02", "B03", "B04", "B05", "B06", "B07", "B08", "B11", "B12", *more]
    return TableSource(
        file=real_data / "france-lpis-2023-dekads.parquet",
        parcel="sample_id",
        time="timestamp",
        label="ewoc_code",
        bands={name: f"S2-L2A-{name}" for name in names},
        nodata=65535,
        longitude="lon",
        latitude="lat",
    )


def test_the_real_table_is_read_whole(real_data, tmp_path):
    config = real_config(real_data)
    period = SimpleNamespace(start=dt.date(2022, 9, 1), end=dt.date(2024, 1, 31))
    series, parcels = read_table(config, period)
    raw = pd.read_parquet(config.file)
    assert dict(series.sizes) == {"parcel": 500, "time": raw["timestamp"].nunique(), "band": 9}
    missing = (raw["S2-L2A-B08"] == 65535).sum()
    assert int(series["observed"].sum()) == len(raw) - missing
    row = raw[raw["S2-L2A-B08"] != 65535].iloc[1234]
    value = series["reflectance"].sel(parcel=row["sample_id"], time=row["timestamp"], band="B08")
    assert float(value) == pytest.approx(row["S2-L2A-B08"] / 10000, abs=1e-7)
    assert float(series["reflectance"].sel(band="B08").mean()) == pytest.approx(
        raw.loc[raw["S2-L2A-B08"] != 65535, "S2-L2A-B08"].mean() / 10000, rel=1e-5
    )
    write_dataset(series, tmp_path / "series.nc")
    assert read_series(tmp_path / "series.nc").equals(series)

    labelled = label_parcels(parcels, Parcels(minimum_class_size=10))
    table = split(labelled, Split(block=20000))
    assert (labelled["status"] == "usable").sum() == len(table)
    assert (table.groupby("block")["part"].nunique() == 1).all()
    assert table["part"].value_counts(normalize=True)["test"] == pytest.approx(0.25, abs=0.02)


def test_a_band_without_values_is_told(real_data):
    period = SimpleNamespace(start=dt.date(2022, 9, 1), end=dt.date(2024, 1, 31))
    with pytest.raises(
        InputError, match=r"column 'S2-L2A-B8A' holds no value in the period; remove band B8A from source\.bands"
    ):
        read_table(real_config(real_data, "B8A"), period)


# -- what the user may get wrong -----------------------------------------------------------------


def complaint(config) -> str:
    with pytest.raises(InputError) as caught:
        read_table(config, YEAR)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_missing_and_unreadable_files(source, long_form, tmp_path):
    config = source(long_form)
    gone = config.model_copy(update={"file": tmp_path / "gone.parquet"})
    assert complaint(gone).endswith("gone.parquet: there is no such file; mend source.file")
    config.file.write_text("no table")
    assert "table.parquet: cannot be read as Parquet (" in complaint(config)


def test_missing_columns_with_the_nearest_name(source, long_form):
    assert "has no column 'lables' for source.label; did you mean 'label'?" in complaint(
        source(long_form, label="lables")
    )
    assert "has no column 'red' for source.bands.B04; valid are blue" in complaint(
        source(long_form, bands={"B04": "red"})
    )


def test_unknown_bands(source, long_form):
    assert "source.bands: unknown band 'B8' of L2A" in complaint(source(long_form, bands={"B8": "nir"}))
    assert "source.bands: unknown band 'B10' of L2A" in complaint(source(long_form, bands={"B10": "nir"}))


def test_repeated_dates(source, long_form):
    twice = pd.concat([long_form, long_form.iloc[[0, 4]]])
    assert (
        "parcel 'b' on 2022-05-02; 'c' on 2022-05-12 occurs more than once; keep one row a parcel and date"
        in complaint(source(twice))
    )


def test_labels_and_positions_that_change(source, long_form):
    long_form.loc[1, "label"] = "9"
    assert "column 'label' is not constant within parcel 'b': '1' and '9'; keep one of them" in complaint(
        source(long_form)
    )
    long_form["label"] = "1"
    long_form.loc[3, "lat"] = 50.0
    assert "column 'lat' is not constant within parcel 'a'" in complaint(
        source(long_form, longitude="lon", latitude="lat")
    )


def test_positions_that_are_no_degrees(source, long_form):
    long_form["lon"] = 600000.0
    assert "column 'lon' says 600000 for parcel 'b'; it must be degrees from -180 to 180" in complaint(
        source(long_form, longitude="lon", latitude="lat")
    )


def test_dates_and_numbers_that_cannot_be_read(source, long_form):
    spoilt = long_form.assign(time=["2022-05-02", "someday", *long_form["time"][2:]])
    assert "column 'time' (source.time) holds 1 unreadable dates, the first 'someday'" in complaint(source(spoilt))
    assert "column 'time' (source.time) holds numbers" in complaint(source(long_form.assign(time=20220502)))
    words = long_form.assign(blue=["1", "2", "many", "4", "5"])
    assert "column 'blue' (band B02) holds what is no number" in complaint(source(words))


def test_rows_without_a_parcel_and_tables_without_rows(source, long_form):
    assert "1 rows have no parcel in column 'parcel'" in complaint(
        source(long_form.assign(parcel=["b", None, "a", "a", "c"]))
    )
    assert "holds no rows" in complaint(source(long_form.iloc[:0]))
