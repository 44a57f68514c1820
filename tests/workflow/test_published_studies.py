"""The ready studies on published data, on small files in exactly their formats, through Snakemake to the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from cloudrobust.config.load import merge
from parcels.datasets.made import write_bavaria, write_breizh

from .project import ROOT, Project

SMALL = {
    "training": {"seeds": [0], "epochs": 2, "batch": 16},
    "explanations": {"in_report": []},
}
"""What makes a study small: one seed, two epochs; the networks are cut to one below."""


def study(name: str, folder: Path, *keep: str, **parts: Any) -> dict[str, Any]:
    """A ready study as it is shipped, but on a folder of small files, with few networks, one seed and few epochs."""
    config = yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text())
    config = merge(config, {"source": {"folder": str(folder), "download": False}, **SMALL, **parts})
    config["models"] = {model: config["models"][model] for model in keep}
    for metric in ("accuracy", "kappa"):
        figures = config["published"][metric]
        config["published"][metric] = {model: figures[model] for model in keep if model in figures}
    return config


def finished(project: Project, *targets: str) -> tuple[str, pd.DataFrame]:
    """Run to the end, or to the targets below the results; returns the summary and the ledger."""
    results = Path(project.config["results"])
    result = project.snakemake("--", *(str(results / target) for target in targets))
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-8000:]
    results = project.folder / results
    ledger = pd.read_csv(results / "evaluation" / "ledger.csv", dtype=str)
    return (results / "report" / "summary.md").read_text(), ledger


@pytest.fixture
def bavaria(real_data: Path, tmp_path: Path):
    return write_bavaria(real_data / "bavaria-l1c-2018", tmp_path / "BavarianCrops")


def test_bavariancrops_runs_to_the_report(bavaria, tmp_path: Path) -> None:
    config = study("bavariancrops", bavaria.folder, "tempcnn", training={**SMALL["training"], "dates": 20})
    # The page is looked at in the other study.
    summary, ledger = finished(Project(tmp_path / "project", config), "report/summary.md")
    assert "| TempCNN |" in summary.replace("  ", "")
    assert "preprocessed, published" in summary
    assert ".86 ± .00" in summary
    assert "Published: Rußwurm and Körner 2020" in summary
    assert len(ledger) == 100
    parts = ledger[ledger["status"] == "usable"].set_index("parcel")["part"]
    assert parts.to_dict() == {p: part for p, part in zip(bavaria.ids, bavaria.part, strict=True) if p in parts.index}
    assert set(ledger.loc[ledger["part"] == "test", "raw"]) == {"scored"}


def test_breizhcrops_runs_to_the_report(tmp_path: Path) -> None:
    write_breizh(tmp_path / "breizh", parcels=20)
    config = study("breizhcrops", tmp_path / "breizh", "tempcnn")
    config["models"]["tempcnn"]["hidden"] = 8
    project = Project(tmp_path / "project", config)
    summary, ledger = finished(project)
    assert project.planned() == {}
    assert "corrected, published" in summary
    page = (project.folder / config["results"] / "report" / "index.html").read_text()
    assert '<th scope="col" class="n">corrected, published</th>' in page
    assert "Published: Rußwurm et al. 2020" in summary
    assert len(ledger) == 80
    assert ledger["part"].value_counts().to_dict() == {"test": 20, "train": 40, "validation": 20}
    assert set(ledger.loc[ledger["part"] == "test", ["raw", "corrected"]].stack()) == {"scored"}


def test_every_variant_can_be_planned_and_mistakes_are_told_first(bavaria, tmp_path: Path) -> None:
    project = Project(tmp_path / "project", study("bavariancrops", bavaria.folder, "lstm", "forest"))
    engine = {
        "source": {"preprocessed": str(bavaria.engine)},
        "branches": {"preprocessed": {"level": "L2A", "steps": []}},
    }
    with project.configured(**merge(project.config, engine)):
        assert project.planned()["read_finished"] == 1
    with project.configured(source=project.config["source"] | {"folder": "nowhere"}):
        result = project.snakemake("--dry-run")
    assert result.returncode == 1
    said = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(said) == 1
    assert (
        "source.folder: there is no nowhere/ids/blocks/holl_train.txt and 12 more; unpack BavarianCrops.zip" in said[0]
    )


def test_without_a_network_the_first_job_says_what_to_do(tmp_path: Path) -> None:
    config = study("breizhcrops", tmp_path / "breizh", "lstm")
    config["source"] |= {"download": True, "url": "http://127.0.0.1:9", "attempts": 1}
    project = Project(tmp_path / "project", config)
    result = project.snakemake()
    assert result.returncode == 1
    said = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(set(said)) == 1
    assert (
        "http://127.0.0.1:9/classmapping.csv: the connection broke off, or stalled, 1 times; where there is" in said[0]
    )
    assert "write source.download: false (docs/published-studies.md)" in said[0]
    assert not (project.folder / config["results"] / "series").exists()
