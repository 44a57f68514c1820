"""How far a run is, from what Snakemake prints, and how long the rest will take."""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

from ..benchmarks import duration, jobs

STAGES: dict[str, tuple[str, ...]] = {
    "scenes": ("simulate_landscape", "tile_grid", "fetch_scenes", "fetch_dataset", "account_scenes",
               "estimate_downloads"),
    "parcels": ("read_parcels", "read_finished", "split_parcels", "deal_folds", "build_coverage"),
    "series": ("select_scenes", "mask_scenes", "observe_parcels", "collect_series", "select_series",
               "interpolate_series", "apply_step", "aggregate_pixels"),
    "training": ("train", "train_ablated", "tune_model", "train_again", "cross_predict"),
}  # fmt: skip
"""Rules by the stage that they belong to; all others belong to the last one."""
LAST = "answer"
IGNORED = ("all", "ablation", "robustness", "explain", "predict", "tune", "cross_validation", "split_claims")
"""Rules that only name what is to be made."""
WIDTH = 24


def stage_of(rule: str) -> str:
    """The stage of a rule."""
    return next((stage for stage, rules in STAGES.items() if rule in rules), LAST)


class Progress:
    """Reads what Snakemake prints, line by line.

    Attributes
    ----------
    planned, done, running
        Jobs by rule.
    said
        Lines for the end: reasons of failures, lost jobs, and what the workflow prints when it is finished.
    log
        Snakemake's own log of the run.
    """

    def __init__(self, benchmarks: str | Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.planned: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.running: dict[str, tuple[str, float]] = {}
        self.said: list[str] = []
        self.log = ""
        self.failed = 0
        self.again = 0
        self._clock = clock
        self.started = clock()
        self._before = _means(Path(benchmarks))
        self._spent: dict[str, float] = defaultdict(float)
        self._rule = ""
        self._in_table = self._at_end = False

    def read(self, line: str) -> None:
        """Take in one line."""
        text = line.rstrip("\n")
        if text.startswith("Job stats:"):
            self._in_table = True
            self.planned = Counter()
            return
        if self._in_table:
            match = re.fullmatch(r"(\w+) +(\d+)", text)
            if match and match[1] not in ("total", *IGNORED):
                self.planned[match[1]] = int(match[2])
            if match and match[1] == "total":
                self._in_table = False
            return
        if match := re.fullmatch(r"(?:local)?rule (\w+):", text):
            self._rule = match[1]
        elif match := re.fullmatch(r"    jobid: (\d+)", text):
            if self._rule and self._rule not in IGNORED:
                self.running[match[1]] = self._rule, self._clock()
            self._rule = ""
        elif match := re.match(r"Finished jobid: (\d+) \(Rule: (\w+)\)", text):
            _, since = self.running.pop(match[1], (match[2], self._clock()))
            if match[2] not in IGNORED:
                self.done[match[2]] += 1
                self._spent[match[2]] += self._clock() - since
        elif re.match(r"(RuleException|Error) in (group )?(rule )?\w+", text):
            self.failed += 1
        elif text.startswith("Trying to restart job"):
            self.again += 1
        elif match := re.match(r"Complete log\(s\): (.+)", text):
            self.log = match[1]
            self._at_end = False
        elif text.startswith(("error: ", "lost: ")) and text not in self.said:
            self.said.append(text)
        elif re.match(r"\d+ of \d+ steps \(100%\) done", text):
            self._at_end = True
        elif self._at_end and not text.startswith("[INFO]"):
            self.said.append(text)
        elif text.startswith("Nothing to be done"):
            self.said.append("Nothing to be done: every result is there and up to date.")

    def remaining(self, now: float) -> float | None:
        """Seconds that the rest will take; None as long as nothing is known.

        Jobs that are left count with the mean time of their rule, in this run or an earlier one, or of all jobs; they
        run side by side as the finished ones have.
        """
        left = self.planned - self.done
        if not left:
            return 0.0 if self.planned else None
        seconds = self._before | {rule: self._spent[rule] / count for rule, count in self.done.items() if count}
        known = {rule: seconds[rule] for rule in self.planned if rule in seconds}
        elapsed, finished = now - self.started, sum(self.done.values())
        if not known and not finished:
            return None
        typical = sum(known.values()) / len(known) if known else elapsed / finished
        work = sum(count * known.get(rule, typical) for rule, count in left.items())
        worked = sum(count * known.get(rule, typical) for rule, count in self.done.items())
        side_by_side = max(1.0, worked / elapsed) if finished and elapsed > 0 else 1.0
        return work / side_by_side

    def line(self, now: float) -> str:
        """The state in one line; empty before it is known what is to be done."""
        total, finished = sum(self.planned.values()), sum(self.done.values())
        if not total:
            return ""
        stages = [f"{stage} {done}/{count}" for stage, done, count in self._stages()]
        return f"{finished / total:>4.0%}  {'  '.join(stages)}  {self._time(now)}"

    def block(self, now: float) -> list[str]:
        """The state as a bar for every stage."""
        if not self.planned:
            return ["Snakemake looks what is to be done …"]
        lines = []
        for stage, done, count in self._stages():
            full = WIDTH * done // count
            active = Counter(rule for rule, _ in self.running.values() if stage_of(rule) == stage)
            now_running = ", ".join(f"{rule} × {n}" if n > 1 else rule for rule, n in active.items())
            lines.append(f"{stage:<9}{'█' * full}{'░' * (WIDTH - full)} {done:>5}/{count:<5} {now_running}")
        return [*lines, self._time(now)]

    def _stages(self) -> list[tuple[str, int, int]]:
        found = []
        for stage in (*STAGES, LAST):
            rules = [rule for rule in self.planned if stage_of(rule) == stage]
            if rules:
                found.append((stage, sum(self.done[r] for r in rules), sum(self.planned[r] for r in rules)))
        return found

    def _time(self, now: float) -> str:
        left = self.remaining(now)
        words = [f"{duration(max(now - self.started, 0))} so far"]
        if left:
            words.append(f"about {duration(left)} left")
        if self.failed:
            words.append(f"{self.failed} failed")
        if self.again:
            words.append(f"{self.again} tried again")
        return ", ".join(words)


def _means(folder: Path) -> dict[str, float]:
    """Mean seconds of a job of each rule, from all benchmark files that are there."""
    found: dict[str, list[float]] = {}
    if folder.is_dir():
        for job in jobs(folder):
            found.setdefault(job.rule, []).append(job.seconds)
    return {rule: sum(times) / len(times) for rule, times in found.items()}
