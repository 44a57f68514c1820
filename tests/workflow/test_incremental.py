"""A month is added to a finished study: only its own jobs run, and the study is as if it had always been in it."""

from __future__ import annotations

import copy
import pickle
import re
from collections import Counter
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import torch

from .project import SMALL, Project

TABLES = ("--", "results/report/tables/accuracy.csv")
FINISHED = copy.deepcopy(SMALL) | {"period": {"start": "2022-04-01", "end": "2022-05-31"}}
FINISHED["steps"]["season"] = {"do": "select", "start": "04-10", "end": "05-31"}
# Seconds and moments, which no two runs share.
OF_THE_RUN = (".checksums", "logs/", "benchmarks/", "history.csv")


def files(project: Project) -> dict[str, Path]:
    folder = project.folder / "results"
    found = {str(file.relative_to(folder)): file for file in folder.rglob("*") if file.is_file()}
    return {name: file for name, file in found.items() if not any(word in name for word in OF_THE_RUN)}


def same(one: Path, other: Path) -> bool:
    """Whether two files are the same bytes; of formats that hold more than their content, the content.

    A GeoPackage holds the moment of its writing, and PyTorch writes a number of its own for each file.
    """
    if one.suffix == ".gpkg":
        return bool(gpd.read_file(one).equals(gpd.read_file(other)))
    if one.suffix == ".pt":
        return equal(*(torch.load(file, weights_only=False) for file in (one, other)))
    return one.read_bytes() == other.read_bytes()


def equal(one: Any, other: Any) -> bool:
    """Whether what two files of models hold is the same to the bit."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, torch.Tensor):
        return bool(torch.equal(one, other))
    return pickle.dumps(one) == pickle.dumps(other)


def ran(printed: str) -> Counter[str]:
    """Jobs by rule that a run has started."""
    return Counter(re.findall(r"^(?:local)?rule (\w+):$", printed, re.M))


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dict[str, int], Counter[str]]:
    """A study of two months to which a third was added; when its files were made at first; the jobs of the third."""
    project = Project(Path(tmp_path_factory.mktemp("grown")) / "project", FINISHED)
    first = project.snakemake(*TABLES)
    assert first.returncode == 0, first.stdout[-4000:] + first.stderr[-4000:]
    before = {name: file.stat().st_mtime_ns for name, file in files(project).items()}
    project.write(SMALL)
    second = project.snakemake(*TABLES)
    assert second.returncode == 0, second.stdout[-4000:] + second.stderr[-4000:]
    return project, before, ran(second.stderr)


def test_only_the_months_own_jobs_run_and_what_depends_on_them(
    grown: tuple[Project, dict[str, int], Counter[str]],
) -> None:
    project, before, jobs = grown
    branches, models = len(SMALL["branches"]), len(SMALL["models"])
    assert jobs == {
        # June at both levels; the season of the preprocessed branch now reaches into it.
        "fetch_scenes": 2,
        "select_scenes": 1,
        "mask_scenes": 1,
        "observe_parcels": 2,
        "collect_series": 2,
        "interpolate_series": 1,
        "train": branches * models,
        "evaluate": 1,
        "write_tables": 1,
    }
    kept = {name for name, file in files(project).items() if before.get(name) == file.stat().st_mtime_ns}
    earlier = {name for name in before if re.search(r"2022-0[45]|grids|coverage|landscape|parcels/", name)}
    assert len(earlier) > 12
    assert earlier <= kept


def test_it_is_as_if_the_month_had_been_in_it_from_the_start(
    grown: tuple[Project, dict[str, int], Counter[str]], finished: Project
) -> None:
    there = files(finished)
    made = {name: file for name, file in files(grown[0]).items() if not name.startswith("checkpoints")}
    assert len(made) > 40
    assert [name for name, file in made.items() if not same(file, there[name])] == []
