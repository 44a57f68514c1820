"""Files that people take away, read back by what reads them: SQLite, GeoPandas, an XML parser."""

from __future__ import annotations

import csv
import sqlite3
from pathlib import Path
from xml.etree import ElementTree

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from cloudrobust.report.answer_files import FRONT, parcel_answers, qml, write_answers
from cloudrobust.report.palette import class_colours

REASONS = {"d": "smaller than 4 pixels after the buffer"}


@pytest.fixture
def parcels() -> gpd.GeoDataFrame:
    """Right, wrong, unlabelled, too small, and one that no scene shows."""
    frame = pd.DataFrame(
        {
            "parcel": ["a", "b", "c", "d", "e"],
            "class": ["maize", "maize", None, "wheat", "wheat"],
            "area": [1e4, 2e4, 3e4, 100.0, 4e4],
            "status": ["usable", "usable", "unlabelled", "excluded", "usable"],
            "reason": ["", "", "", REASONS["d"], ""],
        }
    )
    x = pd.Series(range(5)) * 200.0 + 5e5
    return gpd.GeoDataFrame(frame, geometry=shapely.box(x, 5.4e6, x + 150, 5.4e6 + 150), crs=32632)


@pytest.fixture
def found(parcels: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    answers = pd.DataFrame(
        {
            "parcel": ["a", "b", "c"], "declared": ["maize", "maize", None], "predicted": ["maize", "wheat", "wheat"],
            "probability": [0.9, 0.8, 0.6], "second": ["wheat", "maize", "maize"], "probability_2": [0.1, 0.2, 0.4],
            "third": [None] * 3, "probability_3": [float("nan")] * 3, "entropy": [0.1, 0.2, 0.3],
            "disagreement": [0.0, 0.5, 0.0], "part": ["test", "train", "none"],
            "likely": ["maize", "wheat or maize", "wheat or maize"], "likely_count": [1, 2, 2],
            "answered_by": ["fold 1 of 2: TempCNN, raw", "fold 2 of 2: TempCNN, raw", "ensemble of 3 seeds: TempCNN"],
            "fold": [1, 2, None],
        }
    )  # fmt: skip
    return parcel_answers(parcels, answers, pd.Series({"a": 7, "b": 6, "c": 5}))


def test_every_parcel_has_an_answer_or_a_reason(found: gpd.GeoDataFrame) -> None:
    assert found["parcel"].tolist() == ["a", "b", "c", "d", "e"]
    silent = found[found["predicted"].isna()].set_index("parcel")["reason"]
    assert silent.to_dict() == {"d": REASONS["d"], "e": "no observed date in this branch"}
    assert (found.loc[found["predicted"].notna(), "reason"] == "").all()


def test_agreement_is_known_only_where_both_are(found: gpd.GeoDataFrame) -> None:
    agrees = found.set_index("parcel")["agrees"]
    assert bool(agrees["a"])
    assert not bool(agrees["b"])
    assert agrees[["c", "d", "e"]].isna().all()


def test_all_files_hold_the_same_parcels(found: gpd.GeoDataFrame, tmp_path: Path) -> None:
    write_answers(found, tmp_path)
    package = gpd.read_file(tmp_path / "parcels.gpkg", layer="parcels")
    parquet = gpd.read_parquet(tmp_path / "parcels.parquet")
    table = pd.read_csv(tmp_path / "parcels.csv")
    assert list(table.columns) == list(FRONT)
    for frame in (package, parquet, table):
        assert frame["parcel"].tolist() == found["parcel"].tolist()
        assert frame["predicted"].fillna("").tolist() == found["predicted"].fillna("").tolist()
        assert frame["probability"].fillna(-1).tolist() == pytest.approx(found["probability"].fillna(-1).tolist())
    assert package["agrees"].fillna("").tolist() == table["agrees"].fillna("").tolist() == ["yes", "no", "", "", ""]
    assert package.crs == parquet.crs == found.crs
    assert package.geometry.geom_equals(found.geometry).all()


def test_every_answer_says_by_which_model_and_how_sure_the_class_is(found: gpd.GeoDataFrame, tmp_path: Path) -> None:
    write_answers(found, tmp_path)
    package = gpd.read_file(tmp_path / "parcels.gpkg", layer="parcels").set_index("parcel")
    assert package.loc["b", ["likely", "answered_by"]].tolist() == ["wheat or maize", "fold 2 of 2: TempCNN, raw"]
    assert package["fold"].fillna(0).tolist() == [1, 2, 0, 0, 0]
    assert package["likely_count"].fillna(0).tolist() == [1, 2, 2, 0, 0]
    assert package.loc[["d", "e"], "answered_by"].isna().all()


def test_answers_without_folds_have_empty_columns(parcels: gpd.GeoDataFrame, found: gpd.GeoDataFrame) -> None:
    bare = pd.DataFrame(found)[["parcel", "declared", "predicted", "probability", "second", "probability_2", "third",
                                "probability_3", "entropy", "disagreement", "part"]]  # fmt: skip
    again = parcel_answers(parcels, bare[bare["predicted"].notna()], pd.Series(dtype=int))
    assert again[["likely", "answered_by", "fold"]].isna().all(axis=None)


def test_text_that_a_spreadsheet_would_run_begins_with_an_apostrophe_in_the_csv_alone(
    found: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    dangerous = ["=HYPERLINK(1)", "+cmd", "-2+3", "@SUM(A1)", "-12"]
    found["parcel"] = dangerous
    write_answers(found, tmp_path)
    with (tmp_path / "parcels.csv").open(newline="") as file:
        cells = [row["parcel"] for row in csv.DictReader(file)]
    assert cells == ["'=HYPERLINK(1)", "'+cmd", "'-2+3", "'@SUM(A1)", "-12"]
    assert gpd.read_parquet(tmp_path / "parcels.parquet")["parcel"].tolist() == dangerous
    assert gpd.read_file(tmp_path / "parcels.gpkg", layer="parcels")["parcel"].tolist() == dangerous


def test_the_style_labels_parcels_with_several_likely_classes() -> None:
    root = ElementTree.fromstring(qml(["maize", "wheat"]).partition("\n")[2])
    assert root.attrib["labelsEnabled"] == "1"
    text = root.find("labeling/settings/text-style")
    assert text is not None
    assert text.attrib["fieldName"] == 'CASE WHEN "likely_count" > 1 THEN "likely" END'
    assert {"likely", "likely_count", "answered_by"} <= set(FRONT)


def test_the_package_carries_its_style_as_the_default(found: gpd.GeoDataFrame, tmp_path: Path) -> None:
    write_answers(found, tmp_path)
    with sqlite3.connect(tmp_path / "parcels.gpkg") as connection:
        rows = connection.execute(
            "SELECT f_table_name, f_geometry_column, useAsDefault, styleQML FROM layer_styles"
        ).fetchall()
        column = connection.execute("SELECT column_name FROM gpkg_geometry_columns").fetchone()[0]
    assert rows == [("parcels", column, 1, (tmp_path / "parcels.qml").read_text())]


def test_the_style_colours_each_class_as_all_figures_do() -> None:
    classes = ["maize", "wheat & <rye>"]
    root = ElementTree.fromstring(qml(classes).partition("\n")[2])
    renderer = root.find("renderer-v2")
    assert renderer is not None
    assert renderer.attrib["attr"] == "predicted"
    categories = {c.attrib["value"]: c.attrib["symbol"] for c in renderer.iter("category")}
    assert list(categories) == [*classes, ""]
    colours = {s.attrib["name"]: s.find(".//Option[@name='color']").attrib["value"] for s in renderer.iter("symbol")}  # type: ignore[union-attr]
    for name, colour in class_colours(classes).items():
        red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
        assert colours[categories[name]] == f"{red},{green},{blue},255"
    expressions = [o.attrib["value"] for o in renderer.iter("Option") if o.attrib.get("name") == "expression"]
    assert len(expressions) == 2 * len(categories)
    assert all("agrees" in expression for expression in expressions)
