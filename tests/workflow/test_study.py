"""The whole small study, from scenes to the comparison, as a user runs it."""

from __future__ import annotations

import copy
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from cloudrobust.evaluation.answers import answers
from cloudrobust.evaluation.calibration import temperatures
from cloudrobust.report.verdict import verdict_sentences

from .project import SMALL, Project

MODELS = list(SMALL["models"])
BRANCHES = list(SMALL["branches"])


def test_every_result_that_is_promised_is_there(finished: Project) -> None:
    results = finished.folder / "results"
    for table in (
        "accuracy",
        "kappa",
        "classes",
        "parameters",
        "scores",
        "verdict",
        "confidence",
        "variance",
        "for-whom",
    ):
        for suffix in ("csv", "md", "tex"):
            assert (results / "report" / "tables" / f"{table}.{suffix}").stat().st_size > 0
    for figure in (
        "comparison",
        "verdict",
        "confidence",
        "reliability",
        "split-distance",
        "series",
        "chips",
        "parcels",
        "for-whom",
        *(f"predictions-{model}" for model in MODELS),
    ):
        assert (results / "report" / "figures" / f"{figure}.png").read_bytes().startswith(b"\x89PNG")
        assert (results / "report" / "figures" / f"{figure}.pdf").read_bytes().startswith(b"%PDF")
    summary = (results / "report" / "summary.md").read_text()
    verdicts = pd.read_csv(results / "evaluation" / "verdict.csv")
    assert set(verdicts["model"]) >= set(MODELS)
    assert verdict_sentences(verdicts)[0] in summary
    assert "](figures/verdict.png)" in summary
    scenes = pd.read_csv(results / "scenes" / "ledger.csv")
    assert (scenes["found"] == scenes["used"]).all()
    of_level = scenes.groupby("level")["scenes"].sum()
    assert f"Scenes: {of_level['L1C']} of L1C, {of_level['L2A']} of L2A; none is missing." in summary
    provenance = json.loads((results / "report" / "provenance.json").read_text())
    assert {"torch", "snakemake", "cloudrobust"} <= set(provenance["versions"])


def test_the_table_follows_from_the_predictions(finished: Project) -> None:
    results = finished.folder / "results"
    table = pd.read_csv(results / "report" / "tables" / "accuracy.csv").set_index("model")
    scored = set(pd.read_csv(results / "evaluation" / "scored.csv", dtype=str)["parcel"])
    for model in MODELS:
        for branch in BRANCHES:
            rows = pd.read_parquet(results / "runs" / branch / model / "predictions.parquet")
            rows = rows[rows["parcel"].isin(scored)]
            assert set(rows["part"]) == {"test"}
            by_seed = (rows["predicted"] == rows["class"]).groupby(rows["seed"]).mean()
            assert table.loc[model, f"{branch}_mean"] == pytest.approx(by_seed.mean())
            assert table.loc[model, f"{branch}_std"] == pytest.approx(by_seed.std(ddof=1))


def test_every_parcel_ends_with_a_result_or_a_reason(finished: Project) -> None:
    import geopandas as gpd

    brought = gpd.read_file(finished.folder / "results" / "landscape" / "parcels.gpkg")
    ledger = pd.read_csv(finished.folder / "results" / "evaluation" / "ledger.csv", dtype={"parcel": str})
    assert sorted(ledger["parcel"]) == sorted(brought["parcel"].astype(str))
    assert ledger.loc[ledger["status"] == "excluded", "reason"].notna().all()
    assert ledger.loc[ledger["status"] == "usable", BRANCHES].notna().all(axis=None)


def test_masked_series_hold_fewer_clouds_and_measured_values_are_marked(finished: Project) -> None:
    folder = finished.folder / "results" / "series"
    raw = xr.open_dataset(folder / "L1C" / "series.nc")
    masked = xr.open_dataset(folder / "L2A" / "season" / "clear" / "series.nc")
    equal = xr.open_dataset(folder / "L2A" / "season" / "clear" / "equal" / "series.nc")
    brightest = raw["reflectance"].sel(band="B02").max().item()
    assert masked["reflectance"].sel(band="B02").max().item() < brightest
    assert masked["observed"].mean().item() < raw["observed"].mean().item() == 1.0
    step = np.diff(equal["time"].values).astype("timedelta64[D]").astype(int)
    assert set(step.tolist()) == {10}
    assert equal["time"].values[0] == np.datetime64("2022-04-10")
    filled = equal["observation_distance"].values > 0
    assert np.array_equal(filled, equal["observed"].values == 0)


def test_parcels_held_back_from_training_get_the_answers_that_the_study_gave_them(finished: Project) -> None:
    """Test parcels under other ids, through the whole way from scenes to answers once more."""
    import geopandas as gpd

    split = pd.read_parquet(finished.folder / "results" / "parcels" / "split.parquet")
    held = split.loc[split["part"] == "test", "parcel"].astype(str).tolist()[:8]
    parcels = gpd.read_file(finished.folder / "results" / "landscape" / "parcels.gpkg")
    parcels["parcel"] = parcels["parcel"].astype(str)
    others = parcels[parcels["parcel"].isin(held)].assign(field=lambda frame: "new " + frame["parcel"])
    others[["field", "crop", "geometry"]].to_file(finished.folder / "others.gpkg")
    with finished.configured(prediction={"file": "others.gpkg", "id": "field", "label": "crop"}):
        result = finished.snakemake("--", "predict")
        assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-4000:]
    assert "answers out of fold: 10 trainings (5 folds x 2 branches x the best model x 1 seed)" in result.stderr
    results = finished.folder / "results"
    for branch in BRANCHES:
        card = json.loads((results / "predictions" / branch / "best" / "card.json").read_text())
        run = pd.read_parquet(results / "runs" / branch / card["model"] / "predictions.parquet")
        known = answers(run, temperatures(run)).set_index("parcel").loc[held]
        new = results / "others" / "predictions" / branch / "best" / "answers"
        found = gpd.read_parquet(new / "parcels.parquet").set_index("parcel").loc[[f"new {p}" for p in held]]
        assert found["predicted"].tolist() == known["predicted"].tolist()
        assert found["declared"].tolist() == known["declared"].tolist()
        np.testing.assert_allclose(found["probability"], known["probability"], atol=1e-4)
        assert found["answered_by"].str.startswith("ensemble of 2 seeds").all()
        for suffix in ("gpkg", "qml", "csv"):
            assert (new / f"parcels.{suffix}").stat().st_size > 0


def test_every_labelled_parcel_is_answered_by_a_model_that_never_saw_its_label(finished: Project) -> None:
    import geopandas as gpd

    results = finished.folder / "results"
    folds = pd.read_parquet(results / "predictions" / "folds.parquet").set_index("parcel")
    models = set()
    for branch in BRANCHES:
        folder = results / "predictions" / branch / "best"
        table = gpd.read_parquet(folder / "parcels.parquet").set_index("parcel")
        card = json.loads((folder / "card.json").read_text())
        models.add(card["model"])
        usable = table[table["status"] == "usable"]
        assert sorted(usable.index) == sorted(folds.index)
        for parcel, row in usable.iterrows():
            assert folds.loc[parcel, f"part_{row['fold'] - 1}"] == "test"
            assert row["answered_by"].startswith(f"fold {row['fold']} of {card['folds']}: ")
            assert row["predicted"] in row["likely"].split(" or ")
        unlabelled = table[(table["status"] == "unlabelled") & table["predicted"].notna()]
        assert unlabelled["answered_by"].str.startswith("ensemble of 2 seeds: ").all()
        assert unlabelled["fold"].isna().all()
        area = pd.read_csv(folder / "area.csv")
        assert area["reference"].sum() == usable["predicted"].notna().sum()
        assert area["adjusted"].sum() == pytest.approx(area["mapped"].sum())
    # One model for both branches, so that the decision is about the branch.
    assert len(models) == 1
    changes = pd.read_csv(results / "evaluation" / "decision-best-changes.csv").set_index("class")
    assert changes["changed"].iloc[1:].sum() == changes.loc["all classes", "changed"]


def test_a_killed_run_continues_to_the_same_result(finished: Project, tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "2"],
        cwd=project.folder,
        env=os.environ | {"PYTHONPATH": str(project.folder / "workflow"), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    indexes = project.folder / "results" / "scenes" / "L1C"
    deadline = time.monotonic() + 300
    while not list(indexes.rglob("*.parquet")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
    assert process.poll() is None, "the run ended before it could be killed"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = {file: file.stat().st_mtime_ns for file in (project.folder / "archive").rglob("manifest.safe")}
    assert kept
    result = project.snakemake()
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-4000:]
    assert "lock: the last run was killed; its lock is removed" in result.stderr
    assert not list((project.folder / "results").rglob(".*.part*")), "temporary files of the killed run are still there"
    assert {file: file.stat().st_mtime_ns for file in kept} == kept
    scores = Path("results", "evaluation", "scores.csv")
    assert (project.folder / scores).read_text() == (finished.folder / scores).read_text()


def test_a_file_that_was_cut_short_is_named_before_it_is_read(finished: Project, tmp_path: Path) -> None:
    """Also a CSV, which is only shorter then."""
    project = copy.copy(finished)
    project.folder = tmp_path / "project"
    shutil.copytree(finished.folder, project.folder, symlinks=True)
    for damaged, rule, target in (
        ("evaluation/scores.csv", "write_tables", "report/tables/accuracy.csv"),
        ("runs/raw/tempcnn/card.json", "evaluate", "evaluation/scores.csv"),
    ):
        file = project.folder / "results" / damaged
        content, times = file.read_bytes(), file.stat()
        file.write_bytes(content[: len(content) // 2])
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
        result = project.snakemake("--forcerun", rule, "--rerun-triggers", "mtime", "--", f"results/{target}")
        assert result.returncode != 0
        said = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
        assert f"results/{damaged}: is not as the job that made it left it" in said[0]
        assert "Traceback" not in result.stderr


def test_the_price_adds_up_to_the_benchmarks(finished: Project) -> None:
    results = finished.folder / "results"
    parts = pd.read_csv(results / "evaluation" / "price.csv").set_index(["branch", "part", "name"])
    files = list((results / "benchmarks" / "mask_scenes" / "L2A" / "season").glob("clear-*.tsv"))
    spent = [pd.read_csv(file, sep="\t")["s"].sum() for file in files]
    assert parts.loc[("preprocessed", "step", "clear"), "core_hours"] == pytest.approx(sum(spent) / 3600)
    assert parts.loc[("preprocessed", "step", "clear"), "jobs"] == len(spent) == 3
    assert (parts["without"] == 0).all()
    # Raw needs every scene of its level, preprocessed those of its season.
    index = pd.concat(pd.read_parquet(file) for file in (results / "scenes" / "L1C").glob("*/20*.parquet"))
    assert parts.loc[("raw", "scenes", "L1C"), "scene_gigabytes"] == pytest.approx(index["bytes"].sum() / 1e9)
    said = json.loads((results / "evaluation" / "price.json").read_text())["sentence"]
    assert said.startswith("Dropping atmospheric correction, the selection of dates, masking and interpolation")
    assert said[:60] in (results / "report" / "index.html").read_text()


def test_the_shared_file_names_no_parcel(finished: Project) -> None:
    text = (finished.folder / "results" / "evaluation" / "study.json").read_text()
    parcels = pd.read_parquet(finished.folder / "results" / "parcels" / "parcels.parquet", columns=["parcel"])
    content = json.loads(text)
    assert {row["model"] for row in content["differences"]} == set(MODELS)
    assert not [parcel for parcel in parcels["parcel"] if f'"{parcel}"' in text]
    assert str(finished.folder) not in text
