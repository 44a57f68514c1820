"""Benchmark files as Snakemake writes them, summed by rule."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cloudrobust.benchmarks import duration, jobs, time_by_rule, time_text


def benchmark(folder: Path, name: str, seconds: float, cpu: str = "NA", memory: str = "-") -> Path:
    file = folder / f"{name}.tsv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"s\th:m:s\tmax_rss\tcpu_time\n{seconds}\t0:00:01\t{memory}\t{cpu}\n")
    return file


def test_rule_and_name_come_from_the_path(tmp_path: Path) -> None:
    benchmark(tmp_path, "observe_parcels/L2A/season/clear-32UPU-2022-05", 3)
    benchmark(tmp_path, "evaluate", 2, cpu="1.5", memory="90")
    first, second = jobs(tmp_path)
    assert (first.rule, first.name, first.seconds, first.cpu) == ("evaluate", "", 2, 1.5)
    assert (second.rule, second.name, second.cpu) == ("observe_parcels", "L2A/season/clear-32UPU-2022-05", None)


def test_only_the_jobs_of_this_run_count(tmp_path: Path) -> None:
    old, new = benchmark(tmp_path, "train/a", 5), benchmark(tmp_path, "train/b", 7)
    os.utime(old, (100, 100))
    os.utime(new, (200, 200))
    assert [job.seconds for job in jobs(tmp_path, since=150)] == [7]


def test_the_table_sums_to_the_whole(tmp_path: Path) -> None:
    for number in range(10):
        benchmark(tmp_path, f"rule{number}/a", 10 * (number + 1))
    text = time_text(time_by_rule(jobs(tmp_path)), wall=300, most=3)
    assert text.splitlines()[0] == "Where the time went: 10 jobs, 9 min 10 s of work in 5 min 00 s"
    assert [line.split()[0] for line in text.splitlines()[1:4]] == ["rule9", "rule8", "rule7"]
    assert "7 other rules" in text
    assert "4 min 40 s" in text.splitlines()[-1]


def test_no_jobs_no_table(tmp_path: Path) -> None:
    assert time_text(time_by_rule(jobs(tmp_path / "none"))) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (9.96, "10 s"), (59.6, "1 min 00 s"), (338, "5 min 38 s"), (7500, "2 h 05 min")],
)
def test_durations_are_written_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words
