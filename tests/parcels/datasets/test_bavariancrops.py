from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest

from cloudrobust.config.datasets import THIRTEEN, BavarianCropsSource
from cloudrobust.config.sources import Parcels, Split
from cloudrobust.errors import InputError
from cloudrobust.parcels.finished import open_finished
from cloudrobust.parcels.labels import label_parcels
from cloudrobust.parcels.ledger import ledger, reconcile, totals
from cloudrobust.parcels.split import split

from .made import BAVARIAN, Bavaria, write_lines, write_parcel

YEAR = SimpleNamespace(start=dt.date(2018, 1, 1), end=dt.date(2018, 12, 31))
ORDER = [BAVARIAN.index(f"B{band[1:].lstrip('0')}") for band in THIRTEEN]


@pytest.fixture
def bavaria(written: Bavaria, tmp_path: Path) -> Bavaria:
    """A copy that a test may spoil."""
    for folder in (written.folder, written.engine):
        shutil.copytree(folder, tmp_path / folder.name)
    return replace(written, folder=tmp_path / written.folder.name, engine=tmp_path / written.engine.name)


def opened(bavaria: Bavaria, part: str | None = "part", **config):
    return open_finished(BavarianCropsSource(**{"folder": bavaria.folder, **config}), YEAR, part)


def test_the_real_parcels_come_back_as_they_are(bavaria: Bavaria) -> None:
    data = opened(bavaria)
    series, parcels = data.series("L1C"), data.parcels()
    assert series["band"].values.tolist() == list(THIRTEEN)
    assert series.sizes == {"parcel": 100, "time": 50, "band": 13}
    np.testing.assert_allclose(
        series["reflectance"].sel(parcel=bavaria.ids), bavaria.x[:, :, ORDER], rtol=1e-6, atol=1e-9
    )
    assert series["observed"].values.all()
    assert (series["time"].values.astype("datetime64[D]") == bavaria.days).all()
    found = parcels.set_index("parcel").loc[bavaria.ids]
    assert found["code"].tolist() == [str(100 + number) for number in bavaria.label]
    assert found["part"].tolist() == bavaria.part
    assert (found["status"] == "usable").all()
    assert series.attrs["chain"] == "L1C"


def test_classes_and_parts_reach_the_split(bavaria: Bavaria) -> None:
    data = opened(bavaria)
    labelled = label_parcels(data.parcels(), Parcels(minimum_class_size=3), data.mapping())
    table = split(labelled, Split(method="column", column="part"))
    usable = labelled[labelled["status"] == "usable"]
    assert table.set_index("parcel")["part"].to_dict() == usable.set_index("parcel")["part"].to_dict()
    rare = {f"class {n}" for n in range(39) if 0 < (bavaria.label == n).sum() < 3}
    assert set(labelled.loc[labelled["status"] == "excluded", "class"]) == rare
    reconcile(ledger(labelled, table), bavaria.ids)


def test_dates_without_all_bands_and_second_acquisitions_of_a_day_are_left_out(bavaria: Bavaria) -> None:
    parcel = bavaria.ids[0]
    file = bavaria.folder / "csv" / bavaria.region[0] / f"{parcel}.csv"
    table = pd.read_csv(file, index_col=0)
    table.iloc[3, table.columns.get_loc("B10")] = np.nan
    second = table.iloc[[5]].copy()
    second[BAVARIAN] += 1000
    table = pd.concat([table.iloc[:6], second, table.iloc[6:]])
    table.to_csv(file)
    series = opened(bavaria).series("L1C").sel(parcel=parcel)
    expected = bavaria.x[0][:, ORDER].copy()
    expected[3] = np.nan
    np.testing.assert_allclose(series["reflectance"], expected, rtol=1e-6)
    assert series["observed"].values.tolist() == [number != 3 for number in range(50)]


def test_what_cannot_be_used_has_a_reason_and_totals_add_up(bavaria: Bavaria) -> None:
    folder, ids, region = bavaria.folder, bavaria.ids, bavaria.region
    files = [folder / "csv" / name / f"{parcel}.csv" for name, parcel in zip(region, ids, strict=True)]
    files[0].unlink()
    files[1].write_text("no table\n")
    table = pd.read_csv(files[2], index_col=0)
    table.iloc[7:, table.columns.get_loc("label")] = 999
    table.to_csv(files[2])
    write_parcel(files[3], ids[3], bavaria.x[3], bavaria.days, 777)
    write_parcel(files[4], ids[4], bavaria.x[4] * np.nan, bavaria.days, 107)
    write_parcel(folder / "csv" / "holl" / "5.csv", "5", bavaria.x[0], bavaria.days, 107)
    lines = (folder / "ids" / "blocks" / f"{region[6]}_test.txt").read_text().split()
    write_lines(folder / "ids" / "blocks" / f"{region[6]}_test.txt", [*lines, ids[6]])
    data = opened(bavaria)
    series = data.series("L1C")
    labelled = label_parcels(data.parcels(), Parcels(minimum_class_size=3), data.mapping())
    reason = labelled.set_index("parcel")["reason"]
    assert reason[ids[0]] == f"listed, but it has no file in csv/{region[0]}"
    assert reason[ids[1]] == "its file cannot be read"
    assert reason[ids[2]] == "its label changes within the year"
    assert reason[ids[3]] == "label '777' is in no class mapping"
    assert reason[ids[4]] == "no date with all bands in the period"
    assert reason["5"] == "in no list of ids/blocks"
    assert reason[ids[6]] == "its id stands in the lists train and test"
    assert len(labelled) == 101
    assert set(labelled.loc[labelled["status"] == "usable", "parcel"]) <= set(series["parcel"].values.tolist())
    account = ledger(labelled, split(labelled, Split(method="column", column="part")))
    reconcile(account, [*ids, "5"])
    counted = totals(account).set_index("what")["parcels"]
    assert counted["excluded"].sum() + counted["usable"] + counted["unlabelled"] == counted["read"] == 101


def test_random_lists_draw_a_validation_part_with_a_seed(bavaria: Bavaria) -> None:
    first, again, other = (
        opened(bavaria, scheme="random", seed=seed).parcels().set_index("parcel")["part"] for seed in (0, 0, 1)
    )
    training = [p for p, part in zip(bavaria.ids, bavaria.part, strict=True) if part != "test"]
    assert (first[training] == "validation").sum() == int(len(training) * 0.1)
    assert first.equals(again)
    assert not first.equals(other)
    assert (first.drop(training) == "test").all()


def test_the_preprocessed_series_are_those_that_pandas_wrote(bavaria: Bavaria) -> None:
    data = opened(bavaria, preprocessed=bavaria.engine)
    series = data.series("L2A")
    assert series.sizes == {"parcel": 100, "time": 23, "band": 10}
    frames = [pd.read_hdf(bavaria.engine / "test_train_krum.h5", key) for key in ("train_data", "test_data")]
    table = pd.concat(frames).set_index("ID")
    for band in ("B02", "B8A", "B12"):
        wanted = table[[f"S2/{band}_{day:%Y-%m-%d}_median" for day in pd.DatetimeIndex(series["time"])]]
        got = series["reflectance"].sel(parcel=[str(number) for number in wanted.index], band=band)
        np.testing.assert_allclose(got, wanted.to_numpy() * 1e-4, rtol=1e-6)


def complaint(bavaria: Bavaria, **config) -> str:
    with pytest.raises(InputError) as caught:
        opened(bavaria, **config).series("L2A" if "preprocessed" in config else "L1C")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_wrong_columns_are_told_before_thousands_of_files_are_read(bavaria: Bavaria) -> None:
    for file in (bavaria.folder / "csv" / "krum").glob("*.csv"):
        file.write_text(file.read_text().replace(",B8A,", ",B8a,", 1))
    assert "has no column 'B8A'; did you mean 'B8a'?" in complaint(bavaria)


def test_missing_pieces_are_told(bavaria: Bavaria, tmp_path: Path) -> None:
    assert "classmapping34.csv: there is no such class mapping; mend source.classes" in complaint(
        bavaria, classes="classmapping34.csv"
    )
    (bavaria.folder / "ids" / "blocks" / "nowa_valid.txt").write_text("12\nzwölf\n")
    assert "nowa_valid.txt: line 2 holds 'zwölf', which is no id; write one number a line" in complaint(bavaria)
    (bavaria.folder / "ids" / "blocks" / "nowa_valid.txt").unlink()
    assert "nowa_valid.txt: there is no such list of ids" in complaint(bavaria)
    assert "csv/holl: there is no such folder; unpack BavarianCrops.zip of zenodo.org/records/5707142 so that" in (
        complaint(bavaria, folder=tmp_path / "nothing", classes=None)
    )


def test_spoilt_class_mappings_are_told(bavaria: Bavaria) -> None:
    file = bavaria.folder / "classmapping23.csv"
    good = file.read_text()
    file.write_text(good.replace("nutzcode", "code"))
    assert "has no column 'nutzcode'" in complaint(bavaria)
    file.write_text(good + "99,99,107,twice,doppelt\n")
    assert "classmapping23.csv: gives code '107' two classes; keep one of the rows" in complaint(bavaria)


def test_spoilt_preprocessed_files_are_told(bavaria: Bavaria) -> None:
    file = bavaria.engine / "test_train_holl.h5"
    with h5py.File(file, "a") as opened_file:
        opened_file["train_data/axis0"][()]
        del opened_file["train_data"]
    assert "test_train_holl.h5: holds no frame 'train_data' in pandas' fixed format" in complaint(
        bavaria, preprocessed=bavaria.engine
    )
    file.write_text("no HDF5")
    assert "test_train_holl.h5: cannot be read as HDF5" in complaint(bavaria, preprocessed=bavaria.engine)
