from __future__ import annotations

import logging

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from cloudrobust.config.sources import Parcels
from cloudrobust.errors import InputError
from cloudrobust.parcels import read_parcels
from cloudrobust.parcels.read import load_parcels, write_parcels

CRS = "EPSG:32632"
COLUMNS = ["parcel", "code", "class", "area", "status", "reason", "note", "geometry", "interior"]


def square(x: float, y: float, side: float = 100) -> shapely.Polygon:
    return shapely.box(600000 + x, 5400000 + y, 600000 + x + side, 5400000 + y + side)


@pytest.fixture
def write(tmp_path):
    """A function that writes a GeoPackage of parcels and returns a config for it."""

    def write(shapes, ids=None, crop=None, crs=CRS, name="fields.gpkg", **config):
        shapes = list(shapes)
        frame = gpd.GeoDataFrame(
            {
                "parcel": range(len(shapes)) if ids is None else ids,
                "crop": ["wheat"] * len(shapes) if crop is None else crop,
            },
            geometry=shapes,
            crs=crs,
        )
        path = tmp_path / name
        frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_file(path)
        return Parcels(file=path, **config)

    return write


@pytest.mark.parametrize("name", ["f.gpkg", "f.parquet", "f.shp", "f.geojson"])
def test_every_format_gives_the_same_parcels(write, name):
    shapes = [square(0, 0), square(200, 0)]
    crs = "EPSG:4326" if name.endswith("json") else CRS
    if name.endswith("json"):
        shapes = gpd.GeoSeries(shapes, crs=CRS).to_crs(crs)
    parcels = read_parcels(write(shapes, name=name, crs=crs))
    assert parcels.columns.tolist() == COLUMNS
    assert parcels["parcel"].tolist() == ["0", "1"]
    assert parcels["code"].tolist() == ["wheat", "wheat"]
    assert parcels["status"].tolist() == ["usable", "usable"]
    assert parcels.crs == CRS
    np.testing.assert_allclose(parcels["area"], 10000, rtol=1e-5)
    np.testing.assert_allclose(parcels["interior"].area, 6400, rtol=1e-4)  # ten metres less on every side
    assert parcels["interior"].crs == CRS


def test_parcels_survive_being_written(write, tmp_path):
    parcels = read_parcels(write([square(0, 0), None, square(9, 9, 15)], crop=["a", None, "b"]))
    write_parcels(parcels, tmp_path / "parcels.parquet")
    again = load_parcels(tmp_path / "parcels.parquet")
    assert again.columns.tolist() == COLUMNS
    assert again["interior"].crs == again.crs == CRS
    assert again["code"].isna().tolist() == [False, True, False]
    assert again["interior"].iloc[0].equals(parcels["interior"].iloc[0])
    with pytest.raises(InputError, match="there are no parcels yet"):
        load_parcels(tmp_path / "gone.parquet")


def test_parcels_that_cannot_be_used_are_kept_with_the_reason(write):
    with np.errstate(invalid="ignore"):
        nan = shapely.Polygon([(0, 0), (1, np.nan), (1, 1)])
    shapes = [
        square(0, 0), None, shapely.Polygon(), nan, shapely.Point(1, 1), shapely.LineString([(0, 0), (9, 9)]),
        square(0, 0, 39), square(0, 0, 15), square(0, 0, 41), shapely.Polygon([(0, 0), (100, 100), (200, 200)]),
    ]  # fmt: skip
    parcels = read_parcels(write(shapes, name="f.parquet"))
    assert parcels["reason"].tolist() == [
        "",
        "no geometry",
        "empty geometry",
        "geometry with coordinates that are not numbers",
        "geometry is a Point, not a polygon",
        "geometry is a LineString, not a polygon",
        "smaller than 4 pixels after the buffer",
        "smaller than 4 pixels after the buffer",
        "",
        "geometry without an area",
    ]
    assert parcels["status"].tolist() == ["usable" if not reason else "excluded" for reason in parcels["reason"]]
    assert len(parcels) == len(shapes)


def test_without_a_buffer_the_interior_is_the_parcel(write):
    parcels = read_parcels(write([square(0, 0), square(200, 0, 19)], buffer=0))
    assert parcels["interior"].iloc[0].equals(parcels.geometry.iloc[0])
    assert parcels["reason"].tolist() == ["", "smaller than 4 pixels"]
    assert read_parcels(write([square(0, 0, 19)], buffer=0, minimum_pixels=1))["status"].tolist() == ["usable"]


def test_invalid_geometry_is_mended_and_noted(write, caplog):
    bow_tie = shapely.transform(
        shapely.Polygon([(0, 0), (100, 100), (100, 0), (0, 100)]), lambda xy: xy + np.array([600000, 5400000])
    )
    collection = shapely.GeometryCollection([square(500, 0), shapely.Point(0, 0)])
    with caplog.at_level(logging.WARNING, "cloudrobust"):
        parcels = read_parcels(write([bow_tie, square(200, 0), collection], name="f.parquet"))
    assert parcels["note"].tolist() == ["geometry mended", "", "geometry mended"]
    assert parcels["status"].tolist() == ["usable"] * 3
    np.testing.assert_allclose(parcels["area"], [5000, 10000, 10000])
    assert shapely.is_valid(parcels.geometry.to_numpy()).all()
    assert "the geometry of 2 parcels was invalid and is mended" in caplog.text


def test_heights_are_dropped(write):
    raised = shapely.force_3d(square(0, 0), 400)
    assert not read_parcels(write([raised])).geometry.has_z.any()


def test_codes_and_ids_are_text(write):
    parcels = read_parcels(write([square(0, 0)] * 4, ids=[1.0, 2.0, 2.5, 1e6], crop=[3.0, np.nan, 12.0, 1.5]))
    assert parcels["parcel"].tolist() == ["1", "2", "2.5", "1000000"]
    assert parcels["code"].tolist() == ["3", None, "12", "1.5"]
    assert parcels["status"].tolist() == ["usable", "unlabelled", "usable", "usable"]
    blank = read_parcels(write([square(0, 0)] * 3, crop=["a", "  ", ""]))
    assert blank["code"].tolist() == ["a", None, None]
    assert blank["reason"].tolist() == ["", "no label", "no label"]


def test_without_a_label_column_all_parcels_are_unlabelled(write):
    parcels = read_parcels(write([square(0, 0)] * 2, label=None))
    assert parcels["status"].tolist() == ["unlabelled", "unlabelled"]
    assert parcels["code"].isna().all()


def test_a_column_of_parts_is_kept(tmp_path):
    frame = gpd.GeoDataFrame({"parcel": ["a"], "crop": ["x"], "where": ["test"]}, geometry=[square(0, 0)], crs=CRS)
    frame.to_file(tmp_path / "f.gpkg")
    assert read_parcels(Parcels(file=tmp_path / "f.gpkg"), "where")["part"].tolist() == ["test"]
    with pytest.raises(InputError, match=r"has no column 'were' for split.column; did you mean 'where'\?"):
        read_parcels(Parcels(file=tmp_path / "f.gpkg"), "were")


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "EPSG:2263"])  # degrees, Web Mercator, feet
def test_coordinates_not_in_true_metres_are_projected_to_utm(write, crs):
    where = gpd.GeoSeries([square(0, 0)], crs=CRS) if crs != "EPSG:2263" else None
    if where is None:
        where = gpd.GeoSeries([shapely.box(583000, 4507000, 583100, 4507100)], crs="EPSG:32618")
    parcels = read_parcels(write(where.to_crs(crs), crs=crs))
    assert parcels.crs == where.crs
    assert parcels["area"].iloc[0] == pytest.approx(10000, rel=1e-4)


def test_real_parcels_are_read_in_their_own_projection(real_data):
    config = Parcels(file=real_data / "france-lpis-parcels.gpkg", id="id_parcel", label="code_cultu")
    parcels = read_parcels(config)
    assert len(parcels) == 193
    assert parcels.crs == "EPSG:2154"
    assert parcels["parcel"].is_unique
    assert parcels.loc[parcels["status"] == "usable", "code"].value_counts().idxmax() == "MIS"
    assert set(parcels["status"]) == {"usable", "excluded"}
    assert set(parcels.loc[parcels["status"] == "excluded", "reason"]) == {"smaller than 4 pixels after the buffer"}
    np.testing.assert_allclose(parcels["area"], gpd.read_file(config.file).area)
    assert (parcels["interior"].area[parcels["status"] == "usable"] >= 400).all()


# -- what the user may get wrong -----------------------------------------------------------------


def complaint(config, *more) -> str:
    with pytest.raises(InputError) as caught:
        read_parcels(config, *more)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_no_file_set():
    assert complaint(Parcels()) == "parcels.file: is not set; name the vector file with your parcels"


def test_missing_file(tmp_path):
    assert complaint(Parcels(file=tmp_path / "f.gpkg")).endswith("f.gpkg: there is no such file; mend parcels.file")


@pytest.mark.parametrize("name", ["f.gpkg", "f.parquet", "f.geojson", "f.txt"])
def test_unreadable_file(tmp_path, name):
    (tmp_path / name).write_text("this is no map")
    assert f"{name}: cannot be read as a vector file (" in complaint(Parcels(file=tmp_path / name))


def test_a_table_without_geometry(tmp_path):
    pd.DataFrame({"parcel": [1], "crop": ["a"]}).to_parquet(tmp_path / "f.parquet")
    assert "f.parquet: cannot be read as a vector file" in complaint(Parcels(file=tmp_path / "f.parquet"))
    (tmp_path / "f.csv").write_text("parcel,crop\n1,a\n")
    assert "f.csv: holds no geometry" in complaint(Parcels(file=tmp_path / "f.csv"))


def test_missing_columns_with_the_nearest_name(write):
    assert "has no column 'parcels' for parcels.id; did you mean 'parcel'?" in complaint(
        write([square(0, 0)], id="parcels")
    )
    assert "has no column 'krop' for parcels.label; did you mean 'crop'?" in complaint(
        write([square(0, 0)], label="krop")
    )


def test_no_reference_system(write):
    assert "f.parquet: states no coordinate reference system" in complaint(
        write([square(0, 0)], crs=None, name="f.parquet")
    )


def test_repeated_and_missing_ids(write):
    assert (
        "column 'parcel' (parcels.id) holds '1', '2', '3' and 1 more more than once; ids must be unique"
        in complaint(write([square(0, 0)] * 8, ids=[1, 1, 2, 2, 3, 3, 4, 4]))
    )
    assert "2 rows have no id in column 'parcel' (parcels.id)" in complaint(
        write([square(0, 0)] * 3, ids=["a", None, ""])
    )


def test_no_rows(write):
    assert "holds no rows" in complaint(write([], name="f.parquet"))


def test_no_polygons(write):
    assert "holds no polygon (geometry is a Point, not a polygon); parcels must be polygons" in complaint(
        write([shapely.Point(0, 0)] * 2)
    )


def test_layers(tmp_path):
    frame = gpd.GeoDataFrame({"parcel": ["a"], "crop": ["x"]}, geometry=[square(0, 0)], crs=CRS)
    path = tmp_path / "f.gpkg"
    frame.to_file(path, layer="fields")
    assert len(read_parcels(Parcels(file=path, layer="fields"))) == 1
    assert "has no layer 'field' (parcels.layer); did you mean 'fields'?" in complaint(
        Parcels(file=path, layer="field")
    )
    frame.to_file(path, layer="hedges")
    assert "has the layers fields, hedges; name one in parcels.layer" in complaint(Parcels(file=path))


def test_coordinates_that_do_not_fit_the_reference_system(write):
    # Metres in a file that says degrees.
    assert "reference system" in complaint(write([square(0, 0)], crs="EPSG:4326", name="f.parquet"))
