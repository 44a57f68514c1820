"""Declared classes of other parcels: read only where a column is named, mapped as the study maps its own."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from cloudrobust.config.outputs import Prediction
from cloudrobust.config.sources import Parcels
from cloudrobust.errors import InputError
from cloudrobust.parcels.declared_classes import declared_classes


@pytest.fixture
def file(tmp_path: Path) -> Path:
    frame = gpd.GeoDataFrame(
        {"number": [7, 8, 9, 10], "code": ["101", "102", None, "999"]},
        geometry=[shapely.box(x, 0, x + 1, 1) for x in range(4)],
        crs=32632,
    )
    frame.to_file(tmp_path / "others.gpkg")
    return tmp_path / "others.gpkg"


def test_without_a_column_of_labels_nothing_is_declared(file: Path) -> None:
    assert declared_classes(file, Prediction(file=file), Parcels(id="number")) == {}


def test_codes_stand_for_themselves_without_a_mapping(file: Path) -> None:
    found = declared_classes(file, Prediction(file=file, label="code"), Parcels(id="number"))
    assert found == {"7": "101", "8": "102", "10": "999"}


def test_codes_are_mapped_and_unknown_ones_are_not_declared(file: Path, tmp_path: Path) -> None:
    (tmp_path / "classes.csv").write_text("code,class\n101,maize\n102,wheat\n")
    parcels = Parcels(id="parcel", classes=tmp_path / "classes.csv")
    found = declared_classes(file, Prediction(file=file, id="number", label="code"), parcels)
    assert found == {"7": "maize", "8": "wheat"}


@pytest.mark.parametrize(("key", "wanted"), [("id", {"id": "nummer"}), ("label", {"id": "number", "label": "cod"})])
def test_a_missing_column_is_named_with_its_nearest_neighbour(file: Path, key: str, wanted: dict[str, str]) -> None:
    with pytest.raises(InputError, match=f"has no column .* for prediction.{key}"):
        declared_classes(file, Prediction(file=file, **{"label": "code", **wanted}), Parcels(id="number"))
