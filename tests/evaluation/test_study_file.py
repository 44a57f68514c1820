"""What is shared of a study: differences and their errors, and no parcel."""

from __future__ import annotations

import json
import math
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from cloudrobust.errors import InputError
from cloudrobust.evaluation.study_file import (
    differences,
    find_study_file,
    read_study_file,
    region,
    study_content,
    table_of,
    write_study_file,
)

IDS = [f"farm-{n}" for n in range(8)]


def parcels() -> gpd.GeoDataFrame:
    x = 500_000 + 1000.0 * pd.Series(range(8))
    squares = shapely.box(x, 5_400_000, x + 90, 5_400_090)
    return gpd.GeoDataFrame({"parcel": IDS, "class": ["maize", "wheat"] * 4}, geometry=squares, crs=32632)


def split() -> pd.DataFrame:
    parts = ["train"] * 4 + ["test"] * 4
    return pd.DataFrame({"parcel": IDS, "part": parts, "block": ["1-1"] * 4 + ["2-2", "2-2", "3-3", "3-3"]})


def content() -> dict:
    rows = [
        ("forest", "accuracy", unit, n, 0.05, 0.02, 0.08, error)
        for unit, n, error in (("parcels", 4, 0.01), ("blocks", 2, 0.02))
    ]
    columns = ["model", "metric", "unit", "drawn", "estimate", "low", "high", "error"]
    scores = pd.DataFrame(
        {
            "branch": ["raw", "raw", "made", "made"],
            "model": "forest",
            "seed": [0, 1] * 2,
            "accuracy": [0.6, 0.7, 0.7, 0.7],
        }
    )
    head = {"title": "Valley", "branches": {"raw": {"level": "L1C", "steps": []}}}
    compared = differences(pd.DataFrame(rows, columns=columns), scores, "raw", "made")
    return study_content(head, parcels(), split(), IDS[4:], compared)


def test_the_region_is_a_box_of_a_tenth_of_a_degree() -> None:
    assert region(parcels()) == [9.0, 48.7, 9.1, 48.8]
    assert region(parcels().set_crs(None, allow_override=True)) is None


def test_the_error_is_that_over_blocks() -> None:
    (row,) = content()["differences"]
    assert (row["error"], row["unit"], row["drawn"]) == (0.02, "blocks", 2)
    assert (row["raw"], row["preprocessed"], row["seeds"]) == (0.65, 0.7, 2)


def test_no_parcel_is_shared(tmp_path: Path) -> None:
    write_study_file(content(), tmp_path / "study.json")
    text = (tmp_path / "study.json").read_text()
    assert not any(one in text for one in IDS)
    assert "5400" not in text
    assert json.loads(text)["parcels"] == {"test": 4, "train": 4, "test_blocks": 2, "classes": 2}
    assert len(text) < 2000


@pytest.mark.parametrize("where", ["", "evaluation", "results/evaluation"])
def test_the_file_is_found_below_a_study(tmp_path: Path, where: str) -> None:
    write_study_file(content(), tmp_path / where / "study.json")
    assert read_study_file(find_study_file(tmp_path))["title"] == "Valley"


def test_an_unknown_error_is_kept_as_unknown(tmp_path: Path) -> None:
    changed = content()
    changed["differences"][0]["error"] = None
    write_study_file(changed, tmp_path / "study.json")
    table = table_of({"a": read_study_file(tmp_path / "study.json")}, "accuracy")
    assert math.isnan(table["error"].iloc[0])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is no file of a study"),
        ('{"format": 99}', "is of format 99"),
        ('{"format": 1, "title": "a", "branches": {}}', "lacks differences"),
        ('{"format": 1, "title": "a", "branches": {}, "differences": [{"model": "a"}]}', "a difference lacks metric"),
    ],
)
def test_another_file_is_refused_in_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "study.json").write_text(text)
    with pytest.raises(InputError, match=words):
        read_study_file(tmp_path / "study.json")


def test_a_folder_without_a_study_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run the study first"):
        find_study_file(tmp_path)
