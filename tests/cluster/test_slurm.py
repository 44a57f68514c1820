"""The study on a real Slurm: the same results as on one machine, although nodes die and jobs are lost on the way."""

from __future__ import annotations

import copy
import datetime as dt
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xarray as xr
import yaml

from cloudrobust.config.dask import JobqueueDask
from cloudrobust.config.steps import Interpolate
from cloudrobust.dask_client import connected
from cloudrobust.parcels.tiles import TileCoverage
from cloudrobust.scenes.index import read_index
from cloudrobust.steps import pixels
from cloudrobust.steps.pixels import aggregate
from workflow.project import SMALL, Project

from .lab import Lab

pytestmark = [pytest.mark.slurm, pytest.mark.xdist_group("slurm")]

TINY: dict[str, Any] = copy.deepcopy(SMALL) | {
    "title": "tiny",
    "period": {"start": "2022-04-20", "end": "2022-05-20"},
    "source": {"kind": "simulator", "size": 1500, "parcels": 70, "store": "archive", "seed": 3},
    "models": {"tempcnn": {"hidden": 8}},
    "training": {"seeds": [0], "epochs": 1, "dates": 4},
    "steps": SMALL["steps"] | {"season": {"do": "select", "start": "05-01", "end": "05-20"}},
}
# The profile as it is with a site file, but for a small machine: fewer at once, asked sooner, a local disk.
HERE = ("--workflow-profile", "profiles/slurm", "--profile", "profiles/site", "--jobs", "6", "--latency-wait", "5")
OFTEN = ("--slurm-init-seconds-before-status-checks", "1", "--group-components", "setup=100", "month=4", "series=10")
# Attempt 1 of this rule asks for less memory than Python itself needs; attempt 2 for enough.
STARVED = "  evaluate:\n    mem_mb: 40 if attempt == 1 else 1500\n"
TARGETS = ("--", "results/report/tables/accuracy.csv")
CHAINS = ("L1C", "L2A/season/clear", "L2A/season/clear/equal")


# Every fault is a row: the job that it hits (by Snakemake's comment), the states in which Slurm reports it, and the
# plain words in which the user reads it. Without control groups Slurm calls a job over its memory just FAILED.
FAULTS = {
    "over its time": ("fetch_scenes_wildcards_L2A_32UPU_2022-05", ("TIMEOUT",), "took longer than it had asked for"),
    "cancelled by somebody": ("fetch_scenes_wildcards_L1C_32UPU_2022-04", ("CANCELLED",), "was cancelled"),
    "node died": ("fetch_scenes", ("NODE_FAIL",), "was on a node that died"),
    "over its memory": ("rule_evaluate", ("FAILED", "OUT_OF_MEMORY"), "needed more memory than it had asked for"),
}


@dataclass
class Run:
    """A finished run on the cluster, and the one beside it that needs none."""

    alone: tuple[Project, subprocess.Popen[bytes]]
    project: Project
    returncode: int
    printed: str
    struck: dict[str, str]
    jobs: list[tuple[str, str, str, str]]
    gpus: list[str]


def with_site_file(project: Project) -> Project:
    """The project with the example of a site file: training on a GPU, as written there, and a job that is too small."""
    text = (project.folder / "profiles" / "site.example" / "config.yaml").read_text()
    head, _, rules = text.partition("# set-resources:\n")
    train = "".join(f"{line[1:]}\n" for line in rules.splitlines()[:3])
    assert yaml.safe_load(f"set-resources:\n{train}")["set-resources"]["train"]["gpu"] == 1
    folder = project.folder / "profiles" / "site"
    folder.mkdir()
    (folder / "config.yaml").write_text(f"{head}set-resources:\n{train}{STARVED}")
    return project


def snakemake(project: Project, log: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start Snakemake; it prints into `log`."""
    with log.open("wb") as printed:
        return subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("often.py")), *arguments],
            cwd=project.folder,
            env=os.environ | {"PYTHONPATH": str(project.folder / "workflow"), "OMP_NUM_THREADS": "1"},
            stdout=printed,
            stderr=subprocess.STDOUT,
        )


def ended(process: subprocess.Popen[bytes]) -> None:
    """End a process that a failed test left behind; Snakemake cancels its jobs first."""
    if process.poll() is None:
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, subprocess.Popen[bytes]]]:
    """The study on this machine, without Slurm: started, and running beside the other."""
    project = Project(Path(tmp_path_factory.mktemp("alone")) / "project", TINY)
    process = snakemake(project, project.folder / "printed.log", "--cores", "1", *TARGETS)
    yield project, process
    ended(process)


@pytest.fixture(scope="module")
def survived(lab: Lab, alone: tuple[Project, subprocess.Popen[bytes]], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The study on the cluster, struck by every fault of the table."""
    project = with_site_file(Project(Path(tmp_path_factory.mktemp("survived")) / "project", TINY))
    log = project.folder / "printed.log"
    process = snakemake(project, log, *HERE, *OFTEN, *TARGETS)
    struck: dict[str, str] = {}
    try:
        slow, where = lab.await_running(FAULTS["over its time"][0], alive=lambda: process.poll() is None)
        lab.call("hang", slow)
        lab.slurm("scontrol", "update", f"JobId={slow}", "EndTime=now+1")
        cancelled, _ = lab.await_running(FAULTS["cancelled by somebody"][0], alive=lambda: process.poll() is None)
        lab.slurm("scancel", cancelled)
        lost, node = lab.await_running(FAULTS["node died"][0], off=where, alive=lambda: process.poll() is None)
        lab.call("fail", node)
        struck = {"over its time": slow, "cancelled by somebody": cancelled, "node died": lost}
        process.wait(timeout=900)
    finally:
        ended(process)
    jobs = lab.jobs()
    struck["over its memory"] = next((number for number, _, comment, _ in jobs if "rule_evaluate" in comment), "none")
    lab.call("mend", node)
    gpus = lab.slurm(
        "squeue", "-h", "-t", "all", "-p", "gpu", "-O", "Comment:80,NodeList:20,tres-per-job:20"
    ).splitlines()
    return Run(alone, project, process.returncode, log.read_text(), struck, jobs, gpus)


@pytest.mark.parametrize("name", list(FAULTS))
def test_a_lost_job_is_reported_in_its_state_and_submitted_again(survived: Run, name: str) -> None:
    (_, expected, words), job = FAULTS[name], survived.struck[name]
    state, comment = next((state, comment) for number, state, comment, _ in survived.jobs if number == job)
    assert state in expected
    said = [line for line in survived.printed.splitlines() if f"SLURM-job '{job}' failed" in line]
    assert said, survived.printed[-6000:]
    assert f"'{state}'" in said[0]
    (log,) = (survived.project.folder / "results" / "logs" / "slurm").rglob(f"{job}.log")
    (told,) = (line for line in survived.printed.splitlines() if f"(Slurm job {job})" in line)
    assert re.match(r"lost: (fetch_scenes L\w+ 32UPU 2022-0\d|evaluate) ", told)
    assert f"{words}; it was submitted again, asking for more. Log: {log}" in told
    attempts = [other for _, other, found, _ in survived.jobs if found == comment]
    assert attempts[-1] == "COMPLETED"
    assert len(attempts) >= 2


def test_nothing_is_lost_and_the_results_are_those_of_one_machine(survived: Run) -> None:
    assert survived.returncode == 0, survived.printed[-6000:]
    project, process = survived.alone
    assert process.wait(timeout=600) == 0, (project.folder / "printed.log").read_text()[-4000:]
    here, there = (folder / "results" for folder in (project.folder, survived.project.folder))
    made, wanted = (
        {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()} for folder in (there, here)
    )
    assert {file for file in wanted - made if not file.startswith("logs")} == set()
    for chain in CHAINS:
        path = Path("series", chain, "series.nc")
        xr.testing.assert_identical(xr.load_dataset(there / path), xr.load_dataset(here / path))
    for branch in TINY["branches"]:
        for model in TINY["models"]:
            path = Path("runs", branch, model, "predictions.parquet")
            pd.testing.assert_frame_equal(pd.read_parquet(there / path), pd.read_parquet(here / path), check_exact=True)
    tables = [f"report/tables/{name}.{suffix}" for name in ("accuracy", "kappa") for suffix in ("csv", "md", "tex")]
    for path in ("evaluation/scores.csv", "evaluation/classes.csv", "evaluation/ledger.csv", *tables):
        assert (there / path).read_bytes() == (here / path).read_bytes(), path


def test_small_jobs_share_a_submission(survived: Run) -> None:
    comments = [comment for _, _, comment, _ in survived.jobs]
    assert any("rule_setup" in comment and "build_coverage" in comment for comment in comments)
    assert not any(re.match(r"rule_(select_scenes|mask_scenes|write_tables)", comment) for comment in comments)


def test_a_retry_asks_for_more(survived: Run) -> None:
    rules = (survived.project.folder / "rules" / "scenes.smk").read_text()
    first = int(re.search(r"rule fetch_scenes:.*?mem_mb=lambda wildcards, attempt: (\d+) \* attempt", rules, re.S)[1])
    asked = re.findall(r"rule fetch_scenes:.*?resources: ([^\n]*)", survived.printed, re.S)
    memory = {int(re.search(r"mem_mb=(\d+)", line)[1]) for line in asked}
    assert {first, 2 * first} <= memory


def test_training_gets_a_gpu_where_the_site_file_says_so(survived: Run) -> None:
    assert len(survived.gpus) == len(TINY["branches"]) * len(TINY["models"])
    for line in survived.gpus:
        comment, node, devices = line.split()
        assert comment.startswith("rule_train")
        assert node == "gpu1"
        assert re.fullmatch(r"gres[:/]gpu:1", devices)


def test_workers_of_dask_are_jobs_of_slurm_and_a_cancelled_one_costs_nothing(
    survived: Run, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results, chain = survived.project.folder / "results", "L2A/season/clear"
    month = results / "scenes" / chain / "32UPU" / "2022-05"
    given: dict[str, Any] = {
        "months": [read_index(month.with_suffix(".parquet"))],
        "masks": [month.with_name("2022-05-masks")],
        "coverage": TileCoverage.load(results / "coverage" / "32UPU.npz"),
        "steps": [Interpolate(every="5d")],
        "store": survived.project.folder / "archive",
        "chain": f"{chain}/equal/mean",
        "period": (dt.date(2022, 5, 1), dt.date(2022, 5, 20)),
        "memory": 60_000,
    }
    here = aggregate(**given)
    add, blocks, cancelled = pixels._Account.add, count(), []

    def cancel_one(account: Any, sums: Any) -> None:
        add(account, sums)
        if next(blocks) == 1:
            cancelled.append(next(job for job, state, _, _ in workers(lab) if state == "RUNNING"))
            lab.slurm("scancel", cancelled[0])

    monkeypatch.setattr(pixels._Account, "add", cancel_one)
    settings = JobqueueDask(workers=2, memory="1GB", options={"walltime": "00:10:00", "job_name": "dask"})
    with connected(settings, tmp_path / "logs") as client:
        far = aggregate(**given, client=client)
    xr.testing.assert_identical(far, here)
    states = {job: state for job, state, _, _ in workers(lab)}
    assert next(blocks) > 20
    assert states[cancelled[0]] == "CANCELLED"
    assert len(states) >= 2
    assert len(list((tmp_path / "logs").iterdir())) >= 2


def workers(lab: Lab) -> list[tuple[str, ...]]:
    """Number, state, name and node of Dask's workers."""
    lines = lab.slurm("squeue", "-h", "-t", "all", "-n", "dask", "-o", "%i|%T|%j|%N").splitlines()
    return [tuple(line.split("|")) for line in lines]


def test_what_fails_for_good_is_one_sentence(survived: Run) -> None:
    project = survived.project
    log = project.folder / "failed.log"
    # The label's column does not exist: no retry can mend that.
    with project.configured(parcels=TINY["parcels"] | {"label": "krop"}):
        process = snakemake(project, log, *HERE, *OFTEN, "--retries", "0", "--", "results/parcels/split.parquet")
        assert process.wait(timeout=400) != 0
    printed = log.read_text()
    assert "'krop'" in printed, printed[-4000:]
    assert "Traceback" not in printed
