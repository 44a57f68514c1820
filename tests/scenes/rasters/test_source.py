"""A folder of GeoTIFFs as a source: the Slovenian acquisitions as they lie, files of one band, and what goes wrong."""

from __future__ import annotations

import shutil
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cloudrobust.errors import InputError
from cloudrobust.scenes import open_scene
from cloudrobust.scenes.bands import BANDS
from cloudrobust.scenes.fetch import fetch_month
from cloudrobust.scenes.grid import Grid
from cloudrobust.scenes.index import read_index, write_index
from cloudrobust.scenes.rasters.source import RasterSource, band_name
from scenes.rasters.made import JUNE, numbers, source, write
from scenes.real_scenes import read_slovenia, slovenia_files


def test_the_slovenian_files_are_read_as_they_lie(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "slovenia-l1c-2015"
    archive = source(folder, "{time:%Y%m%d}.tif", level="L1C", records=tmp_path / "records")
    index = fetch_month(archive, "grid", "L1C", "2015-07", date(2015, 7, 1), date(2015, 8, 31))
    assert index["time"].dt.strftime("%Y-%m-%d").tolist() == ["2015-07-11", "2015-07-31"]
    write_index(index, tmp_path / "index.parquet", archive.store)
    again = read_index(tmp_path / "index.parquet")
    assert (again["bytes"] == [file.stat().st_size for file in slovenia_files(real_data)[:2]]).all()
    grid = archive.grid("grid")
    for row, file in zip(again.itertuples(), slovenia_files(real_data), strict=False):
        _, bands, geobox = read_slovenia(file)
        scene = open_scene(row, archive.store)
        assert scene.bands == BANDS
        assert scene.geoboxes == dict.fromkeys(BANDS, geobox)
        for band in BANDS:
            ours = scene.read(band)
            assert ours.dtype == np.int32
            np.testing.assert_array_equal(ours.filled(-1), bands[band].astype(np.int32).filled(-1))
    assert grid.geoboxes == dict.fromkeys(BANDS, geobox)
    grid.to_json(tmp_path / "grid.json")
    assert Grid.from_json(tmp_path / "grid.json") == grid
    assert not [path for path in folder.iterdir() if path.suffix == ".json"], "the folder stays as it is"


def test_files_of_one_band_are_one_scene_on_grids_of_their_own(tmp_path: Path) -> None:
    store = tmp_path / "store"
    write(store / "2022-06-03" / "T1_B2.tif", numbers(1))
    write(store / "2022-06-03" / "T1_B8A.tif", numbers(2)[:6, :7], pixel=20)
    write(store / "2022-06-03" / "T1_SCL.tif", np.full((6, 7), 4, np.uint8), pixel=20)
    write(store / "2022-06-03" / "T1_TCI.tif", numbers(4))
    archive = source(store, "{time:%Y-%m-%d}/{tile}_{band}.tif", offset=-0.1)
    (found,) = archive.search("T1", "L2A", *JUNE)
    scene = open_scene(archive.fetch(found))
    assert (scene.bands, scene.tile, scene.time) == (("B02", "B8A"), "T1", datetime(2022, 6, 3))
    np.testing.assert_array_equal(scene.read("B02"), numbers(1).astype(int) - 1000)
    assert scene.geoboxes["B8A"].affine.a == 20
    assert (scene.read_classification() == 4).all()


def test_floats_scale_offset_nodata_and_saturation(tmp_path: Path) -> None:
    store = tmp_path / "store"
    values = np.array([[0.1234, np.nan], [-0.02, -9999]], np.float32)
    write(store / "a_20220603.tif", values)
    archive = source(store, "a_{time:%Y%m%d}.tif", bands=["B04"], scale=1, nodata=-9999)
    scene = open_scene(archive.fetch(archive.search("grid", "L2A", *JUNE)[0]))
    assert scene.read("B04").filled(7).tolist() == [[1234, 7], [-200, 7]]
    write(store / "b_20220603.tif", np.array([[65535, 20000], [0, 1]], np.uint16), nodata=0)
    archive = source(store, "b_{time:%Y%m%d}.tif", bands=["B04"], scale=1 / 20000)
    scene = open_scene(archive.fetch(archive.search("grid", "L2A", *JUNE)[0]))
    assert scene.read("B04").filled(7).tolist() == [[7, 10000], [7, 0]]


def test_names_of_bands_come_from_descriptions_or_the_configuration(tmp_path: Path) -> None:
    store = tmp_path / "store"
    write(store / "20220603.tif", numbers(1), numbers(2), numbers(3), names=("B4", "QA60", "b8"))
    archive = source(store, "{time:%Y%m%d}.tif")
    scene = open_scene(archive.fetch(archive.search("grid", "L2A", *JUNE)[0]))
    np.testing.assert_array_equal(scene.read("B08"), numbers(3))
    assert scene.bands == ("B04", "B08")
    archive = source(store, "{time:%Y%m%d}.tif", bands=["-", "B03", "-"])
    scene = open_scene(archive.fetch(archive.search("grid", "L2A", *JUNE)[0]))
    np.testing.assert_array_equal(scene.read("B03"), numbers(2))
    assert [band_name(word) for word in ("B1", "b08", "B8A", "b12", "dataMask")] == [
        "B01", "B08", "B8A", "B12", "DATAMASK",
    ]  # fmt: skip


def month(archive: RasterSource) -> Any:
    return fetch_month(archive, "grid", "L2A", "2022-06", *JUNE)


def test_what_is_wrong_with_files_is_one_sentence(tmp_path: Path) -> None:
    store = tmp_path / "store"
    good = write(store / "20220603_B02.tif", numbers(1))
    write(store / "20220603_B03.tif", numbers(2))
    pattern = "{time:%Y%m%d}_{band}.tif"
    with pytest.raises(InputError, match=r"no file of .*store fits 'x\{time:%Y%m%d\}.tif'; it holds 20220603_B02.tif"):
        month(source(store, "x{time:%Y%m%d}.tif"))
    shutil.copy(good, store / "20220613_B02.tif")
    with pytest.raises(InputError, match=r"1 of 2 scenes .*20220613_B02.tif: the scene lacks B03"):
        month(source(store, pattern))
    gap = month(source(store, pattern, missing="gap"))
    assert len(gap) == 1
    assert "lacks B03" in gap.attrs["missing"][0]["reason"]
    assert len(month(source(store, pattern, bands=["B02"]))) == 2
    shutil.copy(good, store / "20220603_B2.tif")
    with pytest.raises(InputError, match=r"B02.tif and .*_B2.tif are of one time, level and band B02; remove one"):
        month(source(store, pattern))
    (store / "20220603_B2.tif").unlink()
    (store / "20220613_B02.tif").write_bytes(good.read_bytes()[:300])
    with pytest.raises(InputError, match=r"20220613_B02.tif: is no raster, or is truncated or corrupt"):
        month(source(store, pattern, bands=["B02"]))
    write(store / "20220613_B02.tif", numbers(1), left=500007.0)
    with pytest.raises(InputError, match=r"20220613_B02.tif: band B02 has the grid .* but tile grid has"):
        month(source(store, pattern, bands=["B02"]))
    write(store / "20220613_B02.tif", numbers(1), crs=None)
    with pytest.raises(InputError, match=r"20220613_B02.tif: has no coordinate system"):
        month(source(store, pattern, bands=["B02"]))
    with pytest.raises(InputError, match=r"has 1 bands, and source\.bands names 2"):
        month(source(store, "{time:%Y%m%d}_B03.tif", bands=["B03", "B04"]))
    with pytest.raises(InputError, match="neither its name nor its bands' descriptions tell a band"):
        month(source(store, "{time:%Y%m%d}_B03.tif"))
    with pytest.raises(InputError, match="are of one time and level"):
        month(source(store, "{time:%Y%m%d}_*.tif", bands=["B02"]))


def test_a_file_whose_pixels_are_damaged_is_named(tmp_path: Path) -> None:
    store = tmp_path / "store"
    file = write(store / "20220603.tif", np.random.default_rng(0).integers(0, 9999, (300, 300)).astype("uint16"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 400] = bytes(400)
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"20220603.tif: is no raster, or is truncated or corrupt; export"):
        month(source(store, "{time:%Y%m%d}.tif", bands=["B02"]))


def test_what_the_files_do_not_tell_is_one_sentence(tmp_path: Path) -> None:
    write(tmp_path / "store" / "20220603.tif", numbers(1))
    archive = source(tmp_path / "store", "{time:%Y%m%d}.tif", bands=["B02"])
    scene = open_scene(archive.fetch(archive.search("grid", "L2A", *JUNE)[0]))
    for asked, sentence in (
        (scene.sun, "do not tell the sun's angles"),
        (scene.read_classification, "hold no scene classification; name SCL"),
        (scene.read_cloud_probability, "hold no cloud probability"),
        (lambda: scene.read("B03"), "holds no B03; it holds B02"),
    ):
        with pytest.raises(InputError, match=sentence):
            asked()
