"""The ready studies on published data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cloudrobust.config import check_files, load
from cloudrobust.config.load import parse
from cloudrobust.errors import InputError

CONFIG = Path(__file__).resolve().parents[2] / "config"
STUDIES = {
    "23": ["bavariancrops"],
    "12": ["bavariancrops", "overlays/bavariancrops-12"],
    "2019": ["bavariancrops-2019"],
    "engine": ["bavariancrops-2019", "overlays/bavariancrops-engine"],
    "breizh": ["breizhcrops"],
}


def study(name: str):
    return load([CONFIG / f"{file}.yaml" for file in STUDIES[name]])


@pytest.mark.parametrize("name", STUDIES)
def test_ready_studies_are_whole(name: str) -> None:
    found = study(name)
    assert found.training.seeds == tuple(range(10))
    assert found.training.dates == (45 if name == "breizh" else 70)
    assert found.published is not None
    told = {(metric, model, branch) for metric, model, branch, _ in found.published.figures()}
    branches = {found.comparison.raw, found.comparison.preprocessed}
    expected = {(m, model, b) for m in ("accuracy", "kappa") for model in found.models for b in branches}
    # No figure of a forest is published for BreizhCrops by run.
    assert expected - told <= {(m, "forest", b) for m in ("accuracy", "kappa") for b in branches}
    assert all(value[0] > 0.2 for *_, value in found.published.figures())


def test_overlays_change_what_they_are_for() -> None:
    assert study("12").source.classes == "classmapping12.csv"
    assert study("12").source.regions == study("23").source.regions
    engine = study("engine")
    assert engine.branches["preprocessed"].chain == "L2A"
    assert engine.source.brings()["L2A"] == study("breizh").source.brings()["L2A"]


def small(**parts: Any) -> dict[str, Any]:
    return {
        "period": {"start": "2017-01-01", "end": "2017-12-31"},
        "source": {"kind": "breizhcrops"},
        "split": {"method": "column", "column": "part"},
        "branches": {"raw": {"level": "L1C"}, "preprocessed": {"level": "L2A"}},
        "models": {"lstm": {}},
    } | parts


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"source": {"kind": "breizhcrops", "train": ["frh05"]}}, "source.train[0]: unknown 'frh05'; did you mean"),
        ({"source": {"kind": "breizhcrops", "train": ["frh03"]}}, "region frh03 stands in two parts, or twice in one"),
        (
            {"source": {"kind": "breizhcrops", "validation": ["belle-ile"]}},
            "source: belle-ile is a piece of frh04; keep one of the two",
        ),
        (
            {"source": {"kind": "breizhcrops", "test": ["kermaux"]}},
            "source: kermaux has no L2A; write levels: [L1C], or take belle-ile",
        ),
        (
            {"source": {"kind": "bavariancrops", "regions": ["hell"]}},
            "source.regions[0]: unknown 'hell'; did you mean 'holl'?",
        ),
        (
            {"source": {"kind": "breizhcrops", "levels": ["L1C"]}},
            "branches.preprocessed.level: the source holds L1C; a branch of L2A needs scenes",
        ),
        ({"tiles": ["32UPU"]}, "tiles: a source of finished series has no tiles; remove the key"),
        ({"parcels": {"classes": "x.csv"}}, "parcels.classes: the data set brings its class mapping"),
        ({"prediction": {"file": "x.csv"}}, "prediction.file: a published data set has no other parcels"),
        ({"split": {"method": "column", "column": "fold"}}, "split.column: 'fold' does not fit; write part"),
        (
            {"published": {"citation": "x", "kappa": {"lstn": {"raw": [0.5]}}}},
            "published.kappa: unknown model 'lstn'; did you mean 'lstm'?",
        ),
        (
            {"published": {"citation": "x", "accuracy": {"lstm": {"row": [0.5]}}}},
            "published.accuracy.lstm: unknown branch 'row'; did you mean 'raw'?",
        ),
    ],
)
def test_mistakes_get_one_sentence(parts: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(small(**parts))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_not_to_be_completed_must_be_complete(tmp_path: Path) -> None:
    source = {"kind": "breizhcrops", "folder": str(tmp_path), "download": False}
    with pytest.raises(InputError) as caught:
        check_files(parse(small(source=source)))
    said = str(caught.value)
    assert f"source.folder: there is no {tmp_path}/classmapping.csv and 16 more; put frh01.csv and frh01.h5" in said
    assert said.endswith("or write source.download: true where there is a network")
    check_files(parse(small(source=source | {"download": True})))
    given = {"kind": "bavariancrops", "preprocessed": str(tmp_path)}
    with pytest.raises(InputError, match=r"source\.preprocessed: there is no file .*test_train_holl\.h5"):
        check_files(parse(small(source=given, period={"start": "2018-01-01", "end": "2018-12-31"})))
