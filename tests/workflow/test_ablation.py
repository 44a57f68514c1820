"""An ablation of 16 branches through the real rules: what branches share is computed and written once."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pytest

from cloudrobust.config import parse

from .project import SMALL, Project

STEPS = SMALL["steps"] | {
    "season": {"do": "select", "start": "05-06"},
    "cloudless": {"do": "mask", "method": "s2cloudless"},
    "snowless": {"do": "mask", "methods": [{"do": "snow", "by": "ndsi"}]},
    "greenness": {"do": "index", "names": ["NDVI"]},
    "scaled": {"do": "normalise"},
}
CONFIG = copy.deepcopy(SMALL) | {
    "period": {"start": "2022-05-01", "end": "2022-05-31"},
    "source": SMALL["source"] | {"size": 1500, "parcels": 60},
    "parcels": {"minimum_class_size": 3},
    "steps": STEPS,
}
CROSSED = {
    "level": ["L1C", "L2A"],
    "selection": ["none", "season"],
    "mask": {"none": [], "s2cloudless": "cloudless"},
    "interpolation": {"none": [], "linear": "equal"},
}
# As many branches with few chains of scenes, which are what takes time.
CHEAP = {
    "mask": {"none": [], "snow": "snowless"},
    "interpolation": {"none": [], "linear": "equal"},
    "index": {"none": [], "ndvi": "greenness"},
    "scale": {"none": [], "series": "scaled"},
}
# Four of the branches of the latter.
FEW = {name: CHEAP[name] for name in ("mask", "interpolation")}
FIRST = {"simulate_landscape": 1, "tile_grid": 1, "read_parcels": 1, "split_parcels": 1, "build_coverage": 1}
LAST = {"compare_ablation": 1, "report_ablation": 1, "price_ablation": 1}


def ablation(factors: dict) -> dict:
    return {"factors": factors, "models": ["forest"]}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A study with the series of an ablation of 16 branches."""
    config = CONFIG | {"ablation": ablation(CHEAP)}
    project = Project(Path(tmp_path_factory.mktemp("ablation")) / "project", config)
    series = [f"results/series/{branch.chain}/series.nc" for branch in parse(config).ablated.values()]
    result = project.snakemake("--", *series)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-6000:]
    return project


@pytest.fixture(scope="module")
def finished(project: Project) -> Project:
    """The same study with an ablation of four of those branches, which is finished."""
    project.config = CONFIG | {"ablation": ablation(FEW)}
    project.write(project.config)
    result = project.snakemake("--", "ablation")
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-6000:]
    return project


def test_jobs_of_shared_prefixes_are_planned_once(tmp_path: Path) -> None:
    project = Project(tmp_path / "project", CONFIG | {"ablation": ablation(CROSSED)})
    assert len(parse(project.config).ablated) == 16
    assert project.planned("ablation") == FIRST | LAST | {
        "fetch_scenes": 2,
        # 2 levels, with and without selection and mask, are 8 chains of scenes; each has a series and an even one.
        "select_scenes": 2,
        "mask_scenes": 4,
        "observe_parcels": 8,
        "collect_series": 8,
        "interpolate_series": 8,
        # The bare L1C series is the study's raw branch, whose own run serves.
        "train": 1,
        "train_ablated": 15,
    }
    # With the study's own mask it shares more of it: beside the study's jobs only few are left to do.
    with_mask = ablation(CROSSED | {"mask": {"none": [], "scl": "clear"}})
    with project.configured(ablation=with_mask | {"in_report": True}):
        result = project.snakemake("--dry-run")
        both = project.counted(result)
    assert "Left out: L1C × none × scl × none" in result.stderr
    assert "The reason: L1C has no scene classification for mask 'clear'" in result.stderr
    assert both["fetch_scenes"] == 2
    # L1C/season and L2A/season; L2A/clear and L2A/season/clear.
    assert (both["select_scenes"], both["mask_scenes"]) == (2, 2)
    assert both["observe_parcels"] == both["collect_series"] == both["interpolate_series"] == 6
    assert both["compare_ablation"] == both["report_ablation"] == both["price_ablation"] == both["write_page"] == 1
    # Of 12 branches two are the study's own.
    assert (both["train"], both["train_ablated"]) == (2 * len(SMALL["models"]), 10)


def written(project: Project) -> set[Path]:
    """Files of every stage from the chosen scenes to the series."""
    folders = (project.folder / "results" / name for name in ("scenes", "observations", "series"))
    files = {file for folder in folders for file in folder.rglob("*") if file.is_file()}
    return {file for file in files if "grids" not in file.parts and file.name != ".snakemake_timestamp"}


def files_of(project: Project, chain: str) -> set[Path]:
    """What a branch needs if it is computed alone."""
    study, results = parse(CONFIG | {"ablation": ablation(CHEAP)}), project.folder / "results"
    prefixes = study.prefixes(chain)
    scenes = [prefix for prefix in prefixes if study.works_on_pixels(prefix)]
    found = {results / "observations" / scenes[0] / "32UPU" / "2022-05.nc"}
    for prefix in scenes:
        found.add(results / "scenes" / prefix / "32UPU" / "2022-05.parquet")
        found |= set((results / "scenes" / prefix / "32UPU" / "2022-05-masks").glob("*.tif"))
    return found | {results / "series" / one / "series.nc" for one in {scenes[0], *prefixes} - set(scenes[1:])}


def size(files: Iterable[Path]) -> int:
    return sum(file.stat().st_size for file in files)


def test_bytes_of_shared_prefixes_are_written_once(project: Project) -> None:
    branches = parse(CONFIG | {"ablation": ablation(CHEAP)}).ablated.values()
    of_branches = [files_of(project, branch.chain) for branch in branches]
    assert len(of_branches) == 16
    # Exactly what the branches need together is there, each piece once.
    there = written(project)
    assert there == set().union(*of_branches)
    assert sorted(file.name for file in there).count("series.nc") == 16
    assert sum("observations" in file.parts for file in there) == 2
    # Each branch alone would write its whole chain.
    assert size(there) < 0.5 * sum(size(files) for files in of_branches)


def test_one_table_and_one_figure_tell_every_effect(finished: Project) -> None:
    report = finished.folder / "results" / "report"
    table = pd.read_csv(report / "tables" / "ablation.csv")
    scores = pd.read_csv(finished.folder / "results" / "ablation" / "scores.csv")
    assert table[["factor", "level", "reference"]].to_numpy().tolist() == [
        ["mask", "snow", "none"],
        ["interpolation", "linear", "none"],
    ]
    means = scores.groupby("branch")[["accuracy", "kappa"]].mean()
    for metric in ("accuracy", "kappa"):
        of = means[metric]
        assert table.loc[0, metric] == pytest.approx(
            (of["snow-none"] - of["none-none"]) / 2 + (of["snow-linear"] - of["none-linear"]) / 2
        )
        assert (table[f"{metric}_low"] <= table[metric] + 1e-9).all()
        assert (table[metric] <= table[f"{metric}_high"] + 1e-9).all()
    assert (report / "figures" / "ablation.png").read_bytes().startswith(b"\x89PNG")
    assert (report / "figures" / "ablation.pdf").read_bytes().startswith(b"%PDF")
    assert r"\begin{table}" in (report / "tables" / "ablation.tex").read_text()
    assert (
        "An effect is the mean difference over all pairs of branches" in (report / "tables" / "ablation.md").read_text()
    )


def test_swapping_a_part_reruns_what_depends_on_it(finished: Project) -> None:
    with (
        finished.edited("workflow/cloudrobust/evaluation/ablation.py", '"""Every contrast', '# why\n    """All'),
        finished.edited("workflow/cloudrobust/report/ablation.py", '"""What', '"""That'),
    ):
        assert finished.planned("ablation") == {}
    with finished.edited(
        "workflow/cloudrobust/evaluation/ablation.py",
        "Resampled(scores, by_seed, size)",
        "Resampled(1.0 * scores, by_seed, size)",
    ):
        assert finished.planned("ablation") == LAST
    with finished.configured(steps=STEPS | {"equal": {"do": "interpolate", "every": "5d"}}):
        assert finished.planned("ablation") == LAST | {"interpolate_series": 2, "train_ablated": 2}
    more = FEW | {"interpolation": FEW["interpolation"] | {"monthly": "monthly"}}
    steps = STEPS | {"monthly": {"do": "composite", "window": "month"}}
    with finished.configured(steps=steps, ablation=ablation(more)):
        assert finished.planned("ablation") == LAST | {"apply_step": 2, "train_ablated": 2}


def test_without_factors_the_target_says_what_is_missing(finished: Project) -> None:
    with finished.configured(ablation=None):
        result = finished.snakemake("--dry-run", "--", "ablation")
    assert result.returncode != 0
    assert "name the factors under ablation in the configuration first" in result.stdout + result.stderr
