from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import breizhcrops.datasets.breizhcrops as package
import h5py
import numpy as np
import pandas as pd
import pytest

from cloudrobust.config.datasets import TEN, THIRTEEN, BreizhCropsSource
from cloudrobust.config.sources import Parcels, Split
from cloudrobust.errors import InputError
from cloudrobust.parcels.datasets.breizhcrops import COLUMNS
from cloudrobust.parcels.datasets.fetch import SIZES
from cloudrobust.parcels.finished import open_finished
from cloudrobust.parcels.labels import label_parcels
from cloudrobust.parcels.ledger import ledger, reconcile
from cloudrobust.parcels.split import split

from .made import write_breizh

YEAR = SimpleNamespace(start=dt.date(2017, 1, 1), end=dt.date(2017, 12, 31))
REGIONS = ("frh01", "frh02", "frh03", "frh04")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_breizh(tmp_path / "breizh", parcels=12)
    return tmp_path / "breizh"


def opened(folder: Path, part: str | None = "part", **config):
    return open_finished(BreizhCropsSource(folder=folder, **config), YEAR, part)


@pytest.fixture
def packaged(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """The package's own loader on the small files; it checks sizes and would download what is missing."""

    def refuse(*arguments: object, **_: object) -> None:
        raise AssertionError(f"the package misses a file: {arguments}")

    sizes = {
        2017: {
            level: {region: (folder / "2017" / level / f"{region}.h5").stat().st_size for region in REGIONS}
            for level in ("L1C", "L2A")
        }
    }
    monkeypatch.setattr(package, "FILESIZES", sizes)
    monkeypatch.setattr(package, "download_file", refuse)

    def load(region: str, level: str) -> package.BreizhCrops:
        return package.BreizhCrops(region, root=str(folder), level=level, transform=lambda x: x)

    return load


@pytest.mark.parametrize(("level", "bands"), [("L1C", THIRTEEN), ("L2A", TEN)])
def test_the_numbers_are_those_of_the_packages_own_loader(folder: Path, packaged, level: str, bands: tuple) -> None:
    data = opened(folder)
    series = data.series(level)
    assert series["band"].values.tolist() == list(bands)
    days = series["time"].values.astype("datetime64[D]")
    columns = package.SELECTED_BANDS[level]
    assert list(COLUMNS[level]) == columns
    names = [f"B{band[1:].lstrip('0')}" for band in bands]
    seen = 0
    for region in REGIONS:
        theirs = packaged(region, level)
        for number in range(len(theirs)):
            x, _, parcel = theirs[number]
            ours = series.sel(parcel=str(parcel))
            observed = ours["observed"].values.astype(bool)
            dates = x[:, columns.index("doa")].astype("int64").astype("datetime64[ns]").astype("datetime64[D]")
            assert (days[observed] == dates).all()
            wanted = x[:, [columns.index(name) for name in names]] * 1e-4
            np.testing.assert_allclose(ours["reflectance"].values[observed], wanted, rtol=1e-6)
            assert np.isnan(ours["reflectance"].values[~observed]).all()
            seen += 1
    assert seen == series.sizes["parcel"] == 48


def test_classes_are_those_of_the_packages_own_loader(folder: Path, packaged) -> None:
    data = opened(folder)
    labelled = label_parcels(data.parcels(), Parcels(minimum_class_size=3), data.mapping()).set_index("parcel")
    for region in REGIONS:
        theirs = packaged(region, "L1C")
        for number in range(len(theirs)):
            _, y, parcel = theirs[number]
            assert labelled.loc[str(parcel), "class"] == theirs.classname[int(y)]
    # The package rewrites the index; it is still read.
    assert opened(folder).parcels()["code"].notna().all()


def test_sizes_and_addresses_are_the_packages() -> None:
    levels = ("L1C", "L2A")
    sizes = {(level, region): size for level in levels for region, size in package.FILESIZES[2017][level].items()}
    assert sizes == SIZES
    source = BreizhCropsSource()
    for level in levels:
        for region, address in package.H5_URLs[2017][level].items():
            assert address == f"{source.url}/2017/{level}/{region}.h5.tar.gz"
            assert package.INDEX_FILE_URLs[2017][level][region] == f"{source.url}/2017/{level}/{region}.csv"
    assert f"{source.url}/{source.classes}" == package.CLASSMAPPINGURL


def test_regions_are_the_parts(folder: Path) -> None:
    data = opened(folder, train=("frh02", "frh04"), validation=("frh01",), test=("frh03",))
    labelled = label_parcels(data.parcels(), Parcels(minimum_class_size=3), data.mapping())
    table = split(labelled, Split(method="column", column="part"))
    reconcile(ledger(labelled, table), labelled["parcel"])
    region = table["parcel"].astype(int) // 1000 - 6000
    assert table.groupby(region)["part"].unique().map(list).tolist() == [
        ["validation"], ["train"], ["test"], ["train"],
    ]  # fmt: skip


def test_parcels_that_a_level_lacks_stay_where_they_are_and_have_a_reason_if_both_lack_them(folder: Path) -> None:
    with h5py.File(folder / "2017" / "L2A" / "frh01.h5", "a") as file:
        del file["data/2017/L2A/frh01/csv/6000000.csv"], file["data/2017/L2A/frh01/csv/6000001.csv"]
    with h5py.File(folder / "2017" / "L1C" / "frh01.h5", "a") as file:
        del file["data/2017/L1C/frh01/csv/6000001.csv"]
        path = "data/2017/L1C/frh01/csv/6000002.csv"
        short = file[path][:, :16]
        del file[path]
        file[path] = short
    index = folder / "2017" / "L2A" / "frh01.csv"
    table = pd.read_csv(index)
    table.loc[table["id"] == 6000003, "CODE_CULTU"] = "ZZZ"
    table[table["id"] != 6000002].to_csv(index, index=False)
    data = opened(folder)
    raw, corrected = data.series("L1C"), data.series("L2A")
    parcels = data.parcels().set_index("parcel")
    assert parcels.loc["6000000", "status"] == "usable"
    assert parcels.loc["6000001", "reason"] == "not in the HDF5 file; not in the HDF5 file"
    assert parcels.loc["6000002", "reason"].endswith("not dates x 17; not listed in L2A")
    assert parcels.loc["6000003", "reason"] == "its code differs between levels"
    assert "6000000" in raw["parcel"].values
    assert "6000000" not in corrected["parcel"].values


def test_unknown_codes_get_a_reason(folder: Path) -> None:
    mapping = folder / "classmapping.csv"
    mapping.write_text("".join(line for line in mapping.open() if ",MIS" not in line))
    data = opened(folder)
    labelled = label_parcels(data.parcels(), Parcels(minimum_class_size=3), data.mapping())
    assert set(labelled.loc[labelled["status"] == "excluded", "reason"]) == {"label 'MIS' is in no class mapping"}
    assert (labelled.loc[labelled["code"] == "MIS", "status"] == "excluded").all()


def complaint(folder: Path, **config) -> str:
    with pytest.raises(InputError) as caught:
        opened(folder, **config).series("L1C")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_may_be_wrong_with_the_files(folder: Path) -> None:
    place = folder / "2017" / "L1C"
    index = place / "frh03.csv"
    good = index.read_text()
    index.write_text(good.replace("CODE_CULTU", "CODE"))
    assert "frh03.csv: has no column 'CODE_CULTU'" in complaint(folder)
    index.write_text(good.partition("\n")[0] + "\n")
    assert "frh03.csv: lists no parcel; fetch it again" in complaint(folder)
    index.write_text((place / "frh02.csv").read_text())
    assert "frh03.csv: parcel '6001000' is listed in frh02 and in frh03" in complaint(folder)
    index.write_text(good)
    (place / "frh04.h5").write_text("no HDF5")
    assert "frh04.h5: cannot be read as HDF5" in complaint(folder)
    (place / "frh04.h5").unlink()
    assert "frh04.h5: there is no such file" in complaint(folder)


def test_a_period_without_dates_is_told(folder: Path) -> None:
    period = SimpleNamespace(start=dt.date(2018, 1, 1), end=dt.date(2018, 12, 31))
    with pytest.raises(InputError, match="no parcel has a date from 2018-01-01 to 2018-12-31; mend period"):
        open_finished(BreizhCropsSource(folder=folder), period).series("L1C")
