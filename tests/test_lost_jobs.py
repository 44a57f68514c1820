"""What became of lost jobs is told in plain words, from what Snakemake 9.27 and Slurm 22.05 write."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloudrobust.lost_jobs import lost_job_sentences

BLOCK = """[Sun Nov 22 13:52:16 2026]
Error in rule {rule}:
    message: SLURM-job '{number}' failed, SLURM status is: '{state}'. Detailed failure reason unavailable.
    jobid: {job}
    log: results/logs/{rule}.log, {log} (check log file(s) for error details)
    external_jobid: {number}
"""
GROUP = """[Sun Nov 22 13:52:40 2026]
    message: Error in group month
    log: {log} (check log file(s) for error details)
    jobs:
        rule mask_scenes:
            jobid: 17
"""


def slurm_log(folder: Path, place: str, text: str) -> Path:
    file = folder / "logs" / "slurm" / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("state", "text", "words"),
    [
        ("CANCELLED", "*** JOB 2 ON cpu1 CANCELLED AT 2026-11-22T13:52:15 ***", "was cancelled"),
        ("TIMEOUT", "*** JOB 2 ON cpu1 CANCELLED AT 2026-11-22T13:52:15 DUE TO TIME LIMIT ***", "took longer than"),
        (
            "FAILED",
            "Exceeded job memory limit\n*** JOB 2 CANCELLED AT 2026 ***",
            "needed more memory than it had asked",
        ),
        (
            "OUT_OF_MEMORY",
            "Detected 1 oom-kill event(s) in StepId=2.batch.",
            "needed more memory than it had asked for",
        ),
        ("NODE_FAIL", "", "was on a node that died"),
    ],
)
def test_a_lost_job_is_one_sentence_with_its_reason(tmp_path: Path, state: str, text: str, words: str) -> None:
    log = slurm_log(tmp_path, "rule_fetch_scenes/L1C_32UPU_2022-04/2.log", text)
    block = BLOCK.format(rule="fetch_scenes", number=2, state=state, job=5, log=log)
    (sentence,) = lost_job_sentences(f"{block}Trying to restart job 5.\n")
    assert sentence.startswith(f"fetch_scenes L1C 32UPU 2022-04 (Slurm job 2) {words}")
    assert "it was submitted again, asking for more" in sentence
    assert sentence.endswith(f"Log: {log}")
    (sentence,) = lost_job_sentences(f"{block}Trying to restart job 6.\n")
    assert "it was not submitted again" in sentence


def test_a_job_that_failed_by_itself_is_left_to_its_own_sentence(tmp_path: Path) -> None:
    log = slurm_log(tmp_path, "rule_read_parcels/3.log", "error: read_parcels: there is no column 'krop'")
    assert lost_job_sentences(BLOCK.format(rule="read_parcels", number=3, state="FAILED", job=1, log=log)) == []
    log_of_snakemake = "Building DAG of jobs...\nError in rule train:\n    log: results/logs/train.log (check log)\n"
    assert lost_job_sentences(log_of_snakemake) == []


def test_a_lost_group_is_told_as_well(tmp_path: Path) -> None:
    log = slurm_log(tmp_path, "group_month_mask_scenes_select_scenes/8.log", "CANCELLED AT 2026 DUE TO TIME LIMIT")
    (sentence,) = lost_job_sentences(GROUP.format(log=log) + "Trying to restart job 4282384d-9e3b.\n")
    assert sentence.startswith("group month mask scenes select scenes (Slurm job 8) took longer than it had asked for")
    log.write_text("")
    (sentence,) = lost_job_sentences(GROUP.format(log=log))
    assert "was lost without a word from Slurm, as when its node dies; it was not submitted again" in sentence
