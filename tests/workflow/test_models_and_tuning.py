"""Every further model, and the search for hyperparameters, through Snakemake on a small table of finished series."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from .project import Project

FURTHER = {
    "ltae": {"width": 32, "heads": 4},
    "inceptiontime": {"filters": 4, "depth": 3, "kernel": 8},
    "omniscale": {"first": 32, "second": 500},
    "starrnn": {"hidden": 8, "layers": 2},
    "gru": {"hidden": 8, "layers": 2},
    "boosted": {"rounds": 10},
}
CONFIG: dict[str, Any] = {
    "title": "further models",
    "period": {"start": "2022-04-01", "end": "2022-08-31"},
    "source": {
        "kind": "table", "file": "series.csv", "level": "L2A", "parcel": "parcel", "time": "date", "label": "crop",
        "bands": {"B04": "red", "B08": "nir"}, "scale": 1, "offset": 0,
    },
    "parcels": {"minimum_class_size": 6},
    "split": {"method": "random"},
    "branches": {"raw": {"level": "L2A"}},
    "comparison": {"raw": "raw", "preprocessed": "raw"},
    "models": FURTHER,
    "training": {"seeds": [0], "epochs": 1, "dates": 8, "batch": 16},
    "tuning": {"trials": 2, "epochs": 1, "models": ["ltae"]},
}  # fmt: skip


def series() -> pd.DataFrame:
    """Two crops that green up at different times, on uneven dates with gaps, more dates than are drawn."""
    random = np.random.default_rng(0)
    rows = []
    for parcel in range(48):
        days = np.sort(random.choice(150, 12, replace=False))
        peak = (40, 110)[parcel % 2]
        green = np.exp(-(((days - peak) / 25) ** 2)) + random.normal(0, 0.05, len(days))
        rows.append(
            pd.DataFrame(
                {
                    "parcel": f"p{parcel}", "crop": ("barley", "maize")[parcel % 2],
                    "date": pd.Timestamp("2022-04-01") + pd.to_timedelta(days, "D"),
                    "red": 0.2 - 0.1 * green, "nir": 0.2 + 0.3 * green,
                }
            )
        )  # fmt: skip
    return pd.concat(rows)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(Path(tmp_path_factory.mktemp("further")) / "project", CONFIG)
    series().to_csv(made.folder / "series.csv", index=False)
    return made


def test_every_further_model_is_trained_and_scored(project: Project) -> None:
    result = project.snakemake("--", "results/evaluation/scores.csv")
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-6000:]
    results = project.folder / "results"
    for model in FURTHER:
        card = json.loads((results / "runs" / "raw" / model / "card.json").read_text())
        assert card["kind"] == model
        assert {**card["hyperparameters"], **FURTHER[model]} == card["hyperparameters"]
        assert card["dates"]["drawn"] == (None if model == "boosted" else 8)
    scores = pd.read_csv(results / "evaluation" / "scores.csv")
    assert set(scores["model"]) == set(FURTHER)


def test_the_search_writes_an_overlay_that_the_workflow_accepts(project: Project) -> None:
    result = project.snakemake("--", "tune")
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-6000:]
    folder = project.folder / "results" / "tuning"
    trials = pd.read_csv(folder / "trials.csv")
    assert trials[["branch", "model", "trial"]].to_numpy().tolist() == [["raw", "ltae", n] for n in range(3)]
    assert (folder / "tuning.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "tuning.pdf").read_bytes().startswith(b"%PDF")
    best = yaml.safe_load((folder / "best.yaml").read_text())["tuned"]["raw"]["ltae"]
    row = trials.loc[trials["kappa"].idxmax()]
    assert best == ({} if row["trial"] == 0 else {name: pytest.approx(row[name]) for name in best})
    # Whatever two trials found, the file with another rate is laid over the configuration: that model trains again.
    (folder / "best.yaml").write_text(yaml.safe_dump({"tuned": {"raw": {"ltae": {**best, "learning_rate": 0.02}}}}))
    arguments = ("--configfile", "config.yaml", "results/tuning/best.yaml", "--", "results/evaluation/scores.csv")
    planned = project.snakemake("--dry-run", *arguments)
    assert planned.returncode == 0, planned.stdout + planned.stderr
    counts = re.findall(r"^train +(\d+)$", planned.stdout + planned.stderr, flags=re.MULTILINE)
    assert set(counts) == {"1"}
