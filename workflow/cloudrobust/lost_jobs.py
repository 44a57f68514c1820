"""Jobs that a Slurm cluster has lost, in plain words, from what Snakemake and Slurm have written about them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

REASONS = (
    (r"DUE TO TIME LIMIT|'TIMEOUT'", "took longer than it had asked for"),
    (r"xceeded (job )?memory limit|oom.kill|'OUT_OF_MEMORY'", "needed more memory than it had asked for"),
    (r"'NODE_FAIL'|NODE FAILURE", "was on a node that died"),
    (r"PREEMPTION|'PREEMPTED'", "had to give way to another job"),
    (r"CANCELLED AT|'CANCELLED'", "was cancelled"),
)
"""What tells a reason, in Slurm's log of the job or in Snakemake's message; the first that fits counts, because Slurm
calls jobs over their time or memory cancelled, too (slurmstepd's messages, Slurm 22.05; squeue(1), job state codes)."""


def lost_job_sentences(snakemake_log: str) -> list[str]:
    """A sentence for each job that was lost, in the order of their loss.

    A job that failed by itself, and says why in its own log, is not among them.

    Parameters
    ----------
    snakemake_log
        Text of Snakemake's log of a run with the Slurm executor.
    """
    found = dict(_losses(snakemake_log))
    return list(found.values())


def _losses(text: str) -> Iterator[tuple[str, str]]:
    for block in re.split(r"\n(?=\[\w{3} \w{3} )", text):
        place = re.search(r"log: [^\n]*?(/[^\n,]*?/((?:rule|group)_[^\n,]*?)/(\d+)\.log) \(check", block)
        if place is None:
            continue
        log, what, number = place.groups()
        kind, _, name = what.partition("_")
        words = name.replace("/", " of ", 1).replace("_", " ") if kind == "group" else _rule(name)
        file = Path(log)
        written = file.read_text(errors="replace") if file.is_file() else ""
        message = re.search(r"message: ([^\n]*)", block)
        reason = next(
            (why for sign, why in REASONS if re.search(sign, f"{written}\n{message[1] if message else ''}")), None
        )
        if reason is None:
            if kind == "rule" or written.strip():
                continue
            reason = "was lost without a word from Slurm, as when its node dies"
        job = re.search(r"^ +jobid: (\S+)$", block, re.M) if kind == "rule" else None
        later = text[text.index(block) + place.end() :]
        again = re.search(rf"^Trying to restart job {job[1] if job else ''}", later, re.M)
        end = "it was submitted again, asking for more" if again else "it was not submitted again"
        yield log, f"{'group ' if kind == 'group' else ''}{words} (Slurm job {number}) {reason}; {end}. Log: {log}"


def _rule(name: str) -> str:
    rule, _, wildcards = name.partition("/")
    return f"{rule} {wildcards.replace('_', ' ')}".strip()
