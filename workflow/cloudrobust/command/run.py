"""`cloudrobust run`: a thin call of Snakemake that shows how far it is; plain `snakemake` does the same work."""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from .progress import Progress
from .project import configuration_argument, read_study, snakefile

NAME = "run"
HELP = "run the study: a call of Snakemake with a bar for every stage, the remaining time and the lost jobs"
EVERY = 0.5
QUIET = 15.0
"""Seconds between two pictures of the state on a terminal, and between two lines elsewhere."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    configuration_argument(parser)
    parser.add_argument("--cores", default="all", help="cores to use at the same time (all)")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.add_argument(
        "--target", action="append", default=[], help="what to make instead of the report, such as ablation"
    )
    parser.add_argument("--profile", help="where jobs run, such as profiles/slurm")
    parser.add_argument("--verbose", action="store_true", help="show all that Snakemake says")


def command(given: argparse.Namespace) -> list[str]:
    """The call of Snakemake, as a user would write it."""
    words = call(given.config, given.cores, given.target, given.profile)
    at = words.index("--") if "--" in words else len(words)
    return [*words[:at], *(["--dry-run"] if given.dry_run else []), *words[at:]]


def call(files: Sequence[Path], cores: str, targets: Sequence[str], profile: str | None = None) -> list[str]:
    """The words of a call of Snakemake for these configuration files and targets."""
    words = [sys.executable, "-m", "snakemake", "--cores", cores]
    if snakefile().parent != Path.cwd():
        words += ["--snakefile", str(snakefile())]
    if list(files) != [Path("config.yaml")]:
        words += ["--configfile", *map(str, files)]
    if profile:
        words += ["--workflow-profile", profile]
    return [*words, *(["--", *targets] if targets else [])]


def run(given: argparse.Namespace) -> int:
    """Run Snakemake and follow it; returns its status."""
    study = read_study(given.config)  # a mistake is told at once, before Snakemake starts
    words = command(given)
    print("$ " + " ".join(["snakemake", *words[3:]]), flush=True)
    if given.verbose or given.dry_run:
        return subprocess.run(words, check=False).returncode
    progress = Progress(study.results / "benchmarks")
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    assert process.stdout is not None
    screen = Screen(progress, sys.stderr)
    screen.start()
    try:
        for line in process.stdout:
            screen.note(line)
        status = process.wait()
    except KeyboardInterrupt:
        # Snakemake got the signal too: it stops its jobs and unlocks the folder
        status = process.wait() or 130
    screen.stop()
    for line in progress.said:
        print(line)
    if status:
        print(f"The run failed; the whole log: {progress.log or '.snakemake/log'}", file=sys.stderr)
    return status


class Screen:
    """Shows the progress: a block that is drawn anew on a terminal, a line now and then elsewhere."""

    def __init__(self, progress: Progress, stream: TextIO) -> None:
        self.progress, self.stream = progress, stream
        self.live = stream.isatty()
        self._drawn = 0
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True)

    def start(self) -> None:
        """Begin to draw."""
        self._thread.start()

    def note(self, line: str) -> None:
        """Take in a line of Snakemake's output."""
        with self._lock:
            self.progress.read(line)

    def stop(self) -> None:
        """Draw a last time."""
        self._end.set()
        self._thread.join()
        self._draw()

    def _loop(self) -> None:
        while not self._end.wait(EVERY if self.live else QUIET):
            self._draw()

    def _draw(self) -> None:
        with self._lock:
            now = time.monotonic()
            lines = self.progress.block(now) if self.live else [self.progress.line(now)]
        if not any(lines):
            return
        if self.live and self._drawn:
            self.stream.write(f"\x1b[{self._drawn}F\x1b[J")
        self.stream.write("".join(f"{line}\n" for line in lines))
        self.stream.flush()
        self._drawn = len(lines)
