"""How long every job took, from the benchmark files that the workflow leaves behind."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Job:
    """A finished job.

    Attributes
    ----------
    rule
        Its rule, the folder (or the name) of its file.
    name
        What the rule's jobs differ in, such as `L2A/season/clear-32UPU-2022-05`; empty for a rule of one job.
    seconds
        Wall time.
    cpu
        Processor seconds; None if the job ended before Snakemake looked.
    memory
        Greatest resident set in MB; None likewise.
    finished
        When the file was written, in seconds since 1970.
    """

    rule: str
    name: str
    seconds: float
    cpu: float | None
    memory: float | None
    finished: float


def jobs(folder: str | Path, since: float = 0.0) -> list[Job]:
    """The jobs whose benchmark files lie below `folder` and were written after `since`, sorted by rule and name."""
    folder, found = Path(folder), []
    for file in sorted(folder.rglob("*.tsv")):
        finished = file.stat().st_mtime
        if finished < since:
            continue
        rule, _, name = file.relative_to(folder).with_suffix("").as_posix().partition("/")
        with file.open(newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                seconds = _number(row.get("s"))
                if seconds is not None:
                    cpu, memory = _number(row.get("cpu_time")), _number(row.get("max_rss"))
                    found.append(Job(rule, name, seconds, cpu, memory, finished))
    return found


@dataclass(frozen=True)
class Time:
    """What all jobs of a rule took: their number, wall and processor seconds, and the greatest memory in MB."""

    rule: str
    jobs: int
    seconds: float
    cpu: float
    memory: float | None


def time_by_rule(done: list[Job]) -> list[Time]:
    """The sums of each rule, the longest first."""
    rules = dict.fromkeys(job.rule for job in done)
    found = []
    for rule in rules:
        mine = [job for job in done if job.rule == rule]
        memory = [job.memory for job in mine if job.memory is not None]
        cpu = sum(job.cpu or 0.0 for job in mine)
        found.append(Time(rule, len(mine), sum(job.seconds for job in mine), cpu, max(memory, default=None)))
    return sorted(found, key=lambda time: -time.seconds)


def time_text(times: list[Time], wall: float | None = None, most: int = 8) -> str:
    """Where the time of a run went, as a block for the terminal; empty without jobs.

    Parameters
    ----------
    times
        Of `time_by_rule`.
    wall
        Seconds that the whole run took.
    most
        Rules that are listed by name; the others are summed.
    """
    if not times:
        return ""
    total = sum(time.seconds for time in times)
    count = sum(time.jobs for time in times)
    took = f" in {duration(wall)}" if wall is not None else ""
    lines = [f"Where the time went: {count} {_jobs(count)}, {duration(total)} of work{took}"]
    shown = [(time.rule, time.jobs, time.seconds) for time in times[:most]]
    rest = times[most:]
    if rest:
        shown.append((f"{len(rest)} other rules", sum(t.jobs for t in rest), sum(t.seconds for t in rest)))
    width = max(len(name) for name, _, _ in shown)
    for name, number, seconds in shown:
        share = seconds / total if total else 0.0
        lines.append(f"  {name:<{width}}  {number:>5} {_jobs(number):<4}  {duration(seconds):>9}  {share:>4.0%}")
    return "\n".join(lines) + "\n"


def duration(seconds: float) -> str:
    """`42 s`, `5 min 38 s`, `2 h 05 min`; tenths of a second below ten seconds."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _jobs(count: int) -> str:
    return "job" if count == 1 else "jobs"


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
