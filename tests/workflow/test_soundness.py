"""The targets beside the study: other splits, and robustness."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from .project import COPIED, SMALL, Project

FORESTS = SMALL | {
    "models": {"forest": {"trees": 20}},
    "split": {"method": "blocks", "block": 300, "folds": 2, "validation": 0.2},
    "robustness": {"shares": [0.5], "draws": 1, "every": 30},
    "in_season": {"every": 40, "per_end": True},
}


@pytest.fixture(scope="module")
def blocks(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The finished study's series under a split by blocks, with forests alone."""
    folder = Path(tmp_path_factory.mktemp("soundness")) / "project"
    shutil.copytree(finished.folder, folder, ignore=shutil.ignore_patterns(*COPIED))
    return Project(folder, FORESTS)


def test_settings_of_other_targets_rerun_nothing_but_the_pages_that_show_them(finished: Project) -> None:
    changed = {"split": {"method": "random", "block": 300, "folds": 7}, "robustness": {"draws": 5}}
    with finished.configured(**changed, evaluation={"models": ["forest"]}):
        # What shows the whole configuration, and nothing that splits, trains or scores.
        assert set(finished.planned()) <= {"account_scenes", "write_summary", "write_page"}


def test_folds_and_a_random_split_share_the_series_and_robustness_trains_nothing(blocks: Project) -> None:
    result = blocks.snakemake("--", "split_claims", "cross_validation", "robustness", "in_season")
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-6000:]
    results = blocks.folder / "results"
    for untouched in ("interpolate_series", "mask_scenes", "fetch_scenes"):
        assert f"rule {untouched}:" not in result.stdout + result.stderr
    ledger = pd.read_csv(results / "evaluation" / "folds_ledger.csv", dtype=str)
    usable = ledger["status"] == "usable"
    assert set(ledger.loc[usable, "fold"]) == {"0", "1"}
    assert ledger.loc[~usable, "fold"].isna().all()
    for branch in SMALL["branches"]:
        tested = [
            pd.read_parquet(results / "splits" / f"fold-{fold}" / "runs" / branch / "forest" / "predictions.parquet")
            for fold in range(2)
        ]
        parcels = [set(frame.loc[frame["part"] == "test", "parcel"]) for frame in tested]
        assert not parcels[0] & parcels[1]
    tables = results / "report" / "tables"
    claims = pd.read_csv(tables / "split-claims.csv")
    assert claims["claimed"].tolist() == pytest.approx((claims["random"] - claims["study"]).tolist())
    assert set(pd.read_csv(tables / "cross-validation.csv")["folds"]) == {2}
    curves = pd.read_csv(tables / "robustness.csv")
    assert {"lost", "clouded", "end", "clear dates", "cloud share"} == set(curves["kind"])
    season = pd.read_csv(tables / "in-season.csv")
    assert set(season["trained"]) == {"cut", "whole", "each"}
    assert season.groupby("branch")["end"].nunique().min() > 1
    assert pd.read_csv(tables / "in-season-stopping.csv")["chosen"].sum() == len(SMALL["branches"])
    for figure in ("split-claims", "cross-validation", "robustness", "robustness-parcels", "in-season"):
        assert (results / "report" / "figures" / f"{figure}.png").read_bytes().startswith(b"\x89PNG")
    again = blocks.snakemake("--dry-run", "--", "split_claims", "cross_validation", "robustness", "in_season")
    assert "Nothing to be done" in again.stdout + again.stderr
