"""From a file of fields to a configuration that is checked."""

from __future__ import annotations

import time
from pathlib import Path

import geopandas as gpd
import pytest
import yaml

from cloudrobust.command import main
from cloudrobust.config import load

INIT = ("init", "--fields", "fields.gpkg", "--season", "2023")


@pytest.mark.usefixtures("fields")
def test_a_configuration_is_written_that_passes_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*INIT]) == 0
    said = capsys.readouterr().out
    assert "fields.yaml is fine: fields, 2023" in said
    assert "60 parcels in 32UPU" in said
    assert "estimate_downloads" in said
    study = load("fields.yaml")
    assert (study.parcels.id, study.parcels.label) == ("field_id", "crop")
    assert study.tiles == ("32UPU",)
    assert str(study.results) == "results/fields"
    assert {name: branch.chain for name, branch in study.branches.items()} == {
        "raw": "L1C",
        "preprocessed": "L2A/season/clear/even",
    }
    assert Path("fields.yaml").read_text().count("#") > 8
    assert main(["check", "fields.yaml"]) == 0
    # It does not overwrite what somebody may have edited.
    assert main([*INIT]) == 1
    assert main([*INIT, "--force"]) == 0


@pytest.mark.usefixtures("fields")
@pytest.mark.parametrize("source", ["cdse", "earth-search", "planetary-computer", "sentinelhub", "sentinelhub-cdse"])
def test_every_source_gives_a_valid_configuration(source: str) -> None:
    assert main([*INIT, "--source", source]) == 0
    levels = {branch.level for branch in load("fields.yaml").branches.values()}
    assert levels == ({"L2A"} if source in ("earth-search", "planetary-computer") else {"L1C", "L2A"})


def test_names_of_columns_with_spaces_and_a_winter_season(fields: gpd.GeoDataFrame) -> None:
    fields.rename(columns={"field_id": "no: 1", "crop": "Kultur 2023"}).to_file("my fields.gpkg")
    words = ["--id", "no: 1", "--label", "Kultur 2023", "--output", "mine.yaml", "--title", "Ours: 'best'"]
    assert main(["init", "--fields", "my fields.gpkg", "--season", "2022-10-01", "2023-09-30", *words]) == 0
    study = load("mine.yaml")
    assert (study.parcels.id, study.parcels.label, study.title) == ("no: 1", "Kultur 2023", "Ours: 'best'")
    assert study.branches["preprocessed"].chain == "L2A/clear/even"


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"key": "field_id", "parcel": "field_id"}, None),  # one has the name of an id
        ({"one": "field_id", "two": "field_id"}, "a unique id could be in one, two; say which with --id"),
        ({"parcel": "field_id", "id": "field_id"}, "a unique id could be in parcel, id; say which with --id"),
        (
            {"one": "crop", "two": "crop", "field_id": "field_id"},
            "the crop could be in one, two; say which with --label",
        ),
        ({"field_id": "field_id"}, "no column looks like the crop; name it with --label"),
    ],
)
def test_what_is_ambiguous_is_asked_in_one_sentence(
    fields: gpd.GeoDataFrame, capsys: pytest.CaptureFixture[str], columns: dict[str, str], words: str | None
) -> None:
    named = {name: fields[old] for name, old in columns.items()}
    crop = {"crop": fields["crop"]} if words is None or "unique" in words else {}
    gpd.GeoDataFrame({**named, **crop}, geometry=fields.geometry).to_file("fields.gpkg")
    assert main([*INIT]) == (0 if words is None else 1)
    assert words is None or words in capsys.readouterr().err
    assert Path("fields.yaml").exists() == (words is None)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--season", "summer"], "write a year"),
        (["--season", "2023-09-01", "2023-01-01"], "swap them"),
        (["--source", "earthsearch"], "did you mean 'earth-search'?"),
        (["--source", "safe"], "name that of your products with --store"),
        (["--id", "fieldid"], "has no column 'fieldid' (--id); did you mean 'field_id'?"),
        (["--id", "crop"], "has empty or repeated values"),
        (["--fields", "field.gpkg"], "there is no such file"),
    ],
)
@pytest.mark.usefixtures("fields")
def test_a_mistake_is_one_sentence(capsys: pytest.CaptureFixture[str], more: list[str], words: str) -> None:
    assert main([*INIT, *more]) == 1
    assert words in capsys.readouterr().err


@pytest.mark.usefixtures("fields")
def test_the_check_looks_into_the_fields(capsys: pytest.CaptureFixture[str]) -> None:
    main([*INIT])
    values = yaml.safe_load(Path("fields.yaml").read_text())
    for change, words in (
        ({"tiles": ["33UWP"]}, "none of its parcels can lie in 33UWP"),
        (
            {"parcels": values["parcels"] | {"label": "crops"}},
            "has no column 'crops' (parcels.label); did you mean 'crop'?",
        ),
        ({"split": {"method": "column", "column": "part"}}, "has no column 'part' (split.column)"),
        ({"parcels": values["parcels"] | {"file": "gone.gpkg"}}, "there is no file gone.gpkg"),
        ({"steps": {}}, "unknown step 'season'"),
    ):
        Path("wrong.yaml").write_text(yaml.safe_dump(values | change))
        assert main(["check", "wrong.yaml"]) == 1
        assert words in capsys.readouterr().err


def test_geoparquet_is_looked_into_as_well(fields: gpd.GeoDataFrame) -> None:
    fields.to_parquet("fields.parquet")
    assert main(["init", "--fields", "fields.parquet", "--season", "2023"]) == 0
    assert main(["check", "fields.yaml"]) == 0


@pytest.mark.usefixtures("fields")
def test_a_check_takes_no_time() -> None:
    main([*INIT])
    start = time.process_time()
    assert main(["check", "fields.yaml"]) == 0
    assert time.process_time() - start < 3
