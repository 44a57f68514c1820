"""Templates of file names, and the keys of a source of rasters."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cloudrobust.config import file_names, mask_files, parse, products
from cloudrobust.config.sources import RastersSource
from cloudrobust.config.steps import Mask
from cloudrobust.errors import InputError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


def test_a_template_tells_time_level_band_and_tile(tmp_path: Path) -> None:
    touch(tmp_path, "l2a/2022.155T1024_X1_B8A.tif", "l2a/2022.155T1024_X1_B8A.tif.aux.xml", "other.tif")
    (found,) = file_names.files(tmp_path, "{level}/{time:%Y.%jT%H%M}_{tile}_{band}.tif")
    assert found == file_names.Named(
        tmp_path / "l2a/2022.155T1024_X1_B8A.tif", datetime(2022, 6, 4, 10, 24), "L2A", "B8A", "X1"
    )


def test_stars_and_literal_characters(tmp_path: Path) -> None:
    touch(tmp_path, "a+b_20220604_v1.tif", "aab_20220604_v1.tif")
    found = file_names.files(tmp_path, "a+b_{time:%Y%m%d}_*.tif")
    assert [file.path.name for file in found] == ["a+b_20220604_v1.tif"]
    touch(tmp_path, "[m]_20220604_1.tif")
    time = datetime(2022, 6, 4, 9)
    assert file_names.candidates(tmp_path, "[m]_{time:%Y%m%d}_*.tif", time, {}) == [tmp_path / "[m]_20220604_1.tif"]
    assert file_names.candidates(tmp_path, "a+b_{time:%Y%m%d}.tif", time, {}) == []


def test_a_time_that_is_written_twice_is_the_same_time(tmp_path: Path) -> None:
    touch(tmp_path, "2022/20220604.tif", "2021/20220604.tif")
    found = file_names.files(tmp_path, "{time:%Y}/{time:%Y%m%d}.tif")
    assert [file.path.parent.name for file in found] == ["2022"]


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("{time}.tif", "says not how the time is written"),
        ("{time:%m%d}.tif", "has no year"),
        ("{time:%Y}.tif", "has no day"),
        ("{time:%Y%b%d}.tif", "%b can't be read in a name"),
        ("{time:%Y%m%d}{date}.tif", "unknown field {date}; valid are time, level, band, tile"),
        ("{time:%Y%m%d", "has no partner"),
    ],
)
def test_a_wrong_template_is_one_sentence(template: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        file_names.checked(template)


def test_a_day_that_there_is_not_is_named(tmp_path: Path) -> None:
    touch(tmp_path, "20220231.tif")
    with pytest.raises(ValueError, match=r"20220231.tif: there is no such day"):
        file_names.files(tmp_path, "{time:%Y%m%d}.tif")


def config(**source: Any) -> dict[str, Any]:
    return {
        "period": {"start": "2022-06-01", "end": "2022-06-30"},
        "source": {"kind": "rasters", "store": "store", "pattern": "{time:%Y%m%d}.tif", "level": "L1C", **source},
        "parcels": {"file": "fields.gpkg"},
        "branches": {"raw": {"level": "L1C"}, "preprocessed": {"level": "L1C"}},
        "models": {"forest": {}},
    }


def test_tiles_may_be_left_out_and_survive_a_round_trip() -> None:
    study = parse(config())
    assert study.tiles == ("grid",)
    assert type(study).model_validate_json(study.model_dump_json()).tiles == ("grid",)
    assert parse(config(tile="here")).tiles == ("here",)
    assert parse(config(pattern="{tile}_{time:%Y%m%d}.tif") | {"tiles": ["a1", "a2"]}).tiles == ("a1", "a2")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (config() | {"tiles": ["other"]}, "tiles: the files have one grid, 'grid'; remove the key"),
        (config(pattern="{tile}_{time:%Y%m%d}.tif"), "tiles: name at least one"),
        (config(level=None), "level: name the level of the files"),
        (config(pattern="{level}_{time:%Y%m%d}.tif"), "level: the pattern tells it"),
        (config(bands=["B02", "B02"]), "bands: B02 is named twice"),
        (config(bands=["SCL"]), "bands: name at least one spectral band"),
        (config(bands=["B2"]), "unknown 'B2'"),
        (
            config() | {"source": {"kind": "safe", "store": "x"}, "tiles": ["32upu"]},
            r"tiles\[0\]: '32upu' does not fit",
        ),
    ],
)
def test_keys_that_do_not_fit_are_one_sentence(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        parse(values)


def test_a_file_that_comes_or_changes_is_seen_by_the_rules(tmp_path: Path) -> None:
    touch(tmp_path, "20220604.tif", "20220704.tif")
    study = parse(config(store=str(tmp_path)))
    assert products(study, "grid", "L1C", "2022-06") == ["20220604.tif 1"]
    step = Mask(methods=[{"do": "raster", "folder": tmp_path, "pattern": "{time:%Y%m%d}.tif", "hide": [1]}])
    assert mask_files(step, "2022-07") == [f"{tmp_path / '20220704.tif'} 1"]
    assert mask_files(Mask(), "2022-07") == []


def test_the_keys_of_a_raster_mask_may_stand_beside_its_name() -> None:
    keys = {"folder": "masks", "pattern": "{time:%Y%m%d}.tif", "bits": [1, 2]}
    short, long = Mask(method="raster", dilate=20, **keys), Mask(methods=[{"do": "raster", **keys}], dilate=20)
    assert short.canonical() == long.canonical()
    assert short.resolved[0].bits == (1, 2)
    assert Mask.model_validate_json(short.canonical()) == long
    with pytest.raises(ValidationError, match="write what is hidden"):
        Mask(method="raster", folder="masks", pattern="{time:%Y%m%d}.tif")
    with pytest.raises(ValidationError, match="folder"):
        Mask(method="raster", hide=[1])
    with pytest.raises(ValidationError, match="a mask belongs to all bands"):
        Mask(method="raster", folder="masks", pattern="{time:%Y%m%d}_{band}.tif", hide=[1])


def test_a_source_knows_what_its_bands_are() -> None:
    assert RastersSource(store="x", pattern="{time:%Y%m%d}.tif", level="L1C", bands=["B02", "-"]).bands == ("B02", "-")
    needs = config(bands=["B02"]) | {"steps": {"green": {"do": "index", "names": ["NDVI"]}}}
    needs["branches"]["preprocessed"]["steps"] = ["green"]
    with pytest.raises(InputError, match="B08"):
        parse(needs)
