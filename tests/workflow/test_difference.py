"""What explains the difference, and the learning curve, through the real rules on a landscape of one month."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from cloudrobust.config import parse

from .project import SMALL, Project

CONFIG = copy.deepcopy(SMALL) | {
    "period": {"start": "2022-05-01", "end": "2022-05-31"},
    "parcels": {"minimum_class_size": 4},
    "split": {"method": "blocks", "block": 300},
    "models": {"forest": {"trees": 20}},
    "explain_difference": {"omission": [0.5], "commission": [], "against": None, "seeds": [0]},
    "learning_curve": {"shares": [0.5, 1.0]},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The study with both targets made."""
    project = Project(Path(tmp_path_factory.mktemp("difference")) / "project", CONFIG)
    result = project.snakemake("--", "explain_difference", "learning_curve")
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-6000:]
    return project


def series(project: Project, chain: str) -> xr.Dataset:
    return xr.load_dataset(project.folder / "results" / "series" / chain / "series.nc")


def test_a_bar_for_every_change_and_every_run_once(project: Project) -> None:
    results = project.folder / "results"
    study = parse(CONFIG)
    bars = pd.read_csv(results / "report" / "tables" / "difference.csv")
    assert bars["name"].tolist() == [bar.name for bar in study.experiments.bars]
    scores = pd.read_csv(results / "difference" / "scores.csv").set_index("branch")["accuracy"]
    assert set(scores.index) == set(study.explained)
    for bar in bars.itertuples():
        assert bar.accuracy == pytest.approx(scores[bar.of] - scores[bar.against])
    path = bars[bars["group"] == "path"]
    assert path["accuracy"].sum() == pytest.approx(scores["preprocessed"] - scores["raw"])
    # The compared branches are the study's own runs.
    trained = {folder.name for folder in (results / "difference" / "runs").iterdir()}
    assert trained == set(study.explained) - {"raw", "preprocessed"}
    for figure in ("waterfall", "mask-errors", "learning-curve"):
        assert (results / "report" / "figures" / f"{figure}.png").read_bytes().startswith(b"\x89PNG")


def test_the_series_are_what_their_names_say(project: Project) -> None:
    before, masked, placebo = (
        series(project, f"L1C/season{step}")["observed"] for step in ("", "/clear-borrowed", "/placebo-borrowed")
    )
    np.testing.assert_array_equal(masked.sum("time"), placebo.sum("time"))
    assert int(masked.sum()) < int(before.sum())
    # The mask on L1C is that on L2A: both look at the same scene classification.
    np.testing.assert_array_equal(masked, series(project, "L2A/season/clear")["observed"])
    truth, missed = (series(project, f"L2A/season/{step}")["observed"] for step in ("true-sky", "omission-50"))
    assert ((missed - truth) >= 0).all()
    assert int((missed - truth).sum()) > 0
    masks = pd.read_csv(project.folder / "results" / "difference" / "masks.csv").set_index("mask")
    kept = series(project, "L2A/season/clear")["observed"].values == 1
    clear = truth.values == 1
    every = series(project, "L2A/season")["observed"].values == 1
    assert masks.loc["clear", "omission"] == pytest.approx((kept & ~clear & every).sum() / (~clear & every).sum())
    assert masks.loc["clear", "commission"] == pytest.approx((~kept & clear).sum() / clear.sum())


def test_fewer_labels_are_fewer_labels(project: Project) -> None:
    results = project.folder / "results"
    curve = pd.read_csv(results / "report" / "tables" / "learning-curve.csv")
    split = pd.read_parquet(results / "parcels" / "split.parquet")
    half = pd.read_parquet(results / "learning-curve" / "splits" / "share-50.parquet")
    assert curve["labels"].tolist() == [(half["part"] == "train").sum(), (split["part"] == "train").sum()]
    # All labels are the study's own runs.
    assert [folder.name for folder in (results / "learning-curve" / "runs").iterdir()] == ["share-50"]
    own = pd.read_parquet(results / "runs" / "raw" / "forest" / "predictions.parquet")
    tested = own[own["part"] == "test"]
    right = (tested["class"].astype(str) == tested["predicted"].astype(str)).mean()
    assert curve.set_index("share").loc[1.0, "raw"] == pytest.approx(right)


def test_without_the_key_the_target_says_what_is_missing(project: Project) -> None:
    with project.configured(explain_difference=None):
        result = project.snakemake("--dry-run", "--", "explain_difference")
    assert result.returncode != 0
    assert "write explain_difference: {} into the configuration first" in result.stdout + result.stderr
