from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import box

from cloudrobust.errors import InputError
from cloudrobust.scenes.index import COLUMNS, empty_index, read_index, to_index, write_index


def row(**more: Any) -> dict[str, Any]:
    return {
        "id": "S2A_MSIL1C_20220505T102411_N0400_R065_T32UPU_20220505T162411",
        "tile": "32UPU",
        "level": "L1C",
        "time": datetime(2022, 5, 5, 10, 24, 11),
        "platform": "S2A",
        "orbit": 65,
        "baseline": "04.00",
        "quantification": 10000,
        "offset": -1000,
        "cloud_cover": 12.5,
        "file": "a.SAFE",
        "bytes": 5,
        "checksum": "0" * 32,
        "geometry": box(10, 48, 11, 49),
        **more,
    }


def types(frame: gpd.GeoDataFrame) -> dict[str, str]:
    return {name: str(frame[name].dtype) for name in COLUMNS}


def test_index_comes_back_sorted_and_typed(tmp_path: Path) -> None:
    rows = [row(id="b"), row(id="a"), row(id="c", time=datetime(2022, 5, 2))]
    write_index(to_index(reversed(rows)), tmp_path / "2022-05.parquet")
    frame = read_index(tmp_path / "2022-05.parquet")
    assert frame["id"].tolist() == ["c", "a", "b"]
    assert types(frame) == COLUMNS
    assert frame.crs.to_epsg() == 4326
    assert frame.geometry.iloc[0].equals(box(10, 48, 11, 49))
    assert frame["time"].iloc[1] == pd.Timestamp("2022-05-05T10:24:11")


def test_month_without_scenes_is_a_valid_index(tmp_path: Path) -> None:
    write_index(empty_index(), tmp_path / "empty.parquet")
    frame = read_index(tmp_path / "empty.parquet")
    assert len(frame) == 0
    assert types(frame) == COLUMNS == types(empty_index())
    assert frame.crs.to_epsg() == 4326
    both = pd.concat([frame, to_index([row()])])
    assert types(both) == COLUMNS


def test_mask_column_and_others_are_kept(tmp_path: Path) -> None:
    frame = to_index([row()])
    frame["mask"] = "2022-05-masks/x.tif"
    frame["clear"] = 0.5
    write_index(frame, tmp_path / "i.parquet")
    again = read_index(tmp_path / "i.parquet")
    assert again["mask"].tolist() == ["2022-05-masks/x.tif"]
    assert again["clear"].tolist() == [0.5]


def test_file_is_relative_to_the_store_only_inside_it(tmp_path: Path) -> None:
    store = tmp_path / "store"
    rows = [row(id="a", file=str(store / "deep" / "x.SAFE")), row(id="b", file="/elsewhere/y.SAFE")]
    write_index(to_index(rows), tmp_path / "i.parquet", store)
    assert read_index(tmp_path / "i.parquet")["file"].tolist() == ["deep/x.SAFE", "/elsewhere/y.SAFE"]
    read = read_index(tmp_path / "i.parquet", store)
    assert read["file"].tolist() == [str(store / "deep" / "x.SAFE"), "/elsewhere/y.SAFE"]
    write_index(read, tmp_path / "j.parquet", store)
    assert read_index(tmp_path / "j.parquet")["file"].tolist() == ["deep/x.SAFE", "/elsewhere/y.SAFE"]


def test_store_may_be_relative_to_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_index(to_index([row(file="results/archive/x.SAFE")]), "i.parquet", "results/archive")
    assert read_index("i.parquet")["file"].tolist() == ["x.SAFE"]
    assert read_index("i.parquet", "results/archive")["file"].tolist() == [str(tmp_path / "results/archive/x.SAFE")]


def test_missing_or_foreign_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.parquet: there is no such index"):
        read_index(tmp_path / "no.parquet")
    gpd.GeoDataFrame({"a": [1]}, geometry=[box(0, 0, 1, 1)], crs=4326).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(InputError, match=r"x\.parquet: is no index of scenes, it has no column id"):
        read_index(tmp_path / "x.parquet")
    (tmp_path / "y.parquet").write_text("no parquet")
    with pytest.raises(InputError, match=r"y\.parquet: is no index of scenes"):
        read_index(tmp_path / "y.parquet")
    with pytest.raises(InputError, match="needs the column checksum"):
        write_index(to_index([row()]).drop(columns="checksum"), tmp_path / "z.parquet")
